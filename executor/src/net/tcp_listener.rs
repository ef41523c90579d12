//! Listening for TCP connections.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;

use super::accept::{Accepted, Acceptor};
use super::async_fd::AsyncFd;
use super::resolve::{ToSocketAddrs, first_of, lookup_host};
use super::tcp_stream::TcpStream;

/// Every system cuts this down to its own limit.
const LONGEST_BACKLOG: i32 = i32::MAX;

/// A socket that accepts TCP connections; Go's `net.TCPListener`.
///
/// Any number of goroutines may wait in [`TcpListener::accept`] at once.
///
/// # Examples
/// ```
/// use futures::io::{AsyncReadExt, AsyncWriteExt};
/// use gort::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let addr = listener.local_addr()?;
///     let server = gort::spawn(async move {
///         let (mut conn, _) = listener.accept().await?;
///         conn.write_all(b"hello").await
///     });
///     let mut said = String::new();
///     TcpStream::connect(addr).await?.read_to_string(&mut said).await?;
///     assert_eq!(said, "hello");
///     server.await.unwrap()
/// })
/// # }
/// ```
pub struct TcpListener {
    acceptor: Acceptor<std::net::TcpListener>,
}

impl TcpListener {
    /// Listens at the first of the addresses where that succeeds. Port 0 lets the system choose;
    /// [`TcpListener::local_addr`] tells which it chose. The backlog is as long as the system
    /// allows, as Go's is: what does not fit into it is lost and tried again only a second later.
    ///
    /// # Errors
    /// Those of the lookup, and of the last address that was tried.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn bind(addr: impl ToSocketAddrs) -> io::Result<Self> {
        let addrs = lookup_host(addr).await?;
        let listener = first_of(addrs, std::net::TcpListener::bind)?;
        // The standard library's backlog is 128. Listening again changes only that.
        rustix::net::listen(&listener, LONGEST_BACKLOG)?;
        listener.try_into()
    }

    /// Waits for the next connection and its peer's address.
    ///
    /// It outlives what servers commonly trip over: connections that broke in the backlog are
    /// skipped, and when files have run out (`EMFILE` and the like) it pauses, 5 ms to 1 s, and
    /// tries again.
    ///
    /// # Errors
    /// The listener has been closed, or the runtime shut down; others of the system mean that the
    /// socket does not listen.
    ///
    /// # Cancel safety
    /// No connection is lost.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        into_stream(self.acceptor.accept().await?)
    }

    /// As [`TcpListener::accept`], for one task at a time.
    ///
    /// # Errors
    /// As [`TcpListener::accept`].
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.acceptor.poll_accept(cx)?.map(into_stream)
    }

    /// The connections as a stream, which does not end.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// Stops listening, as Go's `Close` does: whoever waits in accept, and whoever comes, gets the
    /// error "use of closed network connection". The socket itself goes with the listener.
    pub fn close(&self) {
        self.acceptor.close();
    }

    /// The address it listens at.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.acceptor.listener().local_addr()
    }

    /// The time to live of its packets, in hops.
    ///
    /// # Errors
    /// Those of the system.
    pub fn ttl(&self) -> io::Result<u32> {
        self.acceptor.listener().ttl()
    }

    /// Sets the time to live of its packets, in hops.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        self.acceptor.listener().set_ttl(hops)
    }
}

fn into_stream((fd, addr): Accepted) -> io::Result<(TcpStream, SocketAddr)> {
    let stream = std::net::TcpStream::from(fd);
    let addr = match addr.and_then(|addr| SocketAddr::try_from(addr).ok()) {
        Some(addr) => addr,
        None => stream.peer_addr()?,
    };
    Ok((
        TcpStream::new(AsyncFd::from_nonblocking(stream, true)?),
        addr,
    ))
}

impl TryFrom<std::net::TcpListener> for TcpListener {
    type Error = io::Error;

    /// Puts the listener into non-blocking mode and registers it with the current runtime.
    fn try_from(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self {
            acceptor: Acceptor::new(listener)?,
        })
    }
}

impl From<TcpListener> for std::net::TcpListener {
    /// The standard library's listener, still in non-blocking mode.
    fn from(listener: TcpListener) -> Self {
        listener.acceptor.into_listener()
    }
}

impl From<TcpListener> for OwnedFd {
    fn from(listener: TcpListener) -> Self {
        listener.acceptor.into_listener().into()
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.acceptor.listener().as_fd()
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.acceptor.listener().as_raw_fd()
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.acceptor.listener().fmt(f)
    }
}

/// The connections of a listener, made by [`TcpListener::incoming`].
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl Stream for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.listener
            .poll_accept(cx)
            .map(|accepted| Some(accepted.map(|(stream, _)| stream)))
    }
}
