//! Slow work that is cut off, and work that comes back at regular times.
//!
//! ```text
//! cargo run -p gort --example timeout
//! ```

use std::time::{Duration, Instant};

use gort::time::{MissedTickBehavior, interval, sleep, timeout};

#[gort::main]
async fn main() {
    let start = Instant::now();

    // Quick work is not disturbed by a limit.
    let quick = timeout(Duration::from_secs(10), work(Duration::from_millis(10))).await;
    println!("{:>4} ms: quick work gave {quick:?}", since(start));

    // When the time is over, the future is dropped at the `.await` where it stands. What it owns is
    // dropped with it; what it had not yet done never happens.
    let slow = timeout(Duration::from_millis(50), work(Duration::from_secs(3600))).await;
    println!("{:>4} ms: slow work gave {slow:?}", since(start));

    // A goroutine of its own is not cut off by dropping its handle: it has to be told.
    let own = gort::spawn!(work(Duration::from_secs(3600)));
    let stop = own.abort_handle();
    if timeout(Duration::from_millis(50), own).await.is_err() {
        stop.abort();
        println!("{:>4} ms: the goroutine was aborted", since(start));
    }

    // Ticks keep to the clock and not to the work between them. Where the work took too long, the
    // ticks that were missed are left out, so that the next ones are in step again.
    let began = Instant::now();
    let mut ticks = interval(Duration::from_millis(20));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut times = Vec::new();
    for turn in 0..5 {
        ticks.tick().await;
        times.push(since(began));
        println!("{:>4} ms: tick {turn}", since(start));
        if turn == 1 {
            sleep(Duration::from_millis(50)).await;
        }
    }

    if std::env::args().any(|argument| argument == "--self-check") {
        assert!(quick.is_ok() && slow.is_err());
        // The second tick is followed by 50 ms of work, in which two more are due: of them comes
        // one, at once. A busy machine may be late, and nothing is ever early.
        let due = [0, 20, 70, 80, 100];
        assert!(
            times.iter().zip(due).all(|(time, due)| *time >= due),
            "{times:?}"
        );
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "an hour was waited for"
        );
        println!("self-check passed");
    }
}

/// Work whose only trait of interest is how long it takes.
async fn work(duration: Duration) -> &'static str {
    sleep(duration).await;
    "the answer"
}

fn since(start: Instant) -> u128 {
    start.elapsed().as_millis()
}
