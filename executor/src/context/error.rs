//! Why a context is done.

use std::error::Error;
use std::sync::Arc;
use std::{fmt, io};

/// Why a context is done: what Go's `ctx.Err()` tells.
///
/// Converts into an [`io::Error`] of kind [`TimedOut`](io::ErrorKind::TimedOut) or
/// [`Other`](io::ErrorKind::Other), so that `?` works among input and output.
///
/// # Examples
///
/// ```
/// use gort::context::ContextError;
///
/// assert_eq!(ContextError::Canceled.to_string(), "context canceled");
/// assert_eq!(ContextError::DeadlineExceeded.to_string(), "context deadline exceeded");
/// assert!(ContextError::DeadlineExceeded.is_timeout());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContextError {
    /// Somebody cancelled it, or what it was derived from.
    Canceled,
    /// Its deadline, or one further up, has passed.
    DeadlineExceeded,
}

impl ContextError {
    /// Whether it is about time: Go's `Timeout()`.
    ///
    /// # Examples
    ///
    /// See [`ContextError`].
    pub fn is_timeout(&self) -> bool {
        *self == Self::DeadlineExceeded
    }
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Canceled => "context canceled",
            Self::DeadlineExceeded => "context deadline exceeded",
        })
    }
}

impl Error for ContextError {}

impl From<ContextError> for io::Error {
    fn from(error: ContextError) -> Self {
        let kind = match error {
            ContextError::Canceled => io::ErrorKind::Other,
            ContextError::DeadlineExceeded => io::ErrorKind::TimedOut,
        };
        Self::new(kind, error)
    }
}

/// What is behind a [`ContextError`], in the words of whoever cancelled.
///
/// # Examples
///
/// See [`Context::cause`](super::Context::cause).
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a scope has ended.
#[derive(Clone, Debug)]
pub(super) struct Why {
    pub(super) error: ContextError,
    /// `None`: the error itself.
    pub(super) cause: Option<Cause>,
}

impl Why {
    pub(super) fn error(&self) -> ContextError {
        self.error
    }

    pub(super) fn cause(&self) -> Cause {
        self.cause.clone().unwrap_or_else(|| Arc::new(self.error))
    }
}

impl From<ContextError> for Why {
    fn from(error: ContextError) -> Self {
        Self { error, cause: None }
    }
}
