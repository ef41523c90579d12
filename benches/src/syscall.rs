//! What it costs to declare a call that may block: nanoseconds for one `syscall` in a goroutine,
//! beside the same call without.
//!
//! As in [`defer`](crate::defer) the loops take turns, and the fastest of each counts.

use std::fs::File;
use std::hint::black_box;
use std::io;
use std::os::unix::fs::FileExt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gort::{Runtime, syscall};

/// How often each loop is timed.
const ROUNDS: usize = 15;
/// How long one timing lasts, about.
const ROUND: Duration = Duration::from_millis(8);

/// The subcommand `syscall`.
pub(crate) fn run() -> io::Result<ExitCode> {
    let runtime = Runtime::builder().procs(1).build()?;
    let file = File::open(std::env::current_exe()?)?;
    let measured = runtime.block_on(async { gort::spawn(measure(file)).await })?;
    for (title, bare, declared) in measured {
        println!(
            "{title}: {bare:.1} ns, in syscall {declared:.1}, {:+.1}",
            declared - bare
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// A name, the time without, the time with.
type Found = (&'static str, f64, f64);

/// Nanoseconds for one evaluation of an expression, which may await.
macro_rules! timed {
    ($call:expr) => {{
        let start = Instant::now();
        let mut calls = 0_u32;
        loop {
            for _ in 0..1000 {
                $call;
            }
            calls += 1000;
            let elapsed = start.elapsed();
            if elapsed >= ROUND {
                break elapsed.as_nanos() as f64 / f64::from(calls);
            }
        }
    }};
}

async fn measure(file: File) -> [Found; 2] {
    let mut page = vec![0; 4096];
    let mut best = [f64::INFINITY; 4];
    for _ in 0..ROUNDS {
        let rounds = [
            timed!(nothing()),
            timed!(syscall(nothing).await),
            timed!(read(&file, &mut page)),
            timed!(syscall(|| read(&file, &mut page)).await),
        ];
        for (best, nanos) in best.iter_mut().zip(rounds) {
            *best = best.min(nanos);
        }
    }
    [
        ("a call that does nothing", best[0], best[1]),
        ("4 KiB of a file that is in memory", best[2], best[3]),
    ]
}

#[inline(never)]
fn nothing() {
    black_box(());
}

#[inline(never)]
fn read(file: &File, page: &mut [u8]) {
    let read = file.read_at(page, 0).expect("the program can be read");
    assert_eq!(read, page.len());
}
