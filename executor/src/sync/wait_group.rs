//! Waiting for a number of goroutines.

#[cfg(not(gort_loom))]
use super::counted::Counted;
use crate::base::atomic::{AtomicU64, Ordering, order};
use crate::base::lock;
use crate::base::wake_list::{WakeList, wake_some};
use crate::wait::{Entry, Owner, WaitQueue, block};
use pin_project::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// In the word: somebody waits. The counter stands above it.
const WAITED_FOR: u64 = 1;

/// Counts goroutines and waits until none is left: Go's `sync.WaitGroup`.
///
/// [`go`](WaitGroup::go) starts a goroutine and counts it until it ends. The three steps of old are
/// there too: [`add`](WaitGroup::add) *before* the goroutine starts, [`done`](WaitGroup::done) when
/// it ends, [`wait`](WaitGroup::wait) for all.
///
/// Clones count together: one goes to each goroutine. A group can be used again at any time. In Go
/// that may panic while the last `Wait` has not returned; here whoever waits is let go at the
/// moment at which the counter becomes zero, and what is added later concerns only those who wait
/// later.
///
/// # Examples
/// ```
/// use gort::sync::WaitGroup;
///
/// gort::block_on(async {
///     let group = WaitGroup::new();
///     for n in 1..=3 {
///         group.go(async move { println!("hello from {n}") });
///     }
///     group.wait().await;
/// });
/// ```
#[derive(Clone, Debug, Default)]
pub struct WaitGroup {
    counter: Arc<Counter>,
}

#[derive(Debug)]
struct Counter {
    /// The counter, signed, shifted by one; and [`WAITED_FOR`], which is set and cleared under the
    /// lock. The step to zero is made under the lock too, if somebody waits: so that all who are
    /// let go waited before it.
    word: AtomicU64,
    queue: lock::Mutex<WaitQueue<()>>,
}

// SAFETY: the queue is a field of the counter, which is borrowed.
unsafe impl Owner<()> for &Counter {
    type State = WaitQueue<()>;

    fn lock(&self) -> lock::MutexGuard<'_, Self::State> {
        self.queue.lock()
    }

    fn queue(state: &mut Self::State) -> &mut WaitQueue<()> {
        state
    }
}

fn counter(word: u64) -> i64 {
    // The shift keeps the sign.
    (word as i64) >> 1
}

impl WaitGroup {
    /// A group of none.
    ///
    /// # Examples
    /// See [`WaitGroup`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a goroutine and counts it until it ends: Go's `Go`.
    ///
    /// It runs where [`go!`](crate::go!) would start it, on an executor of somebody else if this
    /// thread is in one. It counts as ended when it is over in whichever way, the exit of the
    /// goroutine and the end of its runtime included. Its result is dropped. Its panic is nobody's
    /// and ends the process, before anybody is told that the goroutine has ended; or it is only
    /// reported, if the [`PanicPolicy`](crate::panic::PanicPolicy) says so.
    ///
    /// # Panics
    /// If there is no executor and the default runtime cannot be started.
    ///
    /// # Examples
    /// See [`WaitGroup`].
    #[cfg(not(gort_loom))]
    #[track_caller]
    pub fn go<F: Future + Send + 'static>(&self, future: F) {
        crate::runtime::go(Counted::new(self, future));
    }

    /// Adds `delta`, which may be negative, to the counter: Go's `Add`.
    ///
    /// # Panics
    /// `sync: negative WaitGroup counter`, if that is what it becomes.
    ///
    /// # Examples
    /// ```
    /// use gort::sync::WaitGroup;
    ///
    /// gort::block_on(async {
    ///     let group = WaitGroup::new();
    ///     group.add(2);
    ///     for _ in 0..2 {
    ///         gort::go!(clone(group), { group.done() });
    ///     }
    ///     group.wait().await;
    /// });
    /// ```
    #[track_caller]
    pub fn add(&self, delta: i32) {
        self.counter.add(delta);
    }

    /// Takes one off the counter: Go's `Done`.
    ///
    /// # Panics
    /// `sync: negative WaitGroup counter`, if there was none.
    ///
    /// # Examples
    /// See [`add`](WaitGroup::add).
    #[track_caller]
    pub fn done(&self) {
        self.add(-1);
    }

    /// Waits until the counter is zero. If it is, this returns at once: what is to be waited for
    /// has to be added before.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the queue; nothing else changes.
    ///
    /// # Examples
    /// See [`WaitGroup`].
    pub fn wait(&self) -> WaitGroupWait<'_> {
        WaitGroupWait {
            entry: Entry::new(&*self.counter),
        }
    }

    /// As [`wait`](WaitGroup::wait), with the whole thread.
    ///
    /// # Panics
    /// In a goroutine, whose thread must not be blocked.
    ///
    /// # Examples
    /// ```
    /// let group = gort::sync::WaitGroup::new();
    /// group.go(async { println!("hello") });
    /// group.wait_blocking();
    /// ```
    #[track_caller]
    pub fn wait_blocking(&self) {
        block("WaitGroup::wait_blocking", "wait()", self.wait());
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self {
            word: AtomicU64::new(0),
            queue: lock::Mutex::new(WaitQueue::new()),
        }
    }
}

impl Counter {
    #[track_caller]
    fn add(&self, delta: i32) {
        let step = (i64::from(delta) << 1) as u64;
        // Ordering: Relaxed, a first guess that the exchange corrects.
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let new = word.wrapping_add(step);
            if new == WAITED_FOR {
                if self.add_under_lock(step) {
                    return;
                }
                // Ordering: Relaxed, as above.
                word = self.word.load(Ordering::Relaxed);
                continue;
            }
            // Ordering: Release pairs with the Acquire in `poll`; and so that what all others did
            // comes before the wait's end as well, each step also acquires.
            let both = order("wait_group.add", Ordering::AcqRel);
            let step_made = self
                .word
                .compare_exchange_weak(word, new, both, Ordering::Relaxed);
            match step_made {
                Ok(_) => {
                    assert!(counter(new) >= 0, "sync: negative WaitGroup counter");
                    return;
                }
                Err(now) => word = now,
            }
        }
    }

    /// The step to zero while somebody waits; tells whether it was that.
    #[cold]
    fn add_under_lock(&self, step: u64) -> bool {
        let mut wakers = WakeList::default();
        let mut queue = self.queue.lock();
        let before = WAITED_FOR.wrapping_sub(step);
        // Ordering: as in `add`.
        let both = order("wait_group.add", Ordering::AcqRel);
        let was_last = self
            .word
            .compare_exchange(before, 0, both, Ordering::Relaxed)
            .is_ok();
        let mut first = None;
        if was_last {
            first = queue.take_first(|()| {});
            queue.take_all(&mut wakers, |()| {});
        }
        drop(queue);
        wake_some(first);
        wakers.wake_all();
        was_last
    }

    /// Whether there is nothing to wait for.
    fn is_zero(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `add`.
        let word = self.word.load(order("wait_group.wait", Ordering::Acquire));
        counter(word) == 0
    }

    /// Says that somebody waits, unless there is nothing to wait for. Under the lock.
    fn is_zero_or_mark(&self) -> bool {
        // Ordering: Relaxed, a first guess that the exchange corrects.
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if counter(word) == 0 {
                return self.is_zero();
            }
            let marked = word | WAITED_FOR;
            // Ordering: Relaxed; who makes the step to zero then takes the lock.
            let relaxed = Ordering::Relaxed;
            match self.word.compare_exchange(word, marked, relaxed, relaxed) {
                Ok(_) => return false,
                Err(now) => word = now,
            }
        }
    }
}

/// The future of [`WaitGroup::wait`].
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct WaitGroupWait<'a> {
    #[pin]
    entry: Entry<&'a Counter, ()>,
}

impl Future for WaitGroupWait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let counter = *this.entry.owner();
        if !this.entry.has_entered() && counter.is_zero() {
            return Poll::Ready(());
        }
        this.entry
            .poll(context, (), |_, ()| counter.is_zero_or_mark())
    }
}
