use super::{Log, join_all, settle, start};
use futures::FutureExt;
use gort::panic::{PanicPolicy, goexit, goexit_async};
use gort::sync::WaitGroup;
use gort::yield_now;
use gort_tests::{
    Counts, PROCS, PanicsOnDrop, is_child, on_goroutine, quietly, run_child, with_procs,
};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use tokio_test::task;
use tokio_test::{assert_pending, assert_ready};

#[test]
fn wait_returns_when_all_are_done() {
    on_goroutine(&PROCS, || async {
        let (group, count) = (WaitGroup::new(), Arc::new(AtomicU32::new(0)));
        for _ in 0..1000 {
            let count = Arc::clone(&count);
            group.go(async move {
                yield_now().await;
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
        group.wait().await;
        assert_eq!(count.load(Ordering::Relaxed), 1000);
    });
}

#[test]
fn wait_for_none_returns_at_once_so_add_comes_before_go() {
    on_goroutine(&[1], || async {
        let (group, log) = (WaitGroup::new(), Log::default());
        // The mistake: what is to be waited for counts itself.
        let (late, lates_log) = (group.clone(), log.clone());
        let handle = gort::spawn(async move {
            late.add(1);
            lates_log.push(1);
            late.done();
        });
        group.wait().await;
        assert_eq!(log.taken(), []);
        handle.await.unwrap();
        assert_eq!(log.taken(), [1]);
    });
}

#[test]
fn those_let_go_run_in_gos_order_4_0_1_2_3() {
    on_goroutine(&[1], || async {
        let (group, log) = (WaitGroup::new(), Log::default());
        group.add(1);
        let waiters = start(5, |n| {
            let (group, log) = (group.clone(), log.clone());
            async move {
                group.wait().await;
                log.push(n);
            }
        });
        let waiters = waiters.await;
        group.done();
        settle().await;
        assert_eq!(log.taken(), [4, 0, 1, 2, 3]);
        join_all(waiters).await;
    });
}

#[test]
fn a_negative_counter_panics_with_gos_text() {
    let text = |result: Result<(), Box<dyn std::any::Any + Send>>| {
        *result.unwrap_err().downcast::<&str>().unwrap()
    };
    quietly(|| {});
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = catch_unwind(|| WaitGroup::new().done());
    let add = catch_unwind(|| {
        let group = WaitGroup::new();
        group.add(3);
        group.add(-4);
    });
    std::panic::set_hook(hook);
    assert_eq!(text(done), "sync: negative WaitGroup counter");
    assert_eq!(text(add), "sync: negative WaitGroup counter");
}

#[test]
fn a_wait_that_is_dropped_leaves_and_keeps_nobody_waiting() {
    let group = WaitGroup::new();
    group.add(1);
    let counts = Counts::new();
    let waker = counts.waker();
    let mut context = std::task::Context::from_waker(&waker);
    let mut waits: Vec<_> = (0..3).map(|_| Box::pin(group.wait())).collect();
    for wait in &mut waits {
        assert!(wait.poll_unpin(&mut context).is_pending());
    }
    drop(waits.remove(1));
    assert_eq!(counts.others(), 3, "the waker of the one that left is gone");
    group.done();
    assert_eq!(counts.wakes(), 2);
    for mut wait in waits {
        assert!(wait.poll_unpin(&mut context).is_ready());
    }
    assert_eq!(counts.others(), 1);
}

#[test]
fn a_group_is_used_again_while_those_let_go_have_not_returned() {
    let group = WaitGroup::new();
    group.add(1);
    let mut first = task::spawn(group.wait());
    assert_pending!(first.poll());
    group.done();
    group.add(1);
    let mut second = task::spawn(group.wait());
    assert_pending!(second.poll());
    assert!(first.is_woken() && !second.is_woken());
    assert_ready!(first.poll());
    group.done();
    assert_ready!(second.poll());
}

#[test]
fn a_goroutine_that_exits_counts_as_done() {
    on_goroutine(&PROCS, || async {
        let group = WaitGroup::new();
        group.go(async { goexit() });
        group.go(async { goexit_async().await });
        group.wait().await;
    });
}

#[test]
fn a_panic_that_ends_the_process_lets_nobody_go_before() {
    const NAME: &str = "sync::wait_group::a_panic_that_ends_the_process_lets_nobody_go_before";
    if is_child(NAME) {
        let runtime = gort::Runtime::builder().procs(2).build().unwrap();
        let entered = runtime.handle();
        let _entered = entered.enter();
        let group = WaitGroup::new();
        group.go(async {
            yield_now().await;
            panic!("the reason");
        });
        group.wait_blocking();
        unreachable!("the wait returned");
    }
    let ended = run_child(NAME, &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("the reason"), "{ended:?}");
}

#[test]
fn a_panic_that_is_only_reported_counts_as_done() {
    const NAME: &str = "sync::wait_group::a_panic_that_is_only_reported_counts_as_done";
    if is_child(NAME) {
        let policy = PanicPolicy::Report;
        let runtime = gort::Runtime::builder().procs(2).on_panic(policy).build();
        let entered = runtime.unwrap().handle();
        let _entered = entered.enter();
        let group = WaitGroup::new();
        group.go(async { panic!("expected: the poll") });
        group.go(async { vec![PanicsOnDrop] });
        group.wait_blocking();
        return;
    }
    run_child(NAME, &[]).passed();
}

#[test]
fn a_shutdown_lets_those_go_who_wait_for_goroutines_that_were_dropped() {
    with_procs(&PROCS, |_| {
        let runtime = gort::Runtime::builder().procs(1).build().unwrap();
        let group = WaitGroup::new();
        let handle = runtime.handle();
        let entered = handle.enter();
        group.go(std::future::pending::<()>());
        drop(entered);
        let waits = group.clone();
        let waiter = thread::spawn(move || waits.wait_blocking());
        runtime.shutdown(std::time::Duration::from_secs(10));
        waiter.join().unwrap();
    });
}

#[test]
fn threads_and_goroutines_wait_for_one_group() {
    with_procs(&PROCS, |runtime| {
        let group = WaitGroup::new();
        group.add(20);
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let group = group.clone();
                thread::spawn(move || group.wait_blocking())
            })
            .collect();
        for n in 0..20 {
            let group = group.clone();
            if n % 2 == 0 {
                drop(runtime.spawn(async move { group.done() }));
            } else {
                thread::spawn(move || group.done());
            }
        }
        let here = group.clone();
        runtime.block_on(async move { here.wait().await });
        for thread in waiting {
            thread.join().unwrap();
        }
    });
}
