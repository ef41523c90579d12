//! Everywhere else: waits through `polling`.
//!
//! Where the kernel has edges (epoll, kqueue) an fd is registered once, as on the fast path.
//! Where it has not (event ports, `poll`), a registration is spent by its first event, and every
//! parking task arms it again for the directions somebody waits for.
//!
//! A short read says nothing here: `polling` does not tell an end of stream from data, so only a
//! call that would block clears readiness.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use polling::PollMode;

use super::poller::{EVENTS_PER_WAIT, PollTimeout};
use super::readiness::Event;
use super::slots::Key;
use crate::base::clock;

/// The kernel's side of the netpoller.
#[derive(Debug)]
pub(super) struct Portable {
    poller: polling::Poller,
    mode: PollMode,
}

/// Events of one wait.
pub(super) struct Events {
    fetched: polling::Events,
    list: Vec<(Key, Event)>,
    next: usize,
}

impl Portable {
    /// See the module's documentation.
    pub(super) const SHORT_MEANS_DRAINED: bool = false;

    pub(super) fn new() -> io::Result<Self> {
        let poller = polling::Poller::new()?;
        let mode = if poller.supports_edge() {
            PollMode::Edge
        } else {
            PollMode::Oneshot
        };
        Ok(Self { poller, mode })
    }

    /// As on a system without edges.
    #[cfg(test)]
    pub(super) fn oneshot() -> io::Result<Self> {
        Ok(Self {
            poller: polling::Poller::new()?,
            mode: PollMode::Oneshot,
        })
    }

    /// Registers an fd, for both directions unless each wait must be armed.
    pub(super) fn add(&self, fd: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        let interest = match self.mode {
            PollMode::Oneshot => polling::Event::none(key.to_usize()),
            _ => polling::Event::all(key.to_usize()),
        };
        // SAFETY: the netpoller deletes the fd before it is closed; `Netpoll::register` asks its
        // caller for that.
        unsafe {
            self.poller
                .add_with_mode(fd.as_raw_fd(), interest, self.mode)
        }
    }

    pub(super) fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.poller.delete(fd)
    }

    /// Whether each wait must be armed.
    pub(super) fn is_oneshot(&self) -> bool {
        self.mode == PollMode::Oneshot
    }

    /// Arms one wait, for reading and for writing.
    pub(super) fn arm(
        &self,
        fd: BorrowedFd<'_>,
        key: Key,
        (read, write): (bool, bool),
    ) -> io::Result<()> {
        let interest = polling::Event::new(key.to_usize(), read, write);
        self.poller.modify_with_mode(fd, interest, self.mode)
    }

    /// Ends a wait of the poller, now or when it next waits.
    pub(super) fn notify(&self) {
        // It fails only if the kernel has no memory for one event; the poller then finds the flag
        // that our caller has set when it next waits.
        let _ = self.poller.notify();
    }

    /// Fetches events, of which `events` must have none left. `polling` waits on after a signal.
    pub(super) fn wait(&self, events: &mut Events, timeout: PollTimeout) -> io::Result<()> {
        events.clear();
        let timeout = match timeout {
            PollTimeout::NoWait => Some(Duration::ZERO),
            PollTimeout::Until(at) => Some(Duration::from_nanos(at.saturating_sub(clock::now()))),
            PollTimeout::Forever => None,
        };
        self.poller.wait(&mut events.fetched, timeout)?;
        events.list.extend(events.fetched.iter().map(|event| {
            let keep = event.is_interrupt() || event.is_err().unwrap_or(false);
            (
                Key::from_usize(event.key),
                Event::new(event.readable, event.writable, keep),
            )
        }));
        Ok(())
    }
}

impl Events {
    pub(super) fn new() -> Self {
        let capacity = NonZeroUsize::new(EVENTS_PER_WAIT).unwrap_or(NonZeroUsize::MIN);
        let fetched = polling::Events::with_capacity(capacity);
        Self {
            fetched,
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
        let event = self.list.get(self.next).copied();
        self.next += usize::from(event.is_some());
        event
    }

    fn clear(&mut self) {
        self.fetched.clear();
        self.list.clear();
        self.next = 0;
    }
}
