//! The locks of several channels, taken in one order by everybody.

use crate::base::spin_lock::{Marked, SpinLock};
use std::ptr;

/// How many locks are kept without an allocation.
const FEW: usize = 8;

/// The lock of a channel, whatever its values are.
#[derive(Clone, Copy, Debug)]
pub struct LockOf {
    lock: *const (),
    take: unsafe fn(*const ()),
    leave: unsafe fn(*const ()),
}

impl LockOf {
    #[inline]
    pub(super) fn new<T: Marked>(lock: &SpinLock<T>) -> Self {
        unsafe fn take<T: Marked>(lock: *const ()) {
            // SAFETY: `new` made the pointer of this type, and whoever calls knows that it lives.
            unsafe { &*lock.cast::<SpinLock<T>>() }.lock_unguarded();
        }
        unsafe fn leave<T: Marked>(lock: *const ()) {
            // SAFETY: as above.
            let lock = unsafe { &*lock.cast::<SpinLock<T>>() };
            // SAFETY: the caller has taken it.
            unsafe { lock.unlock() };
        }
        Self {
            lock: ptr::from_ref(lock).cast(),
            take: take::<T>,
            leave: leave::<T>,
        }
    }
}

/// The locks of some channels, each once, sorted by their addresses.
#[derive(Debug)]
pub struct Locks {
    few: [Option<LockOf>; FEW],
    count: usize,
    /// All of them, if they are more than a few.
    many: Vec<LockOf>,
}

impl Locks {
    pub(super) const fn new() -> Self {
        Self {
            few: [None; FEW],
            count: 0,
            many: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, lock: LockOf) {
        if self.count < FEW {
            self.few[self.count] = Some(lock);
            self.count += 1;
            return;
        }
        if self.many.is_empty() {
            self.many.extend(self.few.iter().flatten());
        }
        self.many.push(lock);
    }

    fn sort(&mut self) {
        if self.many.is_empty() {
            self.few[..self.count].sort_unstable_by_key(|lock| lock.map(|lock| lock.lock.addr()));
        } else {
            self.many.sort_unstable_by_key(|lock| lock.lock.addr());
        }
    }

    /// Each lock once, in the order of the addresses.
    fn each(&self) -> impl Iterator<Item = &LockOf> {
        let few = if self.many.is_empty() {
            &self.few[..self.count]
        } else {
            &[]
        };
        let mut last = ptr::null();
        few.iter()
            .flatten()
            .chain(&self.many)
            .filter(move |lock| !ptr::eq(std::mem::replace(&mut last, lock.lock), lock.lock))
    }

    /// Takes all of them. Two who take locks in common take them in the same order, so neither
    /// waits for the other for ever.
    ///
    /// # Safety
    /// The channels live for as long as the result.
    pub(super) unsafe fn take(&mut self) -> Taken<'_> {
        self.sort();
        for lock in self.each() {
            // SAFETY: the caller promises that it lives.
            unsafe { (lock.take)(lock.lock) };
        }
        Taken(self)
    }
}

/// All locks, taken. Dropping it leaves them.
#[derive(Debug)]
pub(super) struct Taken<'a>(&'a Locks);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        for lock in self.0.each() {
            // SAFETY: `take` took it, and its caller promised that it lives.
            unsafe { (lock.leave)(lock.lock) };
        }
    }
}
