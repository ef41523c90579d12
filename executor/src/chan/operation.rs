//! [`Operation`]: a send or a receive as an arm of a `select!` sees it.

use super::channel::Channel;
use super::ticket::Ticket;
use crate::wait::Waiter;
use std::future::Future;
use std::pin::Pin;

/// What an operation consists of.
pub(crate) struct Parts<'a, 'p, T> {
    /// `None` for a nil channel, on which nothing ever happens.
    pub(crate) channel: Option<&'a Channel<T>>,
    /// Whether it has waited. If it has and does not, it was served or dismissed.
    pub(crate) has_waited: &'p mut bool,
    /// A sender's value is in it, a receiver's comes into it.
    pub(crate) waiter: Pin<&'p mut Waiter<Ticket<T>>>,
}

impl<T> Parts<'_, '_, T> {
    /// Ends the wait, if it waits.
    #[inline]
    pub(crate) fn leave(self) {
        if let Some(channel) = self.channel {
            if *self.has_waited && self.waiter.is_waiting() {
                channel.leave(self.waiter);
            }
        }
    }
}

/// A send or a receive.
pub(crate) trait Operation<'a, T: 'a>: Future {
    /// Whether it sends; otherwise it receives.
    const SENDS: bool;

    /// The channel, unless it is nil.
    fn channel(&self) -> Option<&'a Channel<T>>;

    /// All of it. A sender's value is in the waiter from now on.
    fn parts(self: Pin<&mut Self>) -> Parts<'a, '_, T>;

    /// It has been decided, and what is in the waiter says how: gives the output. No lock is held,
    /// and it does not wait.
    fn settle(self: Pin<&mut Self>) -> Self::Output;
}
