//! One registered fd.

use crate::base::slice;
use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::Selector;
use super::poller::Netpoll;
use super::readiness::{Closed, Direction, Look, Readiness, Spent, Tick};

/// The registration of an fd, which ends when this is dropped.
pub(crate) struct PollDesc {
    netpoll: Arc<Netpoll>,
    index: u32,
    fd: RawFd,
}

impl PollDesc {
    /// Whether a read or write that moved less than asked may call [`PollDesc::clear`] with
    /// [`Spent::Drained`].
    pub(crate) const SHORT_MEANS_DRAINED: bool = Selector::SHORT_MEANS_DRAINED;

    pub(super) fn new(netpoll: Arc<Netpoll>, index: u32, fd: RawFd) -> Self {
        Self { netpoll, index, fd }
    }

    /// Whether a system call may succeed; the tick is for [`PollDesc::clear`] after it.
    ///
    /// # Errors
    /// The fd has been closed, by [`PollDesc::close`] or with its runtime.
    pub(crate) fn look(&self, direction: Direction) -> io::Result<Option<Tick>> {
        match self.state().look(direction) {
            Look::Ready(tick) => Ok(Some(tick)),
            Look::NotReady => Ok(None),
            Look::Closed(why) => Err(closed_error(why)),
        }
    }

    /// Tells that a system call has used the readiness up, unless an event came after `tick`.
    pub(crate) fn clear(&self, direction: Direction, tick: Tick, spent: Spent) {
        self.state().clear(direction, tick, spent);
    }

    /// Waits in the slot of the direction, which has room for one task: whoever comes later wakes
    /// the one that was there.
    ///
    /// # Errors
    /// As [`PollDesc::look`].
    pub(crate) fn poll_ready(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Tick>> {
        if slice::is_over(cx) {
            return Poll::Pending;
        }
        if let Some(tick) = self.look(direction)? {
            return Poll::Ready(Ok(tick));
        }
        let look = self
            .state()
            .park_slot(direction, cx.waker(), self.netpoll.wait_count());
        self.parked(look)
    }

    /// A place in the queue of the direction, for as many tasks as like.
    pub(crate) fn wait(&self, direction: Direction) -> Wait<'_> {
        Wait {
            desc: self,
            direction,
            id: None,
        }
    }

    /// Ends all I/O on the fd: who waits is woken, and finds an error as all later callers do.
    pub(crate) fn close(&self) {
        self.state()
            .close(Closed::ByUser, self.netpoll.wait_count());
    }

    /// Wakes everybody who waits for the direction, so that they look again.
    pub(crate) fn rouse(&self, direction: Direction) {
        self.state().rouse(direction, self.netpoll.wait_count());
    }

    fn state(&self) -> &Readiness {
        self.netpoll.state(self.index)
    }

    fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: who registered the fd has promised to keep it open for as long as `self` lives.
        unsafe { BorrowedFd::borrow_raw(self.fd) }
    }

    fn parked(&self, look: Look) -> Poll<io::Result<Tick>> {
        match look {
            Look::Ready(tick) => Poll::Ready(Ok(tick)),
            Look::Closed(why) => Poll::Ready(Err(closed_error(why))),
            Look::NotReady => {
                self.netpoll.arm(self.index, self.state().generation())?;
                Poll::Pending
            }
        }
    }

    fn poll_queue(
        &self,
        direction: Direction,
        id: &mut Option<u64>,
        waker: &Waker,
    ) -> Poll<io::Result<Tick>> {
        if let Some(tick) = self.look(direction)? {
            return Poll::Ready(Ok(tick));
        }
        let look = self
            .state()
            .park_queue(direction, id, waker, self.netpoll.wait_count());
        self.parked(look)
    }
}

impl Drop for PollDesc {
    fn drop(&mut self) {
        self.netpoll.deregister(self.index, self.fd());
    }
}

impl fmt::Debug for PollDesc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollDesc")
            .field("fd", &self.fd)
            .field("state", self.state())
            .finish()
    }
}

/// Waits until the direction is ready; first come, first woken. It may be polled again after that,
/// and keeps its place. Dropping it hands an unused turn to the next.
#[derive(Debug)]
pub(crate) struct Wait<'a> {
    desc: &'a PollDesc,
    direction: Direction,
    id: Option<u64>,
}

impl Future for Wait<'_> {
    type Output = io::Result<Tick>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if slice::is_over(cx) {
            return Poll::Pending;
        }
        let this = &mut *self;
        let tick = ready!(
            this.desc
                .poll_queue(this.direction, &mut this.id, cx.waker())
        )?;
        Poll::Ready(Ok(tick))
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.desc
                .state()
                .leave(self.direction, id, self.desc.netpoll.wait_count());
        }
    }
}

/// What I/O on a closed fd returns.
pub(super) fn closed_error(why: Closed) -> io::Error {
    match why {
        Closed::ByUser => io::Error::new(
            io::ErrorKind::NotConnected,
            "use of closed network connection",
        ),
        Closed::WithRuntime => io::Error::other("the runtime of this socket has been shut down"),
    }
}
