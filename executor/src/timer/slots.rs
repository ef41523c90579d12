//! The order of a wheel's timers: eight levels of slots, and the heap. All of it is under one lock.
//!
//! A slot is a list without order. It keeps the earliest deadline that was ever put into it, so
//! that the next deadline of the wheel is known without walking a list; a cancel may leave it too
//! early, and emptying the slot into lower levels at that moment makes it exact again.

use super::heap::Heap;
use super::timer::{Link, Place};
use crate::base::clock::Nanos;
use std::task::Waker;

/// The finest slots are 2^20 ns (1.05 ms) wide.
const TICK_BITS: u32 = 20;
/// Each level has 2^6 slots.
const LEVEL_BITS: u32 = 6;
const WIDTH: usize = 1 << LEVEL_BITS;
/// As many as the 44 bits of a tick need.
const LEVELS: usize = 8;

/// All armed timers of a wheel.
pub(super) struct Slots {
    /// The tick up to which all slots are empty. It follows the calls of [`Slots::pop_due`], not
    /// the clock.
    cursor: u64,
    /// Bit n: level n has an occupied slot.
    levels: u8,
    /// Bit n of a level: slot n is occupied.
    occupied: [u64; LEVELS],
    slots: [[Slot; WIDTH]; LEVELS],
    /// Timers at or before the cursor.
    heap: Heap,
    armed: usize,
    /// Counts the deadlines given.
    seq: u64,
}

#[derive(Clone, Copy)]
struct Slot {
    head: Option<Link>,
    /// No timer in it is earlier. Meaningless while the slot is empty.
    earliest: Nanos,
}

fn tick(when: Nanos) -> u64 {
    when >> TICK_BITS
}

impl Slots {
    pub(super) fn new() -> Self {
        let empty = Slot {
            head: None,
            earliest: Nanos::MAX,
        };
        Self {
            cursor: 0,
            levels: 0,
            occupied: [0; LEVELS],
            slots: [[empty; WIDTH]; LEVELS],
            heap: Heap::default(),
            armed: 0,
            seq: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.armed == 0
    }

    /// The earliest deadline, or one before it if the timer it belonged to is gone.
    pub(super) fn earliest(&self) -> Nanos {
        self.heap.earliest().unwrap_or_else(|| match self.first() {
            Some((level, index)) => self.slots[level][index].earliest,
            None => Nanos::MAX,
        })
    }

    /// Takes in an idle timer.
    pub(super) fn insert(&mut self, timer: Link, when: Nanos, waker: Waker) {
        self.seq += 1;
        let none = timer.with(|links| {
            links.when = when;
            links.seq = self.seq;
            links.waker.replace(waker)
        });
        debug_assert!(none.is_none(), "an idle timer has no waker");
        self.place(timer);
        self.armed += 1;
        timer.arm();
    }

    /// Takes out an armed timer, which keeps its state, and returns its waker.
    pub(super) fn remove(&mut self, timer: Link) -> Option<Waker> {
        match timer.with(|links| links.place) {
            Place::Heap(index) => self.heap.remove(index as usize),
            Place::Slot { level, index } => self.unlink(timer, level.into(), index.into()),
        }
        self.unarm(timer)
    }

    /// Gives an armed timer the deadline `when`, if that is not earlier than its own.
    ///
    /// In a slot it stays where it is: when the slot is emptied, its new deadline says where to.
    pub(super) fn postpone(&mut self, timer: Link, when: Nanos) -> bool {
        let place = timer.with(|links| {
            let later = when >= links.when;
            later.then(|| {
                links.when = when;
                links.place
            })
        });
        let Some(place) = place else { return false };
        self.seq += 1;
        timer.with(|links| links.seq = self.seq);
        if let Place::Heap(index) = place {
            self.heap.remove(index as usize);
            self.place(timer);
        }
        true
    }

    /// Takes out the earliest timer if it is due at `now`.
    pub(super) fn pop_due(&mut self, now: Nanos) -> Option<(Link, Option<Waker>)> {
        loop {
            if self.heap.earliest().is_some_and(|when| when <= now) {
                return self.pop_heap();
            }
            if !self.advance(tick(now)) {
                self.cursor = self.cursor.max(tick(now));
                return None;
            }
        }
    }

    /// Takes out any timer.
    pub(super) fn pop_any(&mut self) -> Option<(Link, Option<Waker>)> {
        let Some((level, index)) = self.first() else {
            return self.pop_heap();
        };
        let timer = self.slots[level][index].head?;
        self.unlink(timer, level, index);
        let waker = self.unarm(timer);
        Some((timer, waker))
    }

    /// Makes empty slots as good as new.
    pub(super) fn rewind(&mut self) {
        debug_assert!(self.is_empty(), "the slots are counted from the cursor");
        self.cursor = 0;
    }

    pub(super) fn has_due(&self, now: Nanos) -> bool {
        self.earliest() <= now
    }

    fn pop_heap(&mut self) -> Option<(Link, Option<Waker>)> {
        let timer = self.heap.pop()?;
        let waker = self.unarm(timer);
        Some((timer, waker))
    }

    fn unarm(&mut self, timer: Link) -> Option<Waker> {
        self.armed -= 1;
        timer.with(|links| links.waker.take())
    }

    /// Moves the cursor to the first occupied slot and empties that, if it begins at or before the
    /// tick `limit`.
    fn advance(&mut self, limit: u64) -> bool {
        let Some((level, index)) = self.first() else {
            return false;
        };
        let start = self.start(level, index);
        if start > limit {
            return false;
        }
        self.cursor = start;
        let mut rest = self.slots[level][index].head.take();
        self.vacate(level, index);
        while let Some(timer) = rest {
            rest = timer.with(|links| links.next);
            self.place(timer);
        }
        true
    }

    /// The first occupied slot: its level and its index there.
    fn first(&self) -> Option<(usize, usize)> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        Some((level, self.occupied[level].trailing_zeros() as usize))
    }

    /// The first tick of a slot.
    fn start(&self, level: usize, index: usize) -> u64 {
        let shift = LEVEL_BITS * level as u32;
        let above = shift + LEVEL_BITS;
        (self.cursor >> above << above) | ((index as u64) << shift)
    }

    /// Puts a timer where its deadline says.
    fn place(&mut self, timer: Link) {
        let (when, seq) = timer.with(|links| (links.when, links.seq));
        let tick = tick(when);
        if tick <= self.cursor {
            self.heap.push(timer, when, seq);
            return;
        }
        let level = (tick ^ self.cursor).ilog2() / LEVEL_BITS;
        let index = (tick >> (level * LEVEL_BITS)) as usize % WIDTH;
        self.link(timer, when, level as usize, index);
    }

    fn link(&mut self, timer: Link, when: Nanos, level: usize, index: usize) {
        let slot = &mut self.slots[level][index];
        let next = slot.head.replace(timer);
        slot.earliest = if next.is_some() {
            slot.earliest.min(when)
        } else {
            when
        };
        timer.with(|links| {
            links.prev = None;
            links.next = next;
            links.place = Place::Slot {
                level: level as u8,
                index: index as u8,
            };
        });
        if let Some(next) = next {
            next.with(|links| links.prev = Some(timer));
        }
        self.occupied[level] |= 1 << index;
        self.levels |= 1 << level;
    }

    fn unlink(&mut self, timer: Link, level: usize, index: usize) {
        let (prev, next) = timer.with(|links| (links.prev, links.next));
        if let Some(next) = next {
            next.with(|links| links.prev = prev);
        }
        match prev {
            Some(prev) => prev.with(|links| links.next = next),
            None => self.slots[level][index].head = next,
        }
        if prev.is_none() && next.is_none() {
            self.vacate(level, index);
        }
    }

    /// Notes that a slot is empty.
    fn vacate(&mut self, level: usize, index: usize) {
        self.occupied[level] &= !(1 << index);
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
        }
    }
}
