//! What the tests of gort share.

mod calls;
mod child;
mod counting_alloc;
mod counts;
mod expected;
mod process;
mod seeded;

pub use calls::Calls;
pub use child::{Ended, is_child, run_child};
pub use counting_alloc::CountingAlloc;
pub use counts::{Counted, Counts, Token};
pub use expected::{Explosive, PanicsOnDrop, quietly};
pub use process::{cpu_time, fds, settles, threads, voluntary_switches, wait_until};
pub use seeded::Seeded;

use gort::task::JoinHandle;
use gort::{Runtime, runtime::Handle};
use std::future::Future;
use std::sync::mpsc;
use std::time::Duration;

/// The numbers of permits at which scheduler tests run.
pub const PROCS: [usize; 3] = [1, 2, 8];

/// How long a test may take before it counts as hung.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Runs `test` on a fresh runtime for each number of permits.
///
/// # Panics
/// If the test hangs for longer than [`LIMIT`], naming the number of permits; and with its panic.
pub fn with_procs(procs: &[usize], test: impl Fn(&Runtime) + Send + Sync + Clone + 'static) {
    for &n in procs {
        let test = test.clone();
        bounded(&format!("procs = {n}"), move || {
            let runtime = Runtime::builder()
                .procs(n)
                .build()
                .expect("a runtime starts");
            test(&runtime);
        });
    }
}

/// Runs `test` as a goroutine of a fresh runtime for each number of permits. No other thread takes
/// part: the one that waits needs no permit.
///
/// # Panics
/// As [`with_procs`].
pub fn on_goroutine<F, T>(procs: &[usize], test: F)
where
    F: Fn() -> T + Send + Sync + Clone + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    with_procs(procs, move |runtime| join(runtime.spawn(test())));
}

/// Waits for a goroutine on this thread, which takes no permit and no part in its runtime.
///
/// # Panics
/// With the goroutine's panic, or if it was cancelled.
pub fn join<T>(handle: JoinHandle<T>) -> T {
    match futures::executor::block_on(handle).map_err(|error| error.try_into_panic()) {
        Ok(value) => value,
        Err(Ok(payload)) => std::panic::resume_unwind(payload),
        Err(Err(error)) => panic!("{error}"),
    }
}

/// Runs `f` on each of `threads` threads, with the thread's number and a handle of `runtime`, and
/// gives what they returned.
///
/// # Panics
/// With the panic of one of them.
pub fn on_threads<T: Send>(
    runtime: &Runtime,
    threads: usize,
    f: impl Fn(usize, &Handle) -> T + Sync,
) -> Vec<T> {
    std::thread::scope(|scope| {
        let run = |n| {
            let (handle, f) = (runtime.handle(), &f);
            scope.spawn(move || f(n, &handle))
        };
        let running: Vec<_> = (0..threads).map(run).collect();
        let joined = running.into_iter().map(|thread| thread.join());
        joined
            .map(|r| r.unwrap_or_else(|p| std::panic::resume_unwind(p)))
            .collect()
    })
}

/// Runs `work` on a thread of its own and gives its result.
///
/// # Panics
/// If it takes longer than [`LIMIT`], naming `what`; and with its panic.
pub fn bounded<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, finished) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let result = work();
        let _ = done.send(());
        result
    });
    if finished.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("hung for {LIMIT:?}: {what}");
    }
    match thread.join() {
        Ok(result) => result,
        Err(payload) => {
            eprintln!("failed: {what}");
            std::panic::resume_unwind(payload)
        }
    }
}
