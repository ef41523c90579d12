//! One future's entry in a queue: the protocol of this module in safe words.

use super::queue::WaitQueue;
use super::waiter::Waiter;
use crate::base::lock::MutexGuard;
use crate::base::wake_list::drop_quietly;
use pin_project::{pin_project, pinned_drop};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Whoever has a queue of waiters with payload `T`, and the lock over it.
///
/// # Safety
/// `queue` gives the same queue for each state that `lock` gives, and that queue stays where it is
/// for as long as this value or a copy of it lives.
pub(crate) unsafe trait Owner<T> {
    type State;

    fn lock(&self) -> MutexGuard<'_, Self::State>;
    fn queue(state: &mut Self::State) -> &mut WaitQueue<T>;
}

/// A waiter, and the owner of the only queue it enters. Embedded, pinned, in the future that waits.
///
/// The waiter is made when the future has to wait: most need not, and for them this is a word and
/// two flags.
#[pin_project(PinnedDrop)]
pub(crate) struct Entry<O: Owner<T>, T> {
    owner: O,
    /// It has entered the queue, and the future has not heard yet that it left.
    entered: bool,
    #[pin]
    waiter: Option<Waiter<T>>,
}

/// How an entry stood when its future gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left<R> {
    /// It did not wait, or its future knew already that it was taken.
    Outside,
    /// It waited, and was removed. What was done about that, under the same lock.
    Removed(R),
    /// It had been taken, and its future had not heard of it: what it was given must be passed on.
    Taken,
}

impl<O: Owner<T>, T> Entry<O, T> {
    #[inline]
    pub(crate) fn new(owner: O) -> Self {
        Self {
            owner,
            entered: false,
            waiter: None,
        }
    }

    #[inline]
    pub(crate) fn owner(&self) -> &O {
        &self.owner
    }

    /// Whether it has entered, and its future has not heard yet that it left.
    #[inline]
    pub(crate) fn has_entered(&self) -> bool {
        self.entered
    }

    fn is_waiting(&self) -> bool {
        self.waiter.as_ref().is_some_and(Waiter::is_waiting)
    }

    /// What was asked for or given; `None` if it has never entered.
    ///
    /// # Panics
    /// If it waits.
    pub(crate) fn payload(self: Pin<&mut Self>) -> Option<&mut T> {
        self.project().waiter.as_pin_mut().map(Waiter::payload)
    }

    /// Waits until somebody takes the entry. The first poll asks `need_not`, under the lock,
    /// whether there is nothing to wait for; if so it is ready at once, and else it enters with
    /// `payload`.
    pub(crate) fn poll(
        self: Pin<&mut Self>,
        context: &Context<'_>,
        payload: T,
        need_not: impl FnOnce(&mut O::State, &mut T) -> bool,
    ) -> Poll<()> {
        self.poll_again(context, payload, need_not, |_, _| false)
    }

    /// As [`poll`](Self::poll); a later poll that finds the entry waiting asks `go`, under the
    /// lock, whether it is time to leave. `go` must not reach for this entry through the queue.
    pub(crate) fn poll_again(
        mut self: Pin<&mut Self>,
        context: &Context<'_>,
        payload: T,
        need_not: impl FnOnce(&mut O::State, &mut T) -> bool,
        go: impl FnOnce(&mut O::State, &mut T) -> bool,
    ) -> Poll<()> {
        if self.entered && !self.is_waiting() {
            *self.project().entered = false;
            return Poll::Ready(());
        }
        // Cloned before the lock and dropped after it, like the one that it replaces.
        let waker = context.waker().clone();
        let (outcome, unneeded) = if self.entered {
            self.as_mut().look_again(waker, go)
        } else {
            self.as_mut().enter(waker, payload, need_not)
        };
        *self.project().entered = outcome.is_pending();
        drop_quietly(unneeded);
        outcome
    }

    fn enter(
        self: Pin<&mut Self>,
        waker: Waker,
        payload: T,
        need_not: impl FnOnce(&mut O::State, &mut T) -> bool,
    ) -> (Poll<()>, Option<Waker>) {
        let mut this = self.project();
        this.waiter.set(Some(Waiter::new(payload)));
        let mut waiter = this.waiter.as_pin_mut().expect("it was made just now");
        let mut state = this.owner.lock();
        if need_not(&mut state, waiter.as_mut().payload()) {
            return (Poll::Ready(()), Some(waker));
        }
        let queue = O::queue(&mut state);
        // SAFETY: the destructor of this entry, which owns the waiter, removes it, and the queue
        // stays in place, as the owner has promised.
        unsafe { queue.push_back(waiter, waker) };
        (Poll::Pending, None)
    }

    fn look_again(
        self: Pin<&mut Self>,
        waker: Waker,
        go: impl FnOnce(&mut O::State, &mut T) -> bool,
    ) -> (Poll<()>, Option<Waker>) {
        let this = self.project();
        let mut waiter = this.waiter.as_pin_mut().expect("it has entered");
        let mut state = this.owner.lock();
        if !waiter.is_waiting() {
            return (Poll::Ready(()), Some(waker));
        }
        let leaves = waiter.as_mut().ask(|payload| go(&mut state, payload));
        let queue = O::queue(&mut state);
        if leaves {
            let removed = queue.remove(waiter);
            drop(state);
            drop_quietly(removed);
            return (Poll::Ready(()), Some(waker));
        }
        (Poll::Pending, queue.rewake(waiter, waker))
    }

    /// For the destructor of the future: takes the entry out if it waits, and calls `removed` under
    /// the same lock.
    pub(crate) fn leave<R>(
        self: Pin<&mut Self>,
        removed: impl FnOnce(&mut O::State, &mut T) -> R,
    ) -> Left<R> {
        let this = self.project();
        if !std::mem::take(this.entered) {
            return Left::Outside;
        }
        let mut waiter = this.waiter.as_pin_mut().expect("it has entered");
        if !waiter.is_waiting() {
            return Left::Taken;
        }
        let mut state = this.owner.lock();
        if !waiter.is_waiting() {
            return Left::Taken;
        }
        let waker = O::queue(&mut state).remove(waiter.as_mut());
        let result = removed(&mut state, waiter.payload());
        drop(state);
        drop_quietly(waker);
        Left::Removed(result)
    }
}

impl<O: Owner<T>, T> Entry<O, T> {
    #[cold]
    fn abandon(self: Pin<&mut Self>) {
        self.leave(|_, _| ());
    }
}

#[pinned_drop]
impl<O: Owner<T>, T> PinnedDrop for Entry<O, T> {
    #[inline]
    fn drop(self: Pin<&mut Self>) {
        // Kept apart, so that the end of an entry that never waited is a few instructions.
        if self.entered {
            self.abandon();
        }
    }
}

impl<O: Owner<T>, T> fmt::Debug for Entry<O, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("entered", &self.entered)
            .finish()
    }
}
