//! Unix stream connections.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{SocketAddr, UnixStream as StdUnixStream};
use std::path::Path;
use std::time::Instant;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use super::async_fd::AsyncFd;
use super::connect::{connect, socket};
use super::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::stream::{Stream, stream_io};
use crate::netpoll::Direction;

/// A Unix stream connection; Go's `net.UnixConn` of kind `unix`.
///
/// It reads and writes through the futures traits [`AsyncRead`](futures::io::AsyncRead) and
/// [`AsyncWrite`](futures::io::AsyncWrite), also by shared reference, so that one goroutine may
/// read while another writes. Dropping it closes the connection.
///
/// # Examples
/// ```
/// use futures::io::{AsyncReadExt, AsyncWriteExt};
/// use gort::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let (mut near, mut far) = UnixStream::pair()?;
///     near.write_all(b"ping").await?;
///     let mut word = [0; 4];
///     far.read_exact(&mut word).await?;
///     assert_eq!(&word, b"ping");
///     Ok(())
/// })
/// # }
/// ```
pub struct UnixStream {
    inner: Stream<StdUnixStream>,
}

/// Who is at the other end of a [`UnixStream`], as the system saw it when the connection was made.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCredentials {
    /// The process.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

impl UnixStream {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    /// Those of the system; [`io::ErrorKind::WouldBlock`] if the listener's backlog is full, since
    /// the system does not tell when there is room again.
    ///
    /// # Cancel safety
    /// A connection in the making is given up.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let addr = SocketAddrUnix::new(path.as_ref())?;
        drop(path);
        Self::connect_to(addr).await
    }

    /// Connects to the socket of an abstract name, which is no path.
    ///
    /// # Errors
    /// As [`UnixStream::connect`].
    ///
    /// # Cancel safety
    /// As [`UnixStream::connect`].
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub async fn connect_abstract(name: impl AsRef<[u8]>) -> io::Result<Self> {
        let addr = SocketAddrUnix::new_abstract_name(name.as_ref())?;
        drop(name);
        Self::connect_to(addr).await
    }

    async fn connect_to(addr: SocketAddrUnix) -> io::Result<Self> {
        let fd = socket(AddressFamily::UNIX, SocketType::STREAM)?;
        Ok(Self::new(connect(fd, &addr).await?))
    }

    /// Two streams connected to each other.
    ///
    /// # Errors
    /// Those of the system.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (near, far) = StdUnixStream::pair()?;
        Ok((near.try_into()?, far.try_into()?))
    }

    pub(super) fn new(io: AsyncFd<StdUnixStream>) -> Self {
        Self {
            inner: Stream::new(io),
        }
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

    /// As [`UnixStream::set_deadline`], for reading only.
    pub fn set_read_deadline(&self, at: Option<Instant>) {
        self.inner.set_deadline(Direction::Read, at);
    }

    /// As [`UnixStream::set_deadline`], for writing only.
    pub fn set_write_deadline(&self, at: Option<Instant>) {
        self.inner.set_deadline(Direction::Write, at);
    }

    /// Who is at the other end.
    ///
    /// # Errors
    /// Those of the system.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn peer_cred(&self) -> io::Result<PeerCredentials> {
        let peer = rustix::net::sockopt::socket_peercred(self)?;
        Ok(PeerCredentials {
            pid: peer.pid.as_raw_nonzero().get(),
            uid: peer.uid.as_raw(),
            gid: peer.gid.as_raw(),
        })
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
    /// Those of the system.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.socket().peer_addr()
    }

    /// The error that the system keeps for the socket, which this takes away.
    ///
    /// # Errors
    /// Those of the system.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.socket().take_error()
    }
}

stream_io!(read [] UnixStream, stream => stream.inner);
stream_io!(write [] UnixStream, stream => stream.inner);
stream_io!(read [] &UnixStream, stream => stream.inner);
stream_io!(write [] &UnixStream, stream => stream.inner);

impl split::sealed::Split for UnixStream {
    fn end_writing(&self) {
        // It fails if the connection is gone, and the write side with it.
        let _ = self.inner.close_write();
    }
}

impl TryFrom<StdUnixStream> for UnixStream {
    type Error = io::Error;

    /// Puts the stream into non-blocking mode and registers it with the current runtime.
    fn try_from(stream: StdUnixStream) -> io::Result<Self> {
        Ok(Self::new(AsyncFd::new(stream)?))
    }
}

impl From<UnixStream> for StdUnixStream {
    /// The standard library's stream, still in non-blocking mode.
    fn from(stream: UnixStream) -> Self {
        stream.inner.into_socket()
    }
}

impl From<UnixStream> for OwnedFd {
    fn from(stream: UnixStream) -> Self {
        stream.inner.into_socket().into()
    }
}

impl AsFd for UnixStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.socket().as_fd()
    }
}

impl AsRawFd for UnixStream {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.socket().as_raw_fd()
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
