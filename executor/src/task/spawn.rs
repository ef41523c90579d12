//! [`Spawn`]: an executor that is not this crate's, and the [`Task`] it is given to run.
//!
//! A library that starts goroutines does not choose who runs them; the program does, by telling
//! [`set_default`](super::set_default) or [`enter`](super::enter). What an executor must be able to
//! do is little: to poll a future to its end. Everything that makes the future a goroutine (its
//! number, its handle, what becomes of its panic) is inside the task.
//!
//! Rejected: handing out something smaller, to be run once for each wake-up as `async_task` does.
//! Executors make such a thing themselves from the future they are given; they would make one
//! around each of ours, at every wake-up instead of once.

use super::enter::within;
use super::{Id, Name};
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An executor that can run goroutines.
///
/// `go!`, `spawn!` and [`spawn`](fn@crate::spawn) ask, in this order: the executor named by
/// `on = ..`, the one that the thread is in ([`enter`](super::enter), or the goroutine's own), the
/// one given to [`set_default`](super::set_default), and the executor of this crate, if the feature
/// `rt` is on. `gort-compat` has adapters for tokio and smol. A closure that takes a [`Task`] is an
/// executor too.
///
/// # Examples
/// One that runs each goroutine on a thread of its own:
///
/// ```
/// use gort::task::{self, Spawn, Task};
///
/// struct Threads;
///
/// impl Spawn for Threads {
///     fn spawn_task(&self, task: Task) {
///         std::thread::spawn(|| futures::executor::block_on(task.within(Threads)));
///     }
/// }
///
/// task::set_default(Threads).unwrap();
/// let sum = gort::spawn!({ gort::spawn!(u32::pow(2, 3)).await.unwrap() + 1 });
/// assert_eq!(futures::executor::block_on(sum).unwrap(), 9);
/// ```
pub trait Spawn: Send + Sync + 'static {
    /// Runs `task` to its end, soon, on whatever thread.
    ///
    /// A task that is dropped instead ends there: its handle learns that it was cancelled. It never
    /// panics, neither in its poll nor in its destructor.
    fn spawn_task(&self, task: Task);

    /// The scheduler of this crate behind it, which takes goroutines without a [`Task`] around.
    #[doc(hidden)]
    fn native(&self) -> Option<&dyn Any> {
        None
    }
}

impl<F: Fn(Task) + Send + Sync + 'static> Spawn for F {
    fn spawn_task(&self, task: Task) {
        self(task);
    }
}

/// A goroutine that somebody else's executor is to run; see [`Spawn`].
///
/// # Examples
/// ```
/// use gort::task::{SpawnExt, Task};
/// use std::sync::mpsc;
///
/// // A queue of goroutines, and a thread that runs them one after the other.
/// let (queue, tasks) = mpsc::channel::<Task>();
/// let runner = std::thread::spawn(move || {
///     for task in tasks {
///         futures::executor::block_on(task);
///     }
/// });
/// let executor = move |task: Task| queue.send(task).unwrap();
/// let handle = executor.spawn(async { 7 });
/// assert_eq!(futures::executor::block_on(handle).unwrap(), 7);
/// # drop(executor);
/// # runner.join().unwrap();
/// ```
#[must_use = "the goroutine runs when its task is polled, and ends when it is dropped"]
pub struct Task {
    /// A [`Body`](super::Body), which contains every panic.
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    id: Id,
    spawned_at: &'static Location<'static>,
    name: Option<Name>,
}

impl Task {
    /// The goroutine with this number; `future` never panics.
    pub(crate) fn new(
        future: impl Future<Output = ()> + Send + 'static,
        id: Id,
        spawned_at: &'static Location<'static>,
        name: Option<Name>,
    ) -> Self {
        Self {
            future: Box::pin(future),
            id,
            spawned_at,
            name,
        }
    }

    /// The number of the goroutine.
    ///
    /// # Examples
    /// See [`name`](Self::name).
    pub fn id(&self) -> Id {
        self.id
    }

    /// Where the goroutine was started.
    ///
    /// # Examples
    /// See [`name`](Self::name).
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// The name that the goroutine was given, if any.
    ///
    /// # Examples
    /// ```
    /// use gort::task::{Builder, SpawnExt, Task};
    ///
    /// let executor = |task: Task| {
    ///     assert_eq!(task.name(), Some("accept-loop"));
    ///     assert_eq!(task.spawned_at().file(), file!());
    ///     println!("goroutine {} starts", task.id());
    /// };
    /// executor.go_with(Builder::new().name("accept-loop"), async {});
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(Name::as_str)
    }

    /// The same goroutine, while which is polled its thread is in `executor`: what it starts runs
    /// there too.
    ///
    /// # Examples
    /// See [`Spawn`].
    pub fn within<S: Spawn>(self, executor: S) -> Within<S> {
        Within {
            task: Some(self),
            executor,
        }
    }
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.future.as_mut().poll(cx)
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id)
            .field("name", &self.name())
            .field("spawned_at", &format_args!("{}", self.spawned_at))
            .finish()
    }
}

/// The future of [`Task::within`].
#[must_use = "the goroutine runs when its task is polled, and ends when it is dropped"]
pub struct Within<S: Spawn> {
    /// Taken by the drop.
    task: Option<Task>,
    executor: S,
}

/// Neither field is pinned with it: a task is a box.
impl<S: Spawn> Unpin for Within<S> {}

impl<S: Spawn> Future for Within<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { task, executor } = self.get_mut();
        match task {
            Some(task) => within(executor, || Pin::new(task).poll(cx)),
            None => Poll::Ready(()),
        }
    }
}

impl<S: Spawn> Drop for Within<S> {
    fn drop(&mut self) {
        // What the destructors of a cancelled goroutine start runs there too.
        within(&self.executor, || drop(self.task.take()));
    }
}

impl<S: Spawn> fmt::Debug for Within<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within")
            .field("task", &self.task)
            .finish_non_exhaustive()
    }
}
