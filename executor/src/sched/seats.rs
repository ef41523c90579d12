//! The queue of the threads without a P that wait for a permit.
//!
//! Such a thread takes a free permit if there is one. If there is none it queues, and an M that
//! parks, and every M at each 61st poll, passes its permit to the first in the queue.
//!
//! No seat is forgotten: a thread queues, then a fence, then asks for a free permit once more; who
//! gives a permit up frees it, then a fence, then looks at the queue once more. Whichever fence
//! comes first, either the thread finds the permit or it is found itself; if both, it has one too
//! many.

use super::permits::{Holder, PermitId, Permits};
use crate::base::atomic::{AtomicBool, AtomicU32, Ordering, fence_at, order};
use crate::base::lock::Mutex;
use crate::base::note::Note;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Wake;

/// No permit has been passed.
const NONE: PermitId = PermitId::MAX;

/// One thread in `block_on`.
#[derive(Debug)]
pub(super) struct Seat {
    /// Where the thread sleeps, both for its root and for a permit.
    note: Note,
    /// Set by wakers of the root; cleared by the thread before it polls.
    due: AtomicBool,
    /// A permit passed to this thread, or [`NONE`]. Written by who passes it, taken by the thread.
    passed: AtomicU32,
    /// The number the system has for the thread.
    thread: u32,
}

impl Wake for Seat {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Ordering: Release pairs with the Acquire in `wait_until_due`. If it was set before,
        // whoever set it wakes the thread, or the thread is awake and has not taken it yet.
        if !self.due.swap(true, order("seats.due", Ordering::Release)) {
            self.note.wake();
        }
    }
}

impl Seat {
    /// The seat of the thread that the system knows by the number `thread`.
    pub(super) fn new(thread: u32) -> Arc<Self> {
        Arc::new(Self {
            note: Note::new(),
            due: AtomicBool::new(false),
            passed: AtomicU32::new(NONE),
            thread,
        })
    }

    /// What the thread is called while it holds a permit.
    pub(super) fn holder<H>(&self) -> Holder<H> {
        Holder::seat(self, self.thread)
    }

    /// Sleeps until the root is to be polled.
    pub(super) fn wait_until_due(&self) {
        // Ordering: Acquire pairs with the Release in `wake_by_ref`.
        while !self.due.swap(false, order("seats.poll", Ordering::Acquire)) {
            self.note.sleep();
        }
    }

    fn take_passed(&self) -> Option<PermitId> {
        // Ordering: Acquire pairs with the Release in `Seats::pass`.
        let passed = self.passed.load(order("seats.passed", Ordering::Acquire));
        if passed == NONE {
            return None;
        }
        // Ordering: Relaxed; nobody passes another one before this thread queues again.
        self.passed.store(NONE, Ordering::Relaxed);
        Some(passed)
    }
}

/// The threads that wait for a permit, first come, first served.
#[derive(Debug)]
pub(super) struct Seats {
    /// The length of the queue, written under its lock, to be read without it.
    waiting: AtomicU32,
    queue: Mutex<VecDeque<Arc<Seat>>>,
}

impl Seats {
    pub(super) fn new() -> Self {
        Self {
            waiting: AtomicU32::new(0),
            queue: Mutex::new(VecDeque::new()),
        }
    }

    /// Whether nobody waits; a hint, unless a fence stands before.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        // Ordering: Relaxed; where it matters the caller has a fence before.
        self.waiting.load(Ordering::Relaxed) == 0
    }

    /// Changes the queue.
    fn with_queue<R>(&self, change: impl FnOnce(&mut VecDeque<Arc<Seat>>) -> R) -> R {
        let mut queue = self.queue.lock();
        let result = change(&mut queue);
        // Ordering: Relaxed; who must not miss a thread that queued has a fence on both sides.
        self.waiting.store(queue.len() as u32, Ordering::Relaxed);
        result
    }

    /// Takes a thread out of the queue; `false` if it is no longer there, so a permit is passed to
    /// it.
    fn remove(&self, seat: &Arc<Seat>) -> bool {
        self.with_queue(|queue| {
            let found = queue.iter().position(|other| Arc::ptr_eq(other, seat));
            found.and_then(|at| queue.remove(at)).is_some()
        })
    }

    /// Gives up a permit that was taken from its holder: to the thread that waits for one longest,
    /// or to the free ones. A look at all run queues must follow, after a fence, in case it is free
    /// now.
    pub(super) fn release<H, W>(&self, permits: &Permits<H, W>, id: PermitId) {
        let mut id = id;
        while !self.pass(permits, id) {
            permits.release(id);
            // Ordering: SeqCst fence, between the permit and the look; its partner is in `take`.
            fence_at("seats.release", Ordering::SeqCst);
            if self.is_empty() {
                return;
            }
            match permits.acquire(Holder::nobody(), id) {
                Some(again) => id = again,
                // Who took it will give it up.
                None => return,
            }
        }
    }

    /// Passes a held permit to the first thread in the queue; `false` if nobody waits.
    fn pass<H, W>(&self, permits: &Permits<H, W>, id: PermitId) -> bool {
        if self.is_empty() {
            return false;
        }
        let Some(seat) = self.with_queue(VecDeque::pop_front) else {
            return false;
        };
        permits.pass(id, seat.holder());
        // Ordering: Release hands the permit over, see `take_passed`.
        seat.passed
            .store(id, order("seats.pass", Ordering::Release));
        seat.note.wake();
        true
    }

    /// Waits for a permit. A second one that came at the same time is given to `give_up`.
    pub(super) fn take<H, W>(
        &self,
        permits: &Permits<H, W>,
        seat: &Arc<Seat>,
        give_up: impl FnOnce(PermitId),
    ) -> PermitId {
        if let Some(id) = permits.acquire(seat.holder(), 0) {
            return id;
        }
        self.with_queue(|queue| queue.push_back(Arc::clone(seat)));
        // Ordering: SeqCst fence, between the queue and the look; its partner is in `release`.
        fence_at("seats.take", Ordering::SeqCst);
        if let Some(id) = permits.acquire(seat.holder(), 0) {
            if self.remove(seat) {
                return id;
            }
            if permits.take_from(id, seat.holder()) {
                give_up(id);
            }
        }
        loop {
            if let Some(id) = seat.take_passed() {
                return id;
            }
            seat.note.sleep();
        }
    }
}
