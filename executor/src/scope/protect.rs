//! [`Protect`]: the rest of an async scope behind a `defer!`.

use super::cancel::{Listening, begin_level, is_cancel};
use crate::panic::{Caught, Outcome, catch_call};
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
}

/// What is asked of the body.
#[derive(Clone, Copy)]
enum Step {
    Poll,
    /// It is dropped in place.
    Drop,
}

/// What has become of the body.
enum Advanced {
    Polled,
    Unwound(Caught),
    /// It is over, after up to two panics: of the level inside it, and of what was left of it.
    Cancelled([Option<Caught>; 2]),
}

/// A poll of a level; `body` takes the steps. It is not generic, so that the compiler has little to
/// do for each `defer!`; an optimised build inlines it.
#[inline]
fn advance(quiet: bool, stage: &mut Stage, cancels: bool, body: &mut dyn FnMut(Step)) -> Advanced {
    if cancels {
        return cancel(quiet, *stage, body);
    }
    if *stage == Stage::New {
        begin_level();
        *stage = Stage::User;
    }
    let listening = (*stage != Stage::Level).then(Listening::start);
    let polled = catch_call(quiet, &mut || body(Step::Poll));
    if listening.is_some_and(|listening| listening.heard()) {
        *stage = Stage::Level;
    }
    match polled {
        Ok(()) => Advanced::Polled,
        Err(caught) => Advanced::Unwound(caught),
    }
}

/// Ends the body where it waits: first the deferred code inside it, then what is left of it.
#[cold]
fn cancel(quiet: bool, stage: Stage, body: &mut dyn FnMut(Step)) -> Advanced {
    let mut take = |step| catch_call(quiet, &mut || body(step)).err();
    let polled = match stage {
        Stage::Level => take(Step::Poll),
        Stage::New | Stage::User => None,
    };
    Advanced::Cancelled([polled, take(Step::Drop)])
}

impl<F: Future> Future for Protect<F> {
    type Output = Outcome<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (quiet, stage, mut body) = self.parts();
        let cancels = is_cancel(cx);
        let mut polled = Poll::Pending;
        let advanced = advance(quiet, stage, cancels, &mut |step| match step {
            Step::Poll => {
                let inner = body.as_mut().as_pin_mut();
                let inner = inner.expect("a future is not polled after it is ready");
                polled = inner.poll(cx);
            }
            Step::Drop => body.set(None),
        });
        Poll::Ready(match (advanced, polled) {
            (Advanced::Polled, Poll::Pending) => return Poll::Pending,
            (Advanced::Polled, Poll::Ready(value)) => Outcome::of(Ok(value)),
            (Advanced::Unwound(caught), _) => Outcome::of(Err(caught)),
            (Advanced::Cancelled(caught), _) => Outcome::cancelled(caught),
        })
    }
}

impl<F> fmt::Debug for Protect<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protect").finish_non_exhaustive()
    }
}
