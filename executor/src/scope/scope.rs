//! [`Scope`]: the future of a function or a goroutine with deferred code.

use super::cancel::{Listening, cancel_waker, is_cancel};
use crate::base::wake_list::contain;
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Makes the body of an async scope run its deferred code also when it is dropped.
#[inline]
pub fn scope<F: Future>(body: F) -> Scope<F> {
    Scope {
        waits_in: WaitsIn::Nothing,
        body,
    }
}

/// The future of [`scope`].
#[must_use = "futures do nothing unless polled"]
pub struct Scope<F: Future> {
    waits_in: WaitsIn,
    /// Pinned with the scope.
    body: F,
}

/// Where the body was left by its last poll.
#[derive(Clone, Copy, PartialEq)]
enum WaitsIn {
    /// It has not begun, it is over, or it is being polled.
    Nothing,
    /// Code before the first `defer!`: there is nothing to run.
    Undeferred,
    /// A level.
    Level,
}

type Payload = Box<dyn Any + Send>;

/// Compiled once for all scopes, as [`catch_call`](crate::panic::catch_call) is.
fn catch_payload(f: &mut dyn FnMut()) -> Result<(), Payload> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Lets the panic of a scope's deferred code out of the destructor in which it began.
#[cold]
fn leave_drop(payload: Payload) {
    // As with any destructor. During another panic it has to end here.
    if std::thread::panicking() {
        contain(payload);
    } else {
        resume_unwind(payload);
    }
}

impl<F: Future> Scope<F> {
    fn parts(self: Pin<&mut Self>) -> (&mut WaitsIn, Pin<&mut F>) {
        // SAFETY: `body` is structurally pinned: it is only reached through this method, which pins
        // it again, and dropped in place with the scope. The other field never is.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let body = unsafe { Pin::new_unchecked(&mut this.body) };
        (&mut this.waits_in, body)
    }

    /// Runs the deferred code of a body that waits, and gives the panic that none of it recovered.
    fn cancel(self: Pin<&mut Self>) -> Result<(), Payload> {
        let (waits_in, mut body) = self.parts();
        if std::mem::replace(waits_in, WaitsIn::Nothing) != WaitsIn::Level {
            return Ok(());
        }
        let waker = cancel_waker();
        let cancelling = &mut Context::from_waker(&waker);
        catch_payload(&mut || drop(body.as_mut().poll(cancelling)))
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        debug_assert!(
            !is_cancel(cx),
            "a scope is code of the user for the one around it"
        );
        let (waits_in, body) = self.parts();
        // Until the poll has come back the body is not to be polled by the drop.
        let before = std::mem::replace(waits_in, WaitsIn::Nothing);
        let listening = (before != WaitsIn::Level).then(Listening::start);
        let polled = body.poll(cx);
        if polled.is_pending() {
            *waits_in = match listening {
                Some(listening) if !listening.heard() => WaitsIn::Undeferred,
                _ => WaitsIn::Level,
            };
        }
        polled
    }
}

impl<F: Future> Drop for Scope<F> {
    fn drop(&mut self) {
        if self.waits_in != WaitsIn::Level {
            return;
        }
        // SAFETY: the scope is being dropped and was pinned, since it has been polled; it is not
        // moved from here on.
        let pinned = unsafe { Pin::new_unchecked(self) };
        if let Err(payload) = pinned.cancel() {
            leave_drop(payload);
        }
    }
}

impl<F: Future> fmt::Debug for Scope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
