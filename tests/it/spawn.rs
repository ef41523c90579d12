//! `spawn` and `go`: a goroutine runs, once, wherever it was spawned from.

use futures::channel::oneshot;
use gort::task::{goid, try_goid};
use gort::{Runtime, runtime};
use gort_tests::{Counts, PROCS, join, on_goroutine, on_threads, wait_until, with_procs};
use std::collections::HashSet;
use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

#[test]
fn a_goroutine_runs_without_being_awaited() {
    with_procs(&PROCS, |runtime| {
        let (sender, receiver) = mpsc::channel();
        drop(runtime.spawn(async move { sender.send(1) }));
        assert_eq!(receiver.recv(), Ok(1));
    });
}

#[test]
fn a_result_arrives_from_each_way_to_spawn() {
    with_procs(&PROCS, |runtime| {
        assert_eq!(join(runtime.spawn(async { 1 })), 1);
        assert_eq!(join(runtime.handle().spawn(async { 2 })), 2);
        let inside = async { gort::spawn(async { gort::spawn(async { 3 }).await }).await };
        assert_eq!(runtime.block_on(inside).unwrap().unwrap(), 3);
        let current = async { runtime::Handle::current().spawn(async { 4 }).await };
        assert_eq!(join(runtime.spawn(current)).unwrap(), 4);
        let handle = runtime.handle();
        let entered = handle.enter();
        assert_eq!(join(gort::spawn(async { 5 })), 5);
        drop(entered);
        assert_eq!(
            on_threads(runtime, 4, |n, handle| join(handle.spawn(async move { n }))),
            [0, 1, 2, 3]
        );
    });
}

#[test]
fn a_goroutine_runs_on_the_runtime_it_was_spawned_on() {
    let inner = Runtime::builder()
        .procs(1)
        .thread_name("inner")
        .build()
        .unwrap();
    let outer = Runtime::builder()
        .procs(1)
        .thread_name("outer")
        .build()
        .unwrap();
    let name = || std::thread::current().name().unwrap().to_owned();
    let handle = inner.handle();
    let names = join(outer.spawn(async move {
        let here = gort::spawn(async move { name() }).await.unwrap();
        let there = handle.spawn(async move { (name(), gort::spawn(async move { name() })) });
        let (there, beside) = there.await.unwrap();
        [here, there, beside.await.unwrap()]
    }));
    assert_eq!(names, ["outer-0", "inner-0", "inner-0"]);
}

#[test]
fn the_innermost_entered_runtime_is_the_current_one() {
    let [one, two] = ["one", "two"].map(|name| {
        Runtime::builder()
            .procs(1)
            .thread_name(name)
            .build()
            .unwrap()
    });
    let (one, two) = (one.handle(), two.handle());
    let name = || {
        join(gort::spawn(async {
            std::thread::current().name().map(str::to_owned)
        }))
    };
    let outer = one.enter();
    assert_eq!(name().unwrap(), "one-0");
    let inner = two.enter();
    assert_eq!(name().unwrap(), "two-0");
    drop(inner);
    assert_eq!(name().unwrap(), "one-0");
    drop(outer);
    assert!(runtime::Handle::try_current().is_none());
}

#[test]
fn each_future_is_polled_to_its_end_and_dropped_once() {
    on_goroutine(&PROCS, || async {
        let counts = Counts::new();
        let spawn = |n: usize| {
            gort::spawn(counts.future(async move {
                for _ in 0..n % 3 {
                    gort::yield_now().await;
                }
                n
            }))
        };
        let handles: Vec<_> = (0..300).map(spawn).collect();
        for (n, handle) in handles.into_iter().enumerate() {
            assert_eq!(handle.await.unwrap(), n);
        }
        assert_eq!((counts.made(), counts.drops()), (300, 300));
        assert_eq!(counts.polls(), 300 + 100 + 200);
    });
}

#[test]
fn a_future_is_dropped_before_its_handle_is_ready() {
    on_goroutine(&PROCS, || async {
        for _ in 0..1000 {
            let counts = Counts::new();
            gort::spawn(counts.future(ready(()))).await.unwrap();
            assert_eq!(counts.live(), 0);
        }
    });
}

#[test]
fn goids_are_unique_and_the_handle_knows_its_own() {
    on_goroutine(&PROCS, || async {
        let mine = goid();
        let spawn = |_| gort::spawn(async { goid() });
        let handles: Vec<_> = (0..1000).map(spawn).collect();
        let mut seen = HashSet::from([mine]);
        for handle in handles {
            let id = handle.id();
            assert_eq!(handle.await.unwrap(), id);
            assert!(seen.insert(id), "{id} was given twice");
        }
        assert_eq!(goid(), mine, "an await changes the thread at most");
    });
    assert!(try_goid().is_none());
}

#[test]
fn num_goroutine_counts_those_that_are_not_over() {
    with_procs(&PROCS, |runtime| {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..10).map(|_| oneshot::channel::<()>()).unzip();
        let handles: Vec<_> = receivers.into_iter().map(|r| runtime.spawn(r)).collect();
        assert_eq!(runtime.num_goroutine(), 10);
        assert_eq!(runtime.block_on(async { runtime::num_goroutine() }), 10);
        drop(senders);
        handles
            .into_iter()
            .for_each(|handle| assert!(join(handle).is_err()));
        wait_until("none is alive", || runtime.num_goroutine() == 0);
    });
}

#[test]
fn spawn_during_shutdown_from_outside_is_cancelled_at_once() {
    with_procs(&PROCS, |runtime| {
        let other = Runtime::builder().procs(runtime.procs()).build().unwrap();
        let handle = other.handle();
        assert!(other.shutdown(Duration::from_secs(5)).is_clean());
        let counts = Counts::new();
        let late = handle.spawn(counts.future(ready(())));
        assert_eq!((counts.polls(), counts.live()), (0, 0));
        assert!(
            futures::executor::block_on(late)
                .unwrap_err()
                .is_cancelled()
        );
    });
}

#[test]
fn go_without_a_waker_anywhere_lives_until_the_shutdown() {
    // Nobody can wake it, so nobody but the runtime owns it.
    for procs in PROCS {
        let runtime = Runtime::builder().procs(procs).build().unwrap();
        let counts = Counts::new();
        let futures: Vec<_> = (0..100).map(|_| counts.future(pending::<()>())).collect();
        let entered = runtime.handle();
        let entered = entered.enter();
        futures.into_iter().for_each(runtime::go);
        drop(entered);
        wait_until("each was polled", || counts.polls() == 100);
        // What comes later takes the memory of what was freed too early.
        for _ in 0..200 {
            join(runtime.spawn(async { gort::yield_now().await }));
        }
        wait_until("only they are left", || runtime.num_goroutine() == 100);
        assert_eq!(counts.live(), 100);
        let leftover = runtime.shutdown(Duration::from_secs(5));
        assert_eq!((leftover.cancelled(), leftover.running()), (100, 0));
        assert_eq!((counts.live(), counts.others()), (0, 0));
    }
}

#[test]
fn go_whose_last_waker_is_dropped_elsewhere_lives_until_the_shutdown() {
    for procs in PROCS {
        let runtime = Runtime::builder().procs(procs).build().unwrap();
        let counts = Counts::new();
        let (sender, receiver) = oneshot::channel::<()>();
        let future = counts.future(async {
            let _ = receiver.await;
            pending::<()>().await;
        });
        let handle = runtime.handle();
        let entered = handle.enter();
        runtime::go(future);
        drop(entered);
        wait_until("it was polled", || counts.polls() == 1);
        drop(sender);
        wait_until("it was polled again", || counts.polls() == 2);
        assert_eq!(counts.live(), 1);
        assert_eq!(runtime.shutdown(Duration::from_secs(5)).cancelled(), 1);
        assert_eq!((counts.polls(), counts.live()), (2, 0));
    }
}

/// Spawns two more of its kind until `depth` is 0, and counts the leaves.
fn tree(depth: u32, leaves: Arc<AtomicUsize>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            leaves.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let spawn = |_| gort::spawn(tree(depth - 1, Arc::clone(&leaves)));
        for child in [(); 2].map(spawn) {
            child.await.unwrap();
        }
    })
}

#[test]
fn a_tree_of_goroutines_is_joined_to_the_last_leaf() {
    on_goroutine(&PROCS, || async {
        let leaves = Arc::new(AtomicUsize::new(0));
        tree(10, Arc::clone(&leaves)).await;
        assert_eq!(leaves.load(Ordering::Relaxed), 1024);
    });
}

#[test]
fn a_future_of_any_size_and_alignment_is_kept_in_place() {
    #[repr(align(256))]
    #[derive(Clone, Copy)]
    struct Wide([u8; 20_000]);
    on_goroutine(&PROCS, || async {
        let wide = Wide([7; 20_000]);
        let handle = gort::spawn(async move {
            let at = (&raw const wide).addr();
            gort::yield_now().await;
            assert_eq!(at, (&raw const wide).addr(), "it moved");
            assert_eq!(at % 256, 0, "it is not aligned");
            wide.0.iter().map(|byte| u64::from(*byte)).sum::<u64>()
        });
        assert_eq!(handle.await.unwrap(), 140_000);
        gort::spawn(ready(())).await.unwrap();
    });
}
