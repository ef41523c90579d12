//! `select!`: waiting for several things, of which one happens.
//!
//! The macro makes a list of [`Arms`], and awaits [`select`] or calls [`select_now`]. What is
//! decided here is which arm wins.
//!
//! # The steps
//!
//! They are Go's (`runtime/select.go`). All operands have been evaluated, once, in source order.
//!
//! 1. In a random order, of which each is equally likely: tries each arm by itself; a future is
//!    polled. The first that is ready wins. No lock is held from one to the next.
//! 2. Takes the locks of all channels in the order of their addresses, so that nothing changes, and
//!    tries the operations of channels again, in another such order.
//! 3. With all locks still held: if there is a `default` it has won. Otherwise every operation
//!    enters the queue of its channel, and the locks are left.
//! 4. Whoever could serve one of the waiters claims the party that they name, by one
//!    compare-exchange ([`Party`]); who fails passes on to the next waiter. One arm wins.
//! 5. The select takes its other waiters out, each in constant time, and gives the winner's output.
//!
//! Step 1 spares the locks of the other channels where something is ready, and is what polls
//! futures, whose code is not ours and runs under no lock. It cannot find that *nothing* is ready:
//! that is step 2, which makes a `default` honest.
//!
//! # Futures beside channels
//!
//! A future that becomes ready must not win while a channel hands over a value: one of the two
//! would be lost. So when a select with futures is polled and no channel has served it, it
//! withdraws first, by the same compare-exchange, leaves its queues, and begins anew. It loses its
//! place in them; a channel that serves it first wins.
//!
//! # Invariants
//!
//! 1. While an arm's waiter is in a queue, the party is where it was and its owner has not touched
//!    what the waiter holds.
//! 2. The party is claimed or withdrawn once between two times of entering.
//! 3. Only a claimed arm's waiter is served. What it was given is its own until it is settled; if
//!    the select is dropped instead, a receive gives the value back to its channel.
//! 4. Waiters that lost are harmless wherever they still stand: nobody can claim them.
//!
//! # Rejected
//!
//! - *Entering the queues one after the other, without all locks*: no `default` could be decided,
//!   and a select with a send and a receive of one channel would meet itself.
//! - *Wakers only, and a second look* (futures' and tokio's way): a rendezvous of two selects finds
//!   nobody who acts first.
//! - *An array of trait objects for the arms*: a list of types costs no calls through a table, and
//!   the output of each arm keeps its type.
//!
//! [`Party`]: crate::chan::Party

mod arm;
mod arms;
mod decision;
mod locks;
mod operand;
mod order;
mod syntax;

#[cfg(all(test, gort_loom))]
mod loom;
#[cfg(all(test, not(gort_loom)))]
mod tests;

pub use arm::{Arm, FutureArm};
pub use arms::{And, Arms, Chosen, End};
pub use decision::Select;
pub use operand::{Operand, ViaChannel, ViaNothing, ViaPoll, half_typed};

/// Waits for one of `arms`.
#[inline]
pub fn select<A: Arms>(arms: A) -> Select<A> {
    Select::new(arms, true)
}

/// Waits for one of `arms`; of those that are ready the first wins.
#[inline]
pub fn select_in_order<A: Arms>(arms: A) -> Select<A> {
    Select::new(arms, false)
}

/// Decides for one of `arms` if any is ready.
#[inline]
pub fn select_now<A: Arms>(arms: A) -> Option<A::Output> {
    decision::decide_now(arms, true)
}

/// Decides for the first of `arms` that is ready.
#[inline]
pub fn select_now_in_order<A: Arms>(arms: A) -> Option<A::Output> {
    decision::decide_now(arms, false)
}
