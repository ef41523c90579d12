use gort::context::{
    ContextError, background, cause, with_cancel, with_deadline, with_deadline_cause, with_timeout,
    with_timeout_cause,
};
use gort_tests::{Counts, PROCS, on_goroutine, wait_until};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::Context;
use std::thread;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_deadline_ends_all_below_it_whoever_waits() {
    on_goroutine(&PROCS, || async {
        let start = Instant::now();
        let (root, _cancel) = with_timeout_cause(&background(), ms(2), "slow peer");
        let (child, _cancel) = with_cancel(&root);
        child.done().await;
        assert!(start.elapsed() >= ms(2));
        for context in [&child, &root] {
            assert_eq!(context.err(), Some(ContextError::DeadlineExceeded));
            assert_eq!(cause(context).unwrap().to_string(), "slow peer");
        }
    });
}

#[test]
fn a_thousand_who_wait_for_one_deadline_are_all_woken() {
    on_goroutine(&PROCS, || async {
        let (root, _cancel) = with_timeout(&background(), ms(5));
        let wait = |_| {
            let (child, cancel) = with_cancel(&root);
            gort::spawn(async move {
                child.done().await;
                drop(cancel);
                child.err()
            })
        };
        for waiter in (0..1000).map(wait).collect::<Vec<_>>() {
            let ended = waiter.await.unwrap();
            assert_eq!(ended, Some(ContextError::DeadlineExceeded));
        }
    });
}

#[test]
fn a_deadline_that_is_past_has_its_effect_at_once() {
    let (context, _cancel) = with_deadline(&background(), Instant::now());
    assert_eq!(context.err(), Some(ContextError::DeadlineExceeded));
    assert_eq!(
        cause(&context).unwrap().to_string(),
        "context deadline exceeded"
    );
    let (context, _cancel) = with_timeout(&background(), Duration::ZERO);
    assert_eq!(context.err(), Some(ContextError::DeadlineExceeded));
}

#[test]
fn whoever_asks_learns_of_a_deadline_though_nobody_waits() {
    let (root, _cancel) = with_timeout_cause(&background(), ms(1), "late");
    let (leaf, _cancel) = with_cancel(&with_cancel(&root).0);
    thread::sleep(ms(2));
    assert_eq!(cause(&leaf).unwrap().to_string(), "late");
}

#[test]
fn the_earlier_deadline_counts() {
    let (soon, late) = (Instant::now() + HOUR, Instant::now() + 2 * HOUR);
    let (outer, _cancel) = with_deadline(&background(), soon);
    assert_eq!(with_deadline(&outer, late).0.deadline(), Some(soon));
    let (outer, _cancel) = with_deadline(&background(), late);
    assert_eq!(with_deadline(&outer, soon).0.deadline(), Some(soon));
    assert_eq!(with_cancel(&outer).0.deadline(), Some(late));
}

#[test]
fn a_deadline_below_leaves_those_above_alone() {
    on_goroutine(&PROCS, || async {
        let (outer, _cancel) = with_timeout(&background(), HOUR);
        let (inner, _cancel) = with_timeout(&outer, ms(1));
        inner.done().await;
        assert_eq!(inner.err(), Some(ContextError::DeadlineExceeded));
        assert_eq!(outer.err(), None);
    });
}

#[test]
fn a_cancellation_before_the_deadline_is_one() {
    let (context, cancel) = with_timeout(&background(), HOUR);
    cancel.cancel();
    assert_eq!(context.err(), Some(ContextError::Canceled));
    assert_eq!(context.deadline().map(|at| at > Instant::now()), Some(true));
}

#[test]
fn a_cancellation_after_the_deadline_does_not_hide_it() {
    let (root, cancel_root) = with_cancel(&background());
    let (timed, _cancel) = with_deadline_cause(&root, Instant::now() + ms(1), "late");
    let (leaf, cancel_leaf) = with_cancel(&timed);
    thread::sleep(ms(3));
    // Nobody has looked at the clock until now.
    cancel_leaf.cancel_with("too late");
    for context in [&leaf, &timed] {
        assert_eq!(context.err(), Some(ContextError::DeadlineExceeded));
        assert_eq!(cause(context).unwrap().to_string(), "late");
    }
    cancel_root.cancel();
    assert_eq!(timed.err(), Some(ContextError::DeadlineExceeded));
    assert_eq!(root.err(), Some(ContextError::Canceled));
}

#[test]
fn a_timeout_beyond_the_clock_is_none() {
    let (context, cancel) = with_timeout(&background(), Duration::MAX);
    assert_eq!((context.deadline(), context.err()), (None, None));
    cancel.cancel();
    assert_eq!(context.err(), Some(ContextError::Canceled));
}

#[test]
fn what_waits_for_a_far_deadline_is_freed_with_the_context_or_its_end() {
    let counts = Counts::new();
    let wait = || {
        let value = gort::context::with_value(&background(), counts.token());
        let (context, cancel) = with_timeout(&value, HOUR);
        let waker = counts.waker();
        let mut done = Box::pin(context.done());
        let polled = done.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        drop(done);
        (context, cancel)
    };
    drop(wait());
    assert_eq!((counts.live(), counts.others()), (0, 0));
    let (context, cancel) = wait();
    cancel.cancel();
    drop((context, cancel));
    assert_eq!((counts.live(), counts.others()), (0, 0));
}

#[test]
fn a_deadline_outlives_the_runtime_whose_clock_it_waited_for() {
    let (context, _cancel) = with_timeout(&background(), ms(50));
    let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    let counts = Counts::new();
    let waker = counts.waker();
    let mut done = pin!(context.done());
    let handle = runtime.handle();
    let entered = handle.enter();
    let polled = done.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    drop(entered);
    drop(handle);
    runtime.shutdown(Duration::from_secs(10));
    wait_until("the clock of the default runtime is watched", || {
        counts.wakes() == 1
    });
}

#[test]
fn errors_have_gos_words_and_go_through_input_and_output() {
    let told = |error: ContextError| {
        let io = io::Error::from(error);
        (error.to_string(), error.is_timeout(), io.kind())
    };
    let canceled = "context canceled".to_owned();
    let late = "context deadline exceeded".to_owned();
    assert_eq!(
        told(ContextError::Canceled),
        (canceled, false, io::ErrorKind::Other)
    );
    assert_eq!(
        told(ContextError::DeadlineExceeded),
        (late, true, io::ErrorKind::TimedOut)
    );
}
