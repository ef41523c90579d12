//! Whether somebody wants the poller to return.

use crate::base::atomic::{AtomicBool, Ordering, order};

/// Set by any thread, taken by the poller. Many settings before a taking are one.
#[derive(Debug)]
pub(super) struct WakeFlag(AtomicBool);

impl WakeFlag {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Sets the flag; `true` if it was clear, so that the caller must make an event.
    pub(super) fn set(&self) -> bool {
        // Ordering: Release pairs with the Acquire of `take`: the poller sees what came before the
        // wake-up. A swap, because a setter that finds the flag set leaves its part to be published
        // through it as well.
        !self.0.swap(true, order("netpoll.wake", Ordering::Release))
    }

    /// Clears the flag; `true` if it was set.
    pub(super) fn take(&self) -> bool {
        // Ordering: the load is a hint (a setter that comes later makes an event); Acquire pairs
        // with the Release of `set`.
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Acquire)
    }
}
