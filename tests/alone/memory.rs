//! What a goroutine costs, by an allocator that counts. In a process of its own, where nobody else
//! allocates; and in one test, for the same reason.

use gort::{Runtime, runtime};
use gort_tests::{CountingAlloc, join, wait_until};
use std::future::{Future, pending, poll_fn, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

#[global_allocator]
static ALLOC: CountingAlloc = CountingAlloc::new();

/// How many times a future of [`parks`] was polled.
static PARKED: AtomicUsize = AtomicUsize::new(0);

/// A future of no size that counts its poll and then waits for ever.
fn parks() -> impl Future<Output = ()> + Send + 'static {
    poll_fn(|_| {
        PARKED.fetch_add(1, Ordering::Relaxed);
        Poll::Pending
    })
}

/// How many allocations `work` makes for each of `n`.
fn calls(n: usize, work: impl FnOnce()) -> f64 {
    let before = ALLOC.calls();
    work();
    (ALLOC.calls() - before) as f64 / n as f64
}

/// How many bytes more are there for each of `n` when all of them are parked that `spawn` makes.
fn bytes_parked(n: usize, spawn: impl Fn()) -> f64 {
    let parked = PARKED.load(Ordering::Relaxed);
    let before = ALLOC.bytes();
    (0..n).for_each(|_| spawn());
    wait_until("all are parked", || {
        PARKED.load(Ordering::Relaxed) == parked + n
    });
    (ALLOC.bytes() - before) as f64 / n as f64
}

#[test]
fn a_goroutine_costs_what_is_promised() {
    let runtime = Runtime::builder().procs(1).build().unwrap();
    // What is allocated once, for all goroutines, is there after these.
    let warm = async {
        let handles: Vec<_> = (0..1000).map(|_| gort::spawn(ready(()))).collect();
        for handle in handles {
            handle.await.unwrap();
        }
    };
    join(runtime.spawn(warm));

    let (by_go, by_spawn) = join(runtime.spawn(async {
        // Few enough for the ring, whose overflow would be counted as well.
        const N: usize = 100;
        let by_go = calls(N, || (0..N).for_each(|_| runtime::go(pending::<()>())));
        let mut handles = Vec::with_capacity(N);
        let by_spawn = calls(N, || handles.extend((0..N).map(|_| gort::spawn(ready(())))));
        for handle in handles {
            handle.await.unwrap();
        }
        (by_go, by_spawn)
    }));
    assert!(by_go <= 1.0, "go makes {by_go} allocations");
    assert!(by_spawn <= 2.0, "spawn makes {by_spawn} allocations");

    const N: usize = 100_000;
    let handle = runtime.handle();
    let entered = handle.enter();
    let by_go = bytes_parked(N, || runtime::go(parks()));
    let by_spawn = bytes_parked(N, || drop(gort::spawn(parks())));
    drop(entered);
    assert!(
        by_go <= 128.0,
        "a parked goroutine of go costs {by_go} bytes"
    );
    assert!(
        by_spawn <= 256.0,
        "a parked goroutine of spawn costs {by_spawn} bytes"
    );
    println!("bytes for each parked goroutine: go {by_go:.1}, spawn {by_spawn:.1}");

    let before = ALLOC.bytes();
    drop(runtime);
    let freed = (before - ALLOC.bytes()) as f64;
    assert!(
        freed >= N as f64 * (by_go + by_spawn) * 0.99,
        "only {freed} bytes were freed"
    );
}
