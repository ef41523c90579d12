//! gort, as an application uses it: a `Runtime`, `go!`, `spawn`, and the futures traits for I/O.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::DerefMut;
use std::time::Duration;

use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::Runtime;
use gort::fs::File;
use gort::net::{TcpListener, TcpStream};
use gort::sync::{Mutex, WaitGroup};
use gort::task::JoinHandle;
use gort::time::Sleep;
use gort_compat::hyper::GortIo;

use super::{Files, Locks, Rival, Stream, Timed};

#[derive(Debug)]
pub(crate) struct Gort;

impl Rival for Gort {
    type JoinHandle<T: Send + 'static> = JoinHandle<T>;
    type Listener = TcpListener;
    type Stream = TcpStream;
    type HttpStream = GortIo<TcpStream>;

    fn run<F>(procs: usize, root: F) -> io::Result<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runtime = Runtime::builder().procs(procs).build()?;
        // A root polled by `block_on` itself would stay on this thread, which runs nothing else.
        Ok(runtime.block_on(async { gort::spawn(root).await })?)
    }

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        gort::spawn(future)
    }

    async fn join<T: Send + 'static>(handle: JoinHandle<T>) -> T {
        handle.await.expect("the goroutine panicked")
    }

    fn go<F: Future<Output = ()> + Send + 'static>(future: F) {
        gort::go!({ future.await });
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        gort::yield_now()
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

    fn http_stream(stream: TcpStream) -> GortIo<TcpStream> {
        GortIo::new(stream)
    }
}

impl Locks for Gort {
    type Mutex = Mutex<u64>;
    type WaitGroup = WaitGroup;

    fn mutex(value: u64) -> Mutex<u64> {
        Mutex::new(value)
    }

    fn lock(mutex: &Mutex<u64>) -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send {
        mutex.lock()
    }

    fn wait_group() -> WaitGroup {
        WaitGroup::new()
    }

    fn add(group: &WaitGroup, tasks: usize) {
        group.add(i32::try_from(tasks).expect("a few"));
    }

    fn done(group: &WaitGroup) {
        group.done();
    }

    fn wait(group: &WaitGroup) -> impl Future<Output = ()> + Send {
        group.wait()
    }
}

impl Timed for Gort {
    type Sleep = Sleep;

    fn sleep(duration: Duration) -> Sleep {
        gort::time::sleep(duration)
    }

    async fn block(call: impl FnOnce() + Send + 'static) {
        gort::syscall(call).await;
    }

    async fn timeout<F>(limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future<Output: Send> + Send,
    {
        gort::time::timeout(limit, future).await.ok()
    }
}

impl Files for Gort {
    type File = File;

    async fn read_at(file: &'static File, page: &mut Vec<u8>, offset: u64) -> io::Result<()> {
        file.read_exact_at(page, offset).await
    }
}

impl Stream for TcpStream {
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
