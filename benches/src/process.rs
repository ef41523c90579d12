//! A process that measures or loads, and the lines it prints.
//!
//! A process that says nothing for [`SILENCE_MAX`] has hung: it is killed, the measurement fails.
//! Dropping a [`Process`] kills it, so an error leaves none behind.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::sample::Message;

/// Many times longer than any measurement, so only a hang reaches it.
const SILENCE_MAX: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Each line of its standard output, parsed; closed at the end of the output.
    messages: Receiver<io::Result<Message>>,
    /// How long it may be silent where a message is expected.
    silence_max: Duration,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> io::Result<Process> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (sender, messages) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let message = line.and_then(|line| Ok(serde_json::from_str(&line)?));
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Ok(Process {
            child,
            messages,
            silence_max: SILENCE_MAX,
        })
    }

    /// The next line the process prints.
    ///
    /// # Errors
    ///
    /// If the process ends or hangs instead, or if the line is no message.
    pub(crate) fn message(&mut self) -> io::Result<Message> {
        match self.messages.recv_timeout(self.silence_max) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => {
                let error = format!("no result within {:?}", self.silence_max);
                Err(io::Error::new(io::ErrorKind::TimedOut, error))
            }
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait()?;
                Err(io::Error::other(format!(
                    "ended without a result: {status}"
                )))
            }
        }
    }

    /// Ends the standard input of the process, by which a server is told to stop.
    pub(crate) fn end_input(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits for the process to end as one that succeeded.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.end_input();
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(status.to_string()))
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has ended already, which is what is wanted.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::Process;
    use crate::sample::Message;
    use std::process::Command;
    use std::time::Duration;

    fn shell(script: &str) -> Process {
        Process::start(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn messages_come_in_order_and_the_end_of_input_stops_a_server() {
        let script = r#"echo '{"listening":"127.0.0.1:1"}'; cat; echo '{"cpu_ns":5}'"#;
        let mut process = shell(script);
        assert_eq!(
            process.message().unwrap(),
            Message::Listening(([127, 0, 0, 1], 1).into())
        );
        process.end_input();
        assert_eq!(process.message().unwrap(), Message::CpuNs(5));
        process.finish().unwrap();
    }

    #[test]
    fn a_process_that_dies_is_an_error_with_its_status() {
        let error = shell("exit 7").message().unwrap_err().to_string();
        assert!(error.contains('7'), "{error}");
    }

    #[test]
    fn a_process_that_hangs_is_given_up_and_killed() {
        let mut process = shell("exec sleep 600");
        process.silence_max = Duration::from_millis(10);
        let error = process.message().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        // Returns at once, or this test hangs with the process.
        drop(process);
    }

    #[test]
    fn a_process_that_fails_after_its_result_is_an_error() {
        let mut process = shell(r#"echo '{"cpu_ns":5}'; exit 3"#);
        process.message().unwrap();
        assert!(process.finish().is_err());
    }

    #[test]
    fn a_line_that_is_no_message_is_an_error() {
        assert!(shell("echo hello").message().is_err());
    }
}
