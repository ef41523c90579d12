//! The slot for the one item a P runs before its ring: Go's `runnext`.
//!
//! What an M makes ready while it runs a G goes here, so that a G and the one it wakes take turns
//! without passing through the ring. An earlier occupant is displaced and goes to the ring's tail.
//!
//! Invariant: only the owner turns null into an item. So a put into an empty slot is a plain store
//! with no read-modify-write: the slot seen empty stays empty until we fill it. Everybody may turn
//! an item into null, which is how thieves and sysmon take it.

use std::fmt;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use super::Item;
use crate::base::atomic::{AtomicPtr, Ordering, order};
use crate::base::wake_list::drop_quietly;

/// One item, or none.
pub(crate) struct RunNext<T: Item> {
    /// Null, or the item. Filled by the owner, emptied by anyone; read by all.
    slot: AtomicPtr<()>,
    /// Items leave by value and are never lent, so sharing the slot shares no `&T`, and [`Item`]
    /// is [`Send`].
    item: PhantomData<fn() -> T>,
}

impl<T: Item> RunNext<T> {
    pub(crate) fn new() -> Self {
        Self {
            slot: AtomicPtr::new(ptr::null_mut()),
            item: PhantomData,
        }
    }

    /// Puts `item` in and returns the one it displaces, for the ring's tail.
    ///
    /// # Safety
    /// - Only the M that owns this storage calls it.
    #[inline]
    #[must_use = "the displaced item must go to the ring"]
    pub(crate) unsafe fn put(&self, item: T) -> Option<T> {
        let raw = item.into_raw().as_ptr();
        // Ordering: Relaxed. If it is null, it is so by a taker or from the start, and stays so.
        if self.slot.load(Ordering::Relaxed).is_null() {
            // Ordering: Release pairs with the Acquire in `take`: the item is written.
            self.slot.store(raw, order("next-store", Ordering::Release));
            return None;
        }
        // Ordering: Release as above. What comes out is our own put: nothing to acquire.
        let displaced = self.slot.swap(raw, order("next-swap", Ordering::Release));
        // SAFETY: the swap took the pointer out of the slot, and nobody else has it.
        NonNull::new(displaced).map(|raw| unsafe { T::from_raw(raw) })
    }

    /// Takes the item. Anyone may.
    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        // Ordering: Relaxed, a cheap hint that spares the swap. To the owner it is exact in the
        // one way that matters: an item it put itself is not overlooked.
        if self.slot.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // Ordering: Acquire pairs with the Release in `put`: the item is written. Release pairs
        // with the Acquire in `is_empty`: what the owner displaced into its ring is seen there.
        let raw = self
            .slot
            .swap(ptr::null_mut(), order("next-take", Ordering::AcqRel));
        // SAFETY: the swap took the pointer out of the slot, and nobody else has it.
        NonNull::new(raw).map(|raw| unsafe { T::from_raw(raw) })
    }

    /// Whether the slot was empty a moment ago.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `take`, for `RunQueue::is_empty_with`.
        self.slot
            .load(order("next-look", Ordering::Acquire))
            .is_null()
    }
}

impl<T: Item> Drop for RunNext<T> {
    fn drop(&mut self) {
        drop_quietly(self.take());
    }
}

impl<T: Item> fmt::Debug for RunNext<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunNext")
            .field("is_empty", &self.is_empty())
            .finish()
    }
}
