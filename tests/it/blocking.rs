//! `spawn_blocking`: calls that block, in goroutines of their own.

use gort::{Runtime, spawn_blocking};
use gort_tests::{Counts, PROCS, join, on_goroutine, quietly, wait_until, with_procs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

/// A call that sits on its thread until the sender is dropped.
fn occupy(runtime: &Runtime) -> (gort::task::JoinHandle<()>, mpsc::Sender<()>) {
    let (go_on, told) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let handle = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        let _ = told.recv();
    });
    has_begun.recv().unwrap();
    (handle, go_on)
}

#[test]
fn twenty_thousand_calls_at_once_finish() {
    with_procs(&[2], |runtime| {
        let ran = Arc::new(AtomicUsize::new(0));
        let call = |n: usize| {
            let ran = Arc::clone(&ran);
            runtime.spawn_blocking(move || {
                ran.fetch_add(1, Ordering::Relaxed);
                n
            })
        };
        let handles: Vec<_> = (0..20_000).map(call).collect();
        let sum: usize = handles.into_iter().map(join).sum();
        assert_eq!(sum, 20_000 * 19_999 / 2);
        assert_eq!(ran.load(Ordering::Relaxed), 20_000);
    });
}

#[test]
fn calls_block_beside_each_other_and_beside_goroutines() {
    on_goroutine(&PROCS, || async {
        let barrier = Arc::new(Barrier::new(20));
        let call = |_| {
            let barrier = Arc::clone(&barrier);
            spawn_blocking(move || barrier.wait())
        };
        let blocked: Vec<_> = (0..19).map(call).collect();
        for _ in 0..100 {
            gort::spawn(gort::yield_now()).await.unwrap();
        }
        assert!(!blocked.iter().any(gort::task::JoinHandle::is_finished));
        call(19).await.unwrap();
        for handle in blocked {
            handle.await.unwrap();
        }
    });
}

#[test]
fn never_more_threads_than_the_limit() {
    for limit in [1, 3] {
        let runtime = Runtime::builder()
            .procs(1)
            .max_blocking_threads(limit)
            .build()
            .unwrap();
        let counters = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let call = |_| {
            let counters = Arc::clone(&counters);
            runtime.spawn_blocking(move || {
                let running = counters.0.fetch_add(1, Ordering::SeqCst) + 1;
                counters.1.fetch_max(running, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(1));
                counters.0.fetch_sub(1, Ordering::SeqCst);
            })
        };
        let handles: Vec<_> = (0..20).map(call).collect();
        handles.into_iter().for_each(join);
        assert_eq!(counters.1.load(Ordering::SeqCst), limit);
    }
}

#[test]
fn calls_begin_in_the_order_they_came() {
    let runtime = Runtime::builder()
        .procs(1)
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (sender, receiver) = mpsc::channel();
    let call = |n| {
        let sender = sender.clone();
        runtime.spawn_blocking(move || sender.send(n).unwrap())
    };
    let handles: Vec<_> = (0..100).map(call).collect();
    handles.into_iter().for_each(join);
    assert!(receiver.try_iter().eq(0..100));
}

#[test]
fn a_panic_arrives_and_its_slot_is_free() {
    quietly(|| {
        let runtime = Runtime::builder()
            .procs(1)
            .max_blocking_threads(1)
            .build()
            .unwrap();
        for n in 0..20 {
            let handle = runtime.spawn_blocking(move || panic!("expected: number {n}"));
            let error = futures::executor::block_on(handle).unwrap_err();
            let text = error.into_panic().downcast::<String>().unwrap();
            assert_eq!(*text, format!("expected: number {n}"));
        }
        assert_eq!(join(runtime.spawn_blocking(|| 7)), 7);
    });
}

#[test]
fn abort_before_the_begin() {
    let runtime = Runtime::builder()
        .procs(1)
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (occupied, go_on) = occupy(&runtime);
    let counts = Counts::new();
    let token = counts.token();
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    let waiting = runtime.spawn_blocking(move || {
        let _token = token;
        counted.fetch_add(1, Ordering::SeqCst);
    });
    waiting.abort();
    drop(go_on);
    join(occupied);
    assert!(
        futures::executor::block_on(waiting)
            .unwrap_err()
            .is_cancelled()
    );
    assert_eq!((ran.load(Ordering::SeqCst), counts.live()), (0, 0));
}

#[test]
fn abort_after_the_begin_has_no_effect() {
    with_procs(&PROCS, |runtime| {
        let (occupied, go_on) = occupy(runtime);
        occupied.abort();
        thread::sleep(Duration::from_millis(1));
        assert!(!occupied.is_finished());
        drop(go_on);
        join(occupied);
    });
}

#[test]
fn drop_the_handle_before_the_begin() {
    let runtime = Runtime::builder()
        .procs(1)
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (occupied, go_on) = occupy(&runtime);
    let counts = Counts::new();
    let (token, result) = (counts.token(), counts.token());
    drop(runtime.spawn_blocking(move || {
        drop(token);
        result
    }));
    drop(go_on);
    join(occupied);
    wait_until("it ran and its result is dropped", || counts.live() == 0);
}

#[test]
fn threads_are_named_after_the_runtime_and_are_in_it() {
    let runtime = Runtime::builder()
        .procs(1)
        .thread_name("mine")
        .build()
        .unwrap();
    let seen = runtime.spawn_blocking(|| {
        let name = thread::current().name().unwrap().to_owned();
        (
            name,
            join(gort::spawn(async {
                thread::current().name().unwrap().to_owned()
            })),
        )
    });
    let (here, elsewhere) = join(seen);
    assert!(here.starts_with("mine-") && elsewhere.starts_with("mine-"));
    assert_ne!(here, elsewhere);
}

#[test]
fn calls_spawn_calls() {
    with_procs(&PROCS, |runtime| {
        let outer = runtime.spawn_blocking(|| {
            let inner: Vec<_> = (0..10).map(|n| spawn_blocking(move || n)).collect();
            inner.into_iter().map(join).sum::<i32>()
        });
        assert_eq!(join(outer), 45);
    });
}

#[test]
fn results_wake_goroutines_and_roots() {
    with_procs(&PROCS, |runtime| {
        let root = async {
            let mut sum = 0;
            for n in 0..200 {
                sum += spawn_blocking(move || n).await.unwrap();
                sum += gort::spawn(spawn_blocking(move || n))
                    .await
                    .unwrap()
                    .unwrap();
            }
            sum
        };
        assert_eq!(runtime.block_on(root), 2 * 199 * 200 / 2);
    });
}
