//! Watching one signal.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use signal_hook_registry::SigId;

use super::signal_kind::SignalKind;
use crate::net::AsyncFd;

/// Watches one signal, from its creation to its drop.
///
/// # Examples
/// ```
/// use gort::signal::{Signal, SignalKind};
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let mut hangup = Signal::new(SignalKind::HANGUP)?;
/// #   let this = std::process::id().to_string();
/// #   std::process::Command::new("kill").args(["-HUP", &this]).status()?;
///     // kill -HUP ..
///     hangup.recv().await?;
///     println!("reading the configuration again");
///     Ok(())
/// })
/// # }
/// ```
pub struct Signal {
    kind: SignalKind,
    /// One byte for each signal, unless the buffer is full; then there are enough.
    received: AsyncFd<UnixStream>,
    action: SigId,
}

impl Signal {
    /// Begins to watch: a signal that arrives from now on is received.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a signal that cannot be watched (`SIGKILL`, `SIGSTOP`,
    /// `SIGILL`, `SIGFPE`, `SIGSEGV`) or that does not exist; those of the system.
    pub fn new(kind: SignalKind) -> io::Result<Self> {
        if signal_hook_registry::FORBIDDEN.contains(&kind.as_raw()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("signal {} cannot be watched", kind.as_raw()),
            ));
        }
        let (received, arrival) = UnixStream::pair()?;
        arrival.set_nonblocking(true)?;
        let received = AsyncFd::new(received)?;
        let tell = move || {
            // A full buffer tells as well.
            let _ = (&arrival).write(&[0]);
        };
        // SAFETY: the action is one `write` to a socket that does not block, which is
        // async-signal-safe; the registry restores `errno` after it.
        let action = unsafe { signal_hook_registry::register(kind.as_raw(), tell) }?;
        Ok(Self {
            kind,
            received,
            action,
        })
    }

    /// Waits for the signal. Signals that arrived since the last return count as one.
    ///
    /// # Errors
    /// The runtime has been shut down.
    ///
    /// # Cancel safety
    /// No signal is lost.
    pub async fn recv(&mut self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// As [`Signal::recv`].
    ///
    /// # Errors
    /// As [`Signal::recv`].
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.received.poll_read_with(cx, |socket| drain(socket))
    }
}

/// Reads all there is. That there is nothing is an error only at the first look.
fn drain(mut socket: impl Read) -> io::Result<()> {
    let mut bytes = [0; 256];
    let mut got = socket.read(&mut bytes)?;
    while got == bytes.len() {
        got = socket.read(&mut bytes).unwrap_or(0);
    }
    Ok(())
}

/// One item for each [`Signal::recv`]; the stream ends with its runtime.
impl Stream for Signal {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.poll_recv(cx).map(Result::ok)
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        signal_hook_registry::unregister(self.action);
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Watches a signal from now on, as a [`Stream`] too: [`Signal::new`].
///
/// # Errors
/// As there.
///
/// # Examples
/// ```
/// use futures::StreamExt;
/// use gort::signal::{SignalKind, signal};
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let mut resized = signal(SignalKind::WINDOW_CHANGE)?;
/// #   let this = std::process::id().to_string();
/// #   std::process::Command::new("kill").args(["-WINCH", &this]).status()?;
///     // kill -WINCH ..
///     assert_eq!(resized.next().await, Some(()));
///     Ok(())
/// })
/// # }
/// ```
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    Signal::new(kind)
}

/// Waits for an interrupt: Ctrl-C at the terminal.
///
/// It sees one that arrives after its first poll. Any number of goroutines may wait; all see it. In
/// a loop keep a [`Signal`] instead, which misses nothing between two rounds.
///
/// # Errors
/// Those of [`Signal::new`] and [`Signal::recv`].
///
/// # Cancel safety
/// An interrupt that nobody waits for is ignored, also after this was dropped; see the module's
/// documentation.
///
/// # Examples
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     gort::signal::ctrl_c().await?;
///     println!("bye");
///     Ok(())
/// })
/// # }
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    Signal::new(SignalKind::INTERRUPT)?.recv().await
}

#[cfg(test)]
mod tests {
    use super::drain;
    use std::io::{self, ErrorKind, Read};

    /// A socket that holds so many bytes and then would block.
    struct Holds(usize);

    impl Read for Holds {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            let n = buf.len().min(self.0);
            self.0 -= n;
            Ok(n)
        }
    }

    #[test]
    fn any_number_of_signals_is_received_as_one() {
        for bytes in [1, 255, 256, 257, 512, 1000] {
            assert!(drain(Holds(bytes)).is_ok(), "{bytes}");
        }
        let error = drain(Holds(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}
