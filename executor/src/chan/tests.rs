use super::{Chan, Receiver, Sender, TryRecvError, TrySendError, chan};
use futures::{SinkExt, Stream, StreamExt};
use std::pin::Pin;
use std::task::Poll;
use tokio_test::task::{Spawn, spawn};
use tokio_test::{assert_pending, assert_ready, assert_ready_eq};

/// A future under test, with a waker that counts.
fn task<F>(future: F) -> Spawn<F> {
    spawn(future)
}

#[test]
fn handles_and_futures_can_be_sent_and_shared_if_values_can_be_sent() {
    fn both<T: Send + Sync>(_: &T) {}
    fn send<T: Send>(_: &T) {}
    type Value = std::cell::Cell<u8>;
    let (tx, rx) = chan::<Value>(0);
    let c = Chan::<Value>::new(0);
    both(&tx);
    both(&rx);
    both(&c);
    both(&tx.send(Value::new(0)));
    both(&rx.recv());
    send(&tx.send_from(&mut None));
    both(&c.recv());
}

#[test]
fn a_rendezvous_is_over_when_the_value_was_received() {
    let (tx, rx) = chan(0);
    let mut send = task(tx.send(1));
    assert_pending!(send.poll());
    assert_eq!((tx.len(), rx.try_recv()), (0, Ok(1)));
    assert!(send.is_woken());
    assert_ready_eq!(send.poll(), Ok(()));
}

#[test]
fn a_send_hands_its_value_to_the_receiver_that_waits() {
    for capacity in [0, 1] {
        let (tx, rx) = chan(capacity);
        let mut recv = task(rx.recv());
        assert_pending!(recv.poll());
        assert_ready_eq!(task(tx.send(1)).poll(), Ok(()));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "it is handed over");
        assert!(recv.is_woken());
        assert_ready_eq!(recv.poll(), Some(1));
    }
}

#[test]
fn the_buffer_takes_as_many_as_its_capacity_and_gives_them_in_order() {
    let (tx, rx) = chan(3);
    for n in 0..3 {
        assert_ready_eq!(task(tx.send(n)).poll(), Ok(()));
    }
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    let mut send = task(tx.send(3));
    assert_pending!(send.poll());
    assert_eq!((rx.len(), rx.try_recv()), (3, Ok(0)));
    assert!(send.is_woken());
    assert_ready_eq!(send.poll(), Ok(()));
    let rest: Vec<i32> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
    assert_eq!(rest, [1, 2, 3]);
}

#[test]
fn senders_and_receivers_that_wait_are_served_first_come_first_served() {
    let (tx, rx) = chan(0);
    let mut sends: Vec<_> = (0..5).map(|n| task(tx.send(n))).collect();
    for send in &mut sends {
        assert_pending!(send.poll());
    }
    for n in 0..5 {
        assert_ready_eq!(task(rx.recv()).poll(), Some(n));
        let woken: Vec<bool> = sends.iter().map(|send| send.is_woken()).collect();
        assert_eq!(woken, (0..5).map(|m| m <= n).collect::<Vec<_>>());
    }
    let mut recvs: Vec<_> = (0..5).map(|_| task(rx.recv())).collect();
    for recv in &mut recvs {
        assert_pending!(recv.poll());
    }
    for (n, recv) in (0..).zip(&mut recvs) {
        assert_ready_eq!(task(tx.send(n)).poll(), Ok(()));
        assert_ready_eq!(recv.poll(), Some(n));
    }
}

#[test]
fn a_future_that_is_dropped_while_it_waits_leaves_its_queue() {
    let (tx, rx) = chan(0);
    let mut first = task(rx.recv());
    let mut second = task(rx.recv());
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    drop(first);
    assert_ready_eq!(task(tx.send(1)).poll(), Ok(()));
    assert_ready_eq!(second.poll(), Some(1));

    let mut first = task(tx.send(2));
    let mut second = task(tx.send(3));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    drop(first);
    assert_ready_eq!(task(rx.recv()).poll(), Some(3));
    assert_ready_eq!(second.poll(), Ok(()));
}

#[test]
fn a_value_handed_to_a_future_that_is_dropped_goes_to_the_next_that_waits() {
    for capacity in [0, 2] {
        let (tx, rx) = chan(capacity);
        let mut first = task(rx.recv());
        let mut second = task(rx.recv());
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        tx.try_send(1).unwrap();
        drop(first);
        assert!(second.is_woken());
        assert_ready_eq!(second.poll(), Some(1));
    }
}

#[test]
fn values_handed_to_futures_that_are_dropped_lie_ready_beside_the_capacity() {
    for capacity in [0, 2] {
        let (tx, rx) = chan(capacity);
        let mut recvs: Vec<_> = (0..5).map(|_| task(rx.recv())).collect();
        for recv in &mut recvs {
            assert_pending!(recv.poll());
        }
        for n in 0..5 {
            tx.try_send(n).unwrap();
        }
        drop(recvs);
        assert_eq!(rx.len(), 0, "they are not of the buffer");
        for n in 5..5 + capacity {
            tx.try_send(n).unwrap();
        }
        assert!(tx.try_send(99).is_err());
        drop(tx);
        for n in 0..5 + capacity {
            assert_ready_eq!(task(rx.recv()).poll(), Some(n));
        }
        assert_ready_eq!(task(rx.recv()).poll(), None);
    }
}

#[test]
fn what_lies_ready_is_dropped_with_the_last_receiver() {
    let (tx, rx) = chan(1);
    let value = std::sync::Arc::new(());
    let mut recv = task(rx.recv());
    assert_pending!(recv.poll());
    tx.try_send(value.clone()).unwrap();
    tx.try_send(value.clone()).unwrap();
    drop(recv);
    assert_eq!(std::sync::Arc::strong_count(&value), 3);
    let other = rx.clone();
    drop(rx);
    assert_eq!(std::sync::Arc::strong_count(&value), 3);
    drop(other);
    assert_eq!(std::sync::Arc::strong_count(&value), 1);
    assert_eq!(tx.try_send(value.clone()), Err(TrySendError::Closed(value)));
}

#[test]
fn the_last_sender_closes_and_what_lies_in_the_channel_is_received_first() {
    let (tx, rx) = chan(2);
    let other = tx.clone();
    tx.try_send(1).unwrap();
    drop(tx);
    other.try_send(2).unwrap();
    assert!(!rx.is_closed());
    drop(other);
    assert!(rx.is_closed());
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_ready_eq!(task(rx.recv()).poll(), None);
}

#[test]
fn close_gives_none_to_receivers_and_their_values_to_senders_that_wait() {
    let (tx, rx) = chan::<u32>(0);
    let mut recv = task(rx.recv());
    assert_pending!(recv.poll());
    assert!(tx.close());
    assert!(recv.is_woken());
    assert_ready_eq!(recv.poll(), None);

    let (tx, rx) = chan(0);
    let mut send = task(tx.send(7));
    assert_pending!(send.poll());
    drop(rx);
    assert!(send.is_woken());
    let refused = assert_ready!(send.poll());
    assert_eq!(refused.unwrap_err().into_inner(), 7);
}

#[test]
fn a_sender_that_waits_on_a_closed_channel_panics_with_gos_text() {
    let c = Chan::new(0);
    let mut send = task(c.send(7));
    assert_pending!(send.poll());
    c.close();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| send.poll())).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<&str>(),
        Some(&"send on closed channel")
    );
}

#[test]
#[should_panic(expected = "send on closed channel")]
fn send_on_a_closed_chan_panics() {
    let c = Chan::new(1);
    c.close();
    let _ = task(c.send(1)).poll();
}

#[test]
#[should_panic(expected = "send on closed channel")]
fn try_send_on_a_closed_chan_panics() {
    let c = Chan::new(1);
    c.close();
    let _ = c.try_send(1);
}

#[test]
#[should_panic(expected = "close of closed channel")]
fn a_chan_is_closed_once() {
    let c = Chan::<u8>::new(1);
    c.clone().close();
    c.close();
}

#[test]
#[should_panic(expected = "close of nil channel")]
fn the_nil_channel_is_not_closed() {
    Chan::<u8>::nil().close();
}

#[test]
#[should_panic(expected = "makechan: size out of range")]
fn a_buffer_of_every_size_there_is_is_refused() {
    let _ = chan::<u8>(usize::MAX);
}

#[test]
#[should_panic(expected = "makechan: size out of range")]
fn so_is_one_of_values_without_a_size() {
    let _ = Chan::<()>::new(usize::MAX);
}

#[test]
fn values_without_a_size_are_counted_in_a_buffer_without_memory() {
    let largest = isize::MAX as usize;
    let (tx, rx) = chan::<()>(largest);
    assert_eq!((tx.capacity(), rx.capacity()), (largest, largest));
    for n in 1..=3 {
        tx.try_send(()).unwrap();
        assert_eq!(rx.len(), n);
    }
    drop(tx);
    assert_eq!(std::iter::from_fn(|| rx.try_recv().ok()).count(), 3);

    let (tx, rx) = chan(0);
    let mut recv = task(rx.recv());
    assert_pending!(recv.poll());
    assert_eq!(tx.try_send(()), Ok(()));
    assert_ready_eq!(recv.poll(), Some(()));
    assert_eq!(tx.try_send(()), Err(TrySendError::Full(())));
}

#[test]
fn a_buffer_larger_than_all_memory_is_refused_and_takes_none() {
    for capacity in [isize::MAX as usize, usize::MAX / 8, 1 << 60] {
        let refused = std::panic::catch_unwind(|| Chan::<u64>::new(capacity)).unwrap_err();
        assert_eq!(
            refused.downcast_ref::<&str>(),
            Some(&"makechan: size out of range")
        );
    }
}

#[test]
fn the_nil_channel_is_never_ready() {
    let c = Chan::<u8>::default();
    assert_pending!(task(c.recv()).poll());
    assert_pending!(task(c.send(1)).poll());
    let mut slot = Some(1);
    assert_pending!(task(c.send_from(&mut slot)).poll());
    assert_eq!(
        (slot, c.try_send(2), c.try_recv()),
        (Some(1), Err(2), Err(TryRecvError::Empty))
    );
}

#[test]
fn send_from_leaves_the_value_in_its_slot_until_it_is_sent() {
    let (tx, rx) = chan(0);
    let mut slot = Some(1);
    let mut send = task(tx.send_from(&mut slot));
    assert_pending!(send.poll());
    drop(send);
    assert_eq!(slot, Some(1));

    let mut send = task(tx.send_from(&mut slot));
    assert_pending!(send.poll());
    assert_eq!(rx.try_recv(), Ok(1));
    drop(send);
    assert_eq!(slot, None, "it was received before the drop");
    assert_pending!(
        task(tx.send_from(&mut slot)).poll(),
        "there is nothing to send"
    );

    slot = Some(2);
    let mut send = task(tx.send_from(&mut slot));
    assert_pending!(send.poll());
    drop(rx);
    assert!(assert_ready!(send.poll()).is_err());
    drop(send);
    assert_eq!(slot, Some(2));
}

#[test]
fn a_waiting_future_that_is_polled_by_another_task_wakes_that_one() {
    let (tx, rx) = chan(0);
    let mut recv = Box::pin(rx.recv());
    let mut first = task(std::future::poll_fn(|cx| recv.as_mut().poll(cx)));
    assert_pending!(first.poll());
    let stale = first;
    drop(stale);
    let mut second = task(std::future::poll_fn(|cx| recv.as_mut().poll(cx)));
    assert_pending!(second.poll());
    tx.try_send(1).unwrap();
    assert!(second.is_woken());
    assert_ready_eq!(second.poll(), Some(1));
}

fn next<T>(stream: &mut Spawn<Receiver<T>>) -> Poll<Option<T>> {
    stream.enter(|cx, stream| stream.poll_next(cx))
}

#[test]
fn a_stream_gives_every_value_and_then_ends() {
    for capacity in [0, 1, 2] {
        let (tx, rx) = chan(capacity);
        let mut stream = task(rx);
        assert_pending!(next(&mut stream));
        let mut send = task(tx.send(1));
        let sent = send.poll();
        assert_eq!(sent.is_ready(), capacity > 0);
        assert!(stream.is_woken());
        assert_ready_eq!(next(&mut stream), Some(1));
        assert_pending!(next(&mut stream));
        drop(send);
        drop(tx);
        assert!(stream.is_woken());
        assert_ready_eq!(next(&mut stream), None);
    }
}

#[test]
fn a_stream_that_is_not_polled_again_keeps_no_value_from_others() {
    let (tx, rx) = chan(1);
    let mut idle = task(rx.clone());
    assert_pending!(next(&mut idle));
    let mut recv = task(rx.recv());
    assert_pending!(recv.poll());
    tx.try_send(1).unwrap();
    assert_ready_eq!(recv.poll(), Some(1));
    tx.try_send(2).unwrap();
    assert!(idle.is_woken());
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn every_stream_that_waits_is_told_of_a_value() {
    let (tx, rx) = chan(1);
    let mut streams: Vec<_> = (0..9).map(|_| task(rx.clone())).collect();
    for stream in &mut streams {
        assert_pending!(next(stream));
    }
    tx.try_send(1).unwrap();
    assert!(streams.iter().all(|stream| stream.is_woken()));
    let got = streams.iter_mut().map(next).filter(Poll::is_ready);
    assert_eq!(got.count(), 1);
}

#[test]
fn a_sink_sends_in_order_and_close_lets_the_receiver_end() {
    for capacity in [0, 1] {
        let (mut tx, rx) = chan(capacity);
        let mut pump = task(async {
            for n in 0..5 {
                tx.feed(n).await.unwrap();
            }
            SinkExt::close(&mut tx).await.unwrap();
            assert!(tx.feed(9).await.is_err(), "it has left the channel");
        });
        let mut drain = task(rx.collect::<Vec<i32>>());
        let mut all = None;
        while all.is_none() {
            let _ = pump.poll();
            if let Poll::Ready(values) = drain.poll() {
                all = Some(values);
            }
        }
        assert_eq!(all.unwrap(), [0, 1, 2, 3, 4]);
    }
}

#[test]
fn a_sink_whose_receiver_is_gone_gives_its_item_back() {
    let (mut tx, rx) = chan(0);
    let mut ready = task(());
    ready.enter(|cx, _| {
        use futures::Sink;
        let mut tx = Pin::new(&mut tx);
        assert!(tx.as_mut().poll_ready(cx).is_ready());
        tx.as_mut().start_send(1).unwrap();
        assert!(tx.as_mut().poll_flush(cx).is_pending());
        drop(rx);
        assert_eq!(tx.poll_flush(cx), Poll::Ready(Err(super::SendError(1))));
    });
    assert!(ready.is_woken());
}

#[test]
fn a_sender_that_drops_takes_the_item_of_its_sink_along() {
    let (tx, rx) = chan(0);
    let mut sink: Spawn<Sender<i32>> = task(tx);
    sink.enter(|cx, mut tx| {
        use futures::Sink;
        assert!(tx.as_mut().poll_ready(cx).is_ready());
        tx.as_mut().start_send(1).unwrap();
        assert!(tx.as_mut().poll_flush(cx).is_pending());
    });
    drop(sink);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn threads_send_and_receive_without_an_executor() {
    for capacity in [0, 1, 7] {
        let (tx, rx) = chan(capacity);
        let sum = |rx: Receiver<u64>| std::iter::from_fn(move || rx.recv_blocking()).sum::<u64>();
        let receivers = [rx.clone(), rx].map(|rx| std::thread::spawn(move || sum(rx)));
        let senders = [tx.clone(), tx].map(|tx| {
            std::thread::spawn(move || (1..=500).for_each(|n| tx.send_blocking(n).unwrap()))
        });
        for sender in senders {
            sender.join().unwrap();
        }
        let total: u64 = receivers.into_iter().map(|r| r.join().unwrap()).sum();
        assert_eq!(total, 2 * 500 * 501 / 2);
    }
}
