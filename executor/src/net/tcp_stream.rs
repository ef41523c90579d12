//! TCP connections.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use super::async_fd::AsyncFd;
use super::connect::connect_tcp;
use super::resolve::{ToSocketAddrs, lookup_host, no_address};
use super::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::stream::{Stream, stream_io};
use crate::netpoll::Direction;

/// A TCP connection; Go's `net.TCPConn`.
///
/// It reads and writes through the futures traits [`AsyncRead`](futures::io::AsyncRead) and
/// [`AsyncWrite`](futures::io::AsyncWrite), also by shared reference, so that one goroutine may
/// read while another writes. Dropping it closes the connection.
///
/// # Examples
/// ```
/// use futures::io::{AsyncReadExt, AsyncWriteExt};
/// use gort::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (server, _) = listener.accept().await?;
///     (&client).write_all(b"ping").await?;
///     let mut word = [0; 4];
///     (&server).read_exact(&mut word).await?;
///     assert_eq!(&word, b"ping");
///     Ok(())
/// })
/// # }
/// ```
pub struct TcpStream {
    inner: Stream<std::net::TcpStream>,
}

impl TcpStream {
    /// Connects to the first of the addresses where that succeeds.
    ///
    /// # Errors
    /// Those of the lookup, and of the last address that was tried.
    ///
    /// # Cancel safety
    /// A connection in the making is given up.
    pub async fn connect(addr: impl ToSocketAddrs) -> io::Result<Self> {
        let mut last = None;
        for addr in lookup_host(addr).await? {
            match connect_tcp(addr).await {
                Ok(io) => return Ok(Self::new(io)),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(no_address))
    }

    pub(super) fn new(io: AsyncFd<std::net::TcpStream>) -> Self {
        Self {
            inner: Stream::new(io),
        }
    }

    /// Reads without taking: the next read finds the same bytes. Returns 0 at the end of the
    /// stream.
    ///
    /// # Errors
    /// As reading.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| self.poll_peek(cx, buf)).await
    }

    /// As [`TcpStream::peek`].
    ///
    /// # Errors
    /// As reading.
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.inner
            .poll_call(Direction::Read, cx, 0, |socket| socket.peek(buf))
    }

    /// A reading and a writing handle that borrow the stream.
    pub fn split(&self) -> (ReadHalf<'_, Self>, WriteHalf<'_, Self>) {
        split::split(self)
    }

    /// A reading and a writing handle that own the stream together. Dropping the writing one ends
    /// writing, so that the peer reads to its end.
    pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        split::into_split(self)
    }

    /// Ends reading, writing or both. The peer of a stream whose writing ended reads to its end.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotConnected`] if the connection is gone.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.socket().shutdown(how)
    }

    /// Ends the connection through a shared reference, as Go's `Close` does: pending and later I/O
    /// fails with "use of closed network connection". The fd itself goes with the stream. (`close`
    /// is a method of the futures traits, which ends only writing.)
    pub fn disconnect(&self) {
        self.inner.close();
    }

    /// Sets the moment from which reading and writing fail with
    /// [`TimedOut`](io::ErrorKind::TimedOut), "i/o timeout"; `None` for never. Pending operations
    /// are affected too. It stays until it is set anew. Go's `SetDeadline`.
    pub fn set_deadline(&self, at: Option<Instant>) {
        self.set_read_deadline(at);
        self.set_write_deadline(at);
    }

    /// As [`TcpStream::set_deadline`], for reading only.
    pub fn set_read_deadline(&self, at: Option<Instant>) {
        self.inner.set_deadline(Direction::Read, at);
    }

    /// As [`TcpStream::set_deadline`], for writing only.
    pub fn set_write_deadline(&self, at: Option<Instant>) {
        self.inner.set_deadline(Direction::Write, at);
    }

    /// The own address.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.socket().local_addr()
    }

    /// The peer's address.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotConnected`] if the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.socket().peer_addr()
    }

    /// Whether small writes are sent at once. Unlike Go's connections, new ones have it off.
    ///
    /// # Errors
    /// Those of the system.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.socket().nodelay()
    }

    /// Sets whether small writes are sent at once, without waiting for the peer to confirm earlier
    /// ones.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.socket().set_nodelay(nodelay)
    }

    /// The time to live of its packets, in hops.
    ///
    /// # Errors
    /// Those of the system.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.socket().ttl()
    }

    /// Sets the time to live of its packets, in hops.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        self.inner.socket().set_ttl(hops)
    }

    /// How long closing waits for unsent data, in whole seconds; `None` if it does not wait.
    ///
    /// # Errors
    /// Those of the system.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        Ok(sockopt::socket_linger(self)?)
    }

    /// Sets how long closing waits for unsent data, in whole seconds. Zero discards it and resets
    /// the connection. A longer time makes the drop of the stream block its thread.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        Ok(sockopt::set_socket_linger(self, linger)?)
    }

    /// The error that the system keeps for the socket, which this takes away.
    ///
    /// # Errors
    /// Those of the system.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.socket().take_error()
    }
}

stream_io!(read [] TcpStream, stream => stream.inner);
stream_io!(write [] TcpStream, stream => stream.inner);
stream_io!(read [] &TcpStream, stream => stream.inner);
stream_io!(write [] &TcpStream, stream => stream.inner);

impl split::sealed::Split for TcpStream {
    fn end_writing(&self) {
        // It fails if the connection is gone, and the write side with it.
        let _ = self.inner.close_write();
    }
}

impl TryFrom<std::net::TcpStream> for TcpStream {
    type Error = io::Error;

    /// Puts the stream into non-blocking mode and registers it with the current runtime.
    fn try_from(stream: std::net::TcpStream) -> io::Result<Self> {
        Ok(Self::new(AsyncFd::new(stream)?))
    }
}

impl From<TcpStream> for std::net::TcpStream {
    /// The standard library's stream, still in non-blocking mode.
    fn from(stream: TcpStream) -> Self {
        stream.inner.into_socket()
    }
}

impl From<TcpStream> for OwnedFd {
    fn from(stream: TcpStream) -> Self {
        stream.inner.into_socket().into()
    }
}

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.socket().as_fd()
    }
}

impl AsRawFd for TcpStream {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.socket().as_raw_fd()
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
