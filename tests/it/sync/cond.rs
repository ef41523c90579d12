use super::{Log, join_all, settle, start};
use gort::sync::{Cond, Mutex};
use gort_tests::{PROCS, on_goroutine, with_procs};
use std::sync::Arc;
use std::thread;
use tokio_test::task;
use tokio_test::{assert_pending, assert_ready};

#[test]
fn broadcast_lets_all_go_in_gos_order_4_0_1_2_3() {
    on_goroutine(&[1], || async {
        let shared = Arc::new((Mutex::new(()), Cond::new()));
        let log = Log::default();
        let waiters = start(5, |n| {
            let (shared, log) = (Arc::clone(&shared), log.clone());
            async move {
                let guard = shared.0.lock().await;
                let _guard = shared.1.wait(guard).await;
                log.push(n);
            }
        });
        let waiters = waiters.await;
        shared.1.broadcast();
        settle().await;
        assert_eq!(log.taken(), [4, 0, 1, 2, 3]);
        join_all(waiters).await;
    });
}

#[test]
fn signal_wakes_the_one_that_has_waited_longest_and_no_other() {
    let (mutex, cond) = (Mutex::new(()), Cond::new());
    let mut waiters = [(); 3].map(|()| {
        let mut waiter = task::spawn(cond.wait(mutex.try_lock().unwrap()));
        assert_pending!(waiter.poll());
        waiter
    });
    cond.signal();
    assert_eq!(
        waiters.each_ref().map(|w| w.is_woken()),
        [true, false, false]
    );
    for waiter in &mut waiters[1..] {
        assert_pending!(waiter.poll(), "a poll is no call");
    }
    drop(assert_ready!(waiters[0].poll()));
    cond.signal();
    cond.signal();
    // A call that nobody waits for is not kept.
    cond.signal();
    for waiter in &mut waiters[1..] {
        drop(assert_ready!(waiter.poll()));
    }
    assert_pending!(task::spawn(cond.wait(mutex.try_lock().unwrap())).poll());
}

#[test]
fn it_waits_before_it_unlocks() {
    let (mutex, cond) = (Mutex::new(()), Cond::new());
    let guard = mutex.try_lock().unwrap();
    let mut changer = task::spawn(mutex.lock());
    assert_pending!(changer.poll());
    let mut waiter = task::spawn(cond.wait(guard));
    assert!(!changer.is_woken(), "not before the first poll");
    assert_pending!(waiter.poll());
    let changing = assert_ready!(changer.poll());
    cond.signal();
    assert!(waiter.is_woken());
    assert_pending!(waiter.poll(), "the lock is taken");
    drop(changing);
    drop(assert_ready!(waiter.poll()));
}

#[test]
fn a_signal_to_a_wait_that_is_dropped_goes_to_the_next_and_a_broadcast_does_not() {
    for (waits_for_the_lock, is_signal) in [(false, true), (true, true), (false, false)] {
        let (mutex, cond) = (Mutex::new(()), Cond::new());
        let mut quitter = task::spawn(cond.wait(mutex.try_lock().unwrap()));
        assert_pending!(quitter.poll());
        if !is_signal {
            cond.broadcast();
        }
        let mut next = task::spawn(cond.wait(mutex.try_lock().unwrap()));
        assert_pending!(next.poll());
        if is_signal {
            cond.signal();
        }
        if waits_for_the_lock {
            let held = mutex.try_lock().unwrap();
            assert_pending!(quitter.poll());
            drop(held);
        }
        drop(quitter);
        assert_eq!(next.is_woken(), is_signal, "{waits_for_the_lock}");
        cond.broadcast();
        drop(assert_ready!(next.poll()));
    }
}

#[test]
fn a_wait_that_was_never_polled_unlocks_when_it_is_dropped() {
    let (mutex, cond) = (Mutex::new(()), Cond::new());
    drop(cond.wait(mutex.try_lock().unwrap()));
    assert!(mutex.try_lock().is_some());
}

#[test]
fn a_queue_of_jobs_loses_none() {
    on_goroutine(&PROCS, || async {
        let shared = Arc::new((Mutex::new(Vec::new()), Cond::new()));
        let takers: Vec<_> = (0..8)
            .map(|_| {
                let shared = Arc::clone(&shared);
                gort::spawn(async move {
                    let mut sum = 0;
                    for _ in 0..250 {
                        let jobs = shared.0.lock().await;
                        let mut jobs = shared.1.wait_while(jobs, |jobs| jobs.is_empty()).await;
                        sum += jobs.pop().unwrap();
                    }
                    sum
                })
            })
            .collect();
        for job in 0..2000_u32 {
            shared.0.lock().await.push(job);
            shared.1.signal();
        }
        let mut sum = 0;
        for taker in takers {
            sum += taker.await.unwrap();
        }
        assert_eq!(sum, (0..2000).sum());
    });
}

#[test]
fn a_thread_waits_like_a_goroutine() {
    with_procs(&PROCS, |runtime| {
        let shared = Arc::new((Mutex::new(0), Cond::new()));
        let waits = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let mut count = waits.0.lock_blocking();
            while *count < 10 {
                count = waits.1.wait_blocking(count);
            }
        });
        runtime.block_on(async {
            for _ in 0..10 {
                *shared.0.lock().await += 1;
                shared.1.broadcast();
            }
        });
        thread.join().unwrap();
    });
}
