//! `spawn_local` and `LocalSet`: goroutines that need not be `Send` and never leave their thread.

use futures::channel::oneshot;
use gort::task::{JoinHandle, LocalSet, goid};
use gort::{Runtime, spawn_local, yield_now};
use gort_tests::{Counts, PROCS, PanicsOnDrop, join, quietly, with_procs};
use std::cell::{Cell, RefCell};
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Checks at each use and at its drop that it is on the thread it was made on.
struct Home(thread::ThreadId, Rc<Cell<usize>>);

impl Home {
    fn new(drops: &Rc<Cell<usize>>) -> Self {
        Self(thread::current().id(), Rc::clone(drops))
    }

    fn check(&self) {
        assert_eq!(self.0, thread::current().id(), "it left its thread");
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.check();
        self.1.set(self.1.get() + 1);
    }
}

#[test]
fn spawn_local_runs_in_block_on_on_its_thread() {
    with_procs(&PROCS, |runtime| {
        let drops = Rc::new(Cell::new(0));
        let home = Home::new(&drops);
        let sum = runtime.block_on(async {
            let handle = spawn_local(async move {
                home.check();
                for _ in 0..100 {
                    yield_now().await;
                    home.check();
                }
                Rc::new(7)
            });
            *handle.await.unwrap()
        });
        assert_eq!((sum, drops.get()), (7, 1));
    });
}

#[test]
fn local_goroutines_spawn_more_of_their_kind() {
    with_procs(&PROCS, |runtime| {
        let count = Rc::new(Cell::new(0));
        runtime.block_on(async {
            let mut handles = Vec::new();
            for _ in 0..100 {
                let count = Rc::clone(&count);
                handles.push(spawn_local(async move {
                    let inner = Rc::clone(&count);
                    spawn_local(async move { inner.set(inner.get() + 1) })
                        .await
                        .unwrap();
                    count.set(count.get() + 1);
                }));
            }
            for handle in handles {
                handle.await.unwrap();
            }
        });
        assert_eq!(count.get(), 200);
    });
}

#[test]
fn local_goroutines_run_in_the_order_they_became_ready() {
    with_procs(&PROCS, |runtime| {
        let log = Rc::new(RefCell::new(Vec::new()));
        runtime.block_on(async {
            let spawn = |n| {
                let log = Rc::clone(&log);
                spawn_local(async move {
                    log.borrow_mut().push(n);
                    yield_now().await;
                    log.borrow_mut().push(10 + n);
                })
            };
            let handles: Vec<_> = (0..3).map(spawn).collect();
            for handle in handles {
                handle.await.unwrap();
            }
        });
        assert_eq!(*log.borrow(), [0, 1, 2, 10, 11, 12]);
    });
}

#[test]
fn a_local_goroutine_is_woken_from_foreign_threads() {
    with_procs(&PROCS, |runtime| {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..200).map(|_| oneshot::channel::<u64>()).unzip();
        let foreign = thread::spawn(|| {
            for (n, sender) in (0..).zip(senders) {
                sender.send(n).unwrap();
                if n % 50 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        let sum = runtime.block_on(async {
            let wait = |receiver: oneshot::Receiver<u64>| {
                let zero = Rc::new(0);
                spawn_local(async move { receiver.await.unwrap() + *zero })
            };
            let handles: Vec<_> = receivers.into_iter().map(wait).collect();
            let mut sum = 0;
            for handle in handles {
                sum += handle.await.unwrap();
            }
            sum
        });
        foreign.join().unwrap();
        assert_eq!(sum, 199 * 200 / 2);
    });
}

#[test]
fn local_and_other_goroutines_wake_each_other() {
    with_procs(&PROCS, |runtime| {
        let echoed = runtime.block_on(async {
            let mut echoed = 0;
            for n in 0..200 {
                let (there, arrived) = oneshot::channel();
                let (back, came_back) = oneshot::channel();
                let remote = gort::spawn(async move { back.send(arrived.await.unwrap()) });
                let local = spawn_local(async move { came_back.await.unwrap() });
                there.send(n).unwrap();
                echoed += local.await.unwrap();
                remote.await.unwrap().unwrap();
            }
            echoed
        });
        assert_eq!(echoed, 199 * 200 / 2);
    });
}

#[test]
fn sleeping_locals_do_not_hold_each_other_up() {
    with_procs(&PROCS, |runtime| {
        let started = Instant::now();
        runtime.block_on(async {
            let sleep = |_| spawn_local(gort::time::sleep(Duration::from_millis(20)));
            for handle in (0..100).map(sleep).collect::<Vec<_>>() {
                handle.await.unwrap();
            }
        });
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(20), "{took:?}");
        assert!(
            took < Duration::from_secs(2),
            "{took:?}: one after the other"
        );
    });
}

#[test]
fn what_is_left_at_the_end_of_block_on_is_dropped_there() {
    with_procs(&PROCS, |runtime| {
        let drops = Rc::new(Cell::new(0));
        let (sender, receiver) = oneshot::channel::<()>();
        let handles: Vec<JoinHandle<()>> = runtime.block_on(async {
            let mut handles = Vec::new();
            for _ in 0..100 {
                let home = Home::new(&drops);
                handles.push(spawn_local(async move {
                    let _home = home;
                    pending().await
                }));
            }
            let home = Home::new(&drops);
            handles.push(spawn_local(async move {
                let _home = home;
                let _ = receiver.await;
            }));
            yield_now().await;
            let home = Home::new(&drops);
            handles.push(spawn_local(async move { drop(home) }));
            assert_eq!(drops.get(), 0);
            handles
        });
        assert_eq!(drops.get(), 102, "also the one that has never run");
        assert!(sender.is_canceled());
        for handle in handles {
            assert!(
                futures::executor::block_on(handle)
                    .unwrap_err()
                    .is_cancelled()
            );
        }
    });
}

#[test]
fn a_local_set_is_dropped_while_foreign_threads_wake_its_goroutines() {
    with_procs(&PROCS, |runtime| {
        for _ in 0..20 {
            let drops = Rc::new(Cell::new(0));
            let (senders, receivers): (Vec<_>, Vec<_>) =
                (0..50).map(|_| oneshot::channel::<()>()).unzip();
            let (begun, has_begun) = mpsc::channel();
            let foreign = thread::spawn(move || {
                has_begun.recv().unwrap();
                for sender in senders {
                    // Whoever waited may have been dropped.
                    let _ = sender.send(());
                }
            });
            let set = LocalSet::new();
            for receiver in receivers {
                let home = Home::new(&drops);
                drop(set.spawn_local(async move {
                    let _ = receiver.await;
                    home.check();
                }));
            }
            runtime.block_on(set.run_until(yield_now()));
            begun.send(()).unwrap();
            drop(set);
            assert_eq!(drops.get(), 50);
            foreign.join().unwrap();
        }
    });
}

#[test]
fn destructors_of_a_dropped_set_may_spawn_and_wake() {
    struct Spawns(Rc<Cell<usize>>, u32);
    impl Drop for Spawns {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
            if self.1 > 0 {
                let next = Spawns(Rc::clone(&self.0), self.1 - 1);
                drop(spawn_local(async move {
                    let _next = next;
                    pending::<()>().await;
                }));
            }
        }
    }
    with_procs(&PROCS, |runtime| {
        let drops = Rc::new(Cell::new(0));
        let first = Spawns(Rc::clone(&drops), 10);
        runtime.block_on(async move {
            drop(spawn_local(async move {
                let _first = first;
                pending::<()>().await;
            }));
            yield_now().await;
        });
        assert_eq!(drops.get(), 11);
    });
}

#[test]
fn a_panic_of_one_is_its_handles_and_the_others_go_on() {
    quietly(|| {
        with_procs(&PROCS, |runtime| {
            runtime.block_on(async {
                let bad = spawn_local(async { panic!("expected: a local one") });
                let good = spawn_local(async { 7 });
                assert!(bad.await.unwrap_err().is_panic());
                assert_eq!(good.await.unwrap(), 7);
                let bad = spawn_local(PanicsOnDrop);
                yield_now().await;
                bad.abort();
                assert!(bad.await.unwrap_err().is_panic());
                drop(spawn_local(PanicsOnDrop));
            });
        });
    });
}

#[test]
fn a_panic_of_the_root_drops_its_locals() {
    quietly(|| {
        with_procs(&PROCS, |runtime| {
            let drops = Rc::new(Cell::new(0));
            let home = Home::new(&drops);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                runtime.block_on(async move {
                    drop(spawn_local(async move {
                        let _home = home;
                        pending::<()>().await;
                    }));
                    yield_now().await;
                    panic!("expected: the root");
                })
            }));
            assert!(outcome.is_err());
            assert_eq!(drops.get(), 1);
            assert_eq!(
                runtime.block_on(async { spawn_local(ready(1)).await.unwrap() }),
                1
            );
        });
    });
}

#[test]
fn abort_before_the_start_and_while_parked() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        runtime.block_on(async {
            let early = spawn_local(counts.future(pending::<()>()));
            early.abort();
            assert!(early.await.unwrap_err().is_cancelled());
            assert_eq!((counts.polls(), counts.live()), (0, 0));
            let parked = spawn_local(counts.future(pending::<()>()));
            yield_now().await;
            yield_now().await;
            let abort = parked.abort_handle();
            thread::spawn(move || abort.abort()).join().unwrap();
            assert!(parked.await.unwrap_err().is_cancelled());
            assert_eq!((counts.polls(), counts.live()), (1, 0));
        });
    });
}

#[test]
fn a_set_is_driven_again_where_it_stopped() {
    with_procs(&PROCS, |runtime| {
        let set = LocalSet::new();
        let (finish, finished) = oneshot::channel();
        let handle = set.spawn_local(finished);
        runtime.block_on(set.run_until(yield_now()));
        assert!(!handle.is_finished());
        finish.send(7).unwrap();
        runtime.block_on(set.run_all());
        assert_eq!(join(handle), Ok(7));
        assert_eq!(format!("{set:?}"), "LocalSet { goroutines: 0 }");
    });
}

#[test]
fn a_set_inside_a_set_has_its_own_goroutines() {
    with_procs(&PROCS, |runtime| {
        let log = Rc::new(RefCell::new(String::new()));
        runtime.block_on(async {
            let inner = LocalSet::new();
            let logged = Rc::clone(&log);
            let outside = {
                let log = Rc::clone(&log);
                spawn_local(async move { log.borrow_mut().push('o') })
            };
            let inside = async { spawn_local(async move { logged.borrow_mut().push('i') }).await };
            inner.run_until(inside).await.unwrap();
            outside.await.unwrap();
            assert_eq!(format!("{inner:?}"), "LocalSet { goroutines: 0 }");
        });
        assert_eq!(log.borrow().len(), 2);
    });
}

#[test]
fn the_driver_gets_its_turn_among_locals_that_never_wait() {
    with_procs(&PROCS, |runtime| {
        let stop = Rc::new(Cell::new(false));
        let polls = Rc::new(Cell::new(0));
        runtime.block_on(async {
            for _ in 0..3 {
                let (stop, polls) = (Rc::clone(&stop), Rc::clone(&polls));
                drop(spawn_local(async move {
                    while !stop.get() {
                        polls.set(polls.get() + 1);
                        yield_now().await;
                    }
                }));
            }
            for turn in 1..=10 {
                yield_now().await;
                let polls = polls.get();
                assert!(polls <= 61 * turn, "{polls} polls before turn {turn}");
            }
            stop.set(true);
        });
        assert!(polls.get() >= 9 * 3);
    });
}

#[test]
fn local_goroutines_have_numbers_of_their_own() {
    let runtime = Runtime::builder().procs(1).build().unwrap();
    runtime.block_on(async {
        let root = goid();
        let handle = spawn_local(async { goid() });
        let id = handle.id();
        assert_eq!(handle.await.unwrap(), id);
        assert_ne!(id, root);
        assert_eq!(goid(), root);
    });
}

#[test]
#[should_panic(expected = "a local goroutine needs a place on this thread")]
fn spawn_local_in_a_goroutine_that_may_move_is_refused() {
    let runtime = Runtime::builder().procs(1).build().unwrap();
    join(runtime.spawn(async { drop(spawn_local(ready(()))) }));
}
