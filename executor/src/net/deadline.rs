//! Deadlines of reading and of writing, as Go's `SetDeadline` has them.
//!
//! A deadline is a moment, not a duration: once it has passed, every operation fails until it is
//! set anew, pending ones included. Whoever sets one wakes those that wait, so that they look again
//! and wait with the new one.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use super::alarm::Alarm;
use crate::base::clock::{self, Nanos};
use crate::base::lock::Mutex;

const NEVER: Nanos = Nanos::MAX;

/// The deadline of one direction.
#[derive(Debug)]
pub(super) struct Deadline {
    /// For the look before each operation. Written with `instant`, read without its lock.
    nanos: AtomicU64,
    /// The same moment for the timer.
    instant: Mutex<Option<Instant>>,
    alarm: Alarm,
}

impl Deadline {
    pub(super) fn new() -> Self {
        Self {
            nanos: AtomicU64::new(NEVER),
            instant: Mutex::new(None),
            alarm: Alarm::new(),
        }
    }

    /// Sets it. The caller then wakes who waits: they parked before they looked at the deadline, so
    /// each either is woken or sees the new one.
    pub(super) fn set(&self, at: Option<Instant>) {
        let mut instant = self.instant.lock();
        *instant = at;
        // Ordering: under the lock; a reader that misses it has begun before it was set.
        self.nanos
            .store(at.map_or(NEVER, clock::nanos), Ordering::Relaxed);
    }

    /// Fails if it has passed.
    pub(super) fn check(&self) -> io::Result<()> {
        // Ordering: as in `set`.
        let at = self.nanos.load(Ordering::Relaxed);
        if at != NEVER && at <= clock::now() {
            Err(timeout())
        } else {
            Ok(())
        }
    }

    /// Waits until it passes. To be called after the task has parked for its I/O.
    pub(super) fn poll_passed(&self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let at = *self.instant.lock();
        match at {
            Some(at) => {
                ready!(self.alarm.poll_until(at, cx));
                Poll::Ready(timeout())
            }
            None => Poll::Pending,
        }
    }
}

/// Go's `os.ErrDeadlineExceeded`.
fn timeout() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "i/o timeout")
}
