//! Every interleaving of the few threads that meet at a timer.
//!
//! The twins relax one half of the hand-over by which the owner learns, without the lock, that a
//! timer has been unlinked for it; the last one the fence that the sleeper for a wheel needs.

use super::wheel::Shared;
use super::{State, Timer, Wheel};
use crate::base::atomic::{AtomicBool, Ordering, fence_at, while_weak};
use crate::base::clock::Nanos;
use crate::base::wake_list::WakeList;
use loom::thread;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering as Std};
use std::task::{Wake, Waker};

/// A wheel that lives for one run of a model and does not come from, or go to, the spares.
#[derive(Clone)]
struct ModelWheel(Arc<Owned>);

struct Owned {
    wheel: ManuallyDrop<Wheel>,
    shared: NonNull<Shared>,
}

// SAFETY: the pointer is used once, in `drop`.
unsafe impl Send for Owned {}
// SAFETY: as above; the wheel itself is `Sync`.
unsafe impl Sync for Owned {}

impl ModelWheel {
    fn new() -> Self {
        let shared = NonNull::from(Box::leak(Box::new(Shared::new())));
        // SAFETY: freed in `drop` only, which the models reach when all their timers are gone.
        let wheel = Wheel::over(unsafe { shared.as_ref() });
        Self(Arc::new(Owned {
            wheel: ManuallyDrop::new(wheel),
            shared,
        }))
    }

    /// Expires and wakes, as the scheduler does.
    fn expire(&self, now: Nanos) {
        let mut wakers = WakeList::new();
        while self.0.wheel.expire(now, &mut wakers) {
            wakers.wake_all();
        }
        wakers.wake_all();
    }
}

impl Deref for ModelWheel {
    type Target = Wheel;

    fn deref(&self) -> &Wheel {
        &self.0.wheel
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and nobody is left who could use it.
        drop(unsafe { Box::from_raw(self.shared.as_ptr()) });
    }
}

/// Counts its wake-ups; the model checker need not watch it.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Std::Relaxed);
    }
}

impl Count {
    fn get(&self) -> usize {
        self.0.load(Std::Relaxed)
    }
}

fn counted() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), count.into())
}

fn armed(wheel: &Wheel, when: Nanos, waker: Waker) -> Pin<Box<Timer>> {
    let mut timer = Box::pin(Timer::new());
    wheel.insert(timer.as_mut(), when, waker);
    timer
}

/// Either the owner gets the waker back and nobody is woken, or the waker is woken once. The owner
/// may use the timer at once, in a wheel under another lock.
fn cancel_meets_fire() {
    let (wheel, other) = (ModelWheel::new(), ModelWheel::new());
    let (count, waker) = counted();
    let mut timer = armed(&wheel, 5, waker.clone());
    let firing = {
        let wheel = wheel.clone();
        thread::spawn(move || wheel.expire(9))
    };
    let cancelled = timer.as_mut().cancel().is_some();
    assert_eq!(timer.state(), State::Idle);
    other.insert(timer.as_mut(), 5, waker);
    firing.join().unwrap();
    assert_eq!(count.get(), usize::from(!cancelled));
    drop(timer);
    assert!(wheel.is_empty() && other.is_empty());
}

#[test]
fn a_timer_is_cancelled_or_fires_never_both() {
    loom::model(cancel_meets_fire);
}

#[test]
fn weak_settling_breaks_cancel() {
    assert!(while_weak("timer.settle", cancel_meets_fire));
}

/// An owner that polls with a new waker is told that the timer fired, or that waker is woken.
fn poll_meets_fire() {
    let wheel = ModelWheel::new();
    let (_, old) = counted();
    let (count, new) = counted();
    let mut timer = armed(&wheel, 5, old);
    let firing = {
        let wheel = wheel.clone();
        thread::spawn(move || wheel.expire(9))
    };
    let state = timer.as_mut().poll(&new);
    if state == State::Fired {
        let other = ModelWheel::new();
        other.insert(timer.as_mut(), 5, new);
        drop(timer);
        firing.join().unwrap();
    } else {
        assert_eq!(state, State::Armed);
        firing.join().unwrap();
        assert_eq!(count.get(), 1);
    }
    assert!(wheel.is_empty());
}

#[test]
fn a_replaced_waker_loses_no_wake_up() {
    loom::model(poll_meets_fire);
}

#[test]
fn a_weak_look_at_the_state_breaks_poll() {
    assert!(while_weak("timer.state", poll_meets_fire));
}

/// An owner that postpones a timer is told that it is too late, or the timer does not fire.
fn postpone_meets_fire() {
    let wheel = ModelWheel::new();
    let (count, waker) = counted();
    let mut timer = armed(&wheel, 5, waker);
    let firing = {
        let wheel = wheel.clone();
        thread::spawn(move || wheel.expire(9))
    };
    let postponed = timer.as_mut().postpone(20);
    firing.join().unwrap();
    assert_eq!(count.get(), usize::from(!postponed));
    wheel.expire(20);
    assert_eq!(count.get(), 1);
    assert_eq!(timer.state(), State::Fired);
}

#[test]
fn a_postponed_timer_does_not_fire_at_its_old_deadline() {
    loom::model(postpone_meets_fire);
}

/// Two threads insert and expire. Both timers fire once, and the owners use them again.
fn two_insert_and_expire() {
    let wheel = ModelWheel::new();
    let (count, waker) = counted();
    let work = |wheel: ModelWheel, waker: Waker, when: Nanos| {
        move || {
            let other = ModelWheel::new();
            let mut timer = armed(&wheel, when, waker.clone());
            wheel.expire(9);
            // The other may have fired it, of which a look without the lock need not tell yet.
            let unfired = timer.as_mut().cancel();
            assert!(
                unfired.is_none(),
                "due at a look of its owner, and left in the wheel"
            );
            other.insert(timer.as_mut(), when, waker);
        }
    };
    let second = thread::spawn(work(wheel.clone(), waker.clone(), 5));
    work(wheel.clone(), waker, 6)();
    second.join().unwrap();
    assert_eq!(count.get(), 2);
    assert_eq!(wheel.next_deadline(), Nanos::MAX);
}

#[test]
fn timers_of_two_threads_fire_once_each() {
    loom::model(two_insert_and_expire);
}

#[test]
fn weak_settling_breaks_two_that_expire() {
    assert!(while_weak("timer.settle", two_insert_and_expire));
}

/// A wheel that goes leaves its timers idle and wakes their owners, or they cancelled first.
fn evict_meets_cancel() {
    let (wheel, other) = (ModelWheel::new(), ModelWheel::new());
    let (count, waker) = counted();
    let mut timer = armed(&wheel, 5, waker.clone());
    let evicting = {
        let wheel = wheel.clone();
        thread::spawn(move || {
            let mut wakers = WakeList::new();
            assert!(!wheel.evict(&mut wakers));
            wakers.wake_all();
        })
    };
    let cancelled = timer.as_mut().cancel().is_some();
    other.insert(timer.as_mut(), 5, waker);
    evicting.join().unwrap();
    assert_eq!(count.get(), usize::from(!cancelled));
    drop(timer);
}

#[test]
fn an_evicted_timer_is_woken_or_was_cancelled() {
    loom::model(evict_meets_cancel);
}

#[test]
fn weak_settling_breaks_eviction() {
    assert!(while_weak("timer.settle", evict_meets_cancel));
}

/// The rule by which one sleeps for a wheel, see `Wheel::insert`: either the sleeper sees the new
/// deadline, or the inserter sees the sleeper.
fn insert_meets_sleep() {
    let wheel = ModelWheel::new();
    let asleep = Arc::new(AtomicBool::new(false));
    let sleeper = {
        let (wheel, asleep) = (wheel.clone(), asleep.clone());
        thread::spawn(move || {
            // Ordering: ordered before the load below by the fence.
            asleep.store(true, Ordering::Relaxed);
            fence_at("timer.sleep", Ordering::SeqCst);
            wheel.next_deadline()
        })
    };
    let (_, waker) = counted();
    let timer = armed(&wheel, 5, waker);
    fence_at("timer.told", Ordering::SeqCst);
    // Ordering: ordered after the store of the deadline by the fence.
    let told = asleep.load(Ordering::Relaxed);
    assert!(told || sleeper.join().unwrap() == 5);
    drop(timer);
}

#[test]
fn a_sleeper_is_told_of_an_earlier_deadline_or_sees_it() {
    loom::model(insert_meets_sleep);
}

#[test]
fn a_sleeper_or_inserter_without_its_fence_misses_the_deadline() {
    assert!(while_weak("timer.sleep", insert_meets_sleep));
    assert!(while_weak("timer.told", insert_meets_sleep));
}
