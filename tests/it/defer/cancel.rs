//! Scopes that are dropped while they wait.

use super::{Shared, next_turn};
use futures::executor::block_on;
use gort::time::sleep;
use gort::{defer, defers, recover, spawn};
use gort_tests::{LIMIT, quietly};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Polls `future` so many times and drops it; whether it was ready.
fn drop_after<F: Future>(polls: usize, future: F) -> bool {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    (0..polls).any(|_| future.as_mut().poll(&mut cx).is_ready())
}

/// Says that it is dropped.
struct Local(Shared, &'static str);

impl Drop for Local {
    fn drop(&mut self) {
        self.0.say(self.1);
    }
}

#[defers]
async fn inner(log: &Shared) {
    defer!({
        log.say("i-before");
        next_turn().await;
        log.say("i-unreached");
    });
    defer!(|out| log.say(format!("i-cancelled={}", out.is_cancelled())));
    let _local = Local(log.clone(), "i-local");
    pending::<()>().await;
}

#[test]
fn a_drop_runs_the_deferred_code_of_all_scopes_that_wait() {
    #[defers]
    async fn outer(log: &Shared) {
        defer!(log.say("o1"));
        for turn in 0..2 {
            let log = log.clone();
            defer!(log.say(format!("o-nested{turn}")));
        }
        let _local = Local(log.clone(), "o-local");
        inner(log).await;
    }
    let log = Shared::default();
    assert!(!drop_after(1, outer(&log)));
    assert_eq!(
        log.take(),
        "i-local,i-cancelled=true,i-before,o-local,o-nested1,o-nested0,o1"
    );
}

#[test]
fn nothing_has_been_deferred_before_the_first_poll() {
    let log = Shared::default();
    drop_after(0, inner(&log));
    assert_eq!(log.take(), "");
}

/// Counts its polls, and is never ready.
struct Polled(Shared);

impl Future for Polled {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        self.0.say("polled");
        Poll::Pending
    }
}

#[test]
fn code_of_the_user_that_waits_is_not_polled_by_a_drop() {
    #[defers]
    async fn before(log: &Shared) {
        Polled(log.clone()).await;
        defer!(log.say("unreached"));
    }
    #[defers]
    async fn behind(log: &Shared) {
        defer!(log.say("deferred"));
        Polled(log.clone()).await;
    }
    #[defers]
    async fn in_deferred(log: &Shared) {
        defer!(log.say("deferred"));
        defer!(Polled(log.clone()).await);
        next_turn().await;
    }
    let log = Shared::default();
    drop_after(3, before(&log));
    assert_eq!(log.take(), "polled,polled,polled");
    drop_after(3, behind(&log));
    assert_eq!(log.take(), "polled,polled,polled,deferred");
    drop_after(3, in_deferred(&log));
    assert_eq!(log.take(), "polled,polled,deferred");
}

/// A scope with every kind of deferred code, to be dropped anywhere.
#[defers]
async fn everything(log: Shared) -> u32 {
    next_turn().await;
    let on_first = log.clone();
    defer!(async move {
        next_turn().await;
        on_first.say("1");
    });
    next_turn().await;
    defer!({
        log.say("2");
        next_turn().await;
        log.say("2'");
    });
    next_turn().await;
    for turn in 3..5 {
        let log = log.clone();
        defer!({
            log.say(turn);
            next_turn().await;
            log.say(format!("{turn}'"));
        });
        next_turn().await;
    }
    defer!(log.say("5"));
    next_turn().await;
    defer!(|out| log.say(format!("6{}", if out.is_cancelled() { "c" } else { "" })));
    next_turn().await;
    7
}

#[gort::test]
async fn a_scope_may_be_dropped_at_each_of_its_awaits() {
    let expected = [
        "",
        "",
        "1",
        "2,1",
        "3,2,1",
        "4,3,2,1",
        "5,4,3,2,1",
        "6c,5,4,3,2,1",
        "6,5,4,3,2,1",
        "6,5,4,4',3,2,1",
        "6,5,4,4',3,3',2,1",
        "6,5,4,4',3,3',2,2',1",
        "6,5,4,4',3,3',2,2',1",
    ];
    for (polls, expected) in expected.into_iter().enumerate() {
        let log = Shared::default();
        let ready = drop_after(polls, everything(log.clone()));
        assert_eq!(ready, polls == expected_polls(), "{polls}");
        // What is owned goes on as a goroutine.
        let words = expected.split(',').filter(|word| !word.is_empty()).count();
        let started = Instant::now();
        while log.len() < words && started.elapsed() < LIMIT {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(log.take(), expected, "after {polls} polls");
    }
}

/// After how many polls `everything` is ready.
fn expected_polls() -> usize {
    12
}

#[test]
fn a_panic_in_deferred_code_of_a_dropped_scope_leaves_its_drop() {
    #[defers]
    async fn fails(log: &Shared) {
        defer!(log.say("outer"));
        defer!(|out| log.say(out.panic().unwrap().message()));
        defer!(panic!("expected: while it is dropped"));
        next_turn().await;
    }
    let log = Shared::default();
    quietly(|| {
        let panic = recover!({ drop_after(1, fails(&log)) }).unwrap_err();
        assert_eq!(panic.message(), "expected: while it is dropped");
    });
    assert_eq!(log.take(), "expected: while it is dropped,outer");
}

#[test]
fn a_panic_in_deferred_code_of_a_dropped_scope_can_be_recovered() {
    #[defers]
    async fn fails(log: &Shared) {
        defer!(log.say("outer"));
        defer!({
            log.say(recover().unwrap().message());
        });
        defer!(panic!("recovered"));
        next_turn().await;
    }
    let log = Shared::default();
    drop_after(1, fails(&log));
    assert_eq!(log.take(), "recovered,outer");
}

#[test]
fn a_scope_that_is_dropped_during_a_panic_contains_its_own() {
    #[defers]
    async fn fails(log: &Shared) {
        defer!(log.say("outer"));
        defer!(panic!("expected: the second"));
        defer!({
            log.say("boom");
            panic!("expected: the first of the scope");
        });
        next_turn().await;
    }
    let log = Shared::default();
    quietly(|| {
        let unwinding = catch_unwind(AssertUnwindSafe(|| {
            let mut future = pin!(fails(&log));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(future.as_mut().poll(&mut cx).is_pending());
            panic!("expected: the panic of the owner");
        }));
        let payload = unwinding.unwrap_err();
        assert_eq!(
            payload.downcast_ref::<&str>(),
            Some(&"expected: the panic of the owner")
        );
    });
    assert_eq!(log.take(), "boom,outer");
}

#[test]
fn a_destructor_that_panics_in_a_dropped_scope_keeps_no_deferred_code_from_running() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("expected: a destructor");
        }
    }
    #[defers]
    async fn holds(log: &Shared) {
        defer!(log.say("outer"));
        defer!({
            log.say(recover().unwrap().message());
        });
        defer!(log.say("inner"));
        let _bomb = Bomb;
        next_turn().await;
    }
    let log = Shared::default();
    quietly(|| drop_after(1, holds(&log)));
    assert_eq!(log.take(), "inner,expected: a destructor,outer");
}

#[gort::test]
async fn an_abort_runs_the_deferred_code_in_its_goroutine() {
    let log = Shared::default();
    let (says, parked) = (log.clone(), futures::channel::oneshot::channel());
    let handle = spawn!({
        defer!(|out| says.say(format!("{}", out.is_cancelled())));
        defer!(says.say(gort::task::goid()));
        parked.0.send(()).unwrap();
        pending::<()>().await;
    });
    let id = handle.id();
    parked.1.await.unwrap();
    handle.abort();
    assert!(handle.await.unwrap_err().is_cancelled());
    assert_eq!(log.take(), format!("{id},true"));
}

#[test]
fn a_shutdown_runs_the_deferred_code_of_what_waits() {
    let log = Shared::default();
    let says = log.clone();
    let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    let (parked, is_parked) = futures::channel::oneshot::channel();
    let entered = runtime.handle();
    let entered = entered.enter();
    drop(spawn!({
        defer!(says.say("outer"));
        defer!(async move {
            pending::<()>().await;
        });
        defer!(says.say("inner"));
        parked.send(()).unwrap();
        pending::<()>().await;
    }));
    block_on(is_parked).unwrap();
    drop(entered);
    assert!(
        runtime
            .shutdown(std::time::Duration::from_secs(10))
            .is_clean()
    );
    assert_eq!(log.take(), "inner,outer");
}
