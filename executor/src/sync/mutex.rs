//! Mutual exclusion.

use super::raw_mutex::{RawLock, RawMutex};
use crate::base::atomic::const_fn;
use crate::wait::block;
use pin_project::pin_project;
use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A value that one goroutine uses at a time: Go's `sync.Mutex`, with the value inside.
///
/// A goroutine that finds the lock taken is parked, and its thread runs others. The guard may be
/// kept across an await and sent to another thread. Dropping it unlocks, so an unlock of an
/// unlocked mutex, which is fatal in Go, cannot be written down.
///
/// As in Go there are two modes. As a rule whoever runs and comes along takes a free lock ahead of
/// those that were woken for it, which is many times faster than a switch to the next in the queue.
/// One that has waited in vain for a millisecond is handed the lock: nobody can keep others out.
/// Those who wait are served first come, first served.
///
/// A panic while the lock is held unlocks it; there is no poisoning.
///
/// # Examples
/// ```
/// use gort::sync::Mutex;
/// use std::sync::Arc;
///
/// gort::block_on(async {
///     let total = Arc::new(Mutex::new(0));
///     let adders: Vec<_> = (1..=10)
///         .map(|n| {
///             let total = Arc::clone(&total);
///             gort::spawn(async move { *total.lock().await += n })
///         })
///         .collect();
///     for adder in adders {
///         adder.await.unwrap();
///     }
///     assert_eq!(*total.lock().await, 55);
/// });
/// ```
pub struct Mutex<T: ?Sized> {
    raw: RawMutex,
    /// Used by who has the lock.
    value: UnsafeCell<T>,
}

// SAFETY: a mutex gives its value to one thread at a time, and sends it there.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above; the lock orders the accesses.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    const_fn! {
        /// An unlocked mutex around `value`.
        ///
        /// # Examples
        /// ```
        /// static NAMES: gort::sync::Mutex<Vec<String>> = gort::sync::Mutex::new(Vec::new());
        /// NAMES.lock_blocking().push("ann".to_owned());
        /// ```
        pub fn new(value: T) -> Self {
            Self {
                raw: RawMutex::new(),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value itself.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(gort::sync::Mutex::new(1).into_inner(), 1);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock: Go's `Lock`.
    ///
    /// It is not reentrant. A goroutine that has the lock and waits for it waits for ever.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the queue; if the lock was just handed to it, the next one
    /// gets it.
    ///
    /// # Examples
    /// ```
    /// # gort::block_on(async {
    /// let mutex = gort::sync::Mutex::new(1);
    /// *mutex.lock().await += 1;
    /// assert_eq!(*mutex.lock().await, 2);
    /// # });
    /// ```
    #[inline]
    pub fn lock(&self) -> Lock<'_, T> {
        Lock {
            raw: self.raw.lock(),
            mutex: self,
        }
    }

    /// Takes the lock if it is free and nobody starves for it: Go's `TryLock`.
    ///
    /// # Examples
    /// ```
    /// let mutex = gort::sync::Mutex::new(1);
    /// let guard = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_none());
    /// drop(guard);
    /// assert!(mutex.try_lock().is_some());
    /// ```
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.raw.try_lock().then(|| MutexGuard { mutex: self })
    }

    /// Waits for the lock with the whole thread, in the same queue as those who await it.
    ///
    /// # Panics
    /// In a goroutine, whose thread must not be blocked.
    ///
    /// # Examples
    /// ```
    /// let mutex = gort::sync::Mutex::new(1);
    /// *mutex.lock_blocking() += 1;
    /// assert_eq!(mutex.into_inner(), 2);
    /// ```
    #[track_caller]
    pub fn lock_blocking(&self) -> MutexGuard<'_, T> {
        block("Mutex::lock_blocking", "lock()", self.lock())
    }

    /// The value, which nobody else can use while the mutex is borrowed so.
    ///
    /// # Examples
    /// ```
    /// let mut mutex = gort::sync::Mutex::new(1);
    /// *mutex.get_mut() = 2;
    /// assert_eq!(mutex.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Mutex");
        match self.try_lock() {
            Some(guard) => out.field("value", &&*guard),
            None => out.field("value", &format_args!("<locked>")),
        };
        out.finish()
    }
}

/// The future of [`Mutex::lock`].
#[pin_project]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Lock<'a, T: ?Sized> {
    #[pin]
    raw: RawLock<'a>,
    mutex: &'a Mutex<T>,
}

impl<'a, T: ?Sized> Future for Lock<'a, T> {
    type Output = MutexGuard<'a, T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        ready!(this.raw.poll(context));
        Poll::Ready(MutexGuard { mutex: this.mutex })
    }
}

impl<T: ?Sized> fmt::Debug for Lock<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").finish_non_exhaustive()
    }
}

/// The right to use the value of a [`Mutex`]; dropping it unlocks.
#[must_use = "the mutex is unlocked when the guard drops"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
}

// SAFETY: a shared guard gives what `&T` gives.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The mutex of this guard.
    pub(super) fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard has the lock, and `&self` keeps `deref_mut` out.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard has the lock and is borrowed exclusively.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.raw.unlock();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
