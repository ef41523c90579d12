//! [`goexit`], [`goexit_async`]: end the goroutine after its deferred code.

use crate::base::current::exit_after_poll;
use std::convert::Infallible;
use std::future::pending;

/// The payload of an exit. It is no panic: the hook is not called, and nothing recovers it.
pub(crate) struct Goexit;

/// Ends the goroutine after running the deferred code of all its functions, as Go's
/// [`runtime.Goexit`](https://pkg.go.dev/runtime#Goexit) does.
///
/// It is no panic: `recover()` gives `None` and does not stop it, a [`recover!`](crate::recover!)
/// around it is passed through, nothing is printed. The handle of the goroutine gets an error whose
/// [`is_goexit`](crate::task::JoinError::is_goexit) is true.
///
/// It unwinds the stack, so a foreign `catch_unwind` sees it, as a panic. With `panic = "abort"`
/// nothing can unwind; there use [`goexit_async`], which needs no unwinding.
///
/// # Panics
/// Never, but with `panic = "abort"` it says so and the process is aborted.
///
/// # Examples
/// ```
/// use gort::{defer, spawn};
///
/// fn give_up() -> u32 {
///     gort::panic::goexit()
/// }
///
/// # #[cfg(feature = "rt")]
/// # #[gort::main]
/// # async fn main() {
/// let (report, reported) = std::sync::mpsc::channel();
/// let handle = spawn!({
///     defer!(report.send("deferred").unwrap());
///     give_up()
/// });
/// assert!(handle.await.unwrap_err().is_goexit());
/// assert_eq!(reported.recv().unwrap(), "deferred");
/// # }
/// # #[cfg(not(feature = "rt"))]
/// # fn main() {}
/// ```
pub fn goexit() -> ! {
    if cfg!(panic = "abort") {
        panic!(
            "goexit() unwinds the stack, and this program is built with panic = \"abort\": use \
             goexit_async().await"
        );
    }
    std::panic::resume_unwind(Box::new(Goexit))
}

/// Ends the goroutine after running the deferred code of all its functions, without unwinding.
///
/// It never returns: the goroutine is dropped where it waits, which is here. So its deferred code
/// sees a cancellation: it runs in order, what awaits gets one poll to finish in, and
/// `defer!(async move { .. })` becomes a goroutine of its own. The handle gets an error whose
/// [`is_goexit`](crate::task::JoinError::is_goexit) is true, as with [`goexit`].
///
/// This works with `panic = "abort"` too. In `block_on`, which is no goroutine that could end, it
/// does what [`goexit`] does.
///
/// # Panics
/// Outside a goroutine.
///
/// # Cancel safety
/// Until it is polled nothing has happened. Once it has been, the goroutine ends when it next
/// waits, also if this future is dropped.
///
/// # Examples
/// ```
/// use gort::panic::goexit_async;
/// use gort::{defer, spawn};
///
/// # #[cfg(feature = "rt")]
/// # #[gort::main]
/// # async fn main() {
/// let (report, reported) = std::sync::mpsc::channel();
/// let handle = spawn!({
///     defer!(report.send("deferred").unwrap());
///     goexit_async().await
/// });
/// assert!(handle.await.unwrap_err().is_goexit());
/// assert_eq!(reported.recv().unwrap(), "deferred");
/// # }
/// # #[cfg(not(feature = "rt"))]
/// # fn main() {}
/// ```
pub async fn goexit_async() -> ! {
    assert!(
        exit_after_poll(),
        "goexit_async() outside a goroutine: there is nothing to end"
    );
    match pending::<Infallible>().await {}
}
