//! Processes: starting them, talking to them, waiting for them; Go's `os/exec`.
//!
//! A [`Command`] is the standard library's, and what it starts is a [`Child`], whose pipes are
//! streams of the netpoller and whose end is an event like any other: on Linux the system gives a
//! file descriptor for a process (a *pidfd*) that becomes readable when it ends. So nothing listens
//! to `SIGCHLD`, which a process has only once and other libraries want too, and nothing looks at
//! children that have not ended.
//!
//! ```text
//!   Command --spawn--> Child --wait--> Exit --Fd------> netpoller
//!                       |  \             \---Thread---> one that waits for this child alone
//!               pipes: AsyncFd  \--drop--> reaper: who ends is asked for its status
//! ```
//!
//! Where there is no pidfd (another system, an old kernel, no file descriptor left) a thread waits
//! for the child, from the first time that somebody else does.
//!
//! # What a dropped child leaves
//! The process goes on, unless [`kill_on_drop`](Command::kill_on_drop) is set. When it ends it is
//! asked for its status in any case, by whoever sees the event, so no zombie stays. That costs
//! neither a goroutine nor, on Linux, a thread. If the runtime ends before the child does, a thread
//! takes over.

mod child;
mod command;
mod exit;
mod pipe;
mod reaper;

pub use child::Child;
pub use command::Command;
pub use pipe::{ChildStderr, ChildStdin, ChildStdout};
pub use std::process::{ExitStatus, Output, Stdio};
