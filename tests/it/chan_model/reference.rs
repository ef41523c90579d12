//! Go's channels in their simplest form: what every step must do, without wakers, locks or links.
//!
//! Beyond Go it says what happens to futures that are dropped: one that waits leaves; one that was
//! handed a value passes it on to the next receiver, else the value lies ready before all others.

use std::collections::VecDeque;

/// A value is its number.
pub(super) type Value = u32;

/// One case of an operation. A future with one arm is a plain send or receive, one with two is a
/// `select!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Arm {
    /// Sends a value of its own on this channel.
    Send(usize),
    /// Sends the value of a slot.
    SendFrom(usize),
    Recv(usize),
    /// A future beside the channels, which is never ready.
    Never,
    /// A receiver as a stream: it goes on after an item, and is told of values instead of served.
    Next(usize),
}

pub(super) type Kind = &'static [Arm];

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    Sent,
    /// The channel is closed. A send gives its value back, a slot keeps it.
    Refused(Option<Value>),
    Got(Option<Value>),
}

/// How one arm of a future stands, as seen by whoever serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    NeverPolled,
    Waiting,
    /// A peer or a close has decided; the future does not know it yet.
    Chosen(usize, Outcome),
    Over,
}

/// A future.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Task {
    kind: Kind,
    /// The value of each arm that sends, until it is sent.
    values: Vec<Option<Value>>,
    stage: Stage,
    woken: bool,
}

/// Which arm of which task waits.
type Place = (usize, usize);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Channel {
    capacity: usize,
    closed: bool,
    buffer: VecDeque<Value>,
    returned: VecDeque<Value>,
    senders: VecDeque<Place>,
    receivers: VecDeque<Place>,
    /// The tasks of streams that wait.
    streams: Vec<usize>,
}

impl Task {
    fn each_value(&mut self) -> impl Iterator<Item = &mut Value> {
        let got = match &mut self.stage {
            Stage::Chosen(_, Outcome::Got(Some(value))) => Some(value),
            _ => None,
        };
        self.values.iter_mut().flatten().chain(got)
    }
}

impl Channel {
    fn each_value(&mut self) -> impl Iterator<Item = &mut Value> {
        self.buffer.iter_mut().chain(&mut self.returned)
    }
}

/// All channels and futures.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reference {
    channels: Vec<Channel>,
    tasks: Vec<Option<Task>>,
}

impl Reference {
    pub(super) fn new(capacities: &[usize], tasks: usize) -> Self {
        let channel = |capacity: &usize| Channel {
            capacity: *capacity,
            closed: false,
            buffer: VecDeque::new(),
            returned: VecDeque::new(),
            senders: VecDeque::new(),
            receivers: VecDeque::new(),
            streams: Vec::new(),
        };
        Self {
            channels: capacities.iter().map(channel).collect(),
            tasks: vec![None; tasks],
        }
    }

    pub(super) fn start(&mut self, task: usize, kind: Kind, values: Vec<Option<Value>>) {
        self.tasks[task] = Some(Task {
            kind,
            values,
            stage: Stage::NeverPolled,
            woken: false,
        });
    }

    /// What a poll gives: the arm that won, and how it ended.
    pub(super) fn poll(&mut self, id: usize) -> Option<(usize, Outcome)> {
        let task = self.task(id);
        task.woken = false;
        if let [Arm::Next(on)] = *task.kind {
            return self.next(id, on).map(|outcome| (0, outcome));
        }
        match task.stage {
            Stage::Waiting if !task.kind.contains(&Arm::Never) => return None,
            // With other futures among its arms it begins anew, behind all others.
            Stage::Waiting => self.leave(id),
            Stage::Chosen(arm, outcome) => return Some(self.end(id, arm, outcome)),
            Stage::NeverPolled => {}
            Stage::Over => unreachable!("a future is polled until it is ready"),
        }
        let kind = self.task(id).kind;
        for (number, arm) in kind.iter().enumerate() {
            let value = self.task(id).values[number];
            let outcome = match *arm {
                Arm::Send(on) => self.send(on, value.unwrap()),
                Arm::SendFrom(on) => self.send(on, value.unwrap()),
                Arm::Recv(on) => self.recv(on),
                Arm::Never | Arm::Next(_) => None,
            };
            if let Some(outcome) = outcome {
                return Some(self.end(id, number, outcome));
            }
        }
        for (number, arm) in kind.iter().enumerate() {
            match *arm {
                Arm::Send(on) | Arm::SendFrom(on) => {
                    self.channels[on].senders.push_back((id, number));
                    self.tell_streams(on);
                }
                Arm::Recv(on) => self.channels[on].receivers.push_back((id, number)),
                Arm::Never | Arm::Next(_) => {}
            }
        }
        self.task(id).stage = Stage::Waiting;
        None
    }

    /// One poll of a stream.
    fn next(&mut self, id: usize, on: usize) -> Option<Outcome> {
        let outcome = self.recv(on);
        match outcome {
            None => {
                self.leave(id);
                self.channels[on].streams.push(id);
            }
            Some(Outcome::Got(None)) => self.task(id).stage = Stage::Over,
            Some(_) => {}
        }
        outcome
    }

    fn tell_streams(&mut self, on: usize) {
        for id in std::mem::take(&mut self.channels[on].streams) {
            self.task(id).woken = true;
        }
    }

    /// The future is over: losing sends drop their values, slots keep theirs.
    fn end(&mut self, id: usize, number: usize, outcome: Outcome) -> (usize, Outcome) {
        let task = self.task(id);
        task.stage = Stage::Over;
        let arm = task.kind[number];
        let outcome = match (arm, outcome) {
            (Arm::SendFrom(_), Outcome::Refused(_)) => Outcome::Refused(None),
            (Arm::SendFrom(_), outcome) => {
                task.values[number] = None;
                outcome
            }
            (_, outcome) => outcome,
        };
        for (arm, value) in task.kind.iter().zip(&mut task.values) {
            if matches!(arm, Arm::Send(_)) {
                *value = None;
            }
        }
        (number, outcome)
    }

    /// Drops the future, and gives what is left in its slots.
    pub(super) fn drop(&mut self, id: usize) -> Vec<Option<Value>> {
        self.leave(id);
        let task = self.tasks[id].take().expect("it is there");
        let mut sent = None;
        match task.stage {
            Stage::Chosen(arm, Outcome::Got(Some(value))) => {
                let Arm::Recv(on) = task.kind[arm] else {
                    unreachable!("receives get");
                };
                self.give_back(on, value);
            }
            Stage::Chosen(arm, Outcome::Sent) => sent = Some(arm),
            _ => {}
        }
        let left = |(number, arm)| match arm {
            &Arm::SendFrom(_) if sent != Some(number) => task.values[number],
            _ => None,
        };
        task.kind.iter().enumerate().map(left).collect()
    }

    /// Sends, if it is decided now.
    pub(super) fn send(&mut self, on: usize, value: Value) -> Option<Outcome> {
        if self.channels[on].closed {
            return Some(Outcome::Refused(Some(value)));
        }
        if let Some(place) = self.channels[on].receivers.pop_front() {
            self.choose(place, Outcome::Got(Some(value)));
            return Some(Outcome::Sent);
        }
        let channel = &mut self.channels[on];
        if channel.buffer.len() == channel.capacity {
            return None;
        }
        channel.buffer.push_back(value);
        self.tell_streams(on);
        Some(Outcome::Sent)
    }

    /// Receives, if it is decided now.
    pub(super) fn recv(&mut self, on: usize) -> Option<Outcome> {
        let channel = &mut self.channels[on];
        if let Some(value) = channel.returned.pop_front() {
            return Some(Outcome::Got(Some(value)));
        }
        let oldest = channel.buffer.pop_front();
        let mut next = None;
        if let Some(place) = channel.senders.pop_front() {
            let sender = self.task(place.0);
            next = sender.values[place.1];
            self.choose(place, Outcome::Sent);
        }
        let channel = &mut self.channels[on];
        if oldest.is_some() {
            channel.buffer.extend(next);
            return Some(Outcome::Got(oldest));
        }
        (next.is_some() || channel.closed).then_some(Outcome::Got(next))
    }

    fn give_back(&mut self, on: usize, value: Value) {
        match self.channels[on].receivers.pop_front() {
            Some(place) => self.choose(place, Outcome::Got(Some(value))),
            None => {
                self.channels[on].returned.push_back(value);
                self.tell_streams(on);
            }
        }
    }

    /// `false` if it was closed.
    pub(super) fn close(&mut self, on: usize) -> bool {
        if std::mem::replace(&mut self.channels[on].closed, true) {
            return false;
        }
        self.tell_streams(on);
        while let Some(place) = self.channels[on].receivers.pop_front() {
            self.choose(place, Outcome::Got(None));
        }
        while let Some(place) = self.channels[on].senders.pop_front() {
            let value = self.task(place.0).values[place.1];
            self.choose(place, Outcome::Refused(value));
        }
        true
    }

    /// Decides a future that waits for one of its arms. The others are ready for nobody any more.
    fn choose(&mut self, (id, arm): Place, outcome: Outcome) {
        self.leave(id);
        let task = self.task(id);
        task.stage = Stage::Chosen(arm, outcome);
        task.woken = true;
        if outcome == Outcome::Sent {
            task.values[arm] = None;
        }
    }

    fn leave(&mut self, id: usize) {
        for channel in &mut self.channels {
            channel.senders.retain(|place| place.0 != id);
            channel.receivers.retain(|place| place.0 != id);
            channel.streams.retain(|task| *task != id);
        }
    }

    fn task(&mut self, id: usize) -> &mut Task {
        self.tasks[id].as_mut().expect("it is there")
    }

    pub(super) fn free_task(&self) -> Option<usize> {
        self.tasks.iter().position(Option::is_none)
    }

    /// The futures that are there, and whether they may be polled.
    pub(super) fn tasks(&self) -> impl Iterator<Item = (usize, bool)> {
        let tasks = self.tasks.iter().enumerate();
        tasks.filter_map(|(id, task)| Some((id, task.as_ref()?.stage != Stage::Over)))
    }

    pub(super) fn woken(&self) -> Vec<bool> {
        let is_woken = |task: &Option<Task>| task.as_ref().is_some_and(|task| task.woken);
        self.tasks.iter().map(is_woken).collect()
    }

    /// How many values lie in each buffer, and whether the channel is closed.
    pub(super) fn lengths(&self) -> Vec<(usize, bool)> {
        let channels = self.channels.iter();
        channels.map(|c| (c.buffer.len(), c.closed)).collect()
    }

    /// The most values that were handed to futures which dropped them.
    pub(super) fn returned(&self) -> usize {
        let returned = self.channels.iter().map(|c| c.returned.len());
        returned.max().unwrap_or(0)
    }

    /// All values that exist.
    pub(super) fn live(&self) -> Vec<Value> {
        let mut all = self.clone();
        let mut live: Vec<Value> = all.each_value().map(|value| *value).collect();
        live.sort_unstable();
        live
    }

    fn each_value(&mut self) -> impl Iterator<Item = &mut Value> {
        let in_channels = self.channels.iter_mut().flat_map(Channel::each_value);
        let in_tasks = self.tasks.iter_mut().flatten().flat_map(Task::each_value);
        in_channels.chain(in_tasks)
    }

    /// The same with the values numbered anew: what happens does not depend on them.
    pub(super) fn normal_form(&self) -> Self {
        let mut normal = self.clone();
        for (value, number) in normal.each_value().zip(0..) {
            *value = number;
        }
        for task in normal.tasks.iter_mut().flatten() {
            if let Stage::Chosen(_, Outcome::Refused(value)) = &mut task.stage {
                *value = None;
            }
        }
        normal
    }
}
