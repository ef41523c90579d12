use super::ms;
use gort::Runtime;
use gort::time::{AfterFunc, after_func, sleep};
use gort_tests::{Calls, Counts, PROCS, on_goroutine, wait_until};
use std::sync::Arc;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_handle_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<AfterFunc>();
}

#[test]
fn the_function_is_called_in_a_goroutine_after_the_delay_though_the_handle_is_gone() {
    on_goroutine(&PROCS, || async {
        let (tell, told) = gort::chan(1);
        let (start, me) = (Instant::now(), gort::task::goid());
        drop(after_func(ms(2), move || {
            let by = gort::task::goid();
            tell.try_send((Instant::now(), by)).unwrap();
        }));
        let (called, by) = told.recv().await.unwrap();
        assert!(called >= start + ms(2));
        assert_ne!(by, me);
    });
}

#[test]
fn stop_is_true_only_if_it_prevents_the_call() {
    on_goroutine(&PROCS, || async {
        for round in 0..300_u64 {
            let calls = Calls::default();
            let later = after_func(Duration::from_micros(round % 60), calls.function());
            sleep(Duration::from_micros(round % 50)).await;
            let stopped = later.stop();
            assert!(!later.stop());
            if stopped {
                sleep(Duration::from_micros(60)).await;
                assert_eq!(calls.count(), 0);
            } else {
                calls.reach(1).await;
            }
        }
    });
}

#[test]
fn reset_moves_the_call_and_repeats_it() {
    on_goroutine(&PROCS, || async {
        let calls = Calls::default();
        let later = after_func(HOUR, calls.function());
        for called in 0..20 {
            assert_eq!(later.reset(Duration::from_micros(100)), called == 0);
            calls.reach(called + 1).await;
        }
        assert!(!later.stop());
    });
}

#[test]
fn stops_and_resets_in_a_row_leave_one_call() {
    on_goroutine(&PROCS, || async {
        let calls = Calls::default();
        let later = after_func(HOUR, calls.function());
        for _ in 0..50 {
            assert!(later.stop());
            assert!(!later.reset(HOUR));
            assert!(later.reset(HOUR));
        }
        assert!(later.reset(ms(1)));
        calls.reach(1).await;
        sleep(ms(2)).await;
        assert_eq!(calls.count(), 1);
    });
}

#[test]
fn resets_from_many_goroutines_make_as_many_calls_as_they_began() {
    on_goroutine(&PROCS, || async {
        let calls = Calls::default();
        let later = Arc::new(after_func(HOUR, calls.function()));
        let resets = |n: u64| {
            let later = Arc::clone(&later);
            gort::spawn(async move {
                let mut begun = 0;
                for round in 0..50 {
                    begun += usize::from(!later.reset(Duration::from_micros((n + round) % 9)));
                    gort::yield_now().await;
                }
                begun
            })
        };
        let resets: Vec<_> = (0..4).map(resets).collect();
        // The first was begun by `after_func`.
        let mut begun = 1;
        for reset in resets {
            begun += reset.await.unwrap();
        }
        calls.reach(begun).await;
        assert!(!later.stop());
        sleep(ms(1)).await;
        assert_eq!(calls.count(), begun);
    });
}

#[test]
fn extreme_delays_come_at_once_or_never() {
    on_goroutine(&PROCS, || async {
        let calls = Calls::default();
        let never = after_func(Duration::MAX, calls.function());
        after_func(Duration::ZERO, calls.function());
        calls.reach(1).await;
        assert!(never.reset(Duration::MAX));
        assert!(never.stop());
        assert_eq!(calls.count(), 1);
    });
}

#[test]
fn what_the_function_holds_is_freed_after_a_stop() {
    on_goroutine(&PROCS, || async {
        let counts = Counts::new();
        let token = counts.token();
        let later = after_func(HOUR, move || {
            let _ = &token;
        });
        assert!(later.stop());
        drop(later);
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn what_was_to_be_called_is_freed_with_its_runtime() {
    let counts = Counts::new();
    let runtime = Runtime::builder().procs(2).build().unwrap();
    let token = counts.token();
    let later = runtime.block_on(async {
        after_func(HOUR, move || {
            let _ = &token;
        })
    });
    runtime.shutdown(Duration::from_secs(10));
    assert!(!later.stop(), "it was forgotten");
    drop(later);
    wait_until("the function is freed", || counts.live() == 0);
}

#[test]
fn a_function_may_stop_and_reset_its_own_call() {
    on_goroutine(&PROCS, || async {
        let (tell, told) = gort::chan::<AfterFunc>(1);
        let (done, over) = gort::chan(1);
        let later = after_func(ms(1), move || {
            let own = told.try_recv().unwrap();
            assert!(!own.stop());
            assert!(!own.reset(HOUR));
            assert!(own.stop());
            done.try_send(()).unwrap();
        });
        tell.send(later).await.unwrap();
        over.recv().await.unwrap();
    });
}
