//! Defer scopes: what `defer!`, `#[defers]` and `recover!` expand to.
//!
//! A scope is a function or the body of a goroutine. The macros cut it at each `defer!`: what
//! follows becomes a closure that is run under a catch, and the deferred code becomes plain code
//! behind it.
//!
//! ```text
//! before;                       before;
//! defer!(D);          ==>       let mut outcome = protect(false, || { rest });
//! rest                          run(&mut outcome, |outcome| { D });
//!                               finish(outcome)
//! ```
//!
//! So deferred code sees the variables as the rest has left them and the result or the panic of
//! the rest, and allocates nothing. It borrows when it runs and not before, so the rest may use
//! `&mut conn` as well. Each `defer!` makes one *level*, and the levels are nested: the rest of a
//! level contains the next one, so the last deferred runs first.
//!
//! A `defer!` in a loop or a nested block may be reached any number of times. It pushes its code,
//! which owns what it uses, onto a [`Stack`] of the level it is in.
//!
//! # Rejected
//!
//! - *A guard for each `defer!`*: it would borrow until the end of the function, and cannot wait,
//!   recover or see the result. Outside a scope it is what is left: [`guard`](fn@guard).
//! - *One stack of closures for the function*: what they borrow would have to be declared before
//!   the stack, and could not be used by the function any more.
//! - *`return` and `?` rewritten into a `break` to the deferred code*: those that other macros
//!   write cannot be seen, and a panic needs a catch anyway.

mod async_stack;
mod cancel;
mod guard;
mod protect;
mod recover;
mod run;
mod run_async;
#[expect(
    clippy::module_inception,
    reason = "the module is named after what it is about"
)]
mod scope;
mod stack;
#[cfg(test)]
mod tests;

pub use async_stack::{AsyncStack, Slot};
pub use guard::{Guard, block_guard, guard};
pub use protect::{Protect, protect_async};
pub use recover::{RecoverAsync, recover, recover_async, recover_now};
pub use run::{
    Called, called, end_cancelled, finish, is_cancelled, lend, never, protect, recover_from, run,
};
pub use run_async::{Ended, RunAsync, RunOwned, Unwound, run_async, run_owned, settle};
pub use scope::{Scope, scope};
pub use stack::Stack;
