//! `JoinSet`: goroutines that belong together.

use futures::channel::oneshot;
use gort::task::JoinSet;
use gort::yield_now;
use gort_tests::{Counts, PROCS, join, on_goroutine, quietly, wait_until, with_procs};
use std::collections::BTreeSet;
use std::future::{pending, ready};
use std::time::Duration;

#[test]
fn outcomes_come_in_the_order_of_the_ends() {
    on_goroutine(&PROCS, || async {
        let mut set = JoinSet::new();
        let mut senders = Vec::new();
        for n in 0..10 {
            let (sender, receiver) = oneshot::channel::<()>();
            senders.push(sender);
            set.spawn(async move {
                let _ = receiver.await;
                n
            });
        }
        for n in [3, 1, 4, 0, 5, 9, 2, 6, 8, 7] {
            let (sender, _) = oneshot::channel();
            drop(std::mem::replace(&mut senders[n], sender));
            assert_eq!(set.join_next().await.unwrap().unwrap(), n);
        }
        assert!(set.join_next().await.is_none());
    });
}

#[test]
fn many_are_joined_each_once() {
    on_goroutine(&PROCS, || async {
        let mut set = JoinSet::new();
        for n in 0..1000u32 {
            set.spawn(async move {
                for _ in 0..n % 4 {
                    yield_now().await;
                }
                n
            });
        }
        assert_eq!(set.len(), 1000);
        let mut seen = BTreeSet::new();
        while let Some(outcome) = set.join_next().await {
            assert!(seen.insert(outcome.unwrap()));
        }
        assert_eq!(seen.len(), 1000);
        assert!(set.is_empty());
    });
}

#[test]
fn dropping_the_set_aborts_what_runs() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        join(runtime.spawn({
            let counts = counts.clone();
            async move {
                let mut set = JoinSet::new();
                for _ in 0..100 {
                    set.spawn(counts.future(pending::<()>()));
                }
                yield_now().await;
            }
        }));
        wait_until("all are dropped", || {
            counts.live() == 0 && runtime.num_goroutine() == 0
        });
        assert_eq!(counts.made(), 100);
    });
}

#[test]
fn detach_all_lets_them_run_on() {
    on_goroutine(&PROCS, || async {
        let mut set = JoinSet::new();
        let (finish, finished) = oneshot::channel::<()>();
        let (sender, receiver) = oneshot::channel();
        set.spawn(async move {
            finished.await.unwrap();
            sender.send(7).unwrap();
        });
        set.detach_all();
        assert!(set.is_empty() && set.join_next().await.is_none());
        drop(set);
        finish.send(()).unwrap();
        assert_eq!(receiver.await, Ok(7));
    });
}

#[test]
fn shutdown_returns_when_all_are_over() {
    on_goroutine(&PROCS, || async {
        let counts = Counts::new();
        let mut set = JoinSet::new();
        for _ in 0..100 {
            set.spawn(counts.future(pending::<()>()));
        }
        set.shutdown().await;
        assert_eq!((set.len(), counts.live()), (0, 0));
    });
}

#[test]
fn abort_all_leaves_them_to_be_joined() {
    on_goroutine(&PROCS, || async {
        let mut set = JoinSet::new();
        set.spawn(pending::<u32>());
        set.insert(gort::spawn(ready(7)));
        while set.len() < 2 {
            yield_now().await;
        }
        set.abort_all();
        let mut cancelled = 0;
        while let Some(outcome) = set.join_next().await {
            match outcome {
                Ok(value) => assert_eq!(value, 7),
                Err(error) => cancelled += u32::from(error.is_cancelled()),
            }
        }
        assert!(
            (1..=2).contains(&cancelled),
            "the pending one, and the other if it had not begun"
        );
    });
}

#[test]
fn one_member_is_aborted_through_its_handle() {
    on_goroutine(&PROCS, || async {
        let mut set = JoinSet::new();
        let aborted = set.spawn(pending::<u32>());
        set.spawn(async {
            yield_now().await;
            7
        });
        assert_eq!(set.ids().count(), 2);
        assert!(set.ids().any(|id| id == aborted.id()));
        aborted.abort();
        let mut outcomes = Vec::new();
        while let Some(outcome) = set.join_next().await {
            outcomes.push(outcome.map_err(|error| error.id()));
        }
        outcomes.sort_by_key(Result::is_err);
        assert_eq!(outcomes, [Ok(7), Err(aborted.id())]);
        assert!(aborted.is_finished());
    });
}

#[test]
fn a_dropped_join_next_loses_nothing() {
    on_goroutine(&PROCS, || async {
        let mut set = JoinSet::new();
        let (finish, finished) = oneshot::channel::<u32>();
        set.spawn(finished);
        {
            let next = std::pin::pin!(set.join_next());
            let lost = futures::future::select(next, yield_now()).await;
            assert!(matches!(lost, futures::future::Either::Right(_)));
        }
        assert!(set.try_join_next().is_none());
        finish.send(7).unwrap();
        assert_eq!(set.join_next().await.unwrap().unwrap(), Ok(7));
    });
}

#[test]
fn try_join_next_gives_what_is_over() {
    on_goroutine(&PROCS, || async {
        let mut set = JoinSet::new();
        assert!(set.try_join_next().is_none());
        set.spawn(ready(7));
        let value = loop {
            match set.try_join_next() {
                Some(outcome) => break outcome.unwrap(),
                None => yield_now().await,
            }
        };
        assert_eq!(value, 7);
        assert!(set.is_empty());
    });
}

#[test]
fn join_all_gives_all_results_or_the_panic() {
    quietly(|| {
        on_goroutine(&PROCS, || async {
            let mut set = JoinSet::new();
            (0..10).for_each(|n| drop(set.spawn(ready(n))));
            let mut results = set.join_all().await;
            results.sort_unstable();
            assert_eq!(results, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

            let counts = Counts::new();
            let mut set = JoinSet::new();
            set.spawn(counts.future(pending::<()>()));
            set.spawn(async { panic!("expected: a member") });
            let joiner = gort::spawn(async move { set.join_all().await });
            let error = joiner.await.map(drop).unwrap_err();
            assert_eq!(
                error.into_panic().downcast_ref(),
                Some(&"expected: a member")
            );
            while counts.live() > 0 {
                yield_now().await;
            }
        });
    });
}

#[test]
fn a_panic_of_one_member_is_one_outcome() {
    quietly(|| {
        on_goroutine(&PROCS, || async {
            let mut set = JoinSet::new();
            for n in 0..10 {
                set.spawn(async move {
                    assert!(n % 2 == 0, "expected: odd");
                    n
                });
            }
            let mut outcomes = [0, 0];
            while let Some(outcome) = set.join_next().await {
                outcomes[usize::from(outcome.is_err_and(|error| error.is_panic()))] += 1;
            }
            assert_eq!(outcomes, [5, 5]);
        });
    });
}

#[test]
fn blocking_calls_are_members_too() {
    on_goroutine(&PROCS, || async {
        let mut set = JoinSet::new();
        set.spawn_blocking(|| std::thread::sleep(Duration::from_millis(5)));
        set.spawn(ready(()));
        assert_eq!(set.len(), 2);
        assert_eq!(set.join_all().await.len(), 2);
    });
}

#[test]
fn a_set_is_filled_and_joined_on_a_foreign_thread() {
    with_procs(&PROCS, |runtime| {
        let mut set = JoinSet::new();
        for n in 0..100 {
            set.insert(runtime.spawn(ready(n)));
        }
        let sum: u32 = futures::executor::block_on(set.join_all())
            .into_iter()
            .sum();
        assert_eq!(sum, 99 * 100 / 2);
        assert_eq!(
            format!("{:?}", JoinSet::<u8>::default()),
            "JoinSet { len: 0 }"
        );
    });
}
