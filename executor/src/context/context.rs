//! [`Context`]: what is passed along.

use super::done::Done;
use super::error::{Cause, ContextError, Why};
use super::run::Run;
use super::scope::Scope;
use super::values::Values;
use crate::time::Instant;
use std::any::Any;
use std::future::IntoFuture;
use std::sync::Arc;

/// A deadline, a cancellation and values, for all who work for one request; see the
/// [module](super).
///
/// A clone is the same context, and costs two counts.
///
/// # Examples
///
/// ```
/// use gort::context::{self, ContextError};
///
/// let (request, cancel) = context::with_cancel(&context::background());
/// let (part, _) = context::with_cancel(&request);
/// assert_eq!(part.err(), None);
/// cancel.cancel();
/// assert_eq!(part.err(), Some(ContextError::Canceled));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// `None`: nothing can end it.
    pub(super) scope: Option<Arc<Scope>>,
    pub(super) values: Option<Arc<Values>>,
}

impl Context {
    /// Waits until the context is done: Go's `<-ctx.Done()`. Never, if nothing can end it.
    ///
    /// It may be polled again when it was ready. As an arm of `select!` it loses nothing.
    ///
    /// # Panics
    ///
    /// At a poll, if the context has a deadline and there is no runtime, and the default one cannot
    /// be started. Without a deadline no runtime is needed.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped leaves; nothing else changes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::context;
    ///
    /// gort::block_on(async {
    ///     let (request, cancel) = context::with_cancel(&context::background());
    ///     gort::go!({ cancel.cancel() });
    ///     request.done().await;
    /// });
    /// ```
    #[doc(alias = "Done")]
    pub fn done(&self) -> Done<'_> {
        Done::new(self.scope.as_ref())
    }

    /// Why the context is done, if it is: Go's `Err`. It stays what it is.
    ///
    /// A deadline that has passed has its effect now, even if the thread has been busy since: so a
    /// computation may ask now and then whether it is still wanted. That is a load, and with a
    /// deadline a look at the clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::context::{self, Context, ContextError};
    /// use gort::time::Duration;
    ///
    /// /// Counts until it is not wanted any more.
    /// fn count(context: &Context) -> Result<u64, ContextError> {
    ///     for n in 0.. {
    ///         match context.err() {
    ///             None if n == 1 << 60 => return Ok(n),
    ///             None => {}
    ///             Some(error) => return Err(error),
    ///         }
    ///     }
    ///     unreachable!()
    /// }
    ///
    /// let limit = Duration::from_millis(1);
    /// let (request, _) = context::with_timeout(&context::background(), limit);
    /// assert_eq!(count(&request), Err(ContextError::DeadlineExceeded));
    /// ```
    #[doc(alias = "Err")]
    pub fn err(&self) -> Option<ContextError> {
        self.why().map(Why::error)
    }

    /// What is behind [`err`](Context::err), in the words of whoever cancelled; the error itself if
    /// they gave none. Go's `context.Cause`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::context::{self, ContextError};
    ///
    /// let (request, cancel) = context::with_cancel(&context::background());
    /// assert!(request.cause().is_none());
    /// cancel.cancel_with("the disk is full");
    /// assert_eq!(request.err(), Some(ContextError::Canceled));
    /// assert_eq!(request.cause().unwrap().to_string(), "the disk is full");
    /// ```
    pub fn cause(&self) -> Option<Cause> {
        self.why().map(Why::cause)
    }

    fn why(&self) -> Option<&Why> {
        self.scope.as_ref().and_then(Scope::look)
    }

    /// When the context will be done at the latest, whether by its own deadline or by one further
    /// up.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::context;
    /// use gort::time::{Duration, Instant};
    ///
    /// let soon = Instant::now() + Duration::from_secs(1);
    /// let (outer, _) = context::with_deadline(&context::background(), soon);
    /// let (inner, _) = context::with_timeout(&outer, Duration::from_secs(3600));
    /// assert_eq!(inner.deadline(), Some(soon));
    /// ```
    #[doc(alias = "Deadline")]
    pub fn deadline(&self) -> Option<Instant> {
        self.scope.as_ref().and_then(|scope| scope.deadline())
    }

    /// The nearest value of type `T`: Go's `Value`.
    ///
    /// The type is the key, so make one of your own for each use.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::context;
    ///
    /// struct User(&'static str);
    ///
    /// let request = context::with_value(&context::background(), User("ann"));
    /// assert_eq!(request.value::<User>().unwrap().0, "ann");
    /// assert!(request.value::<u32>().is_none());
    /// ```
    #[doc(alias = "Value")]
    pub fn value<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.values.as_ref().and_then(|values| values.find())
    }

    /// Waits for `future`, but no longer than until the context is done; then drops it.
    ///
    /// A context that is done wins over a future that is ready. Dropping is what ends a sleep, a
    /// read, a receive or a wait for a lock, each with what it promises about that.
    ///
    /// # Errors
    ///
    /// Why the context is done, if it is done first.
    ///
    /// # Panics
    ///
    /// As [`done`](Context::done).
    ///
    /// # Cancel safety
    ///
    /// As safe to drop as `future`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::context::{self, ContextError};
    /// use gort::time::{Duration, sleep};
    ///
    /// gort::block_on(async {
    ///     let (request, cancel) = context::with_cancel(&context::background());
    ///     assert_eq!(request.run(async { 7 }).await, Ok(7));
    ///     gort::go!({ cancel.cancel() });
    ///     let slept = request.run(sleep(Duration::from_secs(3600))).await;
    ///     assert_eq!(slept, Err(ContextError::Canceled));
    /// });
    /// ```
    pub fn run<F: IntoFuture>(&self, future: F) -> Run<'_, F::IntoFuture> {
        Run::new(future.into_future(), self.done())
    }
}
