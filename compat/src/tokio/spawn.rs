//! [`Tokio`]: a tokio runtime as an executor of goroutines.

use gort::task::{Spawn, Task};
use tokio::runtime::Handle;

/// A tokio runtime that runs goroutines, each as a task of its own.
///
/// What such a goroutine starts runs there too. In a goroutine all of tokio works as in any of its
/// tasks: timers, sockets, `tokio::spawn`. A goroutine that is started after the runtime's shutdown
/// is dropped, and its handle says that it was cancelled.
///
/// # Examples
/// A program that runs on tokio, and a library that starts goroutines:
///
/// ```
/// mod library {
///     pub async fn sum_of_squares(numbers: Vec<u64>) -> u64 {
///         let squares = numbers.into_iter().map(|n| gort::spawn!(u64::pow(n, 2)));
///         let mut sum = 0;
///         for square in squares.collect::<Vec<_>>() {
///             sum += square.await.unwrap();
///         }
///         sum
///     }
/// }
///
/// #[tokio::main]
/// async fn main() {
///     gort::task::set_default(gort_compat::tokio::Tokio::current()).unwrap();
///     assert_eq!(library::sum_of_squares(vec![1, 2, 3]).await, 14);
/// }
/// ```
///
/// One goroutine on a runtime that is known:
///
/// ```
/// use gort_compat::tokio::Tokio;
///
/// let runtime = tokio::runtime::Runtime::new()?;
/// let pool = Tokio::new(runtime.handle().clone());
/// let handle = gort::spawn!(on = pool, {
///     tokio::runtime::Handle::current();
///     7
/// });
/// assert_eq!(runtime.block_on(handle).unwrap(), 7);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tokio {
    /// `None` for the runtime that the thread is in.
    handle: Option<Handle>,
}

impl Tokio {
    /// The runtime of this handle.
    ///
    /// # Examples
    /// See [`Tokio`].
    pub fn new(handle: Handle) -> Self {
        Self {
            handle: Some(handle),
        }
    }

    /// At each start of a goroutine, the runtime that the thread is then in.
    ///
    /// # Panics
    /// The start of a goroutine panics outside a tokio runtime.
    ///
    /// # Examples
    /// See [`Tokio`].
    pub const fn current() -> Self {
        Self { handle: None }
    }
}

impl Spawn for Tokio {
    fn spawn_task(&self, task: Task) {
        let task = task.within(self.clone());
        drop(match &self.handle {
            Some(handle) => handle.spawn(task),
            None => tokio::spawn(task),
        });
    }
}

impl From<Handle> for Tokio {
    fn from(handle: Handle) -> Self {
        Self::new(handle)
    }
}
