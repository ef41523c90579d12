//! [`Counted`]: a goroutine's future, which a group counts until it is over.

use super::WaitGroup;
use crate::panic::{Goexit, panics_end_the_process};
use pin_project::pin_project;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Takes one off the counter of its group when it is over, in whichever way but one: by a panic
/// that will end the process. Those who wait would run on meanwhile, and might end the process
/// first, as if nothing had happened.
#[pin_project]
pub(super) struct Counted<F> {
    /// Until it is ready; so that the panic of its destructor is seen here too.
    #[pin]
    future: Option<F>,
    one: One,
}

impl<F> Counted<F> {
    /// Counts `future` from now on.
    #[track_caller]
    pub(super) fn new(group: &WaitGroup, future: F) -> Self {
        group.add(1);
        Self {
            future: Some(future),
            one: One(Some(group.clone())),
        }
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(running) = this.future.as_mut().as_pin_mut() else {
                return Poll::Ready(());
            };
            running.poll(context).map(|output| {
                drop(output);
                this.future.set(None);
            })
        }));
        polled.unwrap_or_else(|payload| {
            if !payload.is::<Goexit>() && panics_end_the_process() {
                this.one.0 = None;
            }
            resume_unwind(payload)
        })
    }
}

/// One of those whom a group counts; `None` if it is to be waited for without end.
struct One(Option<WaitGroup>);

impl Drop for One {
    fn drop(&mut self) {
        if let Some(group) = &self.0 {
            group.done();
        }
    }
}
