//! [`Select`]: the future that waits for one of its arms.

use super::arms::Arms;
use super::locks::Locks;
use super::order::Order;
use crate::base::slice;
use crate::base::wake_list::drop_quietly;
use crate::chan::{Aftermath, Party};
use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::{Pin, pin};
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

/// The future that a `select!` without `default` awaits.
pub struct Select<A: Arms> {
    is_random: bool,
    /// Whether the arms wait in their channels, or did and one has been served.
    waits: bool,
    party: Party,
    /// Pinned with the future, as is the party that their waiters name.
    arms: A,
    _pin: PhantomPinned,
}

/// The mutable parts of a [`Select`].
struct Parts<'p, A> {
    is_random: bool,
    waits: &'p mut bool,
    party: &'p Party,
    arms: Pin<&'p mut A>,
}

impl<A: Arms> Select<A> {
    #[inline]
    pub(super) fn new(arms: A, is_random: bool) -> Self {
        const { assert!(A::LEN >= 1 && A::LEN <= 64, "a select has 1 to 64 arms") };
        Self {
            is_random,
            waits: false,
            party: Party::new(),
            arms,
            _pin: PhantomPinned,
        }
    }

    #[inline]
    fn parts(self: Pin<&mut Self>) -> Parts<'_, A> {
        // SAFETY: party and arms are structurally pinned: they are reached through this method only
        // and never moved. The others never are.
        let this = unsafe { self.get_unchecked_mut() };
        Parts {
            is_random: this.is_random,
            waits: &mut this.waits,
            party: &this.party,
            // SAFETY: as above.
            arms: unsafe { Pin::new_unchecked(&mut this.arms) },
        }
    }
}

impl<A: Arms> Parts<'_, A> {
    /// Ends the wait of all arms, whoever has won.
    #[inline]
    fn leave(&mut self) {
        *self.waits = false;
        // An arm that is just being served is under the lock that its `leave` takes.
        self.arms.as_mut().leave();
    }

    /// The output of the arm that was served.
    #[inline]
    fn settle(&mut self, number: u32) -> A::Output {
        self.leave();
        self.arms.as_mut().settle(number)
    }

    /// It was woken though no channel served it. Ready: one has, meanwhile.
    #[cold]
    fn look_again(&mut self, cx: &mut Context<'_>) -> Poll<A::Output> {
        if A::HAS_FUTURES {
            // Futures are polled only while no channel can serve an arm: a value that was handed
            // over and one that a future gave would be one too many.
            return match self.party.withdraw() {
                Err(number) => Poll::Ready(self.settle(number)),
                Ok(()) => {
                    self.leave();
                    self.decide(cx)
                }
            };
        }
        let waker = cx.waker().clone();
        let mut locks = Locks::new();
        self.arms.collect_locks(&mut locks);
        // SAFETY: the arms borrow their channels.
        let taken = unsafe { locks.take() };
        let winner = self.party.winner();
        let unneeded = match winner {
            Some(_) => Some(waker),
            None => self.party.replace_waker(waker),
        };
        drop(taken);
        drop_quietly(unneeded);
        match winner {
            Some(number) => Poll::Ready(self.settle(number)),
            None => Poll::Pending,
        }
    }

    /// Decides now, or waits in all channels.
    #[inline]
    fn decide(&mut self, cx: &mut Context<'_>) -> Poll<A::Output> {
        for number in Order::new(A::LEN, self.is_random) {
            if let Poll::Ready(output) = self.arms.as_mut().attempt(number, cx) {
                return Poll::Ready(output);
            }
        }
        let waker = cx.waker().clone();
        let mut locks = Locks::new();
        self.arms.collect_locks(&mut locks);
        // SAFETY: the arms borrow their channels.
        let taken = unsafe { locks.take() };
        for number in Order::new(A::LEN, self.is_random) {
            if let Some(after) = self.arms.as_mut().attempt_locked(number) {
                drop(taken);
                self.arms.finish(number, after);
                drop_quietly(waker);
                return Poll::Ready(self.arms.as_mut().settle(number));
            }
        }
        *self.waits = true;
        let unneeded = self.party.open(waker);
        let mut told = self.arms.as_mut().enter(NonNull::from(self.party), 0);
        drop(taken);
        while told != 0 {
            let number = told.trailing_zeros();
            told &= told - 1;
            self.arms.finish(number, Aftermath::for_streams());
        }
        drop_quietly(unneeded);
        Poll::Pending
    }
}

impl<A: Arms> Future for Select<A> {
    type Output = A::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A::Output> {
        let mut parts = self.parts();
        if !*parts.waits {
            if slice::is_over(cx) {
                return Poll::Pending;
            }
            return parts.decide(cx);
        }
        match parts.party.winner() {
            Some(number) => Poll::Ready(parts.settle(number)),
            None => parts.look_again(cx),
        }
    }
}

impl<A: Arms> Drop for Select<A> {
    #[inline]
    fn drop(&mut self) {
        if !self.waits {
            return;
        }
        // SAFETY: it was pinned when it began to wait, and is not moved any more.
        let mut parts = unsafe { Pin::new_unchecked(self) }.parts();
        // An arm that was served all the same passes on, as it drops, what it was given.
        let _ = parts.party.withdraw();
        parts.leave();
    }
}

impl<A: Arms> fmt::Debug for Select<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("waits", &self.waits)
            .finish_non_exhaustive()
    }
}

/// Decides now; `None` if no arm is ready.
#[inline]
pub(super) fn decide_now<A: Arms>(arms: A, is_random: bool) -> Option<A::Output> {
    const { assert!(A::LEN <= 64, "a select has at most 64 arms") };
    let mut arms = pin!(arms);
    if A::LEN == 0 {
        return None;
    }
    let mut cx = Context::from_waker(Waker::noop());
    for number in Order::new(A::LEN, is_random) {
        if let Poll::Ready(output) = arms.as_mut().attempt(number, &mut cx) {
            return Some(output);
        }
    }
    if A::LEN == 1 {
        return None;
    }
    // One after the other they were not ready. That none is ready is true of one moment only under
    // all locks.
    let mut locks = Locks::new();
    arms.collect_locks(&mut locks);
    // SAFETY: the arms borrow their channels.
    let taken = unsafe { locks.take() };
    let ready = Order::new(A::LEN, is_random).find_map(|number| {
        let after = arms.as_mut().attempt_locked(number)?;
        Some((number, after))
    });
    drop(taken);
    let (number, after) = ready?;
    arms.finish(number, after);
    Some(arms.as_mut().settle(number))
}
