//! One waiter: what a waiting future embeds and a queue links.

use super::queue::WaitQueue;
use crate::base::atomic::{AtomicPtr, Ordering, UnsafeCell, has_failed, order};
use std::fmt;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::Waker;

/// A place in a queue, a waker, and a `payload` for what is asked for or given.
///
/// The owner is whoever holds `Pin<&mut Waiter<T>>`: the future.
pub(crate) struct Waiter<T> {
    /// The queue it waits in; null if it does not. Set by the owner and cleared by anyone, under
    /// the lock of the queue; read by the owner without it.
    queue: AtomicPtr<WaitQueue<T>>,
    /// Protected by the lock of the queue while it waits, else the owner's.
    node: UnsafeCell<Node<T>>,
    _pin: PhantomPinned,
}

/// What a queue needs of a waiter.
pub(super) struct Node<T> {
    /// Neighbours in the queue; stale outside one.
    pub(super) prev: Option<Link<T>>,
    pub(super) next: Option<Link<T>>,
    /// Whom to wake. May stay behind in a waiter that was refused, see [`WaitQueue::take_front`].
    pub(super) waker: Option<Waker>,
    pub(super) payload: T,
}

// SAFETY: the node goes where the future goes, and a waiter that waits does not move.
unsafe impl<T: Send> Send for Waiter<T> {}
// SAFETY: a shared waiter gives access to its atomic only; the node is reached by its owner or
// under the lock of the queue, one thread at a time.
unsafe impl<T: Send> Sync for Waiter<T> {}

/// Names a waiter inside its queue.
pub(super) struct Link<T>(NonNull<Waiter<T>>);

impl<T> Clone for Link<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Link<T> {}

impl<T> PartialEq for Link<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Link<T> {
    pub(super) fn new(waiter: Pin<&Waiter<T>>) -> Self {
        Self(NonNull::from(waiter.get_ref()))
    }

    /// Runs `f` on the node. Only for a holder of the lock of the queue in which the waiter waits,
    /// or for its owner if it waits in none; `f` must not reach for the same waiter again.
    pub(super) fn with<R>(self, f: impl FnOnce(&mut Node<T>) -> R) -> R {
        let node = self.waiter().node.get();
        // SAFETY: the caller has the right to the node (see above), and this borrow, which ends
        // with `f`, is the only one.
        f(unsafe { &mut *node })
    }

    /// The owner's step into `queue`, under its lock.
    pub(super) fn enter(self, queue: *mut WaitQueue<T>) {
        // Ordering: Relaxed; read under this lock, or by the owner, whose own step this is.
        self.waiter().queue.store(queue, Ordering::Relaxed);
    }

    /// Tells the owner that its waiter, which the caller has unlinked, waits no longer. The last
    /// touch: from here on the waiter may be gone.
    pub(super) fn leave(self) {
        // Ordering: Release pairs with the Acquire in `Waiter::is_waiting`: the owner that sees
        // null may use or free the node without the lock.
        self.waiter()
            .queue
            .store(ptr::null_mut(), order("wait.leave", Ordering::Release));
    }

    /// Whether the waiter waits in `queue`, whose lock the caller holds.
    pub(super) fn is_in(self, queue: *const WaitQueue<T>) -> bool {
        // Ordering: Relaxed; this value is stored and cleared under the lock that the caller has.
        ptr::eq(self.waiter().queue.load(Ordering::Relaxed), queue)
    }

    fn waiter<'a>(self) -> &'a Waiter<T> {
        // SAFETY: a link is kept only while its waiter waits (or by the owner itself), and a
        // waiter that waits is pinned and is taken out, under the lock that the caller holds,
        // before it goes (the promise of `WaitQueue::push_back`).
        unsafe { self.0.as_ref() }
    }
}

impl<T> Waiter<T> {
    /// A waiter that no queue knows yet.
    #[inline]
    pub(crate) fn new(payload: T) -> Self {
        Self {
            queue: AtomicPtr::new(ptr::null_mut()),
            node: UnsafeCell::new(Node {
                prev: None,
                next: None,
                waker: None,
                payload,
            }),
            _pin: PhantomPinned,
        }
    }

    /// Whether it is in a queue. If it is, it may have been taken out by the time one looks; if it
    /// is not, only its owner can change that.
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `Link::leave`.
        !has_failed()
            && !self
                .queue
                .load(order("wait.look", Ordering::Acquire))
                .is_null()
    }

    /// What it asks for, or what it was given.
    ///
    /// # Panics
    /// If it waits: then the payload is its queue's.
    #[inline]
    pub(crate) fn payload(self: Pin<&mut Self>) -> &mut T {
        assert!(!self.is_waiting(), "the payload of a waiter is its queue's");
        let node = self.node.get();
        // SAFETY: the waiter is in no queue, so the node is its owner's, which `self` is.
        unsafe { &mut (*node).payload }
    }
}

impl<T> Waiter<T> {
    /// Asks the payload of a waiter that waits. Only for a holder of the lock of its queue; `ask`
    /// must not reach for the same waiter again.
    pub(super) fn ask<R>(self: Pin<&mut Self>, ask: impl FnOnce(&mut T) -> R) -> R {
        Link::new(self.as_ref()).with(|node| ask(&mut node.payload))
    }
}

impl<T> Drop for Waiter<T> {
    #[inline]
    fn drop(&mut self) {
        debug_assert!(!self.is_waiting(), "a waiter is dropped in its queue");
    }
}

impl<T> fmt::Debug for Waiter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter")
            .field("is_waiting", &self.is_waiting())
            .finish()
    }
}
