//! The word by which sysmon tells an M that its permit was retaken.
//!
//! It is a hint: what decides is the permit's holder. Sysmon retakes the permit and then tells; the
//! M hears it, forgets the word, and asks the permit. So a word that comes late, when the M has
//! another permit already, does no harm; and one that comes between the forgetting and the asking
//! is there for the next time.

use crate::base::atomic::{AtomicBool, Ordering, order};

/// Whether an M was told.
#[derive(Debug)]
pub(super) struct Told(AtomicBool);

impl Told {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Whether there is something to ask; the M looks after each poll.
    #[inline]
    pub(super) fn is_set(&self) -> bool {
        // Ordering: Relaxed, a hint; `forget` orders what follows.
        self.0.load(Ordering::Relaxed)
    }

    /// The permit was retaken; sysmon says so after the fact.
    pub(super) fn set(&self) {
        // Ordering: Release pairs with the Acquire in `forget`: who has heard finds it so.
        self.0.store(true, order("told.set", Ordering::Release));
    }

    /// The M has heard and is about to ask its permit.
    pub(super) fn forget(&self) {
        // Ordering: Acquire pairs with the Release in `set`: of a word that is forgotten here the
        // permit knows.
        self.0.swap(false, order("told.forget", Ordering::Acquire));
    }
}
