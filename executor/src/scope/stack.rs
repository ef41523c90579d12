//! [`Stack`]: what nested blocks and loops of a function that is not async have deferred.

use super::run::run;
use crate::panic::Outcome;
use std::fmt;

/// Deferred code of blocks and loops: how often each is deferred is known at run time only, so it
/// owns what it uses and is kept here.
///
/// `'a` is what it may borrow: what lives longer than the stack.
pub struct Stack<'a, R> {
    deferred: Vec<Deferred<'a, R>>,
}

type Deferred<'a, R> = Box<dyn FnOnce(&mut Outcome<R>) + 'a>;

impl<'a, R> Stack<'a, R> {
    /// Nothing is deferred yet; nothing is allocated until something is.
    #[expect(clippy::new_without_default, reason = "only expansions call it")]
    pub fn new() -> Self {
        Self {
            deferred: Vec::new(),
        }
    }

    /// Defers a piece of code.
    pub fn push<T>(&mut self, deferred: impl FnOnce(&mut Outcome<R>) -> T + 'a) {
        let deferred = |outcome: &mut Outcome<R>| drop(deferred(outcome));
        self.deferred.push(Box::new(deferred));
    }

    /// Runs all, the last first.
    pub fn run(self, outcome: &mut Outcome<R>) {
        for deferred in self.deferred.into_iter().rev() {
            run(outcome, deferred);
        }
    }
}

impl<R> fmt::Debug for Stack<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("len", &self.deferred.len())
            .finish()
    }
}
