//! Linux: one system call per wait.
//!
//! The epoll instance belongs to a `polling::Poller`, which also deletes. Waiting goes straight to
//! the kernel: `polling` makes five system calls per wait (it arms a timerfd and its notifier each
//! time), this makes one. Adding goes straight to the kernel too, for one flag that `polling`
//! cannot ask for: RDHUP. Without it a short read could not be told to be the last: the end of the
//! stream may have come in the same event, and clearing readiness would then hide it for ever.
//!
//! # Waking
//!
//! An eventfd of our own, registered edge-triggered: each write of it is an event, whatever its
//! counter says, so nobody ever reads it. (The counter would take half a million years of writes to
//! overflow.) The notifier of `polling` is never used here; it sits in the instance and keeps
//! still.
//!
//! # Time
//!
//! `epoll_wait` counts whole milliseconds, and `epoll_pwait2` (Linux 5.11) cannot be had from
//! `rustix` with a fallback for older kernels. So the last part of a timed wait, below two
//! milliseconds, is a `ppoll` of the epoll fd, which counts nanoseconds, and then an `epoll_wait`
//! that does not wait. A longer wait starts with a plain `epoll_wait` of whole milliseconds: on a
//! busy server with timers far ahead an event ends it, and it stays at one system call.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, epoll, eventfd, poll};
use rustix::io::Errno;

use super::poller::{EVENTS_PER_WAIT, PollTimeout};
use super::readiness::Event;
use super::slots::Key;
use crate::base::clock;

const NANOS_PER_MS: u64 = 1_000_000;
const NANOS_PER_SEC: u64 = 1_000_000_000;
/// A wait of at least this many nanoseconds starts with whole milliseconds.
const COARSE: u64 = 2 * NANOS_PER_MS;
/// The key of the eventfd, and of what `polling` keeps in the instance.
const OWN_KEY: usize = usize::MAX;

const READABLE: epoll::EventFlags = epoll::EventFlags::IN.union(KEEP);
const WRITABLE: epoll::EventFlags = epoll::EventFlags::OUT
    .union(epoll::EventFlags::HUP)
    .union(epoll::EventFlags::ERR);
/// What a short read does not use up.
const KEEP: epoll::EventFlags = epoll::EventFlags::RDHUP
    .union(epoll::EventFlags::HUP)
    .union(epoll::EventFlags::ERR)
    .union(epoll::EventFlags::PRI);

/// The kernel's side of the netpoller.
#[derive(Debug)]
pub(super) struct Epoll {
    poller: polling::Poller,
    wake: OwnedFd,
}

/// Events of one wait.
pub(super) struct Events {
    list: Vec<epoll::Event>,
    next: usize,
}

// SAFETY: only the pointer that an event's data could hold keeps it from being `Send`; ours are
// keys, and nobody reads them as pointers.
unsafe impl Send for Events {}

impl Epoll {
    /// Whether a read or write that moved less than asked has used up the readiness, as it has
    /// where every further arrival is an event and the end of a stream is marked.
    pub(super) const SHORT_MEANS_DRAINED: bool = true;

    pub(super) fn new() -> io::Result<Self> {
        let poller = polling::Poller::new()?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let data = epoll::EventData::new_u64(OWN_KEY as u64);
        epoll::add(
            &poller,
            &wake,
            data,
            epoll::EventFlags::IN | epoll::EventFlags::ET,
        )?;
        Ok(Self { poller, wake })
    }

    /// Registers an fd for both directions.
    pub(super) fn add(&self, fd: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        let data = epoll::EventData::new_u64(key.to_usize() as u64);
        let flags = READABLE | WRITABLE | epoll::EventFlags::ET;
        Ok(epoll::add(&self.poller, fd, data, flags)?)
    }

    pub(super) fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.poller.delete(fd)
    }

    /// Whether each wait must be armed: never.
    pub(super) const fn is_oneshot(&self) -> bool {
        false
    }

    /// Arms one wait.
    pub(super) fn arm(&self, _: BorrowedFd<'_>, _: Key, _: (bool, bool)) -> io::Result<()> {
        Ok(())
    }

    /// Ends a wait of the poller, now or when it next waits.
    pub(super) fn notify(&self) {
        // It can only fail if the counter is full, and then there is an event already.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    /// Fetches events, of which `events` must have none left. A signal ends the wait early.
    pub(super) fn wait(&self, events: &mut Events, timeout: PollTimeout) -> io::Result<()> {
        match timeout {
            PollTimeout::NoWait => self.fetch(events, Some(0)),
            PollTimeout::Forever => self.fetch(events, None),
            PollTimeout::Until(at) => {
                let left = at.saturating_sub(clock::now());
                if left >= COARSE {
                    self.fetch(events, Some(left / NANOS_PER_MS))?;
                    if !events.list.is_empty() {
                        return Ok(());
                    }
                }
                self.wait_precisely(events, at.saturating_sub(clock::now()))
            }
        }
    }

    fn wait_precisely(&self, events: &mut Events, nanos: u64) -> io::Result<()> {
        if nanos > 0 {
            let mut epoll = [PollFd::new(&self.poller, PollFlags::IN)];
            match poll(&mut epoll, Some(&timespec(nanos))) {
                Ok(0) | Err(Errno::INTR) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.fetch(events, Some(0))
    }

    fn fetch(&self, events: &mut Events, timeout_ms: Option<u64>) -> io::Result<()> {
        events.list.clear();
        events.next = 0;
        let timeout = timeout_ms.map(|ms| timespec(ms.min(i32::MAX as u64) * NANOS_PER_MS));
        match epoll::wait(
            &self.poller,
            spare_capacity(&mut events.list),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Events {
    pub(super) fn new() -> Self {
        Self {
            list: Vec::with_capacity(EVENTS_PER_WAIT),
            next: 0,
        }
    }

    /// Whether some are left.
    pub(super) fn is_empty(&self) -> bool {
        self.next == self.list.len()
    }

    /// The next event about an fd.
    pub(super) fn next(&mut self) -> Option<(Key, Event)> {
        loop {
            let event = self.list.get(self.next)?;
            self.next += 1;
            let (key, flags) = (event.data.u64() as usize, event.flags);
            if key != OWN_KEY {
                let readable = flags.intersects(READABLE);
                let writable = flags.intersects(WRITABLE);
                return Some((
                    Key::from_usize(key),
                    Event::new(readable, writable, flags.intersects(KEEP)),
                ));
            }
        }
    }
}

fn timespec(nanos: u64) -> Timespec {
    Timespec {
        tv_sec: (nanos / NANOS_PER_SEC) as _,
        tv_nsec: (nanos % NANOS_PER_SEC) as _,
    }
}
