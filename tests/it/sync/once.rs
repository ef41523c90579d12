use super::{Log, join_all, settle, start};
use gort::panic::goexit;
use gort::sync::{Once, OnceFunc, OnceValue};
use gort::{recover, yield_now};
use gort_tests::{PROCS, bounded, on_goroutine, quietly};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use tokio_test::task;
use tokio_test::{assert_pending, assert_ready};

#[test]
fn what_is_done_once_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Once>();
    both::<OnceFunc>();
    both::<OnceValue<u8>>();
    fn sent<T: Send>(_: &T) {}
    sent(&Once::new().call(async || {}));
    sent(&OnceValue::new(async { 1 }).get());
}

#[test]
fn of_many_calls_one_runs_and_the_others_wait_for_its_end() {
    on_goroutine(&PROCS, || async {
        let (once, runs) = (Arc::new(Once::new()), Arc::new(AtomicU32::new(0)));
        let call = |_| {
            let (once, runs) = (Arc::clone(&once), Arc::clone(&runs));
            gort::spawn(async move {
                let run = async || {
                    yield_now().await;
                    runs.fetch_add(1, Ordering::Relaxed);
                };
                once.call(run).await;
                assert_eq!(runs.load(Ordering::Relaxed), 1);
            })
        };
        join_all((0..20).map(call).collect()).await;
    });
}

#[test]
fn a_panic_and_an_exit_count_as_done() {
    on_goroutine(&[1], || async {
        let ended = [Arc::new(Once::new()), Arc::new(Once::new())];
        let panics = Arc::clone(&ended[0]);
        let caught = recover!({
            let code = async || panic!("expected: once");
            panics.call(code).await;
        });
        assert_eq!(caught.unwrap_err().message(), "expected: once");
        let exits = Arc::clone(&ended[1]);
        let exiting = gort::spawn(async move { exits.call(async || goexit()).await });
        assert!(exiting.await.unwrap_err().is_goexit());
        for once in ended {
            assert!(once.is_done());
            once.call(async || unreachable!("done")).await;
        }
    });
}

#[test]
fn who_waited_for_one_that_panics_goes_on_and_for_one_that_is_dropped_runs_its_own() {
    let once = Once::new();
    let mut quitter = task::spawn(once.call(pending::<()>));
    let log = Log::default();
    let mut next = task::spawn(once.call(async || {
        log.push(1);
        panic!("expected: the second");
    }));
    let mut last = task::spawn(once.call(async || log.push(2)));
    assert_pending!(quitter.poll());
    assert_pending!(next.poll());
    assert_pending!(last.poll());
    drop(quitter);
    assert!(next.is_woken() && !once.is_done());
    quietly(|| catch_unwind(AssertUnwindSafe(|| next.poll()))).unwrap_err();
    drop(next);
    assert!(last.is_woken() && once.is_done());
    assert_ready!(last.poll());
    assert_eq!(log.taken(), [1]);
}

#[test]
fn threads_call_one_once() {
    bounded("one runs, all return", || {
        let (once, runs) = (Once::new(), AtomicU32::new(0));
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    once.call_blocking(|| {
                        thread::yield_now();
                        runs.fetch_add(1, Ordering::Relaxed);
                    });
                    assert_eq!(runs.load(Ordering::Relaxed), 1);
                });
            }
        });
        let once = Once::new();
        let run = AssertUnwindSafe(|| once.call_blocking(|| panic!("expected: in a thread")));
        quietly(|| catch_unwind(run)).unwrap_err();
        once.call_blocking(|| unreachable!("done"));
    });
}

#[test]
fn a_value_is_made_by_the_first_who_asks_and_seen_by_all() {
    on_goroutine(&PROCS, || async {
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let value = Arc::new(OnceValue::new(async move {
            yield_now().await;
            counted.fetch_add(1, Ordering::Relaxed) + 41
        }));
        assert_eq!(value.try_get(), None);
        let ask = |_| {
            let value = Arc::clone(&value);
            gort::spawn(async move { assert_eq!(*value.get().await, 41) })
        };
        join_all((0..20).map(ask).collect()).await;
        assert_eq!(value.try_get(), Some(&41));
        assert_eq!(Arc::strong_count(&runs), 1, "the future is gone");
    });
}

#[test]
fn who_gives_up_leaves_the_making_to_the_next_from_where_it_was() {
    let log = Log::default();
    let makes = log.clone();
    let value = OnceValue::new(async move {
        for n in 1..=2 {
            makes.push(n);
            yield_now().await;
        }
        3
    });
    let mut first = task::spawn(value.get());
    let mut second = task::spawn(value.get());
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    drop(first);
    assert!(second.is_woken());
    assert_pending!(second.poll());
    assert!(second.is_woken(), "the future knows who polls it now");
    assert_eq!(assert_ready!(second.poll()), &3);
    assert_eq!(log.taken(), [1, 2]);
}

#[test]
fn the_panic_of_a_value_comes_to_all_who_ask() {
    on_goroutine(&[1], || async {
        let kept = Arc::new(());
        let held = Arc::clone(&kept);
        let value = Arc::new(OnceValue::<u8>::new(async move {
            let _held = &held;
            yield_now().await;
            panic!("expected: no value");
        }));
        let asking = start(2, |_| {
            let value = Arc::clone(&value);
            async move { *value.get().await }
        });
        let asking = quietly(|| asking).await;
        settle().await;
        for handle in asking {
            let error = handle.await.unwrap_err();
            assert_eq!(error.panic().unwrap().message(), "expected: no value");
        }
        let late = recover!({ *value.get().await });
        assert_eq!(late.unwrap_err().message(), "expected: no value");
        assert_eq!(value.try_get(), None);
        assert_eq!(Arc::strong_count(&kept), 1, "the future is gone");
    });
}

#[test]
fn a_value_whose_future_exits_ends_one_goroutine_and_is_never_there() {
    on_goroutine(&[1], || async {
        let value = Arc::new(OnceValue::<u8>::new(async { goexit() }));
        let exits = Arc::clone(&value);
        let exiting = gort::spawn(async move { *exits.get().await });
        assert!(exiting.await.unwrap_err().is_goexit());
        let late = recover!({ *value.get().await }).unwrap_err();
        assert!(late.message().contains("ended the goroutine"), "{late}");
    });
}

#[test]
fn a_function_runs_once_for_threads_and_goroutines() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let function = Arc::new(OnceFunc::new(async move {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    let called = Arc::clone(&function);
    let thread = thread::spawn(move || called.call_blocking());
    let called = Arc::clone(&function);
    on_goroutine(&PROCS, move || {
        let called = Arc::clone(&called);
        async move { called.call().await }
    });
    thread.join().unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}
