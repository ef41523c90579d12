//! What the system says about this process.

use std::fs;
use std::time::{Duration, Instant};

/// Waits until `condition` holds, looking every now and then.
///
/// # Panics
/// If it does not within twenty seconds, naming `what`.
#[track_caller]
pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    assert!(
        settles(Duration::from_secs(20), condition),
        "it did not come about that {what}"
    );
}

/// Whether `condition` holds within `limit`.
pub fn settles(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    while !condition() {
        if started.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    true
}

/// How many threads the process has.
///
/// # Panics
/// Where there is no `/proc`.
pub fn threads() -> usize {
    entries("/proc/self/task")
}

/// How many file descriptors the process has open, the one that lists them not counted.
///
/// # Panics
/// Where there is no `/proc`.
pub fn fds() -> usize {
    entries("/proc/self/fd") - 1
}

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).expect("Linux has /proc").count()
}

/// The time that all threads of the process have computed so far.
pub fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// How often each thread but the calling one has gone to sleep so far: name and number, in the
/// order of their ids.
///
/// # Panics
/// Where there is no `/proc`.
pub fn voluntary_switches() -> Vec<(String, u64)> {
    let myself = fs::read_link("/proc/thread-self").expect("Linux has /proc");
    let mut tasks: Vec<_> = fs::read_dir("/proc/self/task")
        .expect("Linux has /proc")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.file_name() != myself.file_name())
        .collect();
    tasks.sort();
    // A thread that ends meanwhile has no file any more.
    let texts = tasks
        .iter()
        .filter_map(|task| fs::read_to_string(task.join("status")).ok());
    texts
        .map(|text| (field(&text, "Name:"), number(&text)))
        .collect()
}

fn number(status: &str) -> u64 {
    field(status, "voluntary_ctxt_switches:")
        .parse()
        .expect("a number")
}

fn field(status: &str, name: &str) -> String {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_default().trim().to_owned()
}
