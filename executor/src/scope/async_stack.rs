//! [`AsyncStack`]: what nested blocks and loops of an async scope have deferred.

use super::run::run;
use super::run_async::{Owned, run_owned, settle};
use crate::base::lock::Mutex;
use crate::panic::Outcome;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Deferred code of blocks and loops; as [`Stack`](super::Stack), but each may wait.
pub struct AsyncStack<'a, R> {
    deferred: Vec<Deferred<'a, R>>,
    /// Made for the first one that may wait.
    slot: Option<Slot<R>>,
}

enum Deferred<'a, R> {
    /// Does not wait.
    Now(Call<'a, R>),
    /// May wait. Its future is made when it is deferred, since what has to be `Send` is then the
    /// future alone: a closure that makes it later would be a second error beside it.
    Waiting(Running<'a, R>),
}

type Call<'a, R> = Box<dyn FnOnce(&mut Outcome<R>) + Send + 'a>;
type Running<'a, R> = Pin<Box<dyn Future<Output = Outcome<R>> + Send + 'a>>;

/// How the outcome gets to a future that is there before it: the stack puts it in and polls the
/// future, which takes it out first thing. It owns the outcome then, and gives it back in the end.
pub struct Slot<R>(Arc<Mutex<Option<Outcome<R>>>>);

impl<R> Slot<R> {
    /// Takes the outcome out.
    pub fn take(self) -> Outcome<R> {
        let outcome = self.0.lock().take();
        outcome.expect("the stack puts the outcome in before it polls")
    }
}

impl<R> Clone for Slot<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> fmt::Debug for Slot<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

impl<'a, R: Send + 'a> AsyncStack<'a, R> {
    /// Nothing is deferred yet; nothing is allocated until something is.
    #[expect(clippy::new_without_default, reason = "only expansions call it")]
    pub fn new() -> Self {
        Self {
            deferred: Vec::new(),
            slot: None,
        }
    }

    /// Defers code that does not wait.
    pub fn push<T>(&mut self, deferred: impl FnOnce(&mut Outcome<R>) -> T + Send + 'a) {
        let deferred = |outcome: &mut Outcome<R>| drop(deferred(outcome));
        self.deferred.push(Deferred::Now(Box::new(deferred)));
    }

    /// Defers code that may wait. It gets the outcome through the slot and gives it back.
    pub fn push_waiting<F>(&mut self, deferred: impl FnOnce(Slot<R>) -> F)
    where
        F: Future<Output = Outcome<R>> + Send + 'a,
    {
        let slot = self
            .slot
            .get_or_insert_with(|| Slot(Arc::new(Mutex::new(None))));
        let deferred = Box::pin(deferred(slot.clone()));
        self.deferred.push(Deferred::Waiting(deferred));
    }

    /// Defers a future that becomes a goroutine, by `go`, if the scope is dropped.
    pub fn push_owned<F, G>(&mut self, deferred: F, go: G)
    where
        F: Future + Send + 'static,
        G: FnOnce(Owned<F>) + Send + 'static,
    {
        self.push_waiting(move |slot| async move {
            let mut outcome = slot.take();
            let ended = run_owned(deferred, go).await;
            settle(&mut outcome, ended);
            outcome
        });
    }

    /// Runs all, the last first.
    pub async fn run(self, mut outcome: Outcome<R>) -> Outcome<R> {
        for deferred in self.deferred.into_iter().rev() {
            match (deferred, &self.slot) {
                (Deferred::Now(deferred), _) => run(&mut outcome, deferred),
                (Deferred::Waiting(deferred), Some(slot)) => {
                    *slot.0.lock() = Some(outcome);
                    outcome = deferred.await;
                }
                (Deferred::Waiting(_), None) => unreachable!("it was made with the slot"),
            }
        }
        outcome
    }
}

impl<R> fmt::Debug for AsyncStack<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncStack")
            .field("len", &self.deferred.len())
            .finish()
    }
}
