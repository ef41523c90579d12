//! [`SpawnExt`]: starting goroutines on an executor that is at hand.

use super::{Body, Builder, Detached, Id, JoinHandle, Named, Spawn, Task, join_cell};
use std::future::Future;
use std::panic::Location;

/// The ways to start goroutines on any [`Spawn`].
///
/// `go!(on = pool, ..)` calls [`go`](Self::go) and `spawn!(on = pool, ..)` calls
/// [`spawn`](Self::spawn); with `name = ..` the `_with` forms. What the runtimes of this crate have
/// under these names costs an allocation less.
///
/// # Examples
/// ```
/// use gort::task::{SpawnExt, Task};
///
/// let threads = |task: Task| drop(std::thread::spawn(|| futures::executor::block_on(task)));
/// let handle = threads.spawn(async { 6 * 7 });
/// assert_eq!(futures::executor::block_on(handle).unwrap(), 42);
/// ```
pub trait SpawnExt: Spawn {
    /// Spawns a goroutine on this executor; see [`spawn`](fn@crate::spawn).
    ///
    /// # Examples
    /// See [`SpawnExt`].
    #[track_caller]
    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_with(Builder::new(), future)
    }

    /// Starts a goroutine on this executor that nobody waits for.
    ///
    /// # Examples
    /// See [`go_with`](Self::go_with).
    #[track_caller]
    fn go<F>(&self, future: F)
    where
        F: Future + Send + 'static,
    {
        self.go_with(Builder::new(), future);
    }

    /// Spawns a goroutine with what `builder` says.
    ///
    /// # Examples
    /// ```
    /// use gort::task::{Builder, SpawnExt, Task};
    ///
    /// let drops = |task: Task| drop(task);
    /// let handle = drops.spawn_with(Builder::new().name("lost"), async { 6 * 7 });
    /// let error = futures::executor::block_on(handle).unwrap_err();
    /// assert!(error.is_cancelled());
    /// assert_eq!(error.name(), Some("lost"));
    /// ```
    #[track_caller]
    fn spawn_with<F>(&self, builder: Builder, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_joined(self, builder, future, Location::caller())
    }

    /// Starts a goroutine with what `builder` says, which nobody waits for.
    ///
    /// # Examples
    /// ```
    /// use gort::task::{Builder, SpawnExt, Task};
    ///
    /// let executor = |task: Task| assert_eq!(task.name(), Some("accept-loop"));
    /// executor.go_with(Builder::new().name("accept-loop"), async {});
    /// executor.go_with(Builder::new().name("accept-loop"), async {});
    /// ```
    #[track_caller]
    fn go_with<F>(&self, builder: Builder, future: F)
    where
        F: Future + Send + 'static,
    {
        spawn_detached(self, builder, future, Location::caller());
    }
}

impl<S: Spawn + ?Sized> SpawnExt for S {}

/// Starts a goroutine on somebody else's executor, and gives its handle.
pub(crate) fn spawn_joined<F>(
    executor: &(impl Spawn + ?Sized),
    builder: Builder,
    future: F,
    spawned_at: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let id = Id::next();
    let (completer, handle) = join_cell(id, spawned_at);
    let sink = Named::new(completer, builder.name.clone());
    let body = Body::new(future, sink);
    executor.spawn_task(Task::new(body, id, spawned_at, builder.name));
    handle
}

/// Starts a goroutine that nobody waits for on somebody else's executor.
pub(crate) fn spawn_detached<F>(
    executor: &(impl Spawn + ?Sized),
    builder: Builder,
    future: F,
    spawned_at: &'static Location<'static>,
) where
    F: Future + Send + 'static,
{
    let id = Id::next();
    let sink = Detached {
        id,
        spawned_at,
        name: builder.name.clone(),
    };
    let body = Body::new(future, sink);
    executor.spawn_task(Task::new(body, id, spawned_at, builder.name));
}
