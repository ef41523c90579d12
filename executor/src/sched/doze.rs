//! Where sysmon sleeps: for a pause, or until there is something to look after.
//!
//! The long sleep is announced, then a fence, then sysmon looks once more whether all permits are
//! free; who takes a permit does so, then a fence, then looks whether sysmon sleeps. Whichever
//! fence comes first, either sysmon sees the permit or its taker sees that it sleeps.

use crate::base::atomic::{AtomicBool, Ordering, fence_at, glance};
use crate::base::note::Note;
#[cfg(not(gort_loom))]
use std::time::Instant;

/// The bed of one thread.
#[derive(Debug)]
pub(super) struct Doze {
    /// Whether it sleeps the long sleep. Set by the thread, cleared by it and by who rouses it.
    asleep: AtomicBool,
    note: Note,
}

impl Doze {
    pub(super) fn new() -> Self {
        Self {
            asleep: AtomicBool::new(false),
            note: Note::new(),
        }
    }

    /// Sleeps until `until`, or [`Doze::end`].
    #[cfg(not(gort_loom))]
    pub(super) fn pause(&self, until: Instant) {
        self.note.sleep_until(until);
    }

    /// Sleeps until it is roused or ended, if `may_sleep` says so after the announcement.
    pub(super) fn sleep(&self, may_sleep: impl FnOnce() -> bool) {
        // Ordering: Relaxed; the fence orders it before the look.
        self.asleep.store(true, Ordering::Relaxed);
        // Ordering: SeqCst fence; its partner is in `rouse`.
        fence_at("doze.sleep", Ordering::SeqCst);
        if may_sleep() {
            self.note.sleep();
        }
        // Ordering: Relaxed; only this thread sets it.
        self.asleep.store(false, Ordering::Relaxed);
    }

    /// There is something to look after: ends the long sleep.
    #[inline]
    pub(super) fn rouse(&self) {
        // Ordering: SeqCst fence, between what there is and the look; its partner is in `sleep`.
        fence_at("doze.rouse", Ordering::SeqCst);
        // Ordering: Relaxed, both, after the fence; the note orders what follows.
        if glance(|| self.asleep.load(Ordering::Relaxed))
            && self.asleep.swap(false, Ordering::Relaxed)
        {
            self.note.wake();
        }
    }

    /// Ends its pause or its sleep, or the next one.
    pub(super) fn end(&self) {
        self.note.wake();
    }
}
