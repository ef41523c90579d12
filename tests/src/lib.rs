//! What the tests of gort share.

use gort::Runtime;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};
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
            let runtime = Runtime::builder().procs(n).build().expect("a runtime starts");
            test(&runtime);
        });
    }
}

/// Runs `test` as a goroutine of a fresh runtime for each number of permits.
///
/// # Panics
/// As [`with_procs`].
pub fn on_goroutine<F, T>(procs: &[usize], test: F)
where
    F: Fn() -> T + Send + Sync + Clone + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    with_procs(procs, move |runtime| {
        let outcome = runtime.block_on(runtime.spawn(test()));
        if let Err(error) = outcome {
            std::panic::resume_unwind(error.into_panic());
        }
    });
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

/// Small numbers from a seed, for stress tests that print it.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// The generator of `seed`; the environment variable `GORT_TEST_SEED` replaces it, to repeat a
    /// failure.
    ///
    /// # Panics
    /// If the variable is no number.
    pub fn new(seed: u64) -> Self {
        let replaced = std::env::var("GORT_TEST_SEED");
        let seed = replaced.map_or(seed, |text| text.parse().expect("GORT_TEST_SEED is a number"));
        Self(seed.max(1))
    }

    /// The seed it was made with, if nothing was drawn yet.
    pub fn seed(&self) -> u64 {
        self.0
    }

    /// A number below `below`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below.max(1)
    }
}

/// Panics of this thread and of goroutines print nothing while `f` runs; other tests of the process
/// run elsewhere, so use it in tests that have a process of their own or expect the panic.
pub fn quietly<T>(f: impl FnOnce() -> T) -> T {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let quiet = info
                .payload()
                .downcast_ref::<&str>()
                .is_some_and(|text| text.starts_with("expected:"));
            if !quiet {
                loud(info);
            }
        }));
    });
    f()
}

/// A future that panics in its destructor with a text that [`quietly`] keeps quiet.
#[derive(Debug)]
pub struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("expected: a destructor panics");
    }
}

impl Future for PanicsOnDrop {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
