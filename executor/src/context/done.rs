//! Waiting until a context is done.

use super::error::Why;
use super::scope::Scope;
use crate::wait::Waiter;
use pin_project::{pin_project, pinned_drop};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The future of [`Context::done`](super::Context::done). It stays ready.
#[pin_project(PinnedDrop)]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Done<'a> {
    /// `None`: it is never done.
    scope: Option<&'a Arc<Scope>>,
    #[pin]
    waiter: Waiter<()>,
}

impl<'a> Done<'a> {
    pub(super) fn new(scope: Option<&'a Arc<Scope>>) -> Self {
        Self {
            scope,
            waiter: Waiter::new(()),
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
        if !this.waiter.is_waiting() {
            scope.watch_clock();
        }
        // SAFETY: the waiter waits nowhere else; the drop calls `unwait`, and the scope is borrowed
        // until then.
        let waits = unsafe { scope.wait(this.waiter, cx.waker().clone()) };
        if waits {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
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
