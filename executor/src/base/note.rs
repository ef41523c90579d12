//! A one-shot sleep and wake-up of one thread, after Go's `note`.
//!
//! States: EMPTY, SLEEPING, NOTIFIED. The sleeper moves EMPTY -> SLEEPING under the lock and
//! NOTIFIED -> EMPTY when it leaves; a waker moves anything -> NOTIFIED. No wake-up is lost: a
//! waker that comes first leaves NOTIFIED behind, one that comes later finds SLEEPING and passes
//! through the lock, which the sleeper gives up only inside `Condvar::wait`.

use super::atomic::{AtomicU32, Ordering, glance, order};
#[cfg(gort_loom)]
use loom::sync::{Condvar, Mutex};
#[cfg(not(gort_loom))]
use std::sync::{Condvar, Mutex};
#[cfg(not(gort_loom))]
use std::time::Instant;

const EMPTY: u32 = 0;
const SLEEPING: u32 = 1;
const NOTIFIED: u32 = 2;

/// Where one thread sleeps until another says so. A wake-up is remembered until it is slept off.
#[derive(Debug)]
pub(crate) struct Note {
    state: AtomicU32,
    lock: Mutex<()>,
    awake: Condvar,
}

impl Note {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU32::new(EMPTY),
            lock: Mutex::new(()),
            awake: Condvar::new(),
        }
    }

    /// Sleeps until [`Note::wake`] was called since the last return.
    pub(crate) fn sleep(&self) {
        if self.consume() {
            return;
        }
        let mut guard = self.lock.lock().unwrap_or_else(|e| e.into_inner());
        // Ordering: Relaxed, here and in the loop: `consume` orders what follows after the call,
        // and the lock orders this with the caller's notify.
        if self
            .state
            .compare_exchange(EMPTY, SLEEPING, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
        {
            // Ordering: Relaxed, as above.
            while self.state.load(Ordering::Relaxed) == SLEEPING {
                guard = self.awake.wait(guard).unwrap_or_else(|e| e.into_inner());
            }
        }
        drop(guard);
        self.consume();
    }

    /// Sleeps until [`Note::wake`] was called, or until `deadline`; tells whether it was woken.
    #[cfg(not(gort_loom))]
    pub(crate) fn sleep_until(&self, deadline: Instant) -> bool {
        if self.consume() {
            return true;
        }
        let mut guard = self.lock.lock().unwrap_or_else(|e| e.into_inner());
        // Ordering: as in `sleep`.
        if self
            .state
            .compare_exchange(EMPTY, SLEEPING, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
        {
            // Ordering: Relaxed, as in `sleep`.
            while self.state.load(Ordering::Relaxed) == SLEEPING {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    // Nobody can notify between this and the next sleep without leaving NOTIFIED.
                    // Ordering: Relaxed, as in `sleep`.
                    let _ = self.state.compare_exchange(
                        SLEEPING,
                        EMPTY,
                        Ordering::Relaxed,
                        Ordering::Relaxed,
                    );
                    break;
                }
                guard = self
                    .awake
                    .wait_timeout(guard, left)
                    .unwrap_or_else(|e| e.into_inner())
                    .0;
            }
        }
        drop(guard);
        self.consume()
    }

    /// Ends the sleep of the thread, now or when it next tries to sleep.
    pub(crate) fn wake(&self) {
        // Ordering: Release publishes the waker's writes to `consume`; Acquire is not needed.
        let before = self
            .state
            .swap(NOTIFIED, order("note.wake", Ordering::Release));
        if before == SLEEPING {
            drop(self.lock.lock().unwrap_or_else(|e| e.into_inner()));
            self.awake.notify_one();
        }
    }

    /// Takes the notification, if there is one.
    fn consume(&self) -> bool {
        // Ordering: Acquire pairs with the Release swap in `wake`.
        glance(|| self.state.load(Ordering::Relaxed) == NOTIFIED)
            && self
                .state
                .swap(EMPTY, order("note.consume", Ordering::Acquire))
                == NOTIFIED
    }
}
