//! Models of the decision: of all arms one wins, and nothing that was sent is lost.

use super::{And, End};
use crate::base::atomic::check;
use crate::chan::{Chan, Receiver, Sender, chan};
use crate::select::Chosen;
use crate::wait::block;
use loom::thread;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

const PREEMPTIONS: Option<usize> = Some(1);

fn recv_either(one: &Receiver<u32>, two: &Receiver<u32>) -> Option<u32> {
    let arms = And(one.recv(), And(two.recv(), End));
    match block("", "", super::select_in_order(arms)) {
        Chosen::Here(value) | Chosen::Later(Chosen::Here(value)) => value,
        Chosen::Later(Chosen::Later(never)) => match never {},
    }
}

/// Two threads send to a channel each; a select receives both values.
fn two_channels() {
    let (one_tx, one) = chan(0);
    let (two_tx, two) = chan(0);
    let send = |tx: Sender<u32>, n| {
        thread::spawn(move || {
            block("", "", tx.send(n)).unwrap();
            tx
        })
    };
    let senders = [send(one_tx, 1), send(two_tx, 2)];
    let mut got = [recv_either(&one, &two), recv_either(&one, &two)];
    got.sort_unstable();
    assert_eq!(got, [Some(1), Some(2)]);
    for sender in senders {
        sender.join().unwrap();
    }
}

#[test]
fn a_select_over_two_channels_gets_both_values() {
    check(Some(0), two_channels);
}

/// Two selects over the same two channels, in opposite order, and a value in each.
fn shared() {
    let (one_tx, one) = chan(1);
    let (two_tx, two) = chan(1);
    let other = {
        let (one, two) = (one.clone(), two.clone());
        thread::spawn(move || recv_either(&two, &one))
    };
    one_tx.try_send(1).unwrap();
    two_tx.try_send(2).unwrap();
    let mut got = [recv_either(&one, &two), other.join().unwrap()];
    got.sort_unstable();
    assert_eq!(got, [Some(1), Some(2)]);
}

#[test]
fn two_selects_that_share_their_channels_get_a_value_each() {
    check(PREEMPTIONS, shared);
}

/// Sends or receives on `c`, and gives what was received.
fn send_or_recv(c: &Chan<u32>, n: u32) -> Option<u32> {
    let arms = And(c.send(n), And(c.recv(), End));
    match block("", "", super::select_in_order(arms)) {
        Chosen::Here(()) => None,
        Chosen::Later(Chosen::Here(value)) => value,
        Chosen::Later(Chosen::Later(never)) => match never {},
    }
}

/// Two selects with a send and a receive of one channel meet each other and not themselves.
fn self_pair() {
    let c = Chan::new(0);
    let other = {
        let c = c.clone();
        thread::spawn(move || send_or_recv(&c, 1))
    };
    let one = send_or_recv(&c, 2);
    let two = other.join().unwrap();
    assert!(matches!((one, two), (Some(1), None) | (None, Some(2))));
}

#[test]
fn two_selects_with_both_directions_meet_each_other() {
    check(PREEMPTIONS, self_pair);
}

/// A select is dropped while a sender serves one of its arms.
fn drop_meets_send() {
    let (tx, rx) = chan(0);
    let (_other_tx, other) = chan::<u32>(0);
    let sender = thread::spawn(move || block("", "", tx.send(1)).unwrap());
    let mut waiting = Box::pin(super::select_in_order(And(
        rx.recv(),
        And(other.recv(), End),
    )));
    let mut context = Context::from_waker(Waker::noop());
    let was_ready = Pin::new(&mut waiting).poll(&mut context).is_ready();
    drop(waiting);
    if !was_ready {
        assert_eq!(block("", "", rx.recv()), Some(1));
    }
    sender.join().unwrap();
}

#[test]
fn what_was_handed_to_a_select_that_goes_is_received_by_the_next() {
    check(PREEMPTIONS, drop_meets_send);
}
