//! Models of [`Note`]: no wake-up is lost, and who was woken sees what the waker did before. Models
//! of [`SpinLock`]: who takes it, or sees its marks, sees what was done before it was left.
//!
//! A lost wake-up shows as a deadlock, which the checker reports. What the wakers did before is a
//! cell of the checker's, which complains if the sleeper's look at it is not ordered after.

use super::atomic::{AtomicU32, Ordering, UnsafeCell, check, while_weak};
use super::note::Note;
use super::spin_lock::{Marked, SpinLock};
use loom::thread;
use std::sync::Arc;

/// A note, and what two wakers write before they wake.
struct Bed {
    note: Note,
    written: [UnsafeCell<bool>; 2],
    /// How many have written. Orders nothing: that is the note's affair.
    calls: AtomicU32,
}

// SAFETY: the checker watches each access to the cells.
unsafe impl Sync for Bed {}
// SAFETY: as above.
unsafe impl Send for Bed {}

impl Bed {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            note: Note::new(),
            written: [UnsafeCell::new(false), UnsafeCell::new(false)],
            calls: AtomicU32::new(0),
        })
    }

    fn call(&self, caller: usize) {
        // SAFETY: each caller has a cell of its own, which the sleeper reads after the call.
        unsafe { *self.written[caller].get() = true };
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.note.wake();
    }

    fn spawn_call(self: &Arc<Self>, caller: usize) -> thread::JoinHandle<()> {
        let bed = Arc::clone(self);
        thread::spawn(move || bed.call(caller))
    }

    fn has_written(&self, caller: usize) -> bool {
        // SAFETY: the checker has just found this access ordered after the writer's.
        unsafe { *self.written[caller].get() }
    }
}

/// One call, one sleep.
fn wake_meets_sleep() {
    let bed = Bed::new();
    let caller = bed.spawn_call(0);
    bed.note.sleep();
    assert!(bed.has_written(0), "the sleep ended before the call");
    caller.join().unwrap();
}

#[test]
fn a_call_ends_the_sleep_whichever_comes_first() {
    check(None, wake_meets_sleep);
    assert!(while_weak("note.wake", wake_meets_sleep));
    assert!(while_weak("note.consume", wake_meets_sleep));
}

/// Two calls may end one sleep, but then both are heard after it; else the second ends the next.
fn two_wakes_meet_sleeps() {
    let bed = Bed::new();
    let callers = [bed.spawn_call(0), bed.spawn_call(1)];
    while bed.calls.load(Ordering::Relaxed) < 2 {
        bed.note.sleep();
    }
    callers
        .into_iter()
        .for_each(|caller| caller.join().unwrap());
}

#[test]
fn two_calls_at_once_are_both_heard() {
    // Three threads and a loop: all orders with up to three preemptions.
    check(Some(3), two_wakes_meet_sleeps);
    assert!(while_weak("note.wake", two_wakes_meet_sleeps));
    assert!(while_weak("note.consume", two_wakes_meet_sleeps));
}

/// A call that was slept off ends no other sleep.
fn a_second_sleep_needs_a_second_wake() {
    let bed = Bed::new();
    bed.note.wake();
    bed.note.sleep();
    let caller = bed.spawn_call(0);
    bed.note.sleep();
    assert!(bed.has_written(0), "the first call ended both sleeps");
    caller.join().unwrap();
}

#[test]
fn a_call_ends_one_sleep() {
    check(None, a_second_sleep_needs_a_second_wake);
}

/// A number behind a lock, which the lock's word tells.
struct Told(u32);

impl Marked for Told {
    fn marks(&self) -> u32 {
        self.0 << 1
    }
}

/// Two add one each. Nothing orders them but the lock.
fn two_take_the_lock() {
    let lock = Arc::new(SpinLock::new(Told(0)));
    let other = {
        let lock = Arc::clone(&lock);
        thread::spawn(move || lock.lock().0 += 1)
    };
    lock.lock().0 += 1;
    other.join().unwrap();
    assert_eq!(lock.lock().0, 2);
}

#[test]
fn one_at_a_time_has_the_spin_lock_and_sees_what_the_one_before_did() {
    check(None, two_take_the_lock);
    assert!(while_weak("spin.lock", two_take_the_lock));
    assert!(while_weak("spin.unlock", two_take_the_lock));
}

/// One writes, then leaves a mark; who sees the mark sees what was written.
fn look_at_the_mark() {
    let lock = Arc::new(SpinLock::new(Told(0)));
    let bed = Bed::new();
    let other = {
        let (lock, bed) = (Arc::clone(&lock), Arc::clone(&bed));
        thread::spawn(move || {
            bed.call(0);
            lock.lock().0 = 1;
        })
    };
    while lock.marks() != Some(2) {
        thread::yield_now();
    }
    assert!(bed.has_written(0));
    other.join().unwrap();
}

#[test]
fn the_marks_of_the_spin_lock_tell_what_came_before_them() {
    check(None, look_at_the_mark);
    assert!(while_weak("spin.look", look_at_the_mark));
    assert!(while_weak("spin.unlock", look_at_the_mark));
}
