use gort::sync::Pool;
use gort_tests::{Counts, PanicsOnDrop, bounded, quietly};
use std::cell::Cell;
use std::sync::Arc;
use std::thread;

#[test]
fn a_pool_can_be_sent_and_shared_if_its_things_can_be_sent() {
    fn both<T: Send + Sync>() {}
    both::<Pool<Cell<u8>>>();
}

#[test]
fn what_was_put_back_last_comes_first_and_is_as_it_was() {
    let pool = Pool::new(Vec::new);
    pool.put(vec![1]);
    pool.put(vec![2, 3]);
    assert_eq!(pool.get(), [2, 3]);
    assert_eq!(pool.get(), [1]);
    assert_eq!(pool.get(), [0_u8; 0]);
}

#[test]
fn what_another_thread_put_back_is_found() {
    let pool = Arc::new(Pool::new(|| 0));
    for n in 1..=20 {
        let puts = Arc::clone(&pool);
        thread::spawn(move || puts.put(n)).join().unwrap();
    }
    let mut found: Vec<u32> = (0..20).map(|_| pool.get()).collect();
    found.sort_unstable();
    assert_eq!(found, (1..=20).collect::<Vec<_>>());
    assert_eq!(pool.take(), None);
}

#[test]
fn a_thing_survives_one_cycle_and_not_two() {
    let counts = Counts::new();
    let pool = Pool::with(|| unreachable!("nothing is made"));
    pool.put(counts.token());
    pool.put(counts.token());
    pool.cycle();
    let again = pool.take().unwrap();
    pool.put(again);
    assert_eq!(counts.live(), 2);
    pool.cycle();
    assert_eq!(counts.live(), 1, "the one that was not used is gone");
    pool.cycle();
    assert_eq!((counts.live(), counts.drops()), (0, 2));
    pool.cycle();
}

#[test]
fn a_pool_that_ends_drops_what_it_has() {
    let counts = Counts::new();
    let pool = Pool::new(|| unreachable!("nothing is made"));
    pool.put(counts.token());
    pool.cycle();
    pool.put(counts.token());
    drop(pool);
    assert_eq!(counts.live(), 0);
}

#[test]
fn a_destructor_that_panics_keeps_no_other_from_going() {
    let counts = Counts::new();
    let pool = Pool::new(|| unreachable!("nothing is made"));
    pool.put((PanicsOnDrop, counts.token()));
    pool.put((PanicsOnDrop, counts.token()));
    quietly(|| {
        pool.cycle();
        pool.cycle();
    });
    assert_eq!(counts.live(), 0);
}

#[test]
fn nothing_is_given_to_two_and_nothing_is_lost() {
    bounded("threads share a pool", || {
        let pool = Pool::new(|| -1);
        (0..100).for_each(|n| pool.put(n));
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for round in 0..20_000 {
                        let held: Vec<i32> = (0..round % 5).map(|_| pool.get()).collect();
                        held.into_iter().for_each(|thing| pool.put(thing));
                    }
                });
            }
        });
        let mut all: Vec<i32> = std::iter::from_fn(|| pool.take()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>(), "each once, none made");
    });
}
