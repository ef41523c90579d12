//! [`Outcome`]: how the code after a `defer!` ended, as its deferred code sees and changes it.
//!
//! | it ended by | value | panic | exiting | cancelled |
//! |---|---|---|---|---|
//! | returning | some | | | |
//! | a panic | | some | | |
//! | `goexit()` | | | yes | |
//! | being dropped | | | | yes |
//!
//! `exiting` and `cancelled` stay once they are set, and there is no value beside them. A panic
//! beside them began in deferred code; recovered or not, the goroutine exits, or the future is
//! gone, all the same.

use super::caught::Caught;
use super::goexit::Goexit;
use super::in_flight::raise;
use super::{Panic, Recovered};
use crate::base::wake_list::drop_quietly;
use std::fmt;
use std::panic::resume_unwind;

/// How a function ended, for its deferred code: the parameter of `defer!(|out| ..)`.
///
/// # Examples
/// Go's named results:
///
/// ```
/// use gort::defer;
///
/// #[gort::defers]
/// fn halve(n: i32) -> Result<i32, String> {
///     defer!(|out| {
///         if let Some(Err(error)) = out.value() {
///             error.insert_str(0, "halve: ");
///         }
///     });
///     defer!(|out| {
///         out.recover_with(|panic| Err(panic.message().to_owned()));
///     });
///     assert!(n >= 0, "negative");
///     if n % 2 == 0 { Ok(n / 2) } else { Err("odd".to_owned()) }
/// }
///
/// assert_eq!(halve(4), Ok(2));
/// assert_eq!(halve(3), Err("halve: odd".to_owned()));
/// assert_eq!(halve(-2), Err("halve: negative".to_owned()));
/// ```
pub struct Outcome<R> {
    value: Option<R>,
    panic: Option<Panic>,
    exiting: bool,
    cancelled: bool,
}

impl<R> Outcome<R> {
    /// The value that the function is about to return.
    ///
    /// # Examples
    /// See [`Outcome`].
    pub fn value(&mut self) -> Option<&mut R> {
        self.value.as_mut()
    }

    /// Makes the function return `value`. Recovers the panic, if there is one; without effect where
    /// the goroutine is exiting or the function was cancelled, since nobody gets a result.
    ///
    /// # Examples
    /// ```
    /// use gort::defer;
    ///
    /// #[gort::defers]
    /// fn answer() -> u32 {
    ///     defer!(|out| out.set(42));
    ///     panic!("no idea")
    /// }
    /// assert_eq!(answer(), 42);
    /// ```
    pub fn set(&mut self, value: R) {
        if !self.is_over() {
            let before = (self.value.replace(value), self.panic.take());
            drop(before);
        }
    }

    /// The panic that has ended the function, or that deferred code has begun since.
    ///
    /// # Examples
    /// ```
    /// use gort::{defer, recover};
    ///
    /// let result = recover!({
    ///     defer!(|out| assert_eq!(out.panic().unwrap().message(), "first"));
    ///     panic!("first");
    /// });
    /// # let _: Result<(), gort::panic::Panic> = result;
    /// ```
    pub fn panic(&self) -> Option<&Panic> {
        self.panic.as_ref()
    }

    /// Ends the panic: the function returns `()`, `None` or `Err(panic.into())`, whichever its
    /// result has. Gives the panic; `None` if there is none. `recover()` in deferred code is this.
    ///
    /// # Examples
    /// See [`Recovered`].
    pub fn recover(&mut self) -> Option<Panic>
    where
        R: Recovered,
    {
        // The panic stays until there is a value in its place: should making one panic, that panic
        // supersedes this one.
        if !self.is_over() {
            self.value = Some(R::recovered(self.panic.as_ref()?));
        }
        self.panic.take()
    }

    /// Ends the panic: the function returns what `value` makes of it. Gives whether there was one.
    ///
    /// While the goroutine is exiting, or the function was cancelled, the panic ends and the value
    /// is dropped.
    ///
    /// # Examples
    /// See [`Outcome`].
    pub fn recover_with(&mut self, value: impl FnOnce(Panic) -> R) -> bool {
        let Some(panic) = self.panic.take() else {
            return false;
        };
        self.set(value(panic));
        true
    }

    /// Whether there is a panic.
    ///
    /// # Examples
    /// ```
    /// use gort::{defer, recover};
    ///
    /// let result = recover!({
    ///     defer!(|out| assert!(!out.is_panic()));
    ///     1
    /// });
    /// assert_eq!(result.unwrap(), 1);
    /// ```
    pub fn is_panic(&self) -> bool {
        self.panic.is_some()
    }

    /// Whether the goroutine is exiting, by [`goexit`](fn@super::goexit).
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// # #[gort::main]
    /// # async fn main() {
    /// use gort::{defer, spawn};
    ///
    /// let handle = spawn!({
    ///     defer!(|out| assert!(out.is_exit()));
    ///     gort::panic::goexit();
    /// });
    /// assert!(handle.await.unwrap_err().is_goexit());
    /// # }
    /// # #[cfg(not(feature = "rt"))]
    /// # fn main() {}
    /// ```
    pub fn is_exit(&self) -> bool {
        self.exiting
    }

    /// Whether the function was cancelled: its future was dropped while it waited.
    ///
    /// # Examples
    /// ```
    /// use gort::defer;
    /// use std::time::Duration;
    ///
    /// #[gort::defers]
    /// async fn wait(told: std::sync::mpsc::Sender<bool>) {
    ///     defer!(|out| told.send(out.is_cancelled()).unwrap());
    ///     std::future::pending().await
    /// }
    ///
    /// # #[cfg(feature = "rt")]
    /// # #[gort::main]
    /// # async fn main() {
    /// let (tell, told) = std::sync::mpsc::channel();
    /// let waited = gort::time::timeout(Duration::from_millis(1), wait(tell)).await;
    /// assert!(waited.is_err());
    /// assert_eq!(told.recv(), Ok(true));
    /// # }
    /// # #[cfg(not(feature = "rt"))]
    /// # fn main() {}
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// Whether nobody gets a result any more.
    fn is_over(&self) -> bool {
        self.exiting || self.cancelled
    }

    /// What a `catch` of the code gave.
    #[inline]
    pub(crate) fn of(caught: Result<R, Caught>) -> Self {
        match caught {
            Ok(value) => Self {
                value: Some(value),
                panic: None,
                exiting: false,
                cancelled: false,
            },
            Err(caught) => Self::unwound(caught),
        }
    }

    #[cold]
    fn unwound(caught: Caught) -> Self {
        let mut outcome = Self {
            value: None,
            panic: None,
            exiting: false,
            cancelled: false,
        };
        outcome.supersede(caught);
        outcome
    }

    /// The outcome of code that was dropped.
    pub(crate) fn cancelled() -> Self {
        Self {
            value: None,
            panic: None,
            exiting: false,
            cancelled: true,
        }
    }

    /// The function is cancelled while its deferred code runs.
    pub(crate) fn cancel(&mut self) {
        self.cancelled = true;
        drop_quietly(self.value.take());
    }

    /// Deferred code ended by `caught`, which takes the place of whatever there was.
    #[cold]
    pub(crate) fn supersede(&mut self, caught: Caught) {
        drop_quietly(self.value.take());
        match caught {
            Caught::Goexit => {
                self.exiting = true;
                drop_quietly(self.panic.take());
            }
            Caught::Panic { panic, exiting } => {
                self.exiting |= exiting;
                self.panic = Some(match self.panic.take() {
                    Some(earlier) => panic.supersede(earlier),
                    None => panic,
                });
            }
        }
    }

    /// Goes on as the code ended: gives the value, or unwinds.
    #[inline]
    pub(crate) fn finish(self) -> R {
        match self.value {
            Some(value) => value,
            None => self.unwind(),
        }
    }

    #[cold]
    fn unwind(mut self) -> ! {
        self.raise();
        unreachable!("without a value there is a panic or an exit")
    }

    /// Unwinds if there is a panic or an exit.
    pub(crate) fn raise(&mut self) {
        if let Some(panic) = self.panic.take() {
            raise(panic, self.exiting);
        }
        if self.exiting {
            resume_unwind(Box::new(Goexit));
        }
    }
}

impl<R> fmt::Debug for Outcome<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("has_value", &self.value.is_some())
            .field("panic", &self.panic)
            .field("exit", &self.exiting)
            .field("cancelled", &self.cancelled)
            .finish()
    }
}
