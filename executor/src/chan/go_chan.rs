//! [`Chan`]: a channel as Go has it, in one handle.

use super::channel::{Channel, Step};
use super::errors::TryRecvError;
use super::receiving::Receiving;
use super::sending::{Sending, SendingFrom};
use crate::wait::block;
use std::fmt;
use std::sync::Arc;

/// Go's `chan T`: one handle to send and to receive, which is cloned freely.
///
/// It is closed by [`close`](Self::close) only. A goroutine that receives from a channel which
/// nobody will ever close waits for ever, as in Go; where that is not wanted,
/// [`chan`](super::chan()) makes a channel that ends with its last sender.
///
/// What is a mistake in Go is one here, and panics with Go's text: to send on a closed channel, and
/// to close one twice.
///
/// # Examples
/// ```
/// use gort::Chan;
///
/// # #[gort::main]
/// # async fn main() {
/// let done = Chan::new(0);
/// gort::go!(clone(done), {
///     done.send("finished").await;
///     done.close();
/// });
/// assert_eq!(done.recv().await, Some("finished"));
/// assert_eq!(done.recv().await, None);
/// # }
/// ```
pub struct Chan<T> {
    /// `None` is Go's nil channel.
    channel: Option<Arc<Channel<T>>>,
}

impl<T> Chan<T> {
    /// Go's `make(chan T, capacity)`.
    ///
    /// # Panics
    /// With Go's "makechan: size out of range" if there can be no buffer of this size.
    ///
    /// # Examples
    /// ```
    /// let jobs = gort::Chan::<String>::new(16);
    /// assert_eq!((jobs.len(), jobs.capacity()), (0, 16));
    /// ```
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Self {
            channel: Some(Arc::new(Channel::new(capacity))),
        }
    }

    /// Go's nil channel: sends and receives wait for ever, and an arm of a `select!` never wins.
    ///
    /// # Examples
    /// ```
    /// use gort::Chan;
    ///
    /// let nothing = Chan::<u32>::nil();
    /// assert!(nothing.is_nil() && nothing.try_recv().is_err());
    /// assert_eq!((nothing.len(), nothing.capacity()), (0, 0));
    /// ```
    pub const fn nil() -> Self {
        Self { channel: None }
    }

    /// Whether this is the nil channel.
    pub const fn is_nil(&self) -> bool {
        self.channel.is_none()
    }

    /// Go's `c <- value`: hands it to a receiver that waits, puts it into the buffer, or waits for
    /// the one or the other.
    ///
    /// # Panics
    /// With Go's "send on closed channel" if the channel is closed, now or while it waits.
    ///
    /// # Cancel safety
    /// If it is dropped before it is ready, the value has not been sent and is dropped too, or it
    /// was received in this very moment. [`send_from`](Self::send_from) keeps it.
    ///
    /// # Examples
    /// ```
    /// # #[gort::main]
    /// # async fn main() {
    /// let c = gort::Chan::new(1);
    /// c.send(1).await;
    /// assert_eq!(c.recv().await, Some(1));
    /// # }
    /// ```
    #[inline]
    pub fn send(&self, value: T) -> Sending<'_, T, Self> {
        Sending::new(self.channel.as_deref(), value)
    }

    /// Sends the value in `slot` and leaves the slot empty, or leaves the value there.
    ///
    /// While `slot` is empty this waits for ever: in a `select!` such an arm takes no part.
    ///
    /// # Panics
    /// As [`send`](Self::send). The value is in the slot then.
    ///
    /// # Cancel safety
    /// If it is dropped before it is ready, the value is in the slot if it was not sent.
    ///
    /// # Examples
    /// ```
    /// # #[gort::main]
    /// # async fn main() {
    /// let c = gort::Chan::new(1);
    /// let mut slot = Some(1);
    /// c.send_from(&mut slot).await;
    /// assert_eq!((slot, c.len()), (None, 1));
    /// # }
    /// ```
    #[inline]
    pub fn send_from<'a>(&'a self, slot: &'a mut Option<T>) -> SendingFrom<'a, T, Self> {
        SendingFrom::new(self.channel.as_deref(), slot)
    }

    /// Go's `v, ok := <-c`: receives a value, or waits for one. `None` means that the channel is
    /// closed and empty.
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
    /// let c = gort::Chan::new(1);
    /// c.send(1).await;
    /// c.close();
    /// assert_eq!((c.recv().await, c.recv().await), (Some(1), None));
    /// # }
    /// ```
    #[inline]
    pub fn recv(&self) -> Receiving<'_, T> {
        Receiving::new(self.channel.as_deref())
    }

    /// Sends `value` now or not at all: Go's `select` with one send and a `default`.
    ///
    /// # Errors
    /// The value, if no receiver waits and the buffer has no room.
    ///
    /// # Panics
    /// With Go's "send on closed channel".
    ///
    /// # Examples
    /// ```
    /// let c = gort::Chan::new(1);
    /// assert_eq!(c.try_send(1), Ok(()));
    /// assert_eq!(c.try_send(2), Err(2));
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_send(&self, value: T) -> Result<(), T> {
        let Some(channel) = &self.channel else {
            return Err(value);
        };
        let mut value = Some(value);
        let step = channel.try_send(&mut value);
        assert!(step != Step::Closed, "send on closed channel");
        value.map_or(Ok(()), Err)
    }

    /// Receives now or not at all: Go's `select` with one receive and a `default`.
    ///
    /// # Errors
    /// If there is no value and no sender that waits: [`TryRecvError::Closed`] if there will be
    /// none, else [`TryRecvError::Empty`].
    ///
    /// # Examples
    /// ```
    /// let c = gort::Chan::new(1);
    /// assert!(c.try_recv().is_err());
    /// c.try_send(1).unwrap();
    /// assert_eq!(c.try_recv(), Ok(1));
    /// ```
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.channel.as_ref().map(|channel| channel.try_recv()) {
            Some(Step::Done(value)) => Ok(value),
            Some(Step::Closed) => Err(TryRecvError::Closed),
            Some(Step::NotNow) | None => Err(TryRecvError::Empty),
        }
    }

    /// Sends `value` from a thread that may sleep meanwhile.
    ///
    /// # Panics
    /// As [`send`](Self::send), and in a goroutine, whose thread must not sleep.
    ///
    /// # Examples
    /// ```
    /// let c = gort::Chan::new(1);
    /// c.send_blocking(1);
    /// assert_eq!(c.recv_blocking(), Some(1));
    /// ```
    #[track_caller]
    pub fn send_blocking(&self, value: T) {
        block("send_blocking", "send", self.send(value));
    }

    /// Receives on a thread that may sleep meanwhile. `None` means that the channel is closed and
    /// empty.
    ///
    /// # Panics
    /// In a goroutine, whose thread must not sleep.
    ///
    /// # Examples
    /// ```
    /// let c = gort::Chan::<u8>::new(1);
    /// c.close();
    /// assert_eq!(c.recv_blocking(), None);
    /// ```
    #[track_caller]
    pub fn recv_blocking(&self) -> Option<T> {
        block("recv_blocking", "recv", self.recv())
    }

    /// Go's `close(c)`: nothing can be sent any more, receivers get what lies in the channel and
    /// then `None`.
    ///
    /// # Panics
    /// With Go's "close of closed channel" and "close of nil channel".
    ///
    /// # Examples
    /// ```
    /// let c = gort::Chan::<u8>::new(0);
    /// c.close();
    /// assert!(c.is_closed());
    /// assert!(std::panic::catch_unwind(|| c.close()).is_err());
    /// ```
    #[track_caller]
    pub fn close(&self) {
        match &self.channel {
            None => panic!("close of nil channel"),
            Some(channel) => assert!(channel.close(), "close of closed channel"),
        }
    }

    /// Whether the channel is closed. There may still be something to receive.
    pub fn is_closed(&self) -> bool {
        self.channel
            .as_ref()
            .is_some_and(|channel| channel.is_closed())
    }

    /// Go's `len(c)`: how many values lie in the buffer.
    pub fn len(&self) -> usize {
        self.channel.as_ref().map_or(0, |channel| channel.len())
    }

    /// Whether no value lies in the buffer.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Go's `cap(c)`: how many values the buffer takes.
    pub fn capacity(&self) -> usize {
        self.channel
            .as_ref()
            .map_or(0, |channel| channel.capacity())
    }
}

impl<T> Clone for Chan<T> {
    fn clone(&self) -> Self {
        Self {
            channel: self.channel.clone(),
        }
    }
}

/// Go's zero value, the nil channel.
impl<T> Default for Chan<T> {
    fn default() -> Self {
        Self::nil()
    }
}

/// Two handles are equal if they are of one channel, as in Go.
impl<T> PartialEq for Chan<T> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.channel, &other.channel) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (one, two) => one.is_none() && two.is_none(),
        }
    }
}

impl<T> Eq for Chan<T> {}

impl<T> fmt::Debug for Chan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.channel {
            None => f.write_str("Chan(nil)"),
            Some(channel) => f.debug_tuple("Chan").field(channel).finish(),
        }
    }
}
