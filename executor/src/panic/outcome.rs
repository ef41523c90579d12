//! [`Outcome`]: how the code after a `defer!` ended, as its deferred code sees and changes it.
//!
//! | it ended by | state |
//! |---|---|
//! | returning | `Returned` |
//! | a panic | `Ended`, with the panic |
//! | `goexit()` | `Ended`, exiting |
//! | being dropped | `Ended`, cancelled |
//!
//! `exiting` and `cancelled` stay once they are set. A panic beside them began in deferred code;
//! recovered or not, the goroutine exits, or the future is gone, all the same. A panic alone ends
//! with `Returned` when it is recovered.
//!
//! What is rare is boxed. The outcome of a function that returns is then no larger than its result,
//! and moving it costs as little.

use super::caught::Caught;
use super::goexit::Goexit;
use super::in_flight::raise;
use super::{Panic, Recovered};
use crate::base::wake_list::drop_quietly;
use std::fmt;
use std::mem;
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
pub struct Outcome<R>(State<R>);

enum State<R> {
    /// The function returns this.
    Returned(R),
    /// It does not return.
    Ended(Box<Ended>),
}

/// Why a function does not return.
#[derive(Debug, Default)]
struct Ended {
    /// `None` beside neither of the two only while the user computes a value instead.
    panic: Option<Panic>,
    exiting: bool,
    cancelled: bool,
}

impl Ended {
    /// Whether nobody gets a result any more.
    fn is_final(&self) -> bool {
        self.exiting || self.cancelled
    }
}

impl<R> Outcome<R> {
    /// The value that the function is about to return.
    ///
    /// # Examples
    /// See [`Outcome`].
    pub fn value(&mut self) -> Option<&mut R> {
        match &mut self.0 {
            State::Returned(value) => Some(value),
            State::Ended(_) => None,
        }
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
        if !self.ended().is_some_and(Ended::is_final) {
            self.0 = State::Returned(value);
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
        self.ended()?.panic.as_ref()
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
        let State::Ended(ended) = &mut self.0 else {
            return None;
        };
        let panic = ended.panic.as_ref()?;
        if ended.is_final() {
            return ended.panic.take();
        }
        let returned = State::Returned(R::recovered(panic));
        match mem::replace(&mut self.0, returned) {
            State::Ended(ended) => ended.panic,
            State::Returned(_) => None,
        }
    }

    /// Ends the panic: the function returns what `value` makes of it. Gives whether there was one.
    ///
    /// While the goroutine is exiting, or the function was cancelled, the panic ends and the value
    /// is dropped.
    ///
    /// # Examples
    /// See [`Outcome`].
    pub fn recover_with(&mut self, value: impl FnOnce(Panic) -> R) -> bool {
        let State::Ended(ended) = &mut self.0 else {
            return false;
        };
        let Some(panic) = ended.panic.take() else {
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
        self.panic().is_some()
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
        self.ended().is_some_and(|ended| ended.exiting)
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
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.ended().is_some_and(|ended| ended.cancelled)
    }

    #[inline]
    fn ended(&self) -> Option<&Ended> {
        match &self.0 {
            State::Returned(_) => None,
            State::Ended(ended) => Some(ended),
        }
    }

    /// The state in which there is no value, entered if need be.
    fn ended_mut(&mut self) -> &mut Ended {
        if let State::Returned(_) = &self.0 {
            drop_quietly(mem::replace(&mut self.0, State::Ended(Box::default())));
        }
        match &mut self.0 {
            State::Ended(ended) => ended,
            State::Returned(_) => unreachable!("it has just been replaced"),
        }
    }

    /// What a `catch` of the code gave.
    #[inline]
    pub(crate) fn of(caught: Result<R, Caught>) -> Self {
        match caught {
            Ok(value) => Self(State::Returned(value)),
            Err(caught) => Self::unwound(caught),
        }
    }

    #[cold]
    fn unwound(caught: Caught) -> Self {
        let mut outcome = Self(State::Ended(Box::default()));
        outcome.supersede(caught);
        outcome
    }

    /// The outcome of code that was dropped, and in whose destructors this was caught.
    #[cold]
    pub(crate) fn cancelled(caught: [Option<Caught>; 2]) -> Self {
        let mut outcome = Self(State::Ended(Box::new(Ended {
            cancelled: true,
            ..Ended::default()
        })));
        for caught in caught.into_iter().flatten() {
            outcome.supersede(caught);
        }
        outcome
    }

    /// The function is cancelled while its deferred code runs.
    #[cold]
    pub(crate) fn cancel(&mut self) {
        self.ended_mut().cancelled = true;
    }

    /// Deferred code ended by `caught`, which takes the place of whatever there was.
    #[cold]
    pub(crate) fn supersede(&mut self, caught: Caught) {
        let ended = self.ended_mut();
        match caught {
            Caught::Goexit => {
                ended.exiting = true;
                drop_quietly(ended.panic.take());
            }
            Caught::Panic { panic, exiting } => {
                ended.exiting |= exiting;
                ended.panic = Some(match ended.panic.take() {
                    Some(earlier) => panic.supersede(earlier),
                    None => panic,
                });
            }
        }
    }

    /// Goes on as the code ended: gives the value, or unwinds.
    #[inline]
    pub(crate) fn finish(self) -> R {
        match self.0 {
            State::Returned(value) => value,
            State::Ended(ended) => unwind(*ended),
        }
    }

    /// Unwinds if there is a panic or an exit.
    pub(crate) fn raise(self) {
        if let State::Ended(ended) = self.0 {
            raise_if_unwinding(*ended);
        }
    }
}

#[cold]
fn unwind(ended: Ended) -> ! {
    raise_if_unwinding(ended);
    unreachable!("without a value there is a panic or an exit")
}

fn raise_if_unwinding(ended: Ended) {
    if let Some(panic) = ended.panic {
        raise(panic, ended.exiting);
    }
    if ended.exiting {
        resume_unwind(Box::new(Goexit));
    }
}

impl<R> fmt::Debug for Outcome<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Outcome");
        match &self.0 {
            State::Returned(_) => shown.field("returned", &true),
            State::Ended(ended) => shown.field("ended", ended),
        };
        shown.finish()
    }
}
