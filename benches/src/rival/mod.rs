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
use std::ops::DerefMut;
use std::time::Duration;

use clap::ValueEnum;

use crate::workload::Workload;

pub(crate) use self::gort::Gort;
pub(crate) use self::smol::Smol;
pub(crate) use self::tokio::Tokio;

/// The names of the runtimes, in the order in which tables show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Name {
    Gort,
    /// With its own channel, and with async-channel where that has to have several receivers.
    Tokio,
    /// tokio with kanal's channel.
    TokioKanal,
    /// tokio with flume's channel.
    TokioFlume,
    /// With async-channel, which is the channel that smol re-exports.
    Smol,
    /// smol with kanal's channel.
    SmolKanal,
    Go,
}

impl Name {
    /// Whether the quick comparison includes it. flume is the fastest channel in no row.
    pub(crate) fn is_quick(self) -> bool {
        self != Name::TokioFlume
    }

    /// Whether this runtime takes part in `workload`.
    pub(crate) fn takes(self, workload: Workload) -> bool {
        match self {
            Name::Gort | Name::Go => true,
            // Their channels cannot have a capacity of zero.
            Name::Tokio | Name::Smol => workload.capacity() != Some(0),
            Name::TokioFlume => workload.capacity().is_some(),
            // A value is lost if it is sent into the channel that loses the select.
            Name::TokioKanal | Name::SmolKanal => {
                workload.capacity().is_some() && workload != Workload::Select2Wait
            }
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Name::Gort => "gort",
            Name::Tokio => "tokio",
            Name::TokioKanal => "tokio_kanal",
            Name::TokioFlume => "tokio_flume",
            Name::Smol => "smol",
            Name::SmolKanal => "smol_kanal",
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

/// A runtime with locks of its own.
pub(crate) trait Locks: Rival {
    type Mutex: Send + Sync + 'static;
    /// What waits until as many tasks are done as were added.
    type WaitGroup: Clone + Send + Sync + 'static;

    fn mutex(value: u64) -> Self::Mutex;

    fn lock(mutex: &Self::Mutex)
    -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send;

    fn wait_group() -> Self::WaitGroup;

    fn add(group: &Self::WaitGroup, tasks: usize);

    fn done(group: &Self::WaitGroup);

    fn wait(group: &Self::WaitGroup) -> impl Future<Output = ()> + Send;
}

/// A runtime with timers.
pub(crate) trait Timed: Rival {
    type Sleep: Future<Output: Send> + Send + 'static;

    /// As [`run`](Rival::run), with timers.
    fn run_timed<F>(procs: usize, root: F) -> io::Result<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Self::run(procs, root)
    }

    fn sleep(duration: Duration) -> Self::Sleep;

    /// Runs a call that blocks, in the way that keeps other tasks running.
    fn block(call: impl FnOnce() + Send + 'static) -> impl Future<Output = ()> + Send + 'static;

    /// What `future` gives, or `None` if it takes longer than `limit`.
    fn timeout<F>(limit: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future<Output: Send> + Send;
}

/// A runtime in which tasks make calls that block.
pub(crate) trait Files: Rival {
    type File: From<std::fs::File> + Send + Sync + 'static;

    /// Fills `page` from `offset` on.
    fn read_at(
        file: &'static Self::File,
        page: &mut Vec<u8>,
        offset: u64,
    ) -> impl Future<Output = io::Result<()>> + Send;
}

/// A TCP connection.
pub(crate) trait Stream: Send + 'static {
    /// Reads what is there; zero at the end.
    fn read(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;

    /// Reads exactly as much as `buffer` holds.
    fn read_exact(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<()>> + Send;

    fn write_all(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}

#[cfg(test)]
mod tests {
    use super::Name;
    use crate::workload::Workload;
    use clap::ValueEnum;

    #[test]
    fn every_row_has_gort_and_go_and_another() {
        for &workload in Workload::value_variants() {
            let names = Name::value_variants().iter();
            let takers: Vec<_> = names.filter(|name| name.takes(workload)).collect();
            assert!(takers.contains(&&Name::Gort) && takers.contains(&&Name::Go));
            assert!(takers.len() > 3, "{workload}: {takers:?}");
        }
    }
}
