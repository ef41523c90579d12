//! The channels that are compared, each behind the same few operations.
//!
//! A channel needs a runtime only to be woken by, so a row about channels is generic over both: a
//! [`Rival`](crate::rival::Rival) and a family of [`Channels`]. What a family cannot do it does not
//! implement: tokio's own channel has one receiver, and neither it nor async-channel has a
//! capacity of zero ([`Name::takes`](crate::rival::Name::takes)).

mod async_channel;
mod flume;
mod gort;
mod kanal;
mod mpsc;

use std::future::Future;

pub(crate) use self::async_channel::AsyncChannel;
pub(crate) use self::flume::Flume;
pub(crate) use self::gort::GortChan;
pub(crate) use self::kanal::Kanal;
pub(crate) use self::mpsc::Mpsc;

/// A family of bounded channels, as a type without values.
pub(crate) trait Channels: 'static {
    type Sender<T: Send + 'static>: Clone + Send + Sync + 'static;
    type Receiver<T: Send + 'static>: Send + 'static;

    /// A channel that holds `capacity` values; it ends when its last sender is dropped.
    fn channel<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>);

    /// Sends `value`, waiting for room; panics if nobody can receive it.
    fn send<T: Send + 'static>(
        sender: &Self::Sender<T>,
        value: T,
    ) -> impl Future<Output = ()> + Send;

    /// The next value; `None` at the end.
    fn recv<T: Send + 'static>(
        receiver: &mut Self::Receiver<T>,
    ) -> impl Future<Output = Option<T>> + Send;

    /// The next value of either receiver, and whose it is; `None` at the end of that one.
    ///
    /// As in Go, neither is preferred when both have one.
    fn select<T: Send + 'static>(
        first: &mut Self::Receiver<T>,
        second: &mut Self::Receiver<T>,
    ) -> impl Future<Output = Picked<T>> + Send;
}

/// Channels that may have several receivers, each value going to one of them.
pub(crate) trait Shared: Channels {
    fn another_receiver<T: Send + 'static>(receiver: &Self::Receiver<T>) -> Self::Receiver<T>;
}

/// What a select received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picked<T> {
    First(Option<T>),
    Second(Option<T>),
}
