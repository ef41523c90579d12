//! [`Protect`]: the rest of an async scope behind a `defer!`.

use super::cancel::{Listening, begin_level, is_cancel};
use crate::panic::{Caught, Outcome, catch};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs `body`; its panics are kept for the deferred code. With `quiet` that code may recover them,
/// and they print nothing until it has not.
#[inline]
pub fn protect_async<F: Future>(quiet: bool, body: F) -> Protect<F> {
    Protect {
        quiet,
        stage: Stage::New,
        body: Some(body),
    }
}

/// The future of [`protect_async`].
#[must_use = "futures do nothing unless polled"]
pub struct Protect<F> {
    quiet: bool,
    stage: Stage,
    /// Pinned with this; `None` once it is over.
    body: Option<F>,
}

/// What the body is in the middle of.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// It has not begun.
    New,
    /// Code of the user.
    User,
    /// The level of the next `defer!`.
    Level,
}

impl<F: Future> Protect<F> {
    fn parts(self: Pin<&mut Self>) -> (bool, &mut Stage, Pin<&mut Option<F>>) {
        // SAFETY: `body` is structurally pinned: it is only reached through this method, which pins
        // it again, and set to `None` in place. The other fields never are.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let body = unsafe { Pin::new_unchecked(&mut this.body) };
        (this.quiet, &mut this.stage, body)
    }

    /// Ends the body where it waits: first the deferred code inside it, then what is left of it.
    #[cold]
    fn cancel(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Outcome<F::Output> {
        let (quiet, stage, mut body) = self.parts();
        let mut outcome = Outcome::cancelled();
        let mut note = |ended: Result<(), Caught>| {
            if let Err(caught) = ended {
                outcome.supersede(caught);
            }
        };
        if *stage == Stage::Level {
            if let Some(inner) = body.as_mut().as_pin_mut() {
                note(catch(quiet, || drop(inner.poll(cx))));
            }
        }
        note(catch(quiet, || body.set(None)));
        outcome
    }
}

impl<F: Future> Future for Protect<F> {
    type Output = Outcome<F::Output>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if is_cancel(cx) {
            return Poll::Ready(self.cancel(cx));
        }
        let (quiet, stage, mut body) = self.as_mut().parts();
        let inner = body.as_mut().as_pin_mut();
        let inner = inner.expect("a future is not polled after it is ready");
        if *stage == Stage::New {
            begin_level();
            *stage = Stage::User;
        }
        let polled = if *stage == Stage::Level {
            catch(quiet, || inner.poll(cx))
        } else {
            let listening = Listening::start();
            let polled = catch(quiet, || inner.poll(cx));
            if listening.heard() {
                *stage = Stage::Level;
            }
            polled
        };
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Outcome::of(Ok(value))),
            Err(caught) => Poll::Ready(Outcome::of(Err(caught))),
        }
    }
}

impl<F> fmt::Debug for Protect<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protect").finish_non_exhaustive()
    }
}
