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

use crate::base::atomic::{AtomicU32, Ordering, fence_at, order};
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
    /// Ms that look for work without having found any: 0 or 1 by the submitters' rule, more only for
    /// moments, when a parking M finds work at its last look. While it is not 0 new work needs no
    /// wake-up: whoever lowers it looks at all queues afterwards.
    spinning: AtomicU32,
    /// ABSENT, BLOCKED or CALLED. Set to BLOCKED and back to ABSENT by the M in the netpoller's
    /// blocking wait (one at a time, by the poller's role), to CALLED by who wakes it.
    poller: AtomicU32,
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
        // Ordering: SeqCst fence, between the push and the looks; its partner is in `last_look`.
        fence_at("idle.submit", Ordering::SeqCst);
        // Ordering: Relaxed; the fence orders both looks after the push.
        any_free() && self.spinning.load(Ordering::Relaxed) == 0 && self.take_token()
    }

    /// Takes the token if nobody has it.
    fn take_token(&self) -> bool {
        // Ordering: Relaxed; the token guards nothing, the fences of `submit` and `last_look` order
        // it with the queues.
        self.spinning.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Finds a sleeper for the token that `submit` took.
    pub(crate) fn pick(&self) -> Sleeper<S> {
        if let Some(sleeper) = self.parked.lock().pop() {
            return Sleeper::Parked(sleeper);
        }
        // Ordering: Release pairs with the Acquire in `leave_poller`: the M called sees the work.
        let called = self.poller.compare_exchange(
            BLOCKED,
            CALLED,
            order("idle.call", Ordering::Release),
            Ordering::Relaxed,
        );
        if called.is_ok() { Sleeper::Poller } else { Sleeper::Nobody }
    }

    /// One more M looks for work, though nobody gave it the token.
    pub(crate) fn start_spinning(&self) {
        // Ordering: Relaxed, as in `take_token`.
        self.spinning.fetch_add(1, Ordering::Relaxed);
    }

    /// A spinning M found work, or gave up and will take a last look; tells whether it was the last.
    pub(crate) fn stop_spinning(&self) -> bool {
        // Ordering: Relaxed; a parking M's fence in `last_look` follows, one that found work follows
        // up with `submit`.
        self.spinning.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// This M is about to sleep on its note.
    pub(crate) fn enlist_parked(&self, sleeper: S) {
        self.parked.lock().push(sleeper);
    }

    /// This M will not sleep after all; `false` if it was picked already: then its note is being
    /// woken, and the token is its own.
    pub(crate) fn delist_parked(&self, sleeper: S) -> bool {
        let mut parked = self.parked.lock();
        let found = parked.iter().rposition(|other| *other == sleeper);
        found.map(|at| parked.remove(at)).is_some()
    }

    /// This M is about to block in the netpoller, whose role it holds.
    pub(crate) fn enlist_poller(&self) {
        // Ordering: Relaxed; the fence in `last_look` orders it before the look at the queues.
        self.poller.store(BLOCKED, Ordering::Relaxed);
    }

    /// This M has left the netpoller; tells whether it was called, and so has the token.
    pub(crate) fn leave_poller(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `pick`.
        self.poller.swap(ABSENT, Ordering::Acquire) == CALLED
    }

    /// Whether an M is blocked in the netpoller and has not been called yet.
    pub(crate) fn is_poller_blocked(&self) -> bool {
        // Ordering: Relaxed; a caller that must not miss it has a fence of its own before.
        self.poller.load(Ordering::Relaxed) == BLOCKED
    }

    /// Between giving up permit and token on the one side, and the last look at all queues.
    pub(crate) fn last_look(&self) {
        // Ordering: SeqCst fence; its partner is in `submit`.
        fence_at("idle.last_look", Ordering::SeqCst);
    }

    /// All sleepers, to end them: nobody is given a token.
    pub(crate) fn drain_parked(&self) -> Vec<S> {
        std::mem::take(&mut *self.parked.lock())
    }
}
