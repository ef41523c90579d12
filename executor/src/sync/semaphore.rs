//! A number of permits that goroutines take and give back.

use crate::base::atomic::{AtomicU64, Ordering, const_fn, order};
use crate::base::lock;
use crate::base::slice;
use crate::base::wake_list::WakeList;
use crate::wait::{Entry, Left, Owner, WaitQueue, block};
use pin_project::{pin_project, pinned_drop};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// In the word: somebody waits. The permits that are free stand above it.
const QUEUED: u64 = 1;

/// A number of permits, taken in any weight: Go's `semaphore.Weighted`.
///
/// It is strictly first come, first served: a small request that would fit does not overtake a
/// large one that waits.
///
/// # Examples
/// ```
/// use gort::sync::Semaphore;
///
/// gort::block_on(async {
///     let memory = Semaphore::new(100);
///     let most = memory.acquire(70).await;
///     assert!(memory.try_acquire(40).is_none());
///     drop(most);
///     assert!(memory.try_acquire(40).is_some());
/// });
/// ```
#[derive(Debug)]
pub struct Semaphore {
    size: u32,
    /// How many permits are free, shifted by one, and [`QUEUED`]. While that is set, nobody takes
    /// permits by the word alone, and all changes are made under the lock.
    word: AtomicU64,
    queue: lock::Mutex<WaitQueue<u32>>,
}

// SAFETY: the queue is a field of the semaphore, which is borrowed.
unsafe impl Owner<u32> for &Semaphore {
    type State = WaitQueue<u32>;

    fn lock(&self) -> lock::MutexGuard<'_, Self::State> {
        self.queue.lock()
    }

    fn queue(state: &mut Self::State) -> &mut WaitQueue<u32> {
        state
    }
}

fn free(word: u64) -> u64 {
    word >> 1
}

fn shifted(permits: u32) -> u64 {
    u64::from(permits) << 1
}

impl Semaphore {
    const_fn! {
        /// A semaphore with `size` permits, all of them free.
        ///
        /// # Examples
        /// See [`Semaphore`].
        pub fn new(size: u32) -> Self {
            Self {
                size,
                word: AtomicU64::new((size as u64) << 1),
                queue: lock::Mutex::new(WaitQueue::new()),
            }
        }
    }

    /// Waits for `permits` of them: Go's `Acquire`. They come back when the guard drops.
    ///
    /// More than there are never come. As in Go such a wait stands in nobody's way, and ends only
    /// by being given up: by a timeout, a context, a `select!`.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the queue, and those behind it get what it kept from them.
    ///
    /// # Examples
    /// See [`Semaphore`].
    #[inline]
    pub fn acquire(&self, permits: u32) -> Acquire<'_> {
        Acquire {
            entry: Entry::new(self),
            permits,
        }
    }

    /// Takes `permits` if they are free and nobody waits: Go's `TryAcquire`.
    ///
    /// # Examples
    /// See [`Semaphore`].
    #[inline]
    pub fn try_acquire(&self, permits: u32) -> Option<Permits<'_>> {
        self.take_free(permits).then(|| Permits {
            semaphore: self,
            permits,
        })
    }

    /// As [`acquire`](Semaphore::acquire), with the whole thread.
    ///
    /// # Panics
    /// In a goroutine, whose thread must not be blocked.
    ///
    /// # Examples
    /// ```
    /// let semaphore = gort::sync::Semaphore::new(1);
    /// let _all = semaphore.acquire_blocking(1);
    /// assert_eq!(semaphore.available(), 0);
    /// ```
    #[track_caller]
    pub fn acquire_blocking(&self, permits: u32) -> Permits<'_> {
        let acquire = self.acquire(permits);
        block("Semaphore::acquire_blocking", "acquire()", acquire)
    }

    /// Gives back permits whose guards were [forgotten](Permits::forget): Go's `Release`.
    ///
    /// # Panics
    /// `semaphore: released more than held`, if so many are not taken.
    ///
    /// # Examples
    /// ```
    /// let semaphore = gort::sync::Semaphore::new(2);
    /// semaphore.try_acquire(2).unwrap().forget();
    /// semaphore.release(1);
    /// assert_eq!(semaphore.available(), 1);
    /// ```
    #[track_caller]
    pub fn release(&self, permits: u32) {
        while !(self.release_by_word(permits) || self.release_to_queue(permits)) {}
    }

    /// Gives permits back, unless somebody waits.
    #[inline]
    #[track_caller]
    fn release_by_word(&self, permits: u32) -> bool {
        // Ordering: Relaxed, a first guess that the exchange corrects.
        let mut word = self.word.load(Ordering::Relaxed);
        while word & QUEUED == 0 {
            let new = self.released(word, permits);
            // Ordering: Release pairs with the Acquire of whoever takes the permits next.
            let release = order("semaphore.release", Ordering::Release);
            match self
                .word
                .compare_exchange(word, new, release, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Gives permits to those who wait, if they still do.
    #[cold]
    #[track_caller]
    fn release_to_queue(&self, permits: u32) -> bool {
        let mut wakers = WakeList::default();
        let mut queue = self.queue.lock();
        // Ordering: Acquire pairs with the Releases of the permits that were free already.
        let word = self.word.load(order("semaphore.give", Ordering::Acquire));
        if word & QUEUED == 0 {
            return false;
        }
        self.give(&mut queue, self.released(word, permits), &mut wakers);
        drop(queue);
        wakers.wake_all();
        true
    }

    /// The word with so many permits more.
    #[track_caller]
    fn released(&self, word: u64, permits: u32) -> u64 {
        let new = word + shifted(permits);
        assert!(
            free(new) <= u64::from(self.size),
            "semaphore: released more than held"
        );
        new
    }

    /// How many permits are free.
    ///
    /// # Examples
    /// See [`release`](Semaphore::release).
    pub fn available(&self) -> u32 {
        // Ordering: Relaxed, a hint only.
        let free = free(self.word.load(Ordering::Relaxed));
        u32::try_from(free).unwrap_or(self.size)
    }

    /// How many permits are taken.
    #[cfg(not(gort_loom))]
    pub(super) fn taken(&self) -> u32 {
        self.size - self.available()
    }

    /// Takes permits if they are free and nobody waits.
    #[inline]
    fn take_free(&self, permits: u32) -> bool {
        // Ordering: Relaxed, a first guess that the exchange corrects.
        let mut word = self.word.load(Ordering::Relaxed);
        while word & QUEUED == 0 && free(word) >= u64::from(permits) {
            // Ordering: Acquire pairs with the Release in `release`.
            let acquire = order("semaphore.acquire", Ordering::Acquire);
            let new = word - shifted(permits);
            match self
                .word
                .compare_exchange(word, new, acquire, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Takes permits, or says that somebody waits. Under the lock.
    fn take_or_queue(&self, permits: u32) -> bool {
        loop {
            if self.take_free(permits) {
                return true;
            }
            // Ordering: Relaxed; who releases permits then takes the lock.
            let word = self.word.load(Ordering::Relaxed);
            let lacks = word & QUEUED != 0 || free(word) < u64::from(permits);
            if !lacks {
                continue;
            }
            let relaxed = Ordering::Relaxed;
            // Ordering: as above.
            let marked = self
                .word
                .compare_exchange(word, word | QUEUED, relaxed, relaxed);
            if marked.is_ok() {
                return false;
            }
        }
    }

    /// Gives the free permits of `word` to those who wait, as far as they go. Under the lock, with
    /// QUEUED set, so that nobody else changes the word.
    fn give(&self, queue: &mut WaitQueue<u32>, mut word: u64, wakers: &mut WakeList) {
        while let Some(wanted) = queue.front().copied() {
            if free(word) < u64::from(wanted) {
                break;
            }
            word -= shifted(wanted);
            let waker = queue.take_first(|_| {});
            waker.into_iter().for_each(|waker| wakers.push(waker));
        }
        if queue.is_empty() {
            word &= !QUEUED;
        }
        // Ordering: Release pairs with the Acquire in `take_free`; those who were given permits
        // hear of it through their entry.
        self.word
            .store(word, order("semaphore.release", Ordering::Release));
    }
}

/// The future of [`Semaphore::acquire`].
#[pin_project(PinnedDrop)]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Acquire<'a> {
    #[pin]
    entry: Entry<&'a Semaphore, u32>,
    permits: u32,
}

impl<'a> Future for Acquire<'a> {
    type Output = Permits<'a>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (semaphore, permits) = (*this.entry.owner(), *this.permits);
        if permits > semaphore.size {
            return Poll::Pending;
        }
        if !this.entry.has_entered() && slice::is_over(context) {
            return Poll::Pending;
        }
        if this.entry.has_entered() || !semaphore.take_free(permits) {
            let need_not = |_: &mut _, _: &mut _| semaphore.take_or_queue(permits);
            ready!(this.entry.poll(context, permits, need_not));
        }
        Poll::Ready(Permits { semaphore, permits })
    }
}

#[pinned_drop]
impl PinnedDrop for Acquire<'_> {
    #[inline]
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        if !this.entry.has_entered() {
            return;
        }
        let semaphore = *this.entry.owner();
        let left = this.entry.leave(|queue, _| {
            let mut wakers = WakeList::default();
            // Ordering: Acquire, as in `release_to_queue`.
            let word = semaphore
                .word
                .load(order("semaphore.give", Ordering::Acquire));
            semaphore.give(queue, word, &mut wakers);
            wakers
        });
        match left {
            Left::Outside => {}
            Left::Removed(mut wakers) => wakers.wake_all(),
            Left::Taken => semaphore.release(*this.permits),
        }
    }
}

/// Permits of a [`Semaphore`], which gets them back when this drops.
#[derive(Debug)]
#[must_use = "the permits go back when the guard drops"]
pub struct Permits<'a> {
    semaphore: &'a Semaphore,
    permits: u32,
}

impl Permits<'_> {
    /// How many they are.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(gort::sync::Semaphore::new(3).try_acquire(2).unwrap().count(), 2);
    /// ```
    pub fn count(&self) -> u32 {
        self.permits
    }

    /// Keeps the permits taken, until [`release`](Semaphore::release) gives them back.
    ///
    /// # Examples
    /// See [`Semaphore::release`].
    pub fn forget(mut self) {
        self.permits = 0;
    }
}

impl Drop for Permits<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.release(self.permits);
        }
    }
}
