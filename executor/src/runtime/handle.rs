//! A runtime from elsewhere.

use super::spawn::spawn_on;
use crate::sched::{Entered, Sched, enter, try_current};
use crate::task::JoinHandle;
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
        self.sched.spawn_blocking(call, Location::caller())
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

/// The guard of [`Handle::enter`]. Guards of one thread are to be dropped in reverse order.
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
