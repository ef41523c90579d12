//! Tests that need a process of their own: the test binary starts itself again for one of them.

use std::env;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Names the test that the child is to run.
const CHILD: &str = "GORT_TEST_CHILD";
/// How long a child may take.
const CHILD_LIMIT: Duration = Duration::from_secs(30);

/// How a child ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

impl Ended {
    /// Checks that the child's test passed.
    ///
    /// # Panics
    /// If not, with all it wrote.
    pub fn passed(&self) -> &Self {
        assert_eq!(
            self.code,
            Some(0),
            "the child failed:\n{}\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

/// Whether this is the child that [`run_child`] started for the test called `test`.
pub fn is_child(test: &str) -> bool {
    env::var(CHILD).is_ok_and(|child| child == test)
}

/// Runs one test of this binary, named by its full path, in a process of its own, with these
/// variables in the environment (`None` takes one out).
///
/// # Panics
/// If the process cannot be started or does not end within half a minute.
pub fn run_child(test: &str, vars: &[(&str, Option<&str>)]) -> Ended {
    let mut command = Command::new(env::current_exe().expect("the binary of this test"));
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, test);
    for (name, value) in vars {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the child starts");
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            break status;
        }
        if started.elapsed() > CHILD_LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            panic!(
                "{test} hung in its own process:\n{}",
                stderr.join().unwrap_or_default()
            );
        }
        thread::sleep(Duration::from_millis(2));
    };
    let [stdout, stderr] = [stdout, stderr].map(|reader| reader.join().unwrap_or_default());
    Ended {
        code: status.code(),
        stdout,
        stderr,
    }
}

fn read_all(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    })
}
