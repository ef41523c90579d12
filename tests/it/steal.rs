//! Work spreads over the Ps: what one makes ready the others take.

use gort::task::JoinHandle;
use gort::{spawn, yield_now};
use gort_tests::{Counts, PROCS, Seeded, bounded, join, on_goroutine, with_procs};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn what_one_producer_makes_ready_is_run_once_each() {
    on_goroutine(&PROCS, || async {
        for round in [1usize, 2, 200, 256, 257, 1000, 5000] {
            let counts = Counts::new();
            let spawn = |n| spawn(counts.future(async move { n }));
            let handles: Vec<JoinHandle<usize>> = (0..round).map(spawn).collect();
            let mut sum = 0;
            for handle in handles {
                sum += handle.await.unwrap();
            }
            assert_eq!(sum, round * (round - 1) / 2);
            assert_eq!((counts.polls(), counts.live()), (round, 0));
        }
    });
}

#[test]
fn as_many_goroutines_as_ps_block_at_the_same_time() {
    // Each waits in its poll for all others, so every M must take one.
    with_procs(&[2, 3, 8], |runtime| {
        for _ in 0..20 {
            let procs = runtime.procs();
            let barrier = Arc::new(Barrier::new(procs));
            let main = runtime.spawn(async move {
                let spawn = |_| {
                    let barrier = Arc::clone(&barrier);
                    spawn(async move {
                        barrier.wait();
                    })
                };
                for handle in (0..procs).map(spawn).collect::<Vec<_>>() {
                    handle.await.unwrap();
                }
            });
            join(main);
        }
    });
}

#[test]
fn as_many_goroutines_of_foreign_threads_as_ps_block_at_the_same_time() {
    with_procs(&[2, 3, 8], |runtime| {
        for _ in 0..20 {
            let barrier = Arc::new(Barrier::new(runtime.procs()));
            let spawn = |_| {
                let barrier = Arc::clone(&barrier);
                runtime.spawn(async move {
                    barrier.wait();
                })
            };
            let handles: Vec<_> = (0..runtime.procs()).map(spawn).collect();
            handles.into_iter().for_each(join);
        }
    });
}

#[test]
fn every_m_has_a_part_in_long_polls() {
    with_procs(&[2, 8], |runtime| {
        let procs = runtime.procs();
        let threads = Arc::new(Mutex::new(HashSet::new()));
        let seen = Arc::clone(&threads);
        join(runtime.spawn(async move {
            let spawn = |_| {
                let seen = Arc::clone(&seen);
                spawn(async move {
                    seen.lock().unwrap().insert(thread::current().id());
                    thread::sleep(Duration::from_millis(2));
                })
            };
            for handle in (0..20 * procs).map(spawn).collect::<Vec<_>>() {
                handle.await.unwrap();
            }
        }));
        // More where a poll lasted so long that its M was replaced.
        assert!(threads.lock().unwrap().len() >= procs);
    });
}

#[test]
fn a_goroutine_behind_one_that_blocks_is_stolen() {
    // Two are ready when the poll that made them blocks: the one in the ring and the one in `next`.
    with_procs(&[2, 8], |runtime| {
        for _ in 0..20 {
            join(runtime.spawn(async {
                let (sender, receiver) = std::sync::mpsc::channel();
                let [one, two] = [1, 2].map(|n| {
                    let sender = sender.clone();
                    spawn(async move { sender.send(n).unwrap() })
                });
                let both = HashSet::from([receiver.recv().unwrap(), receiver.recv().unwrap()]);
                assert_eq!(both, HashSet::from([1, 2]));
                one.await.unwrap();
                two.await.unwrap();
            }));
        }
    });
}

#[test]
fn the_batch_of_a_wake_up_is_shared() {
    // All are woken from one poll, and each then blocks until all have come.
    with_procs(&[2, 8], |runtime| {
        let procs = runtime.procs();
        join(runtime.spawn(async move {
            let barrier = Arc::new(Barrier::new(procs));
            let (senders, handles): (Vec<_>, Vec<_>) = (0..procs)
                .map(|_| {
                    let (sender, receiver) = futures::channel::oneshot::channel::<()>();
                    let barrier = Arc::clone(&barrier);
                    let wait = async move {
                        receiver.await.unwrap();
                        barrier.wait();
                    };
                    (sender, spawn(wait))
                })
                .unzip();
            for _ in 0..100 {
                yield_now().await;
            }
            senders
                .into_iter()
                .for_each(|sender| sender.send(()).unwrap());
            for handle in handles {
                handle.await.unwrap();
            }
        }));
    });
}

#[test]
fn work_that_is_spread_takes_less_time() {
    // Polls that sleep, so that it holds on a machine with one processor as well.
    let spread = |procs: usize| {
        bounded("spread", move || {
            let runtime = gort::Runtime::builder().procs(procs).build().unwrap();
            let started = Instant::now();
            join(runtime.spawn(async {
                let spawn = |_| spawn(async { thread::sleep(Duration::from_millis(2)) });
                for handle in (0..64).map(spawn).collect::<Vec<_>>() {
                    handle.await.unwrap();
                }
            }));
            started.elapsed()
        })
    };
    let (one, eight) = (spread(1), spread(8));
    assert!(eight * 2 < one, "{eight:?} at 8 Ps, {one:?} at one");
}

#[test]
fn steal_during_overflow_loses_nothing() {
    let seeded = Seeded::fresh();
    with_procs(&[2, 8], move |runtime| {
        let mut seeded = seeded.clone();
        for _ in 0..20 {
            let (burst, ran) = (
                200 + seeded.below(800) as usize,
                Arc::new(AtomicUsize::new(0)),
            );
            let counted = Arc::clone(&ran);
            let main = runtime.spawn(async move {
                let spawn = |_| {
                    let ran = Arc::clone(&counted);
                    spawn(async move {
                        ran.fetch_add(1, Ordering::Relaxed);
                    })
                };
                for handle in (0..burst).map(spawn).collect::<Vec<_>>() {
                    handle.await.unwrap();
                }
            });
            join(main);
            assert_eq!(ran.load(Ordering::Relaxed), burst, "{seeded:?}");
        }
    });
}
