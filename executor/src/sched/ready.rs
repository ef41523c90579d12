//! Making a goroutine runnable: which queue it goes to, and whether anybody must be woken.
//!
//! | who readies it                                   | where it goes                        |
//! |--------------------------------------------------|--------------------------------------|
//! | an M with a permit: spawn, or wake of another G  | `next`; the G there before to the ring's tail |
//! | the goroutine itself, in its own poll (a yield)  | the ring's tail                      |
//! | the goroutine itself in [`gosched`]              | the global queue's tail              |
//! | an M with a permit, from a batch of the netpoller or of timers | the ring's tail, one wake-up decision for the batch |
//! | any other thread                                 | the global queue's tail              |

use super::Sched;
use super::context::with_m;
use super::g::G;
use super::m::M;
use crate::base::slice;
use crate::base::wake_list::WakeList;
use crate::task::{YieldNow, yield_now};
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// The schedule function of every goroutine; see the table.
#[inline]
pub(super) fn ready(g: G, woken_while_running: bool) {
    let sched: *const Sched = g.metadata().home().sched_ptr();
    let mut g = Some(g);
    with_m(|m| {
        if std::ptr::eq(m.sched(), sched) && m.permit().is_some() {
            g.take()
                .into_iter()
                .for_each(|g| m.ready(g, woken_while_running));
        }
    });
    if let Some(g) = g {
        ready_from_outside(g);
    }
}

/// Readies a goroutine from a thread that has no run queue of its runtime.
#[cold]
fn ready_from_outside(g: G) {
    let home: *const Sched = g.metadata().home().sched_ptr();
    // SAFETY: `g` is a live goroutine of this runtime, so the runtime is there now; it stays until
    // `visit` is dropped, for which its shutdown waits (see `shutdown`).
    let sched = unsafe { &*home };
    let visit = sched.closing.visit();
    sched.global.push(g);
    if !with_m(|m| m.is_batching() && std::ptr::eq(m.sched(), home)).unwrap_or(false) {
        sched.wake_p();
    }
    drop(visit);
}

impl M {
    /// Readies a goroutine on this M, which has a permit.
    #[inline]
    fn ready(&self, g: G, woken_while_running: bool) {
        if woken_while_running || self.is_batching() {
            self.ready_last(g);
            return;
        }
        // SAFETY: this thread is the M that owns the P.
        if let Some(displaced) = unsafe { self.p().next.put(g) } {
            self.push(displaced);
            self.share_surplus();
        }
    }

    /// Readies a goroutine behind all others.
    fn ready_last(&self, g: G) {
        if self.take_to_global() {
            self.sched().global.push(g);
            self.sched().wake_p();
            return;
        }
        // Asked in this order: while every M runs, the first question is the only one.
        let shared = self.sched().permits.any_free() && !self.is_batching() && !self.p().is_empty();
        self.push(g);
        if shared {
            self.share_surplus();
        }
    }

    /// Puts a goroutine at the ring's tail.
    #[inline]
    pub(super) fn push(&self, g: G) {
        // SAFETY: this thread is the M that owns the P.
        unsafe { self.p().queue.push(g, &self.p().overflow) };
    }

    /// Wakes a batch: its goroutines are pushed silently, then one decision is made for all.
    pub(super) fn wake_batch(&self, list: &mut WakeList) {
        if list.is_empty() {
            return;
        }
        self.set_batching(true);
        list.wake_all();
        self.set_batching(false);
        // Asked after the batch: one that was told in its midst has pushed into both queues.
        if self.permit().is_none() {
            self.sched().wake_p();
        } else if self.p().has_surplus() {
            self.share_surplus();
        }
    }
}

/// Lets others run if this goroutine has run for a time slice (10 ms) and others wait, and does
/// nothing otherwise.
///
/// All awaits of gort do so by themselves. A computation without any calls this now and then, so
/// that it need not be overtaken by sysmon, for which another thread has to take its place. It
/// costs one load of a word that seldom changes. [`gort::preempt`](macro@crate::preempt) puts one
/// into each loop of a function. A goroutine that lets others run goes to the tail of the global
/// queue, as one that Go preempts.
///
/// On an executor that is not gort's, and in the root of a [`block_on`](fn@crate::block_on), it
/// does nothing.
///
/// # Cancel safety
/// Nothing happens besides the yield, so nothing is lost.
///
/// # Examples
/// ```
/// use gort::runtime::checkpoint;
/// async fn sum_of(numbers: &[u64]) -> u64 {
///     let mut sum = 0;
///     for chunk in numbers.chunks(1024) {
///         sum += chunk.iter().sum::<u64>();
///         checkpoint().await;
///     }
///     sum
/// }
/// assert_eq!(gort::block_on(sum_of(&[1, 2, 3])), 6);
/// ```
#[inline]
pub fn checkpoint() -> Checkpoint {
    Checkpoint(())
}

/// The future of [`checkpoint`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Checkpoint(());

impl Future for Checkpoint {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Asked once per slice, so the second poll is ready.
        if slice::is_over(cx) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

/// Goes to the tail of the global queue, so that everything that is ready now runs first: Go's
/// `Gosched`.
///
/// [`yield_now`] is the cheaper one, which lets only the goroutines of the same P run.
///
/// # Cancel safety
/// Nothing happens besides the yield, so nothing is lost.
///
/// # Examples
/// ```
/// gort::block_on(async {
///     gort::runtime::gosched().await;
/// });
/// ```
pub fn gosched() -> Gosched {
    Gosched(yield_now())
}

/// The future of [`gosched`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Gosched(YieldNow);

impl Future for Gosched {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let outcome = pin!(&mut self.0).poll(cx);
        if outcome.is_pending() {
            with_m(M::mark_to_global);
        }
        outcome
    }
}
