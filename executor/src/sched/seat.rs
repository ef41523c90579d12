//! Threads without a P: those of `block_on`.
//!
//! Such a thread polls one future, the root, and runs no goroutine. It needs a permit for each poll,
//! as everybody who runs does. If none is free it takes a place in the queue of [`Seats`]: an M that
//! parks, and every M at each 61st poll, passes its permit to the first there.
//!
//! No seat is forgotten: a thread queues, then a fence, then asks for a free permit once more; an M
//! that gives a permit up frees it, then a fence, then looks at the queue once more.

use super::context::enter;
use super::permits::PermitId;
use super::Sched;
use crate::base::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use crate::base::lock::Mutex;
use crate::base::note::Note;
use crate::panic;
use crate::task::{Id, LocalSet, enter as enter_goroutine, must_not_block};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// No permit has been passed.
const NONE: PermitId = PermitId::MAX;

/// One thread in `block_on`.
#[derive(Debug)]
struct Seat {
    note: Note,
    /// Set by wakers of the root; cleared by the thread before it polls.
    due: AtomicBool,
    /// A permit passed to this thread, or [`NONE`]. Written by who passes it, taken by the thread.
    passed: AtomicU32,
}

impl Wake for Seat {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Ordering: Release pairs with the Acquire in `wait_until_due`.
        self.due.store(true, Ordering::Release);
        self.note.wake();
    }
}

impl Seat {
    fn wait_until_due(&self) {
        // Ordering: Acquire pairs with the Release in `wake_by_ref`.
        while !self.due.swap(false, Ordering::Acquire) {
            self.note.sleep();
        }
    }

    fn take_passed(&self) -> Option<PermitId> {
        // Ordering: Acquire pairs with the Release in `Seats::pass`.
        Some(self.passed.swap(NONE, Ordering::Acquire)).filter(|id| *id != NONE)
    }
}

/// The threads that wait for a permit.
#[derive(Debug)]
pub(super) struct Seats {
    /// The length of the queue, to be read without the lock.
    waiting: AtomicU32,
    queue: Mutex<VecDeque<Arc<Seat>>>,
}

impl Seats {
    pub(super) fn new() -> Self {
        Self { waiting: AtomicU32::new(0), queue: Mutex::new(VecDeque::new()) }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        // Ordering: Relaxed; where it matters the caller has a fence before.
        self.waiting.load(Ordering::Relaxed) == 0
    }

    fn push(&self, seat: &Arc<Seat>) {
        let mut queue = self.queue.lock();
        queue.push_back(Arc::clone(seat));
        // Ordering: Relaxed; the caller's fence follows.
        self.waiting.store(queue.len() as u32, Ordering::Relaxed);
    }

    fn pop(&self) -> Option<Arc<Seat>> {
        let mut queue = self.queue.lock();
        let first = queue.pop_front();
        // Ordering: Relaxed, a hint until the next fence.
        self.waiting.store(queue.len() as u32, Ordering::Relaxed);
        first
    }

    /// Takes a thread out of the queue; `false` if it is no longer there, so a permit is passed to it.
    fn remove(&self, seat: &Arc<Seat>) -> bool {
        let mut queue = self.queue.lock();
        let found = queue.iter().position(|other| Arc::ptr_eq(other, seat));
        let removed = found.and_then(|at| queue.remove(at)).is_some();
        // Ordering: Relaxed, as in `pop`.
        self.waiting.store(queue.len() as u32, Ordering::Relaxed);
        removed
    }
}

impl Sched {
    /// Whether a thread without a P waits for a permit; a hint.
    #[inline]
    pub(super) fn is_seat_waiting(&self) -> bool {
        !self.seats.is_empty()
    }

    /// Gives a permit up: to the thread that waits for one longest, or to the free ones. Unless it
    /// was passed on, a look at all queues must follow, after a fence.
    pub(super) fn release_permit(&self, id: PermitId) {
        let mut id = id;
        loop {
            if self.pass_permit(id) {
                return;
            }
            self.permits.release(id);
            // Ordering: SeqCst fence; its partner is in `take_seat`.
            fence(Ordering::SeqCst);
            if self.seats.is_empty() {
                return;
            }
            match self.permits.acquire(None, id) {
                Some(again) => id = again,
                None => return,
            }
        }
    }

    /// Passes a held permit to the first thread in the queue.
    fn pass_permit(&self, id: PermitId) -> bool {
        if self.seats.is_empty() {
            return false;
        }
        let Some(seat) = self.seats.pop() else { return false };
        self.permits.pass(id);
        // Ordering: Release hands the permit over, see `take_passed`.
        seat.passed.store(id, Ordering::Release);
        seat.note.wake();
        true
    }

    /// Waits for a permit, for a thread without a P.
    fn take_seat(&self, seat: &Arc<Seat>) -> PermitId {
        if let Some(id) = self.permits.acquire(None, 0) {
            return id;
        }
        self.seats.push(seat);
        // Ordering: SeqCst fence; its partner is in `release_permit`.
        fence(Ordering::SeqCst);
        if let Some(id) = self.permits.acquire(None, 0) {
            if self.seats.remove(seat) {
                return id;
            }
            self.release_permit(id);
        }
        loop {
            if let Some(id) = seat.take_passed() {
                return id;
            }
            seat.note.sleep();
        }
    }

    /// Polls `root` on this thread until it is ready.
    ///
    /// # Panics
    /// Inside a goroutine or another `block_on`: the thread would wait for what only it could run.
    /// Not inside a blocking call, whose thread runs nothing else.
    #[track_caller]
    pub(crate) fn block_on<F: Future>(self: &Arc<Self>, root: F) -> F::Output {
        assert!(
            !must_not_block(),
            "block_on inside a goroutine would block the thread that runs it: await the future \
             instead, or spawn it and await the handle"
        );
        let _policy = WithPolicy::of(self);
        let _entered = enter(self);
        let id = Id::next();
        let seat = Arc::new(Seat {
            note: Note::new(),
            due: AtomicBool::new(false),
            passed: AtomicU32::new(NONE),
        });
        let waker = Waker::from(Arc::clone(&seat));
        let locals = LocalSet::new();
        let mut root = pin!(locals.run_until(root));
        loop {
            let permit = Seated { sched: self, permit: self.take_seat(&seat) };
            let polled = {
                let _current = enter_goroutine(id);
                root.as_mut().poll(&mut Context::from_waker(&waker))
            };
            drop(permit);
            match polled {
                Poll::Ready(value) => return value,
                Poll::Pending => seat.wait_until_due(),
            }
        }
    }
}

/// The permit of a thread in `block_on`, for one poll of its root.
struct Seated<'a> {
    sched: &'a Sched,
    permit: PermitId,
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        self.sched.release_permit(self.permit);
        // What was readied while every permit was held waked nobody.
        if self.sched.has_visible_work() {
            self.sched.wake_p();
        }
        self.sched.tell_poller_of_timers();
    }
}

/// While it lives, this thread has the panic policy of a runtime.
#[derive(Debug)]
pub(super) struct WithPolicy(panic::PanicPolicy);

impl WithPolicy {
    pub(super) fn of(sched: &Sched) -> Self {
        Self(panic::set_policy(sched.config.on_panic))
    }
}

impl Drop for WithPolicy {
    fn drop(&mut self) {
        panic::set_policy(self.0);
    }
}
