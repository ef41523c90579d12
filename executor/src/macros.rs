//! The macros as users call them: `go!`, `spawn!`, `defer!`, `recover!`, `#[defers]`,
//! `#[main]`, `#[test]`.
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
/// A body in the form of a block or a closure is a defer scope: see [`defer!`](crate::defer!).
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

/// Defers code to the end of the function, as Go's `defer` does.
///
/// ```
/// use gort::{defer, defers};
///
/// #[derive(Default)]
/// struct Conn {
///     sent: Vec<u8>,
///     closed: bool,
/// }
///
/// impl Conn {
///     fn send(&mut self, byte: u8) -> Result<(), String> {
///         self.sent.push(byte);
///         if byte == 0 { Err("zero".to_owned()) } else { Ok(()) }
///     }
///
///     async fn close(&mut self) {
///         self.closed = true;
///     }
/// }
///
/// #[defers]
/// async fn talk(conn: &mut Conn, text: &[u8]) -> Result<usize, String> {
///     defer!(conn.close()); // however the function is left; awaited, since it is async
///     for &byte in text {
///         conn.send(byte)?; // `conn` is not borrowed until the call is made
///     }
///     Ok(text.len())
/// }
///
/// # #[cfg(feature = "rt")]
/// # #[gort::main]
/// # async fn main() {
/// let mut conn = Conn::default();
/// assert!(talk(&mut conn, &[1, 0, 2]).await.is_err());
/// assert_eq!((conn.sent, conn.closed), (vec![1, 0], true));
/// # }
/// # #[cfg(not(feature = "rt"))]
/// # fn main() {}
/// ```
///
/// # Where
///
/// A function with the attribute [`#[defers]`](macro@crate::defers) is a *defer scope*, and so are
/// the bodies of [`go!`](crate::go!), [`spawn!`](crate::spawn!), [`recover!`](crate::recover!),
/// [`#[main]`](macro@crate::main) and [`#[test]`](macro@crate::test). What is deferred in one runs
/// when it ends, the last first: when it returns, at a `?`, at a panic, at a
/// [`goexit`](fn@crate::panic::goexit), and when its future is dropped.
///
/// **Anywhere else**, also in closures and `async` blocks inside a scope, `defer!` is a
/// [`guard`](fn@crate::guard): it runs at the end of the *block*, borrows what it mentions until
/// then, and can neither wait nor recover.
///
/// # Input
///
/// | input | evaluated now | runs later |
/// |---|---|---|
/// | `f(x, y)`, `place.method(x)` | the arguments | the call; in an async scope its future is awaited |
/// | `a().b(x)`, `println!(..)`, any other expression | | all of it |
/// | `{ .. }`, statements | | the code, which may `.await` in an async scope |
/// | `\|out\| { .. }` | | the code, which has the [`Outcome`](crate::panic::Outcome) |
/// | `\|n: u32\| { .. }(value)` | the value | the code |
/// | `async move { .. }` | what it captures | the future, see below |
/// | `clone(tx, name = expr), ..` before any of them | the clones | |
/// | `move(expr)` inside any of them | `expr` | |
///
/// A *place* is a variable or a part of one. It, and what is borrowed from one (`&x`, `&mut x`), is
/// read when the call runs. `return` and `?` in deferred code leave the deferred code only, and its
/// value is dropped.
///
/// # Go's rules, and where Rust's win
///
/// | | here | remedy |
/// |---|---|---|
/// | macro calls and chains of calls | evaluated later as a whole; Go evaluates their arguments now | `defer!({ .. })` with `clone(..)` or `move(..)` |
/// | value receivers | read later; Go copies them now | `defer!(clone(x), x.method())` |
/// | in a nested block or a loop | the code owns what it uses, and in an async scope that is `Send` | `clone(..)` what is used again |
/// | a loop | all of them run at the end of the function, as in Go | [`guard`](fn@crate::guard) for each turn |
/// | `recover()` | written directly in deferred code, not in a function that it calls | [`Outcome::recover`](crate::panic::Outcome::recover) may be called anywhere |
/// | a call that never returns, `defer!(exit(1))` | is taken for a future | `defer!({ exit(1) })` |
/// | in an async scope: a variable declared before and shared after (`&x`) | must be `Sync` | `let x = x;` behind the `defer!` |
/// | in an async scope: code that awaits | the result is kept meanwhile, and must be `Send` | |
/// | in an async scope: more than 12 beside each other | does not compile | one `defer!({ .. })` for several |
///
/// A variable that is declared before a `defer!` gets its first value before it as well, since what
/// follows is a closure or an `async` block for the compiler.
///
/// # Panics in deferred code
///
/// The panic takes the place of the one that was under way, if any
/// ([`Panic::superseded`](crate::panic::Panic::superseded)), and what was deferred before still
/// runs. `recover()` ends it: see [`recover`](fn@crate::recover).
///
/// # Cancel safety
///
/// An async scope that is dropped while it waits runs its deferred code inside the drop:
///
/// - Code that does not wait runs.
/// - Code that waits gets one poll, which is enough if it need not really wait; then it is
///   abandoned, and the next one runs. So is code that was waiting already.
/// - `async move { .. }` becomes a goroutine, wherever it was, so it is `Send` and `'static`. On
///   all other ways out it is awaited.
///
/// Only what was reached has been deferred: nothing runs if the scope was never polled.
#[macro_export]
macro_rules! defer {
    (@doors) => { use $crate::__rt; };
    (@deferred $($code:tt)*) => { $($code)* };
    ($($input:tt)*) => { $crate::__macros::__defer! { [$crate] $($input)* } };
}

/// Runs code and gives its panic as an error.
///
/// ```
/// use gort::recover;
/// use gort::panic::Panic;
///
/// let sum: Result<u32, Panic> = recover!({
///     let numbers = [1, 2, 3];
///     numbers.iter().sum()
/// });
/// assert_eq!(sum.unwrap(), 6);
///
/// let index = 7;
/// let panic = recover!({ [1, 2, 3][index] }).unwrap_err();
/// assert!(panic.message().contains("out of bounds"));
/// ```
///
/// The code borrows what it uses, and is a function of its own: `return` and `?` leave the code,
/// and so does what is deferred in it. A panic that ends here prints nothing. An exit of the
/// goroutine ([`goexit`](fn@crate::panic::goexit)) goes on.
///
/// | input | value |
/// |---|---|
/// | `{ .. }`, statements, an expression | `Result<T, Panic>` |
/// | the same with an `.await` in it | `Result<T, Panic>`; it is awaited here |
/// | `\|\| -> T { .. }` | the same, and the type is told, so that `?` needs no annotations |
/// | `async { .. }`, `async move { .. }` | a future of `Result<T, Panic>` |
///
/// An `.await` that only the expansion of another macro has (`join!`) is not seen: write
/// `recover!(async { .. }).await`.
///
/// What the code has changed half is changed half afterwards; nothing checks that as
/// [`UnwindSafe`](std::panic::UnwindSafe) does. With `panic = "abort"` the process ends at the
/// panic; [`assert_unwind!`](crate::assert_unwind!) keeps a program from being built so.
///
/// # Examples
///
/// Trying again:
///
/// ```
/// use gort::recover;
///
/// # #[cfg(feature = "rt")]
/// # #[gort::main]
/// # async fn main() {
/// async fn flaky(attempt: u32) -> u32 {
///     assert!(attempt > 1, "attempt {attempt} fails");
///     attempt
/// }
///
/// let mut attempt = 0;
/// let answer = loop {
///     attempt += 1;
///     match recover!({ flaky(attempt).await }) {
///         Ok(answer) => break answer,
///         Err(panic) if attempt < 3 => assert!(panic.message().ends_with("fails")),
///         Err(panic) => panic.resume(),
///     }
/// };
/// assert_eq!(answer, 2);
/// # }
/// # #[cfg(not(feature = "rt"))]
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! recover {
    ($($input:tt)*) => { $crate::__macros::__recover! { [$crate] $($input)* } };
}

/// Fails to compile where the program is built with `panic = "abort"`.
///
/// There nothing can be recovered: the process ends at the first panic. Deferred code still runs on
/// every other way out of a function. A program that relies on `recover!` says so at its root:
///
/// ```
/// gort::assert_unwind!();
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! assert_unwind {
    () => {
        const _: () = ::core::assert!(
            ::core::cfg!(panic = "unwind"),
            "this program recovers panics and cannot be built with `panic = \"abort\"`"
        );
    };
}

/// Makes a function a defer scope: what it [`defer!`](crate::defer!)s runs when it ends.
///
/// ```
/// use gort::{defer, defers, recover};
/// use std::cell::RefCell;
///
/// #[defers]
/// fn count(log: &RefCell<Vec<u32>>, to: u32) {
///     defer!({
///         recover();
///     });
///     for n in 0..to {
///         defer!({ log.borrow_mut().push(n) });
///         assert!(n < 3, "enough");
///     }
/// }
///
/// let log = RefCell::default();
/// count(&log, 2);
/// count(&log, 9);
/// assert_eq!(log.take(), [1, 0, 3, 2, 1, 0]);
/// ```
///
/// The function may be sync or async, a method, a method of a trait's implementation, generic. One
/// without a `defer!` stays as it is. Below `#[async_trait]`, or above it, the attribute works as
/// well.
///
/// Nothing is allocated, but for what is deferred in nested blocks and loops, and for deferred
/// `async move` blocks.
///
/// # Arguments
///
/// `crate = path` says where gort is. It is hardly ever needed: the attribute finds gort through
/// the path of the first `defer!` in the function.
///
/// # Errors at compile time
///
/// A `defer!` in the arguments of another macro cannot be seen and is refused, except in the arms
/// of a `select!`. An async function is a future that holds one more for each `defer!`, which is
/// why there may be 12 of them beside each other.
pub use gort_macros::defers;

/// Puts a [`checkpoint`](crate::runtime::checkpoint) into each loop of an async function, so that a
/// computation lets others run once in a time slice.
///
/// ```
/// #[gort::preempt]
/// async fn collatz(mut n: u64) -> u64 {
///     let mut steps = 0;
///     while n != 1 {
///         n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
///         steps += 1;
///     }
///     steps
/// }
///
/// # #[cfg(feature = "rt")]
/// assert_eq!(gort::block_on(collatz(27)), 111);
/// ```
///
/// It is Go's preemption at back edges, as it was before 1.14, and asked for. A checkpoint costs
/// one load where a loop does anything at all, but it keeps the compiler from merging iterations:
/// in a loop over numbers that would be vectorized it belongs outside, around chunks.
///
/// Loops in closures, items and `async` blocks are left alone. An await in each loop means that
/// what is alive across its end must be `Send` if the future is to be: a lock of the standard
/// library held over a loop is refused by the compiler. Above or below
/// [`#[defers]`](macro@crate::defers) it does the same.
///
/// On an executor that is not gort's, and without the feature `rt`, a checkpoint does nothing.
///
/// # Arguments
///
/// `crate = path` says where gort is, if not at `::gort`.
///
/// # Errors at compile time
///
/// On anything but an `async fn` it is refused: a checkpoint is an await.
pub use gort_macros::preempt;
