//! Tasks that sleep for a millisecond again and again, beside one for each worker that keeps its
//! thread for 100 ms at a time: how late the sleepers wake.

use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::rival::Timed;
use crate::sample::Sample;
use crate::stats::Latencies;

const SLEEPERS: u64 = 100;
const LENGTH: Duration = Duration::from_millis(1);
/// How often, and for how long, each hog keeps its thread.
const TURNS: u32 = 10;
const TURN: Duration = Duration::from_millis(100);

/// Hogs that compute.
pub(crate) async fn computing<R: Timed>(procs: usize) -> Sample {
    beside::<R, _>(procs, || async {
        let until = Instant::now() + TURN;
        while black_box(Instant::now()) < until {}
    })
    .await
}

/// Hogs that block and do not say so.
pub(crate) async fn blocking<R: Timed>(procs: usize) -> Sample {
    beside::<R, _>(procs, || async { thread::sleep(TURN) }).await
}

/// Hogs that block, in the way that the runtime has for it.
pub(crate) async fn declared<R: Timed>(procs: usize) -> Sample {
    beside::<R, _>(procs, || R::block(|| thread::sleep(TURN))).await
}

async fn beside<R: Timed, F>(procs: usize, turn: fn() -> F) -> Sample
where
    F: Future<Output = ()> + Send + 'static,
{
    let over = Arc::new(AtomicBool::new(false));
    let sleepers: Vec<_> = (0..SLEEPERS)
        .map(|_| R::spawn(late::<R>(Arc::clone(&over))))
        .collect();
    let hog = |_| {
        R::spawn(async move {
            for _ in 0..TURNS {
                turn().await;
                R::yield_now().await;
            }
        })
    };
    for hog in (0..procs).map(hog).collect::<Vec<_>>() {
        R::join(hog).await;
    }
    over.store(true, Ordering::Relaxed);
    let mut latencies = Latencies::with_capacity(100_000);
    let mut operations = 0;
    for sleeper in sleepers {
        for late in R::join(sleeper).await {
            latencies.record(late);
            operations += 1;
        }
    }
    Sample::of_latencies(operations, latencies)
}

/// How late each sleep of one sleeper ended.
async fn late<R: Timed>(over: Arc<AtomicBool>) -> Vec<Duration> {
    let mut all = Vec::with_capacity(1000);
    while !over.load(Ordering::Relaxed) {
        let due = Instant::now() + LENGTH;
        R::sleep(LENGTH).await;
        all.push(Instant::now().saturating_duration_since(due));
    }
    all
}
