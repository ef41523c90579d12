//! The right to run goroutines: one of `procs` permits.
//!
//! Go hands whole Ps from thread to thread. Here a P's storage stays with its thread and only the
//! permit moves: a holder word and the timers that belong to it. So no storage ever has two owners.
//! An M without a permit readies goroutines into the global queue.
//!
//! A permit is also a lock: whoever takes it sees what its last holder did before it gave it up.
//! Not so one that was retaken from its holder in the middle of a poll, who runs on until that poll
//! ends: what the permit guards must have locks of its own.
//!
//! Generic over what holds a permit and over the timers, so that the models in `loom.rs` need no
//! thread of a runtime.

use crate::base::atomic::{AtomicPtr, AtomicU32, Ordering, glance, order};
use std::marker::PhantomData;
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
    /// Who has it, see [`Holder`]; null while it is free. Set by the thread that takes the permit;
    /// cleared by it, or by who retakes it. The exchange that decides between the two is here.
    holder: AtomicPtr<H>,
    /// Counts its holders. Written by each when it comes, read by sysmon, which must tell one long
    /// poll from many short ones of threads without a P.
    turns: AtomicU32,
    /// The number the system has for the holder's thread, 0 if unknown. Written as `turns`.
    thread: AtomicU32,
    /// The timers of the goroutines that set them under this permit.
    wheel: W,
}

/// Who holds a permit: a P, which the word points to; a thread without one, by a word with the
/// lowest bit set that is no other thread's; or nobody in particular, while it changes hands.
#[derive(Debug)]
pub(super) struct Holder<H> {
    word: *mut H,
    /// The number the system has for its thread.
    thread: u32,
    storage: PhantomData<fn() -> H>,
}

impl<H> Clone for Holder<H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H> Copy for Holder<H> {}

impl<H> PartialEq for Holder<H> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.word, other.word)
    }
}

impl<H> Holder<H> {
    /// The M with this storage, on the thread with this number.
    pub(super) fn m(p: &H, thread: u32) -> Self {
        const { assert!(align_of::<H>() > 1, "the lowest bit must be free") };
        Self::new(ptr::from_ref(p).cast_mut(), thread)
    }

    /// A thread without a P, named by the address of something that only it has.
    pub(super) fn seat<T>(its: &T, thread: u32) -> Self {
        const { assert!(align_of::<T>() > 1, "the lowest bit must be free") };
        let address = ptr::from_ref(its).cast_mut().cast::<H>();
        Self::new(address.map_addr(|address| address | 1), thread)
    }

    /// Whoever passes the permit on at once.
    pub(super) fn nobody() -> Self {
        Self::new(ptr::without_provenance_mut(1), 0)
    }

    fn new(word: *mut H, thread: u32) -> Self {
        Self {
            word,
            thread,
            storage: PhantomData,
        }
    }

    /// The number the system has for its thread; 0 if it is unknown.
    pub(super) fn thread(self) -> u32 {
        self.thread
    }

    /// Its P, if it has one.
    pub(super) fn p<'a>(self) -> Option<&'a H> {
        if self.word.addr() & 1 == 1 {
            return None;
        }
        // SAFETY: a word with the lowest bit clear came from a reference in `m`, and what that
        // refers to outlives the permits and their users.
        Some(unsafe { &*self.word })
    }
}

impl<H, W> Permits<H, W> {
    pub(super) fn new(procs: u32, wheel: impl Fn() -> W) -> Self {
        let permit = |_| Permit {
            holder: AtomicPtr::new(ptr::null_mut()),
            turns: AtomicU32::new(0),
            thread: AtomicU32::new(0),
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

    /// Takes a free permit for `holder`, the one called `wanted` if it can.
    pub(super) fn acquire(&self, holder: Holder<H>, wanted: PermitId) -> Option<PermitId> {
        if !self.any_free() {
            return None;
        }
        let others = (0..self.procs()).filter(|id| *id != wanted);
        let taken = std::iter::once(wanted).chain(others).find(|id| {
            let word = &self.all[*id as usize].holder;
            // Ordering: Acquire pairs with the Release in `release`; Release shows thieves our P's
            // contents, and pairs with the Acquire in `holder`.
            let taken = order("permits.acquire", Ordering::AcqRel);
            glance(|| word.load(Ordering::Relaxed).is_null())
                && word
                    .compare_exchange(ptr::null_mut(), holder.word, taken, Ordering::Relaxed)
                    .is_ok()
        })?;
        // Ordering: Relaxed; see `free`.
        self.free.fetch_sub(1, Ordering::Relaxed);
        self.begin_turn(taken, holder);
        Some(taken)
    }

    /// What sysmon wants to know of a new holder, written by it.
    fn begin_turn(&self, id: PermitId, holder: Holder<H>) {
        let permit = &self.all[id as usize];
        // Ordering: Relaxed, all three, hints for sysmon only; one writer at a time.
        let turns = permit.turns.load(Ordering::Relaxed);
        permit.turns.store(turns.wrapping_add(1), Ordering::Relaxed);
        permit.thread.store(holder.thread, Ordering::Relaxed);
    }

    /// Takes a permit out of its holder's hands, if it still is in them: the holder does so before
    /// it gives the permit up, sysmon to retake it. One of the two succeeds, and has it from then
    /// on; [`Permits::release`] or [`Permits::pass`] must follow.
    pub(super) fn take_from(&self, id: PermitId, holder: Holder<H>) -> bool {
        let nobody = Holder::<H>::nobody().word;
        // Ordering: AcqRel; Acquire pairs with the Release in `acquire` and `pass`, so that who
        // retakes a permit and gives it to the next passes on what was done under it before.
        let taken = order("permits.take_from", Ordering::AcqRel);
        self.all[id as usize]
            .holder
            .compare_exchange(holder.word, nobody, taken, Ordering::Relaxed)
            .is_ok()
    }

    /// Whether the permit is `holder`'s, asked by itself.
    pub(super) fn is_held_by(&self, id: PermitId, holder: Holder<H>) -> bool {
        // Ordering: Relaxed; what a retaker did before it said so is ordered by the caller.
        let word = self.all[id as usize].holder.load(Ordering::Relaxed);
        ptr::eq(word, holder.word)
    }

    /// Gives up a permit that was taken from its holder. The caller then looks at all queues, after
    /// a fence (see `Idle`).
    pub(super) fn release(&self, id: PermitId) {
        // Ordering: Relaxed; see `free`. The caller's fence follows.
        self.free.fetch_add(1, Ordering::Relaxed);
        // Ordering: Release pairs with the Acquire in `acquire`.
        let given_up = order("permits.release", Ordering::Release);
        self.all[id as usize]
            .holder
            .store(ptr::null_mut(), given_up);
    }

    /// Gives a permit that was taken from its holder to another one.
    pub(super) fn pass(&self, id: PermitId, to: Holder<H>) {
        self.begin_turn(id, to);
        // Ordering: Release, as in `acquire`; a thread that waits for it gets it through
        // `Seat::passed`.
        self.all[id as usize]
            .holder
            .store(to.word, Ordering::Release);
    }

    /// Who holds permit `id`, and how many have had it; `None` while it is free.
    pub(super) fn holder(&self, id: PermitId) -> Option<(Holder<H>, u32)> {
        let permit = &self.all[id as usize];
        // Ordering: Acquire pairs with the Release in `acquire`.
        let seen = order("permits.holder", Ordering::Acquire);
        let word = permit.holder.load(seen);
        if word.is_null() {
            return None;
        }
        // Ordering: Relaxed, hints for sysmon only.
        let thread = permit.thread.load(Ordering::Relaxed);
        let turns = permit.turns.load(Ordering::Relaxed);
        Some((Holder::new(word, thread), turns))
    }

    /// The P that runs under permit `id`, if one does.
    pub(super) fn running(&self, id: PermitId) -> Option<&H> {
        self.holder(id).and_then(|(holder, _turns)| holder.p())
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
