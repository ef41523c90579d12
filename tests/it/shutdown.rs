//! The end of a runtime: every future is dropped, each thread goes, and what cannot be ended is
//! told.

use futures::channel::oneshot;
use gort::runtime::Leftover;
use gort::{Runtime, runtime, spawn, yield_now};
use gort_tests::{Counts, PROCS, Seeded, bounded, join, on_threads, quietly, wait_until};
use std::future::{Future, pending, poll_fn, ready};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for everything that ends.
const LONG: Duration = Duration::from_secs(20);

/// Runs `test` with a fresh runtime, which it is to end, at each number of permits.
fn with_own(test: impl Fn(Runtime) + Send + Clone + 'static) {
    for procs in PROCS {
        let test = test.clone();
        bounded(&format!("procs = {procs}"), move || {
            test(Runtime::builder().procs(procs).build().unwrap());
        });
    }
}

fn assert_clean(leftover: &Leftover, cancelled: u64) {
    assert!(leftover.is_clean(), "{leftover:?}");
    assert_eq!((leftover.running(), leftover.threads()), (0, 0));
    assert_eq!(leftover.cancelled(), cancelled);
}

#[test]
#[should_panic(expected = "block_on on a runtime that has been shut down")]
fn block_on_after_the_shutdown_is_refused() {
    let runtime = Runtime::builder().procs(1).build().unwrap();
    let handle = runtime.handle();
    drop(runtime);
    handle.block_on(async {});
}

#[test]
fn an_idle_runtime_ends_at_once() {
    with_own(|runtime| {
        let started = Instant::now();
        assert_clean(&runtime.shutdown(LONG), 0);
        assert!(started.elapsed() < Duration::from_secs(2));
    });
}

#[test]
fn parked_goroutines_are_dropped() {
    with_own(|runtime| {
        let counts = Counts::new();
        for _ in 0..1000 {
            drop(runtime.spawn(counts.future(pending::<()>())));
        }
        wait_until("all are parked", || counts.polls() == 1000);
        let leftover = runtime.shutdown(LONG);
        assert_clean(&leftover, 1000);
        assert_eq!(
            (counts.polls(), counts.live(), counts.others()),
            (1000, 0, 0)
        );
        let waited = leftover.waited();
        assert!(!waited.is_empty() && waited.len() <= 1000);
        assert!(
            waited
                .iter()
                .all(|goroutine| goroutine.spawned_at().file() == file!())
        );
    });
}

#[test]
fn goroutines_that_have_not_started_are_dropped() {
    // Each P is in a poll, so that what is spawned now can only start if sysmon is that fast.
    with_own(|runtime| {
        let gate = Gate::new();
        let procs = runtime.procs();
        gate.close_all(&runtime);
        let counts = Counts::new();
        for _ in 0..1000 {
            drop(runtime.spawn(counts.future(pending::<()>())));
        }
        let opener = gate.open_later();
        assert_clean(&runtime.shutdown(LONG), 1000 + procs as u64);
        opener.join().unwrap();
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn goroutines_in_ring_and_next_are_dropped() {
    with_own(|runtime| {
        let counts = Counts::new();
        let (begun, has_begun) = mpsc::channel();
        let inner = counts.clone();
        drop(runtime.spawn(async move {
            for _ in 0..400 {
                drop(spawn(inner.future(pending::<()>())));
            }
            begun.send(()).unwrap();
            thread::sleep(Duration::from_millis(20));
        }));
        has_begun.recv().unwrap();
        let leftover = runtime.shutdown(LONG);
        assert!(leftover.is_clean(), "{leftover:?}");
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn goroutines_that_never_wait_are_dropped_between_polls() {
    with_own(|runtime| {
        let counts = Counts::new();
        for _ in 0..100 {
            drop(runtime.spawn(counts.future(async {
                loop {
                    yield_now().await;
                }
            })));
        }
        wait_until("they run", || counts.polls() > 1000);
        assert_clean(&runtime.shutdown(LONG), 100);
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn a_goroutine_in_the_middle_of_a_poll_ends_that_poll() {
    with_own(|runtime| {
        let counts = Counts::new();
        let (begun, has_begun) = mpsc::channel();
        let ended = Arc::new(AtomicBool::new(false));
        let poll_ended = Arc::clone(&ended);
        drop(runtime.spawn(counts.future(async move {
            yield_now().await;
            begun.send(()).unwrap();
            thread::sleep(Duration::from_millis(20));
            poll_ended.store(true, Ordering::SeqCst);
            pending::<()>().await;
        })));
        has_begun.recv().unwrap();
        assert_clean(&runtime.shutdown(LONG), 1);
        assert!(ended.load(Ordering::SeqCst));
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn a_goroutine_that_blocks_past_the_deadline_is_told_and_dropped_later() {
    // Whether it has waited before or not: it is registered from its first wait on.
    for waited_before in [false, true] {
        with_own(move |runtime| {
            let counts = Counts::new();
            let (begun, has_begun) = mpsc::channel();
            let (go_on, told) = mpsc::channel::<()>();
            drop(runtime.spawn(counts.future(async move {
                if waited_before {
                    yield_now().await;
                }
                begun.send(()).unwrap();
                let _ = told.recv();
                pending::<()>().await;
            })));
            drop(runtime.spawn(counts.future(pending::<()>())));
            has_begun.recv().unwrap();
            let started = Instant::now();
            let leftover = runtime.shutdown(Duration::from_millis(50));
            let took = started.elapsed();
            assert!(took >= Duration::from_millis(50), "{took:?}");
            assert!(
                took < Duration::from_secs(5),
                "{took:?}: the deadline did not count"
            );
            assert!(!leftover.is_clean());
            assert_eq!(
                (leftover.running(), leftover.threads()),
                (1, 1),
                "{leftover:?}"
            );
            assert_eq!(leftover.cancelled(), 1);
            assert_eq!(counts.live(), 1);
            drop(go_on);
            wait_until("it is dropped at the end of its poll", || {
                counts.live() == 0
            });
        });
    }
}

#[test]
fn a_blocking_call_past_the_deadline_is_told() {
    with_own(|runtime| {
        let (begun, has_begun) = mpsc::channel();
        let (go_on, told) = mpsc::channel::<()>();
        let running = runtime.spawn_blocking(move || {
            begun.send(()).unwrap();
            let _ = told.recv();
            7
        });
        has_begun.recv().unwrap();
        let leftover = runtime.shutdown(Duration::from_millis(20));
        assert_eq!(
            (leftover.running(), leftover.threads()),
            (1, 1),
            "{leftover:?}"
        );
        drop(go_on);
        assert_eq!(join(running), 7, "it goes on to its end");
    });
}

#[test]
fn a_destructor_may_spawn_wake_and_join() {
    struct Busy {
        counts: Counts,
        partner: Arc<Mutex<Option<Waker>>>,
        depth: u32,
    }
    impl Drop for Busy {
        fn drop(&mut self) {
            if let Some(waker) = self.partner.lock().unwrap().take() {
                waker.wake();
            }
            if self.depth > 0 {
                let depth = self.depth - 1;
                let (counts, partner) = (self.counts.clone(), Arc::clone(&self.partner));
                let token = self.counts.token();
                let handle = spawn(async move {
                    let _token = token;
                    let _busy = Busy {
                        counts,
                        partner,
                        depth,
                    };
                    pending::<()>().await;
                });
                assert!(runtime::Handle::try_current().is_some());
                handle.abort();
            }
        }
    }
    with_own(|runtime| {
        let counts = Counts::new();
        let parked = Arc::new(AtomicUsize::new(0));
        for _ in 0..20 {
            let partner = Arc::new(Mutex::new(None));
            let (slot, done) = (Arc::clone(&partner), Arc::clone(&parked));
            drop(runtime.spawn(counts.future(poll_fn(move |cx| {
                *slot.lock().unwrap() = Some(cx.waker().clone());
                done.fetch_add(1, Ordering::SeqCst);
                Poll::<()>::Pending
            }))));
            let busy = Busy {
                counts: counts.clone(),
                partner,
                depth: 3,
            };
            let done = Arc::clone(&parked);
            drop(runtime.spawn(counts.future(async move {
                let _busy = busy;
                done.fetch_add(1, Ordering::SeqCst);
                pending::<()>().await;
            })));
        }
        wait_until("all are parked", || parked.load(Ordering::SeqCst) == 40);
        let leftover = runtime.shutdown(LONG);
        assert!(leftover.is_clean(), "{leftover:?}");
        assert_eq!((counts.live(), counts.others()), (0, 0));
    });
}

#[test]
fn handles_learn_of_the_end() {
    with_own(|runtime| {
        let (begun, has_begun) = mpsc::channel();
        let parked = runtime.spawn(async move {
            begun.send(()).unwrap();
            pending::<()>().await;
        });
        has_begun.recv().unwrap();
        let joiner = thread::spawn(|| futures::executor::block_on(parked));
        let abort = runtime.spawn(pending::<()>()).abort_handle();
        assert_clean(&runtime.shutdown(LONG), 2);
        assert!(joiner.join().unwrap().unwrap_err().is_cancelled());
        assert!(abort.is_finished());
    });
}

#[test]
fn goroutines_that_hold_each_others_handles_are_dropped() {
    with_own(|runtime| {
        let counts = Counts::new();
        let mut last = runtime.spawn(counts.future(pending::<()>()));
        for _ in 0..1000 {
            last = runtime.spawn(counts.future(async { last.await.unwrap() }));
        }
        drop(last);
        wait_until("all are parked", || counts.polls() >= 1001);
        assert_clean(&runtime.shutdown(LONG), 1001);
        assert_eq!((counts.live(), counts.others()), (0, 0));
    });
}

#[test]
fn dropping_a_runtime_ends_it() {
    with_own(|runtime| {
        let counts = Counts::new();
        drop(runtime.spawn(counts.future(pending::<()>())));
        wait_until("it is parked", || counts.polls() == 1);
        drop(runtime);
        assert_eq!((counts.live(), counts.others()), (0, 0));
    });
}

#[test]
fn a_runtime_dropped_inside_its_own_goroutine_ends_in_the_background() {
    with_own(|runtime| {
        let counts = Counts::new();
        let runtime = Arc::new(Mutex::new(Some(runtime)));
        let own = Arc::clone(&runtime);
        let (sender, dropped) = mpsc::channel();
        let token = counts.token();
        let body = counts.future(async move {
            let _token = token;
            let runtime = loop {
                match own.lock().unwrap().take() {
                    Some(runtime) => break runtime,
                    None => thread::yield_now(),
                }
            };
            drop(runtime);
            sender.send(()).unwrap();
            pending::<()>().await;
        });
        let guard = runtime.lock().unwrap();
        let runtime = guard.as_ref().unwrap();
        drop(runtime.spawn(counts.future(pending::<()>())));
        drop(runtime.spawn(body));
        drop(guard);
        dropped.recv().unwrap();
        wait_until("all of it is gone", || counts.live() == 0);
    });
}

#[test]
fn a_runtime_dropped_inside_a_goroutine_of_another_ends_there() {
    with_own(|runtime| {
        let other = Runtime::builder().procs(1).build().unwrap();
        let counts = Counts::new();
        drop(other.spawn(counts.future(pending::<()>())));
        wait_until("it is parked", || counts.polls() == 1);
        join(runtime.spawn(async move { drop(other) }));
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn a_runtime_dropped_inside_its_own_block_on_ends_there() {
    with_own(|runtime| {
        let counts = Counts::new();
        drop(runtime.spawn(counts.future(pending::<()>())));
        let handle = runtime.handle();
        let late = handle.block_on(async move {
            drop(runtime);
            yield_now().await;
            let late = spawn(ready(()));
            late.await.unwrap_err().is_cancelled()
        });
        assert!(late);
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn shutdown_inside_a_goroutine_of_the_same_runtime_is_refused() {
    quietly(|| {
        with_own(|runtime| {
            let slot = Arc::new(Mutex::new(Some(runtime)));
            let inside = Arc::clone(&slot);
            let guard = slot.lock().unwrap();
            let handle = guard.as_ref().unwrap().spawn(async move {
                let runtime = inside
                    .lock()
                    .unwrap_or_else(|e| e.into_inner())
                    .take()
                    .unwrap();
                let _ = runtime.shutdown(LONG);
            });
            drop(guard);
            let error = futures::executor::block_on(handle).unwrap_err();
            assert!(
                error.to_string().contains("shutdown() inside a goroutine"),
                "{error}"
            );
        });
    });
}

#[test]
fn wakers_that_fire_after_the_runtime_is_gone_do_nothing() {
    with_own(|runtime| {
        let wakers = Arc::new(Mutex::new(Vec::<Waker>::new()));
        for _ in 0..100 {
            let wakers = Arc::clone(&wakers);
            drop(runtime.spawn(poll_fn(move |cx| {
                wakers
                    .lock()
                    .unwrap()
                    .extend([cx.waker().clone(), cx.waker().clone()]);
                Poll::<()>::Pending
            })));
        }
        wait_until("all are parked", || wakers.lock().unwrap().len() == 200);
        assert_clean(&runtime.shutdown(LONG), 100);
        let wakers = std::mem::take(&mut *wakers.lock().unwrap());
        wakers.iter().for_each(Waker::wake_by_ref);
        wakers.into_iter().for_each(Waker::wake);
    });
}

#[test]
fn timers_outlive_the_runtime() {
    with_own(|runtime| {
        let handle = runtime.handle();
        let entered = handle.enter();
        let sleep = gort::time::sleep(Duration::from_millis(1));
        let mut sleep = Box::pin(sleep);
        let counts = Counts::new();
        let waker = counts.waker();
        let cx = &mut std::task::Context::from_waker(&waker);
        assert!(sleep.as_mut().poll(cx).is_pending());
        drop(entered);
        drop(runtime);
        thread::sleep(Duration::from_millis(5));
        let _ = sleep.as_mut().poll(cx);
        drop(sleep);
        drop(waker);
        assert_eq!(counts.others(), 0);
    });
}

#[test]
fn foreign_threads_wake_and_spawn_while_the_runtime_ends() {
    let seeded = Seeded::fresh();
    with_own(move |runtime_of_size| {
        let procs = runtime_of_size.procs();
        drop(runtime_of_size);
        for round in 0..30 {
            let mut seeded = seeded.fork(round);
            let runtime = Runtime::builder().procs(procs).build().unwrap();
            let counts = Counts::new();
            storm(runtime, &counts, &mut seeded);
            assert_eq!(
                (counts.live(), counts.others()),
                (0, 0),
                "round {round}, {seeded:?}"
            );
        }
    });
}

/// Threads wake parked goroutines and spawn new ones, from before the shutdown until after it.
fn storm(runtime: Runtime, counts: &Counts, seeded: &mut Seeded) {
    let wakers = Arc::new(Mutex::new(Vec::<Waker>::new()));
    let count = 20 + seeded.below(80) as usize;
    for _ in 0..count {
        let wakers = Arc::clone(&wakers);
        drop(runtime.spawn(counts.future(poll_fn(move |cx| {
            wakers.lock().unwrap().push(cx.waker().clone());
            Poll::<()>::Pending
        }))));
    }
    let over = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..3)
        .map(|n| {
            let (handle, counts) = (runtime.handle(), counts.clone());
            let (wakers, over) = (Arc::clone(&wakers), Arc::clone(&over));
            let mut seeded = seeded.fork(n + 1);
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let some: Vec<Waker> = wakers.lock().unwrap().drain(..).collect();
                    if seeded.below(2) == 0 {
                        some.iter().for_each(Waker::wake_by_ref);
                        wakers.lock().unwrap().extend(some);
                    } else {
                        some.into_iter().for_each(Waker::wake);
                    }
                    drop(handle.spawn(counts.future(yield_now())));
                }
                wakers.lock().unwrap().drain(..).for_each(Waker::wake);
            })
        })
        .collect();
    thread::sleep(Duration::from_micros(seeded.below(2000)));
    let leftover = runtime.shutdown(LONG);
    assert!(leftover.is_clean(), "{leftover:?}");
    over.store(true, Ordering::Relaxed);
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_runtime_ends_while_its_goroutines_are_busy_with_each_other() {
    let seeded = Seeded::fresh();
    with_own(move |runtime_of_size| {
        let procs = runtime_of_size.procs();
        for round in 0..20 {
            let mut seeded = seeded.fork(round);
            let runtime = Runtime::builder().procs(procs).build().unwrap();
            let counts = Counts::new();
            for _ in 0..50 {
                let inner = counts.clone();
                drop(runtime.spawn(counts.future(async move {
                    loop {
                        let (sender, receiver) = oneshot::channel();
                        drop(spawn(inner.future(async move { sender.send(()) })));
                        if receiver.await.is_err() {
                            pending::<()>().await;
                        }
                        gort::time::sleep(Duration::from_micros(50)).await;
                    }
                })));
            }
            thread::sleep(Duration::from_micros(seeded.below(3000)));
            let leftover = runtime.shutdown(LONG);
            assert!(
                leftover.is_clean(),
                "{leftover:?}, round {round}, {seeded:?}"
            );
            assert_eq!(
                (counts.live(), counts.others()),
                (0, 0),
                "round {round}, {seeded:?}"
            );
        }
    });
}

#[test]
fn threads_in_block_on_go_on_while_the_runtime_ends() {
    with_own(|runtime| {
        let (begun, has_begun) = mpsc::channel();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (handle, begun) = (runtime.handle(), begun.clone());
                thread::spawn(move || {
                    handle.block_on(async move {
                        begun.send(()).unwrap();
                        while spawn(yield_now()).await.is_ok() {}
                    });
                })
            })
            .collect();
        (0..4).for_each(|_| has_begun.recv().unwrap());
        let leftover = runtime.shutdown(LONG);
        assert!(leftover.is_clean(), "{leftover:?}");
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn blocking_calls_that_have_not_begun_are_cancelled() {
    let runtime = Runtime::builder()
        .procs(1)
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (begun, has_begun) = mpsc::channel();
    let (go_on, told) = mpsc::channel::<()>();
    let running = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        let _ = told.recv();
    });
    has_begun.recv().unwrap();
    let counts = Counts::new();
    let token = counts.token();
    let waiting = runtime.spawn_blocking(move || drop(token));
    let opener = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        drop(go_on);
    });
    let leftover = runtime.shutdown(LONG);
    assert_eq!(
        (leftover.running(), leftover.threads()),
        (0, 0),
        "{leftover:?}"
    );
    opener.join().unwrap();
    join(running);
    assert!(
        futures::executor::block_on(waiting)
            .unwrap_err()
            .is_cancelled()
    );
    assert_eq!(counts.live(), 0);
}

#[test]
fn many_runtimes_at_the_same_time_are_apart() {
    bounded("many runtimes", || {
        let outer = Runtime::builder().procs(1).build().unwrap();
        let sums = on_threads(&outer, 8, |n, _| {
            let runtime = Runtime::builder().procs(1 + n % 3).build().unwrap();
            let handles: Vec<_> = (0..100).map(|i| runtime.spawn(ready(i))).collect();
            let sum: usize = handles.into_iter().map(join).sum();
            let leftover = runtime.shutdown(LONG);
            assert!(leftover.is_clean(), "{leftover:?}");
            sum
        });
        assert_eq!(sums, [4950; 8]);
    });
}

/// Keeps goroutines in the middle of a poll, one for each P.
struct Gate {
    sender: mpsc::Sender<()>,
    receiver: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl Gate {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self {
            sender,
            receiver: Arc::new(Mutex::new(receiver)),
        }
    }

    fn close_all(&self, runtime: &Runtime) {
        let inside = Arc::new(AtomicUsize::new(0));
        for _ in 0..runtime.procs() {
            let (receiver, inside) = (Arc::clone(&self.receiver), Arc::clone(&inside));
            drop(runtime.spawn(async move {
                inside.fetch_add(1, Ordering::SeqCst);
                let _ = receiver.lock().unwrap().recv();
                pending::<()>().await;
            }));
        }
        wait_until("every P is taken", || {
            inside.load(Ordering::SeqCst) == runtime.procs()
        });
    }

    /// Lets all go on in a moment.
    fn open_later(self) -> thread::JoinHandle<()> {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            drop(self.sender);
        })
    }
}
