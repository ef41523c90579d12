use gort::context::{AfterFunc, after_func, background, with_cancel, with_timeout, with_value};
use gort::task::Task;
use gort::time::sleep;
use gort_tests::{Calls, Counts, Explosive, PROCS, Seeded, on_goroutine, quietly};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_handle_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<AfterFunc>();
}

#[test]
fn each_function_is_called_once_in_a_goroutine_of_its_own() {
    on_goroutine(&PROCS, || async {
        let (context, cancel) = with_cancel(&background());
        let calls = Calls::default();
        let handles: Vec<_> = (0..5)
            .map(|_| after_func(&context, calls.function()))
            .collect();
        assert!(handles[2].stop());
        assert!(!handles[2].stop());
        assert_eq!(calls.count(), 0);
        cancel.cancel();
        calls.reach(4).await;
        sleep(Duration::from_millis(1)).await;
        assert_eq!(calls.count(), 4);
        assert!(handles.iter().all(|handle| !handle.stop()));
    });
}

#[test]
fn a_context_that_is_done_calls_at_once() {
    on_goroutine(&PROCS, || async {
        let (context, cancel) = with_cancel(&background());
        cancel.cancel();
        let calls = Calls::default();
        let handle = after_func(&context, calls.function());
        calls.reach(1).await;
        assert!(!handle.stop());
    });
}

#[test]
fn a_deadline_calls_though_nobody_waits_for_it() {
    on_goroutine(&PROCS, || async {
        let calls = Calls::default();
        let (context, _) = with_timeout(&background(), Duration::from_millis(2));
        let (below, _) = with_cancel(&context);
        after_func(&context, calls.function());
        after_func(&below, calls.function());
        after_func(&below, calls.function());
        drop((context, below));
        calls.reach(3).await;
    });
}

#[test]
fn those_above_call_when_the_context_itself_is_gone() {
    on_goroutine(&PROCS, || async {
        let calls = Calls::default();
        let (root, cancel) = with_cancel(&background());
        let handles: Vec<_> = (0..3)
            .map(|_| after_func(&with_cancel(&with_cancel(&root).0).0, calls.function()))
            .collect();
        assert!(handles[1].stop());
        cancel.cancel();
        calls.reach(2).await;
        assert!(!handles[0].stop());
    });
}

#[test]
fn what_can_never_be_called_can_be_stopped_and_is_freed() {
    let counts = Counts::new();
    let token = counts.token();
    let handle = after_func(&background(), move || drop(token));
    assert!(handle.stop());
    assert!(!handle.stop());
    assert_eq!(counts.live(), 0);
    let (context, cancel) = with_cancel(&background());
    let token = counts.token();
    after_func(&context, move || drop(token));
    let (below, _) = with_cancel(&context);
    let token = counts.token();
    after_func(&below, move || drop(token));
    drop((context, cancel));
    assert_eq!(counts.live(), 2, "the context below still has them");
    drop(below);
    assert_eq!(counts.live(), 0);
}

#[test]
fn a_stopped_function_leaves_nothing_with_its_context_or_those_above() {
    let counts = Counts::new();
    let value = with_value(&background(), counts.token());
    let (root, _cancel) = with_timeout(&value, HOUR);
    for _ in 0..100 {
        let (leaf, _cancel) = with_cancel(&root);
        let token = counts.token();
        let handle = after_func(&leaf, move || drop(token));
        drop(leaf);
        assert!(handle.stop());
    }
    assert_eq!(counts.live(), 1);
    drop((root, _cancel, value));
    assert_eq!(counts.live(), 0, "the root does not keep itself any more");
}

#[test]
fn a_function_that_panics_on_its_way_out_keeps_nobody_from_being_called() {
    on_goroutine(&PROCS, || async {
        let (context, cancel) = with_cancel(&background());
        let calls = Calls::default();
        let explosive = Explosive;
        let stopped = after_func(&context, move || drop(explosive));
        let called = after_func(&context, calls.function());
        let panicked = quietly(|| catch_unwind(AssertUnwindSafe(|| stopped.stop())));
        assert!(panicked.is_err(), "the destructor's panic is the caller's");
        cancel.cancel();
        calls.reach(1).await;
        assert!(!called.stop());
    });
}

#[test]
fn whoever_cancels_names_the_executor_and_whoever_asked_the_place() {
    let (context, cancel) = with_cancel(&background());
    let calls = Calls::default();
    let line = line!() + 1;
    after_func(&context, calls.function());
    let (executor, tasks) = mpsc::channel::<Task>();
    let entered = gort::task::enter(Arc::new(move |task| executor.send(task).unwrap()));
    cancel.cancel();
    drop(entered);
    let task = tasks.recv().unwrap();
    let place = task.spawned_at();
    assert_eq!((place.file(), place.line()), (file!(), line));
    assert_eq!(calls.count(), 0);
    futures::executor::block_on(task);
    assert_eq!(calls.count(), 1);
}

#[test]
fn an_executor_that_refuses_one_function_is_asked_for_the_others_and_loses_no_wake_up() {
    let (context, cancel) = with_cancel(&background());
    let calls = Calls::default();
    let mut waits = tokio_test::task::spawn(context.done());
    assert!(waits.poll().is_pending());
    for _ in 0..3 {
        after_func(&context, calls.function());
    }
    let (executor, tasks) = mpsc::channel::<Task>();
    let asked = AtomicUsize::new(0);
    let entered = gort::task::enter(Arc::new(move |task| {
        let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
        assert!(!first, "expected: refused");
        executor.send(task).unwrap();
    }));
    quietly(|| cancel.cancel());
    drop(entered);
    assert!(waits.is_woken());
    tasks.into_iter().for_each(futures::executor::block_on);
    assert_eq!(calls.count(), 2);
}

#[test]
fn a_race_of_stop_and_cancel_has_one_winner() {
    on_goroutine(&PROCS, || async {
        for _ in 0..200 {
            let (context, cancel) = with_cancel(&background());
            let calls = Calls::default();
            let handle = after_func(&context, calls.function());
            let cancels = gort::spawn(async move { cancel.cancel() });
            let stopped = handle.stop();
            cancels.await.unwrap();
            if !stopped {
                calls.reach(1).await;
            }
            sleep(Duration::from_micros(20)).await;
            assert_eq!(calls.count(), usize::from(!stopped));
        }
    });
}

#[test]
fn a_storm_of_functions_and_contexts_calls_each_function_once_or_stops_it() {
    on_goroutine(&PROCS, || async {
        let seed = Seeded::fresh();
        let (counts, calls) = (Counts::new(), Calls::default());
        let mut stopped = 0;
        for round in 0..20 {
            let (root, cancel) = with_timeout(&background(), HOUR);
            let register = |n: u64| {
                let (mut rng, root) = (seed.fork(round * 100 + n), root.clone());
                let (counts, calls) = (counts.clone(), calls.clone());
                gort::spawn(async move {
                    let (mut contexts, mut stopped) = (vec![root], 0);
                    for _ in 0..40 {
                        let parent = rng.below(contexts.len() as u64) as usize;
                        let (context, cancel) = with_cancel(&contexts[parent]);
                        let (token, call) = (counts.token(), calls.function());
                        let handle = after_func(&context, move || {
                            call();
                            drop(token);
                        });
                        contexts.push(context);
                        match rng.below(6) {
                            0 => cancel.cancel(),
                            1 => drop(contexts.swap_remove(parent)),
                            2 => gort::yield_now().await,
                            3 => stopped += usize::from(handle.stop()),
                            _ => {}
                        }
                        if contexts.is_empty() {
                            break;
                        }
                    }
                    stopped
                })
            };
            let registering: Vec<_> = (0..6).map(register).collect();
            gort::yield_now().await;
            drop(root);
            cancel.cancel();
            for registered in registering {
                stopped += registered.await.unwrap();
            }
        }
        calls.reach(counts.made() - stopped).await;
        while counts.live() > 0 {
            gort::yield_now().await;
        }
        assert_eq!(calls.count(), counts.made() - stopped);
    });
}
