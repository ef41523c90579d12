//! A [`Receiver`] as a stream.
//!
//! A stream may be polled, found pending, and not be polled again for a long time, while it lives
//! on: a value that was handed to it would be kept from all others. So a stream that waits is told
//! that there is something to receive, and looks for itself. Several streams of one channel are all
//! told of each value; who receives by [`recv`](Receiver::recv) is served in turn.

use super::Receiver;
use super::channel::{Channel, Step};
use super::ticket::Ticket;
use crate::base::slice;
use crate::wait::Waiter;
use futures::stream::{FusedStream, Stream};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Where a receiver's stream waits.
pub(super) struct Ear<T> {
    /// Its own allocation, so that the receiver may move while it waits.
    waiter: Option<Pin<Box<Waiter<Ticket<T>>>>>,
    /// Whether the stream has ended.
    has_ended: bool,
}

impl<T> Ear<T> {
    pub(super) const fn new() -> Self {
        Self {
            waiter: None,
            has_ended: false,
        }
    }

    /// Takes the waiter out of `channel`, whose receiver drops.
    pub(super) fn close(&mut self, channel: &Channel<T>) {
        if let Some(waiter) = &mut self.waiter {
            if waiter.is_waiting() {
                channel.leave(waiter.as_mut());
            }
        }
    }
}

impl<T> Stream for Receiver<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if slice::is_over(cx) {
            return Poll::Pending;
        }
        let this = &mut *self;
        let step = match this.channel.try_recv() {
            Step::NotNow => {
                let waiter = this
                    .ear
                    .waiter
                    .get_or_insert_with(|| Box::pin(Waiter::new(Ticket::single(None))));
                this.channel.leave(waiter.as_mut());
                // SAFETY: `Ear::close` takes it out before the receiver and the waiter drop.
                unsafe { this.channel.recv_or_be_told(waiter.as_mut(), cx.waker()) }
            }
            step => step,
        };
        match step {
            Step::Done(value) => Poll::Ready(Some(value)),
            Step::Closed => {
                this.ear.has_ended = true;
                Poll::Ready(None)
            }
            Step::NotNow => Poll::Pending,
        }
    }
}

impl<T> FusedStream for Receiver<T> {
    /// Whether the stream has given `None`.
    fn is_terminated(&self) -> bool {
        self.ear.has_ended
    }
}
