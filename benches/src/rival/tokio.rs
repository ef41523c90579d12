//! tokio's multi-thread runtime, `#[tokio::main]` spelled out.

use std::fs::File;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::DerefMut;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Mutex, Notify};
use tokio::task::{self, JoinHandle};
use tokio::time::{self, Sleep};

use super::{Files, Locks, Rival, Stream, Timed};

#[derive(Debug)]
pub(crate) struct Tokio;

impl Rival for Tokio {
    type JoinHandle<T: Send + 'static> = JoinHandle<T>;
    type Listener = TcpListener;
    type Stream = TcpStream;
    type HttpStream = TokioIo<TcpStream>;

    fn run<F>(procs: usize, root: F) -> io::Result<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runtime = builder(procs).build()?;
        run_on(&runtime, root)
    }

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        task::spawn(future)
    }

    async fn join<T: Send + 'static>(handle: JoinHandle<T>) -> T {
        handle.await.expect("the task panicked")
    }

    fn go<F: Future<Output = ()> + Send + 'static>(future: F) {
        drop(task::spawn(future));
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        task::yield_now()
    }

    async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn http_stream(stream: TcpStream) -> TokioIo<TcpStream> {
        TokioIo::new(stream)
    }
}

/// Timers come at a price even where there are none, so only the rows about timers have them.
fn builder(procs: usize) -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(procs).enable_io();
    builder
}

/// Runs `root` on a worker. The thread in `block_on` is none: a root polled there would pay for a
/// wake-up of another thread with each spawn.
fn run_on<F>(runtime: &Runtime, root: F) -> io::Result<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let root = runtime.spawn(root);
    runtime.block_on(root).map_err(io::Error::other)
}

/// tokio has no wait group; a count and a `Notify` cost less than a `JoinSet` or tokio-util's
/// `TaskTracker`.
#[derive(Debug, Default)]
pub(crate) struct WaitGroup {
    /// Tasks that are not done. The last one notifies.
    left: AtomicUsize,
    done: Notify,
}

impl Locks for Tokio {
    type Mutex = Mutex<u64>;
    type WaitGroup = Arc<WaitGroup>;

    fn mutex(value: u64) -> Mutex<u64> {
        Mutex::new(value)
    }

    async fn lock(mutex: &Mutex<u64>) -> impl DerefMut<Target = u64> + Send {
        mutex.lock().await
    }

    fn wait_group() -> Arc<WaitGroup> {
        Arc::default()
    }

    fn add(group: &Arc<WaitGroup>, tasks: usize) {
        // Ordering: Relaxed; spawning the tasks publishes it to them.
        group.left.fetch_add(tasks, Ordering::Relaxed);
    }

    fn done(group: &Arc<WaitGroup>) {
        // Ordering: AcqRel; the last task acquires what the others did, and hands it to the waiter.
        if group.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Kept for the waiter if it comes later.
            group.done.notify_one();
        }
    }

    async fn wait(group: &Arc<WaitGroup>) {
        group.done.notified().await;
    }
}

impl Timed for Tokio {
    type Sleep = Sleep;

    fn run_timed<F>(procs: usize, root: F) -> io::Result<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runtime = builder(procs).enable_time().build()?;
        run_on(&runtime, root)
    }

    fn sleep(duration: Duration) -> Sleep {
        time::sleep(duration)
    }

    async fn block(call: impl FnOnce() + Send + 'static) {
        task::block_in_place(call);
    }

    async fn timeout<F>(limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future<Output: Send> + Send,
    {
        time::timeout(limit, future).await.ok()
    }
}

impl Files for Tokio {
    type File = File;

    /// `spawn_blocking`, and `tokio::fs` which stands on it, take more than ten times as long.
    async fn read_at(file: &'static File, page: &mut Vec<u8>, offset: u64) -> io::Result<()> {
        task::block_in_place(|| file.read_exact_at(page, offset))
    }
}

impl Stream for TcpStream {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        AsyncReadExt::read(self, buffer).await
    }

    async fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        AsyncReadExt::read_exact(self, buffer).await.map(drop)
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        AsyncWriteExt::write_all(self, bytes).await
    }
}
