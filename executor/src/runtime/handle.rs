//! A runtime from elsewhere.

use super::spawn::{go_with_on, spawn_blocking_on, spawn_on, spawn_with_on};
use crate::sched::{Sched, enter, try_current};
use crate::task::{Builder, Entered, JoinHandle, Spawn, Task};
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

/// A reference to a runtime. It does not keep the runtime running: after its shutdown a goroutine
/// spawned through the handle is dropped at once, and its `JoinHandle` says that it was cancelled.
///
/// # Examples
/// ```
/// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
/// let handle = runtime.handle();
/// let joined = std::thread::spawn(move || handle.block_on(async { 7 }));
/// assert_eq!(joined.join().unwrap(), 7);
/// ```
#[derive(Clone)]
pub struct Handle {
    sched: Arc<Sched>,
}

impl Handle {
    pub(super) fn new(sched: Arc<Sched>) -> Self {
        Self { sched }
    }

    /// The runtime this thread is in.
    ///
    /// # Panics
    /// Outside a runtime; [`try_current`](Self::try_current) gives `None` there.
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async {
    ///     let handle = gort::runtime::Handle::current();
    ///     assert_eq!(handle.spawn(async { 1 }).await.unwrap(), 1);
    /// });
    /// ```
    #[track_caller]
    pub fn current() -> Self {
        Self::try_current().expect("Handle::current() was called outside a runtime")
    }

    /// The runtime this thread is in, if any.
    ///
    /// # Examples
    /// ```
    /// assert!(gort::runtime::Handle::try_current().is_none());
    /// ```
    pub fn try_current() -> Option<Self> {
        try_current().map(Self::new)
    }

    /// Spawns a goroutine on the runtime; see [`spawn`](fn@super::spawn).
    ///
    /// # Examples
    /// See [`current`](Self::current).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_on(&self.sched, future, Location::caller())
    }

    /// Starts a goroutine on the runtime that nobody waits for; see [`go`](super::go).
    ///
    /// # Examples
    /// ```
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// runtime.handle().go(async { println!("hello") });
    /// # runtime.shutdown(std::time::Duration::from_secs(1));
    /// ```
    #[track_caller]
    pub fn go<F>(&self, future: F)
    where
        F: Future + Send + 'static,
    {
        self.sched.go(future, Location::caller());
    }

    /// Spawns a goroutine with what `builder` says.
    ///
    /// # Examples
    /// ```
    /// use gort::task::Builder;
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// let seven = runtime.handle().spawn_with(Builder::new().name("seven"), async { 7 });
    /// assert_eq!(runtime.block_on(seven).unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn spawn_with<F>(&self, builder: Builder, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_with_on(&self.sched, builder, future, Location::caller())
    }

    /// Starts a goroutine with what `builder` says, which nobody waits for.
    ///
    /// # Examples
    /// ```
    /// use gort::task::Builder;
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// runtime.handle().go_with(Builder::new().name("hello"), async { println!("hello") });
    /// # runtime.shutdown(std::time::Duration::from_secs(1));
    /// ```
    #[track_caller]
    pub fn go_with<F>(&self, builder: Builder, future: F)
    where
        F: Future + Send + 'static,
    {
        go_with_on(&self.sched, builder, future, Location::caller());
    }

    /// Runs a blocking call; see [`spawn_blocking`](super::spawn_blocking).
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async {
    ///     let handle = gort::runtime::Handle::current();
    ///     assert_eq!(handle.spawn_blocking(|| 1).await.unwrap(), 1);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, call: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        spawn_blocking_on(&self.sched, call, Location::caller())
    }

    /// Polls `future` on this thread until it is ready; see
    /// [`Runtime::block_on`](super::Runtime::block_on).
    ///
    /// # Panics
    /// As there, and after the shutdown of the runtime.
    ///
    /// # Examples
    /// See [`Handle`].
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.sched.block_on(future)
    }

    /// Makes this the current runtime of the thread until the guard drops: `spawn`, sockets and
    /// timers use it.
    ///
    /// # Examples
    /// ```
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// let handle = runtime.handle();
    /// let guard = handle.enter();
    /// let joined = gort::spawn(async { 1 });
    /// drop(guard);
    /// assert_eq!(runtime.block_on(joined).unwrap(), 1);
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard {
            _entered: enter(&self.sched),
            _handle: self,
        }
    }
}

/// The guard of [`Handle::enter`].
#[derive(Debug)]
#[must_use = "the runtime is current only until the guard drops"]
pub struct EnterGuard<'a> {
    _entered: Entered,
    _handle: &'a Handle,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("procs", &self.sched.procs())
            .finish()
    }
}

/// Whatever is started on it needs no [`Task`] around.
impl Spawn for Handle {
    fn spawn_task(&self, task: Task) {
        self.sched.spawn_task(task);
    }

    fn native(&self) -> Option<&dyn Any> {
        self.sched.native()
    }
}
