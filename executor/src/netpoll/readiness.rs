//! One fd's readiness, and who waits for it.
//!
//! Four parties meet here: the poller brings *events*; tasks *look* before a system call, *clear*
//! what the call has used up and *park* when nothing is left; *close* ends it all; and the owner
//! recycles the state for another fd.
//!
//! # The word
//!
//! One atomic word holds, for each direction, three flags and a tick, and besides two flags and the
//! generation:
//!
//! | flag | set by | cleared by |
//! |---|---|---|
//! | READY: a system call may succeed | event | a task whose call used it up; only with the tick it saw |
//! | KEEP: something waits that a short read does not use up (end of stream, error, urgent data) | event | a task whose call would block |
//! | WAITING: somebody is parked | park, under the lock | whoever takes the last waker, under the lock |
//! | CLOSED, SHUT_DOWN: no more I/O, by the user or by the runtime's end | close | recycling |
//!
//! The *tick* of a direction counts its events, the *generation* the fds that had this state.
//!
//! # No wake-up is lost
//!
//! *Event against park.* Both change the word by a read-modify-write, so one is first. If the event
//! is, park sees READY and does not park. If park is, the event sees WAITING and passes through the
//! lock, which park holds until its waker is in place.
//!
//! *Event against clear.* A task takes the tick, makes its call, and clears READY only if the tick
//! is still the same. An event that arrives between the call and the clear has moved the tick, so
//! READY stays and the task tries again.
//!
//! *Close against park.* As event against park, with CLOSED in the place of READY.
//!
//! *A waiter that goes away.* Wakers wait in two places: a slot for the `poll_*` methods, which
//! keep one task per direction, and a queue for futures, of which there may be many. An event wakes
//! the slot and the *first* of the queue (one connection needs one goroutine, not a herd). The
//! woken one holds the *turn*: when it ends, finished or dropped, and the direction is still READY,
//! it wakes the next. Hence: while READY is set and the queue is not empty, somebody holds the
//! turn. A turn is never owed when READY is clear, since the next event gives out a new one.
//!
//! A displaced waker in the slot is woken rather than forgotten: two tasks that use the `poll_*`
//! methods of one direction take turns badly, but neither hangs.
//!
//! # Why a stale event is harmless
//!
//! An event fetched before its fd was replaced carries the old generation, and the word refuses
//! it. Past that check the state may still be recycled before the lock is taken; then a waiter of
//! the new fd is woken for nothing, finds that it is not READY and parks again.

use std::collections::VecDeque;
use std::fmt;
use std::task::Waker;

use crate::base::atomic::{AtomicU64, AtomicUsize, Ordering, load_to_exchange, order};
use crate::base::lock::Mutex;
use crate::base::wake_list::{WakeList, drop_quietly, wake};

const READY: u64 = 1;
const KEEP: u64 = 1 << 1;
const WAITING: u64 = 1 << 2;
/// Flags of the write direction lie this much higher than those of the read direction.
const WRITE_FLAGS: u32 = 3;
const CLOSED: u64 = 1 << 6;
const SHUT_DOWN: u64 = 1 << 7;
const READ_TICK: u32 = 8;
const WRITE_TICK: u32 = 24;
const GENERATION: u32 = 40;
/// Generations wrap at this many bits: an event would have to be in flight for 16 million reuses.
pub(super) const GENERATION_BITS: u32 = 24;

/// The most wakers that one call of [`Readiness::event`] adds to a list.
pub(super) const WAKERS_PER_EVENT: usize = 4;

/// One direction of an fd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Read, Self::Write];

    const fn flags(self, flags: u64) -> u64 {
        match self {
            Self::Read => flags,
            Self::Write => flags << WRITE_FLAGS,
        }
    }

    const fn tick_shift(self) -> u32 {
        match self {
            Self::Read => READ_TICK,
            Self::Write => WRITE_TICK,
        }
    }
}

/// The count of events at the moment a task found its direction ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick(u16);

/// How a system call found the direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    /// It moved less than it was asked to: the buffer of the kernel is empty, or full.
    Drained,
    /// It would have blocked.
    WouldBlock,
}

/// Why there is no more I/O.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The user closed the socket.
    ByUser,
    /// The runtime has ended.
    WithRuntime,
}

/// What a task finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// A system call may succeed.
    Ready(Tick),
    /// It would block. From a `park_*` method: the waker is in place.
    NotReady,
    /// There will be no more I/O.
    Closed(Closed),
}

/// What the kernel reports about one fd: flags as in the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event(u64);

impl Event {
    /// `keep`: something has come that a short read does not use up.
    pub(crate) const fn new(readable: bool, writable: bool, keep: bool) -> Self {
        let one = if keep { READY | KEEP } else { READY };
        let read = if readable {
            Direction::Read.flags(one)
        } else {
            0
        };
        let write = if writable {
            Direction::Write.flags(one)
        } else {
            0
        };
        Self(read | write)
    }

    const fn concerns(self, direction: Direction) -> bool {
        self.0 & direction.flags(READY) != 0
    }
}

/// How many directions of how many fds somebody waits on.
///
/// Raised by parking tasks, lowered by whoever takes the last waker, both under the lock of the
/// fd's state; read by the scheduler as a hint. On a line of its own, since every wait writes it.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct WaitCount(AtomicUsize);

impl WaitCount {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    pub(crate) fn get(&self) -> usize {
        // Ordering: hint only.
        self.0.load(Ordering::Relaxed)
    }

    fn raise(&self) {
        // Ordering: a count publishes nothing.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn lower(&self) {
        // Ordering: a count publishes nothing.
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A value of the word.
#[derive(Clone, Copy)]
struct Word(u64);

impl Word {
    fn has(self, direction: Direction, flag: u64) -> bool {
        self.0 & direction.flags(flag) != 0
    }

    fn with(self, direction: Direction, flags: u64) -> Self {
        Self(self.0 | direction.flags(flags))
    }

    fn without(self, direction: Direction, flags: u64) -> Self {
        Self(self.0 & !direction.flags(flags))
    }

    fn tick(self, direction: Direction) -> Tick {
        Tick((self.0 >> direction.tick_shift()) as u16)
    }

    fn generation(self) -> u32 {
        (self.0 >> GENERATION) as u32
    }

    fn next_generation(self) -> Self {
        // The generation is the top of the word, so that it wraps by itself.
        Self((self.0 >> GENERATION).wrapping_add(1) << GENERATION)
    }

    fn after(self, event: Event) -> Self {
        let mut word = Self(self.0 | event.0);
        for direction in Direction::BOTH.into_iter().filter(|d| event.concerns(*d)) {
            let shift = direction.tick_shift();
            let tick = word.tick(direction).0.wrapping_add(1);
            let others = word.0 & !(u64::from(u16::MAX) << shift);
            word = Self(others | (u64::from(tick) << shift));
        }
        word
    }

    fn look(self, direction: Direction) -> Look {
        if self.0 & SHUT_DOWN != 0 {
            Look::Closed(Closed::WithRuntime)
        } else if self.0 & CLOSED != 0 {
            Look::Closed(Closed::ByUser)
        } else if self.has(direction, READY) {
            Look::Ready(self.tick(direction))
        } else {
            Look::NotReady
        }
    }
}

/// One waiting future.
struct Waiter {
    id: u64,
    waker: Waker,
}

/// Who waits for one direction.
#[derive(Default)]
struct Parked {
    /// The task of the `poll_*` methods.
    slot: Option<Waker>,
    /// The futures, by rising id, which is the order in which they first came.
    queue: VecDeque<Waiter>,
}

impl Parked {
    fn is_empty(&self) -> bool {
        self.slot.is_none() && self.queue.is_empty()
    }

    fn find(&self, id: u64) -> Result<usize, usize> {
        self.queue.binary_search_by_key(&id, |waiter| waiter.id)
    }
}

/// Everybody who waits for one fd.
#[derive(Default)]
struct Waiting {
    /// The fd, for arming it again where that is needed. Written by `open`.
    fd: i32,
    read: Parked,
    write: Parked,
    /// The next id to give out.
    next_id: u64,
}

impl Waiting {
    fn side(&mut self, direction: Direction) -> &mut Parked {
        match direction {
            Direction::Read => &mut self.read,
            Direction::Write => &mut self.write,
        }
    }
}

/// One fd's readiness and its waiters. See the module's documentation for the protocol.
pub(crate) struct Readiness {
    /// The flags, ticks and generation. Written by read-modify-writes of the poller and of tasks;
    /// its WAITING flags change only under `waiting`.
    word: AtomicU64,
    /// The wakers. Its lock is held for a few instructions, by parking tasks, by events that found
    /// WAITING and by waiters that go away.
    waiting: Mutex<Waiting>,
}

impl Readiness {
    pub(crate) fn new() -> Self {
        Self {
            word: AtomicU64::new(0),
            waiting: Mutex::new(Waiting::default()),
        }
    }

    /// The generation, which an event must carry.
    pub(super) fn generation(&self) -> u32 {
        self.load().generation()
    }

    /// Whether a system call may succeed.
    pub(crate) fn look(&self, direction: Direction) -> Look {
        self.load().look(direction)
    }

    /// Takes READY back after a call that used it up, unless an event came after `tick`.
    pub(crate) fn clear(&self, direction: Direction, tick: Tick, spent: Spent) {
        let flags = match spent {
            Spent::Drained => READY,
            Spent::WouldBlock => READY | KEEP,
        };
        // Ordering: Relaxed; taking a flag back publishes nothing, and `tick` tells an event apart.
        let _ = self.update(Ordering::Relaxed, |word| {
            let stands = word.tick(direction) != tick
                || spent == Spent::Drained && word.has(direction, KEEP);
            (!stands).then(|| word.without(direction, flags))
        });
    }

    /// Puts `waker` into the slot of the `poll_*` methods, unless a call may succeed.
    pub(crate) fn park_slot(&self, direction: Direction, waker: &Waker, count: &WaitCount) -> Look {
        let mut mine = Some(waker.clone());
        let mut waiting = self.waiting.lock();
        let look = self.mark_waiting(direction, count);
        if look == Look::NotReady {
            std::mem::swap(&mut waiting.side(direction).slot, &mut mine);
        }
        drop(waiting);
        // What is left is the displaced waker or, if there was no parking, our own.
        if let Some(left) = mine {
            if left.will_wake(waker) {
                drop_quietly(left);
            } else {
                wake(left);
            }
        }
        look
    }

    /// Puts `waker` into the queue, unless a call may succeed. `id` is the waiter's place, given at
    /// its first parking and kept; its owner must call [`Readiness::leave`] with it in the end.
    pub(crate) fn park_queue(
        &self,
        direction: Direction,
        id: &mut Option<u64>,
        waker: &Waker,
        count: &WaitCount,
    ) -> Look {
        let mine = waker.clone();
        let mut waiting = self.waiting.lock();
        let look = self.mark_waiting(direction, count);
        let left = if look == Look::NotReady {
            if id.is_none() {
                *id = Some(waiting.next_id);
                waiting.next_id += 1;
            }
            let id = id.unwrap_or_default();
            let parked = waiting.side(direction);
            match parked.find(id) {
                Ok(at) => Some(std::mem::replace(&mut parked.queue[at].waker, mine)),
                Err(at) => {
                    parked.queue.insert(at, Waiter { id, waker: mine });
                    None
                }
            }
        } else {
            Some(mine)
        };
        drop(waiting);
        drop_quietly(left);
        look
    }

    /// Ends the wait of the waiter `id`. If it had been woken and the direction is still ready, the
    /// turn goes to the next.
    pub(crate) fn leave(&self, direction: Direction, id: u64, count: &WaitCount) {
        let mut waiting = self.waiting.lock();
        let parked = waiting.side(direction);
        let (gone, next) = match parked.find(id) {
            Ok(at) => (parked.queue.remove(at), None),
            Err(_) if self.load().has(direction, READY) => (None, parked.queue.pop_front()),
            Err(_) => (None, None),
        };
        if gone.is_some() || next.is_some() {
            self.unmark_if_empty(direction, parked, count);
        }
        drop(waiting);
        drop_quietly(gone);
        if let Some(next) = next {
            wake(next.waker);
        }
    }

    /// Applies what the kernel reports, and takes the wakers whose turn it is: at most
    /// [`WAKERS_PER_EVENT`], for which `out` must have room.
    pub(crate) fn event(
        &self,
        generation: u32,
        event: Event,
        count: &WaitCount,
        out: &mut WakeList,
    ) {
        // Ordering: Release pairs with the Acquire of `load` and of `mark_waiting`: a task that
        // sees READY makes its system call after whatever the event tells of.
        let update = self.update(order("netpoll.event", Ordering::Release), |word| {
            (word.generation() == generation).then(|| word.after(event))
        });
        let Ok(word) = update else { return };
        let is_awaited = |d: &Direction| event.concerns(*d) && word.has(*d, WAITING);
        if !Direction::BOTH.iter().any(is_awaited) {
            return;
        }
        let mut waiting = self.waiting.lock();
        for direction in Direction::BOTH.into_iter().filter(is_awaited) {
            let parked = waiting.side(direction);
            if parked.is_empty() {
                continue;
            }
            if let Some(waker) = parked.slot.take() {
                out.push(waker);
            }
            if let Some(waiter) = parked.queue.pop_front() {
                out.push(waiter.waker);
            }
            self.unmark_if_empty(direction, parked, count);
        }
    }

    /// Ends all I/O and wakes everybody, who will see `why`.
    pub(crate) fn close(&self, why: Closed, count: &WaitCount) {
        self.mark_closed(why);
        for direction in Direction::BOTH {
            self.rouse(direction, count);
        }
    }

    /// Lets nobody park any more. Who is parked must be woken after it.
    pub(super) fn mark_closed(&self, why: Closed) {
        let flag = match why {
            Closed::ByUser => CLOSED,
            Closed::WithRuntime => SHUT_DOWN,
        };
        // Ordering: Release pairs with the Acquire of `load` and of `update`: who sees the flag
        // sees what came before the close.
        self.word.fetch_or(flag, Ordering::Release);
    }

    /// Wakes everybody who waits for one direction, so that they look again.
    pub(crate) fn rouse(&self, direction: Direction, count: &WaitCount) {
        let parked = self.take_parked(direction, count);
        for waker in parked
            .slot
            .into_iter()
            .chain(parked.queue.into_iter().map(|w| w.waker))
        {
            wake(waker);
        }
    }

    /// Makes the state ready for another fd: later events of the present one are stale.
    pub(super) fn retire(&self, count: &WaitCount) {
        // Ordering: what the word publishes is over; the allocator's lock orders the reuse.
        let _ = self.update(Ordering::Relaxed, |word| {
            let waiting =
                word.0 & (Direction::Read.flags(WAITING) | Direction::Write.flags(WAITING));
            Some(Word(word.next_generation().0 | waiting))
        });
        for direction in Direction::BOTH {
            let parked = self.take_parked(direction, count);
            drop_quietly(parked.slot);
            for waiter in parked.queue {
                drop_quietly(waiter);
            }
        }
    }

    /// Takes the state into use for `fd`. `presume_ready`: the first system call will tell.
    pub(super) fn open(&self, fd: i32, presume_ready: bool) {
        self.waiting.lock().fd = fd;
        if presume_ready {
            let both = Direction::Read.flags(READY) | Direction::Write.flags(READY);
            // Ordering: nobody else has the fd yet.
            self.word.fetch_or(both, Ordering::Relaxed);
        }
    }

    /// Calls `arm` with the fd and whether somebody waits to read and to write, while nobody can
    /// come or go; not if nobody waits or the generation is another.
    ///
    /// The fd is open meanwhile: its owner cannot get past [`Readiness::retire`].
    pub(super) fn with_interest<R>(
        &self,
        generation: u32,
        arm: impl FnOnce(i32, bool, bool) -> R,
    ) -> Option<R> {
        let waiting = self.waiting.lock();
        let word = self.load();
        let read = word.has(Direction::Read, WAITING);
        let write = word.has(Direction::Write, WAITING);
        (word.generation() == generation && (read || write)).then(|| arm(waiting.fd, read, write))
    }

    fn load(&self) -> Word {
        // Ordering: Acquire pairs with the Release of `event` and of `close`.
        Word(self.word.load(Ordering::Acquire))
    }

    /// Changes the word unless `change` declines. Either way returns the value it decided on.
    fn update(
        &self,
        success: Ordering,
        change: impl Fn(Word) -> Option<Word>,
    ) -> Result<Word, Word> {
        // Ordering: Acquire, for a value that `change` declines, pairs with the Release of `event`
        // and of `close`.
        let mut seen = load_to_exchange(&self.word, Ordering::Acquire);
        loop {
            let Some(next) = change(Word(seen)) else {
                return Err(Word(seen));
            };
            // Ordering: Acquire for a value that changed meanwhile, as above; `success` is the
            // caller's, who names its partner.
            match self
                .word
                .compare_exchange_weak(seen, next.0, success, Ordering::Acquire)
            {
                Ok(_) => return Ok(Word(seen)),
                Err(now) => seen = now,
            }
        }
    }

    /// Sets WAITING if the direction is not ready. Under the lock.
    fn mark_waiting(&self, direction: Direction, count: &WaitCount) -> Look {
        // Ordering: the success publishes nothing, since the waker is behind the lock.
        let mark = self.update(Ordering::Relaxed, |word| {
            (word.look(direction) == Look::NotReady).then(|| word.with(direction, WAITING))
        });
        match mark {
            // What was declined must be told from the same value: by now it may be cleared.
            Err(word) => return word.look(direction),
            Ok(word) if word.has(direction, WAITING) => {}
            Ok(_) => count.raise(),
        }
        Look::NotReady
    }

    /// Clears WAITING if nobody is left. Under the lock, by whoever has taken wakers.
    fn unmark_if_empty(&self, direction: Direction, parked: &Parked, count: &WaitCount) {
        if parked.is_empty() {
            // Ordering: WAITING is ordered by the lock.
            self.word
                .fetch_and(!direction.flags(WAITING), Ordering::Relaxed);
            count.lower();
        }
    }

    /// Takes all wakers of one direction.
    fn take_parked(&self, direction: Direction, count: &WaitCount) -> Parked {
        let mut waiting = self.waiting.lock();
        let parked = std::mem::take(waiting.side(direction));
        if !parked.is_empty() {
            self.unmark_if_empty(direction, waiting.side(direction), count);
        }
        parked
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.load();
        f.debug_struct("Readiness")
            .field("read", &word.look(Direction::Read))
            .field("write", &word.look(Direction::Write))
            .field("generation", &word.generation())
            .finish_non_exhaustive()
    }
}
