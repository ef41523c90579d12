//! A [`Sender`] as a sink.
//!
//! A sink takes an item without waiting for its way out, so each sender has an outbox for one, in
//! which the item waits for its turn in the channel as a send does.

use super::Sender;
use super::channel::{Channel, Step};
use super::errors::SendError;
use super::ticket::Ticket;
use crate::wait::Waiter;
use futures::sink::Sink;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a sender's sink has taken and not sent.
pub(super) struct Outbox<T> {
    /// Its own allocation, so that the sender may move while it waits.
    waiter: Option<Pin<Box<Waiter<Ticket<T>>>>>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Empty,
    /// The item is in the waiter and has not been offered.
    Unsent,
    /// The waiter has entered the queue; if it is there no more, it was served or dismissed.
    Waiting,
}

impl<T> Outbox<T> {
    pub(super) const fn new() -> Self {
        Self {
            waiter: None,
            state: State::Empty,
        }
    }

    /// Takes the waiter out of `channel`, whose sender drops. The item is dropped.
    pub(super) fn discard(&mut self, channel: &Channel<T>) {
        if let Some(waiter) = &mut self.waiter {
            if waiter.is_waiting() {
                channel.leave(waiter.as_mut());
            }
        }
    }

    /// Takes an item. The outbox is empty.
    fn fill(&mut self, item: T) {
        let waiter = self
            .waiter
            .get_or_insert_with(|| Box::pin(Waiter::new(Ticket::single(None))));
        waiter.as_mut().payload().value = Some(item);
        self.state = State::Unsent;
    }

    /// Ready when the outbox is empty.
    fn poll_empty(
        &mut self,
        channel: &Channel<T>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        let Some(waiter) = self.waiter.as_mut().filter(|_| self.state != State::Empty) else {
            return Poll::Ready(Ok(()));
        };
        if self.state == State::Unsent {
            // SAFETY: `discard` takes it out before the sender and the waiter drop.
            match unsafe { channel.send_or_wait(waiter.as_mut(), cx.waker()) } {
                Step::NotNow => {
                    self.state = State::Waiting;
                    return Poll::Pending;
                }
                Step::Done(()) | Step::Closed => {}
            }
        } else if waiter.is_waiting() {
            channel.rewake(waiter.as_mut(), cx.waker());
            if waiter.is_waiting() {
                return Poll::Pending;
            }
        }
        self.state = State::Empty;
        let refused = waiter.as_mut().payload().value.take();
        Poll::Ready(refused.map_or(Ok(()), |item| Err(SendError(item))))
    }
}

impl<T> Sink<T> for Sender<T> {
    type Error = SendError<T>;

    /// Ready when the item before has been sent. So an item waits in the channel's buffer, or here
    /// until there is room.
    fn poll_ready(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        let this = &mut *self;
        this.outbox.poll_empty(&this.channel, cx)
    }

    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), SendError<T>> {
        assert!(
            self.outbox.state == State::Empty,
            "start_send was called before poll_ready was ready"
        );
        if self.has_left {
            return Err(SendError(item));
        }
        let mut item = Some(item);
        let step = self.channel.try_send(&mut item);
        match (step, item) {
            (Step::Closed, Some(item)) => Err(SendError(item)),
            (Step::NotNow, Some(item)) => {
                self.outbox.fill(item);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Ready when the item has been sent; with capacity 0, when it has been received.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        self.poll_ready(cx)
    }

    /// Flushes, and then leaves the channel as if the sender had dropped.
    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        let flushed = self.as_mut().poll_flush(cx);
        if flushed.is_ready() {
            self.go();
        }
        flushed
    }
}
