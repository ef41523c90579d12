//! [`Tag`]: whether a call gives a future to run or a plain value.
//!
//! `go!(f(x))` takes sync and async functions. A macro sees only tokens, so the choice is left to
//! method resolution. The expansion is
//!
//! ```text
//! use $crate::__rt::{ViaFuture as _, ViaValue as _};
//! let call = move || f(x);
//! let kind = (&Tag::ret(&call)).__kind();
//! kind.start(call)
//! ```
//!
//! and `__kind` is looked up on `&Tag<T>`. [`ViaFuture`] is implemented for `Tag<T>` if `T` is a
//! future and is found first, because it needs no further reference; [`ViaValue`] is implemented
//! for `&Tag<T>` whatever `T` is, and is found second.
//!
//! The function is named inside the closure and the tag is made from the closure's return type, so
//! the future that comes out is the function's own. Wrapped as `async { f(x).await }` it would be
//! 1.5 to 2.5 times as large, for the arguments would be kept twice.

use std::future::{IntoFuture, Ready, ready};
use std::marker::PhantomData;

/// Carries the type `T` through method resolution; there is never a value.
#[derive(Debug)]
pub struct Tag<T>(PhantomData<fn() -> T>);

impl<T> Tag<T> {
    /// The tag of a value.
    pub fn of(_: &T) -> Self {
        Tag(PhantomData)
    }

    /// The tag of what a closure returns.
    pub fn ret<F: FnOnce() -> T>(_: &F) -> Self {
        Tag(PhantomData)
    }
}

/// Chosen for calls that give a future.
pub trait ViaFuture {
    /// Says that the result is to be awaited.
    fn __kind(&self) -> Awaited {
        Awaited
    }
}

impl<T: IntoFuture> ViaFuture for Tag<T> {}

/// Chosen for all other calls.
pub trait ViaValue {
    /// Says that the result is a value.
    fn __kind(&self) -> Plain {
        Plain
    }
}

impl<T> ViaValue for &Tag<T> {}

/// A call whose result is a future.
#[derive(Clone, Copy, Debug)]
pub struct Awaited;

impl Awaited {
    /// Makes the call now; its future is the goroutine.
    pub fn start<C, T>(self, call: C) -> T::IntoFuture
    where
        C: FnOnce() -> T,
        T: IntoFuture,
    {
        call().into_future()
    }

    /// Goes on with the future of a call that the goroutine made.
    pub fn run<T: IntoFuture>(self, future: T) -> T::IntoFuture {
        future.into_future()
    }

    /// Refuses the future of deferred code that nothing can await.
    pub fn discard<F: AsyncScope>(self, future: F) {
        drop(future);
    }
}

/// A future that may be dropped by deferred code. There is none.
#[diagnostic::on_unimplemented(
    message = "this deferred call returns a future, and nothing awaits it",
    label = "would never run",
    note = "put `#[gort::defers]` on an `async fn`, or use `defer!` directly in the body of `go!`; \
            a chain of calls is awaited by a block: `defer!({{ a().b().await }})`"
)]
pub trait AsyncScope {}

/// A call whose result is a value.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Plain {
    /// Leaves the call to the goroutine.
    pub async fn start<C, T>(self, call: C) -> T
    where
        C: FnOnce() -> T,
    {
        call()
    }

    /// Goes on with the value of a call that the goroutine made.
    pub fn run<T>(self, value: T) -> Ready<T> {
        ready(value)
    }

    /// Ends the value of a deferred call.
    pub fn discard<T>(self, value: T) {
        drop(value);
    }
}
