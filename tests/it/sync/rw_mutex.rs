use super::join_all;
use gort::sync::{ReadGuard, RwMutex, WriteGuard};
use gort::yield_now;
use gort_tests::{PROCS, on_goroutine, with_procs};
use std::sync::Arc;
use std::thread;
use tokio_test::task;
use tokio_test::{assert_pending, assert_ready};

#[test]
fn a_rw_mutex_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<RwMutex<u8>>();
    both::<ReadGuard<'static, u8>>();
    both::<WriteGuard<'static, u8>>();
}

#[test]
fn a_waiting_writer_keeps_new_readers_out_and_goes_first() {
    let mutex = RwMutex::new(());
    let reading = mutex.try_read().unwrap();
    let mut writer = task::spawn(mutex.write());
    assert_pending!(writer.poll());
    assert!(mutex.try_read().is_none());
    let mut reader = task::spawn(mutex.read());
    assert_pending!(reader.poll());
    drop(reading);
    assert!(writer.is_woken() && !reader.is_woken());
    let writing = assert_ready!(writer.poll());
    assert_pending!(reader.poll());
    drop(writing);
    drop(assert_ready!(reader.poll()));
}

#[test]
fn when_a_writer_leaves_all_waiting_readers_come_before_the_next_writer() {
    let mutex = RwMutex::new(());
    let writing = mutex.try_write().unwrap();
    let mut early = task::spawn(mutex.read());
    assert_pending!(early.poll());
    let mut next = task::spawn(mutex.write());
    assert_pending!(next.poll());
    let mut late = task::spawn(mutex.read());
    assert_pending!(late.poll());
    drop(writing);
    assert!(!next.is_woken());
    let readers = (assert_ready!(early.poll()), assert_ready!(late.poll()));
    assert_pending!(task::spawn(mutex.read()).poll(), "a writer waits");
    drop(readers);
    drop(assert_ready!(next.poll()));
    assert!(mutex.try_write().is_some());
}

#[test]
fn a_writer_that_gives_up_lets_the_readers_in_that_waited_behind_it() {
    let mutex = RwMutex::new(());
    let reading = mutex.try_read().unwrap();
    let mut writer = task::spawn(mutex.write());
    assert_pending!(writer.poll());
    let mut reader = task::spawn(mutex.read());
    assert_pending!(reader.poll());
    drop(writer);
    assert!(reader.is_woken());
    drop(assert_ready!(reader.poll()));
    assert!(mutex.try_read().is_some(), "open to all");
    drop(reading);
    assert!(mutex.try_write().is_some());
}

#[test]
fn what_was_given_to_a_future_that_is_dropped_is_given_up() {
    let mutex = RwMutex::new(());
    let writing = mutex.try_write().unwrap();
    let mut readers = [(); 2].map(|()| task::spawn(mutex.read()));
    for reader in &mut readers {
        assert_pending!(reader.poll());
    }
    let mut writer = task::spawn(mutex.write());
    assert_pending!(writer.poll());
    let mut behind = task::spawn(mutex.read());
    assert_pending!(behind.poll());
    drop(writing);
    // All three readers have the lock now, and none of them knows.
    drop((readers, behind));
    assert!(writer.is_woken());
    let mut next = task::spawn(mutex.write());
    assert_pending!(next.poll());
    // The writer has it now.
    drop(writer);
    drop(assert_ready!(next.poll()));
    assert!(mutex.try_write().is_some());
}

#[test]
fn readers_share_and_writers_exclude() {
    on_goroutine(&PROCS, || async {
        let pair = Arc::new(RwMutex::new((0_u32, 0_u32)));
        let work = |n: u32| {
            let pair = Arc::clone(&pair);
            gort::spawn(async move {
                for round in 0..300 {
                    if (round + n) % 4 == 0 {
                        let mut pair = pair.write().await;
                        pair.0 += 1;
                        if round % 16 == 0 {
                            yield_now().await;
                        }
                        pair.1 += 1;
                    } else {
                        let pair = pair.read().await;
                        if round % 32 == 0 {
                            yield_now().await;
                        }
                        assert_eq!(pair.0, pair.1);
                    }
                }
            })
        };
        join_all((0..16).map(work).collect()).await;
        assert_eq!(*pair.read().await, (1200, 1200));
    });
}

#[test]
fn threads_and_goroutines_stand_in_one_queue() {
    with_procs(&PROCS, |runtime| {
        let total = Arc::new(RwMutex::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let total = Arc::clone(&total);
                thread::spawn(move || {
                    for _ in 0..300 {
                        *total.write_blocking() += 1;
                        assert!(*total.read_blocking() > 0);
                    }
                })
            })
            .collect();
        let inside = Arc::clone(&total);
        runtime.block_on(async move {
            for _ in 0..300 {
                *inside.write().await += 1;
            }
        });
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(*total.read_blocking(), 1500);
    });
}
