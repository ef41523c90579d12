//! A queue that any thread may push to and take from.
//!
//! One is the global queue: what is made ready by a thread without a P comes there, and what gives
//! way to everybody (`gosched`, preemption). Each P has one more, for what overflows its ring. What
//! leaves goes in batches through [`RunQueue::refill`](super::RunQueue::refill), plus one now and
//! then for fairness. So no worker comes here on every poll.
//!
//! A ring that overflows hands over its half as one **load**, and a P that refills its ring takes
//! as many as it wants of the oldest load. So a goroutine that passes through here as one of many
//! costs two moves in memory. Singly, through the lock-free queue, it cost 26 ns.
//!
//! ```text
//! push, push_many ->  arrivals: One | Many | One | Many  ->  begun: the rest of a load  ->  take
//!                     lock-free                              under a lock
//! ```
//!
//! Invariant: what is in `begun` came before what is in `arrivals`. And the queue never looks empty
//! while it holds something: whoever moves a load to `begun` first says in `begun_len` that
//! there is something.

use std::fmt;
use std::vec;

use super::Item;
use crate::base::atomic::{AtomicUsize, Ordering};
use crate::base::lock::Mutex;
use crate::base::wake_list::drop_quietly;

#[cfg(not(gort_loom))]
use concurrent_queue::ConcurrentQueue;
#[cfg(gort_loom)]
use modelled::ConcurrentQueue;

/// The largest batch that one P takes, half of its ring.
const BATCH_MAX: usize = 128;

/// What came at one time.
enum Load<T> {
    One(T),
    /// At least two.
    Many(Box<[T]>),
}

/// An unbounded queue, first in, first out.
pub(crate) struct SharedQueue<T: Item> {
    /// Never closed. Synchronises itself; its operations are sequentially consistent.
    arrivals: ConcurrentQueue<Load<T>>,
    /// What is left of the oldest load.
    begun: Mutex<vec::IntoIter<T>>,
    /// How many are left in `begun`, or one too many while a load moves there. Written under the
    /// lock of `begun`, read by anyone.
    begun_len: AtomicUsize,
    /// How many items the loads in `arrivals` have beyond one each. Written by whoever pushes or
    /// takes a load, read by anyone as a hint.
    extra: AtomicUsize,
}

impl<T: Item> SharedQueue<T> {
    pub(crate) fn new() -> Self {
        Self {
            arrivals: ConcurrentQueue::unbounded(),
            begun: Mutex::new(Vec::new().into_iter()),
            begun_len: AtomicUsize::new(0),
            extra: AtomicUsize::new(0),
        }
    }

    /// Adds `item` at the tail.
    pub(crate) fn push(&self, item: T) {
        self.add(Load::One(item));
    }

    /// Adds `items`, at least two, at the tail, in order and with nothing between them.
    pub(crate) fn push_many(&self, items: Box<[T]>) {
        debug_assert!(items.len() > 1, "one item is no load");
        // Ordering: Relaxed, a hint only. It comes first so that the count never falls below zero.
        self.extra.fetch_add(items.len() - 1, Ordering::Relaxed);
        self.add(Load::Many(items));
    }

    fn add(&self, load: Load<T>) {
        let pushed = self.arrivals.push(load);
        debug_assert!(pushed.is_ok(), "the global queue is never closed");
    }

    /// Takes the oldest item.
    #[inline]
    pub(crate) fn pop(&self) -> Option<T> {
        let mut first = None;
        self.take(1, |item| first = Some(item));
        first
    }

    /// Takes the `max` oldest items, or as many as there are, and gives them to `receive` in order.
    /// `receive` runs under a lock: it may move the item and nothing else.
    #[inline]
    pub(crate) fn take(&self, max: usize, receive: impl FnMut(T)) {
        // Two loads spare the lock where there is nothing.
        if !self.is_empty() {
            self.take_some(max, receive);
        }
    }

    fn take_some(&self, max: usize, mut receive: impl FnMut(T)) {
        let mut begun = self.begun.lock();
        let mut left = max;
        while left > 0 {
            if let Some(item) = begun.next() {
                receive(item);
                left -= 1;
                continue;
            }
            // Ordering: Relaxed; it comes before the pop below, which releases, and pairs with the
            // look in `is_empty`: who does not find the load in `arrivals` any more sees this.
            self.begun_len.store(1, Ordering::Relaxed);
            match self.arrivals.pop() {
                Ok(Load::One(item)) => {
                    receive(item);
                    left -= 1;
                }
                Ok(Load::Many(items)) => {
                    // Ordering: Relaxed, a hint only.
                    self.extra.fetch_sub(items.len() - 1, Ordering::Relaxed);
                    *begun = items.into_vec().into_iter();
                }
                Err(_) => break,
            }
        }
        // Ordering: Relaxed; whoever makes it 0 holds the last item.
        self.begun_len.store(begun.len(), Ordering::Relaxed);
    }

    /// Moves to `other`, in order, what is in the queue now.
    pub(crate) fn drain_into(&self, other: &Self) {
        let mut items = Vec::new();
        self.take(self.len(), |item| items.push(item));
        match items.len() {
            0 => {}
            1 => items.into_iter().for_each(|item| other.push(item)),
            _ => other.push_many(items.into_boxed_slice()),
        }
    }

    /// Whether the queue was empty at some moment: two loads and a third. It is never said of a
    /// queue that has always held something.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Ordering: Relaxed. The look at `arrivals` acquires what the pop in `take_some` released:
        // a load that has left is announced in `begun_len` already.
        self.arrivals.is_empty() && self.begun_len.load(Ordering::Relaxed) == 0
    }

    /// How many items the queue held a moment ago.
    pub(crate) fn len(&self) -> usize {
        // Ordering: Relaxed, a number of a moment ago.
        let begun = self.begun_len.load(Ordering::Relaxed);
        begun + self.arrivals.len() + self.extra.load(Ordering::Relaxed)
    }

    /// A fair share for one of `procs` Ps, at least 1, to be given to
    /// [`RunQueue::refill`](super::RunQueue::refill). Go's `globrunqgetbatch` takes one more than
    /// the quotient; of two Gs that are there for two Ps the first to come would take both.
    pub(crate) fn batch_max(&self, procs: usize) -> usize {
        debug_assert!(procs > 0, "somebody asks");
        self.len().div_ceil(procs).clamp(1, BATCH_MAX)
    }
}

impl<T: Item> Drop for SharedQueue<T> {
    fn drop(&mut self) {
        while let Some(item) = self.pop() {
            // A destructor that panics must not keep the others from running.
            drop_quietly(item);
        }
    }
}

impl<T: Item> fmt::Debug for SharedQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedQueue")
            .field("len", &self.len())
            .finish()
    }
}

#[cfg(gort_loom)]
mod modelled {
    //! A stand-in for the foreign queue, whose atomics the model checker does not see.

    use std::collections::VecDeque;

    use crate::base::atomic::{AtomicUsize, Ordering, order};
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
            // Ordering: SeqCst as in the original; pairs with the load in `len`.
            self.len
                .store(items.len(), order("shared-pop", Ordering::SeqCst));
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
