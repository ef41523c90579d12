//! Calls that block, run where they are made, and what they do with the permit.
//!
//! `syscall` keeps the permit: it only marks that a call is under way, with two stores to the M's
//! own P. Most calls are over before sysmon looks twice. If not, and work waits, sysmon retakes the
//! permit like that of anybody who lasts ([`super::sysmon`]); the mark tells it not to wait for a
//! time slice. `blocking` gives the permit up at once.
//!
//! Either way the call runs to its end. Then its goroutine goes on in the same poll if the permit
//! is still there or another one is free; if not, it goes to the global queue, and the M, which
//! finds itself without a permit after the poll, becomes a spare one.

use super::context::current_m;
use super::m::M;
use super::p::P;
use crate::task::BlockingAllowed;
use std::task::Context;

/// Runs a call that may block. On a thread that is no M nothing is handed off.
#[inline]
pub(crate) fn in_call<T>(call: impl FnOnce() -> T) -> T {
    let _allowed = BlockingAllowed::new();
    // SAFETY: the guard does not outlive this function.
    let _in_call = unsafe { current_m() }.map(InCall::new);
    call()
}

/// Runs a call that will block, without a permit.
pub(crate) fn without_permit<T>(call: impl FnOnce() -> T) -> T {
    // SAFETY: the guard does not outlive this function.
    let _given_up = unsafe { current_m() }.map(GivenUp::new);
    in_call(call)
}

/// After a call: whether its goroutine goes on in this poll. If not, it has been woken to run from
/// the global queue, and is to be pending.
#[inline]
pub(crate) fn goes_on_after_call(cx: &Context<'_>) -> bool {
    // SAFETY: the reference does not outlive this function.
    let Some(m) = (unsafe { current_m() }) else {
        return true;
    };
    m.permit().is_some() || m.has_permit_again(cx)
}

/// While it lives, the M is in a call that was declared to block.
struct InCall<'a> {
    /// `None` inside another call on the same M, which is marked already.
    marked: Option<&'a P>,
}

impl<'a> InCall<'a> {
    #[inline]
    fn new(m: &'a M) -> Self {
        let marked = Some(m.p()).filter(|p| p.calls() % 2 == 0);
        marked.inspect(|p| p.count_call());
        Self { marked }
    }
}

impl Drop for InCall<'_> {
    #[inline]
    fn drop(&mut self) {
        self.marked.inspect(|p| p.count_call());
    }
}

/// While it lives, the M has given its permit up in the middle of a poll. It counts as one that
/// lost it, so that another one may be started.
struct GivenUp<'a>(&'a M);

impl<'a> GivenUp<'a> {
    fn new(m: &'a M) -> Self {
        m.sched().count_stranded();
        if !m.is_bereft() {
            m.p().drain_into(&m.sched().global);
            m.release();
            m.sched().look_after_release();
        }
        Self(m)
    }
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        self.0.sched().count_back();
    }
}

impl M {
    /// Whether this M still has its permit, or has got another one. If not, the goroutine is woken,
    /// into the global queue.
    #[cold]
    fn has_permit_again(&self, cx: &Context<'_>) -> bool {
        let again = !self.is_bereft() || self.acquire();
        if !again {
            self.mark_to_global();
            cx.waker().wake_by_ref();
        }
        again
    }
}
