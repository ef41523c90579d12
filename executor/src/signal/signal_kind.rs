//! Which signal.

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

    /// The signal of this number.
    pub const fn from_raw(number: i32) -> Self {
        Self(number)
    }

    /// The signal's number.
    pub const fn as_raw(self) -> i32 {
        self.0
    }
}
