//! A goroutine that blocks or computes does not keep the others from running: `syscall`,
//! `blocking`, and what is not declared at all.

use gort::net::AsyncFd;
use gort::time::sleep;
use gort::{Runtime, blocking, spawn, syscall, yield_now};
use gort_tests::{
    Counts, PROCS, Seeded, bounded, is_child, join, on_goroutine, quietly, run_child, threads,
    wait_until, with_procs,
};
use std::hint::black_box;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Ten times what others may have to wait.
const SOON: Duration = Duration::from_millis(250);

fn compute_for(time: Duration) {
    let until = Instant::now() + time;
    while black_box(Instant::now()) < until {}
}

/// How long others wait beside goroutines that do `hog`, one for each permit: the longest that a
/// sleep of a millisecond took in all, and the longest between two turns of one that yields.
fn longest_wait(runtime: &Runtime, hog: impl Fn() + Copy + Send + 'static) -> Duration {
    let hogs = Arc::new(AtomicUsize::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let sleeper = || {
        let over = Arc::clone(&over);
        runtime.spawn(async move {
            let mut longest = Duration::ZERO;
            while !over.load(Ordering::SeqCst) {
                let begun = Instant::now();
                sleep(Duration::from_millis(1)).await;
                yield_now().await;
                longest = longest.max(begun.elapsed());
            }
            longest
        })
    };
    let sleepers: Vec<_> = (0..20).map(|_| sleeper()).collect();
    let start = |_| {
        let hogs = Arc::clone(&hogs);
        runtime.spawn(async move {
            hogs.fetch_add(1, Ordering::SeqCst);
            hog();
        })
    };
    let started: Vec<_> = (0..runtime.procs()).map(start).collect();
    started.into_iter().for_each(join);
    over.store(true, Ordering::SeqCst);
    assert_eq!(hogs.load(Ordering::SeqCst), runtime.procs());
    sleepers.into_iter().map(join).max().unwrap()
}

#[test]
fn others_run_beside_a_sleep_that_nobody_declared() {
    with_procs(&[1, 2], |runtime| {
        let longest = longest_wait(runtime, || thread::sleep(Duration::from_secs(1)));
        assert!(longest < SOON, "{longest:?}");
    });
}

#[test]
fn others_run_beside_a_computation_without_an_await() {
    with_procs(&[1, 2], |runtime| {
        let longest = longest_wait(runtime, || compute_for(Duration::from_secs(1)));
        assert!(longest < SOON, "{longest:?}");
    });
}

#[test]
fn goroutines_run_beside_a_root_that_blocks() {
    with_procs(&[1], |runtime| {
        let ran = runtime.block_on(async {
            let (sender, receiver) = mpsc::channel();
            spawn(async move {
                sleep(Duration::from_millis(1)).await;
                sender.send(()).unwrap();
            });
            receiver.recv_timeout(SOON)
        });
        assert_eq!(ran, Ok(()));
    });
}

#[test]
fn what_was_readied_before_the_block_is_not_held_back() {
    // In the ring, in `next`, and later from the blocked poll itself.
    with_procs(&[1], |runtime| {
        join(runtime.spawn(async {
            let (sender, receiver) = mpsc::channel();
            let send = |n: usize| {
                let sender = sender.clone();
                spawn(async move { sender.send(n).unwrap() })
            };
            let mut handles: Vec<_> = (0..300).map(send).collect();
            let mut got: Vec<_> = (0..300)
                .map(|_| receiver.recv_timeout(SOON).unwrap())
                .collect();
            got.sort_unstable();
            assert!(got.into_iter().eq(0..300));
            handles.push(send(300));
            assert_eq!(receiver.recv_timeout(SOON), Ok(300));
            for handle in handles {
                handle.await.unwrap();
            }
        }));
    });
}

#[test]
fn fifty_calls_that_sleep_take_the_time_of_few() {
    with_procs(&[2], |runtime| {
        let begun = Instant::now();
        let call = |_| runtime.spawn(syscall_sleep(Duration::from_millis(50)));
        let calls: Vec<_> = (0..50).map(call).collect();
        calls.into_iter().for_each(join);
        assert!(begun.elapsed() < Duration::from_millis(1200));
    });
}

async fn syscall_sleep(time: Duration) {
    syscall(|| thread::sleep(time)).await;
}

#[test]
fn a_call_borrows_and_gives_its_result_whether_or_not_its_permit_was_lost() {
    on_goroutine(&PROCS, || async {
        // Somebody always waits, so that a call that lasts loses its permit.
        let over = Arc::new(AtomicBool::new(false));
        let rival = {
            let over = Arc::clone(&over);
            spawn(async move {
                while !over.load(Ordering::SeqCst) {
                    yield_now().await;
                }
            })
        };
        let mut text = String::new();
        for n in 0..20 {
            let length = syscall(|| {
                thread::sleep(Duration::from_micros(500 * (n % 3)));
                text.push('x');
                text.len()
            })
            .await;
            assert_eq!(length as u64, 2 * n + 1);
            let length = blocking(|| {
                text.push('y');
                text.len()
            })
            .await;
            assert_eq!(length as u64, 2 * n + 2);
        }
        over.store(true, Ordering::SeqCst);
        rival.await.unwrap();
        assert_eq!(text, "xy".repeat(20));
    });
}

#[test]
fn what_a_call_takes_and_gives_need_not_be_send() {
    with_procs(&[1], |runtime| {
        let sum = runtime.block_on(async {
            let one = Rc::new(1);
            let two = syscall(|| Rc::new(*one + 1)).await;
            *blocking(move || Rc::new(*one + *two)).await
        });
        assert_eq!(sum, 3);
    });
}

#[test]
fn a_panic_in_a_call_reaches_the_caller_and_nothing_is_lost() {
    quietly(|| {
        on_goroutine(&PROCS, || async {
            for n in 0..10 {
                let call = spawn(async move {
                    if n % 2 == 0 {
                        syscall(|| panic!("expected: in a call")).await
                    } else {
                        blocking(|| panic!("expected: in a call")).await
                    }
                });
                let error = call.await.unwrap_err();
                assert_eq!(error.panic().unwrap().message(), "expected: in a call");
                assert_eq!(syscall(|| n).await, n);
                assert_eq!(blocking(|| n).await, n);
            }
        });
    });
}

#[test]
fn a_call_may_start_goroutines_and_wait_for_them() {
    on_goroutine(&PROCS, || async {
        for n in 0..10 {
            let twice = syscall(|| {
                gort::block_on(async move {
                    let inner = spawn(async move { syscall(|| n).await });
                    inner.await.unwrap() + syscall(|| n).await
                })
            });
            assert_eq!(twice.await, 2 * n);
        }
    });
}

#[test]
fn a_call_that_was_not_polled_is_not_made() {
    on_goroutine(&[1], || async {
        let made = Arc::new(AtomicUsize::new(0));
        let make = || made.fetch_add(1, Ordering::SeqCst);
        drop(syscall(make));
        drop(blocking(make));
        assert_eq!(made.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn no_more_calls_block_than_the_limit_and_one_that_is_dropped_leaves_its_turn() {
    let runtime = Runtime::builder()
        .procs(2)
        .max_blocking_threads(2)
        .build()
        .unwrap();
    let now = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let call = |n: usize| {
        let now = Arc::clone(&now);
        let handle = runtime.spawn(async move {
            blocking(|| {
                let running = now.0.fetch_add(1, Ordering::SeqCst) + 1;
                now.1.fetch_max(running, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(2));
                now.0.fetch_sub(1, Ordering::SeqCst);
            })
            .await;
        });
        if n % 4 == 0 {
            handle.abort();
        }
        handle
    };
    let calls: Vec<_> = (0..40).map(call).collect();
    for (n, handle) in calls.into_iter().enumerate() {
        let result = futures::executor::block_on(handle);
        assert!(result.is_ok() || n % 4 == 0);
    }
    assert_eq!(now.1.load(Ordering::SeqCst), 2);
}

#[test]
fn threads_are_used_again() {
    with_procs(&[1], |runtime| {
        let before = threads();
        join(runtime.spawn(async {
            for _ in 0..200 {
                blocking(|| {}).await;
                syscall_sleep(Duration::from_micros(100)).await;
            }
        }));
        assert!(threads() <= before + 8, "{} threads", threads() - before);
    });
}

#[test]
fn a_hundred_readers_of_pipes_need_no_thread_each() {
    use std::io::{PipeReader, Read, Write, pipe};
    let runtime = Runtime::builder().procs(2).max_threads(50).build().unwrap();
    let read = |reader: PipeReader| {
        runtime.spawn(async move {
            let reader = AsyncFd::new(reader).unwrap();
            let read = |mut pipe: &PipeReader| pipe.read(&mut [0; 8]);
            reader.read_with(read).await.unwrap()
        })
    };
    let (readers, writers): (Vec<_>, Vec<_>) = (0..100).map(|_| pipe().unwrap()).unzip();
    let reading: Vec<_> = readers.into_iter().map(read).collect();
    for mut writer in writers {
        writer.write_all(b"x").unwrap();
    }
    assert!(reading.into_iter().all(|handle| join(handle) == 1));
}

#[test]
fn one_thread_too_many_ends_the_process() {
    const NAME: &str = "hand_off::one_thread_too_many_ends_the_process";
    if is_child(NAME) {
        let runtime = Runtime::builder().procs(1).max_threads(5).build().unwrap();
        let call = |_| runtime.spawn(syscall_sleep(Duration::from_secs(20)));
        let calls: Vec<_> = (0..6).map(call).collect();
        calls.into_iter().for_each(join);
        return;
    }
    let ended = run_child(NAME, &[]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let text = "runtime: program exceeds 5-thread limit\nfatal error: thread exhaustion\n";
    assert!(ended.stderr.contains(text), "{}", ended.stderr);
}

#[test]
fn as_many_threads_as_there_may_be_is_not_too_many() {
    let runtime = Runtime::builder().procs(1).max_threads(5).build().unwrap();
    let call = |_| runtime.spawn(syscall_sleep(Duration::from_millis(50)));
    let calls: Vec<_> = (0..4).map(call).collect();
    calls.into_iter().for_each(join);
    // Who has not declared it waits for a thread; that is not fatal.
    let call = |_| runtime.spawn(async { thread::sleep(Duration::from_millis(30)) });
    let calls: Vec<_> = (0..8).map(call).collect();
    calls.into_iter().for_each(join);
}

/// A future that must be polled by one thread at a time, does something to its thread in each poll,
/// and wakes itself and others.
async fn restless(mut random: Seeded, counts: Counts) -> u64 {
    let inside = AtomicBool::new(false);
    let _token = counts.token();
    let rounds = random.below(12);
    for _ in 0..rounds {
        assert!(!inside.swap(true, Ordering::SeqCst), "two threads at once");
        let short = Duration::from_micros(random.below(500));
        match random.below(64) {
            0 => thread::sleep(6 * short),
            1 => compute_for(6 * short),
            2 => compute_for(Duration::from_millis(12)),
            3..6 => syscall(|| thread::sleep(short)).await,
            6..9 => blocking(|| thread::sleep(short)).await,
            9..12 => drop(spawn(counts.future(yield_now()))),
            12..16 => sleep(short).await,
            _ => {}
        }
        assert!(inside.swap(false, Ordering::SeqCst));
        yield_now().await;
    }
    rounds
}

#[test]
fn a_storm_of_polls_of_any_length_loses_nothing() {
    let seed = Seeded::fresh();
    with_procs(&PROCS, move |runtime| {
        let counts = Counts::new();
        let start = |n| runtime.spawn(restless(seed.fork(n), counts.clone()));
        let handles: Vec<_> = (0..1000).map(start).collect();
        assert!(handles.into_iter().map(join).sum::<u64>() > 1000);
        wait_until("what they started is over", || counts.live() == 0);
        wait_until("all count as over", || runtime.num_goroutine() == 0);
    });
}

#[test]
fn a_shutdown_waits_for_calls_and_leaves_what_does_not_end() {
    bounded("shutdown", || {
        let runtime = Runtime::builder().procs(1).build().unwrap();
        let (sender, receiver) = mpsc::channel();
        for _ in 0..3 {
            let sender = sender.clone();
            runtime.spawn(async move {
                sender.send(()).unwrap();
                syscall_sleep(Duration::from_millis(30)).await;
            });
        }
        for _ in 0..3 {
            receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        }
        let leftover = runtime.shutdown(Duration::from_secs(30));
        assert!(leftover.is_clean(), "{leftover:?}");
    });
}
