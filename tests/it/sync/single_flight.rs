use super::{settle, start};
use gort::panic::goexit;
use gort::sync::{Flight, SingleFlight};
use gort::{chan, recover, yield_now};
use gort_tests::{Counts, PROCS, bounded, is_child, on_goroutine, quietly, run_child};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use tokio_test::task;
use tokio_test::{assert_pending, assert_ready};

#[test]
fn calls_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<SingleFlight<String, String>>();
    both::<Flight<String>>();
}

#[test]
fn calls_with_one_key_at_a_time_are_one() {
    on_goroutine(&PROCS, || async {
        let (calls, runs) = (SingleFlight::new(), Arc::new(AtomicU32::new(0)));
        let (open, gate) = chan::<()>(0);
        let call = || {
            let (runs, gate) = (Arc::clone(&runs), gate.clone());
            calls.call("key", async move {
                gate.recv().await;
                runs.fetch_add(1, Ordering::Relaxed)
            })
        };
        let flights: Vec<_> = (0..10).map(|_| call()).collect();
        drop(open);
        for flight in flights {
            assert_eq!(flight.await, (0, true));
        }
        assert_eq!(call().await, (1, false), "the key is free again");
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    });
}

/// All of them have the same hash.
#[derive(PartialEq, Eq, Debug)]
struct Collides(u32);

impl Hash for Collides {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

#[test]
fn keys_with_the_same_hash_are_told_apart() {
    on_goroutine(&PROCS, || async {
        let calls = SingleFlight::new();
        let call = |n: u32| {
            calls.call(Collides(n), async move {
                yield_now().await;
                n
            })
        };
        let flights: Vec<_> = (0..8).map(|n| (n, call(n))).collect();
        for (n, flight) in flights {
            assert_eq!(flight.await, (n, false));
        }
    });
}

#[test]
fn a_call_goes_on_when_who_waits_is_dropped() {
    on_goroutine(&[1], || async {
        let calls = SingleFlight::new();
        let call = || {
            calls.call((), async {
                settle().await;
                7
            })
        };
        let (mut first, mut second) = (task::spawn(call()), task::spawn(call()));
        assert_pending!(first.poll());
        drop(first);
        assert_pending!(second.poll());
        for _ in 0..3 {
            settle().await;
        }
        assert!(second.is_woken());
        assert_eq!(assert_ready!(second.poll()), (7, true));
    });
}

#[test]
fn who_is_forgotten_ends_alone() {
    on_goroutine(&[1], || async {
        let calls = SingleFlight::new();
        let (open, gate) = chan::<()>(0);
        let call = |n: u32| {
            let gate = gate.clone();
            calls.call("key", async move {
                gate.recv().await;
                n
            })
        };
        let old = call(1);
        calls.forget(&"key");
        calls.forget(&"no such key");
        let new = call(2);
        let with_new = call(3);
        drop(open);
        assert_eq!(old.await, (1, false));
        assert_eq!(new.await, (2, true));
        assert_eq!(with_new.await, (2, true));
    });
}

#[test]
fn a_panic_comes_to_all_who_wait() {
    on_goroutine(&[1], || async {
        let calls = SingleFlight::<(), ()>::new();
        let waiting = start(3, |_| {
            calls.call((), async {
                settle().await;
                settle().await;
                settle().await;
                panic!("expected: no flight");
            })
        });
        let waiting = quietly(|| waiting).await;
        for handle in waiting {
            let error = handle.await.unwrap_err();
            assert_eq!(error.panic().unwrap().message(), "expected: no flight");
        }
        assert_eq!(calls.call((), async {}).await, ((), false));
    });
}

#[test]
fn a_panic_that_nobody_waits_for_ends_the_process() {
    const NAME: &str = "sync::single_flight::a_panic_that_nobody_waits_for_ends_the_process";
    if is_child(NAME) {
        gort::block_on(async {
            drop(SingleFlight::<(), ()>::new().call((), async {
                yield_now().await;
                panic!("the reason");
            }));
            std::future::pending::<()>().await;
        });
    }
    let ended = run_child(NAME, &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("the reason"), "{ended:?}");
}

#[test]
fn an_exit_ends_the_goroutines_of_all_who_wait() {
    on_goroutine(&[1], || async {
        let calls = SingleFlight::<(), ()>::new();
        let waiting = start(2, |_| {
            calls.call((), async {
                settle().await;
                settle().await;
                goexit();
            })
        });
        for handle in waiting.await {
            assert!(handle.await.unwrap_err().is_goexit());
        }
    });
}

#[test]
fn a_call_whose_runtime_ends_tells_those_who_wait() {
    bounded("the flight ends", || {
        let runtime = gort::Runtime::builder().procs(1).build().unwrap();
        let handle = runtime.handle();
        let entered = handle.enter();
        let flight = SingleFlight::<(), ()>::new().call((), std::future::pending());
        drop(entered);
        runtime.shutdown(std::time::Duration::from_secs(10));
        let told = recover!({ flight.wait_blocking() }).unwrap_err();
        assert_eq!(told.message(), "the goroutine of this call was dropped");
    });
}

#[test]
fn values_and_keys_go_with_the_last_who_waits() {
    on_goroutine(&PROCS, || async {
        let counts = Counts::new();
        let calls = SingleFlight::new();
        let token = Arc::new(counts.token());
        let flight = calls.call((), async move { token });
        let (value, _) = flight.await;
        drop(value);
        while counts.live() > 0 {
            yield_now().await;
        }
        assert_eq!((counts.made(), counts.drops()), (1, 1));
    });
}

#[test]
fn threads_take_part_in_calls() {
    bounded("all return", || {
        let (calls, runs) = (SingleFlight::new(), Arc::new(AtomicU32::new(0)));
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for _ in 0..200 {
                        let runs = Arc::clone(&runs);
                        let run = async move { runs.fetch_add(1, Ordering::Relaxed) };
                        let (n, _) = calls.call("key", run).wait_blocking();
                        assert!(n < 800);
                    }
                });
            }
        });
        assert!((200..=800).contains(&runs.load(Ordering::Relaxed)));
    });
}
