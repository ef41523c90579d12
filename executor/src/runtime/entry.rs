//! Where a program or a test starts: what `#[gort::main]` and `#[gort::test]` call.

use super::main_config::MainConfig;
use super::spawn::spawn_on;
use super::{Builder, Runtime};
use crate::base::note::Note;
use crate::panic::{Caught, PanicPolicy, catch, unrecovered};
use crate::task::{JoinError, JoinHandle};
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Runs `future` as goroutine 1 of a runtime and gives its result. The caller then returns from
/// `main`, which ends the process and cuts the other goroutines off, as in Go.
///
/// # Panics
/// If the runtime cannot be started. A panic in the goroutine ends the process with code 2.
#[track_caller]
pub(crate) fn run_main<F, T>(config: MainConfig, future: F) -> T
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let runtime = start(&config);
    let spawned_at = Location::caller();
    let handle = spawn_on(runtime.sched(), future, spawned_at);
    let id = handle.id();
    let result = match wait(handle) {
        Ok(value) => value,
        Err(error) if error.is_goexit() => end_without_main(&runtime),
        Err(error) => {
            unrecovered(id.as_u64(), spawned_at, &error);
            unreachable!("the main goroutine cannot be cancelled: {error}")
        }
    };
    // The threads go on until the process ends, which it is about to.
    std::mem::forget(runtime);
    result
}

/// Runs `future` on this thread, the program's first.
///
/// # Panics
/// If the runtime cannot be started, and with the panic of `future`.
#[track_caller]
pub(crate) fn run_main_local<F, T>(config: MainConfig, future: F) -> T
where
    F: Future<Output = T>,
{
    let runtime = start(&config);
    let result = match catch(false, || runtime.block_on(future)) {
        Ok(result) => result,
        Err(Caught::Goexit) => end_without_main(&runtime),
        Err(Caught::Panic { panic, .. }) => panic.resume(),
    };
    std::mem::forget(runtime);
    result
}

/// What happens after `main` has called [`goexit`](crate::panic::goexit), as in Go: the other
/// goroutines go on, and when none is left the process ends with code 2.
#[cold]
fn end_without_main(runtime: &Runtime) -> ! {
    while runtime.num_goroutine() > 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let text = "fatal error: no goroutines (main called gort::panic::goexit) - deadlock!";
    let _ = catch(false, || eprintln!("{text}"));
    std::process::exit(2)
}

/// Runs `future` as a goroutine of a runtime of its own, which is shut down afterwards.
///
/// # Panics
/// If the runtime cannot be started, and with the panic of `future`.
#[track_caller]
pub(crate) fn run_test<F, T>(config: MainConfig, future: F) -> T
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let runtime = start(&config);
    match wait(spawn_on(runtime.sched(), future, Location::caller())) {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(payload) => std::panic::resume_unwind(payload),
            Err(error) => panic!("the test did not end by itself: {error}"),
        },
    }
}

#[track_caller]
fn start(config: &MainConfig) -> Runtime {
    let mut builder = Builder::default().on_panic(PanicPolicy::Crash);
    if let Some(procs) = config.procs {
        builder = builder.procs(procs);
    }
    builder
        .build()
        .unwrap_or_else(|error| panic!("gort could not start: {error}"))
}

/// Wakes the thread that waits for a goroutine without polling anything else.
struct Waiter(Note);

impl Wake for Waiter {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }
}

/// Waits for a goroutine on this thread, which takes no part in the runtime.
fn wait<T>(handle: JoinHandle<T>) -> Result<T, JoinError> {
    let waiter = Arc::new(Waiter(Note::new()));
    let waker = Waker::from(Arc::clone(&waiter));
    let mut handle = pin!(handle);
    loop {
        match handle.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => waiter.0.sleep(),
        }
    }
}
