//! Adapters with which existing async code runs on gort.
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
//! No adapter starts a thread, a reactor or another runtime: all of them stand on the goroutines,
//! timers and sockets of the runtime that polls them.

#[cfg(feature = "hyper")]
pub mod hyper;
