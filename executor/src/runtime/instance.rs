//! One runtime, and the default one.

use super::spawn::{go_with_on, on_current, spawn_blocking_on, spawn_on, spawn_with_on};
use super::{Builder, Handle, Leftover};
use crate::sched::{Sched, default_sched, with_current};
use crate::task::{self, JoinHandle, Spawn, Task};
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a runtime that is dropped waits for polls and blocking calls that are under way.
const DROP_DEADLINE: Duration = Duration::from_secs(5);

/// A runtime: permits, threads, run queues, a netpoller.
///
/// Most programs need none: `#[gort::main]` and the free functions use the default one. Dropping a
/// runtime ends it as [`shutdown`](Self::shutdown) does, with a deadline of five seconds; dropped
/// inside one of its own goroutines it is ended by a thread made for that, in the background.
///
/// # Examples
/// ```
/// let runtime = gort::Runtime::builder().procs(2).build().unwrap();
/// let answer = runtime.block_on(async { gort::spawn(async { 6 * 7 }).await.unwrap() });
/// assert_eq!(answer, 42);
/// ```
pub struct Runtime {
    /// Taken by the shutdown.
    sched: Option<Arc<Sched>>,
}

impl Runtime {
    pub(super) fn new(sched: Arc<Sched>) -> Self {
        Self { sched: Some(sched) }
    }

    /// The settings of a runtime to be.
    ///
    /// # Examples
    /// See [`Builder`].
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(super) fn sched(&self) -> &Arc<Sched> {
        self.sched
            .as_ref()
            .expect("only the shutdown takes the runtime out, and it takes `self`")
    }

    /// Polls `future` on this thread until it is ready, beside the goroutines of the runtime.
    ///
    /// The future need not be `Send`. Inside it this is the current runtime, and
    /// [`spawn_local`](crate::task::spawn_local) works. The thread holds a permit while it polls,
    /// so never more than `procs` futures are polled at a time; it runs no goroutine of the
    /// runtime.
    ///
    /// # Panics
    /// Inside a goroutine or another `block_on` (but not inside a blocking call), and with the
    /// panic of `future`.
    ///
    /// # Examples
    /// See [`Runtime`].
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.sched().block_on(future)
    }

    /// Spawns a goroutine on this runtime; see [`spawn`](fn@super::spawn).
    ///
    /// # Examples
    /// ```
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// let handle = runtime.spawn(async { 1 });
    /// assert_eq!(runtime.block_on(handle).unwrap(), 1);
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_on(self.sched(), future, Location::caller())
    }

    /// Starts a goroutine on the runtime that nobody waits for; see [`go`](super::go).
    ///
    /// # Examples
    /// ```
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// runtime.go(async { println!("hello") });
    /// # runtime.shutdown(std::time::Duration::from_secs(1));
    /// ```
    #[track_caller]
    pub fn go<F>(&self, future: F)
    where
        F: Future + Send + 'static,
    {
        self.sched().go(future, Location::caller());
    }

    /// Spawns a goroutine with what `builder` says.
    ///
    /// # Examples
    /// ```
    /// use gort::task;
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// let seven = runtime.spawn_with(task::Builder::new().name("seven"), async { 7 });
    /// assert_eq!(runtime.block_on(seven).unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn spawn_with<F>(&self, builder: task::Builder, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_with_on(self.sched(), builder, future, Location::caller())
    }

    /// Starts a goroutine with what `builder` says, which nobody waits for.
    ///
    /// # Examples
    /// ```
    /// use gort::task;
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// runtime.go_with(task::Builder::new().name("hello"), async { println!("hello") });
    /// # runtime.shutdown(std::time::Duration::from_secs(1));
    /// ```
    #[track_caller]
    pub fn go_with<F>(&self, builder: task::Builder, future: F)
    where
        F: Future + Send + 'static,
    {
        go_with_on(self.sched(), builder, future, Location::caller());
    }

    /// Runs a blocking call; see [`spawn_blocking`](super::spawn_blocking).
    ///
    /// # Examples
    /// ```
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// let handle = runtime.spawn_blocking(|| 1);
    /// assert_eq!(runtime.block_on(handle).unwrap(), 1);
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, call: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        spawn_blocking_on(self.sched(), call, Location::caller())
    }

    /// A handle that can be cloned and sent elsewhere.
    ///
    /// # Examples
    /// See [`Handle`].
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(self.sched()))
    }

    /// How many goroutines run at a time.
    ///
    /// # Examples
    /// See [`Builder`].
    pub fn procs(&self) -> usize {
        self.sched().procs() as usize
    }

    /// How many goroutines of this runtime are not over; exact when none is running.
    ///
    /// # Examples
    /// ```
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// runtime.spawn(std::future::pending::<()>());
    /// assert_eq!(runtime.num_goroutine(), 1);
    /// ```
    pub fn num_goroutine(&self) -> usize {
        self.sched().live() as usize
    }

    /// Ends the runtime: every goroutine is dropped where it waits, every thread ends.
    ///
    /// Polls and blocking calls that are under way have `deadline` to come to an end; what remains
    /// is reported and ends by itself later. A goroutine spawned from now on is dropped at once.
    ///
    /// # Panics
    /// Inside a goroutine of this runtime, which could never be ended.
    ///
    /// # Examples
    /// See [`Leftover`].
    #[track_caller]
    pub fn shutdown(mut self, deadline: Duration) -> Leftover {
        let sched = self.sched.take().expect("a runtime is shut down once");
        if sched.is_here() {
            self.sched = Some(sched);
            panic!("shutdown() inside a goroutine of the same runtime: call it from outside");
        }
        close(&sched, deadline)
    }
}

fn close(sched: &Arc<Sched>, deadline: Duration) -> Leftover {
    let now = Instant::now();
    let far = Duration::from_secs(60 * 60 * 24 * 365 * 30);
    let leftover = sched.close(now + deadline.min(far));
    if leftover.running() > 0 {
        // A goroutine that is left knows the runtime by address.
        std::mem::forget(Arc::clone(sched));
    }
    leftover
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let Some(sched) = self.sched.take() else {
            return;
        };
        if !sched.is_here() {
            let _ = close(&sched, DROP_DEADLINE);
            return;
        }
        let closer = thread::Builder::new().name(String::from("gort-shutdown"));
        let spare = Arc::clone(&sched);
        if closer.spawn(move || close(&sched, DROP_DEADLINE)).is_err() {
            // Without a thread to wait on, the Ms end when they can, and keep what they need.
            let _ = close(&spare, Duration::ZERO);
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("procs", &self.procs())
            .field("goroutines", &self.num_goroutine())
            .finish()
    }
}

/// Polls `future` on this thread until it is ready, on the default runtime.
///
/// See [`Runtime::block_on`].
///
/// # Panics
/// Inside a goroutine or another `block_on`; if the default runtime cannot be started; and with the
/// panic of `future`.
///
/// # Examples
/// ```
/// assert_eq!(gort::block_on(async { 6 * 7 }), 42);
/// ```
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    match default_sched() {
        Ok(sched) => sched.block_on(future),
        Err(error) => panic!("gort's default runtime could not start: {error}"),
    }
}

/// How many processors the process may use, as its affinity says. It does not change; how many
/// goroutines run at a time is [`procs`].
///
/// # Examples
/// ```
/// assert!(gort::runtime::num_cpu() >= 1);
/// ```
pub fn num_cpu() -> usize {
    crate::sched::num_cpu()
}

/// How many goroutines of the current runtime (or of the default one) run at a time.
///
/// # Panics
/// If there is no runtime yet and the default one cannot be started.
///
/// # Examples
/// ```
/// assert!(gort::runtime::procs() >= 1);
/// ```
pub fn procs() -> usize {
    on_current(|sched| sched.procs() as usize)
}

/// How many goroutines of the current runtime (or of the default one) are not over: Go's
/// `NumGoroutine`. Exact when none is running; the future of a `block_on` does not count.
///
/// # Examples
/// ```
/// gort::block_on(async {
///     let before = gort::runtime::num_goroutine();
///     let handle = gort::spawn(std::future::pending::<()>());
///     assert_eq!(gort::runtime::num_goroutine(), before + 1);
/// #   handle.abort();
/// });
/// ```
pub fn num_goroutine() -> usize {
    with_current(|sched| sched.live() as usize).unwrap_or(0)
}

/// Whatever is started on it needs no [`Task`] around.
impl Spawn for Runtime {
    fn spawn_task(&self, task: Task) {
        self.sched().spawn_task(task);
    }

    fn native(&self) -> Option<&dyn Any> {
        self.sched().native()
    }
}
