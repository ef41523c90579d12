//! Why a goroutine has no result.

use super::{Id, Name};
use crate::panic::{Caught, Panic};
use std::any::Any;
use std::fmt;

/// Why a goroutine ended without a result: it panicked, it exited, or it was cancelled.
///
/// # Examples
/// ```
/// # #[cfg(feature = "rt")]
/// gort::block_on(async {
///     let handle = gort::spawn(std::future::pending::<()>());
///     handle.abort();
///     assert!(handle.await.unwrap_err().is_cancelled());
/// });
/// ```
pub struct JoinError {
    id: Id,
    reason: Reason,
    name: Option<Name>,
}

enum Reason {
    Panic(Panic),
    Goexit,
    Cancelled,
}

impl JoinError {
    pub(crate) fn cancelled(id: Id) -> Self {
        Self::new(id, Reason::Cancelled)
    }

    /// The goroutine was ended by what was caught.
    pub(crate) fn unwound(id: Id, caught: Caught) -> Self {
        let reason = match caught {
            Caught::Panic { panic, .. } => Reason::Panic(panic),
            Caught::Goexit => Reason::Goexit,
        };
        Self::new(id, reason)
    }

    fn new(id: Id, reason: Reason) -> Self {
        Self {
            id,
            reason,
            name: None,
        }
    }

    /// The error of a goroutine with this name.
    pub(crate) fn named(self, name: Option<Name>) -> Self {
        Self { name, ..self }
    }

    /// Whether the goroutine was aborted, or dropped with its runtime, before it was done.
    ///
    /// # Examples
    /// See [`JoinError`].
    pub fn is_cancelled(&self) -> bool {
        matches!(self.reason, Reason::Cancelled)
    }

    /// Whether the goroutine panicked.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// gort::block_on(async {
    /// #   std::panic::set_hook(Box::new(|_| {}));
    ///     let error = gort::spawn(async { panic!("boom") }).await.unwrap_err();
    ///     assert!(error.is_panic());
    ///     assert_eq!(error.into_panic().downcast_ref::<&str>(), Some(&"boom"));
    /// });
    /// ```
    pub fn is_panic(&self) -> bool {
        matches!(self.reason, Reason::Panic(_))
    }

    /// Whether the goroutine ended itself, by [`goexit`](crate::panic::goexit).
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// gort::block_on(async {
    ///     let handle = gort::spawn(async { gort::panic::goexit() });
    ///     assert!(handle.await.unwrap_err().is_goexit());
    /// });
    /// ```
    pub fn is_goexit(&self) -> bool {
        matches!(self.reason, Reason::Goexit)
    }

    /// The panic that ended the goroutine.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// gort::block_on(async {
    /// #   std::panic::set_hook(Box::new(|_| {}));
    ///     let error = gort::spawn(async { panic!("boom") }).await.unwrap_err();
    ///     assert_eq!(error.panic().unwrap().message(), "boom");
    /// });
    /// ```
    pub fn panic(&self) -> Option<&Panic> {
        match &self.reason {
            Reason::Panic(panic) => Some(panic),
            Reason::Goexit | Reason::Cancelled => None,
        }
    }

    /// What the goroutine panicked with.
    ///
    /// # Panics
    /// If it did not panic; [`try_into_panic`](Self::try_into_panic) asks first.
    ///
    /// # Examples
    /// See [`is_panic`](Self::is_panic).
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        self.try_into_panic()
            .expect("into_panic() on the JoinError of a goroutine that did not panic")
    }

    /// What the goroutine panicked with.
    ///
    /// # Errors
    /// The error itself, if the goroutine did not panic.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// gort::block_on(async {
    ///     let handle = gort::spawn(std::future::pending::<()>());
    ///     handle.abort();
    ///     assert!(handle.await.unwrap_err().try_into_panic().is_err());
    /// });
    /// ```
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, Self> {
        match self.reason {
            Reason::Panic(panic) => Ok(panic.into_payload()),
            Reason::Goexit | Reason::Cancelled => Err(self),
        }
    }

    /// Which goroutine it was.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// gort::block_on(async {
    ///     let handle = gort::spawn(std::future::pending::<()>());
    ///     let id = handle.id();
    ///     handle.abort();
    ///     assert_eq!(handle.await.unwrap_err().id(), id);
    /// });
    /// ```
    pub fn id(&self) -> Id {
        self.id
    }

    /// The name that the goroutine was given, if any.
    ///
    /// # Examples
    /// See [`Builder`](super::Builder).
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(Name::as_str)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goroutine {}", self.id)?;
        if let Some(name) = self.name() {
            write!(f, " \"{name}\"")?;
        }
        match &self.reason {
            Reason::Panic(panic) => write!(f, " panicked: {panic}"),
            Reason::Goexit => f.write_str(" exited"),
            Reason::Cancelled => f.write_str(" was cancelled"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for std::io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(error)
    }
}
