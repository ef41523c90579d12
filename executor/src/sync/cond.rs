//! Waiting for a condition of what a mutex protects.

use super::mutex::{Lock, Mutex, MutexGuard};
use crate::base::atomic::const_fn;
use crate::base::lock;
use crate::base::wake_list::{WakeList, wake_some};
use crate::wait::{Entry, Left, Owner, WaitQueue, block};
use pin_project::{pin_project, pinned_drop};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Where goroutines wait until another says that a condition may hold: Go's `sync.Cond`.
///
/// [`signal`](Cond::signal) wakes the one that has waited longest, [`broadcast`](Cond::broadcast)
/// all that wait now. Nobody is woken for any other reason. Still the condition has to be looked at
/// again, since others may have had the lock in between; [`wait_while`](Cond::wait_while) does.
///
/// # Examples
/// ```
/// use gort::sync::{Cond, Mutex};
/// use std::sync::Arc;
///
/// gort::block_on(async {
///     let shared = Arc::new((Mutex::new(Vec::new()), Cond::new()));
///     let filler = Arc::clone(&shared);
///     gort::go!({
///         filler.0.lock().await.push("a job");
///         filler.1.signal();
///     });
///     let jobs = shared.0.lock().await;
///     let mut jobs = shared.1.wait_while(jobs, |jobs| jobs.is_empty()).await;
///     assert_eq!(jobs.pop(), Some("a job"));
/// });
/// ```
#[derive(Debug)]
pub struct Cond {
    queue: lock::Mutex<WaitQueue<Call>>,
}

/// What a waiter of a condition was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Nothing,
    /// It alone was called: if it goes, another must be.
    Signal,
    Broadcast,
}

// SAFETY: the queue is a field of the condition, which is borrowed.
unsafe impl Owner<Call> for &Cond {
    type State = WaitQueue<Call>;

    fn lock(&self) -> lock::MutexGuard<'_, Self::State> {
        self.queue.lock()
    }

    fn queue(state: &mut Self::State) -> &mut WaitQueue<Call> {
        state
    }
}

impl Cond {
    const_fn! {
        /// A condition that nobody waits for.
        ///
        /// # Examples
        /// See [`Cond`].
        pub fn new() -> Self {
            Self {
                queue: lock::Mutex::new(WaitQueue::new()),
            }
        }
    }

    /// Unlocks, waits to be called, and locks again: Go's `Wait`.
    ///
    /// It enters the queue before it unlocks, at the first poll: whoever changes the condition
    /// under the lock and then calls is heard.
    ///
    /// # Cancel safety
    /// A future that is dropped unlocks the mutex, if it has not yet, and leaves the queue. If it
    /// was signalled and has not returned, the signal goes to the next.
    ///
    /// # Examples
    /// ```
    /// use gort::sync::{Cond, Mutex};
    ///
    /// let (ready, cond) = (Mutex::new(false), Cond::new());
    /// gort::block_on(async {
    ///     let set = async {
    ///         *ready.lock().await = true;
    ///         cond.broadcast();
    ///     };
    ///     let wait = async {
    ///         let mut guard = ready.lock().await;
    ///         while !*guard {
    ///             guard = cond.wait(guard).await;
    ///         }
    ///     };
    ///     futures::future::join(wait, set).await;
    /// });
    /// ```
    pub fn wait<'a, T: ?Sized>(&'a self, guard: MutexGuard<'a, T>) -> CondWait<'a, T> {
        CondWait {
            entry: Entry::new(self),
            mutex: guard.mutex(),
            guard: Some(guard),
            lock: None,
            heard: Call::Nothing,
        }
    }

    /// Waits as long as `condition` holds. It is asked with the lock, before the first wait and
    /// after each.
    ///
    /// # Cancel safety
    /// As [`wait`](Cond::wait).
    ///
    /// # Examples
    /// See [`Cond`].
    pub async fn wait_while<'a, T: ?Sized>(
        &'a self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        while condition(&mut guard) {
            guard = self.wait(guard).await;
        }
        guard
    }

    /// As [`wait`](Cond::wait), with the whole thread.
    ///
    /// # Panics
    /// In a goroutine, whose thread must not be blocked.
    ///
    /// # Examples
    /// ```
    /// use gort::sync::{Cond, Mutex};
    ///
    /// let (ready, cond) = (Mutex::new(false), Cond::new());
    /// std::thread::scope(|threads| {
    ///     threads.spawn(|| {
    ///         *ready.lock_blocking() = true;
    ///         cond.signal();
    ///     });
    ///     let mut guard = ready.lock_blocking();
    ///     while !*guard {
    ///         guard = cond.wait_blocking(guard);
    ///     }
    /// });
    /// ```
    #[track_caller]
    pub fn wait_blocking<'a, T: ?Sized>(&'a self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        block("Cond::wait_blocking", "wait()", self.wait(guard))
    }

    /// Wakes the one that has waited longest, if anybody waits. The caller may hold the lock, and
    /// need not.
    ///
    /// # Examples
    /// See [`Cond`].
    pub fn signal(&self) {
        let mut queue = self.queue.lock();
        let called = queue.take_first(|call| *call = Call::Signal);
        drop(queue);
        wake_some(called);
    }

    /// Wakes all that wait now, in the order in which they came.
    ///
    /// # Examples
    /// See [`wait`](Cond::wait).
    pub fn broadcast(&self) {
        let mut wakers = WakeList::default();
        let mut queue = self.queue.lock();
        queue.take_all(&mut wakers, |call| *call = Call::Broadcast);
        drop(queue);
        wakers.wake_all();
    }
}

impl Default for Cond {
    fn default() -> Self {
        Self::new()
    }
}

/// The future of [`Cond::wait`].
#[pin_project(PinnedDrop)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct CondWait<'a, T: ?Sized> {
    #[pin]
    entry: Entry<&'a Cond, Call>,
    mutex: &'a Mutex<T>,
    /// Until the entry has been made.
    guard: Option<MutexGuard<'a, T>>,
    /// From the call on.
    #[pin]
    lock: Option<Lock<'a, T>>,
    /// The call that this future owes to its caller.
    heard: Call,
}

/// What the entry, which was taken, was told.
fn told(entry: Pin<&mut Entry<&Cond, Call>>) -> Call {
    entry.payload().map_or(Call::Nothing, |call| *call)
}

impl<'a, T: ?Sized> Future for CondWait<'a, T> {
    type Output = MutexGuard<'a, T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if *this.heard == Call::Nothing {
            let called = this
                .entry
                .as_mut()
                .poll(context, Call::Nothing, |_, _| false);
            // Unlocked only now, with the entry made and without the lock of the queue.
            drop(this.guard.take());
            ready!(called);
            *this.heard = told(this.entry);
            this.lock.set(Some(this.mutex.lock()));
        }
        let lock = this.lock.as_mut().as_pin_mut();
        let guard = ready!(
            lock.expect("a call that was heard is followed by the lock")
                .poll(context)
        );
        this.lock.set(None);
        *this.heard = Call::Nothing;
        Poll::Ready(guard)
    }
}

#[pinned_drop]
impl<T: ?Sized> PinnedDrop for CondWait<'_, T> {
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.entry.as_mut().leave(|_, _| ()) == Left::Taken {
            *this.heard = told(this.entry.as_mut());
        }
        if *this.heard == Call::Signal {
            this.entry.owner().signal();
        }
    }
}

impl<T: ?Sized> fmt::Debug for CondWait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CondWait").finish_non_exhaustive()
    }
}
