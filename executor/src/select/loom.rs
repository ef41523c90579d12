//! Models of the decision: of all arms one wins, and nothing that was sent is lost.
//!
//! The cases are tried in source order here: a random one would be another in each run, of which
//! the checker knows nothing. Where orders matter the two threads have opposite ones.

use super::{And, Arms, Chosen, End, FutureArm, Select, select_in_order};
use crate::base::atomic::{check, while_weak};
use crate::chan::Chan;
use crate::chan::loom::{Bell, Parcel};
use loom::thread;
use std::future::{Future, Pending, pending};
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// How many changes of the thread in the middle of a step each order of the larger models has. The
/// smaller ones have all orders.
const PREEMPTIONS: Option<usize> = Some(3);

/// A future, the waker of its thread, and how often that had rung when it was last polled. What a
/// failed model leaves behind is not dropped, since its destructor would go on with the model.
struct Driven<F> {
    future: ManuallyDrop<Pin<Box<F>>>,
    bell: Arc<Bell>,
    rung: usize,
}

impl<F: Future> Driven<F> {
    fn new(future: F) -> Self {
        Self {
            future: ManuallyDrop::new(Box::pin(future)),
            bell: Bell::new(),
            rung: 0,
        }
    }

    fn poll(&mut self) -> Poll<F::Output> {
        self.rung = self.bell.rings();
        let waker = Waker::from(Arc::clone(&self.bell));
        let mut context = Context::from_waker(&waker);
        self.future.as_mut().poll(&mut context)
    }

    fn finish(mut self) -> F::Output {
        loop {
            if let Poll::Ready(output) = self.poll() {
                self.drop();
                return output;
            }
            self.bell.wait(self.rung);
        }
    }

    fn drop(self) {
        drop(ManuallyDrop::into_inner(self.future));
    }
}

fn send(c: &Chan<Parcel>, number: u32) {
    Driven::new(c.send(Parcel::new(number))).finish();
}

fn recv(c: &Chan<Parcel>) -> Option<u32> {
    Driven::new(c.recv()).finish().map(Parcel::open)
}

/// What the winner of two gave.
fn either<A, B>(output: Chosen<A, Chosen<B, std::convert::Infallible>>) -> Result<A, B> {
    match output {
        Chosen::Here(first) => Ok(first),
        Chosen::Later(Chosen::Here(second)) => Err(second),
        Chosen::Later(Chosen::Later(never)) => match never {},
    }
}

fn two<A, B>(first: A, second: B) -> Select<And<A, And<B, End>>>
where
    And<A, And<B, End>>: Arms,
{
    select_in_order(And(first, And(second, End)))
}

fn recv_either(one: &Chan<Parcel>, other: &Chan<Parcel>) -> Option<u32> {
    let won = Driven::new(two(one.recv(), other.recv())).finish();
    either(won)
        .unwrap_or_else(|second| second)
        .map(Parcel::open)
}

/// Sends on `tx` or receives on `rx`, and gives what was received.
fn send_or_recv(tx: &Chan<Parcel>, number: u32, rx: &Chan<Parcel>) -> Option<u32> {
    let won = Driven::new(two(tx.send(Parcel::new(number)), rx.recv())).finish();
    either(won).err().flatten().map(Parcel::open)
}

/// Two channels, and another thread that has them too.
fn beside<T: 'static>(
    capacity: usize,
    f: impl FnOnce(&Chan<Parcel>, &Chan<Parcel>) -> T + 'static,
) -> ([Chan<Parcel>; 2], thread::JoinHandle<T>) {
    let channels = [Chan::new(capacity), Chan::new(capacity)];
    let [one, other] = channels.clone();
    (channels, thread::spawn(move || f(&one, &other)))
}

/// One sends on two channels in turn; a select receives both values.
fn two_channels() {
    let ([one, other], sender) = beside(0, |one, other| {
        send(one, 1);
        send(other, 2);
    });
    assert_eq!(recv_either(&other, &one), Some(1));
    assert_eq!(recv_either(&other, &one), Some(2));
    sender.join().unwrap();
}

/// The first half of it.
fn one_of_two_channels() {
    let ([one, other], sender) = beside(0, |one, _| send(one, 1));
    assert_eq!(recv_either(&other, &one), Some(1));
    sender.join().unwrap();
}

#[test]
fn a_select_over_two_channels_gets_every_value() {
    check(None, one_of_two_channels);
    check(PREEMPTIONS, two_channels);
    assert!(while_weak("spin.lock", one_of_two_channels));
    assert!(while_weak("spin.unlock", one_of_two_channels));
    assert!(while_weak("wait.leave", one_of_two_channels));
    assert!(while_weak("wait.look", one_of_two_channels));
}

/// A select with one channel twice.
fn one_channel_twice() {
    let ([one, _], sender) = beside(0, |one, _| {
        send(one, 1);
        send(one, 2);
    });
    assert_eq!(recv_either(&one, &one), Some(1));
    assert_eq!(recv_either(&one, &one), Some(2));
    sender.join().unwrap();
    assert!(one.try_recv().is_err() && one.try_send(Parcel::new(3)).is_err());
}

/// The first half of it.
fn one_channel_twice_once() {
    let ([one, _], sender) = beside(0, |one, _| send(one, 1));
    assert_eq!(recv_either(&one, &one), Some(1));
    sender.join().unwrap();
}

#[test]
fn a_select_with_one_channel_twice_gets_every_value_once() {
    check(None, one_channel_twice_once);
    check(PREEMPTIONS, one_channel_twice);
    assert!(while_weak("spin.lock", one_channel_twice_once));
    assert!(while_weak("spin.unlock", one_channel_twice_once));
    assert!(while_weak("wait.leave", one_channel_twice_once));
    assert!(while_weak("wait.look", one_channel_twice_once));
}

/// Two selects over the same two channels, in opposite order, and a value in each.
fn shared() {
    let ([one, other], receiver) = beside(1, |one, other| recv_either(other, one));
    for (c, number) in [(&one, 1), (&other, 2)] {
        assert!(c.try_send(Parcel::new(number)).is_ok());
    }
    let mut got = [recv_either(&one, &other), receiver.join().unwrap()];
    got.sort_unstable();
    assert_eq!(got, [Some(1), Some(2)]);
}

#[test]
fn two_selects_that_share_their_channels_get_a_value_each() {
    check(None, shared);
    assert!(while_weak("spin.lock", shared));
    assert!(while_weak("spin.unlock", shared));
    assert!(while_weak("wait.leave", shared));
    assert!(while_weak("wait.look", shared));
}

/// Two selects with a send and a receive of one channel meet each other and not themselves.
fn self_pair() {
    let ([one, _], other) = beside(0, |one, _| send_or_recv(one, 1, one));
    let here = send_or_recv(&one, 2, &one);
    let there = other.join().unwrap();
    assert!(
        matches!((here, there), (Some(1), None) | (None, Some(2))),
        "{here:?}, {there:?}"
    );
}

#[test]
fn two_selects_with_both_directions_meet_each_other() {
    check(None, self_pair);
    assert!(while_weak("spin.lock", self_pair));
    // The arm that loses leaves by the same lock, which orders what the winner was given as well.
    assert!(while_weak("spin.unlock", self_pair));
}

/// Each of two selects sends on the channel on which the other receives.
fn crossed() {
    let ([one, other], there) = beside(0, |one, other| send_or_recv(other, 1, one));
    let here = send_or_recv(&one, 2, &other);
    let there = there.join().unwrap();
    assert!(
        matches!((here, there), (Some(1), None) | (None, Some(2))),
        "{here:?}, {there:?}"
    );
}

#[test]
fn two_selects_that_are_crossed_meet_on_one_channel() {
    check(None, crossed);
    assert!(while_weak("spin.lock", crossed));
    assert!(while_weak("spin.unlock", crossed));
    assert!(while_weak("wait.leave", crossed));
    assert!(while_weak("wait.look", crossed));
}

/// Two would serve an arm each, at the same time: one of them may.
fn two_claims() {
    let try_send = |c: &Chan<Parcel>, number| c.try_send(Parcel::new(number)).is_ok();
    let ([one, other], there) = beside(0, move |one, _| try_send(one, 1));
    let mut select = Driven::new(two(one.recv(), other.recv()));
    assert!(select.poll().is_pending());
    let was_sent_here = try_send(&other, 2);
    let won = either(select.finish()).unwrap_or_else(|second| second);
    let number = if was_sent_here { 2 } else { 1 };
    assert_eq!(won.map(Parcel::open), Some(number));
    assert_eq!(there.join().unwrap(), !was_sent_here);
}

#[test]
fn of_two_who_would_serve_a_select_one_does() {
    check(None, two_claims);
    assert!(while_weak("spin.lock", two_claims));
    assert!(while_weak("spin.unlock", two_claims));
    assert!(while_weak("wait.leave", two_claims));
    assert!(while_weak("wait.look", two_claims));
}

/// A select goes while a sender serves one of its arms.
fn drop_meets_send() {
    let ([one, other], sender) = beside(0, |one, _| send(one, 1));
    let mut select = Driven::new(two(one.recv(), other.recv()));
    let was_ready = select.poll().is_ready();
    select.drop();
    if !was_ready {
        assert_eq!(recv(&one), Some(1));
    }
    sender.join().unwrap();
    assert!(one.try_recv().is_err() && one.try_send(Parcel::new(2)).is_err());
}

#[test]
fn what_was_handed_to_a_select_that_goes_is_received_by_the_next() {
    check(None, drop_meets_send);
    assert!(while_weak("spin.lock", drop_meets_send));
    assert!(while_weak("spin.unlock", drop_meets_send));
    assert!(while_weak("wait.leave", drop_meets_send));
    assert!(while_weak("wait.look", drop_meets_send));
}

/// A select whose second arm is a future is polled in vain while a sender serves the first.
fn vain_poll_meets_send() {
    let ([one, _], sender) = beside(0, |one, _| send(one, 1));
    let never: FutureArm<Pending<()>> = FutureArm(pending());
    let mut select = Driven::new(two(one.recv(), never));
    let won = match (select.poll(), select.poll()) {
        (Poll::Ready(won), _) | (_, Poll::Ready(won)) => {
            select.drop();
            won
        }
        _ => select.finish(),
    };
    assert_eq!(either(won).ok().flatten().map(Parcel::open), Some(1));
    sender.join().unwrap();
}

#[test]
fn a_select_that_withdraws_and_waits_again_gets_what_was_sent_meanwhile() {
    check(PREEMPTIONS, vain_poll_meets_send);
    assert!(while_weak("spin.lock", vain_poll_meets_send));
    assert!(while_weak("spin.unlock", vain_poll_meets_send));
    assert!(while_weak("wait.leave", vain_poll_meets_send));
    assert!(while_weak("wait.look", vain_poll_meets_send));
}

/// A select of channels only is polled in vain, and with another waker the second time.
fn new_waker_meets_close() {
    let ([one, other], closer) = beside(0, |one, _| one.close());
    let mut select = Driven::new(two(other.recv(), one.recv()));
    if select.poll().is_ready() {
        select.drop();
    } else {
        select.bell = Bell::new();
        let won = select.finish();
        assert!(matches!(either(won), Err(None)), "the second is closed");
    }
    closer.join().unwrap();
}

#[test]
fn a_select_that_is_polled_with_a_new_waker_is_told_of_a_close() {
    check(None, new_waker_meets_close);
    assert!(while_weak("spin.lock", new_waker_meets_close));
    assert!(while_weak("spin.unlock", new_waker_meets_close));
    assert!(while_weak("wait.leave", new_waker_meets_close));
    assert!(while_weak("wait.look", new_waker_meets_close));
}
