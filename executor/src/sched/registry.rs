//! The goroutines that wait, so that a shutdown can reach them.
//!
//! A goroutine registers when it first returns `Pending`, and stays until its future is dropped;
//! one that never waits never pays. Each P has a registry of its own, and one more belongs to the
//! goroutines spawned by threads without a P.
//!
//! The list is intrusive: prev, next and the task's waker stand in the goroutine's own record. That
//! waker counts as one: a goroutine that nobody else can wake, having dropped its wakers, lives
//! until the shutdown, as in Go. Without it such a goroutine would be freed with its future
//! undropped and its record still in the list.
//!
//! Generic over the record, so that the model in `loom.rs` needs no goroutine.

use crate::base::atomic::UnsafeCell;
use crate::base::lock::Mutex;
use std::ptr::NonNull;
use std::task::Waker;

/// A record that can stand in a registry.
pub(super) trait Registered: Sized {
    /// Its place in the list.
    fn link(&self) -> &Link<Self>;
}

/// The records that stand in one list.
#[derive(Debug)]
pub(super) struct Registry<R> {
    /// The lock guards all links of the list as well.
    list: Mutex<List<R>>,
}

/// The head of the list.
#[derive(Debug)]
struct List<R> {
    first: Option<NonNull<R>>,
}

// SAFETY: the pointers are followed under the lock only, while the records are registered.
unsafe impl<R: Sync> Send for List<R> {}

/// A record's place in the list.
#[derive(Debug)]
pub(super) struct Link<R>(UnsafeCell<Place<R>>);

#[derive(Debug)]
struct Place<R> {
    prev: Option<NonNull<R>>,
    next: Option<NonNull<R>>,
    /// Wakes the goroutine, and keeps its allocation while it is registered.
    waker: Option<Waker>,
}

impl<R> Link<R> {
    pub(super) fn new() -> Self {
        Self(UnsafeCell::new(Place {
            prev: None,
            next: None,
            waker: None,
        }))
    }

    /// The place itself.
    ///
    /// # Safety
    /// The caller holds the lock of the registry, and lets go of the reference before the next
    /// call.
    #[expect(
        clippy::mut_from_ref,
        reason = "the registry's lock makes the access exclusive"
    )]
    unsafe fn place(&self) -> &mut Place<R> {
        // SAFETY: the lock is held, says the caller.
        unsafe { &mut *self.0.get() }
    }
}

impl<R: Registered> Registry<R> {
    pub(super) fn new() -> Self {
        Self {
            list: Mutex::new(List { first: None }),
        }
    }

    /// Adds a record, whose goroutine wakes through `waker`.
    ///
    /// # Safety
    /// The record stays where it is, and [`Registry::remove`] is called before it goes. Cloning
    /// `waker` takes no lock and does not panic.
    pub(super) unsafe fn insert(&self, record: &R, waker: Waker) {
        let me = NonNull::from(record);
        let mut list = self.list.lock();
        let next = list.first.replace(me);
        // SAFETY: the lock is held.
        let place = unsafe { record.link().place() };
        *place = Place {
            prev: None,
            next,
            waker: Some(waker),
        };
        if let Some(next) = next {
            // SAFETY: a registered record is alive.
            let next = unsafe { next.as_ref() };
            // SAFETY: the lock is held, and this is another record.
            unsafe { next.link().place() }.prev = Some(me);
        }
    }

    /// Takes a record out, and gives the waker it was added with.
    ///
    /// # Safety
    /// The record is in this registry.
    pub(super) unsafe fn remove(&self, record: &R) -> Option<Waker> {
        let mut list = self.list.lock();
        // SAFETY: the lock is held.
        let place = unsafe { record.link().place() };
        let (prev, next, waker) = (place.prev.take(), place.next.take(), place.waker.take());
        let neighbour = |other: NonNull<R>| {
            // SAFETY: a registered record is alive, and the lock is held.
            unsafe { &*other.as_ptr() }
        };
        let (before, after) = (prev.map(neighbour), next.map(neighbour));
        match before {
            // SAFETY: the lock is held, and this is another record.
            Some(before) => unsafe { before.link().place() }.next = next,
            None => list.first = next,
        }
        if let Some(after) = after {
            // SAFETY: as above.
            unsafe { after.link().place() }.prev = prev;
        }
        waker
    }

    /// Wakers of up to `max` registered goroutines.
    ///
    /// They are cloned under the lock, which is legal here and only here: they are the runtime's
    /// own, and cloning one counts a reference and runs nothing else.
    pub(super) fn some_wakers(&self, max: usize) -> Vec<Waker> {
        self.visit(max, |_record, place| place.waker.clone())
    }

    /// What `tell` makes of up to `max` records, under the lock.
    pub(super) fn some<T>(&self, max: usize, tell: impl Fn(&R) -> T) -> Vec<T> {
        self.visit(max, |record, _place| Some(tell(record)))
    }

    /// What `take` makes of up to `max` records and their places, under the lock.
    fn visit<T>(&self, max: usize, take: impl Fn(&R, &Place<R>) -> Option<T>) -> Vec<T> {
        let list = self.list.lock();
        let mut taken = Vec::new();
        let mut at = list.first;
        while let Some(record) = at
            && taken.len() < max
        {
            // SAFETY: a registered record is alive, and the lock is held.
            let record = unsafe { record.as_ref() };
            // SAFETY: the lock is held.
            let place = unsafe { record.link().place() };
            taken.extend(take(record, place));
            at = place.next;
        }
        taken
    }
}
