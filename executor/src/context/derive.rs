//! Making contexts from others.

use super::Context;
use super::cancel::Cancel;
use super::error::Cause;
use super::limit::Limit;
use super::scope::Scope;
use super::values::Values;
use crate::time::{Duration, Instant};
use std::any::Any;
use std::error::Error;
use std::sync::Arc;

/// The context at the root: never done, without deadline and values. Go's `context.Background`.
///
/// # Examples
///
/// ```
/// assert_eq!(gort::context::background().err(), None);
/// ```
#[doc(alias = "Background")]
pub fn background() -> Context {
    Context::default()
}

/// A context that can be cancelled, and is cancelled with `parent`: Go's `context.WithCancel`, and
/// its `context.WithCancelCause` as well ([`Cancel::cancel_with`]).
///
/// # Examples
///
/// ```
/// use gort::context::{self, ContextError};
///
/// let (request, cancel) = context::with_cancel(&context::background());
/// let (part, _) = context::with_cancel(&request);
/// cancel.cancel();
/// cancel.cancel();
/// assert_eq!(request.err(), Some(ContextError::Canceled));
/// assert_eq!(part.err(), Some(ContextError::Canceled));
/// ```
#[doc(alias("WithCancel", "WithCancelCause", "with_cancel_cause"))]
pub fn with_cancel(parent: &Context) -> (Context, Cancel) {
    derive(parent, None)
}

/// As [`with_cancel`], and done at `deadline` at the latest; a moment that is past is reached at
/// once. Go's `context.WithDeadline`.
///
/// If `parent` has an earlier deadline, that is the one that counts.
///
/// # Examples
///
/// ```
/// use gort::context::{self, ContextError};
/// use gort::time::Instant;
///
/// let (request, _) = context::with_deadline(&context::background(), Instant::now());
/// assert_eq!(request.err(), Some(ContextError::DeadlineExceeded));
/// ```
#[doc(alias = "WithDeadline")]
pub fn with_deadline(parent: &Context, deadline: Instant) -> (Context, Cancel) {
    derive(parent, Some((deadline, Limit::new(None))))
}

/// As [`with_deadline`]; `cause` is what is behind it if the deadline comes first. Go's
/// `context.WithDeadlineCause`.
///
/// # Examples
///
/// ```
/// use gort::context::{self, ContextError};
/// use gort::time::Instant;
///
/// let past = Instant::now();
/// let (request, _) = context::with_deadline_cause(&context::background(), past, "it is late");
/// assert_eq!(request.err(), Some(ContextError::DeadlineExceeded));
/// assert_eq!(request.cause().unwrap().to_string(), "it is late");
/// ```
#[doc(alias = "WithDeadlineCause")]
pub fn with_deadline_cause(
    parent: &Context,
    deadline: Instant,
    cause: impl Into<Box<dyn Error + Send + Sync>>,
) -> (Context, Cancel) {
    let limit = Limit::new(Some(Arc::from(cause.into())));
    derive(parent, Some((deadline, limit)))
}

/// As [`with_deadline`], `timeout` from now. One beyond the end of the clock is no deadline. Go's
/// `context.WithTimeout`.
///
/// # Examples
///
/// ```
/// use gort::context::{self, ContextError};
/// use gort::time::Duration;
///
/// gort::block_on(async {
///     let limit = Duration::from_millis(1);
///     let (request, _) = context::with_timeout(&context::background(), limit);
///     request.done().await;
///     assert_eq!(request.err(), Some(ContextError::DeadlineExceeded));
/// });
/// ```
#[doc(alias = "WithTimeout")]
pub fn with_timeout(parent: &Context, timeout: Duration) -> (Context, Cancel) {
    derive(parent, limit_from_now(timeout, None))
}

/// As [`with_deadline_cause`], `timeout` from now. Go's `context.WithTimeoutCause`.
///
/// # Examples
///
/// ```
/// use gort::context;
/// use gort::time::Duration;
///
/// gort::block_on(async {
///     let limit = Duration::from_millis(1);
///     let (request, _) =
///         context::with_timeout_cause(&context::background(), limit, "the peer is slow");
///     request.done().await;
///     assert_eq!(request.cause().unwrap().to_string(), "the peer is slow");
/// });
/// ```
#[doc(alias = "WithTimeoutCause")]
pub fn with_timeout_cause(
    parent: &Context,
    timeout: Duration,
    cause: impl Into<Box<dyn Error + Send + Sync>>,
) -> (Context, Cancel) {
    let cause = Some(Arc::from(cause.into()));
    derive(parent, limit_from_now(timeout, cause))
}

/// The same context with a value, found by its type; it hides a value of the same type further up.
/// Go's `context.WithValue`.
///
/// # Examples
///
/// See [`Context::value`].
#[doc(alias = "WithValue")]
pub fn with_value<T: Any + Send + Sync>(parent: &Context, value: T) -> Context {
    Context {
        scope: parent.scope.clone(),
        values: Some(Values::new(parent.values.clone(), value)),
    }
}

/// The values of `parent` without its cancellation and deadline: for what has to be done after the
/// request is over. Go's `context.WithoutCancel`.
///
/// # Examples
///
/// ```
/// use gort::context;
///
/// let (request, cancel) = context::with_cancel(&context::with_value(&context::background(), 7));
/// let audit = context::without_cancel(&request);
/// cancel.cancel();
/// assert_eq!((audit.err(), audit.value()), (None, Some(&7)));
/// ```
#[doc(alias = "WithoutCancel")]
pub fn without_cancel(parent: &Context) -> Context {
    Context {
        scope: None,
        values: parent.values.clone(),
    }
}

/// What is behind the error of `context`: [`Context::cause`] under Go's name.
///
/// # Examples
///
/// ```
/// use gort::context::{self, cause};
///
/// let (request, cancel) = context::with_cancel(&context::background());
/// cancel.cancel();
/// assert_eq!(cause(&request).unwrap().to_string(), "context canceled");
/// ```
#[doc(alias = "Cause")]
pub fn cause(context: &Context) -> Option<Cause> {
    context.cause()
}

fn derive(parent: &Context, limit: Option<(Instant, Limit)>) -> (Context, Cancel) {
    let scope = Scope::new(parent.scope.as_ref(), limit);
    let context = Context {
        scope: Some(Arc::clone(&scope)),
        values: parent.values.clone(),
    };
    (context, Cancel { scope })
}

fn limit_from_now(timeout: Duration, cause: Option<Cause>) -> Option<(Instant, Limit)> {
    let deadline = Instant::now().checked_add(timeout)?;
    Some((deadline, Limit::new(cause)))
}
