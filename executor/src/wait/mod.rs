//! Who waits for something that another goroutine or thread will do, and in which order.
//!
//! A [`Waiter`] is embedded, pinned, in the future that waits; a [`WaitQueue`] links waiters, first
//! come, first served, and lies under a lock of its owner (a mutex, a channel, a context). Entering
//! and leaving cost a few stores under that lock, nothing is allocated, and a future that is
//! dropped leaves in constant time.
//!
//! ```text
//!               push_back (the future)              take_front (any thread)
//!   not waiting ----------------------->  waiting  -------------------------->  not waiting,
//!        ^                                   |                                  and what it got
//!        +---------- remove (the future) ----+                                  is in its payload
//! ```
//!
//! # The protocol
//!
//! 1. A future that must wait clones its waker, takes the owner's lock, looks **again** whether it
//!    must, and enters the queue. The waker that turned out not to be needed is dropped after the
//!    lock.
//! 2. Whoever has something to give takes the first waiter under the lock. It writes what it gives
//!    into the waiter's payload and gets the waker, which it wakes after the lock: [`wake`] for
//!    one, a [`WakeList`] for many. Their order is the order in which goroutines become runnable.
//! 3. The future finds out without the lock ([`Waiter::is_waiting`]) and then owns its payload.
//! 4. A future that is dropped takes the lock if it still waits, and leaves. If it was given
//!    something that it has not passed to its caller, it gives that to the next.
//!
//! An [`Entry`] does all this for a future with one waiter in one queue, and has no unsafe calls.
//! A future with several, or whose queue may move, uses the waiters themselves.
//!
//! # Invariants
//!
//! 1. Links, waker and payload of a waiting waiter are touched under the lock of its queue only;
//!    of any other by its future only.
//! 2. Whoever takes a waiter out touches it for the last time when it stores that it no longer
//!    waits (`Release`). The future that sees this (`Acquire`) may free it at once.
//! 3. A waiter that waits has not moved, and is taken out before it is freed.
//! 4. No waker is cloned, woken or dropped under the lock: the queue only moves them.
//!
//! # Rejected
//!
//! - *A vector or a deque of wakers*: a dropped future must search it, or leave a hole that
//!   swallows a wake-up. It also allocates.
//! - *A lock inside the queue*: a channel has two queues and a buffer under one lock.
//! - *An address table of queues* (Go's `semtable`): it keeps a mutex at one word, and costs a hash
//!   and a shared lock for each wait. Here a queue is two words.
//!
//! [`wake`]: crate::base::wake_list::wake
//! [`WakeList`]: crate::base::wake_list::WakeList

mod block;
mod entry;
mod queue;
mod waiter;

#[cfg(all(test, gort_loom))]
mod loom;
#[cfg(all(test, not(gort_loom)))]
mod tests;

pub(crate) use self::{
    block::block,
    entry::{Entry, Left, Owner},
    queue::WaitQueue,
    waiter::Waiter,
};
