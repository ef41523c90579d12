//! One P's run queue: a ring of 256 items that one M fills and drains and any M may rob.
//!
//! Only the M that owns the P's storage calls [`push`], [`pop`] and [`refill`]. Any M may call
//! [`steal_into`], which takes half, rounded up: a lone item can be stolen, and a busy P keeps
//! work of its own. The protocol and its orderings are told in the [module](super) doc.
//!
//! Invariant: `tail - head <= CAP`. Only the owner moves `tail`; owner and thieves both move
//! `head`, and only forward.
//!
//! What an operation costs without thieves: a push two loads and two stores, a pop one
//! compare-and-swap. Both stay on lines that the owner's core holds.
//!
//! [`push`]: RunQueue::push
//! [`pop`]: RunQueue::pop
//! [`refill`]: RunQueue::refill
//! [`steal_into`]: RunQueue::steal_into

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::{Item, RunNext, SharedQueue};
use crate::base::atomic::{AtomicPtr, AtomicU32, Ordering, load_own, order};
use crate::base::wake_list::drop_quietly;

/// Keeps a value off its neighbours' cache lines: two of 64 bytes, which x86 fetches in pairs.
#[repr(align(128))]
struct Line<V>(V);

/// A ring with one producer, its owner, and many consumers.
pub(crate) struct RunQueue<T: Item, const CAP: usize = 256> {
    /// The oldest item's position. Moved by a compare-and-swap of owner and thieves; read by all.
    head: Line<AtomicU32>,
    /// The position the next item gets. Written by the owner with a plain store; read by all.
    tail: Line<AtomicU32>,
    /// Never null. Written by the owner alone, and only at free positions; read by all, and what
    /// was read belongs to the reader only if its claim succeeds.
    slots: [AtomicPtr<()>; CAP],
    /// Items leave by value and are never lent, so sharing the queue shares no `&T`, and
    /// [`Item`] is [`Send`].
    items: PhantomData<fn() -> T>,
}

impl<T: Item, const CAP: usize> RunQueue<T, CAP> {
    /// Positions wrap at 2^32, so slots keep their places only if the capacity divides that.
    const CAPACITY: u32 = {
        assert!(CAP.is_power_of_two() && CAP >= 2 && CAP <= 1 << 31);
        CAP as u32
    };

    /// What an overflow moves out, and the most that a steal or a refill brings in.
    const HALF: u32 = Self::CAPACITY / 2;

    pub(crate) fn new() -> Self {
        Self::starting_at(0)
    }

    /// An empty queue whose next position is `position`, to try how positions wrap.
    pub(super) fn starting_at(position: u32) -> Self {
        Self {
            head: Line(AtomicU32::new(position)),
            tail: Line(AtomicU32::new(position)),
            slots: std::array::from_fn(|_| AtomicPtr::new(NonNull::dangling().as_ptr())),
            items: PhantomData,
        }
    }

    /// Adds `item` at the tail. Into a full ring it does not fit: then the oldest half and after
    /// it `item` go to `overflow`, in order, as in Go's `runqputslow`.
    ///
    /// # Safety
    /// - Only the M that owns this storage calls it.
    #[inline]
    pub(crate) unsafe fn push(&self, item: T, overflow: &SharedQueue<T>) {
        let tail = load_own(&self.tail.0);
        if tail.wrapping_sub(self.load_head()) < Self::CAPACITY {
            self.fill(tail, item);
            self.publish(tail.wrapping_add(1));
        } else {
            // SAFETY: the caller is the owner.
            unsafe { self.spill(item, overflow) }
        }
    }

    /// Takes the oldest item.
    ///
    /// # Safety
    /// - Only the M that owns this storage calls it.
    #[inline]
    pub(crate) unsafe fn pop(&self) -> Option<T> {
        let tail = load_own(&self.tail.0);
        // Ordering: Relaxed, the claim decides. An old head can only be too small, so the ring
        // never looks empty when it is not.
        let mut head = self.head.0.load(Ordering::Relaxed);
        while head != tail {
            let raw = self.peek(head);
            match self.claim(head, 1) {
                // SAFETY: we claimed the position that `raw` was read from, and nobody but us
                // could have refilled its slot.
                Ok(()) => return Some(unsafe { Self::rebuild(raw) }),
                Err(moved) => head = moved,
            }
        }
        None
    }

    /// Moves a batch from `from` here and returns its first item, to be run at once.
    /// `max` counts that one too; 0 is read as 1. No more come than half the capacity and than
    /// there is room for, so a refill never overflows.
    ///
    /// # Safety
    /// - Only the M that owns this storage calls it.
    pub(crate) unsafe fn refill(&self, from: &SharedQueue<T>, max: usize) -> Option<T> {
        let tail = load_own(&self.tail.0);
        let most = self.room(tail).min(Self::HALF - 1) as usize + 1;
        let mut first = None;
        let mut end = tail;
        from.take(max.clamp(1, most), |item| {
            if first.is_none() {
                first = Some(item);
            } else {
                self.fill(end, item);
                end = end.wrapping_add(1);
            }
        });
        if end != tail {
            self.publish(end);
        }
        first
    }

    /// Steals the oldest half, rounded up, into `thief`, and returns the oldest of all, to be run
    /// at once. `None` if there is nothing to steal. Less than half comes if `thief` lacks room.
    ///
    /// Go runs the newest of the batch, which saves it a subtraction. The oldest is fairer: it
    /// has waited longest, and the thief's order stays the victim's order, so that no item is
    /// overtaken by up to 127 younger ones for having been stolen.
    ///
    /// # Safety
    /// - Only the M that owns `thief` calls it.
    pub(crate) unsafe fn steal_into(&self, thief: &Self) -> Option<T> {
        debug_assert!(!std::ptr::eq(self, thief), "a P does not steal from itself");
        let tail = load_own(&thief.tail.0);
        let room = thief.room(tail);
        loop {
            let (head, len) = self.survey();
            if len == 0 {
                return None;
            }
            let rest = (len - len / 2 - 1).min(room);
            let first = self.peek(head);
            for n in 0..rest {
                let raw = self.peek(head.wrapping_add(1 + n));
                thief.put(tail.wrapping_add(n), raw);
            }
            if self.claim(head, 1 + rest).is_err() {
                continue;
            }
            if rest != 0 {
                thief.publish(tail.wrapping_add(rest));
            }
            // SAFETY: we claimed the position that `first` was read from before the claim.
            return Some(unsafe { Self::rebuild(first) });
        }
    }

    /// Steals the oldest item. For an M without a ring of its own to steal into.
    pub(crate) fn steal_one(&self) -> Option<T> {
        loop {
            let (head, len) = self.survey();
            if len == 0 {
                return None;
            }
            let raw = self.peek(head);
            if self.claim(head, 1).is_ok() {
                // SAFETY: we claimed the position that `raw` was read from before the claim.
                return Some(unsafe { Self::rebuild(raw) });
            }
        }
    }

    /// Moves to `other`, in order, what is in the ring now. Anyone may drain a ring: its owner when
    /// it loses its permit, and sysmon, which must not wait for the owner.
    pub(crate) fn drain_into(&self, other: &SharedQueue<T>) {
        // The number is fixed beforehand: an owner that goes on pushing cannot keep us here.
        for _ in 0..self.len() {
            let Some(item) = self.steal_one() else { return };
            other.push(item);
        }
    }

    /// How many items are in the ring. To anyone but the owner, a number of a moment ago.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        let head = self.load_head();
        // Ordering: Relaxed, no slot is read; `load_head` keeps it from being older than `head`.
        let tail = self.tail.0.load(Ordering::Relaxed);
        // Between the two loads the owner may have pushed more than fits at one time.
        tail.wrapping_sub(head).min(Self::CAPACITY) as usize
    }

    /// Whether the ring was empty at some moment. It is never said of a ring that has always held
    /// something, however fast its items come and go.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether ring and `next`, the same P's, were empty at one and the same moment.
    ///
    /// Looking at each in turn would miss an item that moves from `next` into the ring between
    /// the two looks. So the ring's tail is looked at again, as in Go's `runqempty`.
    pub(crate) fn is_empty_with(&self, next: &RunNext<T>) -> bool {
        let head = self.load_head();
        // Ordering: Relaxed, as in `len`.
        let tail = self.tail.0.load(Ordering::Relaxed);
        // Ordering: Relaxed for the second look. If `next` was emptied after the owner had
        // displaced an item into the ring, `RunNext::is_empty` acquires that push.
        head == tail && next.is_empty() && self.tail.0.load(Ordering::Relaxed) == tail
    }

    /// Pushes `item` onto a ring that was found full.
    ///
    /// # Safety
    /// - Only the M that owns this storage calls it.
    #[cold]
    unsafe fn spill(&self, item: T, overflow: &SharedQueue<T>) {
        let tail = load_own(&self.tail.0);
        let head = self.load_head();
        let full = tail.wrapping_sub(head) == Self::CAPACITY;
        if !full || self.claim(head, Self::HALF).is_err() {
            // A thief was faster. It made room, which nobody but us can fill: we are not back.
            // SAFETY: the caller is the owner.
            return unsafe { self.push(item, overflow) };
        }
        let claimed = (0..Self::HALF).map(|n| {
            // The owner may read after its claim: nobody else refills a slot.
            let raw = self.peek(head.wrapping_add(n));
            // SAFETY: we claimed this position, and its slot has not been refilled since.
            unsafe { Self::rebuild(raw) }
        });
        overflow.push_many(claimed.chain([item]).collect());
    }

    // The steps of the protocol. Alone each could break the invariant; what makes them sound is
    // their place in the methods above. So none of them leaves this module and its models.

    /// The head, for those who refill slots or judge by it. [`RunQueue::pop`] needs less.
    #[inline]
    pub(super) fn load_head(&self) -> u32 {
        // Ordering: Acquire pairs with the Release in `claim`. The owner, about to refill a slot,
        // thereby lets the thief finish reading it: `thief_that_reads_late` in the models shows
        // what happens else. An onlooker thereby sees a tail no older than what was claimed.
        self.head.0.load(order("ring-head", Ordering::Acquire))
    }

    /// Takes the `n` oldest positions if `head` is still the oldest; else tells which one is.
    #[inline]
    pub(super) fn claim(&self, head: u32, n: u32) -> Result<(), u32> {
        // Ordering: Release pairs with the Acquire in `load_head`, see there. Nothing is read
        // by virtue of a claim: slots and items came with the tail. On failure: a hint only.
        self.head
            .0
            .compare_exchange(
                head,
                head.wrapping_add(n),
                order("ring-claim", Ordering::Release),
                Ordering::Relaxed,
            )
            .map(|_| ())
    }

    /// A head, and how many items there were from it on, to a thief who will read their slots.
    pub(super) fn survey(&self) -> (u32, u32) {
        loop {
            let head = self.load_head();
            // Ordering: Acquire pairs with the Release in `publish`: slots and items are there.
            let tail = self.tail.0.load(order("ring-tail", Ordering::Acquire));
            let len = tail.wrapping_sub(head);
            if len <= Self::CAPACITY {
                return (head, len);
            }
            // The owner went once around between the loads. It has seen a newer head, and with
            // that tail, so shall we.
        }
    }

    /// How many positions from `tail` on the owner may fill.
    fn room(&self, tail: u32) -> u32 {
        Self::CAPACITY - tail.wrapping_sub(self.load_head())
    }

    /// Puts an item at a position that is free. Only the owner may.
    #[inline]
    fn fill(&self, position: u32, item: T) {
        self.put(position, item.into_raw().as_ptr());
    }

    #[inline]
    pub(super) fn put(&self, position: u32, raw: *mut ()) {
        // Ordering: Relaxed, `publish` makes it known.
        self.slot(position).store(raw, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn peek(&self, position: u32) -> *mut () {
        // Ordering: Relaxed. The owner reads its own stores; to a thief the tail brought them.
        self.slot(position).load(Ordering::Relaxed)
    }

    /// Makes all positions before `tail` known to thieves. Only the owner may.
    #[inline]
    pub(super) fn publish(&self, tail: u32) {
        // Ordering: Release pairs with the Acquire in `survey`: slots and items before the tail.
        self.tail
            .0
            .store(tail, order("ring-publish", Ordering::Release));
    }

    #[inline]
    fn slot(&self, position: u32) -> &AtomicPtr<()> {
        &self.slots[position as usize & (CAP - 1)]
    }

    /// # Safety
    /// - `raw` was read from a slot whose position the caller has claimed, and was read before the
    ///   owner could refill it.
    #[inline]
    unsafe fn rebuild(raw: *mut ()) -> T {
        // SAFETY: slots start dangling, not null, and then hold what `Item::into_raw` gave.
        let raw = unsafe { NonNull::new_unchecked(raw) };
        // SAFETY: a claimed position has been filled, and claims do not overlap, so this is the
        // only rebuild of that item.
        unsafe { T::from_raw(raw) }
    }
}

impl<T: Item, const CAP: usize> Drop for RunQueue<T, CAP> {
    fn drop(&mut self) {
        // SAFETY: nobody else has the queue any more, so we stand in for its owner.
        while let Some(item) = unsafe { self.pop() } {
            // A destructor that panics must not keep the others from running.
            drop_quietly(item);
        }
    }
}

impl<T: Item, const CAP: usize> fmt::Debug for RunQueue<T, CAP> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunQueue")
            .field("len", &self.len())
            .field("capacity", &CAP)
            .finish()
    }
}
