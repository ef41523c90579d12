//! gort runs futures the way Go's runtime runs goroutines.
//!
//! # The model
//!
//! A **goroutine** (G) is a future that the runtime polls until it is ready. It costs an allocation
//! and no stack, so there may be a million. It runs until it awaits something that is not there
//! yet; then it is parked, and costs nothing but its memory until it is woken.
//!
//! Goroutines run on threads (**Ms**, for machine). Each M has a **P** (for processor): the place
//! where its goroutines queue, with the goroutine that was just made ready in front. An M whose P
//! is empty takes what has come from outside, then what the network and the timers have made ready,
//! then half of the queue of another P; and sleeps if there is nothing anywhere. So no thread
//! serves the network or the clock alone: whoever has nothing else to do does.
//!
//! How many goroutines run at the same time is decided by **permits**: an M polls only while it
//! holds one of them, and there are as many as `GORT_PROCS`, `GOMAXPROCS`, [`procs`] or the number
//! of processors says. An M that holds none sleeps, and whoever makes work ready while a permit is
//! free wakes one.
//!
//! [`procs`]: runtime::Builder::procs
//!
//! # Starting goroutines
//!
//! [`#[gort::main]`](macro@main) starts the runtime, and its body is goroutine 1. [`go!`] is Go's
//! `go` statement: what is called and its arguments are evaluated by the caller, and the call is
//! made in the goroutine. When `main` returns, the process ends, as in Go:
//!
//! ```
//! use futures::StreamExt;
//! use futures::channel::mpsc;
//!
//! fn square(n: u64, squares: mpsc::UnboundedSender<u64>) {
//!     squares.unbounded_send(n * n).unwrap();
//! }
//!
//! # #[cfg(feature = "rt")]
//! #[gort::main]
//! async fn main() {
//!     let (squares, heard) = mpsc::unbounded();
//!     for n in 1..=3 {
//!         gort::go!(square(n, squares.clone()));
//!     }
//!     // The last sender goes: the channel ends with the goroutines.
//!     drop(squares);
//!     assert_eq!(heard.fold(0, async |sum, n| sum + n).await, 14);
//! }
//! # #[cfg(not(feature = "rt"))]
//! # fn main() {}
//! ```
//!
//! Whoever wants the result takes [`spawn!`], or the plain function [`spawn`](fn@spawn), and gets a
//! [`JoinHandle`](task::JoinHandle). It gives the result, or the panic as an error. Dropping it
//! leaves the goroutine running. A [`JoinSet`](task::JoinSet) keeps many, and aborts them when it
//! is dropped:
//!
//! ```
//! # #[cfg(feature = "rt")]
//! use gort::task::JoinSet;
//!
//! # #[cfg(feature = "rt")]
//! # #[gort::main]
//! # async fn main() -> Result<(), gort::task::JoinError> {
//! let nine = gort::spawn!(u64::pow(3, 2));
//!
//! let mut set = JoinSet::new();
//! for n in 1..=3 {
//!     set.spawn(async move { n * n });
//! }
//! let mut sum = nine.await?;
//! while let Some(square) = set.join_next().await {
//!     sum += square?;
//! }
//! assert_eq!(sum, 9 + 14);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "rt"))]
//! # fn main() {}
//! ```
//!
//! # Waiting
//!
//! What waits returns a future, and awaiting it parks the goroutine and not the thread: the sockets
//! of [`net`] and the clock of [`time`]. Dropping such a future is how waiting is given up, and
//! that is what a time limit does:
//!
//! ```
//! use futures::io::{AsyncReadExt, AsyncWriteExt};
//! # #[cfg(feature = "rt")]
//! use gort::net::{TcpListener, TcpStream};
//! # #[cfg(feature = "rt")]
//! use gort::time::{Duration, timeout};
//!
//! # #[cfg(feature = "rt")]
//! # #[gort::main]
//! # async fn main() -> std::io::Result<()> {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let mut client = TcpStream::connect(listener.local_addr()?).await?;
//!
//! // One goroutine for each connection; it takes the socket along.
//! let (stream, _) = listener.accept().await?;
//! gort::go!({
//!     let _ = gort::io::copy(&mut &stream, &mut &stream).await;
//! });
//!
//! let mut echo = [0; 4];
//! let silence = timeout(Duration::from_millis(5), client.read_exact(&mut echo)).await;
//! assert!(silence.is_err(), "nothing was sent, so nothing comes back");
//!
//! client.write_all(b"ping").await?;
//! timeout(Duration::from_secs(10), client.read_exact(&mut echo)).await??;
//! assert_eq!(&echo, b"ping");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "rt"))]
//! # fn main() {}
//! ```
//!
//! A goroutine that computes or blocks for long does not keep the others from running: if they
//! wait, its permit goes to another thread after a time slice of 10 ms, or sooner if the kernel
//! says that the thread waits. A call that blocks is better declared: [`syscall`] costs nanoseconds
//! and lets others run after some 20 us, [`blocking`] does so at once, and [`spawn_blocking`] is
//! the latter in a goroutine of its own. A computation is kinder if it calls [`yield_now`] now and
//! then, or [`gosched`](runtime::gosched) to go behind all others.
//!
//! # Deferred code
//!
//! What a function [`defer!`]s runs when it ends, however it does: it returns, `?` leaves it, it
//! panics, its future is dropped. [`recover`](fn@recover) in deferred code ends a panic, as in Go,
//! and [`recover!`] gives the panic of some code as an error:
//!
//! ```
//! use gort::{defer, defers, recover};
//! use std::sync::mpsc;
//!
//! #[defers]
//! async fn handle(request: u32, log: mpsc::Sender<String>) -> std::io::Result<u32> {
//!     defer!(log.send(format!("{request} is over")).unwrap());
//!     defer!({
//!         if let Some(panic) = recover() {
//!             log.send(format!("{request}: {panic}")).unwrap();
//!         }
//!     });
//!     assert!(request < 5, "too large");
//!     gort::yield_now().await;
//!     Ok(request * 2)
//! }
//!
//! # #[cfg(feature = "rt")]
//! # #[gort::main]
//! # async fn main() {
//! let (log, said) = mpsc::channel();
//! assert_eq!(handle(4, log.clone()).await.unwrap(), 8);
//! assert_eq!(handle(5, log).await.unwrap_err().to_string(), "too large");
//! let said: Vec<String> = said.iter().collect();
//! assert_eq!(said, ["4 is over", "5: too large", "5 is over"]);
//! # }
//! # #[cfg(not(feature = "rt"))]
//! # fn main() {}
//! ```
//!
//! # Without the macros
//!
//! [`block_on`] runs a future on the calling thread, and the default runtime, which starts when it
//! is first needed, runs what that spawns. A [`Runtime`] of one's own has its own Ps and threads,
//! and its shutdown reports what was left:
//!
//! ```
//! # #[cfg(feature = "rt")] {
//! use std::time::Duration;
//!
//! let runtime = gort::Runtime::builder().procs(2).build()?;
//! let answer = runtime.block_on(async { gort::spawn(async { 42 }).await });
//! assert_eq!(answer.unwrap(), 42);
//!
//! runtime.spawn(std::future::pending::<()>());
//! let leftover = runtime.shutdown(Duration::from_secs(10));
//! assert!(leftover.cancelled() > 0 && leftover.is_clean());
//! # }
//! # std::io::Result::Ok(())
//! ```
//!
//! # Where to go next
//!
//! - The [`guide`] has a chapter [for Go programmers](guide::for_go_programmers), with each
//!   construct of Go beside its counterpart here, and one
//!   [for library authors](guide::for_library_authors).
//! - [`go!`] has the grammar of the macros and says what is evaluated where; [`defer!`] and
//!   [`recover!`] do the same for deferred code.
//! - [`task`] has the handles and sets, and [`LocalSet`](task::LocalSet) for goroutines that are
//!   not `Send`; [`panic`](mod@panic) has the panic as a value, and tells what becomes of one that
//!   nobody handles.
//! - [`runtime`] has the runtimes, their settings and their end.
//! - [`chan`](mod@chan) and [`select!`] pass values between goroutines, and [`sync`] has Go's
//!   locks and the like.
//! - [`time`], [`net`], [`io`], [`process`] and [`signal`] are what goroutines wait for, and [`fs`]
//!   is files.
//! - [`context`] tells all who work for a request that it is over: cancelled, or too late.
//! - `gort-compat` adapts other libraries: hyper, hyper-util and axum run on gort.
//! - `executor/examples` has programs to start from: hello, echo_server, fan_out, timeout; with
//!   deferred code pipeline, connections, retry; from Go's courses wait_group, race,
//!   context_switch, goroutine_memory, http_fetch.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `rt` | yes | the executor and everything that needs it |
//! | `portable-poll` | no | waits for the network as on systems that are not Linux, to test that way |
//!
//! Without `rt` there is no executor, and no dependency but the macros. This is the form for
//! libraries: [`go!`] and [`spawn!`] start goroutines on whatever [`Spawn`](task::Spawn) the
//! program names, be that this crate with `rt` or another runtime.

// Built for the models, which are of single protocols, many parts have nobody who uses them.
#![cfg_attr(gort_loom, allow(dead_code, unreachable_pub, unused_imports))]

// Expansions name the crate as `::gort`, in its own examples and tests too.
extern crate self as gort;

// In the order in which to read them: each uses only what stands above it.
// The ground floor serves the executor too, which without `rt` is not there to use it.
#[cfg_attr(not(feature = "rt"), allow(dead_code, unused_imports))]
mod base;
pub mod panic;
pub mod task;
#[cfg(not(gort_loom))]
mod scope;

#[cfg(feature = "rt")]
mod wait;
#[cfg(feature = "rt")]
pub mod chan;
#[cfg(feature = "rt")]
mod select;
#[cfg(feature = "rt")]
mod queue;
#[cfg(feature = "rt")]
mod timer;
#[cfg(feature = "rt")]
mod netpoll;
#[cfg(feature = "rt")]
mod sched;

#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod runtime;
#[cfg(feature = "rt")]
pub mod sync;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod time;
#[cfg(feature = "rt")]
pub mod context;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod net;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod io;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod fs;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod signal;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod process;

#[cfg(not(gort_loom))]
mod start;
#[cfg(not(gort_loom))]
mod macros;

#[cfg(not(feature = "rt"))]
pub use crate::task::spawn;
pub use crate::task::yield_now;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub use crate::{
    chan::{Chan, Receiver, Sender, chan},
    macros::{main, test},
    runtime::{Runtime, block_on, blocking, spawn, spawn_blocking, syscall},
    task::spawn_local,
};
#[cfg(not(gort_loom))]
pub use crate::{
    macros::{defers, preempt},
    scope::{Guard, guard, recover},
};

#[doc(hidden)]
pub use gort_macros as __macros;
#[cfg(not(gort_loom))]
#[doc(hidden)]
pub mod __rt {
    pub use crate::scope::*;
    #[cfg(feature = "rt")]
    pub use crate::select::*;
    pub use crate::start::*;
}

#[cfg(all(any(doc, doctest), feature = "rt"))]
pub mod guide;

/// The README's example is compiled and run like those of this page.
#[cfg(all(doctest, feature = "rt"))]
#[doc = include_str!("../../README.md")]
mod readme {}
