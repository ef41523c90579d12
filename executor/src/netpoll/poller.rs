//! The netpoller of one runtime, and the role of its poller.
//!
//! # The role
//!
//! One thread at a time may wait for events. [`Netpoll::try_acquire`] gives it a [`Poller`], the
//! witness of the role; dropping that gives the role up. Behind it is a lock that nobody ever waits
//! for, and which owns what only the poller may touch: the events it has fetched. Events that do
//! not fit into the caller's list stay there and are the next call's first.
//!
//! # Waking the poller
//!
//! `wake` sets a flag and, if it was clear, makes one event for the poller to return on. A poller
//! that may block takes the flag before and after it does; a look that does not block leaves the
//! flag alone, though it may swallow the event: the next blocking call finds the flag and does not
//! block. So a wake-up ends the blocking call in progress, or else the next one, and what was
//! written before `wake` is seen after that call returns.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;

use super::poll_desc::PollDesc;
use super::readiness::{Closed, Event, Readiness, WAKERS_PER_EVENT, WaitCount};
use super::slots::{Key, Slots};
use super::{Selector, wake_flag::WakeFlag};
use crate::base::clock::Nanos;
use crate::base::lock::{Mutex, MutexGuard};
use crate::base::wake_list::{WAKE_LIST_MAX, WakeList};

#[cfg(all(target_os = "linux", not(feature = "portable-poll")))]
use super::epoll::Events;
#[cfg(any(not(target_os = "linux"), feature = "portable-poll"))]
use super::portable::Events;

/// Events fetched by one system call: about as many as a wake list takes wakers.
pub(super) const EVENTS_PER_WAIT: usize = WAKE_LIST_MAX;

/// How long a poll may wait for the first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PollTimeout {
    /// Look, do not wait.
    NoWait,
    /// Wait until this moment.
    Until(Nanos),
    /// Wait until an event or [`Netpoll::wake`].
    Forever,
}

/// The netpoller of one runtime.
pub(crate) struct Netpoll {
    selector: Selector,
    slots: Slots,
    /// Set by `wake`, taken by blocking polls.
    woken: WakeFlag,
    /// The poller's own. Locked by `try_acquire` only, for as long as a thread is the poller.
    role: Mutex<Events>,
    waiting: WaitCount,
}

impl Netpoll {
    /// A netpoller without fds.
    ///
    /// # Errors
    /// Those of the system, most likely that there are too many open files.
    pub(crate) fn new() -> io::Result<Arc<Self>> {
        Ok(Self::with_selector(Selector::new()?))
    }

    pub(super) fn with_selector(selector: Selector) -> Arc<Self> {
        Arc::new(Self {
            selector,
            slots: Slots::new(),
            woken: WakeFlag::new(),
            role: Mutex::new(Events::new()),
            waiting: WaitCount::new(),
        })
    }

    /// Registers `fd`, which must be in non-blocking mode, for both directions.
    /// `presume_ready`: the first system call need not wait for an event.
    ///
    /// # Safety
    /// `fd` stays open until the returned [`PollDesc`] has been dropped.
    ///
    /// # Errors
    /// Those of the system (`EPERM` for what cannot be polled, such as a file on a disk), and one
    /// after [`Netpoll::close_all`].
    pub(crate) unsafe fn register(
        self: &Arc<Self>,
        fd: BorrowedFd<'_>,
        presume_ready: bool,
    ) -> io::Result<PollDesc> {
        let index = self.slots.take()?;
        let state = self.state(index);
        state.open(fd.as_raw_fd(), presume_ready);
        let key = Key::new(index, state.generation());
        if let Err(error) = self.selector.add(fd, key) {
            self.slots.give_back(index, &self.waiting);
            return Err(error);
        }
        Ok(PollDesc::new(Arc::clone(self), index, fd.as_raw_fd()))
    }

    /// Makes the caller the poller, unless another thread is.
    pub(crate) fn try_acquire(&self) -> Option<Poller<'_>> {
        Some(Poller {
            netpoll: self,
            events: self.role.try_lock()?,
        })
    }

    /// Ends the blocking poll in progress or, if there is none, the next one. Calls before the
    /// poller has seen the first are one.
    pub(crate) fn wake(&self) {
        if self.woken.set() {
            self.selector.notify();
        }
    }

    /// How many directions of fds somebody waits on, as a hint: while it is 0, nobody would be
    /// woken by a poll. A future that has been dropped may be counted until its fd has an event.
    pub(crate) fn waiters(&self) -> usize {
        self.waiting.get()
    }

    /// Ends all I/O: everybody who waits is woken and finds, as all later calls do, that the
    /// runtime has been shut down.
    pub(crate) fn close_all(&self) {
        for state in self.slots.close() {
            state.close(Closed::WithRuntime, &self.waiting);
        }
    }

    pub(super) fn state(&self, index: u32) -> &Readiness {
        self.slots
            .get(index)
            .expect("an index that was given out stays valid")
    }

    pub(super) fn wait_count(&self) -> &WaitCount {
        &self.waiting
    }

    /// Ends a registration. `fd` must still be open.
    pub(super) fn deregister(&self, index: u32, fd: BorrowedFd<'_>) {
        // Nothing can be done about an error, and none is known that would leave it registered.
        let _ = self.selector.delete(fd);
        self.slots.give_back(index, &self.waiting);
    }

    /// Where each wait must be armed: arms those of one fd, if it still is of `generation`.
    pub(super) fn arm(&self, index: u32, generation: u32) -> io::Result<()> {
        if !self.selector.is_oneshot() {
            return Ok(());
        }
        let key = Key::new(index, generation);
        // Under the state's lock, so that of two threads the later one arms for both.
        let armed = self
            .state(index)
            .with_interest(generation, |fd, read, write| {
                // SAFETY: `with_interest` keeps the owner of the fd from closing it meanwhile.
                let fd = unsafe { BorrowedFd::borrow_raw(fd) };
                self.selector.arm(fd, key, (read, write))
            });
        armed.unwrap_or(Ok(()))
    }
}

impl fmt::Debug for Netpoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netpoll")
            .field("waiters", &self.waiters())
            .finish_non_exhaustive()
    }
}

/// The right to wait for events. See the module's documentation.
pub(crate) struct Poller<'a> {
    netpoll: &'a Netpoll,
    events: MutexGuard<'a, Events>,
}

impl Poller<'_> {
    /// Waits for events and adds the wakers whose turn has come to `out`, which should be empty.
    /// Returns how many; 0 also for a signal, a wake-up and events that concern nobody.
    ///
    /// The caller wakes them, best after it has dropped the `Poller`.
    ///
    /// # Errors
    /// Those of the system; none is known to occur.
    pub(crate) fn poll(&mut self, timeout: PollTimeout, out: &mut WakeList) -> io::Result<usize> {
        let before = out.len();
        if self.events.is_empty() {
            self.fetch(timeout)?;
        }
        // Twice as much room as an event needs, since one that cannot be armed again is two.
        while WAKE_LIST_MAX - out.len() >= 2 * WAKERS_PER_EVENT {
            let Some((key, event)) = self.events.next() else {
                break;
            };
            self.dispatch(key, event, out);
        }
        Ok(out.len() - before)
    }

    fn fetch(&mut self, timeout: PollTimeout) -> io::Result<()> {
        let netpoll = self.netpoll;
        if timeout == PollTimeout::NoWait || netpoll.woken.take() {
            return netpoll.selector.wait(&mut self.events, PollTimeout::NoWait);
        }
        let waited = netpoll.selector.wait(&mut self.events, timeout);
        netpoll.woken.take();
        waited
    }

    fn dispatch(&self, key: Key, event: Event, out: &mut WakeList) {
        let netpoll = self.netpoll;
        let Some(state) = netpoll.slots.get(key.index()) else {
            return;
        };
        let generation = state.generation();
        if !key.is_of(generation) {
            return;
        }
        state.event(generation, event, &netpoll.waiting, out);
        if netpoll.arm(key.index(), generation).is_err() {
            // Whoever waits shall try, and see the error when it parks.
            state.event(
                generation,
                Event::new(true, true, false),
                &netpoll.waiting,
                out,
            );
        }
    }
}

impl fmt::Debug for Poller<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("netpoll", &self.netpoll)
            .finish_non_exhaustive()
    }
}
