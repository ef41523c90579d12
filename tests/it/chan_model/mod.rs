//! Channels and `select!` against a reference that is written for nothing but being plain.
//!
//! All states that a few futures can bring channels into are visited, and in each of them every
//! step is tried: a future is begun, polled (whether it was woken or not), or dropped; something is
//! sent or received at once; a channel is closed. So every future is dropped never polled, waiting,
//! chosen but not polled, and over, with every kind of peer at each of its steps. After each step
//! the two agree about the answer, who was woken, what lies in the buffers and which values exist;
//! and after the last one everything is dropped and received, and nothing may be left.
//!
//! Two states are one if they differ in the names of their values only. Shorter sequences are all
//! run, whatever state the reference is in: a state that only the real channels have shows there.

mod driver;
mod reference;

use driver::World;
use reference::{Arm, Kind, Outcome, Reference, Value};
use std::collections::HashSet;

const SEND: Kind = &[Arm::Send(0)];
const SEND_FROM: Kind = &[Arm::SendFrom(0)];
const RECV: Kind = &[Arm::Recv(0)];
const NEXT: Kind = &[Arm::Next(0)];
/// Both directions of one channel.
const SELF_PAIR: Kind = &[Arm::Send(0), Arm::Recv(0)];
/// One channel twice.
const TWICE: Kind = &[Arm::Recv(0), Arm::Recv(0)];
const RECV_EITHER: Kind = &[Arm::Recv(0), Arm::Recv(1)];
const SEND_EITHER: Kind = &[Arm::Send(0), Arm::SendFrom(1)];
const ONE_TO_OTHER: Kind = &[Arm::Recv(0), Arm::Send(1)];
const OTHER_TO_ONE: Kind = &[Arm::Recv(1), Arm::SendFrom(0)];
const RECV_BESIDE: Kind = &[Arm::Recv(0), Arm::Never];
const SEND_BESIDE: Kind = &[Arm::SendFrom(0), Arm::Never];

/// How many values may lie in a channel because they came back. More of them are only more.
const RETURNED: usize = 1;

#[derive(Clone, Copy, Debug)]
enum Step {
    Start(Kind),
    Poll(usize),
    Drop(usize),
    TrySend(usize),
    TryRecv(usize),
    TryBoth,
    Close(usize),
}

/// What is enumerated.
#[derive(Clone, Copy)]
struct Scope {
    capacities: &'static [usize],
    tasks: usize,
    kinds: &'static [Kind],
}

/// The reference and the real thing, side by side.
struct Pair {
    reference: Reference,
    world: World,
    next_value: Value,
}

impl Pair {
    fn new(scope: &Scope) -> Self {
        Self {
            reference: Reference::new(scope.capacities, scope.tasks),
            world: World::new(scope.capacities, scope.tasks),
            next_value: 0,
        }
    }

    fn value(&mut self) -> Value {
        self.next_value += 1;
        self.next_value
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Start(kind) => self.start(kind),
            Step::Poll(id) => assert_eq!(self.world.poll(id), self.reference.poll(id)),
            Step::Drop(id) => assert_eq!(self.world.drop(id), self.reference.drop(id)),
            Step::TrySend(on) => {
                let value = self.value();
                let outcome = self.world.try_send(on, value);
                assert_eq!(outcome, self.reference.send(on, value));
            }
            Step::TryRecv(on) => assert_eq!(self.world.try_recv(on), self.reference.recv(on)),
            Step::TryBoth => self.try_both(),
            Step::Close(on) => assert_eq!(self.world.close(on), self.reference.close(on)),
        }
    }

    /// They agree about all that can be seen from outside.
    fn compare(&self) {
        assert_eq!(self.world.woken(), self.reference.woken(), "who is woken");
        assert_eq!(self.world.lengths(), self.reference.lengths(), "lengths");
        assert_eq!(
            self.world.live(),
            self.reference.live(),
            "which values live"
        );
    }

    fn start(&mut self, kind: Kind) {
        let id = self.reference.free_task().expect("there is room");
        let values: Vec<_> = kind
            .iter()
            .map(|arm| matches!(arm, Arm::Send(_) | Arm::SendFrom(_)).then(|| self.value()))
            .collect();
        self.world.start(id, kind, &values);
        self.reference.start(id, kind, values);
    }

    fn try_both(&mut self) {
        let value = self.value();
        let real = self.world.try_both(value);
        let last = self.reference.lengths().len() - 1;
        let expected = match self.reference.recv(0) {
            Some(outcome) => Some((0, outcome)),
            None => self.reference.send(last, value).map(|outcome| (1, outcome)),
        };
        assert_eq!(real, expected);
    }

    /// Everything that can be done now.
    fn steps(&self, scope: &Scope) -> Vec<Step> {
        let mut steps = vec![Step::TryBoth];
        if self.reference.free_task().is_some() {
            steps.extend(scope.kinds.iter().map(|kind| Step::Start(kind)));
        }
        for (id, may_be_polled) in self.reference.tasks() {
            steps.push(Step::Drop(id));
            if may_be_polled {
                steps.push(Step::Poll(id));
            }
        }
        for on in 0..scope.capacities.len() {
            steps.extend([Step::TrySend(on), Step::TryRecv(on), Step::Close(on)]);
        }
        steps
    }

    /// Drops all futures, receives all values: nothing is left.
    fn wind_up(mut self) {
        let tasks: Vec<usize> = self.reference.tasks().map(|(id, _)| id).collect();
        for id in tasks {
            self.step(Step::Drop(id));
            self.compare();
        }
        for on in 0..self.reference.lengths().len() {
            let received = || {
                let got = self.world.try_recv(on);
                assert_eq!(got, self.reference.recv(on), "what is left");
                got.filter(|got| matches!(got, Outcome::Got(Some(_))))
            };
            std::iter::from_fn(received).for_each(drop);
        }
        assert_eq!(self.world.live(), [], "every value was received or dropped");
    }
}

/// Runs `path` from the beginning to the end of everything, and gives what the reference was then.
fn run(scope: &Scope, path: &[Step]) -> (Reference, Vec<Step>) {
    let _tell = OnPanic(path, scope.capacities);
    let mut pair = Pair::new(scope);
    // The states on the way were compared when they were the last of their paths.
    path.iter().for_each(|step| pair.step(*step));
    pair.compare();
    let end = (pair.reference.clone(), pair.steps(scope));
    pair.wind_up();
    end
}

/// Says which steps ended in a panic.
struct OnPanic<'a>(&'a [Step], &'a [usize]);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("capacities {:?}, steps {:?}", self.1, self.0);
        }
    }
}

/// Every step from every state. Gives how many states and steps there were.
fn visit_all_states(scope: Scope) -> (usize, usize) {
    let mut known = HashSet::new();
    let mut open = vec![Vec::new()];
    let mut runs = 0;
    while !open.is_empty() {
        let mut further = Vec::new();
        for path in open {
            let (state, steps) = run(&scope, &path);
            runs += 1;
            if state.returned() > RETURNED || !known.insert(state.normal_form()) {
                continue;
            }
            further.extend(steps.into_iter().map(|step| [&path[..], &[step]].concat()));
        }
        open = further;
    }
    (known.len(), runs)
}

/// Every sequence of `length` steps. Gives how many there were.
fn run_all_sequences(scope: &Scope, length: usize, path: &mut Vec<Step>) -> usize {
    let (_, steps) = run(scope, path);
    if path.len() == length {
        return 1;
    }
    let mut count = 0;
    for step in steps {
        path.push(step);
        count += run_all_sequences(scope, length, path);
        path.pop();
    }
    count
}

#[test]
fn one_channel_does_what_go_does_from_every_state_of_two_futures() {
    const KINDS: &[Kind] = &[
        SEND,
        SEND_FROM,
        RECV,
        NEXT,
        SELF_PAIR,
        TWICE,
        RECV_BESIDE,
        SEND_BESIDE,
    ];
    for capacities in [&[0][..], &[1], &[2]] {
        let (states, runs) = visit_all_states(Scope {
            capacities,
            tasks: 2,
            kinds: KINDS,
        });
        assert!(states > 3_000 && runs > 20_000, "{states}, {runs}");
    }
}

#[test]
fn one_channel_does_what_go_does_from_every_state_of_three_futures() {
    let scopes: [(&[usize], &[Kind]); 4] = [
        (&[0], &[SEND, RECV]),
        (&[1], &[SEND, RECV]),
        (&[0], &[RECV, SELF_PAIR]),
        (&[1], &[RECV, NEXT]),
    ];
    for (capacities, kinds) in scopes {
        let (states, runs) = visit_all_states(Scope {
            capacities,
            tasks: 3,
            kinds,
        });
        assert!(states > 2_000 && runs > 20_000, "{states}, {runs}");
    }
}

#[test]
fn selects_of_two_channels_do_what_go_does_from_every_state_of_two() {
    let scopes: [(&[usize], &[Kind]); 7] = [
        (&[0, 0], &[RECV_EITHER, SEND_EITHER]),
        (&[0, 1], &[RECV_EITHER, SEND_EITHER]),
        (&[0, 0], &[ONE_TO_OTHER, OTHER_TO_ONE]),
        (&[1, 0], &[ONE_TO_OTHER, OTHER_TO_ONE]),
        (&[0, 0], &[SELF_PAIR, RECV_EITHER]),
        (&[0, 0], &[SEND, RECV_EITHER]),
        (&[0, 0], &[RECV, SEND_EITHER]),
    ];
    for (capacities, kinds) in scopes {
        let (states, runs) = visit_all_states(Scope {
            capacities,
            tasks: 2,
            kinds,
        });
        assert!(states > 800 && runs > 9_000, "{states}, {runs}");
    }
}

#[test]
fn every_sequence_of_five_steps_does_what_go_does() {
    for capacities in [&[0][..], &[1], &[2]] {
        let scope = Scope {
            capacities,
            tasks: 3,
            kinds: &[SEND, RECV, SELF_PAIR],
        };
        let sequences = run_all_sequences(&scope, 5, &mut Vec::new());
        assert!(sequences > 40_000, "{sequences}");
    }
}
