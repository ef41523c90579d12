//! The macros as users call them: `go!`, `spawn!`, `#[main]`, `#[test]`.
//!
//! The work is done by the proc macros of `gort-macros`. A `macro_rules!` wrapper stands before
//! each that is called like a function, because only there `$crate` exists: the wrapper passes it
//! on as the first token, and the expansion finds this crate under whatever name, and through
//! whatever library, the caller reached it. (Looking gort up in the caller's `Cargo.toml` would
//! fail for a library that re-exports the macros.)

/// Starts a goroutine that nobody waits for.
///
/// ```
/// use futures::StreamExt;
/// use futures::channel::mpsc;
///
/// fn add(report: mpsc::UnboundedSender<u32>, a: u32, b: u32) {
///     report.unbounded_send(a + b).unwrap();
/// }
///
/// # #[cfg(feature = "rt")]
/// # #[gort::main]
/// # async fn main() {
/// let (report, reports) = mpsc::unbounded();
/// gort::go!(add(report.clone(), 1, 2));
/// gort::go!({
///     report.unbounded_send(4).unwrap();
/// });
/// let sum = reports.fold(0, async |sum, n| sum + n).await;
/// assert_eq!(sum, 7);
/// # }
/// # #[cfg(not(feature = "rt"))]
/// # fn main() {}
/// ```
///
/// This is Go's `go` statement: its value is `()`, so it may stand as a statement without `;`, as
/// the arm of a `match` and at the end of an `if`. The result of the goroutine is dropped. A panic
/// that nothing recovers ends the process, as in Go. [`spawn!`](crate::spawn!) takes the same input
/// and gives a [`JoinHandle`](crate::task::JoinHandle), which gets the result or the panic.
///
/// # Grammar
///
/// ```text
/// go!( option, option, BODY )        go! { BODY }
/// ```
///
/// The delimiters make no difference. `BODY` is one of:
///
/// | body | what runs |
/// |---|---|
/// | `f(x, y)`, `(callee)(x)` | the function, sync or async |
/// | `receiver.method(x)` | the method, sync or async |
/// | `\|s: String\| { .. }(x)`, `(\|s: String\| ..)(x)` | the closure's body, with `let s: String = x` made first |
/// | `{ .. }`, `async { .. }`, `\|\| { .. }`, statements, any other expression | the code, which may `.await` |
/// | `future`, `self.future` | a future that exists already |
///
/// `|| -> T { .. }` gives the type of the result, so that `?` may be used without annotations.
///
/// An `option` is one of:
///
/// | option | meaning |
/// |---|---|
/// | `clone(tx, self.log, name = expr)` | the goroutine owns clones: of `tx`, of `self.log` as `log`, of `expr` as `name` |
/// | `name = "accept-loop"` | shown where the goroutine is reported; a `String` or `&'static str` |
/// | `on = pool` | runs there: on a runtime or a handle of one, on any [`Spawn`](crate::task::Spawn), with whatever has a method `go(future)` |
/// | `local` | stays on this thread, and need not be `Send` |
///
/// Inside the body `move(expr)` stands for a value that was computed before the goroutine started.
///
/// # What is evaluated where
///
/// As in Go, what is called and the arguments are evaluated by the caller, once, from left to
/// right; the call is made in the goroutine. All variables that the goroutine uses move into it.
///
/// - The receiver of a method is evaluated by the caller: `go!(worker.clone().run(job))` clones
///   now.
/// - `?`, `return` and `.await` in an argument belong to the caller.
/// - Of an argument `&x` the caller evaluates `x`, and the goroutine owns it:
///   `go!(serve(&config))` compiles, and takes `config` along.
/// - A closure or `async` block that is an argument captures by value, as with `move`.
/// - A function that returns a future is called by the caller, and its future is the goroutine. For
///   an `async fn` there is no difference to see. (A method, or a call with a `&x`, is called in
///   the goroutine.)
/// - A block runs in the goroutine entirely, but for `clone(..)` and `move(..)`. So does
///   `f(x).await`, which is no call but an expression; write `f(x)`.
/// - `on = ..` is evaluated first, then `name = ..`, then `clone(..)`, then the rest.
///
/// Two limits come from inference. A function that never returns (`-> !`) is called from a block:
/// `go!({ die() })`. And a closure inside another argument, as in `f(Box::new(|s| ..))`, needs
/// types for its parameters.
///
/// # Errors at compile time
///
/// What the goroutine owns must be `Send` (except with `local`) and `'static`. Where it is
/// not, the compiler's message names the value; `clone(..)` is the usual remedy for a variable that
/// is used again.
///
/// # Panics
///
/// Where there is no executor, as for [`spawn`](fn@crate::spawn), and with `local` outside the
/// places where [`spawn_local`](crate::task::spawn_local) may be called.
///
/// # Examples
///
/// Captures, in the list and in place:
///
/// ```
/// use std::sync::Arc;
///
/// use futures::StreamExt;
/// use futures::channel::mpsc;
///
/// # #[cfg(feature = "rt")]
/// # #[gort::main]
/// # async fn main() {
/// let name = Arc::new(String::from("gopher"));
/// let (report, reports) = mpsc::unbounded();
///
/// gort::go!(clone(name, report), {
///     report.unbounded_send(name.len()).unwrap();
/// });
/// gort::go!({
///     report.unbounded_send(move(name.len()) + 1).unwrap();
/// });
///
/// let mut lengths: Vec<usize> = reports.collect().await;
/// lengths.sort_unstable();
/// assert_eq!((lengths, name.len()), (vec![6, 7], 6));
/// # }
/// # #[cfg(not(feature = "rt"))]
/// # fn main() {}
/// ```
///
/// Go's `go func(s string) { .. }(greeting)`:
///
/// ```
/// # use futures::channel::oneshot;
/// # #[cfg(feature = "rt")]
/// # #[gort::main]
/// # async fn main() {
/// # let (report, reports) = oneshot::channel();
/// let mut greeting = String::from("hello");
/// gort::go!(|s: String| {
///     report.send(s).unwrap();
/// }(greeting.clone()));
/// greeting.push('!');
/// assert_eq!(reports.await.unwrap(), "hello");
/// # }
/// # #[cfg(not(feature = "rt"))]
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! go {
    ($($input:tt)*) => { $crate::__macros::__go! { [$crate] $($input)* } };
}

/// Starts a goroutine and gives its [`JoinHandle`](crate::task::JoinHandle).
///
/// ```
/// async fn fetch(url: &'static str) -> usize {
///     url.len()
/// }
///
/// # #[cfg(feature = "rt")]
/// # #[gort::main]
/// # async fn main() -> Result<(), gort::task::JoinError> {
/// let page = gort::spawn!(fetch("/index"));
/// let sum = gort::spawn!(|| -> Result<u32, std::num::ParseIntError> {
///     let n: u32 = "20".parse()?;
///     Ok(n + 1)
/// });
/// assert_eq!(page.await?, 6);
/// assert_eq!(sum.await?, Ok(21));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "rt"))]
/// # fn main() {}
/// ```
///
/// The input, and what of it is evaluated where, is that of [`go!`](crate::go!). The result of the
/// goroutine and a panic in it arrive at the handle. Dropping the handle leaves the goroutine
/// running.
///
/// `spawn!(on = set, ..)` is `set.spawn(future)`, and its value is what that gives: a `JoinHandle`
/// for a runtime and for any [`Spawn`](crate::task::Spawn), an
/// [`AbortHandle`](crate::task::AbortHandle) for a [`JoinSet`](crate::task::JoinSet).
///
/// The plain function is [`spawn`](fn@crate::spawn): `spawn!({ .. })` is
/// `spawn(async move { .. })`.
///
/// # Panics
///
/// As [`go!`](crate::go!).
#[macro_export]
macro_rules! spawn {
    ($($input:tt)*) => { $crate::__macros::__spawn! { [$crate] $($input)* } };
}

/// Makes an `async fn main` the program's main function.
///
/// ```
/// # #[cfg(feature = "rt")]
/// #[gort::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let n = gort::spawn!("7".parse::<u32>()).await??;
///     assert_eq!(n, 7);
///     Ok(())
/// }
/// # #[cfg(not(feature = "rt"))]
/// # fn main() {}
/// ```
///
/// The runtime is started and the body runs on it as goroutine 1. As in Go, the process ends when
/// the body does, whatever other goroutines are doing. The result is any
/// [`Termination`](std::process::Termination) and decides the exit code; it need not be `Send`.
///
/// # Arguments
///
/// | argument | meaning |
/// |---|---|
/// | `procs = N` | `N` goroutines may run at the same time; any expression of type `usize` |
/// | `local` | the body runs on the main thread and need not be `Send` |
/// | `crate = path` | where gort is, if not at `::gort`: under another name or in another library |
///
/// ```
/// use std::rc::Rc;
///
/// # #[cfg(feature = "rt")]
/// #[gort::main(local, procs = 2)]
/// async fn main() {
///     let shared = Rc::new(1);
///     gort::spawn!({}).await.unwrap();
///     assert_eq!(*shared, 1);
/// }
/// # #[cfg(not(feature = "rt"))]
/// # fn main() {}
/// ```
#[cfg(feature = "rt")]
pub use gort_macros::main;

/// Makes an `async fn` a test that runs on a runtime of its own.
///
/// ```
/// #[gort::test]
/// async fn two_and_two() {
///     assert_eq!(gort::spawn!(std::convert::identity(4)).await.unwrap(), 4);
/// }
///
/// #[gort::test(procs = 1)]
/// #[should_panic(expected = "as it should")]
/// async fn other_attributes_stay() {
///     panic!("as it should");
/// }
/// # fn main() {}
/// ```
///
/// The body runs as goroutine 1, like that of [`#[main]`](macro@main). A panic in it fails the
/// test, and so does an error that it returns; other attributes of the function keep their meaning.
///
/// # Arguments
///
/// | argument | meaning |
/// |---|---|
/// | `procs = N` | `N` goroutines may run at the same time; any expression of type `usize` |
/// | `crate = path` | where gort is, if not at `::gort`: under another name or in another library |
#[cfg(feature = "rt")]
pub use gort_macros::test;
