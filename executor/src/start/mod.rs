//! What the macros expand to.
//!
//! The crate shows this module as the hidden `__rt`. Nothing in it is part of the public interface:
//! each item is a thin door to a public function, and is here because an expansion may name only
//! what `$crate::__rt` offers.
//!
//! | expansion of | calls |
//! |---|---|
//! | `go!(..)`, `go!(local, ..)`, `go!(on = ex, ..)` | [`go`], [`go_local`], `ex.spawn(..)` and [`detach`] |
//! | `spawn!(..)`, `spawn!(local, ..)`, `spawn!(on = ex, ..)` | [`spawn`], [`spawn_local`], `ex.spawn(..)` |
//! | a call, whose function may be sync or async | [`Tag`] |
//! | `#[main]`, `#[main(local)]`, `#[test]` | [`run_main`], [`run_main_local`], [`run_test`], [`report`] |

mod tag;

use std::future::Future;
use std::process::Termination;

pub use self::tag::{Awaited, Plain, Tag, ViaFuture, ViaValue};
pub use crate::runtime::main_config::MainConfig;
pub use crate::runtime::{go, run_main, run_main_local, run_test, spawn};
pub use crate::task::spawn_local;
pub use std::process::ExitCode;

/// Starts a goroutine of the current thread whose result nobody wants.
#[track_caller]
pub fn go_local<F>(future: F)
where
    F: Future + 'static,
{
    detach(spawn_local(future));
}

/// Lets go of the handle that a foreign `spawn` gave.
pub fn detach<H>(handle: H) {
    drop(handle);
}

/// Turns what `main` or a test returned into an exit code, inside the goroutine.
///
/// The result itself need not be `Send` then: `Result<(), Box<dyn Error>>` stays where it was made.
pub fn report<T: Termination>(result: T) -> ExitCode {
    result.report()
}

/// A value of type `T` for code that is compiled and never reached.
///
/// `if false { return unreached::<T>() }` gives an `async` block its type. (A `loop {}` in its place
/// would be reported as followed by unreachable code.)
pub fn unreached<T>() -> T {
    unreachable!("stands behind `if false`")
}
