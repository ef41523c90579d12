//! How much memory goroutines take that wait for ever, as a table.
//!
//! ```text
//! cargo run --release -p gort --example goroutine_memory [GOROUTINES]
//! ```
//!
//! Each row is a process of its own, which this program starts; with a number it is one row. The
//! memory is what the process has in use (`VmRSS`), so that the table is there on Linux only.

use std::process::Command;

use gort::Chan;
use gort::runtime::num_goroutine;
use gort::sync::WaitGroup;

/// ```go
/// var c <-chan interface{}
/// var wg sync.WaitGroup
/// noop := func() { wg.Done(); <-c }
/// wg.Add(numGoroutines)
/// before := memConsumed()
/// for i := numGoroutines; i > 0; i-- {
///     go noop()
/// }
/// wg.Wait()
/// after := memConsumed()
/// ```
#[gort::main]
async fn main() {
    let argument = std::env::args().nth(1).unwrap_or_default();
    if let Ok(goroutines) = argument.parse() {
        let kilobytes = memory_of(goroutines).await;
        println!("|{}|{kilobytes} Kb|", num_goroutine());
        return;
    }
    if resident().is_none() {
        println!("this system does not say how much memory a process has in use");
        return;
    }
    println!("|NumGoroutine|Mem|\n|-|-|");
    for power in 1..=6 {
        let row = run_row(10_usize.pow(power));
        print!("{row}");
        if argument == "--self-check" {
            check(&row, 10_usize.pow(power));
        }
    }
    if argument == "--self-check" {
        println!("self-check passed");
    }
}

/// The kilobytes that so many goroutines take, which are still there afterwards.
async fn memory_of(goroutines: usize) -> usize {
    let nothing = Chan::<()>::nil();
    let group = WaitGroup::new();
    group.add(i32::try_from(goroutines).expect("a group counts to 2^31"));
    let before = resident().unwrap_or(0);
    for _ in 0..goroutines {
        gort::go!(clone(group, nothing), {
            group.done();
            // Nobody ever sends on the nil channel: this waits until the process ends.
            nothing.recv().await;
        });
    }
    group.wait().await;
    resident().unwrap_or(0).saturating_sub(before)
}

/// The memory that this process has in use, in kilobytes.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn run_row(goroutines: usize) -> String {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program).arg(goroutines.to_string()).output();
    let output = output.expect("this program can be started");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A row counts `main` as well, and a goroutine costs a few hundred bytes.
fn check(row: &str, goroutines: usize) {
    let mut cells = row.trim().trim_matches('|').split('|');
    let mut number = || {
        let cell = cells.next().expect("two cells");
        let digits = cell.trim_end_matches(" Kb");
        digits.parse::<usize>().expect("a number")
    };
    assert_eq!(number(), goroutines + 1);
    let most = 2048 + goroutines / 2;
    assert!(number() <= most, "{row} is more than {most} Kb");
}
