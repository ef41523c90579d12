//! What it costs when one goroutine goes on where another waits, in the form of a Go benchmark.
//!
//! ```text
//! cargo run --release -p gort --example context_switch [SWITCHES]
//! ```
//!
//! It prints the line that Go's `BenchmarkContextSwitch` prints, to be compared with one that was
//! printed on the same machine. `cargo run --release -- --only ctx_switch` does that by itself.

use std::time::{Duration, Instant};

use gort::sync::WaitGroup;
use gort::{Chan, defer, go};

#[gort::main]
async fn main() {
    let argument = std::env::args().nth(1).unwrap_or_default();
    let switches: u32 = argument.parse().unwrap_or(1_000_000);
    let took = switch(switches).await;
    let each = took.as_nanos() as f64 / f64::from(switches.max(1));
    println!("BenchmarkContextSwitch\t{switches}\t{each:.1} ns/op");

    if argument == "--self-check" {
        // A thread that is put to sleep and woken costs some ten microseconds.
        assert!(each < 10_000.0, "{each} ns are no goroutines");
        println!("self-check passed");
    }
}

/// ```go
/// sender := func() {
///     defer wg.Done()
///     <-begin
///     for i := 0; i < b.N; i++ {
///         c <- token
///     }
/// }
/// receiver := func() {
///     defer wg.Done()
///     <-begin
///     for i := 0; i < b.N; i++ {
///         <-c
///     }
/// }
/// wg.Add(2)
/// go sender()
/// go receiver()
/// b.StartTimer()
/// close(begin)
/// wg.Wait()
/// ```
async fn switch(times: u32) -> Duration {
    let group = WaitGroup::new();
    let begin = Chan::<()>::new(0);
    let c = Chan::new(0);
    group.add(2);
    go!(clone(group, begin, c), {
        defer!(group.done());
        begin.recv().await;
        for _ in 0..times {
            c.send(()).await;
        }
    });
    go!(clone(group, begin, c), {
        defer!(group.done());
        begin.recv().await;
        for _ in 0..times {
            c.recv().await;
        }
    });
    let start = Instant::now();
    begin.close();
    group.wait().await;
    start.elapsed()
}
