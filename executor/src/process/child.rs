//! A process that was started.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::process::{ExitStatus, Output};
use std::task::{Context, Poll, ready};

use futures::future::try_join3;
use futures::io::{AsyncRead, AsyncReadExt};
use rustix::process::{Pid, Signal, kill_process};

use super::exit::Exit;
use super::pipe::{ChildStderr, ChildStdin, ChildStdout};
use super::reaper;
use crate::signal::SignalKind;

/// A process that was started; Go's `exec.Cmd` after `Start`.
///
/// Dropping it leaves the process running, unless
/// [`kill_on_drop`](super::Command::kill_on_drop) is set; in any case it is no zombie after its
/// end.
///
/// # Examples
/// ```
/// use gort::io::{AsyncReadExt, AsyncWriteExt};
/// use gort::process::{Command, Stdio};
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
///     let (mut stdin, mut stdout) = (cat.stdin.take().unwrap(), cat.stdout.take().unwrap());
///     stdin.write_all(b"meow").await?;
///     stdin.close().await?;
///     let mut said = String::new();
///     stdout.read_to_string(&mut said).await?;
///     assert_eq!(said, "meow");
///     assert!(cat.wait().await?.success());
///     Ok(())
/// })
/// # }
/// ```
pub struct Child {
    /// Its standard input, if that is a pipe.
    pub stdin: Option<ChildStdin>,
    /// Its standard output, if that is a pipe.
    pub stdout: Option<ChildStdout>,
    /// Its standard error, if that is a pipe.
    pub stderr: Option<ChildStderr>,
    /// The process; taken out by the drop alone.
    process: Option<(std::process::Child, Exit)>,
    /// Its status, once somebody asked for it after the end.
    status: Option<ExitStatus>,
    kill_on_drop: bool,
}

impl Child {
    /// Takes care of `child`, which is killed if that fails.
    pub(super) fn new(mut child: std::process::Child, kill_on_drop: bool) -> io::Result<Self> {
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let exit = Exit::of(pid(&child));
        let mut this = Self {
            stdin: None,
            stdout: None,
            stderr: None,
            process: Some((child, exit)),
            status: None,
            kill_on_drop: true,
        };
        this.stdin = stdin.map(ChildStdin::new).transpose()?;
        this.stdout = stdout.map(ChildStdout::new).transpose()?;
        this.stderr = stderr.map(ChildStderr::new).transpose()?;
        this.kill_on_drop = kill_on_drop;
        Ok(this)
    }

    fn process(&mut self) -> &mut (std::process::Child, Exit) {
        self.process.as_mut().expect("only the drop takes it")
    }

    /// The process's number; `None` once its end was seen here, since from then on another process
    /// may have it.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// gort::block_on(async {
    ///     let mut child = gort::process::Command::new("true").spawn()?;
    ///     assert!(child.id().is_some());
    ///     child.wait().await?;
    ///     assert_eq!(child.id(), None);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn id(&self) -> Option<u32> {
        let (child, _) = self.process.as_ref()?;
        self.status.is_none().then(|| child.id())
    }

    /// Waits for the end. It closes [`stdin`](Self::stdin) first, so that a child which reads to
    /// the end of it does end. It can be called again and gives the same.
    ///
    /// A child that writes more than a pipe holds waits for whoever reads the pipe: see
    /// [`wait_with_output`](Self::wait_with_output).
    ///
    /// # Errors
    /// The runtime has been shut down; somebody else has asked for the status, or the process
    /// ignores `SIGCHLD`.
    ///
    /// # Cancel safety
    /// Nothing is lost but `stdin`.
    ///
    /// # Examples
    /// As [`Child`].
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        poll_fn(|cx| self.poll_wait(cx)).await
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        if let Some(status) = self.status {
            return Poll::Ready(Ok(status));
        }
        let (child, exit) = self.process();
        let status = ready!(exit.poll_status(cx, child))?;
        self.status = Some(status);
        Poll::Ready(Ok(status))
    }

    /// The status, if the process has ended; `None` if it runs.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Examples
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// gort::block_on(async {
    ///     let mut sleeper = gort::process::Command::new("sleep").arg("60").spawn()?;
    ///     assert!(sleeper.try_wait()?.is_none());
    ///     sleeper.kill().await?;
    ///     assert!(sleeper.try_wait()?.is_some());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            let (child, _) = self.process();
            self.status = child.try_wait()?;
        }
        Ok(self.status)
    }

    /// Waits for the end and gives all that the child has written to its pipes. They are read at
    /// the same time, so it can write as much as it likes.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), and those of reading.
    ///
    /// # Cancel safety
    /// The child is dropped, and what was read is lost.
    ///
    /// # Examples
    /// ```
    /// use gort::process::{Command, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// gort::block_on(async {
    ///     let child = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
    ///     assert_eq!(child.wait_with_output().await?.stdout, b"hello\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        let (out, err) = (self.stdout.take(), self.stderr.take());
        let (status, stdout, stderr) = try_join3(self.wait(), read_all(out), read_all(err)).await?;
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }

    /// Kills the process (`SIGKILL`) and waits for its end.
    ///
    /// # Errors
    /// As [`start_kill`](Self::start_kill) and [`wait`](Self::wait).
    ///
    /// # Cancel safety
    /// The process is killed.
    ///
    /// # Examples
    /// As [`try_wait`](Self::try_wait).
    pub async fn kill(&mut self) -> io::Result<()> {
        self.start_kill()?;
        self.wait().await.map(drop)
    }

    /// Kills the process (`SIGKILL`), whose end is to be waited for. If it has ended nothing
    /// happens.
    ///
    /// # Errors
    /// Those of the system, for instance that the process belongs to another user by now.
    ///
    /// # Examples
    /// ```
    /// use std::os::unix::process::ExitStatusExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// gort::block_on(async {
    ///     let mut sleeper = gort::process::Command::new("sleep").arg("60").spawn()?;
    ///     sleeper.start_kill()?;
    ///     assert_eq!(sleeper.wait().await?.signal(), Some(9));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn start_kill(&mut self) -> io::Result<()> {
        self.send(Signal::KILL)
    }

    /// Sends a signal to the process; Go's `Process.Signal`.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if its end was seen here, with Go's text, or for a signal
    /// without a name in POSIX; those of the system.
    ///
    /// # Examples
    /// ```
    /// use gort::signal::SignalKind;
    /// use std::os::unix::process::ExitStatusExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// gort::block_on(async {
    ///     let mut sleeper = gort::process::Command::new("sleep").arg("60").spawn()?;
    ///     sleeper.signal(SignalKind::TERMINATE)?;
    ///     assert_eq!(sleeper.wait().await?.signal(), Some(15));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn signal(&mut self, kind: SignalKind) -> io::Result<()> {
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
        if self.status.is_some() {
            return Err(invalid("os: process already finished".to_owned()));
        }
        let number = kind.as_raw();
        let signal = Signal::from_named_raw(number)
            .ok_or_else(|| invalid(format!("signal {number} cannot be sent")))?;
        self.send(signal)
    }

    fn send(&mut self, signal: Signal) -> io::Result<()> {
        if self.status.is_some() {
            return Ok(());
        }
        // Nobody but us asks for its status, so the number is still the child's.
        let (child, _) = self.process();
        Ok(kill_process(pid(child), signal)?)
    }
}

/// The number of a child that nobody has asked for its status yet.
fn pid(child: &std::process::Child) -> Pid {
    let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    number.expect("the number of a process is positive and fits")
}

async fn read_all(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.status.is_some() {
            return;
        }
        if self.kill_on_drop {
            // If it fails the process is somebody else's, or gone.
            let _ = self.start_kill();
        }
        if let Some((child, exit)) = self.process.take() {
            reaper::adopt(child, exit);
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id())
            .field("status", &self.status)
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .finish_non_exhaustive()
    }
}
