use gort::sync::{Permits, Semaphore};
use gort::yield_now;
use gort_tests::{PROCS, on_goroutine, with_procs};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use tokio_test::task;
use tokio_test::{assert_pending, assert_ready};

#[test]
fn a_semaphore_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Semaphore>();
    both::<Permits<'static>>();
}

#[test]
fn a_small_request_does_not_overtake_a_large_one() {
    let semaphore = Semaphore::new(3);
    let held = semaphore.try_acquire(2).unwrap();
    let mut large = task::spawn(semaphore.acquire(3));
    assert_pending!(large.poll());
    assert!(semaphore.try_acquire(1).is_none());
    let mut small = task::spawn(semaphore.acquire(1));
    assert_pending!(small.poll());
    drop(held);
    assert!(large.is_woken() && !small.is_woken());
    let all = assert_ready!(large.poll());
    assert_pending!(small.poll());
    drop(all);
    assert_eq!(assert_ready!(small.poll()).count(), 1);
    assert_eq!(semaphore.available(), 3);
}

#[test]
fn the_first_that_gives_up_makes_way_for_those_behind_it() {
    let semaphore = Semaphore::new(3);
    let held = semaphore.try_acquire(1).unwrap();
    let mut large = task::spawn(semaphore.acquire(3));
    assert_pending!(large.poll());
    let mut small = [(); 2].map(|()| task::spawn(semaphore.acquire(1)));
    for small in &mut small {
        assert_pending!(small.poll());
    }
    drop(large);
    let two = small.each_mut().map(|small| assert_ready!(small.poll()));
    assert_eq!(semaphore.available(), 0);
    drop((two, held));
    assert!(semaphore.try_acquire(3).is_some());
}

#[test]
fn permits_given_to_a_future_that_is_dropped_go_on() {
    let semaphore = Semaphore::new(2);
    let held = semaphore.try_acquire(2).unwrap();
    let mut quitter = task::spawn(semaphore.acquire(2));
    assert_pending!(quitter.poll());
    let mut next = task::spawn(semaphore.acquire(1));
    assert_pending!(next.poll());
    drop(held);
    assert!(quitter.is_woken());
    drop(quitter);
    drop(assert_ready!(next.poll()));
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn more_than_there_are_never_come_and_stand_in_nobodys_way() {
    let semaphore = Semaphore::new(1);
    let mut doomed = task::spawn(semaphore.acquire(2));
    assert_pending!(doomed.poll());
    assert!(semaphore.try_acquire(1).is_some());
    assert_pending!(doomed.poll());
    assert!(semaphore.try_acquire(2).is_none());
}

#[test]
fn none_at_all_are_always_there() {
    let semaphore = Semaphore::new(0);
    assert_eq!(
        assert_ready!(task::spawn(semaphore.acquire(0)).poll()).count(),
        0
    );
}

#[test]
fn more_released_than_held_panics_with_gos_text_and_changes_nothing() {
    let semaphore = Semaphore::new(2);
    let held = semaphore.try_acquire(1).unwrap();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let refused = catch_unwind(|| semaphore.release(2));
    std::panic::set_hook(hook);
    let text = *refused.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(text, "semaphore: released more than held");
    assert_eq!(semaphore.available(), 1);
    drop(held);
}

#[test]
fn never_are_more_permits_out_than_there_are() {
    on_goroutine(&PROCS, || async {
        let semaphore = Arc::new(Semaphore::new(10));
        let out = Arc::new(AtomicU32::new(0));
        let work = |n: u32| {
            let (semaphore, out) = (Arc::clone(&semaphore), Arc::clone(&out));
            gort::spawn(async move {
                for round in 0..200 {
                    let wanted = (n + round) % 7;
                    let permits = semaphore.acquire(wanted).await;
                    let now = out.fetch_add(wanted, Ordering::SeqCst) + wanted;
                    assert!(now <= 10, "{now}");
                    if round % 8 == 0 {
                        yield_now().await;
                    }
                    out.fetch_sub(wanted, Ordering::SeqCst);
                    drop(permits);
                }
            })
        };
        super::join_all((0..30).map(work).collect()).await;
        assert_eq!(semaphore.available(), 10);
    });
}

#[test]
fn threads_and_goroutines_stand_in_one_queue() {
    with_procs(&PROCS, |runtime| {
        let semaphore = Arc::new(Semaphore::new(2));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let semaphore = Arc::clone(&semaphore);
                thread::spawn(move || (0..300).for_each(|_| drop(semaphore.acquire_blocking(2))))
            })
            .collect();
        runtime.block_on(async {
            for _ in 0..300 {
                drop(semaphore.acquire(1).await);
            }
        });
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(semaphore.available(), 2);
    });
}
