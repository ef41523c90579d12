//! Models of channels: every value that was sent is received once, whole, or given back, in every
//! order of a few operations.
//!
//! A value is a cell that only its present owner writes, so the checker complains where a hand-over
//! orders nothing. Lost wake-ups show as deadlocks.

use super::{Receiver, Sender, chan};
use crate::base::atomic::{UnsafeCell, check};
use crate::wait::block;
use loom::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// How many changes of the thread in the middle of a step each order has at most. With two of them
/// a model takes minutes; the largest has none.
const PREEMPTIONS: Option<usize> = Some(1);

/// A number that is written by whoever has it.
struct Parcel(Box<UnsafeCell<u32>>);

// SAFETY: the checker watches each access.
unsafe impl Send for Parcel {}

impl Parcel {
    fn new(number: u32) -> Self {
        Self(Box::new(UnsafeCell::new(number)))
    }

    fn open(self) -> u32 {
        // SAFETY: the parcel is this thread's; the checker looks whether that is so.
        unsafe { *self.0.get() }
    }
}

fn send(tx: &Sender<Parcel>, number: u32) {
    let sent = block("", "", tx.send(Parcel::new(number)));
    assert!(sent.is_ok(), "the receiver is there");
}

fn recv(rx: &Receiver<Parcel>) -> Option<u32> {
    block("", "", rx.recv()).map(Parcel::open)
}

/// Everything until the channel ends.
fn drain(rx: &Receiver<Parcel>) -> Vec<u32> {
    std::iter::from_fn(|| recv(rx)).collect()
}

/// One sends two and goes; the other receives until the end.
fn values_come_in_order(capacity: usize) {
    let (tx, rx) = chan(capacity);
    let sender = thread::spawn(move || {
        send(&tx, 1);
        send(&tx, 2);
    });
    assert_eq!(drain(&rx), [1, 2]);
    sender.join().unwrap();
}

fn rendezvous() {
    values_come_in_order(0);
}

fn one_place() {
    values_come_in_order(1);
}

fn two_places() {
    values_come_in_order(2);
}

#[test]
fn a_rendezvous_hands_over_every_value_and_ends() {
    check(PREEMPTIONS, rendezvous);
}

#[test]
fn a_buffer_of_one_hands_over_every_value_and_ends() {
    check(PREEMPTIONS, one_place);
}

#[test]
fn a_buffer_of_two_hands_over_every_value_and_ends() {
    check(PREEMPTIONS, two_places);
}

/// Two send one each, on two threads.
fn two_senders() {
    let (tx, rx) = chan(0);
    let other = tx.clone();
    let sender = thread::spawn(move || send(&other, 1));
    let receiver = thread::spawn(move || drain(&rx));
    send(&tx, 2);
    drop(tx);
    sender.join().unwrap();
    let mut got = receiver.join().unwrap();
    got.sort_unstable();
    assert_eq!(got, [1, 2]);
}

#[test]
fn two_senders_and_a_receiver_lose_nothing() {
    check(Some(0), two_senders);
}

/// A receiver that waits meets a close: it ends, and a sender learns of it or was heard.
fn close_meets_send() {
    let (tx, rx) = chan(0);
    let closer = tx.clone();
    let sender = thread::spawn(move || {
        let sent = block("", "", tx.send(Parcel::new(1)));
        sent.map_err(|refused| assert_eq!(refused.into_inner().open(), 1))
            .is_ok()
    });
    let closing = thread::spawn(move || closer.close());
    let got = drain(&rx);
    assert!(closing.join().unwrap());
    let was_sent = sender.join().unwrap();
    assert_eq!(got, if was_sent { vec![1] } else { vec![] });
}

#[test]
fn a_send_that_meets_a_close_was_received_or_is_given_back() {
    check(PREEMPTIONS, close_meets_send);
}

/// A receive future is dropped while a sender serves it: the other receiver gets the value.
fn drop_meets_send() {
    let (tx, rx) = chan(0);
    let sender = thread::spawn(move || send(&tx, 1));
    {
        let mut receiving = pin!(rx.recv());
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(got) = receiving.as_mut().poll(&mut context) {
            assert_eq!(got.map(Parcel::open), Some(1));
            sender.join().unwrap();
            return;
        }
    }
    assert_eq!(recv(&rx), Some(1));
    sender.join().unwrap();
}

#[test]
fn a_value_for_a_future_that_goes_is_received_by_the_next() {
    check(PREEMPTIONS, drop_meets_send);
}
