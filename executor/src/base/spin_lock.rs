//! A lock for critical sections of a few instructions, whose word also says what lies behind it.
//!
//! ```text
//!   lock     swap(LOCKED)         one read-modify-write; whoever gets LOCKED back spins
//!   unlock   store(marks)         a plain store: nobody sleeps here who would have to be woken
//! ```
//!
//! While the lock is free its word holds the *marks* that the data gave when the lock was left, so
//! that an onlooker learns with one load whether it is worth taking ([`SpinLock::marks`]).
//!
//! Who finds it locked looks again for about a microsecond, then offers the processor to others,
//! then sleeps for moments that grow: a holder that the system took off its processor in the middle
//! of a section gets it back. That is rare, for a section lasts 10 ns and the system acts every few
//! milliseconds; so the sleep need not be ended early, and leaving costs no read-modify-write.
//!
//! Rejected: the standard library's mutex, whose second read-modify-write makes a buffered send a
//! third slower; and a ticket lock, which stops everybody when the next one is off its processor.

use super::atomic::{AtomicU32, Ordering, UnsafeCell, has_failed, order};
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};
#[cfg(gort_loom)]
use std::sync::atomic::Ordering::Relaxed;

/// The word's bit that says that somebody is inside. The others are the marks of the data.
const LOCKED: u32 = 1;

/// Data that tells onlookers something about itself.
pub(crate) trait Marked {
    /// What they may know: any bits but the lowest.
    fn marks(&self) -> u32;
}

/// Protects `T`.
#[derive(Debug)]
pub(crate) struct SpinLock<T> {
    /// `LOCKED`, or the marks. Written by whoever takes or leaves the lock.
    word: AtomicU32,
    /// What the word is, for the taker to know without a step that the checker sees.
    #[cfg(gort_loom)]
    newest: std::sync::atomic::AtomicU32,
    /// Touched by whoever has the lock.
    data: UnsafeCell<T>,
}

// SAFETY: the data goes where the lock goes.
unsafe impl<T: Send> Send for SpinLock<T> {}
// SAFETY: one thread at a time has access to the data, which the lock hands from one to the next.
unsafe impl<T: Send> Sync for SpinLock<T> {}

// A panic under the lock would leave it taken, so no code of others runs there, and what is seen
// after a panic is whole.
impl<T> UnwindSafe for SpinLock<T> {}
impl<T> RefUnwindSafe for SpinLock<T> {}

impl<T: Marked> SpinLock<T> {
    pub(crate) fn new(data: T) -> Self {
        let marks = data.marks();
        Self {
            word: AtomicU32::new(marks),
            #[cfg(gort_loom)]
            newest: std::sync::atomic::AtomicU32::new(marks),
            data: UnsafeCell::new(data),
        }
    }

    /// The marks that the last holder left; `None` while there is one. They may be old by the time
    /// one has them.
    #[inline]
    pub(crate) fn marks(&self) -> Option<u32> {
        // Ordering: Acquire pairs with the Release of `unlock`: whoever sees a mark, and does not
        // take the lock, sees what came before it.
        let word = self.word.load(order("spin.look", Ordering::Acquire));
        (word & LOCKED == 0).then_some(word)
    }

    /// Waits for the lock.
    #[inline]
    pub(crate) fn lock(&self) -> SpinGuard<'_, T> {
        self.lock_unguarded();
        SpinGuard(self)
    }

    /// Waits for the lock, which is left by [`unlock`](Self::unlock).
    #[inline]
    pub(crate) fn lock_unguarded(&self) {
        if !has_failed() && !self.take() {
            self.wait_for_lock();
        }
    }

    /// Takes the lock if it is free. In vain it stores what is there.
    #[cfg(not(gort_loom))]
    #[inline]
    fn take(&self) -> bool {
        // Ordering: Acquire pairs with the Release of `unlock`.
        self.word.swap(LOCKED, Ordering::Acquire) & LOCKED == 0
    }

    /// The same without the vain store: the checker does not know that nothing comes between what a
    /// swap reads and what it writes, and would show it as later than an unlock.
    #[cfg(gort_loom)]
    fn take(&self) -> bool {
        // Ordering: Relaxed, here and below: no part of the protocol.
        let word = self.newest.load(Relaxed);
        let acquire = order("spin.lock", Ordering::Acquire);
        let has_taken = word & LOCKED == 0
            && self
                .word
                // Ordering: Acquire pairs with the Release of `unlock`.
                .compare_exchange(word, LOCKED, acquire, Ordering::Relaxed)
                .is_ok();
        if has_taken {
            self.newest.store(LOCKED, Relaxed);
        }
        has_taken
    }

    #[cold]
    fn wait_for_lock(&self) {
        wait_until(|| self.seems_free() && self.take());
    }

    /// Whether it is worth while to ask for the line of the word.
    #[cfg(not(gort_loom))]
    fn seems_free(&self) -> bool {
        // Ordering: Relaxed, a hint only.
        self.word.load(Ordering::Relaxed) & LOCKED == 0
    }

    /// The checker forgets other threads' accesses when this one only looks.
    #[cfg(gort_loom)]
    fn seems_free(&self) -> bool {
        true
    }

    /// Leaves the lock.
    ///
    /// # Safety
    /// The caller has it, from [`lock_unguarded`](Self::lock_unguarded).
    #[inline]
    pub(crate) unsafe fn unlock(&self) {
        if has_failed() {
            return;
        }
        // SAFETY: the caller has the lock.
        let marks = unsafe { &*self.data.get() }.marks();
        debug_assert_eq!(marks & LOCKED, 0, "the lowest bit is the lock's");
        // Ordering: Release pairs with the Acquire of who takes the lock next.
        self.word
            .store(marks, order("spin.unlock", Ordering::Release));
        // Ordering: Relaxed, as in `take`.
        #[cfg(gort_loom)]
        self.newest.store(marks, Relaxed);
    }

    /// The data.
    ///
    /// # Safety
    /// The caller has the lock, and no other reference to the data.
    #[inline]
    #[expect(
        clippy::mut_from_ref,
        reason = "the lock makes the reference the only one"
    )]
    pub(crate) unsafe fn data(&self) -> &mut T {
        // SAFETY: the caller has the lock.
        unsafe { &mut *self.data.get() }
    }
}

/// The lock, taken. Dropping it leaves the lock.
#[derive(Debug)]
pub(crate) struct SpinGuard<'a, T: Marked>(&'a SpinLock<T>);

impl<T: Marked> Deref for SpinGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard is the lock.
        unsafe { &*self.0.data.get() }
    }
}

impl<T: Marked> DerefMut for SpinGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard is the lock, and it is borrowed exclusively.
        unsafe { &mut *self.0.data.get() }
    }
}

impl<T: Marked> Drop for SpinGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard is the lock.
        unsafe { self.0.unlock() };
    }
}

/// Calls `take` until it has taken the lock, and lets more time pass each time.
#[cfg(not(gort_loom))]
fn wait_until(mut take: impl FnMut() -> bool) {
    /// Rounds of 1, 2, 4, .. 32 pauses, some 10 ns each.
    const SPINS: u32 = 6;
    const YIELDS: u32 = SPINS + 4;
    for round in 0.. {
        match round {
            ..SPINS => (0..1 << round).for_each(|_| std::hint::spin_loop()),
            SPINS..YIELDS => std::thread::yield_now(),
            more => {
                let micros = 20 << (more - YIELDS).min(6);
                std::thread::sleep(std::time::Duration::from_micros(micros));
            }
        }
        if take() {
            return;
        }
    }
}

/// The checker lets another thread take a step before it tries again.
#[cfg(gort_loom)]
fn wait_until(mut take: impl FnMut() -> bool) {
    while !take() {
        loom::thread::yield_now();
    }
}

#[cfg(all(test, not(gort_loom)))]
mod tests {
    use super::{Marked, SpinLock};
    use std::sync::Arc;
    use std::time::Duration;

    impl Marked for u32 {
        fn marks(&self) -> u32 {
            self << 1
        }
    }

    #[test]
    fn the_word_tells_what_the_last_holder_left_and_nothing_while_there_is_one() {
        let lock = SpinLock::new(3);
        assert_eq!(lock.marks(), Some(6));
        let mut guard = lock.lock();
        assert_eq!(lock.marks(), None);
        *guard = 4;
        drop(guard);
        assert_eq!(lock.marks(), Some(8));
    }

    #[test]
    fn threads_exclude_each_other_and_outlast_a_holder_that_sleeps() {
        let lock = Arc::new(SpinLock::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let lock = Arc::clone(&lock);
                std::thread::spawn(move || {
                    for round in 0..10_000 {
                        let mut guard = lock.lock();
                        let before = *guard;
                        if round == 5_000 {
                            std::thread::sleep(Duration::from_millis(2));
                        }
                        *guard = before + 1;
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*lock.lock(), 40_000);
    }
}
