//! Where the states of all fds live.
//!
//! An append-only slab in chunks that double: a key finds its state by two loads, without a lock,
//! and a state stays where it is until the netpoller goes. A state is recycled for another fd; its
//! generation, which the key carries, tells the events of the two apart.
//!
//! A key is an index and a generation in one `usize`, which is what `polling` carries. The all-ones
//! key is the selector's own.

use std::io;
use std::sync::OnceLock;

use super::readiness::{Closed, GENERATION_BITS, Readiness, WaitCount};
use crate::base::lock::Mutex;

/// States in the first chunk; each further chunk is twice as large as the one before.
const FIRST_CHUNK: u32 = 64;
/// Enough chunks for every index below 2^32.
const CHUNKS: usize = 26;

/// On a 32-bit machine a million fds and 12 bits of generation, else 32 and 24 bits.
const INDEX_BITS: u32 = if usize::BITS == 64 { 32 } else { 20 };
const GENERATION_MASK: u32 = if usize::BITS == 64 {
    (1 << GENERATION_BITS) - 1
} else {
    (1 << (usize::BITS - 20)) - 1
};

/// What the kernel hands back with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(usize);

impl Key {
    pub(super) fn new(index: u32, generation: u32) -> Self {
        Self(index as usize | ((generation & GENERATION_MASK) as usize) << INDEX_BITS)
    }

    pub(super) fn from_usize(key: usize) -> Self {
        Self(key)
    }

    pub(super) fn to_usize(self) -> usize {
        self.0
    }

    pub(super) fn index(self) -> u32 {
        (self.0 & ((1 << INDEX_BITS) - 1)) as u32
    }

    /// Whether this key was made for `generation`, as far as its bits tell.
    pub(super) fn is_of(self, generation: u32) -> bool {
        (self.0 >> INDEX_BITS) as u32 & GENERATION_MASK == generation & GENERATION_MASK
    }
}

/// One state, alone on its cache lines.
#[derive(Debug)]
#[repr(align(128))]
struct Slot(Readiness);

/// Which states are in use. Behind the allocator's lock, which opening and closing an fd takes.
#[derive(Debug, Default)]
struct Free {
    /// Indices below `used` that are free. The last one freed is reused first: it is still cached.
    list: Vec<u32>,
    /// Indices ever given out.
    used: u32,
    /// No more are given out: the runtime has ended.
    is_closed: bool,
}

/// All states of one netpoller.
#[derive(Debug)]
pub(super) struct Slots {
    /// Written once each, under the lock of `free`; read by everybody.
    chunks: [OnceLock<Box<[Slot]>>; CHUNKS],
    free: Mutex<Free>,
}

impl Slots {
    pub(super) fn new() -> Self {
        Self {
            chunks: [const { OnceLock::new() }; CHUNKS],
            free: Mutex::new(Free::default()),
        }
    }

    /// Takes a free state and returns its index.
    ///
    /// # Errors
    /// After [`Slots::close`], and when the indices are used up.
    pub(super) fn take(&self) -> io::Result<u32> {
        let mut free = self.free.lock();
        if free.is_closed {
            return Err(super::poll_desc::closed_error(Closed::WithRuntime));
        }
        if let Some(index) = free.list.pop() {
            return Ok(index);
        }
        let index = free.used;
        let (chunk, offset) = locate(index);
        if u64::from(index) >= (1 << INDEX_BITS) - 1 || chunk >= CHUNKS {
            return Err(io::Error::other("the netpoller is full"));
        }
        if offset == 0 {
            let slots = (0..FIRST_CHUNK << chunk)
                .map(|_| Slot(Readiness::new()))
                .collect();
            // Only this place sets a chunk, under the lock.
            let _ = self.chunks[chunk].set(slots);
        }
        free.used += 1;
        Ok(index)
    }

    /// Gives a state back. Its former fd must no longer be registered.
    pub(super) fn give_back(&self, index: u32, count: &WaitCount) {
        if let Some(state) = self.get(index) {
            state.retire(count);
            self.free.lock().list.push(index);
        }
    }

    /// The state at `index`, if there ever was one.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&Readiness> {
        let (chunk, offset) = locate(index);
        self.chunks
            .get(chunk)?
            .get()?
            .get(offset)
            .map(|slot| &slot.0)
    }

    /// Gives out no more states, and returns all that there are.
    pub(super) fn close(&self) -> impl Iterator<Item = &Readiness> {
        let used = {
            let mut free = self.free.lock();
            free.is_closed = true;
            free.used
        };
        (0..used).filter_map(|index| self.get(index))
    }
}

/// The chunk of an index, and its place there. Chunk k begins at 64 * (2^k - 1).
#[inline]
fn locate(index: u32) -> (usize, usize) {
    let chunk = (index / FIRST_CHUNK + 1).ilog2();
    let start = FIRST_CHUNK * ((1 << chunk) - 1);
    (chunk as usize, (index - start) as usize)
}

#[cfg(test)]
mod tests {
    use super::{Key, Slots, WaitCount, locate};

    #[test]
    fn every_index_has_its_own_place() {
        let mut next = (0, 0);
        for index in 0..10_000 {
            assert_eq!(locate(index), next, "index {index}");
            next.1 += 1;
            if next.1 == 64 << next.0 {
                next = (next.0 + 1, 0);
            }
        }
    }

    #[test]
    fn a_key_tells_index_and_generation() {
        for (index, generation) in [(0, 0), (7, 1), (1 << 19, 4095), (63, 12)] {
            let key = Key::from_usize(Key::new(index, generation).to_usize());
            assert_eq!(key.index(), index);
            assert!(key.is_of(generation));
            assert!(!key.is_of(generation + 1));
        }
    }

    #[test]
    fn a_state_given_back_is_reused_with_the_next_generation() {
        let slots = Slots::new();
        let count = WaitCount::new();
        let first = slots.take().unwrap();
        let before = slots.get(first).unwrap().generation();
        slots.give_back(first, &count);
        assert_eq!(slots.take().unwrap(), first);
        assert_eq!(slots.get(first).unwrap().generation(), before + 1);
        assert!((0..1000).all(|n| slots.take().unwrap() == n + 1));
    }

    #[test]
    fn closed_slots_give_out_nothing() {
        let slots = Slots::new();
        let _ = slots.take().unwrap();
        assert_eq!(slots.close().count(), 1);
        assert!(slots.take().is_err());
    }
}
