use super::{Log, settle};
use gort::sync::Group;
use gort::yield_now;
use gort_tests::{PROCS, bounded, is_child, on_goroutine, quietly, run_child};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_test::task;
use tokio_test::{assert_pending, assert_ready};

#[test]
fn a_group_can_be_sent_and_shared_if_its_errors_can_be_sent() {
    fn both<T: Send + Sync>() {}
    both::<Group<std::cell::Cell<u8>>>();
    fn sent<T: Send>(_: &T) {}
    sent(&Group::<u8>::new().go(async { Ok(()) }));
    sent(&Group::<u8>::new().wait());
}

#[test]
fn wait_gives_the_first_error_once_all_are_over() {
    on_goroutine(&PROCS, || async {
        let (group, ran) = (Group::new(), Arc::new(AtomicU32::new(0)));
        for n in 1..=10_u32 {
            let ran = Arc::clone(&ran);
            let work = async move {
                yield_now().await;
                ran.fetch_add(1, Ordering::Relaxed);
                if n == 7 { Err(n) } else { Ok(()) }
            };
            group.go(work).await;
        }
        assert_eq!(group.wait().await, Err(7));
        assert_eq!(ran.load(Ordering::Relaxed), 10);
        assert_eq!(group.wait().await, Ok(()), "given out once");
        group.go(async { Err(8) }).await;
        assert_eq!(group.wait().await, Ok(()), "not the first");
    });
}

#[test]
fn the_error_that_is_first_in_time_wins() {
    on_goroutine(&[1], || async {
        let group = Group::new();
        let late = async {
            settle().await;
            Err("late")
        };
        group.go(late).await;
        group.go(async { Err("early") }).await;
        assert_eq!(group.wait().await, Err("early"));
    });
}

#[test]
fn never_do_more_run_than_the_limit_lets() {
    on_goroutine(&PROCS, || async {
        let (group, running) = (Group::<()>::new(), Arc::new(AtomicU32::new(0)));
        group.set_limit(3);
        for _ in 0..50 {
            let running = Arc::clone(&running);
            let work = async move {
                assert!(running.fetch_add(1, Ordering::SeqCst) < 3);
                yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            };
            group.go(work).await;
        }
        group.wait().await.unwrap();
    });
}

#[test]
fn at_the_limit_go_waits_and_try_go_gives_the_future_back() {
    on_goroutine(&[1], || async {
        let (group, log) = (Group::<()>::new(), Log::default());
        let logs = |n: u32| {
            let log = log.clone();
            async move {
                log.push(n);
                Ok(())
            }
        };
        group.set_limit(1);
        assert!(group.try_go(logs(1)).is_ok());
        let refused = group.try_go(logs(3)).unwrap_err();
        let mut waits = task::spawn(group.go(logs(2)));
        assert_pending!(waits.poll());
        let mut given_up = task::spawn(group.go(logs(0)));
        assert_pending!(given_up.poll());
        drop(given_up);
        settle().await;
        assert_ready!(waits.poll());
        group.wait().await.unwrap();
        assert_eq!(refused.await, Ok(()));
        assert_eq!(log.taken(), [1, 2, 3]);
        assert!(group.try_go(logs(4)).is_ok(), "all places are free again");
        group.wait().await.unwrap();
    });
}

#[test]
fn a_limit_of_none_lets_nobody_run_until_it_is_lifted() {
    on_goroutine(&[1], || async {
        let group = Group::<()>::new();
        group.set_limit(0);
        assert!(group.try_go(async { Ok(()) }).is_err());
        group.set_limit(None);
        assert!(group.try_go(async { Ok(()) }).is_ok());
        group.wait().await.unwrap();
    });
}

#[test]
fn a_change_of_the_limit_while_some_run_panics_with_gos_text() {
    on_goroutine(&[1], || async {
        let group = Group::<()>::new();
        group.set_limit(4);
        for _ in 0..2 {
            let work = async {
                yield_now().await;
                Ok(())
            };
            group.go(work).await;
        }
        let change = AssertUnwindSafe(|| group.set_limit(5));
        let payload = quietly(|| gort::recover!({ catch_unwind(change) })).unwrap();
        let text = payload.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(
            *text,
            "errgroup: modify limit while 2 goroutines in the group are still active"
        );
        group.wait().await.unwrap();
        group.set_limit(5);
    });
}

#[test]
fn a_panic_ends_the_process_before_wait_returns() {
    const NAME: &str = "sync::group::a_panic_ends_the_process_before_wait_returns";
    if is_child(NAME) {
        gort::block_on(async {
            let group = Group::<()>::new();
            group.go(async { panic!("the reason") }).await;
            group.wait().await.unwrap();
        });
        unreachable!("the wait returned");
    }
    let ended = run_child(NAME, &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("the reason"), "{ended:?}");
    assert!(
        ended.stderr.contains("group.rs:"),
        "where it was started: {ended:?}"
    );
}

#[test]
fn a_thread_waits_for_a_group() {
    bounded("the group ends", || {
        let group = Group::new();
        for n in 0..4 {
            let started = group.try_go(async move { if n == 3 { Err(n) } else { Ok(()) } });
            assert!(started.is_ok());
        }
        assert_eq!(group.wait_blocking(), Err(3));
    });
}

#[test]
fn the_first_error_cancels_the_context_of_the_group_and_so_does_the_end() {
    on_goroutine(&PROCS, || async {
        let root = gort::context::background();
        let (group, context) = Group::with_context(&root);
        for n in 1..=4_u32 {
            let context = context.clone();
            let work = async move {
                if n == 3 {
                    return Err(n);
                }
                context.done().await;
                Ok(())
            };
            group.go(work).await;
        }
        assert_eq!(group.wait().await, Err(3));
        let (group, context) = Group::<u32>::with_context(&root);
        group.go(async { Ok(()) }).await;
        assert!(context.err().is_none());
        assert_eq!(group.wait().await, Ok(()));
        assert!(context.err().is_some() && root.err().is_none());
    });
}
