//! Panics in the code that channels and `select!` call: wakers, destructors, operands. They are
//! contained or reach who caused them; nobody else loses a value or a wake-up.

use gort::{Chan, Receiver, chan, select};
use gort_tests::{Counts, Explosive, quietly};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, RawWakerVTable, Wake, Waker};
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_eq};

/// A waker that panics when it is woken.
struct PanicsOnWake;

impl Wake for PanicsOnWake {
    fn wake(self: Arc<Self>) {
        panic!("expected: a waker that is woken");
    }
}

/// A waker that panics when its last copy is dropped.
struct PanicsAtTheEnd;

impl Wake for PanicsAtTheEnd {
    fn wake(self: Arc<Self>) {}
}

impl Drop for PanicsAtTheEnd {
    fn drop(&mut self) {
        panic!("expected: a waker that is dropped");
    }
}

/// A waker that panics when it is copied.
fn panics_on_clone() -> Waker {
    const VTABLE: RawWakerVTable = RawWakerVTable::new(
        |_| panic!("expected: a waker that is cloned"),
        |_| (),
        |_| (),
        |_| (),
    );
    // SAFETY: the functions use no data.
    unsafe { Waker::new(std::ptr::null(), &VTABLE) }
}

fn poll_with<F: Future>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// Receives by a plain receive, or by a select.
async fn receive(rx: &Receiver<u32>, by_select: bool) -> Option<u32> {
    if !by_select {
        return rx.recv().await;
    }
    let never = Chan::<u32>::nil();
    select! {
        n = rx.recv() => n,
        n = never.recv() => n,
        n = rx.recv() => n,
    }
}

#[test]
fn a_waker_that_panics_keeps_no_wake_up_and_no_value_from_others() {
    quietly(|| {
        for by_select in [false, true] {
            let (tx, rx) = chan(0);
            let counts = Counts::new();
            let wakers = [
                counts.waker(),
                Waker::from(Arc::new(PanicsOnWake)),
                counts.waker(),
            ];
            let receiving = |waker: &Waker| {
                let mut future = Box::pin(receive(&rx, by_select));
                assert!(poll_with(&mut future, waker).is_pending());
                future
            };
            // A close calls all three, a send each of them.
            let mut waiting: Vec<_> = wakers.iter().chain(&wakers).map(receiving).collect();
            for (n, future) in (0..3).zip(&mut waiting) {
                assert_eq!(tx.try_send(n), Ok(()));
                assert_eq!(poll_with(future, Waker::noop()), Poll::Ready(Some(n)));
            }
            assert!(tx.close());
            for future in &mut waiting[3..] {
                assert_eq!(poll_with(future, Waker::noop()), Poll::Ready(None));
            }
            assert_eq!(counts.wakes(), 4);
        }
    });
}

#[test]
fn a_waker_that_panics_is_passed_over_when_a_value_comes_back() {
    quietly(|| {
        let (tx, rx) = chan(0);
        let nasty = Waker::from(Arc::new(PanicsOnWake));
        let mut chosen = Box::pin(rx.recv());
        let mut next = Box::pin(rx.recv());
        assert!(poll_with(&mut chosen, Waker::noop()).is_pending());
        assert!(poll_with(&mut next, &nasty).is_pending());
        tx.try_send(1).unwrap();
        drop(chosen);
        assert_eq!(poll_with(&mut next, Waker::noop()), Poll::Ready(Some(1)));
    });
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_harms_nobody() {
    quietly(|| {
        for by_select in [false, true] {
            let (tx, rx) = chan(0);
            let nasty = || Waker::from(Arc::new(PanicsAtTheEnd));
            let mut dropped = Box::pin(receive(&rx, by_select));
            let mut polled_again = Box::pin(receive(&rx, by_select));
            let mut served = Box::pin(receive(&rx, by_select));
            for future in [&mut dropped, &mut polled_again, &mut served] {
                let waker = std::mem::ManuallyDrop::new(nasty());
                assert!(poll_with(future, &waker).is_pending());
                // The copy in the channel becomes the last one.
                let last = waker.data().cast::<PanicsAtTheEnd>();
                // SAFETY: the waker was made of an `Arc` of this type, whose count is above one.
                unsafe { Arc::decrement_strong_count(last) };
            }
            drop(dropped);
            assert!(poll_with(&mut polled_again, Waker::noop()).is_pending());
            assert_eq!(tx.try_send(1), Ok(()));
            assert_eq!(tx.try_send(2), Ok(()));
            assert_eq!(
                poll_with(&mut polled_again, Waker::noop()),
                Poll::Ready(Some(1))
            );
            assert_eq!(poll_with(&mut served, Waker::noop()), Poll::Ready(Some(2)));
        }
    });
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_leaves_the_channel_whole() {
    quietly(|| {
        let nasty = panics_on_clone();
        let (tx, rx) = chan(0);
        let mut slot = Some(1);
        let mut send = Box::pin(tx.send_from(&mut slot));
        assert!(catch_unwind(AssertUnwindSafe(|| poll_with(&mut send, &nasty))).is_err());
        drop(send);
        assert_eq!(slot, Some(1), "what was not sent is kept");

        for by_select in [false, true] {
            let mut recv = Box::pin(receive(&rx, by_select));
            assert!(catch_unwind(AssertUnwindSafe(|| poll_with(&mut recv, &nasty))).is_err());
            drop(recv);
            assert!(tx.try_send(2).is_err(), "nobody waits");
            // One that waits already goes on waiting.
            let mut recv = Box::pin(rx.recv());
            assert!(poll_with(&mut recv, Waker::noop()).is_pending());
            assert!(catch_unwind(AssertUnwindSafe(|| poll_with(&mut recv, &nasty))).is_err());
            assert_eq!(tx.try_send(3), Ok(()));
            assert_eq!(poll_with(&mut recv, Waker::noop()), Poll::Ready(Some(3)));
        }
    });
}

/// A value that counts, and then one whose destructor panics.
type Load = (gort_tests::Token, Option<Explosive>);

#[test]
fn values_whose_destructors_panic_are_all_dropped_with_the_last_receiver() {
    quietly(|| {
        let counts = Counts::new();
        let load = || -> Load { (counts.token(), Some(Explosive)) };
        let (tx, rx) = chan(3);
        let mut chosen: Vec<_> = (0..2).map(|_| Box::pin(rx.recv())).collect();
        for future in &mut chosen {
            assert!(poll_with(future, Waker::noop()).is_pending());
        }
        for _ in 0..5 {
            assert!(tx.try_send(load()).is_ok());
        }
        let mut send = Box::pin(tx.send(load()));
        assert!(poll_with(&mut send, Waker::noop()).is_pending());
        drop(chosen);
        assert_eq!(counts.live(), 6, "two came back, three are in the buffer");
        drop(rx);
        assert_eq!(counts.live(), 1);
        let Poll::Ready(Err(refused)) = poll_with(&mut send, Waker::noop()) else {
            panic!("the sender is told");
        };
        let (token, explosive) = refused.into_inner();
        std::mem::forget(explosive);
        drop(token);
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn values_whose_destructors_panic_are_all_dropped_with_a_chan() {
    quietly(|| {
        let counts = Counts::new();
        let c = Chan::<Load>::new(3);
        for _ in 0..3 {
            assert!(c.try_send((counts.token(), Some(Explosive))).is_ok());
        }
        drop(c);
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn a_future_whose_value_panics_as_it_drops_has_left_its_queue() {
    quietly(|| {
        let counts = Counts::new();
        let c = Chan::<Load>::new(0);
        let mut first = Box::pin(c.send((counts.token(), Some(Explosive))));
        assert!(poll_with(&mut first, Waker::noop()).is_pending());
        let mut second = Box::pin(c.send((counts.token(), None)));
        assert!(poll_with(&mut second, Waker::noop()).is_pending());
        assert!(catch_unwind(AssertUnwindSafe(|| drop(first))).is_err());
        let (_token, explosive) = c.try_recv().unwrap();
        assert!(explosive.is_none(), "the first is gone");
        assert_eq!(counts.live(), 1);
    });
}

#[test]
fn an_operand_that_panics_drops_those_before_it_and_nothing_has_happened() {
    quietly(|| {
        let counts = Counts::new();
        let c = Chan::new(2);
        let mut slot = Some(counts.token());
        assert!(c.try_send(counts.token()).is_ok());
        let mut run = || {
            select! {
                _ = c.recv() => unreachable!(),
                c.send(counts.token()) => unreachable!(),
                c.send_from(&mut slot) => unreachable!(),
                _ = { assert!(counts.made() == 0, "expected: an operand"); c.recv() } => {}
                default => unreachable!(),
            }
        };
        assert!(catch_unwind(AssertUnwindSafe(&mut run)).is_err());
        assert_eq!((c.len(), slot.is_some(), counts.live()), (1, true, 2));
    });
}

#[test]
fn a_future_that_panics_in_a_select_leaves_its_channels() {
    quietly(|| {
        let (tx, rx) = chan(0);
        let mut polls = 0;
        let mut waiting = Box::pin(async {
            let bad = std::future::poll_fn(|_| {
                polls += 1;
                assert!(polls == 1, "expected: a future");
                Poll::Pending
            });
            select! {
                n = rx.recv() => n,
                () = bad => None,
            }
        });
        assert!(poll_with(&mut waiting, Waker::noop()).is_pending());
        let again = AssertUnwindSafe(|| poll_with(&mut waiting, Waker::noop()));
        assert!(catch_unwind(again).is_err());
        assert!(tx.try_send(1).is_err(), "nobody waits any more");
        assert_pending!(spawn(rx.recv()).poll());
    });
}

#[test]
fn a_body_that_panics_has_received_and_leaves_the_losers_undone() {
    quietly(|| {
        let (one, other) = (Chan::new(1), Chan::new(1));
        one.try_send(1).unwrap();
        let mut future = pin!(async {
            select! {
                n = one.recv() => panic!("expected: {n:?}"),
                other.send(2) , if false => {}
                () = pending() => {}
            }
        });
        let mut cx = Context::from_waker(Waker::noop());
        let poll = AssertUnwindSafe(|| future.as_mut().poll(&mut cx));
        assert!(catch_unwind(poll).is_err());
        assert_eq!((one.len(), other.len()), (0, 0));
        assert_ready_eq!(spawn(other.send(3)).poll(), ());
    });
}

#[test]
fn a_future_that_is_forgotten_while_it_waits_does_no_harm() {
    let c = Chan::new(0);
    let mut forgotten = Box::pin(c.recv());
    assert!(poll_with(&mut forgotten, Waker::noop()).is_pending());
    std::mem::forget(forgotten);
    // It is as good as a goroutine that waits for ever.
    assert_eq!(c.try_send(1), Ok(()));
    assert_eq!(c.try_send(2), Err(2));
    let mut forgotten = Box::pin(c.recv());
    assert!(poll_with(&mut forgotten, Waker::noop()).is_pending());
    std::mem::forget(forgotten);
    drop(c);
}
