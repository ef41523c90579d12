//! How many calls may block at a time, first come, first served.
//!
//! A call that will block runs on the M of its goroutine ([`super::call`]), and another M is needed
//! in its place; so each such call costs a thread. Here they queue when there are as many as the
//! runtime may have. A slot that is given back goes straight to the first in the queue.
//!
//! Not the queue of [`crate::wait`], whose waiters are pinned in their futures: `spawn_blocking`
//! takes its place in the queue before its goroutine, and with it the future, is anywhere.

use crate::base::atomic::{AtomicBool, Ordering};
use crate::base::lock::Mutex;
use crate::base::wake_list::wake;
use futures::task::AtomicWaker;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The slots of one runtime.
#[derive(Debug)]
pub(crate) struct BlockingSlots {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    waiting: VecDeque<Arc<Ticket>>,
}

/// One call that waits for a slot.
#[derive(Debug, Default)]
struct Ticket {
    /// Set once, by who gives it its slot, after it was taken from the queue.
    granted: AtomicBool,
    waker: AtomicWaker,
}

/// A place in the queue, taken when it is made; gives a [`Slot`] when it is its turn.
#[derive(Debug)]
pub(crate) struct Turn {
    /// `None` once the slot was passed on.
    slots: Option<Arc<BlockingSlots>>,
    /// `None` if there was a free slot at once.
    ticket: Option<Arc<Ticket>>,
}

/// The right to block, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<BlockingSlots>);

impl BlockingSlots {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                free: limit,
                waiting: VecDeque::new(),
            }),
        })
    }

    /// Asks for a slot.
    pub(crate) fn ask(self: &Arc<Self>) -> Turn {
        let mut state = self.state.lock();
        let ticket = match state.free.checked_sub(1) {
            Some(left) => {
                state.free = left;
                None
            }
            None => {
                let ticket = Arc::<Ticket>::default();
                state.waiting.push_back(Arc::clone(&ticket));
                Some(ticket)
            }
        };
        Turn {
            slots: Some(Arc::clone(self)),
            ticket,
        }
    }

    /// Gives a slot to the first in the queue, or to nobody.
    fn give_back(&self) {
        let first = {
            let mut state = self.state.lock();
            let first = state.waiting.pop_front();
            state.free += usize::from(first.is_none());
            first
        };
        if let Some(ticket) = first {
            // Ordering: Release pairs with the Acquire in `Turn::poll`; the lock in the waker's
            // cell orders it with the second look there.
            ticket.granted.store(true, Ordering::Release);
            ticket.waker.take().into_iter().for_each(wake);
        }
    }

    /// Takes a ticket out of the queue; `false` if it has been granted.
    fn withdraw(&self, ticket: &Arc<Ticket>) -> bool {
        let mut state = self.state.lock();
        let found = state.waiting.iter().position(|t| Arc::ptr_eq(t, ticket));
        found.and_then(|at| state.waiting.remove(at)).is_some()
    }
}

impl Ticket {
    fn is_granted(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `give_back`.
        self.granted.load(Ordering::Acquire)
    }
}

impl Future for Turn {
    type Output = Slot;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Slot> {
        if let Some(ticket) = &self.ticket {
            if !ticket.is_granted() {
                ticket.waker.register(cx.waker());
                if !ticket.is_granted() {
                    return Poll::Pending;
                }
            }
        }
        let slots = self.slots.take();
        Poll::Ready(Slot(slots.expect("a turn comes once")))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(slots) = self.slots.take() else {
            return;
        };
        let withdrawn = self.ticket.as_ref().is_some_and(|t| slots.withdraw(t));
        if !withdrawn {
            slots.give_back();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::{BlockingSlots, Slot, Turn};
    use std::sync::Arc;
    use tokio_test::task::{Spawn, spawn};
    use tokio_test::{assert_pending, assert_ready};

    fn ask(slots: &Arc<BlockingSlots>) -> Spawn<Turn> {
        spawn(slots.ask())
    }

    fn at_once(slots: &Arc<BlockingSlots>) -> Slot {
        assert_ready!(ask(slots).poll())
    }

    #[test]
    fn slots_are_given_in_the_order_they_were_asked_for() {
        let slots = BlockingSlots::new(1);
        let first = at_once(&slots);
        let (mut second, mut third) = (ask(&slots), ask(&slots));
        assert_pending!(third.poll());
        assert_pending!(second.poll());
        drop(first);
        assert!(second.is_woken() && !third.is_woken());
        let slot = assert_ready!(second.poll());
        drop(slot);
        assert!(third.is_woken());
        drop(assert_ready!(third.poll()));
        drop(at_once(&slots));
    }

    #[test]
    fn a_turn_that_is_dropped_in_any_state_keeps_no_slot() {
        let slots = BlockingSlots::new(1);
        drop(ask(&slots));
        let held = at_once(&slots);
        let (unasked, mut waiting, mut next) = (ask(&slots), ask(&slots), ask(&slots));
        assert_pending!(waiting.poll());
        assert_pending!(next.poll());
        drop(unasked);
        drop(held);
        assert!(waiting.is_woken());
        drop(waiting);
        assert!(next.is_woken(), "a slot that was granted goes on");
        drop(assert_ready!(next.poll()));
        drop(at_once(&slots));
    }
}
