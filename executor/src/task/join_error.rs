//! Why a goroutine has no result.

use super::{Id, Name};
use std::any::Any;
use std::fmt;
use std::sync::Mutex;

pub(crate) type Payload = Box<dyn Any + Send + 'static>;

/// Why a goroutine ended without a result: it panicked, or it was cancelled.
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
    /// The payload sits in a mutex only to make the error `Sync`, as `std::error::Error` boxes
    /// want.
    panic: Option<Mutex<Payload>>,
    name: Option<Name>,
}

impl JoinError {
    pub(crate) fn cancelled(id: Id) -> Self {
        Self {
            id,
            panic: None,
            name: None,
        }
    }

    pub(crate) fn panicked(id: Id, payload: Payload) -> Self {
        Self {
            id,
            panic: Some(Mutex::new(payload)),
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
        self.panic.is_none()
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
        self.panic.is_some()
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
            .expect("into_panic() on the JoinError of a cancelled goroutine")
    }

    /// What the goroutine panicked with.
    ///
    /// # Errors
    /// The error itself, if the goroutine was cancelled.
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
        match self.panic {
            Some(payload) => Ok(payload.into_inner().unwrap_or_else(|e| e.into_inner())),
            None => Err(self),
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

    /// The text of the panic, if it has one.
    fn message(&self) -> Option<String> {
        let payload = self
            .panic
            .as_ref()?
            .lock()
            .unwrap_or_else(|e| e.into_inner());
        payload_text(&**payload).map(str::to_owned)
    }
}

/// The text of a panic's payload, if it is one of the two kinds `panic!` makes.
pub(crate) fn payload_text(payload: &(dyn Any + Send)) -> Option<&str> {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => Some(text),
        None => payload.downcast_ref::<String>().map(String::as_str),
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goroutine {}", self.id)?;
        if let Some(name) = self.name() {
            write!(f, " \"{name}\"")?;
        }
        match (self.is_panic(), self.message()) {
            (false, _) => f.write_str(" was cancelled"),
            (true, Some(text)) => write!(f, " panicked: {text}"),
            (true, None) => f.write_str(" panicked"),
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
