//! `block_on`: a future on the calling thread, under a permit like everybody's.

use futures::channel::oneshot;
use gort::task::try_goid;
use gort::{Runtime, block_on, runtime, spawn, yield_now};
use gort_tests::{Counts, PROCS, bounded, join, on_threads, quietly, with_procs};
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn the_root_is_polled_on_the_calling_thread() {
    with_procs(&PROCS, |runtime| {
        let here = thread::current().id();
        let local = Rc::new(7);
        let root = async {
            for _ in 0..100 {
                assert_eq!(thread::current().id(), here);
                spawn(yield_now()).await.unwrap();
            }
            *local
        };
        assert_eq!(runtime.block_on(root), 7);
    });
}

#[test]
fn the_root_may_borrow() {
    with_procs(&PROCS, |runtime| {
        let text = String::from("hello");
        let mut count = 0;
        let root = async {
            count += 1;
            yield_now().await;
            &text[..]
        };
        assert_eq!(runtime.block_on(root), "hello");
        assert_eq!(count, 1);
    });
}

#[test]
fn a_ready_root_is_polled_once_and_dropped() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        runtime.block_on(counts.future(ready(())));
        assert_eq!((counts.polls(), counts.live()), (1, 0));
    });
}

#[test]
fn the_root_is_woken_from_foreign_threads() {
    with_procs(&PROCS, |runtime| {
        for n in 0..200 {
            let (sender, receiver) = oneshot::channel();
            let foreign = thread::spawn(move || {
                if n % 20 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
                sender.send(n).unwrap();
            });
            assert_eq!(runtime.block_on(receiver), Ok(n));
            foreign.join().unwrap();
        }
    });
}

#[test]
fn the_root_is_woken_by_goroutines_and_timers() {
    with_procs(&PROCS, |runtime| {
        runtime.block_on(async {
            for n in 0..200 {
                assert_eq!(spawn(async move { n }).await.unwrap(), n);
            }
            let started = Instant::now();
            gort::time::sleep(Duration::from_millis(5)).await;
            assert!(started.elapsed() >= Duration::from_millis(5));
        });
    });
}

#[test]
fn a_root_that_wakes_itself_is_polled_again_and_the_goroutines_run_meanwhile() {
    with_procs(&PROCS, |runtime| {
        let handle = runtime.spawn(async {
            for _ in 0..1000 {
                yield_now().await;
            }
        });
        let mut polls = 0;
        runtime.block_on(poll_fn(|cx| {
            polls += 1;
            if handle.is_finished() {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        join(handle);
        assert!(polls > 0);
    });
}

#[test]
fn a_root_has_its_turn_among_goroutines_that_never_wait() {
    with_procs(&PROCS, |runtime| {
        let stop = Arc::new(AtomicUsize::new(0));
        let spin = |_| {
            let stop = Arc::clone(&stop);
            runtime.spawn(async move {
                while stop.load(Ordering::Relaxed) == 0 {
                    yield_now().await;
                }
            })
        };
        let handles: Vec<_> = (0..2 * runtime.procs()).map(spin).collect();
        for _ in 0..20 {
            runtime.block_on(async {
                for _ in 0..10 {
                    yield_now().await;
                }
            });
        }
        stop.store(1, Ordering::Relaxed);
        handles.into_iter().for_each(join);
    });
}

#[test]
fn many_threads_share_one_p() {
    with_procs(&PROCS, |runtime| {
        let results = on_threads(runtime, 20, |n, handle| {
            handle.block_on(async move {
                let mut sum = 0;
                for i in 0..50 {
                    sum += spawn(async move { i * n }).await.unwrap();
                    yield_now().await;
                }
                sum
            })
        });
        let expected: Vec<_> = (0..20).map(|n| 49 * 50 / 2 * n).collect();
        assert_eq!(results, expected);
    });
}

#[test]
fn never_more_polls_at_once_than_permits() {
    with_procs(&PROCS, |runtime| {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let counters = Arc::new((now, most));
        // Long enough to overlap, and asleep, so that others would run if they could.
        let measured = |counters: Arc<(AtomicUsize, AtomicUsize)>| async move {
            for n in 0..15 {
                let running = counters.0.fetch_add(1, Ordering::SeqCst) + 1;
                counters.1.fetch_max(running, Ordering::SeqCst);
                thread::sleep(Duration::from_micros(200));
                counters.0.fetch_sub(1, Ordering::SeqCst);
                if n % 3 == 0 {
                    gort::time::sleep(Duration::from_micros(100)).await;
                } else {
                    yield_now().await;
                }
            }
        };
        let spawned: Vec<_> = (0..10)
            .map(|_| runtime.spawn(measured(Arc::clone(&counters))))
            .collect();
        on_threads(runtime, 5, |_, handle| {
            handle.block_on(measured(Arc::clone(&counters)))
        });
        spawned.into_iter().for_each(join);
        let most = counters.1.load(Ordering::SeqCst);
        assert!(most <= runtime.procs(), "{most} polls at once");
        assert!(
            runtime.procs() == 1 || most > 1,
            "they never ran at the same time"
        );
    });
}

#[test]
fn inside_a_goroutine_it_is_refused() {
    quietly(|| {
        with_procs(&PROCS, |runtime| {
            let handle = runtime.handle();
            let refused = runtime.spawn(async move {
                let outer = catch_unwind(AssertUnwindSafe(|| handle.block_on(ready(()))));
                let text = outer
                    .unwrap_err()
                    .downcast_ref::<&str>()
                    .map(|text| text.to_string());
                let default = catch_unwind(AssertUnwindSafe(|| block_on(ready(()))));
                (text, default.is_err())
            });
            let (text, default) = join(refused);
            let text = text.expect("a text");
            assert!(text.starts_with("block_on inside a goroutine"), "{text}");
            assert!(default);
            assert_eq!(join(runtime.spawn(ready(7))), 7, "the runtime is as it was");
        });
    });
}

#[test]
fn inside_another_block_on_it_is_refused() {
    with_procs(&PROCS, |runtime| {
        let other = Runtime::builder().procs(1).build().unwrap();
        let inner = runtime.block_on(async {
            let nested = catch_unwind(AssertUnwindSafe(|| runtime.block_on(ready(()))));
            let elsewhere = catch_unwind(AssertUnwindSafe(|| other.block_on(ready(()))));
            [nested.is_err(), elsewhere.is_err()]
        });
        assert_eq!(inner, [true, true]);
        assert!(try_goid().is_none());
        assert_eq!(runtime.block_on(ready(7)), 7);
    });
}

#[test]
fn inside_a_blocking_call_it_is_allowed() {
    with_procs(&PROCS, |runtime| {
        let handle = runtime.handle();
        let nested = runtime
            .spawn_blocking(move || handle.block_on(async { spawn(async { 7 }).await.unwrap() }));
        assert_eq!(join(nested), 7);
    });
}

#[test]
fn a_panic_of_the_root_is_the_callers_and_the_permit_is_given_back() {
    quietly(|| {
        with_procs(&PROCS, |runtime| {
            for _ in 0..20 {
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    runtime.block_on(async {
                        yield_now().await;
                        panic!("expected: the root")
                    })
                }));
                let payload: Box<dyn std::any::Any + Send> = outcome.unwrap_err();
                assert_eq!(payload.downcast_ref(), Some(&"expected: the root"));
                assert!(try_goid().is_none() && runtime::Handle::try_current().is_none());
            }
            assert_eq!(
                runtime.block_on(async { spawn(ready(7)).await.unwrap() }),
                7
            );
        });
    });
}

#[test]
fn a_root_of_one_runtime_awaits_goroutines_of_another() {
    with_procs(&PROCS, |runtime| {
        let other = Runtime::builder().procs(1).build().unwrap();
        let far = other.handle();
        let sum = runtime.block_on(async move {
            let mut sum = 0;
            for n in 0..100 {
                sum += far.spawn(async move { n }).await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 99 * 100 / 2);
    });
}

#[test]
fn wakes_of_a_root_that_is_gone_do_nothing() {
    with_procs(&PROCS, |runtime| {
        let mut waker = None;
        runtime.block_on(poll_fn(|cx| {
            waker = Some(cx.waker().clone());
            Poll::Ready(())
        }));
        let waker = waker.unwrap();
        waker.wake_by_ref();
        assert_eq!(runtime.block_on(ready(1)), 1);
        waker.wake();
    });
}

#[test]
fn the_default_runtime_starts_once_for_all_threads() {
    bounded("the default runtime", || {
        let threads: Vec<_> = (0..8)
            .map(|n| thread::spawn(move || block_on(async move { spawn(ready(n)).await.unwrap() })))
            .collect();
        let sum: i32 = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        assert_eq!(sum, 28);
        assert!(runtime::procs() >= 1 && runtime::num_cpu() >= 1);
        drop(spawn(pending::<()>()));
    });
}
