//! Where a goroutine is at home: which runtime it belongs to and in whose registry it stands.

use super::Sched;
use super::g::Meta;
use super::registry::{Link, Registered, Registry};
use super::shutdown::Waited;
use std::ptr::NonNull;
use std::task::Waker;

/// One per P, and one for the goroutines spawned by threads without a P. A goroutine keeps the
/// home where it first waited, wherever it runs later.
#[derive(Debug)]
pub(crate) struct Home {
    /// The runtime this home is part of. Set when the runtime is built, before any goroutine.
    sched: NonNull<Sched>,
    waiting: Registry<Meta>,
}

// SAFETY: `sched` points to the runtime that owns the home and may be shared.
unsafe impl Send for Home {}
// SAFETY: as above.
unsafe impl Sync for Home {}

impl Registered for Meta {
    fn link(&self) -> &Link<Self> {
        &self.link
    }
}

impl Home {
    pub(super) fn new(sched: NonNull<Sched>) -> Self {
        Self {
            sched,
            waiting: Registry::new(),
        }
    }

    /// The runtime the home is part of.
    #[inline]
    pub(crate) fn sched(&self) -> &Sched {
        // SAFETY: the home is a part of the runtime, so while it can be borrowed the runtime is
        // there.
        unsafe { self.sched.as_ref() }
    }

    #[inline]
    pub(super) fn sched_ptr(&self) -> *const Sched {
        self.sched.as_ptr()
    }

    /// Adds a goroutine that waits for the first time, and which wakes through `waker`.
    pub(super) fn register(&self, meta: &Meta, waker: Waker) {
        // SAFETY: the record goes with its goroutine, whose `Root` unregisters it before; the waker
        // is the task's own.
        unsafe { self.waiting.insert(meta, waker) };
    }

    /// Takes a registered goroutine out, and gives the waker it was registered with.
    pub(super) fn unregister(&self, meta: &Meta) -> Option<Waker> {
        // SAFETY: `Root` registered it here and calls this once.
        unsafe { self.waiting.remove(meta) }
    }

    /// Wakers of up to `max` registered goroutines.
    pub(super) fn some_wakers(&self, max: usize) -> Vec<Waker> {
        self.waiting.some_wakers(max)
    }

    /// The records of up to `max` registered goroutines.
    pub(super) fn some_waited(&self, max: usize) -> Vec<Waited> {
        self.waiting.some(max, Waited::new)
    }
}
