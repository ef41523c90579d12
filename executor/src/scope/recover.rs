//! What `recover!` expands to.

use crate::panic::{Caught, Goexit, Panic, catch};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs `body` and gives its panic as an error.
///
/// An exit of the goroutine goes on, also if deferred code has panicked on its way: that panic ends
/// here and the exit does not.
#[inline]
pub fn recover_now<R>(body: impl FnOnce() -> R) -> Result<R, Panic> {
    catch(true, body).map_err(recovered)
}

/// The panic that was caught, or the exit goes on.
#[cold]
fn recovered(caught: Caught) -> Panic {
    match caught {
        Caught::Panic {
            panic,
            exiting: false,
        } => panic,
        Caught::Panic { exiting: true, .. } | Caught::Goexit => {
            std::panic::resume_unwind(Box::new(Goexit))
        }
    }
}

/// Runs `body` and gives its panic as an error, like [`recover_now`].
#[inline]
pub fn recover_async<F: Future>(body: F) -> RecoverAsync<F> {
    RecoverAsync { body: Some(body) }
}

/// The future of [`recover_async`].
#[must_use = "futures do nothing unless polled"]
pub struct RecoverAsync<F> {
    /// Pinned with this; `None` once it is over.
    body: Option<F>,
}

impl<F: Future> Future for RecoverAsync<F> {
    type Output = Result<F::Output, Panic>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the field is structurally pinned: it is only reached here, pinned again, and set
        // to `None` in place.
        let mut body = unsafe { self.map_unchecked_mut(|this| &mut this.body) };
        let inner = body.as_mut().as_pin_mut();
        let inner = inner.expect("a future is not polled after it is ready");
        let result = match catch(true, || inner.poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(caught) => Err(caught),
        };
        // What it still owns is part of the body, and so are the panics of its destructors.
        let result = match (catch(true, || body.set(None)), result) {
            (Ok(()), result) => result,
            (Err(late), _) => Err(late),
        };
        Poll::Ready(result.map_err(recovered))
    }
}

impl<F> fmt::Debug for RecoverAsync<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoverAsync").finish_non_exhaustive()
    }
}

/// The panic that has ended the function, in deferred code; `None` anywhere else.
///
/// As in Go it works only where it is written directly in the deferred code of a defer scope: there
/// `defer!` puts [`Outcome::recover`](crate::panic::Outcome::recover) in its place. In a function
/// or closure that deferred code calls, and everywhere else, it is this function, which gives
/// `None`.
///
/// After it the function returns normally, with `()`, `None` or `Err(panic.into())`; see
/// [`Recovered`](crate::panic::Recovered).
///
/// # Examples
/// ```
/// use gort::{defer, recover};
///
/// #[gort::defers]
/// fn risky() {
///     defer!({
///         if let Some(panic) = recover() {
///             assert_eq!(panic.message(), "as feared");
///         }
///     });
///     panic!("as feared");
/// }
///
/// risky();
/// assert!(recover().is_none());
/// ```
pub fn recover() -> Option<Panic> {
    None
}
