//! Unix datagram sockets.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{SocketAddr, UnixDatagram as StdUnixDatagram};
use std::path::Path;

use super::async_fd::AsyncFd;
use crate::netpoll::Direction;

/// A Unix datagram socket; Go's `net.UnixConn` of kind `unixgram`.
///
/// Any number of goroutines may send and receive at once; each datagram goes to one of them.
///
/// # Examples
/// ```
/// use gort::net::UnixDatagram;
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let (near, far) = UnixDatagram::pair()?;
///     near.send(b"ping").await?;
///     let mut buf = [0; 16];
///     assert_eq!(far.recv(&mut buf).await?, 4);
///     Ok(())
/// })
/// # }
/// ```
pub struct UnixDatagram {
    io: AsyncFd<StdUnixDatagram>,
}

impl UnixDatagram {
    /// A socket at `path`, which must not exist.
    ///
    /// # Errors
    /// Those of the system.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        StdUnixDatagram::bind(path)?.try_into()
    }

    /// A socket without an address.
    ///
    /// # Errors
    /// Those of the system.
    pub fn unbound() -> io::Result<Self> {
        StdUnixDatagram::unbound()?.try_into()
    }

    /// Two sockets connected to each other.
    ///
    /// # Errors
    /// Those of the system.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (near, far) = StdUnixDatagram::pair()?;
        Ok((near.try_into()?, far.try_into()?))
    }

    /// Makes the socket at `path` the peer.
    ///
    /// # Errors
    /// Those of the system.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.io.get_ref().connect(path)
    }

    /// Sends one datagram to the peer, waiting while its queue is full.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// Dropped while it waits, nothing was sent.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io
            .io(Direction::Write, |socket| socket.send(buf))
            .await
    }

    /// Receives one datagram. What does not fit into `buf` is lost.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// No datagram is lost.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.io(Direction::Read, |socket| socket.recv(buf)).await
    }

    /// Receives one datagram and its sender's address. What does not fit into `buf` is lost.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// No datagram is lost.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .io(Direction::Read, |socket| socket.recv_from(buf))
            .await
    }

    /// Ends reading, writing or both.
    ///
    /// # Errors
    /// Those of the system.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
    }

    /// Ends all I/O through a shared reference, as Go's `Close` does: pending and later calls fail
    /// with "use of closed network connection". The fd itself goes with the socket.
    pub fn close(&self) {
        self.io.close();
    }

    /// The own address.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The peer's address.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotConnected`] if there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }
}

impl TryFrom<StdUnixDatagram> for UnixDatagram {
    type Error = io::Error;

    /// Puts the socket into non-blocking mode and registers it with the current runtime.
    fn try_from(socket: StdUnixDatagram) -> io::Result<Self> {
        Ok(Self {
            io: AsyncFd::new(socket)?,
        })
    }
}

impl From<UnixDatagram> for StdUnixDatagram {
    /// The standard library's socket, still in non-blocking mode.
    fn from(socket: UnixDatagram) -> Self {
        socket.io.into_inner()
    }
}

impl From<UnixDatagram> for OwnedFd {
    fn from(socket: UnixDatagram) -> Self {
        socket.io.into_inner().into()
    }
}

impl AsFd for UnixDatagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsRawFd for UnixDatagram {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_raw_fd()
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}
