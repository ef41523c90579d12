//! Deadlines, cancellation and values that go along with a request: Go's `context`.
//!
//! A [`Context`] is passed down to whatever works for one request. Whoever derived it can cancel
//! it, a deadline can, and what was derived from it is done along with it. Those who work let
//! [`run`](Context::run) drop what they wait for, wait for [`done`](Context::done) in a `select!`,
//! or ask [`err`](Context::err) now and then.
//!
//! # A request that is given up
//!
//! `fetch` asks a peer that never answers. The caller sets a limit, and `fetch` need not know how
//! long it is: [`run`](Context::run) drops the connection and the wait in it when it is over.
//!
//! ```
//! use futures::io::{AsyncReadExt, AsyncWriteExt};
//! use gort::context::{self, Context, ContextError};
//! use gort::net::{TcpListener, TcpStream};
//! use gort::time::Duration;
//! use std::io;
//! use std::net::SocketAddr;
//!
//! async fn fetch(context: &Context, peer: SocketAddr) -> io::Result<String> {
//!     let answer = context.run(async {
//!         let mut stream = TcpStream::connect(peer).await?;
//!         stream.write_all(b"what is new?").await?;
//!         let mut answer = String::new();
//!         stream.read_to_string(&mut answer).await?;
//!         io::Result::Ok(answer)
//!     });
//!     // The first `?` is the context's error, the second one the connection's.
//!     Ok(answer.await??)
//! }
//!
//! gort::block_on(async {
//!     let silent = TcpListener::bind("127.0.0.1:0").await?;
//!     let limit = Duration::from_millis(5);
//!     let (request, _) = context::with_timeout(&context::background(), limit);
//!     let error = fetch(&request, silent.local_addr()?).await.unwrap_err();
//!     assert_eq!(error.kind(), io::ErrorKind::TimedOut);
//!     assert_eq!(request.err(), Some(ContextError::DeadlineExceeded));
//!     io::Result::Ok(())
//! })?;
//! # std::io::Result::Ok(())
//! ```
//!
//! # The first of several
//!
//! Whoever does more than wait for one thing has [`done`](Context::done) as an arm of a `select!`.
//! Here two peers are asked, the first answer is taken, and the other goroutine is told to stop:
//!
//! ```
//! use gort::context::{self, Context};
//! use gort::select;
//! use gort::time::{Duration, after};
//!
//! async fn ask(context: Context, name: &'static str, delay: u64, answers: gort::Sender<&str>) {
//!     let answer = after(Duration::from_millis(delay));
//!     select! {
//!         _ = answer => { let _ = answers.send(name).await; }
//!         _ = context.done() => println!("{name} is not needed: {}", context.err().unwrap()),
//!     }
//! }
//!
//! gort::block_on(async {
//!     let (race, cancel) = context::with_cancel(&context::background());
//!     let (answers, answer) = gort::chan(0);
//!     gort::go!(ask(race.clone(), "near", 1, answers.clone()));
//!     gort::go!(ask(race.clone(), "far", 3_600_000, answers.clone()));
//!     drop(answers);
//!     assert_eq!(answer.recv().await, Some("near"));
//!     cancel.cancel();
//!     assert_eq!(answer.recv().await, None, "the other one has gone");
//! });
//! ```
//!
//! # From Go
//!
//! | Go | here |
//! |---|---|
//! | `context.Background()` | [`background()`] |
//! | `context.WithCancel(ctx)` | [`with_cancel`]; [`Cancel::cancel`] is the function |
//! | `context.WithCancelCause(ctx)` | the same; [`Cancel::cancel_with`] |
//! | `context.WithDeadline`, `WithTimeout` | [`with_deadline`], [`with_timeout`] |
//! | `WithDeadlineCause`, `WithTimeoutCause` | [`with_deadline_cause`], [`with_timeout_cause`] |
//! | `context.WithValue(ctx, key, v)` | [`with_value`]: the type is the key |
//! | `context.WithoutCancel(ctx)` | [`without_cancel`] |
//! | `context.AfterFunc(ctx, f)` | [`after_func()`] |
//! | `<-ctx.Done()`, `ctx.Err()` | [`Context::done`], [`Context::err`] |
//! | `ctx.Deadline()`, `ctx.Value(key)` | [`Context::deadline`], [`Context::value`] |
//! | `context.Cause(ctx)` | [`cause`], [`Context::cause`] |
//!
//! In Go nothing can be given up but by a context. Here dropping a future ends a wait as well. A
//! context is for what dropping does not reach: goroutines that work for the same request wherever
//! they run, and code that has to do something about the end.
//!
//! A context works on any executor, and without one. Only who waits for a deadline needs a runtime
//! of gort, whose clock is watched: the one the thread is in, else the default one, which is
//! started if need be.
//!
//! # How it hangs together
//!
//! A context is two chains: of *scopes*, which end, and of *values*. A derived scope has its
//! parent, and is registered with it, by a weak reference, for as long as anybody has it.
//!
//! ```text
//!   Context, Cancel ---> scope ---> parent ---> ..        counted: what is below keeps it
//!                          ^  <- - - /                    weak: for the end to come down
//!                          |
//!             waiters (Done), functions (AfterFunc), children
//! ```
//!
//! A cancellation goes down scope by scope. Under the lock of each it stores why, and takes out who
//! waits, what is to be called and who is below. When all are done it wakes and calls, under no
//! lock.
//!
//! A deadline belongs to the scope that has the earliest one on the way up. From the first wait on,
//! in it or below, the clock makes a call that ends that scope (`time::Call`). Until then the
//! deadline is only a number, and whoever asks compares it with the clock. So a request that never
//! has to wait touches no timer, and one that does touches one, however many wait.
//!
//! # Invariants
//!
//! 1. Why a scope has ended is stored once, under its lock, and read without it.
//! 2. A scope enters its parent's children under the parent's lock, and only if the parent has not
//!    ended; otherwise it has ended from the start. So an end misses no child.
//! 3. The children of a scope that has ended stay registered until all below have ended. Whoever
//!    cancels a scope that somebody else is about to cancel finds them and does the same work; both
//!    return when it is done.
//! 4. Scopes are locked one at a time. Under the lock of a function the lock of one scope is taken,
//!    never the other way round.
//! 5. A scope that goes hands its functions to its parent: nobody can cancel the scope any more,
//!    but those above can. A scope with a deadline of its own keeps itself while it has functions.
//!    What nothing can end is freed.
//!
//! # Rejected
//!
//! - *Keys by value*, as in Go: they cost a comparison of two `dyn Any` and give back a `dyn Any`.
//!   A type of one's own is what Go recommends for a key anyway.
//! - *A timer for each who waits*: a thousand goroutines below one deadline would set and cancel a
//!   thousand timers, and a function that is to be called at the deadline would need a goroutine.
//! - *A timer from the start*, as in Go: most contexts end before anybody has waited.
//! - *Holding a scope's lock while its children end*, as in Go: locks as deep as the tree, held
//!   until the deepest is reached.
//! - *A counted reference from the parent*, as in Go: a context that nobody cancels would stay
//!   until its parent ends. In Go a linter looks for those.
//! - *A cancel on drop of the handle*: handles are cloned, and `defer!(cancel.cancel())` says it.

mod after_func;
mod cancel;
#[expect(
    clippy::module_inception,
    reason = "the module is named after what it is about"
)]
mod context;
mod derive;
mod done;
mod error;
mod limit;
mod places;
mod run;
mod scope;
mod values;

pub use after_func::{AfterFunc, after_func};
pub use cancel::Cancel;
pub use context::Context;
pub use derive::{
    background, cause, with_cancel, with_deadline, with_deadline_cause, with_timeout,
    with_timeout_cause, with_value, without_cancel,
};
pub use done::Done;
pub use error::{Cause, ContextError};
pub use run::Run;
