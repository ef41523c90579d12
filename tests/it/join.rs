//! `JoinHandle`, `AbortHandle`, `JoinError`. Where the order of events matters the name tells it.

use futures::channel::oneshot;
use gort::task::{AbortHandle, JoinError, JoinHandle, goid};
use gort::{Runtime, spawn};
use gort_tests::{Counts, PROCS, Token, join, on_goroutine, quietly, wait_until, with_procs};
use std::future::{pending, ready};
use std::sync::mpsc;
use std::time::Duration;
use tokio_test::{assert_pending, assert_ready_ok, task};

/// Waits until every goroutine of `runtime` is over.
fn quiet(runtime: &Runtime) {
    wait_until("all goroutines are over", || runtime.num_goroutine() == 0);
}

/// A goroutine that sits in the middle of its first poll until the sender is used, then waits on
/// the receiver in its second.
fn stuck(
    runtime: &Runtime,
    counts: &Counts,
) -> (JoinHandle<Token>, mpsc::Sender<()>, oneshot::Sender<()>) {
    let (go_on, told) = mpsc::channel();
    let (begun, has_begun) = mpsc::channel();
    let (finish, finished) = oneshot::channel();
    let result = counts.token();
    let handle = runtime.spawn(counts.future(async move {
        begun.send(()).unwrap();
        told.recv().unwrap();
        finished.await.unwrap();
        result
    }));
    has_begun.recv().unwrap();
    (handle, go_on, finish)
}

/// A goroutine that has parked on the receiver of this sender.
fn parked(runtime: &Runtime, counts: &Counts) -> (JoinHandle<Token>, oneshot::Sender<()>) {
    let (finish, finished) = oneshot::channel();
    let result = counts.token();
    let handle = runtime.spawn(counts.future(async move {
        finished.await.unwrap();
        result
    }));
    wait_until("it is parked", || counts.polls() == 1);
    (handle, finish)
}

/// A goroutine that cannot start before the sender of this is dropped: its only P is taken.
fn not_started(runtime: &Runtime, counts: &Counts) -> (JoinHandle<Token>, mpsc::Sender<()>) {
    assert_eq!(runtime.procs(), 1);
    let (go_on, told) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    drop(runtime.spawn(async move {
        begun.send(()).unwrap();
        let _ = told.recv();
    }));
    has_begun.recv().unwrap();
    let result = counts.token();
    (runtime.spawn(counts.future(async move { result })), go_on)
}

#[test]
fn poll_end_poll() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (handle, finish) = parked(runtime, &counts);
        let mut handle = task::spawn(handle);
        assert_pending!(handle.poll());
        assert_pending!(handle.poll());
        assert!(!handle.is_finished() && !handle.is_woken());
        finish.send(()).unwrap();
        wait_until("the joiner is woken", || handle.is_woken());
        assert!(handle.is_finished());
        drop(assert_ready_ok!(handle.poll()));
        assert!(handle.is_finished());
        assert_eq!((counts.polls(), counts.live()), (2, 0));
    });
}

#[test]
fn end_poll() {
    with_procs(&PROCS, |runtime| {
        let mut handle = task::spawn(runtime.spawn(ready(7)));
        wait_until("it is over", || handle.is_finished());
        assert_eq!(assert_ready_ok!(handle.poll()), 7);
    });
}

#[test]
#[should_panic(expected = "polled after it was ready")]
fn end_poll_poll() {
    let runtime = Runtime::builder().procs(1).build().unwrap();
    let mut handle = task::spawn(runtime.spawn(ready(7)));
    wait_until("it is over", || handle.is_finished());
    assert_ready_ok!(handle.poll());
    let _ = handle.poll();
}

#[test]
fn poll_by_one_poll_by_another_end() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (mut handle, finish) = parked(runtime, &counts);
        let mut first = task::spawn(());
        let mut second = task::spawn(());
        first.enter(|cx, _| assert_pending!(std::pin::Pin::new(&mut handle).as_mut().poll(cx)));
        second.enter(|cx, _| assert_pending!(std::pin::Pin::new(&mut handle).as_mut().poll(cx)));
        finish.send(()).unwrap();
        wait_until("the later joiner is woken", || second.is_woken());
        assert!(!first.is_woken());
        drop(join(handle));
    });
}

#[test]
fn poll_wakes_once_and_keeps_no_waker() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let joiner = Counts::new();
        let (mut handle, finish) = parked(runtime, &counts);
        let waker = joiner.waker();
        for _ in 0..3 {
            let cx = &mut std::task::Context::from_waker(&waker);
            assert_pending!(std::pin::Pin::new(&mut handle).poll(cx));
        }
        drop(waker);
        assert_eq!(joiner.others(), 1, "one waker is kept while it waits");
        finish.send(()).unwrap();
        quiet(runtime);
        assert_eq!((joiner.wakes(), joiner.others()), (1, 0));
        drop(join(handle));
    });
}

#[test]
fn poll_drop_the_handle_end() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let joiner = Counts::new();
        let (mut handle, finish) = parked(runtime, &counts);
        let waker = joiner.waker();
        let cx = &mut std::task::Context::from_waker(&waker);
        assert_pending!(std::pin::Pin::new(&mut handle).poll(cx));
        drop(handle);
        assert_eq!(joiner.others(), 1, "only our own waker is left");
        finish.send(()).unwrap();
        quiet(runtime);
        assert_eq!((joiner.wakes(), counts.polls(), counts.live()), (0, 2, 0));
    });
}

#[test]
fn drop_the_handle_end() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (handle, finish) = parked(runtime, &counts);
        drop(handle);
        assert_eq!(counts.live(), 2, "it runs on, with its result to be");
        finish.send(()).unwrap();
        quiet(runtime);
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn end_drop_the_handle() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (handle, finish) = parked(runtime, &counts);
        finish.send(()).unwrap();
        quiet(runtime);
        assert_eq!(counts.live(), 1, "the result waits");
        drop(handle);
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn abort_before_the_start() {
    with_procs(&[1], |runtime| {
        let counts = Counts::new();
        let (handle, go_on) = not_started(runtime, &counts);
        handle.abort();
        assert!(!handle.is_finished());
        drop(go_on);
        let error = futures::executor::block_on(handle).unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!((counts.polls(), counts.live()), (0, 0));
    });
}

#[test]
fn abort_while_parked() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (handle, finish) = parked(runtime, &counts);
        handle.abort();
        let error = futures::executor::block_on(handle).unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(
            (counts.polls(), counts.live()),
            (1, 0),
            "dropped, not polled"
        );
        assert!(finish.is_canceled());
    });
}

#[test]
fn abort_in_the_middle_of_a_poll_then_park() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (handle, go_on, _finish) = stuck(runtime, &counts);
        handle.abort();
        assert!(!handle.is_finished(), "a poll is not cut off");
        go_on.send(()).unwrap();
        let error = futures::executor::block_on(handle).unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!((counts.polls(), counts.live()), (1, 0));
    });
}

#[test]
fn abort_in_the_middle_of_the_last_poll() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (handle, go_on, finish) = stuck(runtime, &counts);
        finish.send(()).unwrap();
        handle.abort();
        go_on.send(()).unwrap();
        drop(join(handle));
        assert_eq!(
            (counts.polls(), counts.live()),
            (1, 0),
            "what ended has its result"
        );
    });
}

#[test]
fn abort_in_the_middle_of_a_poll_then_yield() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (go_on, told) = mpsc::channel();
        let (begun, has_begun) = mpsc::channel();
        let handle = runtime.spawn(counts.future(async move {
            begun.send(()).unwrap();
            told.recv().unwrap();
            gort::yield_now().await;
            unreachable!("it was aborted before");
        }));
        has_begun.recv().unwrap();
        handle.abort();
        go_on.send(()).unwrap();
        let outcome: Result<(), JoinError> = futures::executor::block_on(handle);
        assert!(outcome.unwrap_err().is_cancelled());
        assert_eq!((counts.polls(), counts.live()), (1, 0));
    });
}

#[test]
fn end_abort() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (handle, finish) = parked(runtime, &counts);
        finish.send(()).unwrap();
        quiet(runtime);
        handle.abort();
        drop(join(handle));
        assert_eq!((counts.polls(), counts.live()), (2, 0));
    });
}

#[test]
fn abort_abort() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (handle, _finish) = parked(runtime, &counts);
        let abort = handle.abort_handle();
        handle.abort();
        abort.abort();
        assert!(
            futures::executor::block_on(handle)
                .unwrap_err()
                .is_cancelled()
        );
        abort.abort();
        assert!(abort.is_finished());
        assert_eq!((counts.polls(), counts.live()), (1, 0));
    });
}

#[test]
fn abort_then_wake_then_poll() {
    // One P, taken: both the abort and the wake come before the goroutine can be polled.
    with_procs(&[1], |runtime| {
        let counts = Counts::new();
        let (handle, finish) = parked(runtime, &counts);
        let blocker = Counts::new();
        let (_, go_on) = not_started(runtime, &blocker);
        handle.abort();
        finish.send(()).unwrap();
        drop(go_on);
        assert!(
            futures::executor::block_on(handle)
                .unwrap_err()
                .is_cancelled()
        );
        assert_eq!((counts.polls(), counts.live()), (1, 0));
    });
}

#[test]
fn wake_then_abort_then_poll() {
    with_procs(&[1], |runtime| {
        let counts = Counts::new();
        let (handle, finish) = parked(runtime, &counts);
        let blocker = Counts::new();
        let (_, go_on) = not_started(runtime, &blocker);
        finish.send(()).unwrap();
        handle.abort();
        drop(go_on);
        assert!(
            futures::executor::block_on(handle)
                .unwrap_err()
                .is_cancelled()
        );
        assert_eq!((counts.polls(), counts.live()), (1, 0));
    });
}

#[test]
fn abort_then_drop_the_handle() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (handle, _finish) = parked(runtime, &counts);
        handle.abort();
        drop(handle);
        quiet(runtime);
        assert_eq!((counts.polls(), counts.live()), (1, 0));
    });
}

#[test]
fn drop_the_handle_then_abort() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let (handle, _finish) = parked(runtime, &counts);
        let abort = handle.abort_handle();
        drop(handle);
        assert!(!abort.is_finished());
        abort.abort();
        quiet(runtime);
        assert!(abort.is_finished());
        assert_eq!((counts.polls(), counts.live()), (1, 0));
    });
}

#[test]
fn an_abort_handle_outlives_handle_and_runtime() {
    let runtime = Runtime::builder().procs(2).build().unwrap();
    let counts = Counts::new();
    let (handle, finish) = parked(&runtime, &counts);
    let id = handle.id();
    let abort = handle.abort_handle();
    let clone = AbortHandle::clone(&abort);
    drop(handle);
    assert_eq!(runtime.shutdown(Duration::from_secs(5)).cancelled(), 1);
    assert!(abort.is_finished());
    abort.abort();
    drop(finish);
    clone.abort();
    assert_eq!(clone.id(), id);
    assert_eq!(counts.live(), 0);
}

#[test]
fn a_goroutine_may_abort_itself() {
    on_goroutine(&PROCS, || async {
        let counts = Counts::new();
        let (give, abort) = oneshot::channel::<AbortHandle>();
        let handle = spawn(counts.future(async move {
            abort.await.unwrap().abort();
            pending::<()>().await;
        }));
        give.send(handle.abort_handle()).unwrap();
        assert!(handle.await.unwrap_err().is_cancelled());
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn a_destructor_may_abort_and_join_others() {
    struct Aborts(Option<JoinHandle<()>>);
    impl Drop for Aborts {
        fn drop(&mut self) {
            if let Some(handle) = self.0.take() {
                handle.abort();
            }
        }
    }
    on_goroutine(&PROCS, || async {
        let counts = Counts::new();
        let inner = spawn(counts.future(pending()));
        let aborts = Aborts(Some(inner));
        let outer = spawn(counts.future(async move {
            let _aborts = aborts;
            pending::<()>().await;
        }));
        outer.abort();
        assert!(outer.await.unwrap_err().is_cancelled());
        while counts.live() > 0 {
            gort::yield_now().await;
        }
    });
}

#[test]
fn a_handle_may_be_joined_on_another_runtime() {
    with_procs(&PROCS, |runtime| {
        let other = Runtime::builder().procs(2).build().unwrap();
        let (finish, finished) = oneshot::channel();
        let handle = runtime.spawn(finished);
        let joiner = other.spawn(async { handle.await.unwrap() });
        finish.send(7).unwrap();
        assert_eq!(join(joiner), Ok(7));
    });
}

#[test]
fn a_handle_that_loses_a_select_keeps_its_result() {
    on_goroutine(&PROCS, || async {
        let (finish, finished) = oneshot::channel();
        let mut handle = spawn(finished);
        let lost = futures::future::select(&mut handle, gort::yield_now()).await;
        assert!(matches!(lost, futures::future::Either::Right(_)));
        finish.send(7).unwrap();
        assert_eq!(handle.await.unwrap(), Ok(7));
    });
}

#[test]
fn the_error_of_a_panic_says_so() {
    quietly(|| {
        on_goroutine(&PROCS, || async {
            let number = goid();
            let handle = spawn(async move { panic!("expected: number {number}") });
            let id = handle.id();
            let error: JoinError = handle.await.unwrap_err();
            assert!(error.is_panic() && !error.is_cancelled());
            assert_eq!(error.id(), id);
            assert_eq!(
                error.to_string(),
                format!("goroutine {id} panicked: expected: number {number}")
            );
            assert_eq!(format!("{error:?}"), format!("JoinError({error})"));
            let payload = error.into_panic();
            let text = payload.downcast_ref::<String>().unwrap();
            assert_eq!(*text, format!("expected: number {number}"));
        });
    });
}

#[test]
fn the_error_of_an_abort_says_so() {
    on_goroutine(&PROCS, || async {
        let handle = spawn(pending::<()>());
        let id = handle.id();
        handle.abort();
        let error = handle.await.unwrap_err();
        assert!(error.is_cancelled() && !error.is_panic());
        assert_eq!(error.to_string(), format!("goroutine {id} was cancelled"));
        let error = error.try_into_panic().unwrap_err();
        let error = std::io::Error::from(error);
        assert_eq!(error.to_string(), format!("goroutine {id} was cancelled"));
    });
}

#[test]
#[should_panic(expected = "into_panic() on the JoinError of a goroutine that did not panic")]
fn into_panic_of_an_abort_panics() {
    let runtime = Runtime::builder().procs(1).build().unwrap();
    let handle = runtime.spawn(pending::<()>());
    handle.abort();
    let _ = futures::executor::block_on(handle)
        .unwrap_err()
        .into_panic();
}

#[test]
fn handles_and_errors_go_to_other_threads() {
    fn sent<T: Send + Sync + Unpin + std::fmt::Debug>() {}
    sent::<JoinHandle<u8>>();
    sent::<JoinHandle<std::cell::Cell<u8>>>();
    sent::<AbortHandle>();
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<JoinError>();
}

#[test]
fn debug_tells_number_and_state() {
    let runtime = Runtime::builder().procs(1).build().unwrap();
    let counts = Counts::new();
    let (handle, finish) = parked(&runtime, &counts);
    let (id, abort) = (handle.id(), handle.abort_handle());
    assert_eq!(
        format!("{handle:?}"),
        format!("JoinHandle {{ id: Id({id}), finished: false }}")
    );
    assert_eq!(
        format!("{abort:?}"),
        format!("AbortHandle {{ id: Id({id}), finished: false }}")
    );
    finish.send(()).unwrap();
    drop(join(handle));
    assert_eq!(
        format!("{abort:?}"),
        format!("AbortHandle {{ id: Id({id}), finished: true }}")
    );
}
