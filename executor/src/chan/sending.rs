//! The futures of a send.

use super::attempt::Attempt;
use super::channel::Channel;
use super::errors::{Closed, SendError};
use super::operation::{Operation, Parts};
use super::{Chan, Sender};
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
    attempt: Attempt<'a, T>,
    handle: PhantomData<fn() -> H>,
}

/// The future of [`Sender::send_from`] and [`Chan::send_from`].
///
/// In a `select!` it is an arm that leaves its value in the slot if it loses.
#[must_use = "a future does nothing unless it is awaited"]
pub struct SendingFrom<'a, T, H: OnClosed<T> = Sender<T>> {
    attempt: Attempt<'a, T>,
    /// Empty while the value is in the waiter.
    slot: &'a mut Option<T>,
    handle: PhantomData<fn() -> H>,
}

/// Polls a send. Ready when the value has been taken, or will not be. Then it is in the waiter no
/// more, or still.
#[inline]
fn poll_send<T>(attempt: Pin<&mut Attempt<'_, T>>, cx: &mut Context<'_>) -> Poll<()> {
    attempt
        .poll(cx, |channel, waiter, waker| {
            // SAFETY: the attempt takes the waiter out as it drops, and it is pinned until then.
            unsafe { channel.send_or_wait(waiter, waker) }
        })
        .map(drop)
}

impl<'a, T, H: OnClosed<T>> Sending<'a, T, H> {
    #[inline]
    pub(super) fn new(channel: Option<&'a Channel<T>>, value: T) -> Self {
        Self {
            attempt: Attempt::new(channel, Some(value)),
            handle: PhantomData,
        }
    }

    #[inline]
    fn pinned(self: Pin<&mut Self>) -> Pin<&mut Attempt<'a, T>> {
        // SAFETY: `attempt` is structurally pinned: this method is the one way to it.
        unsafe { self.map_unchecked_mut(|this| &mut this.attempt) }
    }
}

impl<T, H: OnClosed<T>> Future for Sending<'_, T, H> {
    type Output = H::Sent;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<H::Sent> {
        let mut attempt = self.pinned();
        poll_send(attempt.as_mut(), cx).map(|()| H::sent(attempt.take_value()))
    }
}

impl<'a, T, H: OnClosed<T>> Operation<'a, T> for Sending<'a, T, H> {
    const SENDS: bool = true;

    fn channel(&self) -> Option<&'a Channel<T>> {
        self.attempt.channel
    }

    fn parts(self: Pin<&mut Self>) -> Parts<'a, '_, T> {
        self.pinned().parts()
    }

    fn settle(self: Pin<&mut Self>) -> H::Sent {
        H::sent(self.pinned().take_value())
    }
}

impl<'a, T, H: OnClosed<T>> SendingFrom<'a, T, H> {
    #[inline]
    pub(super) fn new(channel: Option<&'a Channel<T>>, slot: &'a mut Option<T>) -> Self {
        Self {
            // With nothing to send it waits for ever, as on a nil channel.
            attempt: Attempt::new(channel.filter(|_| slot.is_some()), None),
            slot,
            handle: PhantomData,
        }
    }

    #[inline]
    fn split(self: Pin<&mut Self>) -> (Pin<&mut Attempt<'a, T>>, &mut Option<T>) {
        // SAFETY: `attempt` is structurally pinned: it is reached through this method only, which
        // pins it again, and never moved. The slot never is.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let attempt = unsafe { Pin::new_unchecked(&mut this.attempt) };
        (attempt, this.slot)
    }
}

impl<T, H: OnClosed<T>> Future for SendingFrom<'_, T, H> {
    type Output = H::SentFrom;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<H::SentFrom> {
        let mut this = self;
        let (attempt, slot) = this.as_mut().split();
        poll_send(attempt.load(slot), cx).map(|()| Operation::settle(this))
    }
}

impl<'a, T, H: OnClosed<T>> Operation<'a, T> for SendingFrom<'a, T, H> {
    const SENDS: bool = true;

    fn channel(&self) -> Option<&'a Channel<T>> {
        self.attempt.channel
    }

    fn parts(self: Pin<&mut Self>) -> Parts<'a, '_, T> {
        let (attempt, slot) = self.split();
        attempt.load(slot).parts()
    }

    fn settle(self: Pin<&mut Self>) -> H::SentFrom {
        let (attempt, slot) = self.split();
        *slot = attempt.take_value();
        H::sent_from(slot.is_some())
    }
}

impl<T, H: OnClosed<T>> Drop for SendingFrom<'_, T, H> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: if it waits it is pinned, and it is not moved any more.
        let this = unsafe { Pin::new_unchecked(self) };
        let (mut attempt, slot) = this.split();
        attempt.as_mut().parts().leave();
        if let Some(value) = attempt.take_value() {
            *slot = Some(value);
        }
    }
}

impl<T, H: OnClosed<T>> fmt::Debug for Sending<'_, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending")
            .field("is_waiting", &self.attempt.is_waiting())
            .finish_non_exhaustive()
    }
}

impl<T, H: OnClosed<T>> fmt::Debug for SendingFrom<'_, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendingFrom")
            .field("is_waiting", &self.attempt.is_waiting())
            .finish_non_exhaustive()
    }
}
