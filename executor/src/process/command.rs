//! What is to be started.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use super::child::Child;
use super::reaper;
use crate::sched::in_call;

/// A program to start, its arguments and its surroundings: [`std::process::Command`], whose
/// children goroutines wait for; Go's `exec.Cmd`.
///
/// # Examples
/// ```
/// use gort::process::Command;
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let output = Command::new("echo").arg("hello, gopher").output().await?;
///     assert!(output.status.success());
///     assert_eq!(output.stdout, b"hello, gopher\n");
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct Command {
    std: std::process::Command,
    kill_on_drop: bool,
    /// Whether it was said what the child's standard output and error are.
    stdout_is_set: bool,
    stderr_is_set: bool,
    stdin_is_set: bool,
}

impl Command {
    /// The program of this path, or of this name on the `PATH`, without arguments.
    ///
    /// # Examples
    /// As [`Command`].
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        std::process::Command::new(program).into()
    }

    /// Adds an argument.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg(arg);
        self
    }

    /// Adds several arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Self {
        self.std.args(args);
        self
    }

    /// Sets the name that the program sees as its own.
    pub fn arg0(&mut self, arg: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg0(arg);
        self
    }

    /// Sets a variable of the environment.
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.std.env(key, value);
        self
    }

    /// Sets several variables of the environment.
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> &mut Self {
        self.std.envs(vars);
        self
    }

    /// Takes a variable out of the environment.
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Self {
        self.std.env_remove(key);
        self
    }

    /// Takes all variables out of the environment.
    pub fn env_clear(&mut self) -> &mut Self {
        self.std.env_clear();
        self
    }

    /// Sets the directory that the child starts in.
    pub fn current_dir(&mut self, dir: impl AsRef<Path>) -> &mut Self {
        self.std.current_dir(dir);
        self
    }

    /// Says what the child's standard input is. Without a word it is this process's, and nothing
    /// for [`output`](Self::output).
    pub fn stdin(&mut self, stdio: impl Into<Stdio>) -> &mut Self {
        self.std.stdin(stdio);
        self.stdin_is_set = true;
        self
    }

    /// Says what the child's standard output is. Without a word it is this process's, and a pipe
    /// for [`output`](Self::output).
    pub fn stdout(&mut self, stdio: impl Into<Stdio>) -> &mut Self {
        self.std.stdout(stdio);
        self.stdout_is_set = true;
        self
    }

    /// Says what the child's standard error is; as [`stdout`](Self::stdout).
    pub fn stderr(&mut self, stdio: impl Into<Stdio>) -> &mut Self {
        self.std.stderr(stdio);
        self.stderr_is_set = true;
        self
    }

    /// Whether a [`Child`] that is dropped takes its process along (`SIGKILL`), and with it a
    /// future of [`status`](Self::status) or [`output`](Self::output). Without a word it does not.
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Self {
        self.kill_on_drop = kill;
        self
    }

    /// Sets the user that the child runs as.
    pub fn uid(&mut self, id: u32) -> &mut Self {
        self.std.uid(id);
        self
    }

    /// Sets the group that the child runs as.
    pub fn gid(&mut self, id: u32) -> &mut Self {
        self.std.gid(id);
        self
    }

    /// Sets the group of processes that the child belongs to; 0 for one of its own.
    pub fn process_group(&mut self, group: i32) -> &mut Self {
        self.std.process_group(group);
        self
    }

    /// The standard library's command, to read from or to start in another way.
    pub fn as_std(&self) -> &std::process::Command {
        &self.std
    }

    /// The standard library's command, for what has no method here. What is said there about the
    /// standard streams [`output`](Self::output) does not know of.
    pub fn as_std_mut(&mut self) -> &mut std::process::Command {
        &mut self.std
    }

    /// Starts the program; Go's `Cmd.Start`. It takes the time of a system call, some hundred
    /// microseconds, and other goroutines run meanwhile.
    ///
    /// The child belongs to the current runtime (or the default one, which it starts).
    ///
    /// # Errors
    /// Those of [`std::process::Command::spawn`], such as [`io::ErrorKind::NotFound`] if there is
    /// no such program. If a pipe cannot be registered with the runtime, the process is killed.
    ///
    /// # Examples
    /// As [`Child`].
    pub fn spawn(&mut self) -> io::Result<Child> {
        reaper::look();
        let child = in_call(|| self.std.spawn())?;
        Child::new(child, self.kill_on_drop)
    }

    /// Starts the program and waits for its end; Go's `Cmd.Run`. Pipes, if any were asked for, are
    /// closed.
    ///
    /// # Errors
    /// Those of [`spawn`](Self::spawn) and [`Child::wait`]. That the program fails is none.
    ///
    /// # Cancel safety
    /// The child goes on, unless [`kill_on_drop`](Self::kill_on_drop) is set.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// gort::block_on(async {
    ///     let status = gort::process::Command::new("false").status().await?;
    ///     assert_eq!(status.code(), Some(1));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn status(&mut self) -> io::Result<ExitStatus> {
        let mut child = self.spawn()?;
        child.stdout.take();
        child.stderr.take();
        child.wait().await
    }

    /// Starts the program, waits for its end and gives all it wrote; Go's `Cmd.Output`.
    ///
    /// # Errors
    /// As [`status`](Self::status), and those of reading.
    ///
    /// # Cancel safety
    /// As [`status`](Self::status). The child's output is lost, and its next write to a pipe fails.
    ///
    /// # Examples
    /// As [`Command`].
    pub async fn output(&mut self) -> io::Result<Output> {
        let unset = [self.stdin_is_set, self.stdout_is_set, self.stderr_is_set];
        if !self.stdin_is_set {
            self.std.stdin(Stdio::null());
        }
        if !self.stdout_is_set {
            self.std.stdout(Stdio::piped());
        }
        if !self.stderr_is_set {
            self.std.stderr(Stdio::piped());
        }
        let child = self.spawn();
        // The next child is to be like one that was never asked for its output.
        let [stdin, stdout, stderr] = unset;
        if !stdin {
            self.std.stdin(Stdio::inherit());
        }
        if !stdout {
            self.std.stdout(Stdio::inherit());
        }
        if !stderr {
            self.std.stderr(Stdio::inherit());
        }
        child?.wait_with_output().await
    }
}

impl From<std::process::Command> for Command {
    fn from(std: std::process::Command) -> Self {
        Self {
            std,
            kill_on_drop: false,
            stdout_is_set: false,
            stderr_is_set: false,
            stdin_is_set: false,
        }
    }
}
