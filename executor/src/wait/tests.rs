use super::{WaitQueue, Waiter, block};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};
use std::{future, thread};

type Pinned = Pin<Box<Waiter<u32>>>;

/// Counts its wake-ups and, as an `Arc`, its clones.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn waiter(payload: u32) -> Pinned {
    Box::pin(Waiter::new(payload))
}

fn push(queue: &mut WaitQueue<u32>, waiter: &mut Pinned, waker: Waker) {
    // SAFETY: each test takes its waiters out before they drop, and leaves its queue in place.
    unsafe { queue.push_back(waiter.as_mut(), waker) };
}

fn three(queue: &mut WaitQueue<u32>) -> [Pinned; 3] {
    let mut waiters = [0, 1, 2].map(waiter);
    for waiter in &mut waiters {
        push(queue, waiter, Waker::noop().clone());
    }
    waiters
}

/// Takes all, and gives their payloads in this order.
fn drain(queue: &mut WaitQueue<u32>) -> Vec<u32> {
    std::iter::from_fn(|| queue.take_front(|payload| Some(*payload)))
        .map(|(payload, _waker)| payload)
        .collect()
}

#[test]
fn waiters_and_queues_can_be_sent_and_shared_if_their_payloads_can_be_sent() {
    fn both<T: Send + Sync>() {}
    fn send<T: Send>() {}
    both::<Waiter<std::cell::Cell<u8>>>();
    send::<WaitQueue<std::cell::Cell<u8>>>();
}

#[test]
fn first_come_first_served() {
    let mut queue = WaitQueue::new();
    let waiters = three(&mut queue);
    assert!(waiters.iter().all(|waiter| waiter.is_waiting()));
    assert_eq!(queue.front().copied(), Some(0));
    assert_eq!(drain(&mut queue), [0, 1, 2]);
    assert!(waiters.iter().all(|waiter| !waiter.is_waiting()));
    assert!(queue.is_empty());
}

#[test]
fn any_waiter_leaves_and_the_others_keep_their_order() {
    for leaves in 0..3 {
        let mut queue = WaitQueue::new();
        let mut waiters = three(&mut queue);
        assert!(queue.remove(waiters[leaves].as_mut()).is_some());
        assert!(!waiters[leaves].is_waiting());
        assert!(queue.remove(waiters[leaves].as_mut()).is_none(), "once");
        let others: Vec<u32> = (0..3).filter(|n| *n as usize != leaves).collect();
        assert_eq!(drain(&mut queue), others);
    }
}

#[test]
fn a_waiter_that_left_or_was_taken_enters_again_at_the_end() {
    let mut queue = WaitQueue::new();
    let mut waiters = three(&mut queue);
    drop(queue.remove(waiters[1].as_mut()));
    assert_eq!(queue.take_front(|n| Some(*n)).map(|(n, _)| n), Some(0));
    for again in [1, 0] {
        push(&mut queue, &mut waiters[again], Waker::noop().clone());
    }
    assert_eq!(drain(&mut queue), [2, 1, 0]);
}

#[test]
fn what_is_given_is_in_the_payload_of_the_one_that_was_taken() {
    let mut queue = WaitQueue::new();
    let mut waiters = three(&mut queue);
    queue.take_front(|payload| {
        *payload = 77;
        Some(())
    });
    assert_eq!(*waiters[0].as_mut().payload(), 77);
    assert!(!waiters[0].is_waiting());
    assert_eq!(queue.front().copied(), Some(1));
    drain(&mut queue);
}

#[test]
#[should_panic(expected = "the payload of a waiter is its queue's")]
fn the_payload_of_one_that_waits_is_refused() {
    // Never freed: they still name each other when the panic has passed.
    let queue = Box::leak(Box::new(WaitQueue::new()));
    let waiter = Box::leak(Box::new(waiter(0)));
    push(queue, waiter, Waker::noop().clone());
    waiter.as_mut().payload();
}

#[test]
fn those_who_are_refused_leave_and_keep_their_waker() {
    let count = Arc::new(Count::default());
    let mut queue = WaitQueue::new();
    let mut waiters = [0, 1, 2].map(waiter);
    for waiter in &mut waiters {
        push(&mut queue, waiter, Waker::from(Arc::clone(&count)));
    }
    let taken = queue.take_front(|payload| (*payload == 1).then_some("one"));
    assert_eq!(taken.map(|(answer, _waker)| answer), Some("one"));
    let waiting = waiters.each_ref().map(|waiter| waiter.is_waiting());
    assert_eq!(waiting, [false, false, true]);
    // This one, and those of the refused and of the one that waits.
    assert_eq!(Arc::strong_count(&count), 3);
    assert!(queue.take_front(|_| None::<()>).is_none());
    assert!(queue.is_empty());
    drop(waiters);
    assert_eq!(Arc::strong_count(&count), 1);
    assert_eq!(count.0.load(Ordering::Relaxed), 0, "nobody was woken");
}

#[test]
fn a_new_waker_replaces_the_old_one_which_comes_back() {
    let counts = [(); 2].map(|()| Arc::new(Count::default()));
    let [old, new] = counts
        .each_ref()
        .map(|count| Waker::from(Arc::clone(count)));
    let mut queue = WaitQueue::new();
    let mut waiter = waiter(0);
    push(&mut queue, &mut waiter, old);
    let unneeded = queue.rewake(waiter.as_mut(), new.clone());
    assert!(unneeded.is_some_and(|waker| !waker.will_wake(&new)));
    let (_, waker) = queue.take_front(|_| Some(())).unwrap();
    waker.unwrap().wake();
    let woken = counts
        .each_ref()
        .map(|count| count.0.load(Ordering::Relaxed));
    assert_eq!(woken, [0, 1]);
    let unneeded = queue.rewake(waiter.as_mut(), new.clone());
    assert!(
        unneeded.is_some_and(|waker| waker.will_wake(&new)),
        "too late"
    );
}

#[test]
fn the_first_may_be_woken_and_stay() {
    let mut queue = WaitQueue::new();
    let waiters = three(&mut queue);
    assert!(queue.take_front_waker().is_some());
    assert!(queue.take_front_waker().is_none());
    assert!(waiters[0].is_waiting());
    assert_eq!(drain(&mut queue), [0, 1, 2]);
}

#[test]
fn block_returns_what_is_ready_and_sleeps_for_what_is_not() {
    assert_eq!(block("now()", "now()", async { 1 }), 1);
    let mut helper = None;
    let answer = block(
        "later()",
        "later()",
        future::poll_fn(|context| {
            if helper.is_some() {
                return Poll::Ready(2);
            }
            // The second poll is the first with a waker that wakes.
            let waker = context.waker().clone();
            if !waker.will_wake(Waker::noop()) {
                helper = Some(thread::spawn(move || waker.wake()));
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }),
    );
    assert_eq!(answer, 2);
}
