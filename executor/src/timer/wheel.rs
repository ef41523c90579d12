//! One timer wheel: the lock around the slots, and the earliest deadline for all to see.

use super::slots::Slots;
use super::timer::{Link, State, Timer};
use crate::base::atomic::{AtomicU64, Ordering};
use crate::base::clock::Nanos;
use crate::base::lock::{Mutex, MutexGuard};
use crate::base::wake_list::{WakeList, drop_quietly};
use std::fmt;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::Waker;

/// A set of armed timers. The scheduler owns one for each permit.
///
/// A timer points to its wheel for as long as it lives, which may be longer than the runtime. So
/// that it needs no counted reference, what it points to is never freed: a wheel that is dropped
/// gives it back, empty, for the next wheel to use. The memory kept is that of the most wheels that
/// ever lived at once, some 9 KiB each.
pub(crate) struct Wheel {
    shared: &'static Shared,
}

/// What timers point to.
#[repr(align(128))]
pub(super) struct Shared {
    /// The earliest deadline, or one before it; [`Nanos::MAX`] if there is none. Written under the
    /// lock, read by anyone.
    next: AtomicU64,
    slots: Mutex<Slots>,
}

/// The wheels that were given back.
fn spares() -> &'static Mutex<Vec<&'static Shared>> {
    static SPARES: OnceLock<Mutex<Vec<&'static Shared>>> = OnceLock::new();
    SPARES.get_or_init(|| Mutex::new(Vec::new()))
}

impl Wheel {
    /// An empty wheel.
    pub(crate) fn new() -> Self {
        let spare = spares().lock().pop();
        Self::over(spare.unwrap_or_else(|| Box::leak(Box::new(Shared::new()))))
    }

    pub(super) fn over(shared: &'static Shared) -> Self {
        Self { shared }
    }

    /// Arms `timer` to wake `waker` at `when`; a timer that is armed is cancelled first. Tells
    /// whether `when` is now the earliest deadline of this wheel: then whoever sleeps for it has to
    /// be told. A deadline of [`Nanos::MAX`] never comes.
    ///
    /// To sleep for a wheel without missing an insert, say first that one is about to, pass a
    /// `SeqCst` fence, and read [`Wheel::next_deadline`]; the inserter passes such a fence after a
    /// `true` and looks for a sleeper.
    pub(crate) fn insert(&self, mut timer: Pin<&mut Timer>, when: Nanos, waker: Waker) -> bool {
        if let Some(stale) = timer.as_mut().cancel() {
            drop_quietly(stale);
        }
        self.shared.insert(timer.enter(self.shared), when, waker)
    }

    /// Moves the wakers of the timers that are due at `now` into `out`, in the order of their
    /// deadlines, while it has room. `true`: more are due; wake these and call again.
    ///
    /// Costs a load if nothing is due.
    pub(crate) fn expire(&self, now: Nanos, out: &mut WakeList) -> bool {
        if self.next_deadline() > now {
            return false;
        }
        let mut slots = self.shared.slots.lock();
        while out.has_room() {
            let Some((timer, waker)) = slots.pop_due(now) else {
                break;
            };
            timer.settle(State::Fired);
            waker.into_iter().for_each(|waker| out.push(waker));
        }
        self.shared.publish(&slots);
        slots.has_due(now)
    }

    /// Moves all wakers into `out`, while it has room, and leaves their timers idle: woken, they
    /// arm themselves elsewhere. For a wheel that nobody will look at any more. `true`: call again.
    pub(crate) fn evict(&self, out: &mut WakeList) -> bool {
        let mut slots = self.shared.slots.lock();
        while out.has_room() {
            let Some((timer, waker)) = slots.pop_any() else {
                break;
            };
            timer.settle(State::Idle);
            waker.into_iter().for_each(|waker| out.push(waker));
        }
        self.shared.publish(&slots);
        !slots.is_empty()
    }

    /// The earliest deadline, [`Nanos::MAX`] if there is none. After a cancel it may be too early,
    /// until the next [`Wheel::expire`] at that time; it is never too late.
    pub(crate) fn next_deadline(&self) -> Nanos {
        // Ordering: hint only; who sleeps by it orders the load by a fence, see `insert`.
        self.shared.next.load(Ordering::Relaxed)
    }

    /// Whether no timer is armed, those included that never come.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.shared.slots.lock().is_empty()
    }
}

impl Drop for Wheel {
    fn drop(&mut self) {
        let mut wakers = WakeList::new();
        loop {
            let more = self.evict(&mut wakers);
            wakers.wake_all();
            if !more {
                break;
            }
        }
        self.shared.slots.lock().rewind();
        spares().lock().push(self.shared);
    }
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            next: AtomicU64::new(Nanos::MAX),
            slots: Mutex::new(Slots::new()),
        }
    }

    fn insert(&self, timer: Link, when: Nanos, waker: Waker) -> bool {
        let mut slots = self.slots.lock();
        slots.insert(timer, when, waker);
        // Ordering: written under the lock only.
        let earliest = when < self.next.load(Ordering::Relaxed);
        if earliest {
            // Ordering: hint only, see `next_deadline`.
            self.next.store(when, Ordering::Relaxed);
        }
        earliest
    }

    /// Makes `waker` the one to wake, if `timer` is still armed.
    pub(super) fn rewake(&self, timer: Link, waker: &Waker) -> State {
        let same = |waker: &Waker| {
            timer.with(|links| links.waker.as_ref().is_some_and(|old| old.will_wake(waker)))
        };
        let slots = self.slots.lock();
        if timer.state() != State::Armed || same(waker) {
            return timer.state();
        }
        drop(slots);
        let fresh = waker.clone();
        let (state, old) = self.replace_waker(timer, fresh);
        drop_quietly(old);
        state
    }

    /// Returns the waker that is not needed, the old one or `fresh`.
    fn replace_waker(&self, timer: Link, fresh: Waker) -> (State, Option<Waker>) {
        let _slots = self.slots.lock();
        match timer.state() {
            State::Armed => (State::Armed, timer.with(|links| links.waker.replace(fresh))),
            settled => (settled, Some(fresh)),
        }
    }

    pub(super) fn postpone(&self, timer: Link, when: Nanos) -> bool {
        let mut slots = self.slots.lock();
        timer.state() == State::Armed && slots.postpone(timer, when)
    }

    pub(super) fn cancel(&self, timer: Link) -> Option<Waker> {
        let mut slots = self.slots.lock();
        let waker = match timer.state() {
            State::Armed => slots.remove(timer),
            _ => None,
        };
        timer.settle(State::Idle);
        if slots.is_empty() {
            self.publish(&slots);
        }
        waker
    }

    fn publish(&self, slots: &MutexGuard<'_, Slots>) {
        // Ordering: hint only, see `next_deadline`.
        self.next.store(slots.earliest(), Ordering::Relaxed);
    }
}

impl fmt::Debug for Wheel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("next_deadline", &self.next_deadline())
            .finish()
    }
}
