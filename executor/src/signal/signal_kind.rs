//! Which signal.

use rustix::process::Signal;

/// A signal's number. POSIX fixes those that have a name here; others differ between systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignalKind(i32);

impl SignalKind {
    /// `SIGHUP`: the terminal is gone; for a server by custom: read the configuration again.
    pub const HANGUP: Self = Self(1);
    /// `SIGINT`: Ctrl-C.
    pub const INTERRUPT: Self = Self(2);
    /// `SIGQUIT`: Ctrl-\.
    pub const QUIT: Self = Self(3);
    /// `SIGALRM`: a timer of the process.
    pub const ALARM: Self = Self(14);
    /// `SIGTERM`: please end; what `kill` and container runtimes send.
    pub const TERMINATE: Self = Self(15);

    /// `SIGUSR1`: what the program likes.
    pub const USER_1: Self = Self(Signal::USR1.as_raw());
    /// `SIGUSR2`: what the program likes.
    pub const USER_2: Self = Self(Signal::USR2.as_raw());
    /// `SIGPIPE`: a write that nobody will read. Rust programs ignore it and see the error instead.
    pub const PIPE: Self = Self(Signal::PIPE.as_raw());
    /// `SIGCHLD`: a child has ended or was stopped. Waiting for a child needs none: see
    /// `gort::process`.
    pub const CHILD: Self = Self(Signal::CHILD.as_raw());
    /// `SIGCONT`: goes on after it was stopped.
    pub const CONTINUE: Self = Self(Signal::CONT.as_raw());
    /// `SIGTSTP`: Ctrl-Z.
    pub const TERMINAL_STOP: Self = Self(Signal::TSTP.as_raw());
    /// `SIGWINCH`: the terminal has another size.
    pub const WINDOW_CHANGE: Self = Self(Signal::WINCH.as_raw());

    /// The signal of this number.
    pub const fn from_raw(number: i32) -> Self {
        Self(number)
    }

    /// The signal's number.
    pub const fn as_raw(self) -> i32 {
        self.0
    }
}
