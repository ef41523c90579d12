//! The futures of a send.

use super::channel::{Channel, Step};
use super::errors::{Closed, SendError};
use super::operation::{Operation, Parts};
use super::ticket::Ticket;
use super::{Chan, Sender};
use crate::wait::Waiter;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a kind of handle makes of a closed channel: a [`Sender`] an error, a [`Chan`] Go's panic.
///
/// Sealed: there are these two.
pub trait OnClosed<T>: sealed::Sealed {
    /// What [`Sending`] gives.
    type Sent;
    /// What [`SendingFrom`] gives.
    type SentFrom;

    #[doc(hidden)]
    fn sent(refused: Option<T>) -> Self::Sent;
    #[doc(hidden)]
    fn sent_from(refused: bool) -> Self::SentFrom;
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for super::Sender<T> {}
    impl<T> Sealed for super::Chan<T> {}
}

impl<T> OnClosed<T> for Sender<T> {
    type Sent = Result<(), SendError<T>>;
    type SentFrom = Result<(), Closed>;

    #[inline]
    fn sent(refused: Option<T>) -> Self::Sent {
        match refused {
            None => Ok(()),
            Some(value) => Err(SendError(value)),
        }
    }

    #[inline]
    fn sent_from(refused: bool) -> Self::SentFrom {
        if refused { Err(Closed) } else { Ok(()) }
    }
}

impl<T> OnClosed<T> for Chan<T> {
    type Sent = ();
    type SentFrom = ();

    #[inline]
    fn sent(refused: Option<T>) {
        Self::sent_from(refused.is_some());
    }

    #[inline]
    fn sent_from(refused: bool) {
        assert!(!refused, "send on closed channel");
    }
}

/// The future of [`Sender::send`] and [`Chan::send`].
///
/// In a `select!` it is an arm that takes part in the decision of all channels at once; if it
/// loses, its value is dropped.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Sending<'a, T, H: OnClosed<T> = Sender<T>> {
    core: Core<'a, T>,
    handle: PhantomData<fn() -> H>,
}

/// The future of [`Sender::send_from`] and [`Chan::send_from`].
///
/// In a `select!` it is an arm that leaves its value in the slot if it loses.
#[must_use = "a future does nothing unless it is awaited"]
pub struct SendingFrom<'a, T, H: OnClosed<T> = Sender<T>> {
    core: Core<'a, T>,
    /// Empty while the value is in the waiter.
    slot: &'a mut Option<T>,
    handle: PhantomData<fn() -> H>,
}

/// A send whose value is in the waiter.
struct Core<'a, T> {
    /// `None` for a nil channel, to which nothing is ever sent.
    channel: Option<&'a Channel<T>>,
    /// Whether it has waited. If it has and does not, it was served or dismissed.
    has_waited: bool,
    /// Pinned with the future: a queue of the channel may link it.
    waiter: Waiter<Ticket<T>>,
}

impl<'a, T> Core<'a, T> {
    #[inline]
    fn new(channel: Option<&'a Channel<T>>, value: Option<T>) -> Self {
        Self {
            channel,
            has_waited: false,
            waiter: Waiter::new(Ticket::single(value)),
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

    /// Ready when the value has been taken, or will not be. Then it is in the waiter no more, or
    /// still.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
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
            match unsafe { channel.send_or_wait(waiter, cx.waker()) } {
                Step::Done(()) | Step::Closed => return Poll::Ready(()),
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
        Poll::Ready(())
    }

    /// Puts the value that is in `slot`, if there is one, into the waiter, which is not waiting
    /// then.
    #[inline]
    fn load(mut self: Pin<&mut Self>, slot: &mut Option<T>) -> Pin<&mut Self> {
        if slot.is_some() {
            self.as_mut().parts().waiter.payload().value = slot.take();
        }
        self
    }

    /// The value, if it is still here. Not while the send waits.
    #[inline]
    fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.parts().waiter.payload().value.take()
    }

    /// Ends the wait.
    #[inline]
    fn leave(self: Pin<&mut Self>) {
        let Parts {
            channel,
            has_waited,
            waiter,
        } = self.parts();
        if !*has_waited {
            return;
        }
        if let Some(channel) = channel {
            if waiter.is_waiting() {
                channel.leave(waiter);
            }
        }
    }
}

impl<T> Drop for Core<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: if it waits it is pinned, and it is not moved any more.
        unsafe { Pin::new_unchecked(self) }.leave();
    }
}

impl<'a, T, H: OnClosed<T>> Sending<'a, T, H> {
    #[inline]
    pub(super) fn new(channel: Option<&'a Channel<T>>, value: T) -> Self {
        Self {
            core: Core::new(channel, Some(value)),
            handle: PhantomData,
        }
    }

    #[inline]
    fn core(self: Pin<&mut Self>) -> Pin<&mut Core<'a, T>> {
        // SAFETY: `core` is structurally pinned: this method is the one way to it.
        unsafe { self.map_unchecked_mut(|this| &mut this.core) }
    }
}

impl<T, H: OnClosed<T>> Future for Sending<'_, T, H> {
    type Output = H::Sent;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<H::Sent> {
        let mut core = self.core();
        core.as_mut().poll(cx).map(|()| H::sent(core.take_value()))
    }
}

impl<'a, T, H: OnClosed<T>> Operation<'a, T> for Sending<'a, T, H> {
    const SENDS: bool = true;

    fn channel(&self) -> Option<&'a Channel<T>> {
        self.core.channel
    }

    fn parts(self: Pin<&mut Self>) -> Parts<'a, '_, T> {
        self.core().parts()
    }

    fn settle(self: Pin<&mut Self>) -> H::Sent {
        H::sent(self.core().take_value())
    }
}

impl<'a, T, H: OnClosed<T>> SendingFrom<'a, T, H> {
    #[inline]
    pub(super) fn new(channel: Option<&'a Channel<T>>, slot: &'a mut Option<T>) -> Self {
        Self {
            // With nothing to send it waits for ever, as on a nil channel.
            core: Core::new(channel.filter(|_| slot.is_some()), None),
            slot,
            handle: PhantomData,
        }
    }

    #[inline]
    fn split(self: Pin<&mut Self>) -> (Pin<&mut Core<'a, T>>, &mut Option<T>) {
        // SAFETY: `core` is structurally pinned: it is reached through this method only, which pins
        // it again, and never moved. The slot never is.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let core = unsafe { Pin::new_unchecked(&mut this.core) };
        (core, this.slot)
    }
}

impl<T, H: OnClosed<T>> Future for SendingFrom<'_, T, H> {
    type Output = H::SentFrom;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<H::SentFrom> {
        let mut this = self;
        let (core, slot) = this.as_mut().split();
        core.load(slot).poll(cx).map(|()| Operation::settle(this))
    }
}

impl<'a, T, H: OnClosed<T>> Operation<'a, T> for SendingFrom<'a, T, H> {
    const SENDS: bool = true;

    fn channel(&self) -> Option<&'a Channel<T>> {
        self.core.channel
    }

    fn parts(self: Pin<&mut Self>) -> Parts<'a, '_, T> {
        let (core, slot) = self.split();
        core.load(slot).parts()
    }

    fn settle(self: Pin<&mut Self>) -> H::SentFrom {
        let (core, slot) = self.split();
        *slot = core.take_value();
        H::sent_from(slot.is_some())
    }
}

impl<T, H: OnClosed<T>> Drop for SendingFrom<'_, T, H> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: if it waits it is pinned, and it is not moved any more.
        let this = unsafe { Pin::new_unchecked(self) };
        let (mut core, slot) = this.split();
        core.as_mut().leave();
        if let Some(value) = core.take_value() {
            *slot = Some(value);
        }
    }
}

impl<T, H: OnClosed<T>> fmt::Debug for Sending<'_, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending")
            .field("is_waiting", &self.core.waiter.is_waiting())
            .finish_non_exhaustive()
    }
}

impl<T, H: OnClosed<T>> fmt::Debug for SendingFrom<'_, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendingFrom")
            .field("is_waiting", &self.core.waiter.is_waiting())
            .finish_non_exhaustive()
    }
}
