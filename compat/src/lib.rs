//! Adapters between gort and existing async code, in both directions.
//!
//! # Other libraries on gort
//!
//! A library that was written without one runtime in mind asks for a few traits instead: how to
//! spawn, how to sleep, how to read and write. This crate answers those questions with gort, one
//! cargo feature for each library and none by default:
//!
//! | feature | module | what runs on it |
//! |---|---|---|
//! | `hyper` | `hyper` | hyper's own connections, by its traits `Executor`, `Timer`, `Read`, `Write` |
//! | `hyper-client` | `hyper` | hyper-util's legacy client |
//! | `hyper-server` | `hyper` | every tower service, such as an axum `Router`, by hyper-util's server |
//! | `hyper-util` | `hyper` | both |
//!
//! None of these starts a thread, a reactor or another runtime: all of them stand on the
//! goroutines, timers and sockets of the runtime that polls them.
//!
//! # Goroutines on other runtimes
//!
//! A library that starts goroutines works in a program that has another runtime: the program says
//! where they run, by [`gort::task::set_default`], and these say how:
//!
//! | feature | module | who runs the goroutines |
//! |---|---|---|
//! | `tokio` | `tokio` | a tokio runtime |
//! | `smol` | `smol` | an executor of smol (`async-executor`) |
//!
//! With these alone gort's own executor is not even compiled.

#[cfg(feature = "hyper")]
pub mod hyper;

#[cfg(feature = "tokio")]
pub mod tokio;

#[cfg(feature = "smol")]
pub mod smol;
