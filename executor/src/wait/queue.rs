//! The queue: waiters in the order in which they came.

use super::waiter::{Link, Waiter};
use crate::base::wake_list::WakeList;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::Waker;

/// Waiters, first come, first served. Whoever holds `&mut` holds the owner's lock.
pub(crate) struct WaitQueue<T> {
    first: Option<Link<T>>,
    last: Option<Link<T>>,
}

// SAFETY: the links name waiters that are touched under the lock of this queue only, see
// `Link::with`; what is passed between threads are payloads.
unsafe impl<T: Send> Send for WaitQueue<T> {}

impl<T> WaitQueue<T> {
    pub(crate) const fn new() -> Self {
        Self {
            first: None,
            last: None,
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Whether exactly one waits.
    #[inline]
    pub(crate) fn holds_one(&self) -> bool {
        self.first.is_some() && self.first == self.last
    }

    /// Puts `waiter`, which waits in no queue, behind all others. It needs no waker if its payload
    /// tells whom to wake.
    ///
    /// # Safety
    /// Until the waiter has left (it was taken, or removed by its owner) the queue is not moved,
    /// and the waiter is not dropped. Its owner sees to that: it has `remove` called in its
    /// destructor, under the lock of this queue. A waiter that is leaked with its owner may outlive
    /// the queue: nobody touches it then.
    pub(crate) unsafe fn push_back(
        &mut self,
        waiter: Pin<&mut Waiter<T>>,
        waker: impl Into<Option<Waker>>,
    ) {
        assert!(
            !waiter.is_waiting(),
            "a waiter waits in one queue at a time"
        );
        let link = Link::new(waiter.as_ref());
        let prev = self.last.replace(link);
        let stale = link.with(|node| {
            node.prev = prev;
            node.next = None;
            mem::replace(&mut node.waker, waker.into())
        });
        debug_assert!(stale.is_none(), "a refused waiter keeps no waker");
        match prev {
            Some(prev) => prev.with(|node| node.next = Some(link)),
            None => self.first = Some(link),
        }
        link.enter(self);
    }

    /// The payload of the first waiter.
    pub(crate) fn front(&mut self) -> Option<&mut T> {
        let first = self.first?;
        let payload = first.with(|node| std::ptr::from_mut(&mut node.payload));
        // SAFETY: the waiter stays in this queue, and so stays where it is, for as long as the
        // queue is borrowed; nobody else has access to its node meanwhile.
        Some(unsafe { &mut *payload })
    }

    /// The waker of the first waiter, which stays in the queue; `None` if it was taken before.
    pub(crate) fn take_front_waker(&mut self) -> Option<Waker> {
        self.first?.with(|node| node.waker.take())
    }

    /// Takes the first waiter that `accept` accepts, and gives the answer and whom to wake.
    ///
    /// `accept` writes into the payload what is given. Waiters that it refuses leave the queue
    /// too, and nobody wakes them: for those who wait in several queues and were taken from
    /// another. Their waker goes with them.
    pub(crate) fn take_front<R>(
        &mut self,
        mut accept: impl FnMut(&mut T) -> Option<R>,
    ) -> Option<(R, Option<Waker>)> {
        while let Some(first) = self.first {
            let next = first.with(|node| node.next);
            self.first = next;
            match next {
                Some(next) => next.with(|node| node.prev = None),
                None => self.last = None,
            }
            let accepted = first.with(|node| {
                let answer = accept(&mut node.payload)?;
                Some((answer, node.waker.take()))
            });
            first.leave();
            if accepted.is_some() {
                return accepted;
            }
        }
        None
    }

    /// Takes the first waiter: `give` writes into its payload what is given. Gives whom to wake.
    pub(crate) fn take_first(&mut self, mut give: impl FnMut(&mut T)) -> Option<Waker> {
        let taken = self.take_front(|payload| {
            give(payload);
            Some(())
        });
        taken.and_then(|((), waker)| waker)
    }

    /// Takes all waiters: `give` writes into their payloads what is given, and `wakers` gets whom
    /// to wake.
    pub(crate) fn take_all(&mut self, wakers: &mut WakeList, mut give: impl FnMut(&mut T)) {
        while !self.is_empty() {
            let waker = self.take_first(&mut give);
            waker.into_iter().for_each(|waker| wakers.push(waker));
        }
    }

    /// Makes `waker` the one to wake, if `waiter` waits in this queue. Gives back the one that is
    /// not needed, the old one or `waker`, to be dropped after the lock.
    pub(crate) fn rewake(&mut self, waiter: Pin<&mut Waiter<T>>, waker: Waker) -> Option<Waker> {
        let link = Link::new(waiter.as_ref());
        if link.is_in(self) {
            link.with(|node| node.waker.replace(waker))
        } else {
            Some(waker)
        }
    }

    /// Takes `waiter` out of this queue. Nothing happens if it is not in it; then it was taken.
    /// Gives back its waker, to be dropped after the lock.
    pub(crate) fn remove(&mut self, waiter: Pin<&mut Waiter<T>>) -> Option<Waker> {
        let link = Link::new(waiter.as_ref());
        if !link.is_in(self) {
            return None;
        }
        let (prev, next, waker) = link.with(|node| (node.prev, node.next, node.waker.take()));
        match prev {
            Some(prev) => prev.with(|node| node.next = next),
            None => self.first = next,
        }
        match next {
            Some(next) => next.with(|node| node.prev = prev),
            None => self.last = prev,
        }
        link.leave();
        waker
    }
}

impl<T> fmt::Debug for WaitQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitQueue")
            .field("is_empty", &self.is_empty())
            .finish()
    }
}
