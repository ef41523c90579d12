//! Signals of the operating system, as events that goroutines wait for; Go's `os/signal`.
//!
//! Each [`Signal`] has a socket pair. The handler, which may do next to nothing, writes one byte to
//! one end; the other waits in the netpoller. So signals need no thread and no global state of
//! ours, any number of goroutines and runtimes may watch the same one, and each sees it. Two
//! signals before the first is received may count as one, as the system counts them.
//!
//! The first watch of a signal replaces what the system does about it by default, for the rest of
//! the process: after a [`ctrl_c`] has ended, later interrupts are ignored unless somebody watches.
//!
//! # Beside Go's `signal.Notify`
//!
//! | Go | here |
//! |---|---|
//! | `Notify(c, sig)`, `c` with room for one | [`signal(kind)`](signal()): a stream, one item for all signals since the last |
//! | `Notify(c, a, b)` | two streams in one `select!` |
//! | `c` with room for more: a signal is dropped if `c` is full | none: the system too counts two as one |
//! | `Stop(c)` | the stream is dropped |
//! | after the last `Stop` the signal does what it did before | it does nothing, as after `signal.Ignore` |
//! | `Notify(c)` for all signals | none: who wants a signal names it |
//! | several channels for one signal: each gets it | the same |

mod signal_kind;
mod watch;

pub use signal_kind::SignalKind;
pub use watch::{Signal, ctrl_c, signal};
