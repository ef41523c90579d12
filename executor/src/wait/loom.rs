//! Models of the protocol: whoever is taken sees what it was given and may go at once, and a
//! future that leaves while it is taken loses nothing.

use super::{WaitQueue, Waiter, block};
use crate::base::atomic::{check, while_weak};
use crate::base::lock::Mutex;
use crate::base::wake_list::{drop_quietly, wake};
use loom::thread;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The smallest owner of a queue: gifts that nobody waited for, and who waits for one.
struct Gifts {
    lock: Mutex<(u32, WaitQueue<bool>)>,
}

impl Gifts {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            lock: Mutex::new((0, WaitQueue::new())),
        })
    }

    fn give(&self) {
        let mut state = self.lock.lock();
        let taken = state.1.take_front(|given| Some(*given = true));
        if taken.is_none() {
            state.0 += 1;
        }
        drop(state);
        taken.and_then(|(_, waker)| waker).map(wake);
    }

    /// One poll of a future that waits for a gift.
    fn poll(&self, mut waiter: Pin<&mut Waiter<bool>>, context: &Context<'_>) -> Poll<()> {
        if !waiter.is_waiting() && *waiter.as_mut().payload() {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        let mut state = self.lock.lock();
        let unneeded = if waiter.is_waiting() {
            state.1.rewake(waiter, waker)
        } else if *waiter.as_mut().payload() || state.0 > 0 {
            state.0 -= u32::from(!*waiter.payload());
            drop(state);
            drop(waker);
            return Poll::Ready(());
        } else {
            // SAFETY: `leave` is called before the waiter drops, and the state does not move.
            unsafe { state.1.push_back(waiter, waker) };
            None
        };
        drop(state);
        drop_quietly(unneeded);
        Poll::Pending
    }

    /// The destructor of that future.
    fn leave(&self, mut waiter: Pin<&mut Waiter<bool>>) {
        if waiter.is_waiting() {
            drop_quietly(self.lock.lock().1.remove(waiter.as_mut()));
        }
        if *waiter.payload() {
            self.give();
        }
    }
}

/// One waits, one gives. Whoever was given something frees its waiter without the lock.
fn take_meets_wait() {
    let gifts = Gifts::new();
    let giver = {
        let gifts = Arc::clone(&gifts);
        thread::spawn(move || gifts.give())
    };
    let mut waiter = Box::pin(Waiter::new(false));
    block(
        "",
        "",
        poll_fn(|context| gifts.poll(waiter.as_mut(), context)),
    );
    drop(waiter);
    giver.join().unwrap();
}

#[test]
fn who_is_taken_sees_its_gift_and_goes() {
    check(None, take_meets_wait);
    assert!(while_weak("wait.leave", take_meets_wait));
    assert!(while_weak("wait.look", take_meets_wait));
}

/// A future that is dropped while it is given something gives it to the next.
fn drop_meets_take() {
    let gifts = Gifts::new();
    let mut quitter = Box::pin(Waiter::new(false));
    let mut stayer = Box::pin(Waiter::new(false));
    let context = Context::from_waker(Waker::noop());
    assert!(gifts.poll(quitter.as_mut(), &context).is_pending());
    assert!(gifts.poll(stayer.as_mut(), &context).is_pending());
    let giver = {
        let gifts = Arc::clone(&gifts);
        thread::spawn(move || gifts.give())
    };
    gifts.leave(quitter.as_mut());
    drop(quitter);
    block(
        "",
        "",
        poll_fn(|context| gifts.poll(stayer.as_mut(), context)),
    );
    drop(stayer);
    giver.join().unwrap();
    let state = gifts.lock.lock();
    assert!(state.0 == 0 && state.1.is_empty(), "one gift, one taker");
}

#[test]
fn a_gift_to_a_future_that_goes_is_passed_on() {
    check(None, drop_meets_take);
    assert!(while_weak("wait.look", drop_meets_take));
}
