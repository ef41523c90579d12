use super::{Log, join_all, settle, start};
use gort::sync::{Mutex, MutexGuard};
use gort::yield_now;
use gort_tests::{Counts, PROCS, bounded, on_goroutine, quietly, with_procs};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};
use tokio_test::task;
use tokio_test::{assert_pending, assert_ready};

#[test]
fn a_mutex_and_its_guard_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Mutex<std::cell::Cell<u8>>>();
    both::<MutexGuard<'static, u8>>();
    fn sent<T: Send>(_: &T) {}
    sent(&Mutex::new(std::cell::Cell::new(0)).lock());
}

#[test]
fn no_increment_is_lost() {
    on_goroutine(&PROCS, || async {
        let total = Arc::new(Mutex::new(0_u64));
        let add = |n: u64| {
            let total = Arc::clone(&total);
            gort::spawn(async move {
                for round in 0..500 {
                    let mut total = total.lock().await;
                    let before = *total;
                    if (round + n) % 50 == 0 {
                        yield_now().await;
                    }
                    *total = before + 1;
                }
            })
        };
        join_all((0..20).map(add).collect()).await;
        assert_eq!(*total.lock().await, 10_000);
    });
}

#[test]
fn waiters_are_served_first_come_first_served() {
    on_goroutine(&[1], || async {
        let (mutex, log) = (Arc::new(Mutex::new(())), Log::default());
        let held = mutex.lock().await;
        let waiters = start(5, |n| {
            let (mutex, log) = (Arc::clone(&mutex), log.clone());
            async move {
                let _held = mutex.lock().await;
                log.push(n);
            }
        });
        let waiters = waiters.await;
        drop(held);
        settle().await;
        assert_eq!(log.taken(), [0, 1, 2, 3, 4]);
        join_all(waiters).await;
    });
}

#[test]
fn who_runs_overtakes_who_was_woken_and_the_order_of_those_stays() {
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let mut waiters = [(); 2].map(|()| task::spawn(mutex.lock()));
    for waiter in &mut waiters {
        assert_pending!(waiter.poll());
    }
    drop(held);
    assert!(waiters[0].is_woken() && !waiters[1].is_woken());
    let overtaking = assert_ready!(task::spawn(mutex.lock()).poll());
    assert_pending!(waiters[0].poll());
    drop(overtaking);
    assert!(waiters[0].is_woken() && !waiters[1].is_woken());
    let first = assert_ready!(waiters[0].poll());
    assert_pending!(waiters[1].poll());
    drop(first);
    drop(assert_ready!(waiters[1].poll()));
}

#[test]
fn who_has_starved_for_a_millisecond_is_handed_the_lock() {
    let mutex = Mutex::new(());
    let mut held = mutex.try_lock().unwrap();
    let mut waiter = task::spawn(mutex.lock());
    assert_pending!(waiter.poll());
    thread::sleep(Duration::from_millis(2));
    drop(held);
    held = mutex.try_lock().expect("still the normal mode");
    assert!(waiter.is_woken());
    assert_pending!(waiter.poll());
    drop(held);
    assert!(mutex.try_lock().is_none(), "the lock is the waiter's");
    assert_pending!(task::spawn(mutex.lock()).poll());
    drop(assert_ready!(waiter.poll()));
    assert!(mutex.try_lock().is_some(), "back in the normal mode");
}

#[test]
fn who_overtakes_again_and_again_hands_the_lock_over() {
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let mut waiter = task::spawn(mutex.lock());
    assert_pending!(waiter.poll());
    drop(held);
    // The waiter was woken and does not get to run, as behind a goroutine that never waits.
    let started = Instant::now();
    let mut overtakes = 0;
    loop {
        let mut hog = task::spawn(mutex.lock());
        match hog.poll() {
            Poll::Ready(guard) => drop(guard),
            Poll::Pending => break,
        }
        overtakes += 1;
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    assert!(overtakes > 0 && started.elapsed() >= Duration::from_micros(900));
    drop(assert_ready!(waiter.poll()));
    assert!(mutex.try_lock().is_some());
}

#[test]
fn a_hog_cannot_keep_another_goroutine_out() {
    for procs in PROCS {
        bounded("the hog lets go", move || {
            let runtime = gort::Runtime::builder().procs(procs).build().unwrap();
            let (turns, over) = (
                Arc::new(Mutex::new(0_u64)),
                Arc::new(AtomicBool::new(false)),
            );
            let (hogs, hog_over) = (Arc::clone(&turns), Arc::clone(&over));
            let hog = runtime.spawn(async move {
                while !hog_over.load(Ordering::Relaxed) {
                    let mut turns = hogs.lock().await;
                    *turns += 1;
                    if *turns % 1000 == 0 {
                        yield_now().await;
                    }
                }
            });
            let victim = runtime.spawn(async move {
                while *turns.lock().await < 1000 {
                    yield_now().await;
                }
                for _ in 0..50 {
                    drop(turns.lock().await);
                    yield_now().await;
                }
                over.store(true, Ordering::Relaxed);
            });
            gort_tests::join(victim);
            gort_tests::join(hog);
        });
    }
}

/// How far a lock future got before it was dropped.
#[derive(Clone, Copy, Debug)]
enum Dropped {
    BeforeItsPoll,
    Waiting,
    Woken,
    HandedTheLock,
}

#[test]
fn a_lock_future_dropped_at_any_moment_passes_the_lock_on() {
    for dropped in [
        Dropped::BeforeItsPoll,
        Dropped::Waiting,
        Dropped::Woken,
        Dropped::HandedTheLock,
    ] {
        let mutex = Mutex::new(());
        let held = mutex.try_lock().unwrap();
        let mut quitter = task::spawn(mutex.lock());
        if !matches!(dropped, Dropped::BeforeItsPoll) {
            assert_pending!(quitter.poll());
        }
        let mut next = task::spawn(mutex.lock());
        assert_pending!(next.poll());
        match dropped {
            Dropped::BeforeItsPoll | Dropped::Waiting => {
                drop(quitter);
                drop(held);
            }
            Dropped::Woken => {
                drop(held);
                assert!(quitter.is_woken());
                drop(quitter);
            }
            Dropped::HandedTheLock => {
                thread::sleep(Duration::from_millis(2));
                drop(held);
                let overtaking = mutex.try_lock().unwrap();
                assert_pending!(quitter.poll());
                drop(overtaking);
                assert!(mutex.try_lock().is_none(), "handed over");
                drop(quitter);
            }
        }
        assert!(next.is_woken(), "{dropped:?}");
        drop(assert_ready!(next.poll(), "{dropped:?}"));
        assert!(mutex.try_lock().is_some(), "{dropped:?}");
    }
}

#[test]
fn the_last_waiter_to_leave_leaves_the_mutex_as_new() {
    let counts = Counts::new();
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let waker = counts.waker();
    let mut waiter = Box::pin(mutex.lock());
    let polled = waiter.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    drop(waiter);
    drop(held);
    assert_eq!((counts.wakes(), counts.others()), (0, 1));
    assert!(mutex.try_lock().is_some());
}

#[test]
fn a_waiter_polled_by_another_task_wakes_that_one() {
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let mut waiter = Box::pin(mutex.lock());
    let counts = [(); 2].map(|()| Counts::new());
    for counts in &counts {
        let waker = counts.waker();
        let mut context = Context::from_waker(&waker);
        assert!(waiter.as_mut().poll(&mut context).is_pending());
    }
    drop(held);
    assert_eq!(counts.each_ref().map(Counts::wakes), [0, 1]);
    assert_eq!(counts.each_ref().map(Counts::others), [0, 0]);
}

#[test]
fn a_panic_with_the_lock_unlocks_it() {
    on_goroutine(&PROCS, || async {
        let mutex = Arc::new(Mutex::new(1));
        let panics = Arc::clone(&mutex);
        let handle = quietly(|| {
            gort::spawn(async move {
                *panics.lock().await = 2;
                let _held = panics.lock().await;
                panic!("expected: with the lock");
            })
        });
        assert!(handle.await.unwrap_err().is_panic());
        assert_eq!(*mutex.lock().await, 2);
    });
}

/// Panics when it is woken.
struct Panics;

impl std::task::Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("expected: a waker panics");
    }
}

#[test]
fn a_waker_that_panics_takes_nobodys_lock() {
    quietly(|| {
        let mutex = Mutex::new(());
        let held = mutex.try_lock().unwrap();
        let waker = std::task::Waker::from(Arc::new(Panics));
        let mut first: Pin<Box<_>> = Box::pin(mutex.lock());
        let polled = first.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        let mut second = task::spawn(mutex.lock());
        assert_pending!(second.poll());
        drop(held);
        drop(first);
        drop(assert_ready!(second.poll()));
    });
}

#[test]
fn threads_and_goroutines_stand_in_one_queue() {
    with_procs(&PROCS, |runtime| {
        let total = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let total = Arc::clone(&total);
                thread::spawn(move || (0..500).for_each(|_| *total.lock_blocking() += 1))
            })
            .collect();
        let inside = Arc::clone(&total);
        runtime.block_on(async move {
            for _ in 0..500 {
                *inside.lock().await += 1;
            }
        });
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(*total.lock_blocking(), 2500);
    });
}

#[test]
fn blocking_in_a_goroutine_is_refused_with_the_way_out() {
    on_goroutine(&[1], || async {
        let mutex = Mutex::new(());
        quietly(|| {});
        let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            drop(mutex.lock_blocking());
        }));
        let text = refused.unwrap_err().downcast::<String>().unwrap();
        assert!(text.contains("await lock()"), "{text}");
    });
    let free = gort::block_on(gort::spawn_blocking(|| *Mutex::new(7).lock_blocking()));
    assert_eq!(free.unwrap(), 7);
}
