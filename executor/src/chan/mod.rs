//! Channels: goroutines that hand values to each other.
//!
//! [`chan`] makes the two ends of a channel, as Rust has them: it ends when the last [`Sender`]
//! drops, and an error gives the value back. [`Chan`] is Go's `make(chan T, n)`: one handle that
//! both sides clone, closed by [`close`](Chan::close) and by nothing else, with Go's panics. Both
//! are the same channel inside, and any number may send and receive.
//!
//! ```
//! # #[gort::main]
//! # async fn main() {
//! let (tx, rx) = gort::chan(0);
//! gort::go! {
//!     for n in 1..=3 {
//!         tx.send(n).await.unwrap();
//!     }
//! }
//! let mut sum = 0;
//! while let Some(n) = rx.recv().await {
//!     sum += n;
//! }
//! assert_eq!(sum, 6);
//! # }
//! ```
//!
//! With capacity 0 a send is over when its value has been received: a rendezvous. With a larger one
//! it waits only while that many values lie in the buffer.
//!
//! A channel needs nothing but wakers, so it works on every executor, and between executors and
//! plain threads ([`send_blocking`](Sender::send_blocking), [`recv_blocking`]).
//!
//! [`recv_blocking`]: Receiver::recv_blocking
//!
//! # The rules
//!
//! They are Go's, in Go's order (`runtime/chan.go`). Everything happens under one short lock.
//!
//! | | looks for | then |
//! |---|---|---|
//! | send | the channel closed | fails |
//! | | a receiver that waits | puts the value into its future, and makes it runnable |
//! | | room in the buffer | puts the value there |
//! | | nothing of these | waits behind the other senders |
//! | receive | a value that came back, see below | takes it |
//! | | a value in the buffer | takes it, and the first sender's value moves up |
//! | | a sender that waits | takes its value, and makes it runnable |
//! | | the channel closed | `None` |
//! | | nothing of these | waits behind the other receivers |
//! | close | | receivers get `None`, senders fail |
//!
//! Go never drops a goroutine that waits; here futures are dropped all the time. One that waits
//! leaves the queue. A receive future that was handed a value, and is dropped before it gave it to
//! its caller, hands it to the next receiver that waits; if there is none the value lies in the
//! channel, before all others and beside its capacity, for the next receive. So no value is lost,
//! and a send whose receiver went away has still sent.
//!
//! # Invariants
//!
//! 1. No value lies anywhere while a receiver waits that could have it; no sender waits while there
//!    is room. (A `select!` in which another arm won may still stand in a queue: it cannot.)
//! 2. A waiter's value is put in or taken out by whoever takes the waiter out of its queue, under
//!    the lock, once. What the future finds afterwards says how it ended: a receiver's value is
//!    there or (closed) not, a sender's is gone or (closed) still there.
//! 3. No waker is cloned, woken or dropped and no value is dropped under the lock.
//! 4. The lock's word tells onlookers whether a send or a receive *cannot* succeed now. It may call
//!    possible what is not, never the other way round; so a failed `try_recv` needs one load.
//!
//! # Rejected
//!
//! - *A lock-free ring with waiters beside it*: its read-modify-write for each operation costs as
//!   much as the lock, and Go's order of checks, close, and a select over several channels need
//!   decisions that no other operation comes between.
//! - *Waking a receiver to look for itself*: it may find that another was faster, and waits again
//!   at the end of the queue. A value handed over is one wake-up and no second look.
//! - *Permits for sends in a select* (reserve, then send): a rendezvous cannot be reserved.

mod attempt;
mod channel;
mod errors;
mod go_chan;
mod operation;
mod receiver;
mod receiving;
mod sender;
mod sending;
mod sink;
mod stream;
mod ticket;

#[cfg(all(test, gort_loom))]
pub(crate) mod loom;
#[cfg(all(test, not(gort_loom)))]
mod tests;

pub use errors::{Closed, SendError, TryRecvError, TrySendError};
pub use go_chan::Chan;
pub use receiver::Receiver;
pub use receiving::Receiving;
pub use sender::Sender;
pub use sending::{OnClosed, Sending, SendingFrom};

pub(crate) use channel::{Aftermath, Channel, Step};
pub(crate) use operation::{Operation, Parts};
pub(crate) use ticket::Party;

use std::sync::Arc;

/// Makes a channel that keeps up to `capacity` values, and gives its two ends.
///
/// With capacity 0 a send is over when its value has been received. Both ends can be cloned; the
/// channel ends when the last [`Sender`] drops, or the last [`Receiver`].
///
/// # Panics
/// With Go's "makechan: size out of range" if there can be no buffer of this size.
///
/// # Examples
/// ```
/// # #[gort::main]
/// # async fn main() {
/// let (tx, rx) = gort::chan(0);
/// gort::go!(clone(tx), { tx.send(1).await.unwrap() });
/// gort::go!({ tx.send(2).await.unwrap() });
/// let mut sum = 0;
/// while let Some(n) = rx.recv().await {
///     sum += n;
/// }
/// assert_eq!(sum, 3);
/// # }
/// ```
#[track_caller]
pub fn chan<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel::new(capacity));
    (Sender::new(Arc::clone(&channel)), Receiver::new(channel))
}
