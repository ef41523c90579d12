//! Who sleeps, who looks for work, and whom to wake: the protocol of parking and submitting.
//!
//! Read it together with the README of this module, which has the proof. In short:
//!
//! - A *submitter* makes work visible, then a fence, then looks for an idle permit and a spinner.
//!   If there is a permit and no spinner, it makes one: it takes the spinning token and wakes an M.
//! - An M that *parks* gives up its permit, enlists as a sleeper, gives up the token if it has it,
//!   then a fence, then looks at all queues once more.
//!
//! Whichever fence comes first, either the submitter sees the permit or the M sees the work.
//!
//! Generic over what names a sleeper, so that the model in `loom.rs` needs no thread of a runtime.

use crate::base::atomic::{AtomicU32, AtomicU64, Ordering, fence_at, glance};
use crate::base::clock::Nanos;
use crate::base::lock::Mutex;

/// No M is blocked in the netpoller.
const ABSENT: u32 = 0;
/// An M is blocked there, or about to be and will look again first.
const BLOCKED: u32 = 1;
/// As BLOCKED, and the spinning token was left for it: it must leave.
const CALLED: u32 = 2;

/// The sleepers and the spinner of one runtime.
#[derive(Debug)]
pub(crate) struct Idle<S> {
    /// Ms that look for work without having found any: 0 or 1 by the submitters' rule, more only
    /// for moments, when a parking M finds work at its last look. While it is not 0 new work needs
    /// no wake-up: whoever lowers it looks at all queues afterwards.
    spinning: AtomicU32,
    /// ABSENT, BLOCKED or CALLED. Set to BLOCKED and back to ABSENT by the M in the netpoller's
    /// blocking wait (one at a time, by the poller's role), to CALLED by who wakes it.
    poller: AtomicU32,
    /// Until when the M in the netpoller sleeps. Written by it, read by threads that have set a
    /// timer.
    poll_until: AtomicU64,
    /// Ms that sleep on their notes, last in first out: the latest has the warmest cache.
    parked: Mutex<Vec<S>>,
}

/// Whom a submitter found asleep. The spinning token goes with the wake-up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sleeper<S> {
    /// This M, on its note.
    Parked(S),
    /// The M in the netpoller.
    Poller,
    /// All are awake.
    Nobody,
}

impl<S: Copy + PartialEq> Idle<S> {
    pub(crate) fn new() -> Self {
        Self {
            spinning: AtomicU32::new(0),
            poller: AtomicU32::new(ABSENT),
            poll_until: AtomicU64::new(Nanos::MAX),
            parked: Mutex::new(Vec::new()),
        }
    }

    /// Whether new work calls for a wake-up; a hint, for work that this thread will reach itself.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        // Ordering: Relaxed, a hint only.
        self.spinning.load(Ordering::Relaxed) == 0
    }

    /// Work was made visible: takes the spinning token if an M should be woken for it. `any_free`
    /// tells whether a permit is free.
    pub(crate) fn submit(&self, any_free: impl Fn() -> bool) -> bool {
        // Ordering: SeqCst fence, between the push and the looks; its partners are the fences of
        // whoever lowers `spinning` or raises the number of free permits.
        fence_at("idle.submit", Ordering::SeqCst);
        // Both looks are Relaxed; the fence orders them after the push.
        any_free() && glance(|| self.is_quiet()) && self.take_token()
    }

    /// Takes the token if nobody has it.
    fn take_token(&self) -> bool {
        // Ordering: Relaxed; the token guards nothing, fences order it with the queues.
        self.spinning
            .compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Finds a sleeper for the token that `submit` took.
    pub(crate) fn pick(&self) -> Sleeper<S> {
        if let Some(sleeper) = self.parked.lock().pop() {
            return Sleeper::Parked(sleeper);
        }
        // Ordering: Relaxed; the call itself, `Netpoll::wake`, publishes what came before it.
        let called =
            self.poller
                .compare_exchange(BLOCKED, CALLED, Ordering::Relaxed, Ordering::Relaxed);
        if called.is_ok() {
            Sleeper::Poller
        } else {
            Sleeper::Nobody
        }
    }

    /// There is nobody to take the token: it goes back. A look at all queues must follow, for
    /// whoever submitted meanwhile relied on it.
    pub(crate) fn return_token(&self) {
        self.stop_spinning();
        // Ordering: SeqCst fence, between the token and that look; its partner is in `submit`.
        fence_at("idle.return_token", Ordering::SeqCst);
    }

    /// One more M looks for work, though nobody gave it the token.
    pub(crate) fn start_spinning(&self) {
        // Ordering: Relaxed, as in `take_token`.
        self.spinning.fetch_add(1, Ordering::Relaxed);
    }

    /// A spinning M found work; `true` if it was the last. Then it must look whether there is more,
    /// for whoever submitted meanwhile relied on it.
    pub(crate) fn found_work(&self) -> bool {
        let last = self.stop_spinning();
        if last {
            // Ordering: SeqCst fence, between the token and that look; its partner is in `submit`.
            fence_at("idle.found_work", Ordering::SeqCst);
        }
        last
    }

    /// One spinner less; `true` if it was the last. The caller looks at all queues after a fence,
    /// unless there is another spinner who will.
    pub(crate) fn stop_spinning(&self) -> bool {
        // Ordering: Relaxed, as in `take_token`.
        self.spinning.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// An M without a permit is about to sleep on its note. It gives up the token if it has it, and
    /// takes the last look: `must_stay` tells whether there is something to be up for.
    ///
    /// `true`: sleep. A token comes with the wake-up. `false`: stay awake, without the token.
    pub(crate) fn lie_down(
        &self,
        sleeper: S,
        has_token: bool,
        must_stay: impl FnOnce() -> bool,
    ) -> bool {
        self.parked.lock().push(sleeper);
        self.last_fence(has_token);
        // An M that was picked already has the token coming, and its note is being woken.
        !(must_stay() && self.get_up(sleeper))
    }

    /// Takes a sleeper off the list; `false` if it was picked already.
    pub(crate) fn get_up(&self, sleeper: S) -> bool {
        let mut parked = self.parked.lock();
        let found = parked.iter().rposition(|other| *other == sleeper);
        found.map(|at| parked.remove(at)).is_some()
    }

    /// As [`Idle::lie_down`], for the M that is about to block in the netpoller, whose role it
    /// holds. Whatever the outcome, [`Idle::leave_poller`] must follow.
    pub(crate) fn enter_poller(&self, has_token: bool, must_stay: impl FnOnce() -> bool) -> bool {
        // Ordering: Relaxed, both; the fence below orders them before the last look.
        self.poll_until.store(Nanos::MAX, Ordering::Relaxed);
        self.poller.store(BLOCKED, Ordering::Relaxed);
        self.last_fence(has_token);
        !must_stay()
    }

    /// Gives up the token, if there is one to give up. A look at all queues follows.
    fn last_fence(&self, has_token: bool) {
        if has_token {
            self.stop_spinning();
        }
        // Ordering: SeqCst fence, between the list (and the token, and the permit given up before)
        // and the look; its partner is in `submit`, and in `is_overslept`.
        fence_at("idle.last_look", Ordering::SeqCst);
    }

    /// The M in the netpoller has looked at all timers since [`Idle::enter_poller`], and is going
    /// to sleep until `deadline`.
    pub(crate) fn sleep_until(&self, deadline: Nanos) {
        // Ordering: Relaxed; until it is seen the value is `Nanos::MAX`, at which a thread with a
        // timer wakes the M once in vain.
        self.poll_until.store(deadline, Ordering::Relaxed);
    }

    /// This M has left the netpoller; tells whether it was called, and so has the token.
    pub(crate) fn leave_poller(&self) -> bool {
        // Ordering: Relaxed, as in `pick`.
        self.poller.swap(ABSENT, Ordering::Relaxed) == CALLED
    }

    /// Whether an M is blocked in the netpoller and has not been called yet; a hint.
    pub(crate) fn is_poller_blocked(&self) -> bool {
        // Ordering: Relaxed, a hint only.
        self.poller.load(Ordering::Relaxed) == BLOCKED
    }

    /// Whether the M in the netpoller is going to sleep past `deadline`, that of a timer which this
    /// thread has set or which belongs to a permit that it has given up.
    pub(crate) fn is_overslept(&self, deadline: Nanos) -> bool {
        // Ordering: SeqCst fence, between the timer (or the permit) and the looks; its partner is
        // in `last_fence`: either that M sees the timer, or we see how long it means to sleep.
        fence_at("idle.is_overslept", Ordering::SeqCst);
        // Ordering: Relaxed; the fence orders both.
        self.is_poller_blocked() && self.poll_until.load(Ordering::Relaxed) > deadline
    }

    /// Whether an M sleeps; a hint.
    pub(crate) fn has_sleeper(&self) -> bool {
        self.is_poller_blocked() || !self.parked.lock().is_empty()
    }

    /// All sleepers, to end them: nobody is given a token.
    pub(crate) fn drain_parked(&self) -> Vec<S> {
        std::mem::take(&mut *self.parked.lock())
    }

    /// How many Ms sleep.
    #[cfg(test)]
    pub(crate) fn asleep(&self) -> usize {
        self.parked.lock().len() + usize::from(self.is_poller_blocked())
    }
}
