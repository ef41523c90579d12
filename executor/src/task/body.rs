//! What an executor runs: a goroutine's future, wrapped so that nothing of it escapes.
//!
//! Executors drop futures and outputs at places where a panic would end the process. So the body
//! catches the panics of the poll *and* of the destructors, ends the inner future inside its own
//! poll when an abort was asked for, and hands the outcome to its sink exactly once.

use super::join_error::JoinError;
use super::{Id, Name, enter_goroutine, wants_exit};
use crate::base::wake_list::drop_quietly;
use crate::panic::{self, Caught, catch};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Who is told how a goroutine ended.
pub(crate) trait Sink<T> {
    /// The number of the goroutine.
    fn id(&self) -> Id;

    /// Whether the goroutine is to end at its next poll. Asked before each poll.
    fn is_aborted(&self) -> bool;

    /// The goroutine waits for the first time, and `waker` makes it runnable, now and later.
    fn parked(&mut self, waker: &Waker);

    /// The goroutine is over. Called once.
    fn finish(self, outcome: Result<T, JoinError>);
}

/// The sink of `go!`: nobody waits for a result, and a panic is the process's affair.
#[derive(Debug)]
pub(crate) struct Detached {
    pub(crate) id: Id,
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) name: Option<Name>,
}

impl<T> Sink<T> for Detached {
    #[inline]
    fn id(&self) -> Id {
        self.id
    }

    #[inline]
    fn is_aborted(&self) -> bool {
        false
    }

    #[inline]
    fn parked(&mut self, _waker: &Waker) {}

    #[inline]
    fn finish(self, outcome: Result<T, JoinError>) {
        match outcome {
            Ok(value) => self.drop_value(value),
            Err(error) => self.crash(error),
        }
    }
}

impl Detached {
    /// Drops what `go!` discards; a panic in that destructor is the goroutine's.
    #[inline]
    fn drop_value<T>(self, value: T) {
        if let Err(caught) = catch(false, || drop(value)) {
            let error = JoinError::unwound(self.id, caught);
            self.crash(error);
        }
    }

    #[cold]
    fn crash(self, error: JoinError) {
        crash(error.named(self.name), self.spawned_at);
    }
}

/// The sink of a goroutine with a name: adds it to what the other sink is told.
#[derive(Debug)]
pub(crate) struct Named<S> {
    sink: S,
    name: Option<Name>,
}

impl<S> Named<S> {
    pub(crate) fn new(sink: S, name: Option<Name>) -> Self {
        Self { sink, name }
    }
}

impl<T, S: Sink<T>> Sink<T> for Named<S> {
    fn id(&self) -> Id {
        self.sink.id()
    }

    fn is_aborted(&self) -> bool {
        self.sink.is_aborted()
    }

    fn parked(&mut self, waker: &Waker) {
        self.sink.parked(waker);
    }

    fn finish(self, outcome: Result<T, JoinError>) {
        let Self { sink, name } = self;
        sink.finish(outcome.map_err(|error| error.named(name)));
    }
}

/// Leaves a panic to the policy. If the process goes on, the payload ends here, whose own
/// destructor may panic.
#[cold]
fn crash(error: JoinError, spawned_at: &'static Location<'static>) {
    if error.is_panic() {
        panic::unrecovered(error.id().as_u64(), spawned_at, &error);
    }
    drop_quietly(error);
}

/// A goroutine's future and its sink.
///
/// Both are there until the goroutine is over; the poll or the drop that ends it takes them. Every
/// word here is one more for each goroutine there is.
#[derive(Debug)]
pub(crate) struct Body<F: Future, S: Sink<F::Output>> {
    /// Whether it has ever waited.
    waited: bool,
    /// Pinned with the body: never moved while it is there, dropped in place.
    future: Option<F>,
    sink: Option<S>,
}

impl<F: Future, S: Sink<F::Output>> Body<F, S> {
    pub(crate) fn new(future: F, sink: S) -> Self {
        Self {
            waited: false,
            future: Some(future),
            sink: Some(sink),
        }
    }

    /// Whether the goroutine has ever been pending.
    #[cfg(feature = "rt")]
    pub(crate) fn has_waited(&self) -> bool {
        self.waited
    }

    /// The pinned future, the sink, and whether it has waited.
    fn parts(self: Pin<&mut Self>) -> (Pin<&mut Option<F>>, &mut Option<S>, &mut bool) {
        // SAFETY: `future` is structurally pinned: it is only reached through this method, which
        // pins it again, and set to `None` in place, which drops it where it is. The others never
        // are.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let future = unsafe { Pin::new_unchecked(&mut this.future) };
        (future, &mut this.sink, &mut this.waited)
    }

    /// Drops the future in place, if it is still there, and gives the panic of its destructor.
    fn drop_future(self: Pin<&mut Self>) -> Option<Caught> {
        let (mut future, ..) = self.parts();
        catch(false, || future.set(None)).err()
    }

    /// Ends the goroutine where it is; tells whether that was needed, because it was not over.
    pub(crate) fn cancel(self: Pin<&mut Self>) -> bool {
        let Some(id) = self.sink.as_ref().map(Sink::id) else {
            return false;
        };
        let _entered = enter_goroutine(id);
        self.end(Err(JoinError::cancelled(id)));
        true
    }

    /// Ends the goroutine: drops the future, then tells the sink. A panic of the destructor
    /// replaces a result, but not an earlier panic.
    fn end(mut self: Pin<&mut Self>, outcome: Result<F::Output, JoinError>) {
        let late = self.as_mut().drop_future();
        let Some(sink) = self.parts().1.take() else {
            return;
        };
        let id = sink.id();
        let outcome = match (late, outcome) {
            (None, outcome) => outcome,
            (Some(late), Err(error)) if error.is_panic() => {
                drop_quietly(late);
                Err(error)
            }
            (Some(late), outcome) => {
                drop_quietly(outcome);
                Err(JoinError::unwound(id, late))
            }
        };
        sink.finish(outcome);
    }
}

impl<F: Future, S: Sink<F::Output>> Future for Body<F, S> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (mut future, sink, waited) = self.as_mut().parts();
        let (Some(running), Some(sink)) = (future.as_mut().as_pin_mut(), sink) else {
            return Poll::Ready(());
        };
        let id = sink.id();
        let _entered = enter_goroutine(id);
        if sink.is_aborted() {
            self.end(Err(JoinError::cancelled(id)));
            return Poll::Ready(());
        }
        let outcome = match catch(false, || running.poll(cx)) {
            Ok(Poll::Pending) if wants_exit(id) => Err(JoinError::unwound(id, Caught::Goexit)),
            Ok(Poll::Pending) => {
                if !std::mem::replace(waited, true) {
                    sink.parked(cx.waker());
                }
                return Poll::Pending;
            }
            Ok(Poll::Ready(value)) => Ok(value),
            Err(caught) => Err(JoinError::unwound(id, caught)),
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
