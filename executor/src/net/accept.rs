//! Accepting, and surviving what can go wrong with it.
//!
//! A connection that broke while it waited in the backlog is skipped. When the process or the
//! system has run out of files, the connection stays in the backlog; accept pauses, 5 ms at first,
//! then twice as long each time up to 1 s, and tries again, as Go's `net/http` server does. So a
//! server lives through a flood, without an error that its loop must know about.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::SocketAddrAny;

use super::alarm::Alarm;
use super::async_fd::AsyncFd;
use crate::base::lock::Mutex;
use crate::netpoll::Direction;

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// One connection, and its peer's address if the system tells.
pub(super) type Accepted = (OwnedFd, Option<SocketAddrAny>);

/// A listening socket.
#[derive(Debug)]
pub(super) struct Acceptor<L: AsFd> {
    io: AsyncFd<L>,
    /// Pauses in a row, of all that accept: they run out of the same files. Written by whoever
    /// accepts, well or ill; a hint, nothing hangs on its order.
    pauses: AtomicU32,
    /// When the pause of `poll_accept` ends, while there is one. Its own.
    pause_end: Mutex<Option<Instant>>,
    alarm: Alarm,
}

impl<L: AsFd> Acceptor<L> {
    /// `listener` must be in non-blocking mode.
    pub(super) fn new(listener: L) -> io::Result<Self> {
        let io = AsyncFd::from_nonblocking(listener, true)?;
        Ok(Self {
            io,
            pauses: AtomicU32::new(0),
            pause_end: Mutex::new(None),
            alarm: Alarm::new(),
        })
    }

    pub(super) fn listener(&self) -> &L {
        self.io.get_ref()
    }

    pub(super) fn into_listener(self) -> L {
        self.io.into_inner()
    }

    /// Accepts one connection; several tasks may.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        loop {
            match self.io.io(Direction::Read, accept_now).await {
                Err(error) if is_exhausted(&error) => {
                    crate::time::sleep(self.next_pause()).await;
                }
                done => {
                    self.end_pauses();
                    return done;
                }
            }
        }
    }

    /// Accepts one connection; for one task at a time.
    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        loop {
            let pause_end = *self.pause_end.lock();
            if let Some(at) = pause_end {
                ready!(self.alarm.poll_until(at, cx));
                *self.pause_end.lock() = None;
            }
            match ready!(self.io.poll_read_with(cx, accept_now)) {
                Err(error) if is_exhausted(&error) => {
                    *self.pause_end.lock() = Some(Instant::now() + self.next_pause());
                }
                done => {
                    self.end_pauses();
                    return Poll::Ready(done);
                }
            }
        }
    }

    /// Accepts nothing any more. Who waits gets "use of closed network connection".
    pub(super) fn close(&self) {
        self.io.close();
        // On Linux this refuses new connections although the fd lives on; elsewhere it may fail.
        let _ = rustix::net::shutdown(&self.io, rustix::net::Shutdown::Both);
    }

    fn next_pause(&self) -> Duration {
        // Ordering: hint only.
        let before = self.pauses.fetch_add(1, Ordering::Relaxed).min(8);
        (FIRST_PAUSE * 2_u32.pow(before)).min(LONGEST_PAUSE)
    }

    fn end_pauses(&self) {
        // Ordering: hint only. The load keeps the line unwritten in the common case.
        if self.pauses.load(Ordering::Relaxed) != 0 {
            self.pauses.store(0, Ordering::Relaxed);
        }
    }
}

/// Takes one connection out of the backlog, skipping broken ones.
fn accept_now(listener: &impl AsFd) -> io::Result<Accepted> {
    loop {
        match accept_nonblocking(listener) {
            Err(Errno::CONNABORTED | Errno::PROTO | Errno::INTR) => {}
            // Linux hands out errors of the network that happened to the new connection.
            #[cfg(target_os = "linux")]
            Err(
                Errno::NETDOWN
                | Errno::NOPROTOOPT
                | Errno::HOSTDOWN
                | Errno::NONET
                | Errno::HOSTUNREACH
                | Errno::OPNOTSUPP
                | Errno::NETUNREACH,
            ) => {}
            done => return Ok(done?),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn accept_nonblocking(listener: &impl AsFd) -> Result<Accepted, Errno> {
    use rustix::net::SocketFlags;
    rustix::net::acceptfrom_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn accept_nonblocking(listener: &impl AsFd) -> Result<Accepted, Errno> {
    let (fd, addr) = rustix::net::acceptfrom(listener)?;
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&fd, true)?;
    Ok((fd, addr))
}

/// Whether files or memory have run out, which may pass.
fn is_exhausted(error: &io::Error) -> bool {
    let of_system = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(
        of_system,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}
