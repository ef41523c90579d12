//! smol: a leaked `StaticExecutor` on `procs` threads, each of which also drives the reactor.
//!
//! This is how smol's own `spawn` starts its global executor, with the executor that async-executor
//! offers where it lives as long as the process: it keeps no list of its tasks. `smol::Async` is
//! smol's thinnest socket.

use std::fs::File;
use std::future::{Future, pending};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::DerefMut;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use async_executor::{StaticExecutor, Task};
use async_lock::Mutex;
use event_listener::Event;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use smol::{Async, Timer};
use smol_hyper::rt::FuturesIo;

use super::{Files, Locks, Rival, Stream, Timed};

static EXECUTOR: StaticExecutor = StaticExecutor::new();

#[derive(Debug)]
pub(crate) struct Smol;

impl Rival for Smol {
    type JoinHandle<T: Send + 'static> = Task<T>;
    type Listener = Async<TcpListener>;
    type Stream = Async<TcpStream>;
    type HttpStream = FuturesIo<Async<TcpStream>>;

    fn run<F>(procs: usize, root: F) -> io::Result<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        for n in 0..procs {
            thread::Builder::new()
                .name(format!("smol-{n}"))
                .spawn(|| smol::block_on(EXECUTOR.run(pending::<()>())))?;
        }
        // Not `smol::block_on`: that would make this thread one more driver of the reactor.
        Ok(futures::executor::block_on(EXECUTOR.spawn(root)))
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        EXECUTOR.spawn(future)
    }

    fn join<T: Send + 'static>(handle: Task<T>) -> impl Future<Output = T> + Send {
        handle
    }

    fn go<F: Future<Output = ()> + Send + 'static>(future: F) {
        EXECUTOR.spawn(future).detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        smol::future::yield_now()
    }

    async fn listen() -> io::Result<(Async<TcpListener>, SocketAddr)> {
        let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
        // The standard library queues 128 connections, too few for a thousand that come at once:
        // the kernel would drop some, and their client would try again only after a second.
        rustix::net::listen(&listener, 1024)?;
        let address = listener.get_ref().local_addr()?;
        Ok((listener, address))
    }

    async fn accept(listener: &Async<TcpListener>) -> io::Result<Async<TcpStream>> {
        let (stream, _) = listener.accept().await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(stream)
    }

    async fn connect(address: SocketAddr) -> io::Result<Async<TcpStream>> {
        let stream = Async::<TcpStream>::connect(address).await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(stream)
    }

    fn http_stream(stream: Async<TcpStream>) -> FuturesIo<Async<TcpStream>> {
        FuturesIo::new(stream)
    }
}

/// smol has no wait group; a count and an event are what its own locks are made of.
#[derive(Debug, Default)]
pub(crate) struct WaitGroup {
    /// Tasks that are not done. The last one notifies.
    left: AtomicUsize,
    done: Event,
}

impl Locks for Smol {
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
            group.done.notify(1);
        }
    }

    async fn wait(group: &Arc<WaitGroup>) {
        // Ordering: Acquire, both; pair with the decrements. The second look is after listening, so
        // a last task that is not seen there notifies.
        while group.left.load(Ordering::Acquire) > 0 {
            let done = group.done.listen();
            if group.left.load(Ordering::Acquire) > 0 {
                done.await;
            }
        }
    }
}

impl Timed for Smol {
    type Sleep = Timer;

    fn sleep(duration: Duration) -> Timer {
        Timer::after(duration)
    }

    async fn block(call: impl FnOnce() + Send + 'static) {
        smol::unblock(call).await;
    }

    async fn timeout<F>(limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future<Output: Send> + Send,
    {
        smol::future::or(async { Some(future.await) }, async {
            Timer::after(limit).await;
            None
        })
        .await
    }
}

impl Files for Smol {
    type File = File;

    async fn read_at(file: &'static File, page: &mut Vec<u8>, offset: u64) -> io::Result<()> {
        let mut taken = std::mem::take(page);
        let (taken, read) = smol::unblock(move || {
            let read = file.read_exact_at(&mut taken, offset);
            (taken, read)
        })
        .await;
        *page = taken;
        read
    }
}

impl Stream for Async<TcpStream> {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        AsyncReadExt::read(self, buffer).await
    }

    async fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        AsyncReadExt::read_exact(self, buffer).await
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        AsyncWriteExt::write_all(self, bytes).await
    }
}
