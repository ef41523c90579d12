//! The ends of the process that no code can prevent, with Go's texts.

use std::process::exit;

/// The exit code of a process that cannot go on, as of one that panics: Go's.
const FATAL: i32 = 2;

/// More threads would be needed than the runtime may have: Go's `checkmcount`.
#[cold]
pub(super) fn thread_exhaustion(max_threads: u32) -> ! {
    eprintln!("runtime: program exceeds {max_threads}-thread limit");
    eprintln!("fatal error: thread exhaustion");
    exit(FATAL)
}
