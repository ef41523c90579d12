//! The lock of [`RwMutex`](super::RwMutex), without the value.
//!
//! One word holds the number of readers, whether a writer has the lock (WRITER), and whether
//! anybody waits (QUEUED). While QUEUED is set nobody takes the lock by the word alone: it changes
//! hands under the lock of the queues, and is given to those who wait before they are woken.
//!
//! Who is given the lock, by Go's rules (`sync/rwmutex.go`):
//!
//! - A writer that waits keeps new readers out, so readers cannot starve it.
//! - When a writer leaves, **all** readers that wait by then get the lock, those that came after
//!   the next writer too, so writers cannot starve readers. Without readers the next writer gets
//!   it.
//! - When the last reader leaves, the first writer gets it.
//!
//! # Nobody sleeps beside a free lock
//!
//! QUEUED is set in the step that sees the lock taken, and who holds the lock finds it in the step
//! that gives it up. From then on the lock stays closed to all who come along, so whoever takes the
//! lock of the queues finds things as that step left them.
//!
//! # Who is let in may go out at once
//!
//! Whoever is taken from a queue can tell without the lock, and act on it while the taker is still
//! busy with the others. So the word counts each one in before it leaves its queue.

use crate::base::atomic::{AtomicUsize, Ordering, const_fn, order};
use crate::base::lock;
use crate::base::slice;
use crate::base::wake_list::WakeList;
use crate::wait::{Entry, Left, Owner, WaitQueue};
use pin_project::{pin_project, pinned_drop};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A writer has the lock.
const WRITER: usize = 1;
/// A queue is not empty. Changed under the lock of the queues.
const QUEUED: usize = 1 << 1;
/// One reader; their number lies above the flags.
const READER: usize = 1 << 2;

#[derive(Debug)]
pub(super) struct RawRwMutex {
    /// See above.
    word: AtomicUsize,
    queues: lock::Mutex<Queues>,
}

#[derive(Debug)]
pub(super) struct Queues {
    readers: WaitQueue<Reader>,
    writers: WaitQueue<Writer>,
}

impl Queues {
    fn are_empty(&self) -> bool {
        self.readers.is_empty() && self.writers.is_empty()
    }
}

/// Waits to read.
#[derive(Debug)]
pub(super) struct Reader;

/// Waits to write.
#[derive(Debug)]
pub(super) struct Writer;

/// One of the two ways to have the lock.
pub(super) trait Access: Sized {
    const NEW: Self;

    /// Takes the lock if it is free for this and nobody waits.
    fn try_lock(mutex: &RawRwMutex) -> bool;

    /// The word with the lock taken, or `None` if it is not free for this.
    fn taken(word: usize) -> Option<usize>;

    fn unlock(mutex: &RawRwMutex);

    fn queue(queues: &mut Queues) -> &mut WaitQueue<Self>;
}

impl Access for Reader {
    const NEW: Self = Self;

    #[inline]
    fn try_lock(mutex: &RawRwMutex) -> bool {
        // Ordering: Relaxed, a first guess that the exchange corrects.
        let mut word = mutex.word.load(Ordering::Relaxed);
        while word & (WRITER | QUEUED) == 0 {
            match mutex.exchange(word, word + READER) {
                Ok(()) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    fn taken(word: usize) -> Option<usize> {
        (word & (WRITER | QUEUED) == 0).then_some(word + READER)
    }

    #[inline]
    fn unlock(mutex: &RawRwMutex) {
        // Ordering: Release pairs with the Acquire of the next writer.
        let release = order("rw_mutex.unlock", Ordering::Release);
        let old = mutex.word.fetch_sub(READER, release);
        debug_assert!(old >= READER, "only a reader ends reading");
        if old == READER | QUEUED {
            mutex.end_reading();
        }
    }

    fn queue(queues: &mut Queues) -> &mut WaitQueue<Self> {
        &mut queues.readers
    }
}

impl Access for Writer {
    const NEW: Self = Self;

    #[inline]
    fn try_lock(mutex: &RawRwMutex) -> bool {
        mutex.exchange(0, WRITER).is_ok()
    }

    fn taken(word: usize) -> Option<usize> {
        (word == 0).then_some(WRITER)
    }

    #[inline]
    fn unlock(mutex: &RawRwMutex) {
        // Ordering: Release pairs with the Acquire of whoever takes the lock next.
        let release = order("rw_mutex.unlock", Ordering::Release);
        let alone = mutex
            .word
            .compare_exchange(WRITER, 0, release, Ordering::Relaxed);
        if alone.is_err() {
            mutex.end_writing();
        }
    }

    fn queue(queues: &mut Queues) -> &mut WaitQueue<Self> {
        &mut queues.writers
    }
}

// SAFETY: the queues are fields of the mutex, which is borrowed.
unsafe impl<A: Access> Owner<A> for &RawRwMutex {
    type State = Queues;

    fn lock(&self) -> lock::MutexGuard<'_, Self::State> {
        self.queues.lock()
    }

    fn queue(state: &mut Self::State) -> &mut WaitQueue<A> {
        A::queue(state)
    }
}

impl RawRwMutex {
    const_fn! {
        pub(super) fn new() -> Self {
            Self {
                word: AtomicUsize::new(0),
                queues: lock::Mutex::new(Queues {
                    readers: WaitQueue::new(),
                    writers: WaitQueue::new(),
                }),
            }
        }
    }

    /// From `old` to `new`, which takes the lock.
    #[inline]
    fn exchange(&self, old: usize, new: usize) -> Result<(), usize> {
        // Ordering: Acquire pairs with the Release of the unlocks: what earlier holders did comes
        // before.
        let acquire = order("rw_mutex.lock", Ordering::Acquire);
        self.word
            .compare_exchange(old, new, acquire, Ordering::Relaxed)
            .map(|_| ())
    }

    #[inline]
    pub(super) fn lock<A: Access>(&self) -> RawAccess<'_, A> {
        RawAccess {
            entry: Entry::new(self),
        }
    }

    /// The last reader has gone, and QUEUED keeps the lock closed.
    #[cold]
    fn end_reading(&self) {
        let mut wakers = WakeList::default();
        let mut queues = self.queues.lock();
        self.give(&mut queues, false, &mut wakers);
        drop(queues);
        wakers.wake_all();
    }

    /// The writer goes, and somebody waits. It goes under the lock of the queues, so that those who
    /// wait at that very moment are those who are let in.
    #[cold]
    fn end_writing(&self) {
        let mut wakers = WakeList::default();
        let mut queues = self.queues.lock();
        // Ordering: Release pairs with the Acquire of whoever takes the lock next.
        let release = order("rw_mutex.unlock", Ordering::Release);
        let old = self.word.fetch_sub(WRITER, release);
        debug_assert!(old & WRITER != 0, "only a writer ends writing");
        self.give(&mut queues, true, &mut wakers);
        drop(queues);
        wakers.wake_all();
    }

    /// Gives the lock to those whose turn it is. Under the lock of the queues.
    fn give(&self, queues: &mut Queues, after_writer: bool, wakers: &mut WakeList) {
        // Ordering: Acquire pairs with the Release of the unlocks: those who are given the lock
        // here hear of the earlier holders through their entry in the queue.
        let word = self.word.load(order("rw_mutex.give", Ordering::Acquire));
        if word & WRITER != 0 {
            return;
        }
        if !queues.readers.is_empty() && (after_writer || queues.writers.is_empty()) {
            queues.readers.take_all(wakers, |_| self.let_in(READER));
        } else if word < READER {
            let waker = queues.writers.take_first(|_| self.let_in(WRITER));
            waker.into_iter().for_each(|waker| wakers.push(waker));
        }
        if word & QUEUED != 0 && queues.are_empty() {
            // Ordering: Relaxed; this flag belongs to the lock of the queues.
            self.word.fetch_and(!QUEUED, Ordering::Relaxed);
        }
    }

    /// Counts one in to whom the lock is given, **before** it is taken from the queue: its future
    /// may be polled at any moment, and then it goes in, and out again, without waiting for who
    /// lets it in.
    fn let_in(&self, access: usize) {
        // Ordering: Relaxed; its entry tells it that it was given the lock.
        self.word.fetch_add(access, Ordering::Relaxed);
    }

    /// Takes the lock, or says that somebody waits for it. Under the lock of the queues.
    fn lock_or_queue<A: Access>(&self) -> bool {
        // Ordering: Relaxed, a first guess that the exchange corrects.
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let taken = A::taken(word);
            match self.exchange(word, taken.unwrap_or(word | QUEUED)) {
                Ok(()) => return taken.is_some(),
                Err(now) => word = now,
            }
        }
    }
}

/// The future of [`RawRwMutex::lock`].
#[pin_project(PinnedDrop)]
#[derive(Debug)]
pub(super) struct RawAccess<'a, A: Access> {
    #[pin]
    entry: Entry<&'a RawRwMutex, A>,
}

impl<A: Access> Future for RawAccess<'_, A> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mutex = *this.entry.owner();
        if !this.entry.has_entered() {
            if slice::is_over(context) {
                return Poll::Pending;
            }
            if A::try_lock(mutex) {
                return Poll::Ready(());
            }
        }
        this.entry
            .poll(context, A::NEW, |_, _| mutex.lock_or_queue::<A>())
    }
}

#[pinned_drop]
impl<A: Access> PinnedDrop for RawAccess<'_, A> {
    #[inline]
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        if !this.entry.has_entered() {
            return;
        }
        let mutex = *this.entry.owner();
        let left = this.entry.leave(|queues, _| {
            // A writer that goes may have been all that kept readers waiting.
            let mut wakers = WakeList::default();
            mutex.give(queues, false, &mut wakers);
            wakers
        });
        match left {
            Left::Outside => {}
            Left::Removed(mut wakers) => wakers.wake_all(),
            Left::Taken => A::unlock(mutex),
        }
    }
}
