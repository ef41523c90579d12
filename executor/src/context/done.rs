//! Waiting until a context is done.

use super::error::Why;
use super::scope::Scope;
use crate::wait::Waiter;
use pin_project::{pin_project, pinned_drop};
use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The future of [`Context::done`](super::Context::done). It stays ready.
#[pin_project(PinnedDrop)]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Done<'a> {
    /// `None`: it is never done.
    scope: Option<&'a Arc<Scope>>,
    #[pin]
    waiter: Waiter<()>,
    /// Whom the waiter has woken, if it waits.
    told: Option<Told>,
}

/// Which waker a waiter has.
///
/// While it waits its waker lives, and no other has the same data. So a waiter that has this one
/// and still waits need not be told of it again, under a lock that all share who wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    data: usize,
    vtable: usize,
}

impl Told {
    fn of(waker: &Waker) -> Self {
        Self {
            data: waker.data().addr(),
            vtable: ptr::from_ref(waker.vtable()).addr(),
        }
    }
}

impl<'a> Done<'a> {
    pub(super) fn new(scope: Option<&'a Arc<Scope>>) -> Self {
        Self {
            scope,
            waiter: Waiter::new(()),
            told: None,
        }
    }

    /// Why it is done, if it is.
    pub(super) fn look(&self) -> Option<&'a Why> {
        let scope = self.scope?;
        if self.waiter.is_waiting() {
            // The clock is watched.
            scope.end()
        } else {
            scope.look()
        }
    }

    /// Waits, if it was not done a moment ago. Not pending: it is now.
    pub(super) fn wait(self: Pin<&mut Self>, cx: &Context<'_>) -> Poll<()> {
        let this = self.project();
        let Some(scope) = *this.scope else {
            return Poll::Pending;
        };
        let told = Some(Told::of(cx.waker()));
        if !this.waiter.is_waiting() {
            scope.watch_clock();
        } else if *this.told == told {
            // Whoever ends the scope in this moment wakes it.
            return Poll::Pending;
        }
        // SAFETY: the waiter waits nowhere else; the drop calls `unwait`, and the scope is borrowed
        // until then.
        if !unsafe { scope.wait(this.waiter, cx.waker().clone()) } {
            return Poll::Ready(());
        }
        *this.told = told;
        Poll::Pending
    }
}

impl Future for Done<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.look() {
            Some(_) => Poll::Ready(()),
            None => self.wait(cx),
        }
    }
}

#[pinned_drop]
impl PinnedDrop for Done<'_> {
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        if let Some(scope) = this.scope.filter(|_| this.waiter.is_waiting()) {
            scope.unwait(this.waiter);
        }
    }
}
