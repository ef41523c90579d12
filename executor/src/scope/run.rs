//! The steps of a level: run what is protected, run what is deferred, go on as it ended.

use crate::panic::{Outcome, Panic, Recovered, catch, catch_call};

/// Runs `body`; its panics are kept for the deferred code. With `quiet` that code may recover them,
/// and they print nothing until it has not.
#[inline]
pub fn protect<R>(quiet: bool, body: impl FnOnce() -> R) -> Outcome<R> {
    Outcome::of(catch(quiet, body))
}

/// Runs deferred code, whose value is dropped. A panic in it is the outcome's from then on, and
/// what was deferred before still runs.
#[inline]
pub fn run<R, T>(outcome: &mut Outcome<R>, deferred: impl FnOnce(&mut Outcome<R>) -> T) {
    let mut deferred = Some(deferred);
    let mut call = || {
        if let Some(deferred) = deferred.take() {
            drop(deferred(outcome));
        }
    };
    if let Err(caught) = catch_call(false, &mut call) {
        outcome.supersede(caught);
    }
}

/// Goes on after all deferred code has run.
#[inline]
pub fn finish<R>(outcome: Outcome<R>) -> R {
    outcome.finish()
}

/// What `recover()` is in deferred code. The function that is not called is the one that the user
/// named; so it is known to be gort's.
pub fn recover_from<R: Recovered>(
    _: fn() -> Option<Panic>,
    outcome: &mut Outcome<R>,
) -> Option<Panic> {
    outcome.recover()
}

/// The outcome under the name that the user gave it.
pub fn lend<R>(outcome: &mut Outcome<R>) -> &mut Outcome<R> {
    outcome
}

/// Whether the scope was dropped, and nobody gets a result.
#[inline]
pub fn is_cancelled<R>(outcome: &Outcome<R>) -> bool {
    outcome.is_cancelled()
}

/// Ends a level of a scope that was dropped: a panic or an exit goes on to the level around it.
#[cold]
pub fn end_cancelled<R>(outcome: Outcome<R>) {
    outcome.raise();
}

/// Where control ends in a scope that was dropped: whoever polls it drops it next.
pub async fn never() -> ! {
    match std::future::pending::<std::convert::Infallible>().await {}
}

/// Stands around what was deferred without being called.
pub fn called<T: Called>(_: T) {}

/// Nothing is a call by itself.
#[diagnostic::on_unimplemented(
    message = "`defer!` needs a call: did you forget `()`?",
    label = "this is a value; nothing would run"
)]
pub trait Called {}
