//! A scheduler as one of the executors that may run a goroutine, and how to tell it from others.
//!
//! Whoever starts a goroutine asks for an [`Executor`]. One that is [`Native`](Executor::Native) is
//! given the future as it is, for one allocation together with its record. A
//! [`Foreign`](Executor::Foreign) one is given a [`Task`], which is a box. A `Task` comes to a
//! scheduler only through somebody else's executor that passes on what it is given.

use super::Sched;
use crate::task::{Body, Id, JoinError, Sink, Spawn, Task};
use std::any::Any;
use std::task::Waker;

/// Who runs a goroutine.
pub(crate) enum Executor<'a> {
    /// One of our own runtimes.
    Native(&'a Sched),
    /// Somebody else's.
    Foreign(&'a dyn Spawn),
}

impl<'a> Executor<'a> {
    pub(super) fn of(executor: &'a dyn Spawn) -> Self {
        match as_sched(executor) {
            Some(sched) => Executor::Native(sched),
            None => Executor::Foreign(executor),
        }
    }
}

/// The runtime behind `executor`, if it is one of ours.
pub(super) fn as_sched(executor: &dyn Spawn) -> Option<&Sched> {
    executor.native()?.downcast_ref()
}

impl Spawn for Sched {
    fn spawn_task(&self, task: Task) {
        let (id, spawned_at) = (task.id(), task.spawned_at());
        self.spawn(id, spawned_at, |_meta| Body::new(task, Inside(id)));
    }

    fn native(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

/// The sink around a task, which has told the one inside it everything there is to tell.
#[derive(Debug)]
struct Inside(Id);

impl Sink<()> for Inside {
    fn id(&self) -> Id {
        self.0
    }

    fn is_aborted(&self) -> bool {
        false
    }

    fn parked(&mut self, _waker: &Waker) {}

    fn finish(self, _outcome: Result<(), JoinError>) {}
}
