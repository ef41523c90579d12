//! Where runnable Gs wait: each P's own queues, and the global queue all Ps share.
//!
//! ```text
//!             one P's storage (owned by one M for the M's life)
//!   ready ──> RunNext ──displaced──> RunQueue, a ring of 256             thieves (other Ms)
//!             one slot,              head ──────────────> tail  <── push
//!             runs first              │oldest      newest│           half, the oldest, to
//!                 │                   └──> pop           │           their own ring; RunNext
//!                 └──> take                              │           only as a last resort
//!                 ^                                      │ full: the oldest 128, then the new one
//!                 └──refill, when the ring is empty── SharedQueue, the overflow ──half──> thieves
//!
//!   ready from outside, gosched, preemption
//!   ──────────────────> SharedQueue, the global queue ──refill, a batch──> some P's ring
//! ```
//!
//! Everything here is first in, first out, but for [`RunNext`], which overtakes. The module knows
//! items, not Gs: it is generic over [`Item`], so that the models can use numbers.
//!
//! # How a steal works
//!
//! Positions are 32-bit counters that wrap; the slot of a position is its remainder by the
//! capacity. The ring holds the positions from `head` up to, not including, `tail`.
//!
//! 1. The owner fills the slot at `tail`, then stores `tail + 1`. Nobody else writes slots or
//!    `tail`.
//! 2. Whoever takes items, owner or thief, *claims* them by one compare-and-swap that moves
//!    `head` forward over them. Who wins it owns those items; everybody else starts over.
//! 3. A thief reads the slots **before** it claims, straight into the free part of its own ring.
//!    Once `head` has passed a slot the owner may refill it, so afterwards would be too late.
//!    What it read is void until the claim succeeds: the owner may have refilled the slot in the
//!    middle. Hence slots are atomics, and items are rebuilt from pointers only after the claim.
//! 4. The claim compares with the `head` the thief began with. It fails if anything was taken
//!    since, so no slot it read can have been refilled, unless exactly 2^32 items passed in
//!    between, which takes a minute of a full-speed owner against one stopped thief and then a
//!    hit on one value of four billion.
//! 5. The thief keeps the oldest of the batch to run at once and publishes the rest by one store
//!    of its own `tail`.
//!
//! Two pairs of orderings carry the proof, and each is named in the code so that a model can
//! weaken it and see the protocol break:
//!
//! | store | load | what it carries |
//! |---|---|---|
//! | `tail`, Release, by the owner | `tail`, Acquire, by thieves | slots and items are written |
//! | `head`, Release, by each claim | `head`, Acquire, by the owner | the thief has done reading |
//! | the same | `head`, Acquire, by onlookers | `tail` is seen no older than `head` |
//!
//! The last line is why a ring that always holds something never looks empty.
//!
//! # Rejected
//!
//! - *A LIFO deque* (fork-join schedulers): faster there, but the oldest G could wait for ever.
//! - *A bounded multi-producer queue per P*: pays a stamp per slot and has no steal of a batch.
//! - *A copy of `head` kept by the owner* to spare `push` the shared line: the next `pop` must own
//!   that line anyway, and without thieves it never leaves the core.
//! - *An intrusive global queue*: no allocation, but it costs every task a link for its whole life.
//! - *Overflow into the global queue*, Go's way: 1000 Gs that yield on two Ps take 31 ns a yield
//!   instead of 24. Ps then get each other's Gs one by one, and neighbours in memory share lines.
//! - *Overflow one by one*: 113 ns instead of 90 for each of 100 000 Gs spawned at once.

mod run_next;
mod run_queue;
mod shared_queue;

#[cfg(all(test, gort_loom))]
mod loom;
#[cfg(all(test, not(gort_loom)))]
mod stress;
#[cfg(all(test, not(gort_loom)))]
mod tests;

use std::ptr::NonNull;

pub(crate) use run_next::RunNext;
pub(crate) use run_queue::RunQueue;
pub(crate) use shared_queue::SharedQueue;

/// What a queue holds: anything that fits in one pointer and may change threads.
pub(crate) trait Item: Send + Sized {
    /// Gives up the item for a pointer that stands for it.
    fn into_raw(self) -> NonNull<()>;

    /// Rebuilds the item.
    ///
    /// # Safety
    /// - `raw` came from [`Item::into_raw`] of this type.
    /// - It has not been given to `from_raw` since.
    unsafe fn from_raw(raw: NonNull<()>) -> Self;
}
