//! What TCP and Unix streams share: reading, writing, deadlines, closing.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Instant;

use rustix::net::{RecvFlags, SendFlags};

use super::async_fd::AsyncFd;
use super::deadline::Deadline;
use crate::netpoll::Direction;

/// A standard library's stream.
pub(super) trait StreamSocket: AsFd + fmt::Debug {
    /// Whether a read that returns less than asked has emptied the kernel's buffer.
    const SHORT_READ_DRAINS: bool;

    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

impl StreamSocket for std::net::TcpStream {
    const SHORT_READ_DRAINS: bool = true;

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

impl StreamSocket for std::os::unix::net::UnixStream {
    /// A read stops where fds or other credentials were sent along, with data behind it.
    const SHORT_READ_DRAINS: bool = false;

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

/// A stream socket with deadlines.
pub(super) struct Stream<S: StreamSocket> {
    io: AsyncFd<S>,
    /// For reading and for writing; made when the first is set.
    deadlines: OnceLock<Box<[Deadline; 2]>>,
}

/// No system moves more than this in one call, however much it is asked to.
const MOST_PER_CALL: usize = 0x7fff_f000;
/// Every system takes at least this many buffers in one call; some take no more.
const BUFFERS_PER_CALL: usize = 16;

impl<S: StreamSocket> Stream<S> {
    pub(super) fn new(io: AsyncFd<S>) -> Self {
        // Elsewhere each write asks for it. It fails for a socket whose peer has gone already.
        #[cfg(target_vendor = "apple")]
        let _ = rustix::net::sockopt::set_socket_nosigpipe(&io, true);
        Self {
            io,
            deadlines: OnceLock::new(),
        }
    }

    pub(super) fn socket(&self) -> &S {
        self.io.get_ref()
    }

    pub(super) fn into_socket(self) -> S {
        self.io.into_inner()
    }

    pub(super) fn set_deadline(&self, direction: Direction, at: Option<Instant>) {
        let both = self
            .deadlines
            .get_or_init(|| Box::new([Deadline::new(), Deadline::new()]));
        both[direction as usize].set(at);
        self.io.rouse(direction);
    }

    /// Ends all I/O through any handle, and tells the peer.
    pub(super) fn close(&self) {
        self.io.close();
        // It fails if the peer has ended the connection already, which is as good.
        let _ = self.socket().shutdown(Shutdown::Both);
    }

    /// Ends writing; the peer reads to its end.
    pub(super) fn close_write(&self) -> io::Result<()> {
        match self.socket().shutdown(Shutdown::Write) {
            // The connection is gone, and the write side with it.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            done => done,
        }
    }

    /// Calls `call` now, or when the direction is ready, or fails when its deadline passes.
    /// `wanted`: a result below it has used up the readiness.
    pub(super) fn poll_call(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        wanted: usize,
        call: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if let Some(deadline) = self.deadline(direction) {
            deadline.check()?;
        }
        let is_spent = |moved: &usize| *moved > 0 && *moved < wanted.min(MOST_PER_CALL);
        let poll = self.io.poll_io(direction, cx, call, is_spent);
        if poll.is_pending() {
            // Looked up again: the first may have been set since, and who set it did not yet find
            // us parked.
            if let Some(deadline) = self.deadline(direction) {
                return deadline.poll_passed(cx).map(Err);
            }
        }
        poll
    }

    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let wanted = if S::SHORT_READ_DRAINS { buf.len() } else { 0 };
        self.poll_call(Direction::Read, cx, wanted, |socket| receive(socket, buf))
    }

    pub(super) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>>
    where
        for<'a> &'a S: Read,
    {
        let wanted = if S::SHORT_READ_DRAINS {
            bufs.iter()
                .take(BUFFERS_PER_CALL)
                .map(|buf| buf.len())
                .sum()
        } else {
            0
        };
        self.poll_call(Direction::Read, cx, wanted, |mut socket| {
            socket.read_vectored(bufs)
        })
    }

    pub(super) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_call(Direction::Write, cx, buf.len(), |socket| {
            transmit(socket, buf)
        })
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>
    where
        for<'a> &'a S: Write,
    {
        let wanted = bufs
            .iter()
            .take(BUFFERS_PER_CALL)
            .map(|buf| buf.len())
            .sum();
        self.poll_call(Direction::Write, cx, wanted, |mut socket| {
            socket.write_vectored(bufs)
        })
    }

    fn deadline(&self, direction: Direction) -> Option<&Deadline> {
        self.deadlines.get().map(|both| &both[direction as usize])
    }
}

/// Reads. Not through the standard library: the C library's calls are thread cancellation points,
/// which costs two more atomic operations each on Linux.
fn receive(socket: &impl AsFd, buf: &mut [u8]) -> io::Result<usize> {
    let (bytes, _) = rustix::net::recv(socket, buf, RecvFlags::empty())?;
    Ok(bytes)
}

/// Writes. A peer that has gone is an error, never the signal `SIGPIPE`.
fn transmit(socket: &impl AsFd, buf: &[u8]) -> io::Result<usize> {
    #[cfg(not(target_vendor = "apple"))]
    let flags = SendFlags::NOSIGNAL;
    // There it is an option of the socket, which `Stream::new` sets.
    #[cfg(target_vendor = "apple")]
    let flags = SendFlags::empty();
    Ok(rustix::net::send(socket, buf, flags)?)
}

impl<S: StreamSocket> fmt::Debug for Stream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket().fmt(f)
    }
}

/// Implements the futures traits for a handle of a stream; `$inner` finds the [`Stream`].
macro_rules! stream_io {
    (read [$($generics:tt)*] $handle:ty, $this:ident => $inner:expr) => {
        impl<$($generics)*> futures::io::AsyncRead for $handle {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buf: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let $this = &*self;
                $inner.poll_read(cx, buf)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bufs: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let $this = &*self;
                $inner.poll_read_vectored(cx, bufs)
            }
        }
    };
    (write [$($generics:tt)*] $handle:ty, $this:ident => $inner:expr) => {
        impl<$($generics)*> futures::io::AsyncWrite for $handle {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buf: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let $this = &*self;
                $inner.poll_write(cx, buf)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bufs: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let $this = &*self;
                $inner.poll_write_vectored(cx, bufs)
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }

            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                let $this = &*self;
                std::task::Poll::Ready($inner.close_write())
            }
        }
    };
}
pub(super) use stream_io;
