//! `yield_now` goes behind what is on the same P, `gosched` behind everything.

use gort::runtime::gosched;
use gort::{spawn, yield_now};
use gort_tests::{Counts, PROCS, on_goroutine, with_procs};
use std::sync::{Arc, Mutex};
use std::task::Poll;

#[test]
fn yield_now_waits_for_one_poll() {
    on_goroutine(&PROCS, || async {
        let counts = Counts::new();
        let handle = spawn(counts.future(async {
            for _ in 0..1000 {
                yield_now().await;
            }
        }));
        handle.await.unwrap();
        assert_eq!(counts.polls(), 1001);
    });
}

#[test]
fn gosched_waits_for_one_poll() {
    on_goroutine(&PROCS, || async {
        let counts = Counts::new();
        let handle = spawn(counts.future(async {
            for _ in 0..1000 {
                gosched().await;
            }
        }));
        handle.await.unwrap();
        assert_eq!(counts.polls(), 1001);
    });
}

#[test]
fn three_that_yield_take_turns_at_one_p() {
    on_goroutine(&[1], || async {
        let log = Arc::new(Mutex::new(String::new()));
        let handles: Vec<_> = ["a", "b", "c"]
            .into_iter()
            .map(|name| {
                let log = Arc::clone(&log);
                spawn(async move {
                    for _ in 0..3 {
                        log.lock().unwrap().push_str(name);
                        yield_now().await;
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
        assert_eq!(*log.lock().unwrap(), "cabcabcab");
    });
}

#[test]
fn both_work_in_block_on() {
    with_procs(&PROCS, |runtime| {
        runtime.block_on(async {
            for _ in 0..100 {
                yield_now().await;
                gosched().await;
            }
        });
    });
}

#[test]
fn both_may_be_dropped_while_they_wait() {
    on_goroutine(&PROCS, || async {
        for _ in 0..100 {
            let mut yields = (yield_now(), gosched());
            let once = std::future::poll_fn(|cx| {
                let first = std::pin::Pin::new(&mut yields.0);
                assert!(first.poll(cx).is_pending());
                let second = std::pin::Pin::new(&mut yields.1);
                assert!(second.poll(cx).is_pending());
                Poll::Ready(())
            });
            once.await;
        }
        // Whether or not a dropped yield brings one poll more, nothing waits for ever.
        spawn(async { yield_now().await }).await.unwrap();
    });
}

#[test]
fn a_dropped_gosched_sends_nobody_else_to_the_global_queue() {
    // At one P: `a` polls a gosched and ends in the same poll; then `b` yields to the ring's tail,
    // where `c` is behind it. In the global queue it would come after `c`.
    on_goroutine(&[1], || async {
        let log = Arc::new(Mutex::new(String::new()));
        let note = |name: &'static str| {
            let log = Arc::clone(&log);
            move || log.lock().unwrap().push_str(name)
        };
        let (b1, b2, c1, c2) = (note("b"), note("B"), note("c"), note("C"));
        let b = spawn(async move {
            b1();
            yield_now().await;
            b2();
        });
        let c = spawn(async move {
            c1();
            yield_now().await;
            c2();
        });
        let a = spawn(std::future::poll_fn(|cx| {
            let _ = std::pin::pin!(gosched()).poll(cx);
            Poll::Ready(())
        }));
        for handle in [a, b, c] {
            handle.await.unwrap();
        }
        // `a` sat in `next`, so the ring holds `b`, `c`, then `b` and `c` again.
        assert_eq!(*log.lock().unwrap(), "bcBC");
    });
}
