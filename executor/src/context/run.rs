//! A future that a context can end.

use super::done::Done;
use super::error::{ContextError, Why};
use pin_project::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The future of [`Context::run`](super::Context::run).
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Run<'a, F> {
    /// `None` when it is over.
    #[pin]
    future: Option<F>,
    #[pin]
    done: Done<'a>,
}

impl<'a, F> Run<'a, F> {
    pub(super) fn new(future: F, done: Done<'a>) -> Self {
        Self {
            future: Some(future),
            done,
        }
    }
}

impl<F: Future> Future for Run<'_, F> {
    type Output = Result<F::Output, ContextError>;

    /// # Panics
    /// If it is polled after it was ready with an output.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut end = this.done.look();
        if end.is_none() {
            let future = this.future.as_mut().as_pin_mut();
            let future = future.expect("it is not polled after it was ready");
            if let Poll::Ready(output) = future.poll(cx) {
                this.future.set(None);
                return Poll::Ready(Ok(output));
            }
            ready!(this.done.as_mut().wait(cx));
            end = this.done.look();
        }
        this.future.set(None);
        let error = end.map_or(ContextError::Canceled, Why::error);
        Poll::Ready(Err(error))
    }
}
