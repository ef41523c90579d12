//! Any pollable fd: try, and wait if it would block.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use crate::netpoll::{Direction, PollDesc, Spent, Tick};

/// An fd of any kind that the system can poll (a socket, a pipe, an eventfd, a terminal, ..),
/// waited for by goroutines instead of threads.
///
/// It owns the source, `T`, and puts it into non-blocking mode. Operations are closures over `&T`
/// that return [`io::ErrorKind::WouldBlock`] when nothing can be done now; they are then called
/// again when the fd is ready. What Go keeps in `internal/poll.FD`.
///
/// # Examples
/// ```
/// use gort::net::AsyncFd;
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let (near, far) = UnixStream::pair()?;
///     let (near, far) = (AsyncFd::new(near)?, AsyncFd::new(far)?);
///     let reader = gort::spawn(async move {
///         let mut word = [0; 4];
///         let n = near.read_with(|mut socket| socket.read(&mut word)).await?;
///         std::io::Result::Ok(word[..n].to_vec())
///     });
///     far.write_with(|mut socket| socket.write(b"ping")).await?;
///     assert_eq!(reader.await.unwrap()?, b"ping");
///     Ok(())
/// })
/// # }
/// ```
pub struct AsyncFd<T: AsFd> {
    /// Dropped before `inner` closes the fd.
    desc: PollDesc,
    inner: T,
}

/// Whether a result used up the readiness although the call succeeded.
fn never<R>(_: &R) -> bool {
    false
}

impl<T: AsFd> AsyncFd<T> {
    /// Puts `inner` into non-blocking mode and registers it with the current runtime (or the
    /// default one, which it starts).
    ///
    /// # Errors
    /// `EPERM` for what the system cannot poll, such as a file on a disk; those of the system; and
    /// one if the runtime has been shut down.
    pub fn new(inner: T) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&inner, true)?;
        Self::from_nonblocking(inner, true)
    }

    /// Registers what is in non-blocking mode. `presume_ready`: the first call need not wait.
    pub(crate) fn from_nonblocking(inner: T, presume_ready: bool) -> io::Result<Self> {
        let netpoll = crate::sched::netpoll()?;
        // SAFETY: the fd stays open until `desc` is dropped: we own `inner`, lend it only by shared
        // reference, through which what it lent by `as_fd` cannot be closed, and drop it after
        // `desc`.
        let desc = unsafe { netpoll.register(inner.as_fd(), presume_ready) }?;
        Ok(Self { desc, inner })
    }

    /// The source.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// Ends the registration and returns the source, still in non-blocking mode.
    pub fn into_inner(self) -> T {
        drop(self.desc);
        self.inner
    }

    /// Waits until reading may succeed.
    ///
    /// # Errors
    /// The runtime has been shut down.
    ///
    /// # Cancel safety
    /// Nothing is lost; the readiness is seen by the next call.
    pub async fn readable(&self) -> io::Result<ReadyGuard<'_, T>> {
        self.ready(Direction::Read).await
    }

    /// Waits until writing may succeed.
    ///
    /// # Errors
    /// The runtime has been shut down.
    ///
    /// # Cancel safety
    /// Nothing is lost; the readiness is seen by the next call.
    pub async fn writable(&self) -> io::Result<ReadyGuard<'_, T>> {
        self.ready(Direction::Write).await
    }

    /// Calls `read` until it does something else than block, waiting in between.
    ///
    /// # Errors
    /// Those of `read`; the runtime has been shut down.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has done nothing.
    pub async fn read_with<R>(&self, read: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.io(Direction::Read, read).await
    }

    /// Calls `write` until it does something else than block, waiting in between.
    ///
    /// # Errors
    /// Those of `write`; the runtime has been shut down.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it has done nothing.
    pub async fn write_with<R>(&self, write: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.io(Direction::Write, write).await
    }

    /// As [`AsyncFd::read_with`], for one task at a time.
    ///
    /// # Errors
    /// As [`AsyncFd::read_with`].
    pub fn poll_read_with<R>(
        &self,
        cx: &mut Context<'_>,
        read: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_io(Direction::Read, cx, read, never)
    }

    /// As [`AsyncFd::write_with`], for one task at a time.
    ///
    /// # Errors
    /// As [`AsyncFd::write_with`].
    pub fn poll_write_with<R>(
        &self,
        cx: &mut Context<'_>,
        write: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_io(Direction::Write, cx, write, never)
    }

    /// Calls `read` once, if it may succeed.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if it would block; those of `read`; the runtime has been shut
    /// down.
    pub fn try_read_with<R>(&self, read: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.try_io(Direction::Read, read)
    }

    /// Calls `write` once, if it may succeed.
    ///
    /// # Errors
    /// As [`AsyncFd::try_read_with`].
    pub fn try_write_with<R>(&self, write: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.try_io(Direction::Write, write)
    }

    async fn ready(&self, direction: Direction) -> io::Result<ReadyGuard<'_, T>> {
        let tick = self.desc.wait(direction).await?;
        Ok(ReadyGuard {
            fd: self,
            direction,
            tick,
        })
    }

    /// Waits in the queue.
    pub(super) async fn io<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut wait = self.desc.wait(direction);
        loop {
            let tick = (&mut wait).await?;
            if let Some(done) = self.attempt(direction, tick, &mut call, never) {
                return done;
            }
        }
    }

    /// Waits in the slot. `is_spent` tells of a result that the fd has no more to give, or take.
    pub(super) fn poll_io<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        mut call: impl FnMut(&T) -> io::Result<R>,
        is_spent: impl Fn(&R) -> bool,
    ) -> Poll<io::Result<R>> {
        loop {
            let tick = ready!(self.desc.poll_ready(direction, cx))?;
            if let Some(done) = self.attempt(direction, tick, &mut call, &is_spent) {
                return Poll::Ready(done);
            }
        }
    }

    pub(super) fn try_io<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let done = match self.desc.look(direction)? {
            Some(tick) => self.attempt(direction, tick, &mut call, never),
            None => None,
        };
        done.unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))
    }

    /// Calls once, and again if a signal came between; `None` if it would block.
    fn attempt<R>(
        &self,
        direction: Direction,
        tick: Tick,
        call: &mut impl FnMut(&T) -> io::Result<R>,
        is_spent: impl Fn(&R) -> bool,
    ) -> Option<io::Result<R>> {
        loop {
            match call(&self.inner) {
                Ok(done) => {
                    if PollDesc::SHORT_MEANS_DRAINED && is_spent(&done) {
                        self.desc.clear(direction, tick, Spent::Drained);
                    }
                    return Some(Ok(done));
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => {
                        self.desc.clear(direction, tick, Spent::WouldBlock);
                        return None;
                    }
                    _ => return Some(Err(error)),
                },
            }
        }
    }

    /// Ends all I/O: whoever waits, and whoever comes, gets "use of closed network connection".
    pub(super) fn close(&self) {
        self.desc.close();
    }

    /// Wakes everybody who waits for the direction, so that they look again.
    pub(super) fn rouse(&self, direction: Direction) {
        self.desc.rouse(direction);
    }
}

impl<T: AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl<T: AsFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_fd().as_raw_fd()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// Tells that one direction of an [`AsyncFd`] is presumably ready.
///
/// The fd counts as ready until a call through [`ReadyGuard::try_io`] would block, or until
/// [`ReadyGuard::clear`].
#[derive(Debug)]
pub struct ReadyGuard<'a, T: AsFd> {
    fd: &'a AsyncFd<T>,
    direction: Direction,
    tick: Tick,
}

impl<T: AsFd> ReadyGuard<'_, T> {
    /// Calls `call` once; `None` if it would block, and then the fd no longer counts as ready.
    pub fn try_io<R>(&self, mut call: impl FnMut(&T) -> io::Result<R>) -> Option<io::Result<R>> {
        self.fd.attempt(self.direction, self.tick, &mut call, never)
    }

    /// Tells that the fd is not ready, after a call outside [`ReadyGuard::try_io`] would have
    /// blocked. An event since the guard was given makes this do nothing.
    pub fn clear(&self) {
        self.fd
            .desc
            .clear(self.direction, self.tick, Spent::WouldBlock);
    }

    /// The source.
    pub fn get_ref(&self) -> &T {
        &self.fd.inner
    }
}
