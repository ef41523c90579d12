//! What expansions call of the executor of this crate.

use crate::task::{Builder, JoinHandle};
use std::future::Future;
use std::process::Termination;

pub use std::process::ExitCode;

pub use crate::runtime::checkpoint;
pub use crate::runtime::main_config::MainConfig;

/// Starts a goroutine of the current thread that nobody waits for.
#[track_caller]
pub fn go_local<F>(future: F)
where
    F: Future + 'static,
{
    Builder::new().go_local(future);
}

/// Starts a goroutine of the current thread with a name that nobody waits for.
#[track_caller]
pub fn go_local_with<F>(builder: Builder, future: F)
where
    F: Future + 'static,
{
    builder.go_local(future);
}

/// Starts a goroutine of the current thread.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    crate::task::spawn_local(future)
}

/// Starts a goroutine of the current thread with a name.
#[track_caller]
pub fn spawn_local_with<F>(builder: Builder, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    builder.spawn_local(future)
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
