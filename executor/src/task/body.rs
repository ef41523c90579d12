//! What an executor runs: a goroutine's future, wrapped so that nothing of it escapes.
//!
//! Executors drop futures and outputs at places where a panic would end the process. So the body
//! catches the panics of the poll *and* of the destructors, ends the inner future inside its own
//! poll when an abort was asked for, and hands the outcome to its sink exactly once.

use super::join_error::{JoinError, Payload};
use super::{Id, enter};
use crate::base::wake_list::{contain, drop_quietly};
use crate::panic;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Who is told how a goroutine ended.
pub(crate) trait Sink<T> {
    /// Whether the goroutine is to end at its next poll. Asked before each poll.
    fn is_aborted(&self) -> bool;

    /// The goroutine is about to wait, and `waker` makes it runnable.
    fn parked(&mut self, waker: &Waker);

    /// The goroutine is over. Called once.
    fn finish(self, outcome: Result<T, JoinError>);
}

/// The sink of `go!`: nobody waits for a result, and a panic is the process's affair.
#[derive(Debug)]
pub(crate) struct Detached {
    pub(crate) id: Id,
    pub(crate) spawned_at: &'static Location<'static>,
}

impl<T> Sink<T> for Detached {
    #[inline]
    fn is_aborted(&self) -> bool {
        false
    }

    #[inline]
    fn parked(&mut self, _waker: &Waker) {}

    #[inline]
    fn finish(self, outcome: Result<T, JoinError>) {
        match outcome {
            Ok(value) => drop_value(value, self.id, self.spawned_at),
            Err(error) => crash(error, self.spawned_at),
        }
    }
}

/// Drops what `go!` discards; a panic in that destructor is the goroutine's.
#[inline]
fn drop_value<T>(value: T, id: Id, spawned_at: &'static Location<'static>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        crash(JoinError::panicked(id, payload), spawned_at);
    }
}

/// Leaves a panic to the policy. If the process goes on, the payload ends here, whose own destructor
/// may panic.
#[cold]
fn crash(error: JoinError, spawned_at: &'static Location<'static>) {
    if error.is_panic() {
        panic::unrecovered(error.id().as_u64(), spawned_at, &error);
    }
    error.try_into_panic().into_iter().for_each(contain);
}

/// A goroutine's future and its sink.
///
/// Both are there until the goroutine is over; the poll or the drop that ends it takes them.
#[derive(Debug)]
pub(crate) struct Body<F: Future, S: Sink<F::Output>> {
    id: Id,
    /// Pinned with the body: never moved while it is there, dropped in place.
    future: Option<F>,
    sink: Option<S>,
}

impl<F: Future, S: Sink<F::Output>> Body<F, S> {
    pub(crate) fn new(id: Id, future: F, sink: S) -> Self {
        Self { id, future: Some(future), sink: Some(sink) }
    }

    /// The pinned future and the sink.
    fn parts(self: Pin<&mut Self>) -> (Pin<&mut Option<F>>, &mut Option<S>) {
        // SAFETY: `future` is structurally pinned: it is only reached through this method, which
        // pins it again, and set to `None` in place, which drops it where it is. `sink` never is.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let future = unsafe { Pin::new_unchecked(&mut this.future) };
        (future, &mut this.sink)
    }

    /// Drops the future in place, if it is still there, and gives the panic of its destructor.
    fn drop_future(self: Pin<&mut Self>) -> Option<Payload> {
        let (mut future, _) = self.parts();
        catch_unwind(AssertUnwindSafe(|| future.set(None))).err()
    }

    /// Ends the goroutine where it is, if it is not over.
    pub(crate) fn cancel(self: Pin<&mut Self>) {
        if self.sink.is_some() {
            let _entered = enter(self.id);
            let cancelled = JoinError::cancelled(self.id);
            self.end(Err(cancelled));
        }
    }

    /// Ends the goroutine: drops the future, then tells the sink. A panic of the destructor
    /// replaces a result, but not an earlier panic.
    fn end(mut self: Pin<&mut Self>, outcome: Result<F::Output, JoinError>) {
        let id = self.id;
        let late = self.as_mut().drop_future();
        let Some(sink) = self.parts().1.take() else { return };
        let outcome = match (late, outcome) {
            (None, outcome) => outcome,
            (Some(late), Err(error)) if error.is_panic() => {
                drop_quietly(late);
                Err(error)
            }
            (Some(late), outcome) => {
                drop_quietly(outcome);
                Err(JoinError::panicked(id, late))
            }
        };
        sink.finish(outcome);
    }
}

impl<F: Future, S: Sink<F::Output>> Future for Body<F, S> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _entered = enter(self.id);
        let (mut future, sink) = self.as_mut().parts();
        let (Some(running), Some(sink)) = (future.as_mut().as_pin_mut(), sink) else {
            return Poll::Ready(());
        };
        if sink.is_aborted() {
            let cancelled = JoinError::cancelled(self.id);
            self.end(Err(cancelled));
            return Poll::Ready(());
        }
        let outcome = match catch_unwind(AssertUnwindSafe(|| running.poll(cx))) {
            Ok(Poll::Pending) => {
                sink.parked(cx.waker());
                return Poll::Pending;
            }
            Ok(Poll::Ready(value)) => Ok(value),
            Err(payload) => Err(JoinError::panicked(self.id, payload)),
        };
        self.end(outcome);
        Poll::Ready(())
    }
}

impl<F: Future, S: Sink<F::Output>> Drop for Body<F, S> {
    fn drop(&mut self) {
        // SAFETY: the body is being dropped, so it is not moved from here on; if it was pinned
        // before it still is.
        unsafe { Pin::new_unchecked(self) }.cancel();
    }
}
