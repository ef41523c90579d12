//! The real channels, driven one step at a time.

use super::reference::{Arm, Kind, Outcome, Value};
use futures::Stream;
use gort::chan::{Closed, SendError, TryRecvError, TrySendError};
use gort::{Receiver, Sender, chan, select};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use tokio_test::task::{Spawn, spawn};

/// The numbers of all parcels that exist.
type Live = Rc<RefCell<BTreeSet<Value>>>;

/// A value that is counted.
#[derive(Debug)]
struct Parcel {
    number: Value,
    live: Live,
}

impl Parcel {
    fn new(number: Value, live: &Live) -> Self {
        assert!(live.borrow_mut().insert(number), "numbers are given once");
        Self {
            number,
            live: Rc::clone(live),
        }
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        assert!(self.live.borrow_mut().remove(&self.number), "dropped twice");
    }
}

type Ends = (Sender<Parcel>, Receiver<Parcel>);

/// What a future tells of itself.
#[derive(Default)]
struct Report {
    outcome: Cell<Option<(usize, Outcome)>>,
    /// What was in the slots when it went.
    left: RefCell<Vec<Option<Value>>>,
}

/// A slot that tells what is in it in the end.
struct Slot {
    parcel: Option<Parcel>,
    arm: usize,
    report: Rc<Report>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let number = self.parcel.as_ref().map(|parcel| parcel.number);
        self.report.left.borrow_mut()[self.arm] = number;
    }
}

/// It never ends, so that what it owns lives until it is dropped.
type Boxed = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    future: Spawn<Boxed>,
    report: Rc<Report>,
}

/// Channels, and futures that use them.
pub(super) struct World {
    channels: Rc<[Ends]>,
    tasks: Vec<Option<Task>>,
    live: Live,
}

impl World {
    pub(super) fn new(capacities: &[usize], tasks: usize) -> Self {
        Self {
            channels: capacities.iter().map(|capacity| chan(*capacity)).collect(),
            tasks: (0..tasks).map(|_| None).collect(),
            live: Live::default(),
        }
    }

    pub(super) fn start(&mut self, id: usize, kind: Kind, values: &[Option<Value>]) {
        let report = Rc::new(Report::default());
        report.left.borrow_mut().resize(kind.len(), None);
        let parcel = |value: &Option<Value>| value.map(|number| Parcel::new(number, &self.live));
        let mut parcels = values.iter().map(parcel);
        let channels = Rc::clone(&self.channels);
        if let [Arm::Next(on)] = *kind {
            let future = spawn(items(channels[on].1.clone(), Rc::clone(&report)));
            self.tasks[id] = Some(Task { future, report });
            return;
        }
        let first = Case::new(kind[0], 0, parcels.next().flatten(), &channels, &report);
        let future: Boxed = match kind {
            [_] => Box::pin(plain(first)),
            [_, Arm::Never] => Box::pin(beside_a_future(first)),
            [_, arm] => {
                let value = parcels.next().flatten();
                let second = Case::new(*arm, 1, value, &channels, &report);
                Box::pin(either(first, second))
            }
            _ => unreachable!("there are futures with one and with two arms"),
        };
        let future = spawn(future);
        self.tasks[id] = Some(Task { future, report });
    }

    pub(super) fn poll(&mut self, id: usize) -> Option<(usize, Outcome)> {
        let task = self.tasks[id].as_mut().expect("it is there");
        assert!(
            task.future.poll().is_pending(),
            "it stays until it is dropped"
        );
        task.report.outcome.take()
    }

    /// Drops the future, and gives what was in its slots.
    pub(super) fn drop(&mut self, id: usize) -> Vec<Option<Value>> {
        let task = self.tasks[id].take().expect("it is there");
        drop(task.future);
        task.report.left.take()
    }

    pub(super) fn try_send(&self, on: usize, number: Value) -> Option<Outcome> {
        let parcel = Parcel::new(number, &self.live);
        match self.channels[on].0.try_send(parcel) {
            Ok(()) => Some(Outcome::Sent),
            Err(TrySendError::Full(_)) => None,
            Err(TrySendError::Closed(parcel)) => Some(Outcome::Refused(Some(parcel.number))),
        }
    }

    pub(super) fn try_recv(&self, on: usize) -> Option<Outcome> {
        match self.channels[on].1.try_recv() {
            Ok(parcel) => Some(Outcome::Got(Some(parcel.number))),
            Err(TryRecvError::Closed) => Some(Outcome::Got(None)),
            Err(TryRecvError::Empty) => None,
        }
    }

    /// A `select!` of a receive from the first and a send to the last channel, with a default.
    pub(super) fn try_both(&self, number: Value) -> Option<(usize, Outcome)> {
        let (first, last) = (
            &self.channels[0].1,
            &self.channels[self.channels.len() - 1].0,
        );
        select! {
            biased;
            got = first.recv() => Some((0, received(got))),
            sent = last.send(Parcel::new(number, &self.live)) => {
                let refused = sent.map_err(|error| error.into_inner().number);
                Some((1, refused.map_or_else(|n| Outcome::Refused(Some(n)), |()| Outcome::Sent)))
            }
            default => None,
        }
    }

    pub(super) fn close(&self, on: usize) -> bool {
        self.channels[on].0.close()
    }

    pub(super) fn woken(&self) -> Vec<bool> {
        let is_woken = |task: &Option<Task>| task.as_ref().is_some_and(|t| t.future.is_woken());
        self.tasks.iter().map(is_woken).collect()
    }

    pub(super) fn lengths(&self) -> Vec<(usize, bool)> {
        let channels = self.channels.iter();
        channels.map(|c| (c.1.len(), c.1.is_closed())).collect()
    }

    pub(super) fn live(&self) -> Vec<Value> {
        self.live.borrow().iter().copied().collect()
    }
}

/// An arm with what it needs.
struct Case {
    arm: Arm,
    number: usize,
    channels: Rc<[Ends]>,
    /// What a send sends; what a send from a slot sends is in the slot.
    parcel: Option<Parcel>,
    slot: Slot,
}

impl Case {
    fn new(
        arm: Arm,
        number: usize,
        value: Option<Parcel>,
        channels: &Rc<[Ends]>,
        report: &Rc<Report>,
    ) -> Self {
        let (parcel, in_slot) = match arm {
            Arm::SendFrom(_) => (None, value),
            _ => (value, None),
        };
        Self {
            arm,
            number,
            channels: Rc::clone(channels),
            parcel,
            slot: Slot {
                parcel: in_slot,
                arm: number,
                report: Rc::clone(report),
            },
        }
    }

    fn parts(&mut self) -> (Arm, &Ends, &mut Option<Parcel>, &mut Option<Parcel>) {
        let (Arm::Send(on) | Arm::SendFrom(on) | Arm::Recv(on)) = self.arm else {
            unreachable!("an arm without a channel is not made a case");
        };
        let ends = &self.channels[on];
        (self.arm, ends, &mut self.parcel, &mut self.slot.parcel)
    }
}

fn received(got: Option<Parcel>) -> Outcome {
    Outcome::Got(got.map(|parcel| parcel.number))
}

fn sent(result: Result<(), SendError<Parcel>>) -> Outcome {
    match result {
        Ok(()) => Outcome::Sent,
        Err(refused) => Outcome::Refused(Some(refused.into_inner().number)),
    }
}

fn sent_from(result: Result<(), Closed>) -> Outcome {
    result.map_or(Outcome::Refused(None), |()| Outcome::Sent)
}

/// The items of a stream, one for each poll.
fn items(mut rx: Receiver<Parcel>, report: Rc<Report>) -> Boxed {
    Box::pin(poll_fn(move |cx| {
        if let Poll::Ready(got) = Pin::new(&mut rx).poll_next(cx) {
            report.outcome.set(Some((0, received(got))));
        }
        Poll::Pending
    }))
}

/// A single operation, whose future outlives its output until the task is dropped.
async fn plain(mut case: Case) {
    let report = Rc::clone(&case.slot.report);
    let done = |outcome| report.outcome.set(Some((0, outcome)));
    let (arm, (tx, rx), parcel, slot) = case.parts();
    match arm {
        Arm::Recv(_) => {
            let mut future = pin!(rx.recv());
            done(received(poll_fn(|cx| future.as_mut().poll(cx)).await));
            pending().await
        }
        Arm::SendFrom(_) => {
            let mut future = pin!(tx.send_from(slot));
            done(sent_from(poll_fn(|cx| future.as_mut().poll(cx)).await));
            pending().await
        }
        Arm::Send(_) => {
            let mut future = pin!(tx.send(parcel.take().expect("a send has a value")));
            done(sent(poll_fn(|cx| future.as_mut().poll(cx)).await));
            pending().await
        }
        Arm::Never | Arm::Next(_) => unreachable!("these are not plain"),
    }
}

/// A select of two operations, which may be of the same channel.
async fn either(mut first: Case, mut second: Case) {
    let report = Rc::clone(&first.slot.report);
    let numbers = [first.number, second.number];
    let (one, (one_tx, one_rx), one_parcel, one_slot) = first.parts();
    let (two, (two_tx, two_rx), two_parcel, two_slot) = second.parts();
    let won = select! {
        biased;
        done = one_tx.send(one_parcel.take().unwrap()), if matches!(one, Arm::Send(_))
            => (numbers[0], sent(done)),
        done = one_tx.send_from(one_slot), if matches!(one, Arm::SendFrom(_))
            => (numbers[0], sent_from(done)),
        done = one_rx.recv(), if matches!(one, Arm::Recv(_)) => (numbers[0], received(done)),
        done = two_tx.send(two_parcel.take().unwrap()), if matches!(two, Arm::Send(_))
            => (numbers[1], sent(done)),
        done = two_tx.send_from(two_slot), if matches!(two, Arm::SendFrom(_))
            => (numbers[1], sent_from(done)),
        done = two_rx.recv(), if matches!(two, Arm::Recv(_)) => (numbers[1], received(done)),
    };
    report.outcome.set(Some(won));
    pending().await
}

/// A select of an operation and a future that is never ready.
async fn beside_a_future(mut case: Case) {
    let report = Rc::clone(&case.slot.report);
    let (arm, (tx, rx), parcel, slot) = case.parts();
    let outcome = select! {
        biased;
        done = tx.send(parcel.take().unwrap()), if matches!(arm, Arm::Send(_)) => sent(done),
        done = tx.send_from(slot), if matches!(arm, Arm::SendFrom(_)) => sent_from(done),
        done = rx.recv(), if matches!(arm, Arm::Recv(_)) => received(done),
        outcome = pending() => outcome,
    };
    report.outcome.set(Some((0, outcome)));
    pending().await
}
