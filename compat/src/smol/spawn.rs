//! [`Smol`]: an executor of smol as an executor of goroutines.

use async_executor::Executor;
use gort::task::{Spawn, Task};
use std::fmt;
use std::sync::{Arc, Weak};

/// An executor of `async-executor` that runs goroutines, each as a task of its own.
///
/// What a goroutine of it starts runs there too. Goroutines do not own the executor: when it is
/// dropped they are, and their handles say that they were cancelled.
///
/// # Examples
/// ```
/// use gort_compat::smol::Smol;
/// use std::sync::Arc;
///
/// let executor = Arc::new(smol::Executor::new());
/// let pool = Smol::new(executor.clone());
/// let handle = gort::spawn!(on = pool, {
///     let six = gort::spawn!({ 6 });
///     six.await.unwrap() * 7
/// });
/// assert_eq!(smol::block_on(executor.run(handle)).unwrap(), 42);
/// ```
///
/// smol's own global executor needs no adapter, as a function is an executor too:
///
/// ```
/// gort::task::set_default(|task| smol::spawn(task).detach())?;
/// let seven = gort::spawn!({ 7 });
/// assert_eq!(smol::block_on(seven)?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Smol {
    executor: Owner,
}

#[derive(Clone)]
enum Owner {
    Static(&'static Executor<'static>),
    Shared(Arc<Executor<'static>>),
}

impl Smol {
    /// The executor that others share with this.
    ///
    /// # Examples
    /// See [`Smol`].
    pub const fn new(executor: Arc<Executor<'static>>) -> Self {
        Self {
            executor: Owner::Shared(executor),
        }
    }

    /// An executor that lives as long as the process.
    ///
    /// # Examples
    /// ```
    /// use gort_compat::smol::Smol;
    ///
    /// static EXECUTOR: smol::Executor = smol::Executor::new();
    ///
    /// gort::task::set_default(Smol::of_static(&EXECUTOR))?;
    /// let seven = gort::spawn!({ 7 });
    /// assert_eq!(smol::block_on(EXECUTOR.run(seven))?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn of_static(executor: &'static Executor<'static>) -> Self {
        Self {
            executor: Owner::Static(executor),
        }
    }
}

impl Spawn for Smol {
    fn spawn_task(&self, task: Task) {
        match &self.executor {
            Owner::Static(executor) => executor.spawn(task.within(self.clone())).detach(),
            Owner::Shared(executor) => Inside::spawn_on(executor, task),
        }
    }
}

impl fmt::Debug for Smol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smol").finish_non_exhaustive()
    }
}

/// The executor as its own goroutines know it. An owner in each would keep an executor for ever
/// that nobody runs any more.
struct Inside(Weak<Executor<'static>>);

impl Inside {
    fn spawn_on(executor: &Arc<Executor<'static>>, task: Task) {
        let inside = Self(Arc::downgrade(executor));
        executor.spawn(task.within(inside)).detach();
    }
}

impl Spawn for Inside {
    fn spawn_task(&self, task: Task) {
        match self.0.upgrade() {
            Some(executor) => Self::spawn_on(&executor, task),
            // Started by a destructor while the executor is dropped.
            None => drop(task),
        }
    }
}
