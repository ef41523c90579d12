//! M: one thread of the runtime.
//!
//! What only the thread itself touches is here; what others may see of it is in its [`P`].

use super::Sched;
use super::context::as_m;
use super::g::G;
use super::grain::Grain;
use super::p::P;
use super::permits::{Holder, PermitId};
use super::thread_state::this_thread;
use crate::base::rng::Rng;
use crate::base::slice::Turn;
use crate::base::wake_list::WakeList;
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::sync::Arc;

/// One thread of a runtime, for the time its loop runs.
#[derive(Debug)]
pub(super) struct M {
    sched: Arc<Sched>,
    /// The storage of this M; owned by `sched`.
    p: NonNull<P>,
    /// The number the system has for this thread.
    thread: u32,
    /// The permit this M runs under, if it has one. One that was retaken stands here until the M
    /// learns of it.
    permit: Cell<Option<PermitId>>,
    /// The permit it had last, to be asked for first: its timers are there.
    last_permit: Cell<PermitId>,
    /// Whether this M has the spinning token: it looks for work and has not found any.
    spinning: Cell<bool>,
    /// Whether a batch of wakers is being woken, see [`M::wake_batch`].
    batching: Cell<bool>,
    /// Whether it ends, though the runtime goes on.
    dismissed: Cell<bool>,
    /// What the goroutine being polled says about its next turn.
    turn: Turn,
    /// Counts polls.
    pub(super) tick: Cell<u32>,
    /// Whether what it runs is worth sharing.
    pub(super) grain: Grain,
    /// How many goroutines in a row came out of `next`.
    pub(super) chain: Cell<u32>,
    pub(super) rng: Rng,
    /// Wakers on their way from a lock to their wake-up. Reused, so that it is allocated once.
    pub(super) wakers: RefCell<WakeList>,
}

impl M {
    /// The M that owns `p`, on its own thread. It starts with the spinning token.
    pub(super) fn new(sched: Arc<Sched>, p: NonNull<P>, seed: u64) -> Self {
        // SAFETY: the storage belongs to the runtime, which `sched` keeps alive.
        let turn = Turn::new(unsafe { &p.as_ref().slice });
        Self {
            sched,
            p,
            thread: this_thread(),
            permit: Cell::new(None),
            last_permit: Cell::new(0),
            spinning: Cell::new(true),
            batching: Cell::new(false),
            dismissed: Cell::new(false),
            turn,
            tick: Cell::new(0),
            grain: Grain::new(),
            chain: Cell::new(0),
            rng: Rng::new(seed),
            wakers: RefCell::new(WakeList::new()),
        }
    }

    /// The life of an M: runs goroutines until the runtime shuts down.
    pub(super) fn run(&self) {
        as_m(self, || {
            self.acquire_or_sleep();
            self.turn.during(|| {
                while let Some(g) = self.find_runnable() {
                    self.execute(g);
                }
            });
            self.retire();
        });
    }

    #[inline]
    pub(super) fn sched(&self) -> &Sched {
        &self.sched
    }

    pub(super) fn sched_arc(&self) -> &Arc<Sched> {
        &self.sched
    }

    #[inline]
    pub(super) fn p(&self) -> &P {
        // SAFETY: the storage belongs to the runtime, which `self.sched` keeps alive.
        unsafe { self.p.as_ref() }
    }

    /// The permit of this M, unless it was told that it was retaken.
    #[inline]
    pub(super) fn permit(&self) -> Option<PermitId> {
        if self.p().stranded.is_set() {
            return None;
        }
        self.permit.get()
    }

    /// Whether this M has a permit, or has not looked whether it was retaken.
    #[inline]
    pub(super) fn has_permit(&self) -> bool {
        self.permit.get().is_some()
    }

    #[inline]
    pub(super) fn is_spinning(&self) -> bool {
        self.spinning.get()
    }

    #[inline]
    pub(super) fn is_batching(&self) -> bool {
        self.batching.get()
    }

    pub(super) fn set_batching(&self, batching: bool) {
        self.batching.set(batching);
    }

    /// The goroutine being polled goes to the global queue when it wakes itself.
    pub(super) fn mark_to_global(&self) {
        self.turn.set_last(true);
    }

    #[inline]
    pub(super) fn take_to_global(&self) -> bool {
        self.turn.take_last()
    }

    /// Whether this M is to end: with the runtime, or because it had nothing to do for long.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.sched.is_closing() || self.dismissed.get()
    }

    pub(super) fn dismiss(&self) {
        self.dismissed.set(true);
    }

    /// Polls one goroutine, once.
    #[inline]
    fn execute(&self, g: G) {
        if self.spinning.get() {
            self.found_work();
        }
        let tick = self.tick.get().wrapping_add(1);
        self.tick.set(tick);
        self.p().set_tick(tick);
        // A `gosched` that was dropped before it yielded has nothing to say about the next
        // goroutine.
        self.turn.set_last(false);
        g.run();
    }

    /// This M looked for work and found some: it passes the token on if there is more.
    #[cold]
    fn found_work(&self) {
        self.spinning.set(false);
        if self.sched.idle.found_work() && self.sched.has_visible_work() {
            self.sched.wake_p();
        }
    }

    /// Takes the spinning token, unless another M has it.
    pub(super) fn become_spinning(&self) {
        if !self.spinning.replace(true) {
            self.sched.idle.start_spinning();
        }
    }

    /// The token was left for this M by whoever woke it.
    pub(super) fn receive_token(&self) {
        if self.spinning.replace(true) {
            // It had one already, so one of the two is too many.
            self.sched.idle.stop_spinning();
        }
    }

    /// Lets go of the token; `true` if this M had it, and the caller must lower the count.
    pub(super) fn give_up_token(&self) -> bool {
        self.spinning.replace(false)
    }

    /// What this M is called while it holds a permit.
    pub(super) fn holder(&self) -> Holder<P> {
        Holder::m(self.p(), self.thread)
    }

    /// Takes a free permit; tells whether it has one now.
    pub(super) fn acquire(&self) -> bool {
        let wanted = self.last_permit.get();
        let permit = self.sched.permits.acquire(self.holder(), wanted);
        self.permit.set(permit);
        if let Some(id) = permit {
            self.last_permit.set(id);
            self.sched.rouse_sysmon();
        }
        permit.is_some()
    }

    /// Gives the permit up, unless it was retaken. A look at all queues must follow.
    pub(super) fn release(&self) {
        let Some(id) = self.permit.take() else { return };
        if self.sched.permits.take_from(id, self.holder()) {
            self.sched.release_permit(id);
        } else {
            self.sched.count_back();
        }
    }

    /// Gives up the permit to a thread without a P that waits for one: its root is due.
    pub(super) fn yield_permit(&self) {
        self.p().drain_into(&self.sched.global);
        self.release();
        self.acquire_or_sleep();
    }

    /// This M gave its permit up in the middle of the last poll, or was told that it was retaken.
    /// If that is so it takes a free one; if there is none, whoever holds one comes to what it
    /// leaves behind.
    #[cold]
    pub(super) fn come_back(&self) {
        if !self.is_bereft() {
            return;
        }
        if !self.acquire() {
            self.p().drain_into(&self.sched.global);
            self.acquire_or_sleep();
        }
    }

    /// Whether this M has no permit, having asked.
    pub(super) fn is_bereft(&self) -> bool {
        self.p().stranded.forget();
        let Some(id) = self.permit.get() else {
            return true;
        };
        if self.sched.permits.is_held_by(id, self.holder()) {
            return false;
        }
        self.permit.set(None);
        self.sched.count_back();
        true
    }

    /// Nothing waits here. If a permit is free it is ours; if none is, whoever holds one comes to
    /// what was here.
    fn acquire_or_sleep(&self) {
        if !self.acquire() {
            self.sleep_for_work();
        }
    }
}
