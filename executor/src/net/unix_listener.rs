//! Listening for Unix stream connections.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{
    SocketAddr, UnixListener as StdUnixListener, UnixStream as StdUnixStream,
};
use std::path::Path;
use std::task::{Context, Poll};

use super::accept::{Accepted, Acceptor};
use super::async_fd::AsyncFd;
use super::unix_stream::UnixStream;

/// A socket that accepts Unix stream connections; Go's `net.UnixListener`.
///
/// Any number of goroutines may wait in [`UnixListener::accept`] at once. Unlike Go's, it leaves
/// its path behind when it is dropped, as the standard library's does.
pub struct UnixListener {
    acceptor: Acceptor<StdUnixListener>,
}

impl UnixListener {
    /// Listens at `path`, which must not exist.
    ///
    /// # Errors
    /// Those of the system.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        StdUnixListener::bind(path)?.try_into()
    }

    /// Listens at `addr`, for instance an abstract name.
    ///
    /// # Errors
    /// Those of the system.
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<Self> {
        StdUnixListener::bind_addr(addr)?.try_into()
    }

    /// Waits for the next connection and its peer's address. It survives a lack of files as
    /// [`TcpListener::accept`](super::TcpListener::accept) does.
    ///
    /// # Errors
    /// The listener has been closed, or the runtime shut down.
    ///
    /// # Cancel safety
    /// No connection is lost.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        into_stream(self.acceptor.accept().await?)
    }

    /// As [`UnixListener::accept`], for one task at a time.
    ///
    /// # Errors
    /// As [`UnixListener::accept`].
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        self.acceptor.poll_accept(cx)?.map(into_stream)
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
}

fn into_stream((fd, _): Accepted) -> io::Result<(UnixStream, SocketAddr)> {
    let stream = StdUnixStream::from(fd);
    // The standard library's address cannot be made from what accept has told.
    let addr = stream.peer_addr()?;
    Ok((
        UnixStream::new(AsyncFd::from_nonblocking(stream, true)?),
        addr,
    ))
}

impl TryFrom<StdUnixListener> for UnixListener {
    type Error = io::Error;

    /// Puts the listener into non-blocking mode and registers it with the current runtime.
    fn try_from(listener: StdUnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self {
            acceptor: Acceptor::new(listener)?,
        })
    }
}

impl From<UnixListener> for StdUnixListener {
    /// The standard library's listener, still in non-blocking mode.
    fn from(listener: UnixListener) -> Self {
        listener.acceptor.into_listener()
    }
}

impl From<UnixListener> for OwnedFd {
    fn from(listener: UnixListener) -> Self {
        listener.acceptor.into_listener().into()
    }
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.acceptor.listener().as_fd()
    }
}

impl AsRawFd for UnixListener {
    fn as_raw_fd(&self) -> RawFd {
        self.acceptor.listener().as_raw_fd()
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.acceptor.listener().fmt(f)
    }
}
