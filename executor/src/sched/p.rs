//! P: where an M keeps the goroutines it will run.
//!
//! The storage belongs to one M for that M's life. Only that M pushes; any thread may steal. An M
//! runs goroutines only under a permit ([`super::permits`]); thieves find a P through the permit it
//! runs under.

use super::Sched;
use super::g::G;
use super::home::Home;
use super::told::Told;
use crate::base::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use crate::base::note::Note;
use crate::base::slice::Slice;
use crate::queue::{RunNext, RunQueue, SharedQueue};
use std::ptr::NonNull;

/// The storage of one M's goroutines, and what others may see of that M.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct P {
    /// The goroutine that runs next: the one readied last.
    pub(super) next: RunNext<G>,
    /// The others, in the order they became ready.
    pub(super) queue: RunQueue<G>,
    /// What did not fit into the ring. Not in the global queue, as in Go: these Gs would come back
    /// one by one to whichever P asks first, and neighbours in memory would then run on different
    /// processors, which share their cache lines to and fro (1000 Gs that yield: 31 against 23 ns).
    /// Filled by the owner, emptied by anyone.
    pub(super) overflow: SharedQueue<G>,
    /// Counts polls. Written by the owner before each, read by thieves, which leave `next` alone
    /// while it moves.
    tick: AtomicU32,
    /// Whether the goroutines here are too short-lived to be worth stealing, see `grain`. Written
    /// by the owner, read by thieves and sysmon.
    fine: AtomicBool,
    /// Whether the owner's permit was retaken while it was in a poll, so that what it readies must
    /// not be left here.
    pub(super) stranded: Told,
    /// Whether the goroutine that runs here is to let others run.
    pub(super) slice: Slice,
    /// Counts the beginnings and ends of calls that the owner declared to block: odd inside one.
    /// Written by the owner, read by sysmon.
    calls: AtomicU32,
    /// Goroutines spawned and ended here. Written by the owner, read by anyone.
    created: AtomicU64,
    finished: AtomicU64,
    /// Where goroutines spawned here are registered.
    pub(super) home: Home,
    /// Where the owner sleeps when it has nothing to do.
    pub(super) note: Note,
}

/// Names a P among the sleepers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PRef(NonNull<P>);

// SAFETY: a P may be shared between threads; see its fields.
unsafe impl Send for PRef {}
// SAFETY: as above.
unsafe impl Sync for PRef {}

impl From<&P> for PRef {
    fn from(p: &P) -> Self {
        Self(NonNull::from(p))
    }
}

impl PRef {
    pub(super) fn into_ptr(self) -> NonNull<P> {
        self.0
    }

    /// The P itself.
    ///
    /// # Safety
    /// The runtime the P belongs to is alive for as long as the reference is used.
    pub(super) unsafe fn get<'a>(self) -> &'a P {
        // SAFETY: storage of Ps is freed with the runtime only, which is alive, says the caller.
        unsafe { self.0.as_ref() }
    }
}

impl P {
    pub(super) fn new(sched: NonNull<Sched>) -> Self {
        Self {
            next: RunNext::new(),
            queue: RunQueue::new(),
            overflow: SharedQueue::new(),
            tick: AtomicU32::new(0),
            fine: AtomicBool::new(false),
            stranded: Told::new(),
            slice: Slice::new(),
            calls: AtomicU32::new(0),
            created: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            home: Home::new(sched),
            note: Note::new(),
        }
    }

    /// Whether no G waits here.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty_with(&self.next) && self.overflow.is_empty()
    }

    /// Whether more Gs wait here than the one the owner will run next, and are worth stealing.
    #[inline]
    pub(super) fn has_surplus(&self) -> bool {
        (self.queue.len() > 1 || !self.overflow.is_empty()) && !self.is_fine()
    }

    #[inline]
    pub(super) fn is_fine(&self) -> bool {
        // Ordering: Relaxed, a hint only.
        self.fine.load(Ordering::Relaxed)
    }

    /// Says whether what runs here is worth sharing; the owner calls it.
    pub(super) fn set_fine(&self, fine: bool) {
        // Ordering: Relaxed, a hint only.
        self.fine.store(fine, Ordering::Relaxed);
    }

    /// Publishes the owner's count of polls.
    #[inline]
    pub(super) fn set_tick(&self, tick: u32) {
        // Ordering: Relaxed, a hint only.
        self.tick.store(tick, Ordering::Relaxed);
    }

    pub(super) fn tick(&self) -> u32 {
        // Ordering: Relaxed, a hint only.
        self.tick.load(Ordering::Relaxed)
    }

    /// How often a call that is declared to block has begun or ended here.
    pub(super) fn calls(&self) -> u32 {
        // Ordering: Relaxed, a hint only.
        self.calls.load(Ordering::Relaxed)
    }

    /// A call that is declared to block begins or ends; the owner says so.
    #[inline]
    pub(super) fn count_call(&self) {
        // Ordering: Relaxed, both: only the owner writes, and to sysmon it is a hint.
        let calls = self.calls.load(Ordering::Relaxed);
        self.calls.store(calls.wrapping_add(1), Ordering::Relaxed);
    }

    /// Moves all Gs to `global`, the one that would run next last. Called by the owner when it
    /// loses its permit, and by sysmon for an owner that has lost it and does not know.
    pub(super) fn drain_into(&self, global: &SharedQueue<G>) {
        self.queue.drain_into(global);
        self.overflow.drain_into(global);
        self.next.take().into_iter().for_each(|g| global.push(g));
    }

    /// Counts a goroutine spawned; the owner calls it.
    #[inline]
    pub(super) fn count_created(&self) {
        bump(&self.created);
    }

    /// Counts a goroutine that is over; the owner calls it.
    #[inline]
    pub(super) fn count_finished(&self) {
        bump(&self.finished);
    }

    /// How many goroutines were spawned here, and how many ended here.
    pub(super) fn counts(&self) -> (u64, u64) {
        // Ordering: Acquire pairs with `bump`; ended ones first, so that none is counted as ended
        // that is not counted as spawned.
        let finished = self.finished.load(Ordering::Acquire);
        (self.created.load(Ordering::Acquire), finished)
    }
}

/// Adds one to a counter that only this thread writes.
#[inline]
fn bump(counter: &AtomicU64) {
    // Ordering: Relaxed load, since only this thread writes; Release pairs with `P::counts`.
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Release);
}
