//! [`Sender`]: the end of a channel that values go into.

use super::channel::{Channel, Step};
use super::errors::{Closed, SendError, TrySendError};
use super::sending::{Sending, SendingFrom};
use super::sink::Outbox;
use crate::wait::block;
use std::fmt;
use std::sync::Arc;

/// The sending end of a channel made by [`chan`](super::chan()).
///
/// Any number of goroutines and threads may send, through one sender or through clones. The channel
/// is closed when the last of them drops, or by [`close`](Self::close).
///
/// It is a [`Sink`](futures::Sink) too.
pub struct Sender<T> {
    pub(super) channel: Arc<Channel<T>>,
    /// What the sink holds back; made when it first does.
    pub(super) outbox: Outbox<T>,
    /// Whether it has left the channel, as a sink that was closed does.
    pub(super) has_left: bool,
}

impl<T> Sender<T> {
    pub(super) fn new(channel: Arc<Channel<T>>) -> Self {
        channel.add_sender();
        Self {
            channel,
            outbox: Outbox::new(),
            has_left: false,
        }
    }

    /// Sends `value`: hands it to a receiver that waits, puts it into the buffer, or waits for the
    /// one or the other. With capacity 0 it has been received when this is over.
    ///
    /// # Errors
    /// If the channel is closed, or the last receiver dropped, now or while it waits. The value is
    /// in the error.
    ///
    /// # Cancel safety
    /// If it is dropped before it is ready, the value has not been sent and is dropped too, or it
    /// was received in this very moment. [`send_from`](Self::send_from) keeps it.
    ///
    /// # Examples
    /// ```
    /// # #[gort::main]
    /// # async fn main() {
    /// let (tx, rx) = gort::chan(1);
    /// tx.send("hello").await.unwrap();
    /// assert_eq!(rx.recv().await, Some("hello"));
    /// # }
    /// ```
    #[inline]
    pub fn send(&self, value: T) -> Sending<'_, T, Self> {
        Sending::new(Some(&self.channel), value)
    }

    /// Sends the value in `slot` and leaves the slot empty, or leaves the value there.
    ///
    /// While `slot` is empty this waits for ever: in a `select!` such an arm takes no part.
    ///
    /// # Errors
    /// If the channel is closed, or the last receiver dropped, now or while it waits.
    ///
    /// # Cancel safety
    /// If it is dropped before it is ready, the value is in the slot if it was not sent.
    ///
    /// # Examples
    /// ```
    /// # #[gort::main]
    /// # async fn main() {
    /// use gort::time::{Duration, timeout};
    ///
    /// let (tx, rx) = gort::chan(0);
    /// let mut slot = Some(7);
    /// assert!(timeout(Duration::from_millis(1), tx.send_from(&mut slot)).await.is_err());
    /// assert_eq!(slot, Some(7));
    ///
    /// gort::go!({ rx.recv().await });
    /// tx.send_from(&mut slot).await.unwrap();
    /// assert_eq!(slot, None);
    /// # }
    /// ```
    #[inline]
    pub fn send_from<'a>(&'a self, slot: &'a mut Option<T>) -> SendingFrom<'a, T, Self> {
        SendingFrom::new(Some(&self.channel), slot)
    }

    /// Sends `value` now or not at all.
    ///
    /// # Errors
    /// If no receiver waits and the buffer has no room, or if the channel is closed. The value is
    /// in the error.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gort::chan(1);
    /// assert!(tx.try_send(1).is_ok());
    /// assert_eq!(tx.try_send(2).unwrap_err().into_inner(), 2);
    /// # drop(rx);
    /// ```
    #[inline]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut value = Some(value);
        let step = self.channel.try_send(&mut value);
        match (step, value) {
            (Step::Closed, Some(value)) => Err(TrySendError::Closed(value)),
            (Step::NotNow, Some(value)) => Err(TrySendError::Full(value)),
            _ => Ok(()),
        }
    }

    /// Sends `value` from a thread that may sleep meanwhile.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Panics
    /// In a goroutine, whose thread must not sleep.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gort::chan(0);
    /// let thread = std::thread::spawn(move || tx.send_blocking(1));
    /// assert_eq!(gort::block_on(rx.recv()), Some(1));
    /// thread.join().unwrap().unwrap();
    /// ```
    #[track_caller]
    pub fn send_blocking(&self, value: T) -> Result<(), SendError<T>> {
        block("send_blocking", "send", self.send(value))
    }

    /// [`send_from`](Self::send_from), from a thread that may sleep meanwhile.
    ///
    /// # Errors
    /// As [`send_from`](Self::send_from).
    ///
    /// # Panics
    /// In a goroutine, whose thread must not sleep.
    #[track_caller]
    pub fn send_from_blocking(&self, slot: &mut Option<T>) -> Result<(), Closed> {
        block("send_from_blocking", "send_from", self.send_from(slot))
    }

    /// Closes the channel: nothing can be sent any more. What lies in it can be received. Tells
    /// whether it was open.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gort::chan(1);
    /// tx.try_send(1).unwrap();
    /// assert!(tx.close());
    /// assert!(!tx.close());
    /// assert_eq!((rx.try_recv().ok(), rx.try_recv().ok()), (Some(1), None));
    /// ```
    pub fn close(&self) -> bool {
        self.channel.close()
    }

    /// Whether the channel is closed, or the last receiver dropped.
    pub fn is_closed(&self) -> bool {
        self.channel.is_closed()
    }

    /// How many values lie in the buffer.
    pub fn len(&self) -> usize {
        self.channel.len()
    }

    /// Whether no value lies in the buffer.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values the buffer takes.
    ///
    /// # Examples
    /// ```
    /// let (tx, _rx) = gort::chan::<u8>(5);
    /// assert_eq!((tx.capacity(), tx.len()), (5, 0));
    /// ```
    pub fn capacity(&self) -> usize {
        self.channel.capacity()
    }

    /// Takes this sender out of the channel, once.
    pub(super) fn go(&mut self) {
        if !std::mem::replace(&mut self.has_left, true) {
            self.channel.remove_sender();
        }
    }
}

impl<T> Clone for Sender<T> {
    /// Another sender of the same channel. A sink that was closed has left its channel; its clone
    /// takes part in it again.
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.channel))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.outbox.discard(&self.channel);
        self.go();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.channel).finish()
    }
}
