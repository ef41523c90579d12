//! [`RunAsync`], [`RunOwned`]: one piece of deferred code that may wait.
//!
//! | the scope is dropped | `RunAsync` | `RunOwned` |
//! |---|---|---|
//! | before it begins | one poll, then abandoned | becomes a goroutine |
//! | while it waits | abandoned | goes on as a goroutine |

use super::cancel::is_cancel;
use crate::panic::{Caught, Outcome, catch, catch_call};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// How a piece of deferred code ended.
#[derive(Debug)]
#[must_use = "the outcome has to be told"]
pub enum Ended {
    /// It is done.
    Done,
    /// A panic or an exit.
    Unwound(Unwound),
    /// The scope was cancelled while it waited.
    Cancelled,
}

/// Keeps what was caught out of the interface.
#[derive(Debug)]
pub struct Unwound(Caught);

impl Ended {
    fn of(result: Result<(), Caught>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(caught) => Self::Unwound(Unwound(caught)),
        }
    }

    /// Of code whose scope is dropped: a panic counts for more than that it was cut short.
    fn of_cancelled(result: Result<(), Caught>) -> Self {
        match Self::of(result) {
            Self::Done => Self::Cancelled,
            unwound => unwound,
        }
    }
}

/// Tells the outcome how a piece of deferred code ended.
#[inline]
pub fn settle<R>(outcome: &mut Outcome<R>, ended: Ended) {
    match ended {
        Ended::Done => {}
        Ended::Unwound(Unwound(caught)) => outcome.supersede(caught),
        Ended::Cancelled => outcome.cancel(),
    }
}

/// Runs deferred code that borrows.
#[inline]
pub fn run_async<F: Future>(deferred: F) -> RunAsync<F> {
    RunAsync {
        has_begun: false,
        deferred: Some(deferred),
    }
}

/// The future of [`run_async`].
#[must_use = "futures do nothing unless polled"]
pub struct RunAsync<F> {
    has_begun: bool,
    /// Pinned with this; `None` once it is over.
    deferred: Option<F>,
}

impl<F: Future> RunAsync<F> {
    fn parts(self: Pin<&mut Self>) -> (&mut bool, Pin<&mut Option<F>>) {
        // SAFETY: `deferred` is structurally pinned: it is only reached through this method, which
        // pins it again, and set to `None` in place. The other field never is.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let deferred = unsafe { Pin::new_unchecked(&mut this.deferred) };
        (&mut this.has_begun, deferred)
    }

    /// The one poll that a cancelled scope has for it, then its end.
    #[cold]
    fn cancel(self: Pin<&mut Self>) -> Ended {
        let (has_begun, mut deferred) = self.parts();
        let polled = match deferred.as_mut().as_pin_mut() {
            Some(inner) if !*has_begun => poll_once(inner),
            _ => Ok(()),
        };
        let dropped = catch_call(false, &mut || deferred.set(None));
        Ended::of_cancelled(polled.and(dropped))
    }
}

/// Polls code of the user with a waker that does nothing.
fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Result<(), Caught> {
    catch_call(false, &mut || {
        drop(
            future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop())),
        );
    })
}

/// A poll of deferred code; a panic ends it.
#[inline]
fn poll_deferred<F: Future>(mut future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<Ended> {
    let mut is_pending = false;
    let caught = catch_call(false, &mut || {
        is_pending = future.as_mut().poll(cx).is_pending()
    });
    if is_pending {
        return Poll::Pending;
    }
    Poll::Ready(Ended::of(caught))
}

impl<F: Future> Future for RunAsync<F> {
    type Output = Ended;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        if is_cancel(cx) {
            return Poll::Ready(self.cancel());
        }
        let (has_begun, mut deferred) = self.as_mut().parts();
        *has_begun = true;
        let inner = deferred.as_mut().as_pin_mut();
        let inner = inner.expect("a future is not polled after it is ready");
        poll_deferred(inner, cx)
    }
}

impl<F> fmt::Debug for RunAsync<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunAsync").finish_non_exhaustive()
    }
}

/// A future that goes on as a goroutine.
pub(super) type Owned<F> = Pin<Box<F>>;

/// Runs deferred code that owns what it uses; `go` starts it as a goroutine if the scope is dropped
/// before it is done.
pub fn run_owned<F: Future, G: FnOnce(Owned<F>)>(deferred: F, go: G) -> RunOwned<F, G> {
    RunOwned {
        deferred: Some((Box::pin(deferred), go)),
    }
}

/// The future of [`run_owned`].
#[must_use = "futures do nothing unless polled"]
pub struct RunOwned<F, G> {
    /// `None` once it is over.
    deferred: Option<(Owned<F>, G)>,
}

/// Nothing is pinned with it: the future is boxed.
impl<F, G> Unpin for RunOwned<F, G> {}

impl<F: Future, G: FnOnce(Owned<F>)> Future for RunOwned<F, G> {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        if is_cancel(cx) {
            let started = match self.deferred.take() {
                Some((future, go)) => catch(false, || go(future)),
                None => Ok(()),
            };
            return Poll::Ready(Ended::of_cancelled(started));
        }
        let (future, _) = self
            .deferred
            .as_mut()
            .expect("a future is not polled after it is ready");
        poll_deferred(future.as_mut(), cx)
    }
}

impl<F, G> fmt::Debug for RunOwned<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunOwned").finish_non_exhaustive()
    }
}
