//! [`Receiver`]: the end of a channel that values come out of.

use super::channel::{Channel, Step};
use super::errors::TryRecvError;
use super::receiving::Receiving;
use super::stream::Ear;
use crate::wait::block;
use std::fmt;
use std::sync::Arc;

/// The receiving end of a channel made by [`chan`](super::chan()).
///
/// Any number of goroutines and threads may receive, through one receiver or through clones; each
/// value goes to one of them. When the last receiver drops the channel is closed, and what lies in
/// it is dropped.
///
/// It is a [`Stream`](futures::Stream) too.
pub struct Receiver<T> {
    pub(super) channel: Arc<Channel<T>>,
    /// Where the stream waits; made when it first does.
    pub(super) ear: Ear<T>,
}

impl<T> Receiver<T> {
    pub(super) fn new(channel: Arc<Channel<T>>) -> Self {
        channel.add_receiver();
        Self {
            channel,
            ear: Ear::new(),
        }
    }

    /// Receives a value, or waits for one. `None` means that the channel is closed and empty.
    ///
    /// Receivers that wait are served first come, first served.
    ///
    /// # Cancel safety
    /// No value is lost. One that was handed to a future which is dropped goes to the next receiver
    /// that waits, or is what the next receive takes first.
    ///
    /// # Examples
    /// ```
    /// # #[gort::main]
    /// # async fn main() {
    /// let (tx, rx) = gort::chan(2);
    /// tx.send(1).await.unwrap();
    /// drop(tx);
    /// assert_eq!(rx.recv().await, Some(1));
    /// assert_eq!(rx.recv().await, None);
    /// # }
    /// ```
    #[inline]
    pub fn recv(&self) -> Receiving<'_, T> {
        Receiving::new(Some(&self.channel))
    }

    /// Receives now or not at all.
    ///
    /// # Errors
    /// If there is no value and no sender that waits: [`TryRecvError::Closed`] if there will be
    /// none, else [`TryRecvError::Empty`].
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gort::chan(1);
    /// assert!(rx.try_recv().is_err());
    /// tx.try_send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// ```
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.channel.try_recv() {
            Step::Done(value) => Ok(value),
            Step::Closed => Err(TryRecvError::Closed),
            Step::NotNow => Err(TryRecvError::Empty),
        }
    }

    /// Receives on a thread that may sleep meanwhile. `None` means that the channel is closed and
    /// empty.
    ///
    /// # Panics
    /// In a goroutine, whose thread must not sleep.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gort::chan(0);
    /// let thread = std::thread::spawn(move || rx.recv_blocking());
    /// gort::block_on(tx.send(1)).unwrap();
    /// assert_eq!(thread.join().unwrap(), Some(1));
    /// ```
    #[track_caller]
    pub fn recv_blocking(&self) -> Option<T> {
        block("recv_blocking", "recv", self.recv())
    }

    /// Closes the channel: nothing can be sent any more. What lies in it can be received. Tells
    /// whether it was open.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gort::chan(1);
    /// assert!(rx.close());
    /// assert!(tx.try_send(1).is_err());
    /// ```
    pub fn close(&self) -> bool {
        self.channel.close()
    }

    /// Whether the channel is closed. There may still be something to receive.
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
    /// let (_tx, rx) = gort::chan::<u8>(5);
    /// assert_eq!((rx.capacity(), rx.len()), (5, 0));
    /// ```
    pub fn capacity(&self) -> usize {
        self.channel.capacity()
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.channel))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.ear.close(&self.channel);
        self.channel.remove_receiver();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.channel).finish()
    }
}
