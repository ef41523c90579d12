//! The netpoller: which fds are ready, and whose turn it is.
//!
//! It decides readiness only. A wait for I/O is a [`Waker`](std::task::Waker) left here; an event
//! of the kernel turns it into an entry of a `WakeList`, and whoever polled wakes the list. Nothing
//! here knows a G, and nothing here runs one.
//!
//! ```text
//!   TcpStream ── AsyncFd ── PollDesc ──────────┐          Poller (a role: one thread at a time)
//!                 (net)     one registration   │             │ poll(timeout, &mut WakeList)
//!                                              v             v
//!                                           Slots ◄── key ── Epoll | Portable  (the kernel)
//!                                        Readiness, ...
//! ```
//!
//! * [`Readiness`](readiness): one fd's state, and the protocol between events, tasks and close.
//!   Its proof is there, its models in `loom.rs`.
//! * [`Slots`](slots): where the states live, found by key without a lock, never freed.
//! * `Epoll` waits on Linux by one system call; `Portable` waits through `polling` elsewhere, and
//!   on Linux too with the feature `portable-poll`, so that tests can run both.
//! * [`Netpoll`] owns all of it; [`poller::Poller`] is the right to wait; [`PollDesc`] one
//!   registered fd.
//!
//! # Invariants
//! * An fd is registered once, edge-triggered, for both directions: waiting costs no system call.
//!   (Where the kernel cannot do edges it is armed per wait.)
//! * At most one thread polls at a time; the others see that `try_acquire` fails and go on.
//! * No waker is cloned, woken or dropped under a lock.
//!
//! # Rejected
//! * The address of the state as the event's key (no slots): an event that was fetched before its
//!   fd went away would then need a list of states that must not be freed yet.
//! * A timerfd for precise timeouts, as `polling` has: three more system calls per wait.

mod readiness;

#[cfg(all(target_os = "linux", not(feature = "portable-poll"), not(gort_loom)))]
mod epoll;
#[cfg(not(gort_loom))]
mod poll_desc;
#[cfg(not(gort_loom))]
mod poller;
#[cfg(all(
    any(not(target_os = "linux"), feature = "portable-poll"),
    not(gort_loom)
))]
mod portable;
#[cfg(not(gort_loom))]
mod slots;
mod wake_flag;

#[cfg(all(test, gort_loom))]
mod loom;
#[cfg(all(test, not(gort_loom)))]
mod tests;

#[cfg(not(gort_loom))]
pub(crate) use poll_desc::PollDesc;
#[cfg(not(gort_loom))]
pub(crate) use poller::{Netpoll, PollTimeout, Poller};
#[cfg(not(gort_loom))]
pub(crate) use readiness::{Direction, Spent, Tick};

#[cfg(all(target_os = "linux", not(feature = "portable-poll"), not(gort_loom)))]
use epoll::Epoll as Selector;
#[cfg(all(
    any(not(target_os = "linux"), feature = "portable-poll"),
    not(gort_loom)
))]
use portable::Portable as Selector;
