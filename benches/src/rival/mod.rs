//! The runtimes that are compared, each behind the same few operations.
//!
//! A workload is generic over [`Rival`], so each runtime gets code of its own: nothing here is
//! boxed or called through a pointer, and a workload costs what it would cost written by hand. Each
//! runtime is used in the way its documentation recommends for speed. Go cannot be called from
//! here; [`go`] builds a program that does the same and prints the same lines.

pub(crate) mod go;
mod gort;
mod smol;
mod tokio;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;

use clap::ValueEnum;

pub(crate) use self::gort::Gort;
pub(crate) use self::smol::Smol;
pub(crate) use self::tokio::Tokio;

/// The names of the runtimes, in the order in which tables show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Name {
    Gort,
    Tokio,
    Smol,
    Go,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Name::Gort => "gort",
            Name::Tokio => "tokio",
            Name::Smol => "smol",
            Name::Go => "go",
        })
    }
}

/// A runtime, as a type without values: every operation acts on the one runtime of the process.
pub(crate) trait Rival: 'static {
    /// A handle of which the output of a task can be had.
    type JoinHandle<T: Send + 'static>: Send + 'static;
    type Listener: Send + Sync + 'static;
    type Stream: Stream;
    /// The stream in the shape that hyper wants.
    type HttpStream: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static;

    /// Starts the runtime with `procs` workers and runs `root` on one of them, to its end.
    fn run<F>(procs: usize, root: F) -> io::Result<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Starts a task whose output somebody will [`join`](Rival::join).
    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Waits for a task; panics if the task did.
    fn join<T: Send + 'static>(handle: Self::JoinHandle<T>) -> impl Future<Output = T> + Send;

    /// Starts a task for which nobody waits.
    fn go<F: Future<Output = ()> + Send + 'static>(future: F);

    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Listens on a free port of the loopback interface.
    fn listen() -> impl Future<Output = io::Result<(Self::Listener, SocketAddr)>> + Send;

    /// The next connection, without Nagle's delay.
    fn accept(
        listener: &Self::Listener,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send + '_;

    /// A new connection, without Nagle's delay.
    fn connect(address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    fn http_stream(stream: Self::Stream) -> Self::HttpStream;
}

/// A TCP connection.
pub(crate) trait Stream: Send + 'static {
    /// Reads what is there; zero at the end.
    fn read(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;

    /// Reads exactly as much as `buffer` holds.
    fn read_exact(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<()>> + Send;

    fn write_all(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}
