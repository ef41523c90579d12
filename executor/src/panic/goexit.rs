//! [`goexit`]: ends the goroutine after its deferred code.

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
/// nothing can unwind; there use [`goexit_async`](super::goexit_async), which needs no unwinding.
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
