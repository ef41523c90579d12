//! The goroutines that wait, so that a shutdown can reach them.
//!
//! A goroutine registers when it first returns `Pending`, and stays until its future is dropped; one
//! that never waits never pays. Each P has a registry of its own, and one more belongs to the
//! goroutines spawned by threads without a P; a goroutine stays in the registry of its home wherever
//! it runs later.
//!
//! The list is intrusive: prev, next and the task's waker stand in the goroutine's own record. The
//! waker is stored without counting: it is valid until the goroutine unregisters, which it does
//! under the same lock before its allocation can go.

use super::Sched;
use super::g::Meta;
use super::shutdown::Waited;
use crate::base::atomic::UnsafeCell;
use crate::base::lock::Mutex;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{RawWakerVTable, Waker};

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
    /// Data and vtable of the task's waker, not counted.
    waker: Option<(*const (), &'static RawWakerVTable)>,
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
        // SAFETY: the home is a part of the runtime, so while it can be borrowed the runtime is there.
        unsafe { self.sched.as_ref() }
    }

    #[inline]
    pub(super) fn sched_ptr(&self) -> *const Sched {
        self.sched.as_ptr()
    }

    /// Adds a goroutine, which wakes through `waker`.
    pub(super) fn register(&self, meta: &Meta, waker: &Waker) {
        let me = NonNull::from(meta);
        let mut list = self.waiting.lock();
        let next = list.first.replace(me);
        // SAFETY: the lock is held.
        let place = unsafe { meta.link.place() };
        *place = Place { prev: None, next, waker: Some((waker.data(), waker.vtable())) };
        if let Some(next) = next {
            // SAFETY: a registered record is alive.
            let next = unsafe { next.as_ref() };
            // SAFETY: the lock is held, and this is another record.
            unsafe { next.link.place() }.prev = Some(me);
        }
    }

    /// Takes a registered goroutine out.
    pub(super) fn unregister(&self, meta: &Meta) {
        let mut list = self.waiting.lock();
        // SAFETY: the lock is held.
        let place = unsafe { meta.link.place() };
        let (prev, next) = (place.prev.take(), place.next.take());
        match prev {
            // SAFETY: a registered record is alive, the lock is held, and it is another record.
            Some(prev) => unsafe { prev.as_ref().link.place() }.next = next,
            None => list.first = next,
        }
        if let Some(next) = next {
            // SAFETY: as above.
            unsafe { next.as_ref().link.place() }.prev = prev;
        }
    }

    /// Wakers of up to `max` registered goroutines.
    ///
    /// They are cloned under the lock, which is legal here and only here: they are the runtime's
    /// own, and cloning one counts a reference and runs nothing else.
    pub(super) fn some_wakers(&self, max: usize) -> Vec<Waker> {
        self.some(max, |_meta, place| {
            let (data, vtable) = place.waker?;
            // SAFETY: the parts are those of the task's waker, whose allocation is alive while the
            // goroutine is registered; `ManuallyDrop` keeps the count as it was.
            let waker = ManuallyDrop::new(unsafe { Waker::new(data, vtable) });
            Some(Waker::clone(&waker))
        })
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
