//! The queue that all Ps share.
//!
//! What comes here: what is made ready by a thread without a P, what gives way to everybody
//! (`gosched`, preemption), and what overflows a ring. What leaves goes in batches through
//! [`RunQueue::refill`](super::RunQueue::refill), plus one now and then for fairness. So no
//! worker comes here on every poll, and a lock-free queue that costs some 10 ns a piece is enough.

use std::fmt;

use super::Item;
use crate::base::wake_list::drop_quietly;

#[cfg(not(gort_loom))]
use concurrent_queue::ConcurrentQueue;
#[cfg(gort_loom)]
use modelled::ConcurrentQueue;

/// The largest batch that one P takes, half of its ring.
const BATCH_MAX: usize = 128;

/// An unbounded queue, first in, first out.
pub(crate) struct GlobalQueue<T: Item> {
    /// Never closed. Synchronises itself; its operations are sequentially consistent.
    items: ConcurrentQueue<T>,
}

impl<T: Item> GlobalQueue<T> {
    pub(crate) fn new() -> Self {
        Self {
            items: ConcurrentQueue::unbounded(),
        }
    }

    /// Adds `item` at the tail.
    pub(crate) fn push(&self, item: T) {
        let pushed = self.items.push(item);
        debug_assert!(pushed.is_ok(), "the global queue is never closed");
    }

    /// Takes the oldest item.
    #[inline]
    pub(crate) fn pop(&self) -> Option<T> {
        // Two loads spare the full fence that an empty pop costs.
        if self.is_empty() {
            None
        } else {
            self.items.pop().ok()
        }
    }

    /// Whether the queue was empty a moment ago: two loads.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many items the queue held a moment ago.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// A fair share for one of `procs` Ps, at least 1, to be given to
    /// [`RunQueue::refill`](super::RunQueue::refill). Go's `globrunqgetbatch` takes one more than
    /// the quotient; of two Gs that are there for two Ps the first to come would take both.
    pub(crate) fn batch_max(&self, procs: usize) -> usize {
        debug_assert!(procs > 0, "somebody asks");
        self.len().div_ceil(procs).clamp(1, BATCH_MAX)
    }
}

impl<T: Item> Drop for GlobalQueue<T> {
    fn drop(&mut self) {
        while let Some(item) = self.pop() {
            // A destructor that panics must not keep the others from running.
            drop_quietly(item);
        }
    }
}

impl<T: Item> fmt::Debug for GlobalQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlobalQueue")
            .field("len", &self.len())
            .finish()
    }
}

#[cfg(gort_loom)]
mod modelled {
    //! A stand-in for the foreign queue, whose atomics the model checker does not see.

    use std::collections::VecDeque;

    use crate::base::atomic::{AtomicUsize, Ordering};
    use crate::base::lock::Mutex;

    /// As weak as the original to those who only look: they take no lock.
    pub(super) struct ConcurrentQueue<T> {
        items: Mutex<VecDeque<T>>,
        /// Written under the lock, read without it.
        len: AtomicUsize,
    }

    impl<T> ConcurrentQueue<T> {
        pub(super) fn unbounded() -> Self {
            Self {
                items: Mutex::new(VecDeque::new()),
                len: AtomicUsize::new(0),
            }
        }

        pub(super) fn push(&self, item: T) -> Result<(), T> {
            let mut items = self.items.lock();
            items.push_back(item);
            // Ordering: SeqCst as in the original, for those who look without the lock.
            self.len.store(items.len(), Ordering::SeqCst);
            Ok(())
        }

        pub(super) fn pop(&self) -> Result<T, ()> {
            let mut items = self.items.lock();
            let item = items.pop_front();
            // Ordering: SeqCst, as in `push`.
            self.len.store(items.len(), Ordering::SeqCst);
            item.ok_or(())
        }

        pub(super) fn is_empty(&self) -> bool {
            self.len() == 0
        }

        pub(super) fn len(&self) -> usize {
            // Ordering: SeqCst, as in `push`.
            self.len.load(Ordering::SeqCst)
        }
    }
}
