//! What the kernel knows of a thread: whether it sleeps, and how long it has run.
//!
//! The time alone does not tell a thread that waits from one that is kept from running by others on
//! a busy machine; the kernel's state does. Where there is no `/proc` nothing is known, and a poll
//! that lasts counts as a computation.

use std::cell::Cell;
use std::fs::File;

/// What a thread was doing at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ThreadState {
    /// Whether it waits in the kernel: for an event, or for a disk.
    asleep: bool,
    /// How long it has run, in nanoseconds, or in ticks where those are not counted.
    ran: u64,
}

impl ThreadState {
    /// Whether a thread that was seen so before has waited ever since, going by two looks.
    pub(super) fn has_waited_since(self, before: Self) -> bool {
        self.asleep && self == before
    }
}

/// The kernel's account of one thread, open for reading.
#[derive(Debug)]
pub(super) struct ThreadFiles {
    stat: File,
    /// Absent where the kernel does not count.
    schedstat: Option<File>,
}

impl ThreadFiles {
    /// The account of the thread that the system knows by this number; `None` if there is none.
    pub(super) fn open(thread: u32) -> Option<Self> {
        let open = |name| File::open(format!("/proc/self/task/{thread}/{name}"));
        Some(Self {
            stat: open("stat").ok()?,
            schedstat: open("schedstat").ok(),
        })
    }

    /// What the thread does now; `None` if it is gone.
    pub(super) fn look(&self) -> Option<ThreadState> {
        let mut text = [0; 1024];
        let (asleep, ticks) = parse_stat(read(&self.stat, &mut text)?)?;
        let nanos = self.schedstat.as_ref().and_then(|file| {
            let mut text = [0; 128];
            parse_schedstat(read(file, &mut text)?)
        });
        Some(ThreadState {
            asleep,
            ran: nanos.unwrap_or(ticks),
        })
    }
}

/// The beginning of a file of the kernel's, which is made anew each time it is read.
#[cfg(unix)]
fn read<'a>(file: &File, into: &'a mut [u8]) -> Option<&'a str> {
    use std::os::unix::fs::FileExt;
    let length = file.read_at(into, 0).ok()?;
    std::str::from_utf8(&into[..length]).ok()
}

#[cfg(not(unix))]
fn read<'a>(_file: &File, _into: &'a mut [u8]) -> Option<&'a str> {
    None
}

/// Whether the thread sleeps, and for how many ticks it has run. The name, which comes before both,
/// may have spaces and brackets of its own.
fn parse_stat(text: &str) -> Option<(bool, u64)> {
    let (_name, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    // After the state come ten numbers, then the ticks in user and in kernel mode.
    let mut ticks = fields.skip(10).map(|field| field.parse::<u64>().ok());
    Some((matches!(state, "S" | "D"), ticks.next()?? + ticks.next()??))
}

/// For how many nanoseconds the thread has run.
fn parse_schedstat(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

thread_local! {
    /// The number the system has for this thread, 0 while nobody has asked.
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}

/// The number the system has for this thread; 0 if it has none.
pub(super) fn this_thread() -> u32 {
    let known = NUMBER.get();
    if known != 0 {
        return known;
    }
    let number = ask_number();
    NUMBER.set(number);
    number
}

#[cfg(target_os = "linux")]
fn ask_number() -> u32 {
    u32::try_from(rustix::thread::gettid().as_raw_nonzero().get()).unwrap_or(0)
}

#[cfg(not(target_os = "linux"))]
fn ask_number() -> u32 {
    0
}

#[cfg(test)]
mod tests {
    use super::{ThreadFiles, ThreadState, parse_schedstat, parse_stat, this_thread};
    use std::sync::mpsc;
    use std::thread;
    use std::time::{Duration, Instant};

    #[test]
    fn the_state_and_the_ticks_of_a_thread_are_read_whatever_its_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 71 29 5 6";
        for name in ["gort-m-0", "a b", ") S 3 (", ""] {
            assert_eq!(
                parse_stat(&format!("42 ({name}) {rest}")),
                Some((true, 100))
            );
        }
        let running = "42 (x) R 1 2 3 4 5 6 7 8 9 10 71 29 5 6";
        assert_eq!(parse_stat(running), Some((false, 100)));
        for bad in [
            "",
            "42 (x",
            "42 (x) S 1 2",
            "42 (x) S 1 2 3 4 5 6 7 8 9 10 x 1",
        ] {
            assert_eq!(parse_stat(bad), None, "{bad:?}");
        }
        assert_eq!(parse_schedstat("123 456 7\n"), Some(123));
        assert_eq!(parse_schedstat(""), None);
    }

    /// Looks at a thread that runs `f` until it answers `wanted` to two looks.
    #[cfg(target_os = "linux")]
    fn comes_to(wanted: bool, f: impl FnOnce() + Send + 'static) -> bool {
        let (tell, told) = mpsc::channel();
        let _running = thread::spawn(move || {
            tell.send(this_thread()).unwrap();
            f();
        });
        let files = ThreadFiles::open(told.recv().unwrap()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let before: ThreadState = files.look().unwrap();
            thread::sleep(Duration::from_millis(20));
            if files.look().unwrap().has_waited_since(before) == wanted {
                return true;
            }
        }
        false
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_sleeps_is_told_from_one_that_computes() {
        let minute = Duration::from_secs(60);
        assert!(comes_to(true, move || thread::sleep(minute)));
        let (_keep, stop) = mpsc::channel::<()>();
        assert!(comes_to(false, move || {
            while stop.try_recv() == Err(mpsc::TryRecvError::Empty) {}
        }));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_is_gone_is_not_seen() {
        let number = thread::spawn(this_thread).join().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while ThreadFiles::open(number).is_some() {
            assert!(Instant::now() < deadline, "it is still listed");
        }
    }
}
