//! The future of a receive.

use super::channel::{Channel, Step};
use super::operation::{Operation, Parts};
use super::ticket::Ticket;
use crate::wait::Waiter;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of [`Receiver::recv`](super::Receiver::recv) and [`Chan::recv`](super::Chan::recv).
///
/// In a `select!` it is an arm that takes part in the decision of all channels at once.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Receiving<'a, T> {
    /// `None` for a nil channel, from which nothing ever comes.
    channel: Option<&'a Channel<T>>,
    /// Whether it has waited. If it has and does not, it was served or dismissed.
    has_waited: bool,
    /// Pinned with the future: a queue of the channel may link it.
    waiter: Waiter<Ticket<T>>,
}

impl<'a, T> Receiving<'a, T> {
    #[inline]
    pub(super) fn new(channel: Option<&'a Channel<T>>) -> Self {
        Self {
            channel,
            has_waited: false,
            waiter: Waiter::new(Ticket::single(None)),
        }
    }

    #[inline]
    fn parts(self: Pin<&mut Self>) -> Parts<'a, '_, T> {
        // SAFETY: the waiter is structurally pinned: it is reached through this method only, which
        // pins it again, and never moved. The others never are.
        let this = unsafe { self.get_unchecked_mut() };
        Parts {
            channel: this.channel,
            has_waited: &mut this.has_waited,
            // SAFETY: as above.
            waiter: unsafe { Pin::new_unchecked(&mut this.waiter) },
        }
    }
}

impl<'a, T> Operation<'a, T> for Receiving<'a, T> {
    const SENDS: bool = false;

    fn channel(&self) -> Option<&'a Channel<T>> {
        self.channel
    }

    fn parts(self: Pin<&mut Self>) -> Parts<'a, '_, T> {
        self.parts()
    }

    fn settle(self: Pin<&mut Self>) -> Option<T> {
        self.parts().waiter.payload().value.take()
    }
}

impl<T> Future for Receiving<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Parts {
            channel,
            has_waited,
            mut waiter,
        } = self.parts();
        let Some(channel) = channel else {
            return Poll::Pending;
        };
        if !*has_waited {
            // SAFETY: `drop` takes the waiter out, and the waiter is pinned until then.
            match unsafe { channel.recv_or_wait(waiter, cx.waker()) } {
                Step::Done(value) => return Poll::Ready(Some(value)),
                Step::Closed => return Poll::Ready(None),
                Step::NotNow => *has_waited = true,
            }
            return Poll::Pending;
        }
        if waiter.is_waiting() {
            channel.rewake(waiter.as_mut(), cx.waker());
            if waiter.is_waiting() {
                return Poll::Pending;
            }
        }
        Poll::Ready(waiter.payload().value.take())
    }
}

impl<T> Drop for Receiving<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if !self.has_waited {
            return;
        }
        // SAFETY: it was pinned when it waited, and is not moved any more.
        let this = unsafe { Pin::new_unchecked(self) };
        let Parts {
            channel, waiter, ..
        } = this.parts();
        if let Some(channel) = channel {
            abandon(channel, waiter);
        }
    }
}

/// Ends the wait of a receiver whose future is dropped. What it was given goes to others.
#[inline]
fn abandon<T>(channel: &Channel<T>, mut waiter: Pin<&mut Waiter<Ticket<T>>>) {
    if waiter.is_waiting() {
        channel.leave(waiter.as_mut());
    }
    if let Some(value) = waiter.payload().value.take() {
        channel.give_back(value);
    }
}

impl<T> fmt::Debug for Receiving<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiving")
            .field("is_waiting", &self.waiter.is_waiting())
            .finish_non_exhaustive()
    }
}
