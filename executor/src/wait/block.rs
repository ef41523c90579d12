//! Waiting with a whole thread, for those who have no executor.

use crate::base::current::must_not_block;
use crate::base::note::Note;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// A thread that sleeps until its future can go on.
struct Sleeper(Note);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake();
    }
}

/// Runs `future` on this thread, which sleeps while it waits. `what` is the call that blocks, and
/// `instead` the one to await.
///
/// # Panics
/// In a goroutine, whether or not it would have to wait.
#[track_caller]
pub(crate) fn block<F: Future>(what: &str, instead: &str, future: F) -> F::Output {
    assert!(
        !must_not_block(),
        "{what} would block the thread of a goroutine; await {instead} in it"
    );
    let mut future = pin!(future);
    // Most need not wait, and a waker that does nothing costs nothing.
    if let Poll::Ready(output) = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        return output;
    }
    let sleeper = Arc::new(Sleeper(Note::new()));
    let waker = Waker::from(Arc::clone(&sleeper));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => sleeper.0.sleep(),
        }
    }
}
