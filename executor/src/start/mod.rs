//! What the macros expand to.
//!
//! The crate shows this module as the hidden `__rt`. Nothing in it belongs to the public interface.
//! Each function is a door to a public one that does the work; the doors are here so that the
//! bounds the compiler quotes at a mistake are those of this page, and an expansion names nothing
//! else.
//!
//! | expansion of | calls |
//! |---|---|
//! | `go!(..)`, `spawn!(..)` | [`go`], [`spawn`] |
//! | with `local` | [`go_local`], [`spawn_local`] |
//! | with `on = ex` | `ex.go(..)`, `ex.spawn(..)`, which are [`SpawnExt`]'s if `ex` has none of its own |
//! | with `name = n` | the same with `_with`, and a [`Builder`] |
//! | a call, whose function may be sync or async | [`Tag`] |
//! | a future in place of code | [`given`] |
//! | `#[preempt]` | [`checkpoint`] |
//! | `#[main]`, `#[main(local)]`, `#[test]` | [`run_main`], [`run_main_local`], [`run_test`], [`report`] |
//!
//! `local` and the attributes need the executor, and are in a file of their own, as is what stands
//! in their place where there is none.
//!
//! The bounds stand on the functions as `Send` and `'static` themselves, not behind a trait of
//! ours: with a trait between them the compiler would no longer say which value is not `Send` and
//! at which await it is kept.

#[cfg(feature = "rt")]
mod native;
#[cfg(not(feature = "rt"))]
mod none;
mod tag;

use std::future::{Future, IntoFuture};

#[cfg(feature = "rt")]
pub use self::native::{
    ExitCode, MainConfig, checkpoint, go_local, go_local_with, report, run_main, run_main_local,
    run_test, spawn_local, spawn_local_with,
};
#[cfg(not(feature = "rt"))]
pub use self::none::{checkpoint, go_local, go_local_with, spawn_local, spawn_local_with};
pub use self::tag::{AsyncScope, Awaited, Plain, Tag, ViaFuture, ViaValue};
#[cfg(feature = "rt")]
use crate::runtime as start;
use crate::task::JoinHandle;
#[cfg(not(feature = "rt"))]
use crate::task::start;
pub use crate::task::{Builder, SpawnExt};

/// Starts a goroutine that nobody waits for.
#[track_caller]
pub fn go<F>(future: F)
where
    F: Future + Send + 'static,
{
    start::go(future);
}

/// Starts a goroutine with a name that nobody waits for.
#[track_caller]
pub fn go_with<F>(builder: Builder, future: F)
where
    F: Future + Send + 'static,
{
    builder.go(future);
}

/// Starts a goroutine.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    start::spawn(future)
}

/// Starts a goroutine with a name.
#[track_caller]
pub fn spawn_with<F>(builder: Builder, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    builder.spawn(future)
}

/// The future that was given instead of code.
///
/// What it returns is opaque, so that something that is no future is reported here and not once
/// more where its type would be named.
pub fn given<F: IntoFuture>(future: F) -> impl Future<Output = F::Output> {
    future.into_future()
}

/// A value of type `T` for code that is compiled and never reached.
///
/// `if false { return unreached::<T>() }` gives an `async` block its type. (A `loop {}` in its
/// place would be reported as followed by unreachable code.)
pub fn unreached<T>() -> T {
    unreachable!("stands behind `if false`")
}
