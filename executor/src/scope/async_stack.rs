//! [`AsyncStack`]: what nested blocks and loops of an async scope have deferred.

use super::run::run;
use super::run_async::{Owned, run_owned, settle};
use crate::panic::Outcome;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// Deferred code of blocks and loops; as [`Stack`](super::Stack), but each may wait.
pub struct AsyncStack<'a, R> {
    deferred: Vec<Deferred<'a, R>>,
}

enum Deferred<'a, R> {
    /// Does not wait.
    Now(Call<'a, R>),
    /// May wait. It owns the outcome meanwhile: a future that borrowed it could not be named.
    Waiting(Box<dyn FnOnce(Outcome<R>) -> Running<'a, R> + Send + 'a>),
}

type Call<'a, R> = Box<dyn FnOnce(&mut Outcome<R>) + Send + 'a>;
type Running<'a, R> = Pin<Box<dyn Future<Output = Outcome<R>> + Send + 'a>>;

impl<'a, R: Send + 'a> AsyncStack<'a, R> {
    /// Nothing is deferred yet; nothing is allocated until something is.
    #[expect(clippy::new_without_default, reason = "only expansions call it")]
    pub fn new() -> Self {
        Self {
            deferred: Vec::new(),
        }
    }

    /// Defers code that does not wait.
    pub fn push<T>(&mut self, deferred: impl FnOnce(&mut Outcome<R>) -> T + Send + 'a) {
        let deferred = |outcome: &mut Outcome<R>| drop(deferred(outcome));
        self.deferred.push(Deferred::Now(Box::new(deferred)));
    }

    /// Defers code that may wait. It gets the outcome and gives it back.
    pub fn push_waiting<F>(&mut self, deferred: impl FnOnce(Outcome<R>) -> F + Send + 'a)
    where
        F: Future<Output = Outcome<R>> + Send + 'a,
    {
        let deferred = |outcome| Box::pin(deferred(outcome)) as Running<'a, R>;
        self.deferred.push(Deferred::Waiting(Box::new(deferred)));
    }

    /// Defers a future that becomes a goroutine, by `go`, if the scope is dropped.
    pub fn push_owned<F, G>(&mut self, deferred: F, go: G)
    where
        F: Future + Send + 'static,
        G: FnOnce(Owned<F>) + Send + 'static,
    {
        self.push_waiting(move |mut outcome| async move {
            let ended = run_owned(deferred, go).await;
            settle(&mut outcome, ended);
            outcome
        });
    }

    /// Runs all, the last first.
    pub async fn run(self, mut outcome: Outcome<R>) -> Outcome<R> {
        for deferred in self.deferred.into_iter().rev() {
            match deferred {
                Deferred::Now(deferred) => run(&mut outcome, deferred),
                Deferred::Waiting(deferred) => outcome = deferred(outcome).await,
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
