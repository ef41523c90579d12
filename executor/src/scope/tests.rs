//! Scopes without an executor: what a library that adopts the macros alone gets.

use crate::{defer, defers, recover};
use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

type Log = RefCell<Vec<u32>>;

/// Pending once.
async fn next_turn() {
    let mut waited = false;
    poll_fn(|_| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Polls `future` so many times and drops it; its value, if it was ready.
fn poll<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    (0..polls).find_map(|_| match future.as_mut().poll(&mut cx) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    })
}

#[defers]
async fn waits(log: &Log) -> Option<u32> {
    defer!(log.borrow_mut().push(4));
    defer!({
        next_turn().await;
        log.borrow_mut().push(3);
        drop(recover());
    });
    next_turn().await;
    defer!({ log.borrow_mut().push(2) });
    assert!(log.borrow().is_empty(), "not the first");
    log.borrow_mut().push(1);
    Some(7)
}

#[test]
fn deferred_code_runs_on_every_way_out() {
    let log = Log::default();
    assert_eq!(poll(3, waits(&log)), Some(Some(7)));
    assert_eq!(*log.borrow(), [1, 2, 3, 4]);
    assert_eq!(poll(3, waits(&log)), Some(None));
    assert_eq!(log.take(), [1, 2, 3, 4, 2, 3, 4]);
    assert_eq!(poll(1, waits(&log)), None);
    assert_eq!(log.take(), [4], "the block that waits was abandoned");
}

#[test]
fn a_panic_is_recovered_with_its_place() {
    let panic = recover!({
        defer!({ assert!(recover().is_none()) });
        let log = Log::default();
        let _first = log.borrow_mut();
        let _second = log.borrow_mut();
    });
    let panic = panic.unwrap_err();
    assert_eq!(panic.location().unwrap().file(), file!());
    assert!(panic.goroutine().is_none());
}

#[cfg(not(feature = "rt"))]
#[test]
fn owned_code_needs_an_executor_and_says_so() {
    #[defers]
    async fn owns(log: &Log) {
        defer!({ log.borrow_mut().push(1) });
        defer!(async move { pending::<()>().await });
        pending::<()>().await;
    }
    let log = Log::default();
    let panic = recover!({ poll(1, owns(&log)) }).unwrap_err();
    assert!(panic.message().contains("no executor"), "{panic}");
    assert_eq!(log.take(), [1]);
}

#[cfg(feature = "rt")]
#[test]
fn owned_code_goes_on_as_a_goroutine() {
    #[defers]
    async fn owns(told: std::sync::mpsc::Sender<u64>) {
        defer!(async move {
            told.send(crate::task::goid().as_u64()).unwrap();
        });
        pending::<()>().await;
    }
    let (tell, told) = std::sync::mpsc::channel();
    assert_eq!(poll(1, owns(tell)), None);
    let wait = std::time::Duration::from_secs(10);
    assert!(told.recv_timeout(wait).unwrap() > 0);
}
