//! The number of a goroutine.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many numbers a thread takes at a time (Go's `_GoidCacheBatch`).
const BATCH: u64 = 16;

/// The number of a goroutine: unique in the process, never reused, as Go's `goid`.
///
/// The main goroutine of a program under `#[gort::main]` is number 1. Each thread takes its numbers
/// in batches of 16, so they grow along one thread only.
///
/// # Examples
/// ```
/// # #[cfg(feature = "rt")]
/// gort::block_on(async {
///     let handle = gort::spawn(async { gort::task::goid() });
///     let id = handle.id();
///     assert_eq!(handle.await.unwrap(), id);
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(NonZeroU64);

thread_local! {
    /// The numbers this thread has left: the next one, and the end of the batch.
    static BATCHED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

impl Id {
    /// A number that no goroutine has had.
    #[inline]
    pub(crate) fn next() -> Self {
        // A thread whose thread-locals are gone takes batches for one number each.
        BATCHED
            .try_with(|batched| {
                let (mut next, mut end) = batched.get();
                if next == end {
                    next = new_batch();
                    end = next + BATCH;
                }
                batched.set((next + 1, end));
                Self::from_number(next)
            })
            .unwrap_or_else(|_| Self::from_number(new_batch()))
    }

    fn from_number(number: u64) -> Self {
        Self(NonZeroU64::new(number).expect("2^64 goroutines have been numbered"))
    }

    /// The number itself.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// gort::block_on(async { assert!(gort::task::goid().as_u64() >= 1) });
    /// ```
    pub const fn as_u64(self) -> u64 {
        self.0.get()
    }
}

#[cold]
fn new_batch() -> u64 {
    // The standard library's in models too: it outlives a model's run, and orders nothing there.
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Ordering: Relaxed; only uniqueness matters.
    NEXT.fetch_add(BATCH, Ordering::Relaxed)
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
