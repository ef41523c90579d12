//! Models of channels: every value that was sent is received once, whole, or given back, in every
//! order of a few operations.
//!
//! A value is a cell that only its present owner writes, so the checker complains where a hand-over
//! orders nothing. The models drive the channel by hand, as its futures do: a thread looks whether
//! its waiter waits, and is not ordered after anything by being woken. That everybody is woken once
//! is counted, and seen at the end.

use super::{Channel, Step};
use crate::base::atomic::{UnsafeCell, check, while_weak};
use crate::chan::ticket::Ticket;
use crate::wait::Waiter;
use loom::thread;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

/// How many changes of the thread in the middle of a step each order of the larger models has. The
/// smaller ones have all orders.
const PREEMPTIONS: Option<usize> = Some(3);

/// A number that is written by whoever has it.
pub(crate) struct Parcel(Box<UnsafeCell<u32>>);

// SAFETY: the checker watches each access.
unsafe impl Send for Parcel {}

impl Parcel {
    pub(crate) fn new(number: u32) -> Self {
        Self(Box::new(UnsafeCell::new(number)))
    }

    pub(crate) fn open(self) -> u32 {
        // SAFETY: the parcel is this thread's; the checker looks whether that is so.
        unsafe { *self.0.get() }
    }
}

/// Counts how often its thread was woken. The checker does not see it: a wake-up orders nothing, so
/// the channel has to.
pub(crate) struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // Ordering: Relaxed, no part of the model; here and below.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Bell {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(0)))
    }

    /// Waits until it has rung more than `before` times. The checker complains if it never does.
    pub(crate) fn wait(&self, before: usize) {
        while self.rings() == before {
            thread::yield_now();
        }
    }

    pub(crate) fn rings(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

type Place = Pin<Box<Waiter<Ticket<Parcel>>>>;

fn place(parcel: Option<Parcel>) -> Place {
    Box::pin(Waiter::new(Ticket::single(parcel)))
}

fn value(place: &mut Place) -> Option<Parcel> {
    place.as_mut().payload().value.take()
}

/// Waits until `place` has been served, and was woken for it.
fn wait(place: &Place, bell: &Bell) {
    while place.is_waiting() {
        thread::yield_now();
    }
    bell.wait(0);
    assert_eq!(bell.rings(), 1, "it is woken once");
}

/// Sends, or gives back what could not be sent.
fn send(channel: &Channel<Parcel>, number: u32) -> Result<(), u32> {
    let (mut place, bell) = (place(Some(Parcel::new(number))), Bell::new());
    // SAFETY: `wait` returns when it has left.
    let step = unsafe { channel.send_or_wait(place.as_mut(), &Waker::from(Arc::clone(&bell))) };
    if step == Step::NotNow {
        wait(&place, &bell);
    }
    value(&mut place).map_or(Ok(()), |refused| Err(refused.open()))
}

/// Receives, or finds the channel closed.
fn recv(channel: &Channel<Parcel>) -> Option<u32> {
    let (mut place, bell) = (place(None), Bell::new());
    // SAFETY: `wait` returns when it has left.
    let step = unsafe { channel.recv_or_wait(place.as_mut(), &Waker::from(Arc::clone(&bell))) };
    let received = match step {
        Step::Done(received) => Some(received),
        Step::Closed => None,
        Step::NotNow => {
            wait(&place, &bell);
            value(&mut place)
        }
    };
    received.map(Parcel::open)
}

fn try_recv(channel: &Channel<Parcel>) -> Option<u32> {
    match channel.try_recv() {
        Step::Done(received) => Some(received.open()),
        Step::Closed | Step::NotNow => None,
    }
}

/// Runs `f` on a second thread, with the channel.
fn beside<T: 'static>(
    channel: &Arc<Channel<Parcel>>,
    f: impl FnOnce(&Channel<Parcel>) -> T + 'static,
) -> thread::JoinHandle<T> {
    let channel = Arc::clone(channel);
    thread::spawn(move || f(&channel))
}

/// One sends `count` values, the other receives them in order.
fn hand_over(capacity: usize, count: u32) {
    let channel = Arc::new(Channel::new(capacity));
    let sender = beside(&channel, move |channel| {
        (0..count).for_each(|n| assert_eq!(send(channel, n), Ok(())));
    });
    (0..count).for_each(|n| assert_eq!(recv(&channel), Some(n)));
    sender.join().unwrap();
    assert!(!channel.may_receive(), "nothing is left");
}

fn rendezvous() {
    hand_over(0, 1);
}

fn two_rendezvous() {
    hand_over(0, 2);
}

fn one_place() {
    hand_over(1, 2);
}

fn two_places() {
    hand_over(2, 3);
}

#[test]
fn a_rendezvous_hands_over_every_value() {
    check(None, rendezvous);
    check(PREEMPTIONS, two_rendezvous);
    assert!(while_weak("spin.lock", rendezvous));
    assert!(while_weak("spin.unlock", rendezvous));
    assert!(while_weak("wait.leave", rendezvous));
    assert!(while_weak("wait.look", rendezvous));
}

#[test]
fn a_buffer_of_one_hands_over_every_value() {
    check(None, one_place);
    assert!(while_weak("spin.lock", one_place));
    assert!(while_weak("spin.unlock", one_place));
}

#[test]
fn a_buffer_of_two_hands_over_every_value() {
    check(PREEMPTIONS, two_places);
    assert!(while_weak("spin.lock", two_places));
    assert!(while_weak("spin.unlock", two_places));
}

/// A close meets a send: it was received, or is given back.
fn close_meets_send(capacity: usize) {
    let channel = Arc::new(Channel::new(capacity));
    let sender = beside(&channel, |channel| send(channel, 1));
    let first = try_recv(&channel);
    assert!(channel.close());
    let got = first.or_else(|| recv(&channel));
    assert_eq!(recv(&channel), None, "the channel has ended");
    match sender.join().unwrap() {
        Ok(()) => assert_eq!(got, Some(1)),
        Err(refused) => assert_eq!((got, refused), (None, 1)),
    }
}

fn close_meets_rendezvous() {
    close_meets_send(0);
}

fn close_meets_buffer() {
    close_meets_send(1);
}

#[test]
fn a_send_that_meets_a_close_was_received_or_is_given_back() {
    for model in [close_meets_rendezvous, close_meets_buffer] {
        check(None, model);
        assert!(while_weak("spin.lock", model));
        assert!(while_weak("spin.unlock", model));
    }
    assert!(while_weak("wait.leave", close_meets_rendezvous));
    assert!(while_weak("wait.look", close_meets_rendezvous));
}

/// A close meets two who receive, after a send that one of them may have met.
fn close_meets_receivers() {
    let channel = Arc::new(Channel::new(0));
    let receiver = beside(&channel, recv);
    let mut parcel = Some(Parcel::new(1));
    let was_sent = channel.try_send(&mut parcel) == Step::Done(());
    let mut place = place(None);
    // SAFETY: it has left when the channel is closed.
    let step = unsafe { channel.recv_or_wait(place.as_mut(), Waker::noop()) };
    assert!(channel.close());
    assert!(matches!(step, Step::NotNow) && value(&mut place).is_none());
    assert_eq!(receiver.join().unwrap(), was_sent.then_some(1));
}

#[test]
fn a_close_tells_all_who_receive() {
    check(None, close_meets_receivers);
    assert!(while_weak("spin.lock", close_meets_receivers));
    assert!(while_weak("spin.unlock", close_meets_receivers));
    assert!(while_weak("wait.leave", close_meets_receivers));
    assert!(while_weak("wait.look", close_meets_receivers));
}

/// Receives and goes, as a dropped future does. Tells what it had received before.
fn recv_and_drop(channel: &Channel<Parcel>) -> Option<u32> {
    let mut place = place(None);
    // SAFETY: it leaves below.
    let step = unsafe { channel.recv_or_wait(place.as_mut(), Waker::noop()) };
    if let Step::Done(received) = step {
        return Some(received.open());
    }
    if place.is_waiting() {
        channel.leave(place.as_mut());
    }
    if let Some(given) = value(&mut place) {
        channel.give_back(given);
    }
    None
}

/// A receive goes while a sender serves it: the next gets the value.
fn drop_meets_send() {
    let channel = Arc::new(Channel::new(0));
    let sender = beside(&channel, |channel| assert_eq!(send(channel, 1), Ok(())));
    if recv_and_drop(&channel).is_none() {
        assert_eq!(recv(&channel), Some(1));
    }
    sender.join().unwrap();
    assert!(!channel.may_receive(), "nothing is left");
}

#[test]
fn a_value_for_a_future_that_goes_is_received_by_the_next() {
    check(None, drop_meets_send);
    assert!(while_weak("spin.lock", drop_meets_send));
    assert!(while_weak("spin.unlock", drop_meets_send));
    assert!(while_weak("wait.leave", drop_meets_send));
    assert!(while_weak("wait.look", drop_meets_send));
}

/// A receive that was served goes, while another begins to wait behind it.
fn drop_meets_recv() {
    let channel = Arc::new(Channel::new(0));
    let mut chosen = place(None);
    // SAFETY: it leaves by being served, in the next line.
    let step = unsafe { channel.recv_or_wait(chosen.as_mut(), Waker::noop()) };
    let was_sent = channel.try_send(&mut Some(Parcel::new(1)));
    assert!(matches!(step, Step::NotNow) && was_sent == Step::Done(()));
    let receiver = beside(&channel, recv);
    let given = value(&mut chosen).expect("it was served");
    channel.give_back(given);
    assert_eq!(receiver.join().unwrap(), Some(1));
}

#[test]
fn a_value_that_comes_back_meets_a_receiver_that_comes() {
    check(None, drop_meets_recv);
    assert!(while_weak("spin.lock", drop_meets_recv));
    assert!(while_weak("spin.unlock", drop_meets_recv));
    assert!(while_weak("wait.leave", drop_meets_recv));
    assert!(while_weak("wait.look", drop_meets_recv));
}

/// A send goes while a receiver takes its value: it was received, or is still there.
fn send_drop_meets_recv() {
    let channel = Arc::new(Channel::new(0));
    let receiver = beside(&channel, try_recv);
    let mut place = place(Some(Parcel::new(1)));
    // SAFETY: it leaves below.
    let step = unsafe { channel.send_or_wait(place.as_mut(), Waker::noop()) };
    assert_eq!(step, Step::NotNow, "nobody waits to receive");
    if place.is_waiting() {
        channel.leave(place.as_mut());
    }
    let left = value(&mut place).map(Parcel::open);
    let got = receiver.join().unwrap();
    assert_eq!(left.xor(got), Some(1), "{left:?}, {got:?}");
}

#[test]
fn a_send_that_goes_has_sent_or_keeps_its_value() {
    check(None, send_drop_meets_recv);
    assert!(while_weak("spin.lock", send_drop_meets_recv));
    assert!(while_weak("spin.unlock", send_drop_meets_recv));
    assert!(while_weak("wait.leave", send_drop_meets_recv));
    assert!(while_weak("wait.look", send_drop_meets_recv));
}

/// What one thread writes before its handle goes.
struct Note(UnsafeCell<u32>);

// SAFETY: the checker watches each access.
unsafe impl Sync for Note {}
// SAFETY: as above.
unsafe impl Send for Note {}

impl Note {
    fn touch(&self) {
        // SAFETY: the checker looks whether another thread's access may come at the same time.
        unsafe { *self.0.get() += 1 };
    }
}

/// Two handles go on two threads; who sees the end sees what both did before.
fn last_one_closes(add: fn(&Channel<Parcel>), remove: fn(&Channel<Parcel>)) {
    let channel = Arc::new(Channel::new(0));
    let note = Arc::new(Note(UnsafeCell::new(0)));
    (0..2).for_each(|_| add(&channel));
    let other = {
        let note = Arc::clone(&note);
        beside(&channel, move |channel| {
            note.touch();
            remove(channel);
        })
    };
    remove(&channel);
    while !channel.is_closed() {
        thread::yield_now();
    }
    note.touch();
    other.join().unwrap();
}

fn last_sender_closes() {
    last_one_closes(Channel::add_sender, Channel::remove_sender);
}

fn last_receiver_closes() {
    last_one_closes(Channel::add_receiver, Channel::remove_receiver);
}

#[test]
fn the_end_of_a_channel_comes_after_all_that_its_handles_did() {
    for model in [last_sender_closes, last_receiver_closes] {
        check(None, model);
        assert!(while_weak("spin.look", model));
    }
    assert!(while_weak("chan.last_sender", last_sender_closes));
    assert!(while_weak("chan.last_receiver", last_receiver_closes));
}
