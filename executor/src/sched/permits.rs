//! The right to run goroutines: one of `procs` permits.
//!
//! Go hands whole Ps from thread to thread. Here a P's storage stays with its thread and only the
//! permit moves: a holder word and the timers that belong to it. So no storage ever has two owners.
//! An M without a permit readies goroutines into the global queue.
//!
//! A permit is also a lock: whoever takes it sees what its last holder did.
//!
//! Generic over what holds a permit and over the timers, so that the models in `loom.rs` need no
//! thread of a runtime.

use crate::base::atomic::{AtomicPtr, AtomicU32, Ordering, glance, order};
use std::ptr;

/// The number of a permit, below `procs`.
pub(super) type PermitId = u32;

/// All permits of a runtime. `H` is the storage of a holder, a P; it outlives the permits.
#[derive(Debug)]
pub(super) struct Permits<H, W> {
    all: Box<[Permit<H, W>]>,
    /// How many holders are null, or about to be. Raised before the holder is cleared and lowered
    /// after it was set, so it may be too high for a moment and never too low: a submitter that
    /// reads 0 knows that every permit is held, and whoever holds one looks at all queues after
    /// giving it up.
    free: AtomicU32,
}

/// One permit. On a line of its own: thieves read it while its holder works elsewhere.
#[derive(Debug)]
#[repr(align(128))]
struct Permit<H, W> {
    /// The P that runs under this permit; null while it is free, [`seat`] while a thread without
    /// a P (that of a `block_on`) has it. Set by the thread that takes the permit, cleared by it.
    holder: AtomicPtr<H>,
    /// The timers of the goroutines that set them under this permit.
    wheel: W,
}

/// The holder word of a thread without a P. Never followed.
fn seat<H>() -> *mut H {
    ptr::without_provenance_mut(align_of::<H>())
}

impl<H, W> Permits<H, W> {
    pub(super) fn new(procs: u32, wheel: impl Fn() -> W) -> Self {
        let permit = |_| Permit {
            holder: AtomicPtr::new(ptr::null_mut()),
            wheel: wheel(),
        };
        Self {
            all: (0..procs).map(permit).collect(),
            free: AtomicU32::new(procs),
        }
    }

    /// How many there are: Go's GOMAXPROCS.
    pub(super) fn procs(&self) -> u32 {
        self.all.len() as u32
    }

    /// Whether a permit may be free; a hint that is never too low.
    #[inline]
    pub(super) fn any_free(&self) -> bool {
        // Ordering: Relaxed; the caller's fence orders it after its push (see `Idle`).
        self.free.load(Ordering::Relaxed) != 0
    }

    /// Whether no permit is held.
    pub(super) fn all_free(&self) -> bool {
        // Ordering: Relaxed, as in `any_free`.
        self.free.load(Ordering::Relaxed) == self.procs()
    }

    /// Takes a free permit for `p` (or for a thread without one), the one called `wanted` if it
    /// can.
    pub(super) fn acquire(&self, p: Option<&H>, wanted: PermitId) -> Option<PermitId> {
        if !self.any_free() {
            return None;
        }
        let holder = p.map_or_else(seat, |p| ptr::from_ref(p).cast_mut());
        let others = (0..self.procs()).filter(|id| *id != wanted);
        let taken = std::iter::once(wanted).chain(others).find(|id| {
            let word = &self.all[*id as usize].holder;
            // Ordering: Acquire pairs with the Release in `release`; Release shows thieves our P's
            // contents, and pairs with the Acquire in `running`.
            let taken = order("permits.acquire", Ordering::AcqRel);
            glance(|| word.load(Ordering::Relaxed).is_null())
                && word
                    .compare_exchange(ptr::null_mut(), holder, taken, Ordering::Relaxed)
                    .is_ok()
        })?;
        // Ordering: Relaxed; see `free`.
        self.free.fetch_sub(1, Ordering::Relaxed);
        Some(taken)
    }

    /// Gives a permit up. The caller then looks at all queues, after a fence (see `Idle`).
    pub(super) fn release(&self, id: PermitId) {
        // Ordering: Relaxed; see `free`. The caller's fence follows.
        self.free.fetch_add(1, Ordering::Relaxed);
        // Ordering: Release pairs with the Acquire in `acquire`.
        let given_up = order("permits.release", Ordering::Release);
        self.all[id as usize]
            .holder
            .store(ptr::null_mut(), given_up);
    }

    /// Marks a permit that is held as that of a thread without a P.
    pub(super) fn pass(&self, id: PermitId) {
        // Ordering: Relaxed, for thieves only; the thread gets the permit through `Seat::passed`.
        self.all[id as usize]
            .holder
            .store(seat(), Ordering::Relaxed);
    }

    /// The P that runs under permit `id`, if one does.
    pub(super) fn running(&self, id: PermitId) -> Option<&H> {
        // Ordering: Acquire pairs with the Release in `acquire`.
        let seen = order("permits.running", Ordering::Acquire);
        let holder = self.all[id as usize].holder.load(seen);
        if holder.is_null() || holder == seat() {
            return None;
        }
        // SAFETY: the word is neither of the two marks, so it came from a reference in `acquire`,
        // and what that refers to outlives the permits.
        Some(unsafe { &*holder })
    }

    /// All Ps that run, in the order of their permits.
    pub(super) fn all_running(&self) -> impl Iterator<Item = &H> {
        (0..self.procs()).filter_map(|id| self.running(id))
    }

    /// The timers of permit `id`.
    #[inline]
    pub(super) fn wheel(&self, id: PermitId) -> &W {
        &self.all[id as usize].wheel
    }

    /// The timers of all permits.
    pub(super) fn wheels(&self) -> impl Iterator<Item = &W> {
        self.all.iter().map(|permit| &permit.wheel)
    }
}
