//! Storms: nothing that was ready is lost, and nothing that was woken sleeps on. Each prints its
//! seed if it fails; `GORT_TEST_SEED` repeats it.

use futures::channel::oneshot;
use futures::task::AtomicWaker;
use gort::runtime::{Handle, gosched};
use gort::task::JoinHandle;
use gort::time::{sleep, timeout};
use gort::{spawn, spawn_blocking, yield_now};
use gort_tests::{Counts, PROCS, Seeded, join, on_goroutine, on_threads, wait_until, with_procs};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

#[test]
fn a_storm_of_spawns_from_inside() {
    on_goroutine(&PROCS, || async {
        let counts = Counts::new();
        let spawners: Vec<_> = (0..20)
            .map(|_| {
                let counts = counts.clone();
                spawn(async move {
                    let spawn = |_| spawn(counts.future(async {}));
                    for handle in (0..1000).map(spawn).collect::<Vec<_>>() {
                        handle.await.unwrap();
                    }
                })
            })
            .collect();
        for spawner in spawners {
            spawner.await.unwrap();
        }
        assert_eq!((counts.polls(), counts.live()), (20_000, 0));
    });
}

#[test]
fn a_storm_of_spawns_from_foreign_threads() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let joined: usize = on_threads(runtime, 4, |n, handle| {
            let spawn = |_| handle.spawn(counts.future(yield_now()));
            let handles: Vec<_> = (0..2000).map(spawn).collect();
            if n % 2 == 0 {
                return handles.into_iter().map(join).count();
            }
            handle.block_on(async {
                let mut joined = 0;
                for handle in handles {
                    handle.await.unwrap();
                    joined += 1;
                }
                joined
            })
        })
        .into_iter()
        .sum();
        assert_eq!(joined, 8000);
        assert_eq!((counts.polls(), counts.live()), (16_000, 0));
        wait_until("all are counted out", || runtime.num_goroutine() == 0);
    });
}

#[test]
fn detached_goroutines_of_both_kinds_all_run() {
    with_procs(&PROCS, |runtime| {
        let ran = Arc::new(AtomicUsize::new(0));
        on_threads(runtime, 3, |_, handle| {
            for _ in 0..500 {
                let ran = Arc::clone(&ran);
                drop(handle.spawn(async move {
                    let inner = Arc::clone(&ran);
                    gort::runtime::go(async move {
                        yield_now().await;
                        inner.fetch_add(1, Ordering::Relaxed);
                    });
                    ran.fetch_add(1, Ordering::Relaxed);
                }));
            }
        });
        wait_until("all ran", || ran.load(Ordering::Relaxed) == 3000);
        wait_until("all are counted out", || runtime.num_goroutine() == 0);
    });
}

/// Waits for `rounds` signals, each given only after the one before was received.
async fn receive(signals: Arc<(AtomicUsize, AtomicWaker)>, rounds: usize) {
    for round in 1..=rounds {
        poll_fn(|cx| {
            signals.1.register(cx.waker());
            if signals.0.load(Ordering::SeqCst) >= round {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

#[test]
fn wakes_of_foreign_threads_meet_ms_that_park() {
    // One goroutine at a time is woken, with pauses that end about when an M has gone to sleep:
    // each lost wake-up would be a hang.
    let seeded = Seeded::fresh();
    with_procs(&PROCS, move |runtime| {
        const ROUNDS: usize = 2000;
        on_threads(runtime, 2, |n, handle| {
            let mut seeded = seeded.fork(n as u64);
            let signals = Arc::new((AtomicUsize::new(0), AtomicWaker::new()));
            let receiver = handle.spawn(receive(Arc::clone(&signals), ROUNDS));
            for _ in 0..ROUNDS {
                signals.0.fetch_add(1, Ordering::SeqCst);
                signals.1.wake();
                match seeded.below(200) {
                    0 => thread::sleep(Duration::from_micros(seeded.below(300))),
                    1..20 => thread::yield_now(),
                    n => (0..n).for_each(|_| std::hint::spin_loop()),
                }
            }
            join(receiver);
        });
    });
}

#[test]
fn one_goroutine_after_the_other_from_outside_while_all_ms_park() {
    with_procs(&PROCS, |runtime| {
        let handle = runtime.handle();
        for n in 0..3000 {
            assert_eq!(join(handle.spawn(async move { n })), n);
            if n % 64 == 0 {
                // Longer than an M looks around before it sleeps.
                thread::sleep(Duration::from_micros(60));
            }
        }
    });
}

#[test]
fn roots_and_goroutines_hand_each_other_work() {
    with_procs(&PROCS, |runtime| {
        on_threads(runtime, 4, |_, handle| {
            handle.block_on(async {
                for n in 0..200 {
                    let (there, arrived) = oneshot::channel();
                    let (back, came_back) = oneshot::channel();
                    let remote = spawn(async move { back.send(arrived.await.unwrap()) });
                    there.send(n).unwrap();
                    assert_eq!(came_back.await, Ok(n));
                    remote.await.unwrap().unwrap();
                }
            });
        });
    });
}

/// One step of the mix; gives how many goroutines it spawned.
fn step(
    seeded: &mut Seeded,
    counts: Counts,
    depth: u32,
) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    let (choice, amount) = (seeded.below(10), seeded.below(5));
    let n = seeded.below(u64::MAX);
    let mut inner = seeded.fork(n);
    Box::pin(async move {
        match choice {
            0 => yield_now().await,
            1 => gosched().await,
            2 => sleep(Duration::from_micros(100 * amount)).await,
            3 => {
                let never = timeout(
                    Duration::from_micros(50 * amount),
                    std::future::pending::<()>(),
                );
                assert!(never.await.is_err());
            }
            4 => {
                let (sender, receiver) = oneshot::channel();
                let handle = spawn(counts.future(async move { sender.send(amount) }));
                assert_eq!(receiver.await, Ok(amount));
                handle.await.unwrap().unwrap();
                return 1;
            }
            5 => {
                let handle = spawn(counts.future(std::future::pending::<()>()));
                if amount % 2 == 0 {
                    yield_now().await;
                }
                handle.abort();
                assert!(handle.await.unwrap_err().is_cancelled());
                return 1;
            }
            6 => {
                // Whether it is over, runs or has not begun: an abort ends it one way or the other.
                let handle = spawn(counts.future(yield_now()));
                for _ in 0..amount {
                    yield_now().await;
                }
                handle.abort();
                let _ = handle.await;
                return 1;
            }
            7 => assert_eq!(spawn_blocking(move || amount).await.unwrap(), amount),
            8 if depth > 0 => {
                let mut handles: Vec<JoinHandle<usize>> = Vec::new();
                for _ in 0..=amount {
                    let child = step(&mut inner, counts.clone(), depth - 1);
                    handles.push(spawn(counts.future(child)));
                }
                let mut spawned = handles.len();
                for handle in handles {
                    spawned += handle.await.unwrap();
                }
                return spawned;
            }
            _ => {
                drop(spawn(counts.future(yield_now())));
                return 1;
            }
        }
        0
    })
}

fn mix(handle: &Handle, seeded: &Seeded, n: u64, counts: &Counts) -> JoinHandle<usize> {
    let (counts, mut seeded) = (counts.clone(), seeded.fork(n));
    handle.spawn(counts.future({
        let counts = counts.clone();
        async move {
            let mut spawned = 0;
            for _ in 0..30 {
                let step = step(&mut seeded, counts.clone(), 2);
                spawned += step.await;
            }
            spawned
        }
    }))
}

#[test]
fn a_mix_of_everything_loses_nothing() {
    let seeded = Seeded::fresh();
    with_procs(&PROCS, move |runtime| {
        let counts = Counts::new();
        let spawned: usize = on_threads(runtime, 3, |n, handle| {
            let mixes: Vec<_> = (0..20)
                .map(|m| mix(handle, &seeded, 100 * n as u64 + m, &counts))
                .collect();
            mixes.into_iter().map(|mix| 1 + join(mix)).sum::<usize>()
        })
        .into_iter()
        .sum();
        assert_eq!(counts.made(), spawned, "{seeded:?}");
        wait_until("the last of the detached are over", || {
            runtime.num_goroutine() == 0
        });
        assert_eq!((counts.live(), counts.others()), (0, 0), "{seeded:?}");
    });
}
