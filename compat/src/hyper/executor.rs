//! Where hyper's own tasks run.

use std::future::Future;

use hyper::rt::Executor;

/// Runs each future that hyper hands over as a goroutine of its own.
///
/// HTTP/2 needs it (one goroutine for each stream), and so does the legacy client (one for each
/// connection). The goroutines are detached: hyper ends them by dropping its side of a channel.
///
/// # Panics
///
/// [`execute`](Executor::execute) panics where [`gort::spawn`](fn@gort::spawn) does: on a thread
/// that has no runtime and cannot start the default one.
///
/// # Examples
///
/// ```
/// use gort_compat::hyper::GortExecutor;
/// use hyper::rt::Executor;
///
/// # let runtime = gort::Runtime::builder().procs(1).build()?;
/// # runtime.block_on(async {
/// let (told, heard) = futures::channel::oneshot::channel();
/// GortExecutor::new().execute(async move { told.send(7) });
/// assert_eq!(heard.await, Ok(7));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct GortExecutor {}

impl GortExecutor {
    /// The executor of whichever runtime polls the connection.
    pub const fn new() -> Self {
        Self {}
    }
}

impl<F> Executor<F> for GortExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        drop(gort::spawn(future));
    }
}
