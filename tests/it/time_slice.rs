//! Time slices: one goroutine that never waits lets others run, on its own thread.

use gort::chan;
use gort::runtime::checkpoint;
use gort::sync::{Mutex, Semaphore};
use gort::{Runtime, defers, preempt, spawn, yield_now};
use gort_tests::{bounded, join};
use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// One P, and no thread that could take its place: what runs beside `hog` runs because that lets
/// it. The hog goes on until another goroutine has had ten turns.
fn lets_others_run<F>(hog: impl FnOnce(Arc<AtomicBool>) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    bounded("a hog", || {
        let runtime = Runtime::builder().procs(1).max_threads(1).build().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let other = async move {
            for _ in 0..10 {
                yield_now().await;
            }
            told.store(true, Ordering::SeqCst);
        };
        let hog = runtime.spawn(async move {
            drop(spawn(other));
            hog(over).await;
        });
        join(hog);
    });
}

fn is_over(over: &AtomicBool) -> bool {
    over.load(Ordering::SeqCst)
}

#[test]
fn a_checkpoint_lets_others_run() {
    lets_others_run(|over| async move {
        while !is_over(&over) {
            checkpoint().await;
        }
    });
}

#[preempt]
async fn loops(over: Arc<AtomicBool>) -> usize {
    let mut rounds = 0;
    'outer: loop {
        for n in 0..1000 {
            rounds += black_box(n);
            if n % 2 == 0 {
                continue;
            }
            if is_over(&over) {
                break 'outer;
            }
        }
    }
    rounds
}

#[preempt]
#[defers]
async fn loops_above(over: Arc<AtomicBool>, count: &AtomicUsize) {
    gort::defer!({
        count.fetch_add(1, Ordering::SeqCst);
    });
    while !is_over(&over) {}
}

#[defers]
#[preempt]
async fn loops_below(over: Arc<AtomicBool>, count: &AtomicUsize) {
    gort::defer!({
        count.fetch_add(1, Ordering::SeqCst);
    });
    while !is_over(&over) {}
}

#[test]
fn the_loops_of_a_preempted_function_let_others_run() {
    lets_others_run(|over| async move {
        assert!(loops(over).await > 0);
    });
    for above in [true, false] {
        lets_others_run(move |over| async move {
            let count = AtomicUsize::new(0);
            if above {
                loops_above(over, &count).await;
            } else {
                loops_below(over, &count).await;
            }
            assert_eq!(count.into_inner(), 1);
        });
    }
}

#[test]
fn awaits_that_are_ready_let_others_run() {
    lets_others_run(|over| async move {
        let (sender, receiver) = chan(1);
        while !is_over(&over) {
            sender.send(1).await.unwrap();
            assert_eq!(receiver.recv().await, Some(1));
        }
    });
    lets_others_run(|over| async move {
        let mutex = Mutex::new(0);
        while !is_over(&over) {
            *mutex.lock().await += 1;
        }
    });
    lets_others_run(|over| async move {
        let semaphore = Semaphore::new(1);
        while !is_over(&over) {
            drop(semaphore.acquire(1).await);
        }
    });
    lets_others_run(|over| async move {
        while !is_over(&over) {
            gort::time::sleep(Duration::ZERO).await;
        }
    });
    lets_others_run(|over| async move {
        let (sender, receiver) = chan(1);
        while !is_over(&over) {
            gort::select! {
                sent = sender.send(1) => sent.unwrap(),
                got = receiver.recv() => assert_eq!(got, Some(1)),
            }
        }
    });
    lets_others_run(|over| async move {
        let socket = gort::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let here = socket.local_addr().unwrap();
        while !is_over(&over) {
            socket.send_to(b"x", here).await.unwrap();
            socket.recv_from(&mut [0; 8]).await.unwrap();
        }
    });
}

#[test]
fn nobody_is_asked_while_nobody_waits() {
    bounded("alone", || {
        let runtime = Runtime::builder().procs(1).build().unwrap();
        let polls = join(runtime.spawn(async {
            let until = Instant::now() + Duration::from_millis(60);
            let mut polls = 0;
            let computing = async {
                while Instant::now() < until {
                    checkpoint().await;
                }
            };
            let mut computing = std::pin::pin!(computing);
            std::future::poll_fn(|cx| {
                polls += 1;
                computing.as_mut().poll(cx)
            })
            .await;
            polls
        }));
        assert_eq!(polls, 1);
    });
}

#[test]
fn a_checkpoint_elsewhere_does_nothing() {
    let until = Instant::now() + Duration::from_millis(30);
    futures::executor::block_on(async {
        while Instant::now() < until {
            checkpoint().await;
            thread::yield_now();
        }
    });
}
