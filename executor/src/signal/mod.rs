//! Signals of the operating system, as events that goroutines wait for; Go's `os/signal`.
//!
//! Each [`Signal`] has a socket pair. The handler, which may do next to nothing, writes one byte to
//! one end; the other waits in the netpoller. So signals need no thread and no global state of
//! ours, any number of goroutines and runtimes may watch the same one, and each sees it. Two
//! signals before the first is received may count as one, as the system counts them.
//!
//! The first watch of a signal replaces what the system does about it by default, for the rest of
//! the process: after a [`ctrl_c`] has ended, later interrupts are ignored unless somebody watches.

mod signal_kind;
mod watch;

pub use signal_kind::SignalKind;
pub use watch::{Signal, ctrl_c};
