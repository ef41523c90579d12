//! The future of a receive.

use super::attempt::Attempt;
use super::channel::{Channel, Step};
use super::operation::{Operation, Parts};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of [`Receiver::recv`](super::Receiver::recv) and [`Chan::recv`](super::Chan::recv).
///
/// In a `select!` it is an arm that takes part in the decision of all channels at once.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Receiving<'a, T> {
    attempt: Attempt<'a, T>,
}

impl<'a, T> Receiving<'a, T> {
    #[inline]
    pub(super) fn new(channel: Option<&'a Channel<T>>) -> Self {
        Self {
            attempt: Attempt::new(channel, None),
        }
    }

    #[inline]
    fn pinned(self: Pin<&mut Self>) -> Pin<&mut Attempt<'a, T>> {
        // SAFETY: `attempt` is structurally pinned: this method is the one way to it.
        unsafe { self.map_unchecked_mut(|this| &mut this.attempt) }
    }
}

impl<'a, T> Operation<'a, T> for Receiving<'a, T> {
    const SENDS: bool = false;

    fn channel(&self) -> Option<&'a Channel<T>> {
        self.attempt.channel
    }

    fn parts(self: Pin<&mut Self>) -> Parts<'a, '_, T> {
        self.pinned().parts()
    }

    fn settle(self: Pin<&mut Self>) -> Option<T> {
        self.pinned().take_value()
    }
}

impl<T> Future for Receiving<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut attempt = self.pinned();
        let decided = attempt.as_mut().poll(cx, |channel, waiter, waker| {
            // SAFETY: the attempt takes the waiter out as it drops, and it is pinned until then.
            unsafe { channel.recv_or_wait(waiter, waker) }
        });
        decided.map(|step| match step {
            Some(Step::Done(value)) => Some(value),
            Some(Step::Closed | Step::NotNow) => None,
            None => attempt.take_value(),
        })
    }
}

/// What it was given goes to others.
impl<T> Drop for Receiving<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if !self.attempt.has_waited() {
            return;
        }
        // SAFETY: it was pinned when it waited, and is not moved any more.
        let mut attempt = unsafe { Pin::new_unchecked(self) }.pinned();
        attempt.as_mut().parts().leave();
        if let (Some(channel), Some(value)) = (attempt.channel, attempt.take_value()) {
            channel.give_back(value);
        }
    }
}

impl<T> fmt::Debug for Receiving<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiving")
            .field("is_waiting", &self.attempt.is_waiting())
            .finish_non_exhaustive()
    }
}
