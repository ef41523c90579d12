//! The lock of [`Mutex`](super::Mutex), without the value.
//!
//! Go's algorithm (`internal/sync/mutex.go`), with waiters that stay in their queue until the lock
//! is theirs. One word tells all:
//!
//! | flag | meaning | changed |
//! |---|---|---|
//! | LOCKED | somebody has the lock | by anyone, without the queue's lock |
//! | QUEUED | the queue is not empty | under the queue's lock |
//! | WOKEN | the first waiter was woken to try, and has not tried yet | under the queue's lock |
//! | STARVING | the first waiter has waited for 1 ms: the lock is handed to it | under the queue's lock |
//!
//! *Normal mode.* An unlock wakes the first waiter, which has to compete with those who come along.
//! A goroutine that is running wins, so the lock moves at the cost of two read-modify-writes and
//! not of a switch. The waiter that loses keeps its place.
//!
//! *Starving mode.* A waiter that has tried in vain for a millisecond turns it on, and so does
//! whoever overtakes it after that time. Newcomers then neither take the lock nor try to: they
//! queue. An unlock hands the lock to the first waiter. The mode ends with a waiter that is the
//! last one or has waited for less than 1 ms.
//!
//! # Nobody sleeps beside a free lock
//!
//! While QUEUED is set, the lock is held, or WOKEN is set, or some thread is in `unlock_slow` or
//! `leave` and has not yet taken the queue's lock. Who holds the lock finds QUEUED in the very
//! step that gives it up; a waiter that enters, and one that goes back to sleep, sees LOCKED in the
//! very step that sets QUEUED or clears WOKEN.

use crate::base::atomic::{AtomicU32, Ordering, const_fn, order};
use crate::base::clock::{self, Nanos};
use crate::base::lock;
use crate::base::slice;
use crate::base::wake_list::wake_some;
use crate::wait::{Entry, Left, Owner, WaitQueue};
use pin_project::{pin_project, pinned_drop};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

const LOCKED: u32 = 1;
const QUEUED: u32 = 1 << 1;
const WOKEN: u32 = 1 << 2;
const STARVING: u32 = 1 << 3;

/// How long a waiter is overtaken, in nanoseconds, as in Go.
const PATIENCE: Nanos = 1_000_000;

/// After so many times that it was taken ahead of the queue, the clock is asked.
const LOOK_EVERY: u32 = 64;

/// Whether the waiters of a model have starved from the start.
#[cfg(gort_loom)]
pub(super) static IMPATIENT: std::sync::atomic::AtomicBool =
    std::sync::atomic::AtomicBool::new(false);

#[derive(Debug)]
pub(super) struct RawMutex {
    /// See the table above.
    word: AtomicU32,
    /// How often the lock was taken ahead of the queue. Used by who has the lock, which orders it.
    overtakes: AtomicU32,
    queue: lock::Mutex<WaitQueue<Turn>>,
}

/// What a waiter of a mutex knows.
#[derive(Debug)]
pub(super) struct Turn {
    /// When it entered the queue.
    since: Nanos,
    /// It was woken to try.
    woken: bool,
}

// SAFETY: the queue is a field of the mutex, which is borrowed.
unsafe impl Owner<Turn> for &RawMutex {
    type State = WaitQueue<Turn>;

    fn lock(&self) -> lock::MutexGuard<'_, Self::State> {
        self.queue.lock()
    }

    fn queue(state: &mut Self::State) -> &mut WaitQueue<Turn> {
        state
    }
}

impl RawMutex {
    const_fn! {
        pub(super) fn new() -> Self {
            Self {
                word: AtomicU32::new(0),
                overtakes: AtomicU32::new(0),
                queue: lock::Mutex::new(WaitQueue::new()),
            }
        }
    }

    /// A first guess that an exchange corrects. It costs next to nothing where the exchange
    /// succeeds, and spares one that would fail.
    #[inline]
    fn guess(&self) -> u32 {
        // The checker would overlook other threads behind a plain load, see `load_to_exchange`.
        #[cfg(gort_loom)]
        self.word.fetch_or(0, Ordering::Relaxed);
        // Ordering: Relaxed; the exchange orders.
        self.word.load(Ordering::Relaxed)
    }

    /// Takes the lock if it is free, whether or not others wait; not from those who starve. Gives
    /// the word before.
    #[inline]
    fn take(&self) -> Option<u32> {
        let mut word = self.guess();
        while word & (LOCKED | STARVING) == 0 {
            match self.exchange(word, word | LOCKED) {
                Ok(()) => return Some(word),
                Err(now) => word = now,
            }
        }
        None
    }

    /// Takes the lock if it is free, whether or not others wait; not from those who starve.
    #[inline]
    pub(super) fn try_lock(&self) -> bool {
        self.take().is_some()
    }

    /// Takes the lock if it is free and nobody is overtaken for too long by that.
    #[inline]
    fn take_fairly(&self) -> bool {
        match self.take() {
            Some(0) => true,
            Some(_) if self.overtakes_too_long() => {
                // Into the hands of the first waiter; this one goes behind it.
                self.unlock();
                false
            }
            taken => taken.is_some(),
        }
    }

    /// From `old` to `new`, which may take the lock.
    #[inline]
    fn exchange(&self, old: u32, new: u32) -> Result<(), u32> {
        // Ordering: Acquire pairs with the Release in `unlock`, here and wherever the lock is
        // taken: what the last holder did comes before.
        let acquire = order("mutex.lock", Ordering::Acquire);
        self.word
            .compare_exchange(old, new, acquire, Ordering::Relaxed)
            .map(|_| ())
    }

    /// A future that is ready when the lock is the caller's.
    #[inline]
    pub(super) fn lock(&self) -> RawLock<'_> {
        RawLock {
            entry: Entry::new(self),
        }
    }

    /// Gives the lock up.
    ///
    /// Only for who has it.
    #[inline]
    pub(super) fn unlock(&self) {
        // Ordering: Release pairs with the Acquire of whoever takes the lock next.
        let old = self
            .word
            .fetch_sub(LOCKED, order("mutex.unlock", Ordering::Release));
        debug_assert!(old & LOCKED != 0, "only who has the lock gives it up");
        if old & QUEUED != 0 && (old & WOKEN == 0 || old & STARVING != 0) {
            self.unlock_slow();
        }
    }

    #[cold]
    fn unlock_slow(&self) {
        let mut queue = self.queue.lock();
        let next = self.pass_on(&mut queue);
        drop(queue);
        wake_some(next);
    }

    /// Sees to it that somebody comes for the lock, which was free a moment ago: gives whom to
    /// wake.
    fn pass_on(&self, queue: &mut WaitQueue<Turn>) -> Option<Waker> {
        let mut word = self.guess();
        loop {
            // Who has the lock will come by here. Who was woken is on its way.
            let is_seen_to = word & LOCKED != 0 || word & (WOKEN | STARVING) == WOKEN;
            if is_seen_to || queue.is_empty() {
                return None;
            }
            if word & STARVING != 0 {
                match self.exchange(word, word | LOCKED) {
                    Ok(()) => return self.hand_off(queue),
                    Err(now) => word = now,
                }
            } else {
                match self.exchange(word, word | WOKEN) {
                    Ok(()) => return first_to_try(queue),
                    Err(now) => word = now,
                }
            }
        }
    }

    /// Gives the lock, which the caller has, to the first waiter.
    fn hand_off(&self, queue: &mut WaitQueue<Turn>) -> Option<Waker> {
        let flags = |turn: &mut Turn| {
            let woken = if turn.woken { WOKEN } else { 0 };
            let content = if turn.has_starved() { 0 } else { STARVING };
            Some(woken | content)
        };
        let (mut over, waker) = queue.take_front(flags)?;
        if queue.is_empty() {
            over |= QUEUED | STARVING;
        }
        // Ordering: Relaxed; these flags belong to the lock of the queue.
        self.word.fetch_and(!over, Ordering::Relaxed);
        waker
    }

    /// Whether the caller, who has just taken the lock ahead of the queue, has to give it back.
    #[inline]
    fn overtakes_too_long(&self) -> bool {
        // Ordering: Relaxed; written by who has the lock only.
        let overtakes = self.overtakes.load(Ordering::Relaxed).wrapping_add(1);
        self.overtakes.store(overtakes, Ordering::Relaxed);
        overtakes % LOOK_EVERY == 0 && self.first_starves()
    }

    /// Whether the first waiter has waited for too long; then it gets the lock next.
    #[cold]
    fn first_starves(&self) -> bool {
        let mut queue = self.queue.lock();
        let starves = queue.front().is_some_and(|turn| turn.has_starved());
        if starves {
            // Ordering: Relaxed; this flag belongs to the lock of the queue.
            self.word.fetch_or(STARVING, Ordering::Relaxed);
        }
        starves
    }

    /// Takes the lock, or says that somebody waits for it. Under the lock of the queue.
    fn lock_or_queue(&self) -> bool {
        let mut word = self.guess();
        loop {
            let is_free = word & (LOCKED | STARVING) == 0;
            let wanted = word | if is_free { LOCKED } else { QUEUED };
            match self.exchange(word, wanted) {
                Ok(()) => return is_free,
                Err(now) => word = now,
            }
        }
    }

    /// The first waiter, which was woken, takes the lock or goes back to sleep. Under the lock of
    /// the queue, which it leaves after a `true`.
    fn lock_or_sleep(&self, queue: &WaitQueue<Turn>, turn: &mut Turn) -> bool {
        let starved = turn.has_starved();
        let mut word = self.guess();
        loop {
            let is_free = word & LOCKED == 0;
            let mut wanted = word & !WOKEN;
            if is_free {
                wanted |= LOCKED;
                if queue.holds_one() {
                    wanted &= !(QUEUED | STARVING);
                } else if !starved {
                    wanted &= !STARVING;
                }
            } else if starved {
                wanted |= STARVING;
            }
            match self.exchange(word, wanted) {
                Ok(()) => {
                    turn.woken = false;
                    return is_free;
                }
                Err(now) => word = now,
            }
        }
    }
}

impl Turn {
    #[cfg(not(gort_loom))]
    fn has_starved(&self) -> bool {
        clock::now().saturating_sub(self.since) >= PATIENCE
    }

    /// In a model there is no time, and the model decides.
    #[cfg(gort_loom)]
    fn has_starved(&self) -> bool {
        IMPATIENT.load(Ordering::Relaxed)
    }
}

/// Marks the first waiter as the one that tries.
fn first_to_try(queue: &mut WaitQueue<Turn>) -> Option<Waker> {
    queue.front()?.woken = true;
    queue.take_front_waker()
}

/// The future of [`RawMutex::lock`].
#[pin_project(PinnedDrop)]
#[derive(Debug)]
pub(super) struct RawLock<'a> {
    #[pin]
    entry: Entry<&'a RawMutex, Turn>,
}

impl<'a> RawLock<'a> {
    pub(super) fn mutex(&self) -> &'a RawMutex {
        self.entry.owner()
    }
}

impl Future for RawLock<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !self.entry.has_entered() {
            if slice::is_over(context) {
                return Poll::Pending;
            }
            if self.mutex().take_fairly() {
                return Poll::Ready(());
            }
        }
        self.poll_slow(context)
    }
}

impl RawLock<'_> {
    #[cold]
    fn poll_slow(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mutex = *this.entry.owner();
        let turn = Turn {
            since: if this.entry.has_entered() {
                0
            } else {
                clock::now()
            },
            woken: false,
        };
        this.entry.poll_again(
            context,
            turn,
            |_, _| mutex.lock_or_queue(),
            |queue, turn| turn.woken && mutex.lock_or_sleep(queue, turn),
        )
    }
}

#[pinned_drop]
impl PinnedDrop for RawLock<'_> {
    #[inline]
    fn drop(self: Pin<&mut Self>) {
        if self.entry.has_entered() {
            self.give_up();
        }
    }
}

impl RawLock<'_> {
    #[cold]
    fn give_up(self: Pin<&mut Self>) {
        let this = self.project();
        let mutex = *this.entry.owner();
        let left = this.entry.leave(|queue, turn| {
            let mut over = if turn.woken { WOKEN } else { 0 };
            if queue.is_empty() {
                over |= QUEUED | STARVING;
            }
            // Ordering: Relaxed; these flags belong to the lock of the queue. An unlock that still
            // saw WOKEN has left the lock free, which `pass_on` sees.
            mutex.word.fetch_and(!over, Ordering::Relaxed);
            mutex.pass_on(queue)
        });
        match left {
            Left::Outside => {}
            Left::Removed(next) => wake_some(next),
            Left::Taken => mutex.unlock(),
        }
    }
}
