//! Wakers taken from under a lock, to be woken after it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// How many wakers a list has room for. Whoever can stop there wakes a fuller batch in parts;
/// whoever has to take all at once may go on.
pub(crate) const WAKE_LIST_MAX: usize = 64;

/// Wakers whose turn has come. Woken in the order they were pushed.
///
/// A foreign waker may panic. The others are woken all the same, and the panic ends here: it
/// belongs to nobody who could handle it.
#[derive(Debug, Default)]
pub(crate) struct WakeList {
    wakers: Vec<Waker>,
}

impl WakeList {
    /// A list that has its room already; [`WakeList::default`] allocates with the first waker.
    pub(crate) fn new() -> Self {
        Self {
            wakers: Vec::with_capacity(WAKE_LIST_MAX),
        }
    }

    /// Whether another waker fits without growing the list.
    pub(crate) fn has_room(&self) -> bool {
        self.wakers.len() < WAKE_LIST_MAX
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.wakers.len()
    }

    /// Adds a waker. Legal under a lock: nothing is woken or dropped here.
    pub(crate) fn push(&mut self, waker: Waker) {
        self.wakers.push(waker);
    }

    /// Wakes all. Call it with no lock held.
    pub(crate) fn wake_all(&mut self) {
        for waker in self.wakers.drain(..) {
            wake(waker);
        }
    }
}

/// Wakes `waker`; a panic in it is contained.
pub(crate) fn wake(waker: Waker) {
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake())).map_err(contain);
}

/// Wakes `waker`, if there is one.
pub(crate) fn wake_some(waker: Option<Waker>) {
    if let Some(waker) = waker {
        wake(waker);
    }
}

/// Drops `value`; a panic in its destructor is contained, and told by `true`.
pub(crate) fn drop_quietly<T>(value: T) -> bool {
    catch_unwind(AssertUnwindSafe(|| drop(value)))
        .map_err(contain)
        .is_err()
}

/// Ends the payload of a contained panic, whose own destructor might panic as well.
pub(crate) fn contain(payload: Box<dyn std::any::Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}
