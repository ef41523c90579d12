//! What the macros expand to.
//!
//! The crate shows this module as the hidden `__rt`. Nothing in it belongs to the public interface.
//! Each function is a door to a public one that does the work; the doors are here so that the
//! bounds the compiler quotes at a mistake are those of this page, and an expansion names nothing
//! else.
//!
//! | expansion of | calls |
//! |---|---|
//! | `go!(..)`, `go!(local, ..)` | [`go`], [`go_local`] |
//! | `go!(on = ex, ..)` | `ex.spawn(..)`, then [`detach`] |
//! | `spawn!(..)`, `spawn!(local, ..)`, `spawn!(on = ex, ..)` | [`spawn`], [`spawn_local`], `ex.spawn(..)` |
//! | a call, whose function may be sync or async | [`Tag`] |
//! | a future in place of code | [`given`] |
//! | `#[main]`, `#[main(local)]`, `#[test]` | [`run_main`], [`run_main_local`], [`run_test`], [`report`] |
//!
//! The bounds stand on the functions as `Send` and `'static` themselves, not behind a trait of
//! ours: with a trait between them the compiler would no longer say which value is not `Send` and
//! at which await it is kept.

mod tag;

use std::future::{Future, IntoFuture};
use std::process::Termination;

pub use std::process::ExitCode;

pub use self::tag::{AsyncScope, Awaited, Plain, Tag, ViaFuture, ViaValue};
pub use crate::runtime::main_config::MainConfig;
use crate::task::JoinHandle;

/// Starts a goroutine that nobody waits for.
#[track_caller]
pub fn go<F>(future: F)
where
    F: Future + Send + 'static,
{
    crate::runtime::go(future);
}

/// Starts a goroutine of the current thread that nobody waits for.
#[track_caller]
pub fn go_local<F>(future: F)
where
    F: Future + 'static,
{
    crate::task::go_local(future);
}

/// Starts a goroutine.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    crate::runtime::spawn(future)
}

/// Starts a goroutine of the current thread.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    crate::task::spawn_local(future)
}

/// Lets go of the handle that an executor's `spawn` gave.
pub fn detach<H>(handle: H) {
    drop(handle);
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

/// Runs the body of `main` as goroutine 1.
#[track_caller]
pub fn run_main<F>(config: MainConfig, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    crate::runtime::run_main(config, future)
}

/// Runs the body of `main` on the main thread.
#[track_caller]
pub fn run_main_local<F>(config: MainConfig, future: F) -> F::Output
where
    F: Future,
{
    crate::runtime::run_main_local(config, future)
}

/// Runs the body of a test as goroutine 1.
#[track_caller]
pub fn run_test<F>(config: MainConfig, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    crate::runtime::run_test(config, future)
}

/// Turns what `main` or a test returned into an exit code, inside the goroutine.
///
/// The result itself need not be `Send` then: `Result<(), Box<dyn Error>>` stays where it was made.
pub fn report<T: Termination>(result: T) -> ExitCode {
    result.report()
}
