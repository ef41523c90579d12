//! [`Panic`]: a panic that was caught.

use super::Location;
use super::in_flight;
use super::payload::Payload;
use crate::base::id::Id;
use crate::base::wake_list::drop_quietly;
use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A panic that was caught: what [`recover!`](crate::recover!) and `recover()` give.
///
/// It is one pointer, and cloning counts a reference. It is an [`Error`](std::error::Error) and is
/// `Send` and `Sync`, so it becomes an `anyhow::Error`, a `Box<dyn Error + Send + Sync>` or an
/// [`io::Error`](std::io::Error) by `?` or `into()`.
///
/// Where it happened is seen only by the panic hook. gort puts its own hook before the one that is
/// set, when it is first needed. A program that sets another later, and does not call the one
/// before it, gets panics without [`location`](Self::location), [`backtrace`](Self::backtrace) and
/// [`goroutine`](Self::goroutine).
///
/// # Examples
/// ```
/// let n = 3;
/// let panic = gort::recover!({ panic!("number {n}") }).unwrap_err();
/// assert_eq!(panic.message(), "number 3");
/// assert_eq!(panic.location().unwrap().file(), file!());
/// assert_eq!(panic.downcast_ref::<String>().unwrap(), "number 3");
/// ```
#[derive(Clone)]
pub struct Panic(Arc<Inner>);

/// What all clones of a panic share. Nobody writes to it once there is a second one, but for the
/// flag in `seen`.
struct Inner {
    payload: Payload,
    seen: Seen,
}

/// What is known of a panic beside its payload.
pub(super) struct Seen {
    pub(super) location: Option<Location>,
    pub(super) backtrace: Backtrace,
    pub(super) goroutine: Option<Id>,
    /// Whether somebody has told the user. Set by whoever does, read before.
    pub(super) is_printed: AtomicBool,
    /// The panic that was under way when this one began in deferred code.
    pub(super) superseded: Superseded,
}

impl Seen {
    /// What is known of a panic that the hook did not see: nothing. Whoever raised it without a
    /// hook did not want it printed.
    pub(super) fn nothing() -> Self {
        Self {
            location: None,
            backtrace: Backtrace::disabled(),
            goroutine: None,
            is_printed: AtomicBool::new(true),
            superseded: Superseded::none(),
        }
    }
}

/// An earlier panic. It may be the last of many, which its destructor drops one after the other, so
/// that they need no stack.
pub(super) struct Superseded(Option<Panic>);

impl Superseded {
    pub(super) fn none() -> Self {
        Self(None)
    }
}

impl Drop for Superseded {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(panic) = next {
            next = Arc::into_inner(panic.0).and_then(|mut inner| inner.seen.superseded.0.take());
        }
    }
}

impl Panic {
    pub(super) fn new(payload: Box<dyn Any + Send>, seen: Seen) -> Self {
        Self(Arc::new(Inner {
            payload: Payload::new(payload),
            seen,
        }))
    }

    /// The text of the panic; `Box<dyn Any>` if its payload is none of the two kinds of text that
    /// `panic!` makes.
    ///
    /// # Examples
    /// ```
    /// let panic = gort::recover!({ std::panic::panic_any(7) }).unwrap_err();
    /// assert_eq!(panic.message(), "Box<dyn Any>");
    /// ```
    pub fn message(&self) -> &str {
        self.text().unwrap_or("Box<dyn Any>")
    }

    /// The text of the panic, if its payload is text.
    fn text(&self) -> Option<&str> {
        self.0.payload.text()
    }

    /// Where it happened.
    ///
    /// # Examples
    /// See [`Location`].
    pub fn location(&self) -> Option<&Location> {
        self.0.seen.location.as_ref()
    }

    /// The stack where it happened, if `RUST_BACKTRACE` is set.
    ///
    /// # Examples
    /// ```
    /// let panic = gort::recover!({ panic!("deep") }).unwrap_err();
    /// if let Some(backtrace) = panic.backtrace() {
    ///     println!("{backtrace}");
    /// }
    /// ```
    pub fn backtrace(&self) -> Option<&Backtrace> {
        let backtrace = &self.0.seen.backtrace;
        (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace)
    }

    /// The goroutine in which it happened.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// gort::block_on(async {
    ///     let here = gort::task::try_goid();
    ///     let panic = gort::recover!({ panic!("here") }).unwrap_err();
    ///     assert_eq!(panic.goroutine(), here);
    /// });
    /// ```
    pub fn goroutine(&self) -> Option<Id> {
        self.0.seen.goroutine
    }

    /// The panic that was under way when this one began, in deferred code, and took its place.
    ///
    /// # Examples
    /// ```
    /// use gort::defer;
    ///
    /// let panic = gort::recover!({
    ///     defer!({ panic!("second") });
    ///     panic!("first");
    /// })
    /// .unwrap_err();
    /// assert_eq!(panic.message(), "second");
    /// assert_eq!(panic.superseded().unwrap().message(), "first");
    /// # drop::<gort::panic::Panic>(panic);
    /// ```
    pub fn superseded(&self) -> Option<&Panic> {
        self.0.seen.superseded.0.as_ref()
    }

    /// What the code panicked with, if it is a `T`.
    ///
    /// It must be `Sync` since clones of the panic may be on several threads;
    /// [`into_payload`](Self::into_payload) takes what is not.
    ///
    /// # Examples
    /// ```
    /// let panic = gort::recover!({ std::panic::panic_any(7_u32) }).unwrap_err();
    /// assert_eq!(panic.downcast_ref::<u32>(), Some(&7));
    /// ```
    pub fn downcast_ref<T: Any + Sync>(&self) -> Option<&T> {
        self.0.payload.downcast_ref()
    }

    /// What the code panicked with.
    ///
    /// While there are clones of the panic it cannot be taken from them: the result is then a copy
    /// of the text, or, if the payload is no text, the `Panic` itself.
    ///
    /// # Examples
    /// ```
    /// let panic = gort::recover!({ std::panic::panic_any(7_u32) }).unwrap_err();
    /// assert_eq!(panic.into_payload().downcast_ref::<u32>(), Some(&7));
    /// ```
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        match self.into_parts() {
            Ok((payload, _seen)) => payload,
            Err(shared) => shared.stand_in(),
        }
    }

    /// Panics again with the same payload, place and backtrace. The panic hook is not called a
    /// second time; a panic that it was kept from printing is printed now, unless it may still be
    /// recovered.
    ///
    /// # Panics
    /// Always.
    ///
    /// # Examples
    /// ```
    /// let outer = gort::recover!({
    ///     let inner = gort::recover!({ panic!("once") }).unwrap_err();
    ///     inner.resume();
    /// });
    /// assert_eq!(outer.unwrap_err().message(), "once");
    /// ```
    pub fn resume(self) -> ! {
        in_flight::raise(self, false)
    }

    /// Payload and knowledge, if there is no clone.
    pub(super) fn into_parts(self) -> Result<(Box<dyn Any + Send>, Seen), Self> {
        match Arc::try_unwrap(self.0) {
            Ok(inner) => Ok((inner.payload.into_inner(), inner.seen)),
            Err(shared) => Err(Self(shared)),
        }
    }

    /// What is raised or given out in place of a payload that clones share.
    pub(super) fn stand_in(self) -> Box<dyn Any + Send> {
        match self.text() {
            Some(text) => Box::new(text.to_owned()),
            None => Box::new(self),
        }
    }

    /// Makes `earlier` the panic that this one superseded. A panic that has clones already keeps
    /// what it has: they may be part of the other's history.
    pub(crate) fn supersede(mut self, earlier: Panic) -> Self {
        match Arc::get_mut(&mut self.0) {
            Some(inner) if inner.seen.superseded.0.is_none() => {
                inner.seen.superseded.0 = Some(earlier);
            }
            _ => {
                drop_quietly(earlier);
            }
        }
        self
    }

    /// Claims the right to tell the user; `false` if somebody has told.
    pub(super) fn claim_print(&self) -> bool {
        // Ordering: Relaxed; only who is first matters.
        !self.0.seen.is_printed.swap(true, Ordering::Relaxed)
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Panic");
        shown.field("message", &self.message());
        if let Some(location) = self.location() {
            shown.field("location", &format_args!("{location}"));
        }
        if let Some(superseded) = self.superseded() {
            shown.field("superseded", &superseded.message());
        }
        shown.finish_non_exhaustive()
    }
}

impl std::error::Error for Panic {}

impl From<Panic> for std::io::Error {
    fn from(panic: Panic) -> Self {
        Self::other(panic)
    }
}
