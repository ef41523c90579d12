//! Panics as values, the exit of a goroutine, and what becomes of a panic that nobody handles.
//!
//! A [`Panic`] is what [`recover!`](crate::recover!), `recover()` in deferred code and
//! [`JoinError::panic`](crate::task::JoinError::panic) give. An [`Outcome`] is how a function
//! ended, as its deferred code sees it. [`goexit`](fn@goexit) ends the goroutine.
//!
//! ```text
//!              hook: where? ---+                       in_flight: what the hook saw,
//!                              v                       until the payload is caught
//!   panic!() -------------> payload -----> catch -----> Panic  or  Goexit
//!                                                        |
//!                 raise: goes on, as it was  <-----------+
//! ```
//!
//! A goroutine of `go!` has nobody who waits for it, so its panic is the process's: as in Go, it is
//! reported and the process ends with code 2. A goroutine of `spawn` has a handle; only if that was
//! dropped is the panic reported, since there is nobody left to take it. The runtime chooses with
//! [`PanicPolicy`].
//!
//! # Rejected
//!
//! - *The payload as it is* (`Box<dyn Any + Send>`): it has no place, no text, and is no error.
//! - *A panic hook that is always silent*, with all printing done where a panic ends: a panic in a
//!   plain goroutine would print late, and one that aborts the process never.

mod caught;
mod goexit;
mod hook;
mod in_flight;
mod location;
mod outcome;
#[expect(
    clippy::module_inception,
    reason = "the module is named after what it is about"
)]
mod panic;
mod payload;
mod print;
mod recovered;

pub(crate) use caught::Caught;
pub(crate) use goexit::Goexit;
pub use goexit::{goexit, goexit_async};
pub(crate) use hook::{catch, catch_call, install};
pub use location::Location;
pub use outcome::Outcome;
pub use panic::Panic;
pub use recovered::Recovered;

use crate::base::wake_list::contain;
use std::cell::Cell;
use std::fmt;
use std::panic::catch_unwind;

/// What a runtime does with a panic that no handle takes and nothing recovers.
///
/// # Examples
/// ```
/// # #[cfg(feature = "rt")] {
/// use gort::panic::PanicPolicy;
/// let runtime = gort::Runtime::builder().on_panic(PanicPolicy::Report).build().unwrap();
/// # drop(runtime);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PanicPolicy {
    /// A panic in a `go!` goroutine is reported and ends the process with exit code 2, as in Go.
    /// A panic in a goroutine whose `JoinHandle` was dropped is reported.
    #[default]
    Crash,
    /// Both are reported, and the process goes on.
    Report,
}

thread_local! {
    /// Set once by each thread of a runtime, before it polls; elsewhere the default.
    static POLICY: Cell<PanicPolicy> = const { Cell::new(PanicPolicy::Crash) };
}

/// The policy of the goroutines that this thread polls from now on; gives the one before.
#[cfg(feature = "rt")]
pub(crate) fn set_policy(policy: PanicPolicy) -> PanicPolicy {
    POLICY.replace(policy)
}

/// Whether an unrecovered panic of a `go!` goroutine that this thread polls ends the process.
#[cfg(feature = "rt")]
pub(crate) fn panics_end_the_process() -> bool {
    POLICY.get() == PanicPolicy::Crash
}

/// The goroutine with number `id`, of `go!`, panicked, and nothing recovered it; `error` says with
/// what.
#[cold]
pub(crate) fn unrecovered(
    id: u64,
    spawned_at: &std::panic::Location<'_>,
    error: &dyn fmt::Display,
) {
    report(id, spawned_at, error);
    if POLICY.get() == PanicPolicy::Crash {
        std::process::exit(2);
    }
}

/// A goroutine whose handle was dropped panicked.
#[cold]
pub(crate) fn unjoined(id: u64, spawned_at: &std::panic::Location<'_>, error: &dyn fmt::Display) {
    report(id, spawned_at, error);
}

/// The panic hook has printed message and place; what is missing is which goroutine it was.
///
/// Printing panics where the standard error cannot be written to. That is nobody's panic, and it
/// must not end the thread, which is one of the runtime.
fn report(id: u64, spawned_at: &std::panic::Location<'_>, error: &dyn fmt::Display) {
    let text = format!("{error}\n\ngoroutine {id} [running]:\ncreated at {spawned_at}");
    let _ = catch_unwind(|| eprintln!("{text}")).map_err(contain);
}
