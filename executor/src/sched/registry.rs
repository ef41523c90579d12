//! The goroutines that wait, so that a shutdown can reach them.
//!
//! A goroutine registers when it first returns `Pending`, and stays until its future is dropped;
//! one that never waits never pays. Each P has a registry of its own, and one more belongs to the
//! goroutines spawned by threads without a P; a goroutine stays in the registry of its home
//! wherever it runs later.
//!
//! The list is intrusive: prev, next and the task's waker stand in the goroutine's own record. That
//! waker counts as one: a goroutine that nobody else can wake, having dropped its wakers, lives
//! until the shutdown, as in Go. Without it such a goroutine would be freed with its future
//! undropped and its record still in the list.

use super::Sched;
use super::g::Meta;
use super::shutdown::Waited;
use crate::base::atomic::UnsafeCell;
use crate::base::lock::Mutex;
use std::ptr::NonNull;
use std::task::Waker;

/// Where goroutines are registered: one per P, and one for those without.
#[derive(Debug)]
pub(crate) struct Home {
    /// The runtime this home is part of. Set when the runtime is built, before any goroutine.
    sched: NonNull<Sched>,
    waiting: Mutex<List>,
}

// SAFETY: `sched` points to the runtime that owns the home and may be shared; the list is locked.
unsafe impl Send for Home {}
// SAFETY: as above.
unsafe impl Sync for Home {}

/// The head of the list; guarded by the home's lock, as all links are.
#[derive(Debug)]
struct List {
    first: Option<NonNull<Meta>>,
}

// SAFETY: the pointers are followed under the lock only, while the records are registered.
unsafe impl Send for List {}

/// A goroutine's place in the list.
#[derive(Debug)]
pub(crate) struct Link(UnsafeCell<Place>);

#[derive(Debug)]
struct Place {
    prev: Option<NonNull<Meta>>,
    next: Option<NonNull<Meta>>,
    /// Wakes the goroutine, and keeps its allocation while it is registered.
    waker: Option<Waker>,
}

impl Link {
    pub(crate) fn new() -> Self {
        Self(UnsafeCell::new(Place { prev: None, next: None, waker: None }))
    }

    /// The place itself.
    ///
    /// # Safety
    /// The caller holds the lock of the home, and lets go of the reference before the next call.
    #[expect(clippy::mut_from_ref, reason = "the home's lock makes the access exclusive")]
    unsafe fn place(&self) -> &mut Place {
        // SAFETY: the lock is held, says the caller.
        unsafe { &mut *self.0.get() }
    }
}

impl Home {
    pub(super) fn new(sched: NonNull<Sched>) -> Self {
        Self { sched, waiting: Mutex::new(List { first: None }) }
    }

    /// The runtime the home is part of.
    #[inline]
    pub(crate) fn sched(&self) -> &Sched {
        // SAFETY: the home is a part of the runtime, so while it can be borrowed the runtime is
        // there.
        unsafe { self.sched.as_ref() }
    }

    #[inline]
    pub(super) fn sched_ptr(&self) -> *const Sched {
        self.sched.as_ptr()
    }

    /// Adds a goroutine, which wakes through `waker`.
    pub(super) fn register(&self, meta: &Meta, waker: Waker) {
        let me = NonNull::from(meta);
        let mut list = self.waiting.lock();
        let next = list.first.replace(me);
        // SAFETY: the lock is held.
        let place = unsafe { meta.link.place() };
        *place = Place { prev: None, next, waker: Some(waker) };
        if let Some(next) = next {
            // SAFETY: a registered record is alive.
            let next = unsafe { next.as_ref() };
            // SAFETY: the lock is held, and this is another record.
            unsafe { next.link.place() }.prev = Some(me);
        }
    }

    /// Takes a registered goroutine out, and gives the waker it was registered with.
    pub(super) fn unregister(&self, meta: &Meta) -> Option<Waker> {
        let mut list = self.waiting.lock();
        // SAFETY: the lock is held.
        let place = unsafe { meta.link.place() };
        let (prev, next, waker) = (place.prev.take(), place.next.take(), place.waker.take());
        match prev {
            // SAFETY: a registered record is alive, the lock is held, and it is another record.
            Some(prev) => unsafe { prev.as_ref().link.place() }.next = next,
            None => list.first = next,
        }
        if let Some(next) = next {
            // SAFETY: as above.
            unsafe { next.as_ref().link.place() }.prev = prev;
        }
        waker
    }

    /// Wakers of up to `max` registered goroutines.
    ///
    /// They are cloned under the lock, which is legal here and only here: they are the runtime's
    /// own, and cloning one counts a reference and runs nothing else.
    pub(super) fn some_wakers(&self, max: usize) -> Vec<Waker> {
        self.some(max, |_meta, place| place.waker.clone())
    }

    /// The records of up to `max` registered goroutines.
    pub(super) fn some_waited(&self, max: usize) -> Vec<Waited> {
        self.some(max, |meta, _place| Some(Waited::new(meta)))
    }

    /// What `take` makes of up to `max` registered goroutines, under the lock.
    fn some<T>(&self, max: usize, take: impl Fn(&Meta, &Place) -> Option<T>) -> Vec<T> {
        let list = self.waiting.lock();
        let mut taken = Vec::new();
        let mut at = list.first;
        while let Some(meta) = at
            && taken.len() < max
        {
            // SAFETY: a registered record is alive, and the lock is held.
            let meta = unsafe { meta.as_ref() };
            // SAFETY: the lock is held.
            let place = unsafe { meta.link.place() };
            taken.extend(take(meta, place));
            at = place.next;
        }
        taken
    }
}
