//! Things that are used again instead of being made anew.
//!
//! A pool is some *shelves*, each under a lock of its own. A thread has a number, and its number
//! says which shelf it goes to first, so that threads rarely meet, and what one has put back it
//! finds again while its processor still has it at hand. Only a thread whose shelf is empty looks
//! at the others.
//!
//! # Two generations
//!
//! What nobody wants any more must go. Go lets a pool grow old with each cycle of its garbage
//! collector: what lay there for a whole cycle is dropped. Without a collector the cycle is time.
//! On each shelf lie the *fresh* things, which were put there in this cycle, and below them the
//! *old* ones of the one before. The next cycle drops the old ones and makes the fresh ones old; a
//! thing that is taken and put back is fresh again. So a pool keeps what it needed in the last two
//! cycles, and nothing else.
//!
//! A cycle is begun by whoever uses the pool when the last is [`CYCLE`] ago. The clock is asked at
//! every [`LOOK_EVERY`]th put of a shelf only. A pool that nobody uses keeps what it has until
//! [`Pool::cycle`] or its end: no thread wakes up for it.
//!
//! # Rejected
//!
//! - *A shelf for each P*: a pool is also used by threads that are no Ms, and with other executors.
//!   The number of a thread serves as well, since a P never changes its thread.
//! - *A timer for the cycle*: an idle program does nothing.

use crate::base::atomic::{AtomicU64, Ordering};
use crate::base::clock::{self, Nanos};
use crate::base::spin_lock::{Marked, SpinLock};
use crate::base::wake_list::drop_quietly;
use std::cell::Cell;
use std::fmt;
use std::mem;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::thread::available_parallelism;

/// How long a generation lasts at least, in nanoseconds.
const CYCLE: Nanos = 10_000_000_000;

/// When the first cycle began, until the clock was asked.
const NEVER: Nanos = Nanos::MAX;

/// After so many puts into a shelf the clock is asked.
const LOOK_EVERY: u32 = 64;

/// More shelves than this only make the search longer.
const SHELVES_MAX: usize = 64;

thread_local! {
    /// The number of this thread; which shelf it uses.
    static NUMBER: Cell<usize> = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // Ordering: Relaxed; that each gets its own is all.
        Cell::new(NEXT.fetch_add(1, Ordering::Relaxed))
    };
}

/// Things that are used again: Go's `sync.Pool`.
///
/// [`get`](Pool::get) gives one that was put back, or makes one; [`put`](Pool::put) puts it back.
/// What comes out is as it was put in. There is no promise that a thing that was put back is ever
/// given out again: what nobody has needed for some time is dropped, see [`cycle`](Pool::cycle).
///
/// # Examples
/// ```
/// use gort::sync::Pool;
///
/// static BUFFERS: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));
///
/// let mut buffer = BUFFERS.get();
/// buffer.extend_from_slice(b"hello");
/// buffer.clear();
/// BUFFERS.put(buffer);
/// ```
pub struct Pool<T, F = fn() -> T> {
    make: F,
    /// Made when something is first put back.
    shelves: OnceLock<Box<[Shelf<T>]>>,
    /// When the last cycle began. Written by who begins one; an exchange decides who that is.
    cycled_at: AtomicU64,
}

/// Alone on its cache lines.
#[repr(align(128))]
struct Shelf<T>(SpinLock<Things<T>>);

struct Things<T> {
    fresh: Vec<T>,
    old: Vec<T>,
    puts: u32,
}

const HAS_FRESH: u32 = 2;
const HAS_OLD: u32 = 4;

impl<T> Marked for Things<T> {
    fn marks(&self) -> u32 {
        let fresh = if self.fresh.is_empty() { 0 } else { HAS_FRESH };
        let old = if self.old.is_empty() { 0 } else { HAS_OLD };
        fresh | old
    }
}

impl<T> Shelf<T> {
    fn new() -> Self {
        Self(SpinLock::new(Things {
            fresh: Vec::new(),
            old: Vec::new(),
            puts: 0,
        }))
    }

    /// Takes a fresh or an old thing, as `mark` says, without waiting where there seems to be none.
    fn take(&self, mark: u32) -> Option<T> {
        // Who is busy with it may be leaving something.
        let marks = self.0.marks();
        if marks.is_some_and(|marks| marks & mark == 0) {
            return None;
        }
        let mut things = self.0.lock();
        match mark {
            HAS_FRESH => things.fresh.pop(),
            _ => things.old.pop(),
        }
    }

    /// Puts a thing here, and tells how many were.
    fn put(&self, thing: T) -> u32 {
        // Room is made and given up without the lock, for memory comes from code of others.
        let mut room = Vec::new();
        loop {
            let mut things = self.0.lock();
            let wanted = things.fresh.len() + 1;
            if things.fresh.capacity() < wanted && room.capacity() >= wanted {
                room.append(&mut things.fresh);
                mem::swap(&mut things.fresh, &mut room);
            }
            if things.fresh.capacity() >= wanted {
                things.fresh.push(thing);
                things.puts = things.puts.wrapping_add(1);
                let puts = things.puts;
                drop(things);
                return puts;
            }
            drop(things);
            room = Vec::with_capacity(2 * wanted.max(2));
        }
    }

    /// Makes what is fresh old, and gives what was old.
    fn cycle(&self) -> Vec<T> {
        let mut things = self.0.lock();
        let fresh = mem::take(&mut things.fresh);
        mem::replace(&mut things.old, fresh)
    }
}

impl<T> Pool<T, fn() -> T> {
    /// An empty pool, which makes things by `make`.
    ///
    /// # Examples
    /// See [`Pool`].
    pub const fn new(make: fn() -> T) -> Self {
        Self::with(make)
    }
}

impl<T, F: Fn() -> T> Pool<T, F> {
    /// As [`new`](Pool::new), with a closure that may know something.
    ///
    /// # Examples
    /// ```
    /// let size = 512;
    /// let pool = gort::sync::Pool::with(move || vec![0_u8; size]);
    /// assert_eq!(pool.get().len(), 512);
    /// ```
    pub const fn with(make: F) -> Self {
        Self {
            make,
            shelves: OnceLock::new(),
            cycled_at: AtomicU64::new(NEVER),
        }
    }

    /// Gives a thing that was put back, or makes one: Go's `Get`.
    ///
    /// # Panics
    /// If the function that makes things does.
    ///
    /// # Examples
    /// See [`Pool`].
    #[inline]
    pub fn get(&self) -> T {
        self.take().unwrap_or_else(|| (self.make)())
    }
}

impl<T, F> Pool<T, F> {
    /// Gives a thing that was put back, if there is any.
    ///
    /// # Examples
    /// ```
    /// let pool = gort::sync::Pool::new(|| 0);
    /// assert_eq!(pool.take(), None);
    /// pool.put(7);
    /// assert_eq!(pool.take(), Some(7));
    /// ```
    pub fn take(&self) -> Option<T> {
        let shelves = self.shelves.get()?;
        let (before, from_own) = shelves.split_at(own(shelves));
        let in_order = || from_own.iter().chain(before);
        in_order()
            .find_map(|shelf| shelf.take(HAS_FRESH))
            .or_else(|| in_order().find_map(|shelf| shelf.take(HAS_OLD)))
    }

    /// Puts a thing back, to be given to others: Go's `Put`.
    ///
    /// # Examples
    /// See [`Pool`].
    pub fn put(&self, thing: T) {
        let shelves = self.shelves.get_or_init(new_shelves);
        let puts = shelves[own(shelves)].put(thing);
        if puts % LOOK_EVERY == 0 {
            self.cycle_if_time(clock::now());
        }
    }

    #[cold]
    fn cycle_if_time(&self, now: Nanos) {
        // Ordering: Relaxed; who begins the cycle is all that is decided.
        let last = self.cycled_at.load(Ordering::Relaxed);
        if last != NEVER && now.saturating_sub(last) < CYCLE {
            return;
        }
        // Ordering: as above.
        let mine = self
            .cycled_at
            .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed);
        // The first look only starts the clock.
        if mine.is_ok() && last != NEVER {
            self.cycle();
        }
    }

    /// Drops what lies unused since the cycle before, and makes everything else old. What is put
    /// back survives one cycle and not two, as in Go.
    ///
    /// A pool that is used does this by itself, every ten seconds at most. One that is not keeps
    /// what it has: a program that has just passed its peak may call this twice. A panic of a
    /// destructor ends here.
    ///
    /// # Examples
    /// ```
    /// let pool = gort::sync::Pool::new(|| 0);
    /// pool.put(7);
    /// pool.cycle();
    /// assert_eq!(pool.get(), 7);
    /// pool.put(7);
    /// pool.cycle();
    /// pool.cycle();
    /// assert_eq!(pool.get(), 0);
    /// ```
    pub fn cycle(&self) {
        for shelf in self.shelves.get().into_iter().flatten() {
            for thing in shelf.cycle() {
                drop_quietly(thing);
            }
        }
    }
}

/// As many as goroutines can run at the same time, more or less.
fn new_shelves<T>() -> Box<[Shelf<T>]> {
    let threads = available_parallelism().map_or(1, |n| n.get());
    (0..threads.min(SHELVES_MAX))
        .map(|_| Shelf::new())
        .collect()
}

/// Which shelf this thread goes to first.
fn own<T>(shelves: &[Shelf<T>]) -> usize {
    NUMBER.try_with(Cell::get).unwrap_or(0) % shelves.len()
}

impl<T, F> fmt::Debug for Pool<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(gort_loom)))]
mod tests {
    use super::{CYCLE, LOOK_EVERY, NEVER, Pool};
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    #[test]
    fn every_so_many_puts_the_clock_is_asked() {
        let pool = Pool::new(|| 0);
        (1..LOOK_EVERY).for_each(|n| pool.put(n));
        assert_eq!(pool.cycled_at.load(Ordering::Relaxed), NEVER);
        pool.put(0);
        assert_ne!(pool.cycled_at.load(Ordering::Relaxed), NEVER);
    }

    #[test]
    fn a_cycle_begins_when_the_last_has_taken_its_time() {
        let pool: Pool<Arc<()>> = Pool::new(Arc::default);
        let idle = Arc::new(());
        pool.put(Arc::clone(&idle));
        let start = 7;
        // When it is, and how many hold the thing then. The first look starts the clock.
        let looks = [
            (start, 2),
            (start + CYCLE - 1, 2),
            (start + CYCLE, 2),
            (start + 2 * CYCLE - 1, 2),
            (start + 2 * CYCLE, 1),
        ];
        for (now, holders) in looks {
            pool.cycle_if_time(now);
            assert_eq!(Arc::strong_count(&idle), holders, "{now}");
        }
    }
}
