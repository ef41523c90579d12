//! How the end of a child is noticed.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use futures::task::AtomicWaker;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::base::atomic::{AtomicBool, Ordering};
use crate::net::AsyncFd;

/// Tells of the end of one child.
#[derive(Debug)]
pub(super) enum Exit {
    /// Readable when it has ended.
    Fd(AsyncFd<OwnedFd>),
    /// A thread waits for it; `None` until somebody asks.
    Thread(Pid, Option<Arc<Ended>>),
}

impl Exit {
    /// Of the child with this number, by a pidfd if the system has one for us.
    pub(super) fn of(pid: Pid) -> Self {
        match pidfd(pid) {
            Some(fd) => Self::Fd(fd),
            None => Self::Thread(pid, None),
        }
    }

    /// The status of `child`, when it has ended.
    pub(super) fn poll_status(
        &mut self,
        cx: &mut Context<'_>,
        child: &mut Child,
    ) -> Poll<io::Result<ExitStatus>> {
        match self {
            Self::Fd(fd) => poll_fd(fd, cx, child),
            Self::Thread(pid, ended) => {
                let ended = match ended {
                    Some(ended) => ended,
                    None => ended.insert(Ended::watch(*pid)?),
                };
                match ended.poll(cx) {
                    Poll::Ready(()) => Poll::Ready(child.wait()),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

/// The status of `child`, when its fd is readable.
pub(super) fn poll_fd(
    fd: &AsyncFd<OwnedFd>,
    cx: &mut Context<'_>,
    child: &mut Child,
) -> Poll<io::Result<ExitStatus>> {
    fd.poll_read_with(cx, |_| {
        let status = child.try_wait()?;
        status.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    })
}

/// An error (no such call, none left, no runtime that polls it) is no reason not to have the child.
#[cfg(all(target_os = "linux", not(feature = "portable-poll")))]
fn pidfd(pid: Pid) -> Option<AsyncFd<OwnedFd>> {
    let fd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()?;
    AsyncFd::from_nonblocking(fd, true).ok()
}

#[cfg(not(all(target_os = "linux", not(feature = "portable-poll"))))]
fn pidfd(_: Pid) -> Option<AsyncFd<OwnedFd>> {
    None
}

/// What the thread that waits for a child tells.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// Set by the thread, once; read by whoever waits.
    is_over: AtomicBool,
    /// Whoever waits.
    waker: AtomicWaker,
}

impl Ended {
    /// Starts the thread.
    fn watch(pid: Pid) -> io::Result<Arc<Self>> {
        let ended = Arc::new(Self::default());
        let told = Arc::clone(&ended);
        thread::Builder::new()
            .name("gort-wait".to_owned())
            .spawn(move || {
                wait_for_end(pid);
                // Ordering: Release pairs with the Acquire in `poll`.
                told.is_over.store(true, Ordering::Release);
                told.waker.wake();
            })?;
        Ok(ended)
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        // Ordering: Acquire pairs with the Release of the thread, which wakes after it.
        if self.is_over.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// Blocks until the child has ended, and leaves its status to whoever asks. Returns too if there is
/// no such child.
pub(super) fn wait_for_end(pid: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let _ = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(pid), options));
}
