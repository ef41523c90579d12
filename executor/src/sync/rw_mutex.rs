//! Many readers or one writer.

use super::raw_rw_mutex::{Access, RawAccess, RawRwMutex, Reader, Writer};
use crate::base::atomic::const_fn;
use crate::wait::block;
use pin_project::pin_project;
use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A value that many goroutines read or one writes at a time: Go's `sync.RWMutex`, with the value
/// inside.
///
/// A writer that waits keeps new readers out; when a writer leaves, all readers that wait by then
/// come first. So neither starves the other. As in Go a goroutine that reads must not read again
/// before it has finished: with a writer between the two it waits for ever.
///
/// Guards unlock when they drop, so neither `RUnlock` nor `Unlock` of an unlocked mutex, which are
/// fatal in Go, can be written down. There is no poisoning.
///
/// # Examples
/// ```
/// use gort::sync::RwMutex;
///
/// gort::block_on(async {
///     let config = RwMutex::new("old");
///     {
///         let (one, two) = (config.read().await, config.read().await);
///         assert_eq!((*one, *two), ("old", "old"));
///         assert!(config.try_write().is_none());
///     }
///     *config.write().await = "new";
///     assert_eq!(*config.read().await, "new");
/// });
/// ```
pub struct RwMutex<T: ?Sized> {
    raw: RawRwMutex,
    /// Used by who has the lock.
    value: UnsafeCell<T>,
}

// SAFETY: a mutex that is sent takes its value along.
unsafe impl<T: ?Sized + Send> Send for RwMutex<T> {}
// SAFETY: readers share the value between threads, a writer may move it to another; the lock orders
// the accesses.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwMutex<T> {}

impl<T> RwMutex<T> {
    const_fn! {
        /// An unlocked mutex around `value`.
        ///
        /// # Examples
        /// ```
        /// static NAMES: gort::sync::RwMutex<Vec<String>> = gort::sync::RwMutex::new(Vec::new());
        /// assert!(NAMES.read_blocking().is_empty());
        /// ```
        pub fn new(value: T) -> Self {
            Self {
                raw: RawRwMutex::new(),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value itself.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(gort::sync::RwMutex::new(1).into_inner(), 1);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwMutex<T> {
    /// Waits until it may read: Go's `RLock`.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the queue; a lock that it was just given is given up.
    ///
    /// # Examples
    /// See [`RwMutex`].
    #[inline]
    pub fn read(&self) -> Read<'_, T> {
        Read {
            raw: self.raw.lock(),
            mutex: self,
        }
    }

    /// Waits until it alone has the value: Go's `Lock`.
    ///
    /// # Cancel safety
    /// A future that is dropped leaves the queue, and lets the readers in that waited behind it; a
    /// lock that it was just given goes to the next.
    ///
    /// # Examples
    /// See [`RwMutex`].
    #[inline]
    pub fn write(&self) -> Write<'_, T> {
        Write {
            raw: self.raw.lock(),
            mutex: self,
        }
    }

    /// Reads, if no writer has the lock and nobody waits: Go's `TryRLock`.
    ///
    /// # Examples
    /// See [`try_write`](RwMutex::try_write).
    #[inline]
    pub fn try_read(&self) -> Option<ReadGuard<'_, T>> {
        Reader::try_lock(&self.raw).then(|| ReadGuard { mutex: self })
    }

    /// Writes, if nobody has the lock or waits for it: Go's `TryLock`.
    ///
    /// # Examples
    /// ```
    /// let mutex = gort::sync::RwMutex::new(1);
    /// *mutex.try_write().unwrap() = 2;
    /// let reading = mutex.try_read().unwrap();
    /// assert!(mutex.try_write().is_none());
    /// assert_eq!(*reading, 2);
    /// ```
    #[inline]
    pub fn try_write(&self) -> Option<WriteGuard<'_, T>> {
        Writer::try_lock(&self.raw).then(|| WriteGuard { mutex: self })
    }

    /// As [`read`](RwMutex::read), with the whole thread.
    ///
    /// # Panics
    /// In a goroutine, whose thread must not be blocked.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(*gort::sync::RwMutex::new(1).read_blocking(), 1);
    /// ```
    #[track_caller]
    pub fn read_blocking(&self) -> ReadGuard<'_, T> {
        block("RwMutex::read_blocking", "read()", self.read())
    }

    /// As [`write`](RwMutex::write), with the whole thread.
    ///
    /// # Panics
    /// In a goroutine, whose thread must not be blocked.
    ///
    /// # Examples
    /// ```
    /// *gort::sync::RwMutex::new(1).write_blocking() = 2;
    /// ```
    #[track_caller]
    pub fn write_blocking(&self) -> WriteGuard<'_, T> {
        block("RwMutex::write_blocking", "write()", self.write())
    }

    /// The value, which nobody else can use while the mutex is borrowed so.
    ///
    /// # Examples
    /// ```
    /// let mut mutex = gort::sync::RwMutex::new(1);
    /// *mutex.get_mut() = 2;
    /// assert_eq!(mutex.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for RwMutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwMutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RwMutex");
        match self.try_read() {
            Some(guard) => out.field("value", &&*guard),
            None => out.field("value", &format_args!("<locked>")),
        };
        out.finish()
    }
}

/// The future of [`RwMutex::read`].
#[pin_project]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Read<'a, T: ?Sized> {
    #[pin]
    raw: RawAccess<'a, Reader>,
    mutex: &'a RwMutex<T>,
}

impl<'a, T: ?Sized> Future for Read<'a, T> {
    type Output = ReadGuard<'a, T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        ready!(this.raw.poll(context));
        Poll::Ready(ReadGuard { mutex: this.mutex })
    }
}

impl<T: ?Sized> fmt::Debug for Read<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Read").finish_non_exhaustive()
    }
}

/// The future of [`RwMutex::write`].
#[pin_project]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Write<'a, T: ?Sized> {
    #[pin]
    raw: RawAccess<'a, Writer>,
    mutex: &'a RwMutex<T>,
}

impl<'a, T: ?Sized> Future for Write<'a, T> {
    type Output = WriteGuard<'a, T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        ready!(this.raw.poll(context));
        Poll::Ready(WriteGuard { mutex: this.mutex })
    }
}

impl<T: ?Sized> fmt::Debug for Write<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write").finish_non_exhaustive()
    }
}

/// The right to read the value of a [`RwMutex`]; dropping it unlocks.
#[must_use = "the mutex is unlocked when the guard drops"]
pub struct ReadGuard<'a, T: ?Sized> {
    mutex: &'a RwMutex<T>,
}

impl<T: ?Sized> Deref for ReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard has the lock for reading, which keeps writers out.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for ReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        Reader::unlock(&self.mutex.raw);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// The right to write the value of a [`RwMutex`]; dropping it unlocks.
#[must_use = "the mutex is unlocked when the guard drops"]
pub struct WriteGuard<'a, T: ?Sized> {
    mutex: &'a RwMutex<T>,
}

impl<T: ?Sized> Deref for WriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard alone has the lock, and `&self` keeps `deref_mut` out.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for WriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard alone has the lock and is borrowed exclusively.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for WriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        Writer::unlock(&self.mutex.raw);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for WriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
