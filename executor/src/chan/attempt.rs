//! [`Attempt`]: what the futures of a send and of a receive have in common.

use super::channel::{Channel, Step};
use super::operation::Parts;
use super::ticket::Ticket;
use crate::base::slice;
use crate::wait::Waiter;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// An attempt to send or to receive, which waits in the channel if it must. A sender's value is in
/// the waiter, a receiver's comes into it.
pub(super) struct Attempt<'a, T> {
    /// `None` for a nil channel, on which nothing ever happens.
    pub(super) channel: Option<&'a Channel<T>>,
    /// Whether it has waited. If it has and does not, it was served or dismissed.
    has_waited: bool,
    /// Pinned with the future: a queue of the channel may link it.
    waiter: Waiter<Ticket<T>>,
}

impl<'a, T> Attempt<'a, T> {
    #[inline]
    pub(super) fn new(channel: Option<&'a Channel<T>>, value: Option<T>) -> Self {
        Self {
            channel,
            has_waited: false,
            waiter: Waiter::new(Ticket::single(value)),
        }
    }

    #[inline]
    pub(super) fn parts(self: Pin<&mut Self>) -> Parts<'a, '_, T> {
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

    /// Ready when it is decided: with the answer of `begin`, which tries or leaves the waiter in
    /// the channel, or with `None` after a wait, when the waiter tells.
    #[inline]
    pub(super) fn poll<R>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        begin: impl FnOnce(&Channel<T>, Pin<&mut Waiter<Ticket<T>>>, &Waker) -> Step<R>,
    ) -> Poll<Option<Step<R>>> {
        let Parts {
            channel,
            has_waited,
            mut waiter,
        } = self.parts();
        let Some(channel) = channel else {
            return Poll::Pending;
        };
        if !*has_waited {
            if slice::is_over(cx) {
                return Poll::Pending;
            }
            return match begin(channel, waiter, cx.waker()) {
                Step::NotNow => {
                    *has_waited = true;
                    Poll::Pending
                }
                step => Poll::Ready(Some(step)),
            };
        }
        if waiter.is_waiting() {
            channel.rewake(waiter.as_mut(), cx.waker());
            if waiter.is_waiting() {
                return Poll::Pending;
            }
        }
        Poll::Ready(None)
    }

    #[inline]
    pub(super) fn is_waiting(&self) -> bool {
        self.waiter.is_waiting()
    }

    /// Whether it has waited, and may have been served since without anybody knowing.
    #[inline]
    pub(super) fn has_waited(&self) -> bool {
        self.has_waited
    }

    /// Puts the value that is in `slot`, if there is one, into the waiter, which is not waiting
    /// then.
    #[inline]
    pub(super) fn load(mut self: Pin<&mut Self>, slot: &mut Option<T>) -> Pin<&mut Self> {
        if slot.is_some() {
            self.as_mut().parts().waiter.payload().value = slot.take();
        }
        self
    }

    /// The value, if it is here. Not while it waits.
    #[inline]
    pub(super) fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.parts().waiter.payload().value.take()
    }
}

impl<T> Drop for Attempt<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: if it waits it is pinned, and it is not moved any more.
        unsafe { Pin::new_unchecked(self) }.parts().leave();
    }
}
