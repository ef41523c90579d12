//! Timers: which waker is woken when. Nothing here knows a G.
//!
//! A [`Timer`] is embedded, pinned, in the future that waits; a [`Wheel`], one for each permit of
//! the scheduler, links the armed ones. Arming, moving and cancelling cost one uncontended lock and
//! a few stores, and nothing is allocated: most timers guard something that is soon ready and are
//! cancelled long before they are due.
//!
//! ```text
//!  cursor (in ticks of 2^20 ns)                    tick = deadline >> 20
//!     |
//!     v
//!  [ heap ]  [ level 0: 64 slots of 1 tick ]  [ level 1: 64 slots of 64 ticks ]  ...  [ level 7 ]
//!  ticks up    ticks that differ from the       ticks that differ in the second
//!  to cursor   cursor in the last six bits      last six bits at most
//! ```
//!
//! # Invariants
//!
//! 1. A timer whose tick is at or before the cursor is in the heap, any other in the slot that its
//!    tick named when it was put there; that slot begins after the cursor. Hence the first occupied
//!    slot of the lowest occupied level comes before all others, and the heap before that.
//! 2. A slot is emptied as a whole, into the heap and lower levels, when the cursor reaches its
//!    beginning. What fires comes from the heap alone: in the order of the deadlines, to the
//!    nanosecond, and first come, first served among equal ones.
//! 3. The published deadline is never later than the earliest armed one (it may be too early after
//!    a cancel, which costs one idle look).
//! 4. The links and the waker of an armed timer are touched under its wheel's lock only. Whoever
//!    unlinks a timer on behalf of another thread stores its new state last, with `Release`; an
//!    owner that sees it (`Acquire`) knows that nobody else will touch the timer again.
//!
//! # Rejected
//!
//! - *A heap alone* (Go): 2 to 5 times the cost to arm and cancel, and it grows with the timers
//!   that never fire.
//! - *Six levels and a list for what lies beyond*: two more levels are 2 KiB, reach the end of the
//!   clock, and need no second rule.
//! - *A counted reference from each timer to its wheel*: two atomic read-modify-writes, a fifth of
//!   the whole path. Wheels are recycled instead and never freed, see [`Wheel`].
//! - *Moving a deadline without the lock* (one compare-and-swap on a word that holds state and
//!   deadline): saves some five nanoseconds and makes each other step conditional.

mod heap;
mod slots;
#[expect(
    clippy::module_inception,
    reason = "the module is named after what it is about"
)]
mod timer;
mod wheel;

#[cfg(all(test, gort_loom))]
mod loom;
#[cfg(all(test, not(gort_loom)))]
mod tests;

pub(crate) use timer::{State, Timer};
pub(crate) use wheel::Wheel;
