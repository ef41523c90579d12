//! 100 000 tasks that sleep once, each for another time between 100 and 600 ms.
//!
//! How late each one woke, and the processor time that all of it took, from the first spawn on. No
//! sleep is so short that it ends while tasks are still being spawned.

use std::time::{Duration, Instant};

use super::countdown::Countdown;
use crate::measure::cpu_time;
use crate::rival::Timed;
use crate::sample::Sample;
use crate::stats::Latencies;

const TASKS: u64 = 100_000;
const SHORTEST: Duration = Duration::from_millis(100);
const SPREAD_NANOS: u64 = 500_000_000;

pub(crate) async fn once<R: Timed>(countdown: &'static Countdown) -> Sample {
    let before = cpu_time();
    let all = countdown.start(TASKS as usize);
    let sleepers: Vec<_> = (0..TASKS)
        .map(|n| {
            R::spawn(async move {
                let length = length(n);
                let due = Instant::now() + length;
                R::sleep(length).await;
                let late = Instant::now().saturating_duration_since(due);
                countdown.finish();
                late
            })
        })
        .collect();
    all.await.expect("the last sleeper tells");
    let used = cpu_time().saturating_sub(before);
    let mut latencies = Latencies::with_capacity(TASKS as usize);
    for sleeper in sleepers {
        latencies.record(R::join(sleeper).await);
    }
    Sample::of_latencies(TASKS, latencies).with_cpu(used)
}

/// A length that no other sleeper has, in no order: the multiplier has no factor in common with the
/// spread.
fn length(n: u64) -> Duration {
    SHORTEST + Duration::from_nanos(n * 2_654_435_761 % SPREAD_NANOS)
}

#[cfg(test)]
mod tests {
    use super::{SHORTEST, SPREAD_NANOS, TASKS, length};
    use std::collections::HashSet;
    use std::time::Duration;

    #[test]
    fn lengths_differ_and_fill_the_spread() {
        let lengths: HashSet<_> = (0..TASKS).map(length).collect();
        assert_eq!(lengths.len(), TASKS as usize);
        let middle = SHORTEST + Duration::from_nanos(SPREAD_NANOS / 2);
        let short = lengths.iter().filter(|&&length| length < middle).count();
        assert!(short.abs_diff(TASKS as usize / 2) < TASKS as usize / 100);
    }
}
