//! The handle that cancels.

use super::error::{ContextError, Why};
use super::scope::Scope;
use std::error::Error;
use std::sync::Arc;

/// Cancels the context it was made with: Go's `CancelFunc` and `CancelCauseFunc`.
///
/// Clones cancel the same context, and the first to do so counts. Dropping it cancels nothing: what
/// a context needs is freed when nobody has it any more. Where it is to be cancelled on every way
/// out, as one does in Go, there is [`defer!`](crate::defer!).
///
/// # Examples
///
/// ```
/// use gort::context::{self, ContextError};
/// use gort::{defer, defers};
///
/// #[defers]
/// async fn first(limit: &context::Context) -> context::Context {
///     let (race, cancel) = context::with_cancel(limit);
///     defer!(cancel.cancel());
///     race.clone()
/// }
///
/// let race = gort::block_on(first(&context::background()));
/// assert_eq!(race.err(), Some(ContextError::Canceled));
/// ```
#[derive(Clone, Debug)]
pub struct Cancel {
    pub(super) scope: Arc<Scope>,
}

impl Cancel {
    /// Cancels the context and all that were derived from it; they are when this returns. Once it
    /// is done nothing happens.
    ///
    /// Who waits for one of them is woken, and what [`after_func`](super::after_func()) has
    /// registered is started, before this returns.
    ///
    /// # Examples
    ///
    /// See [`with_cancel`](super::with_cancel).
    pub fn cancel(&self) {
        self.end(&Why::from(ContextError::Canceled));
    }

    /// As [`cancel`](Cancel::cancel), and says why.
    ///
    /// # Examples
    ///
    /// See [`Context::cause`](super::Context::cause).
    pub fn cancel_with(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) {
        self.end(&Why {
            error: ContextError::Canceled,
            cause: Some(Arc::from(cause.into())),
        });
    }

    fn end(&self, why: &Why) {
        // A deadline that has passed was first, though nobody has looked.
        self.scope.look();
        self.scope.cancel(why);
    }
}
