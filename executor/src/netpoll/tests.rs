//! The netpoller on real sockets, driven by the test's own thread.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_ok};

use super::{Direction, Netpoll, PollDesc, PollTimeout, Poller, Spent};
use crate::base::clock;
use crate::base::wake_list::WakeList;

const READ: Direction = Direction::Read;

/// A registered socket; the registration ends before the socket does.
struct Socket {
    desc: PollDesc,
    stream: UnixStream,
}

fn pair(netpoll: &Arc<Netpoll>) -> (Socket, UnixStream) {
    let (stream, peer) = UnixStream::pair().unwrap();
    stream.set_nonblocking(true).unwrap();
    // SAFETY: the fields of `Socket` are dropped in this order.
    let desc = unsafe { netpoll.register(stream.as_fd(), false) }.unwrap();
    (Socket { desc, stream }, peer)
}

/// Every way to wait that this system has.
fn netpolls() -> Vec<Arc<Netpoll>> {
    let mut all = vec![Netpoll::new().unwrap()];
    #[cfg(any(not(target_os = "linux"), feature = "portable-poll"))]
    all.push(Netpoll::with_selector(
        super::portable::Portable::oneshot().unwrap(),
    ));
    all.truncate(2);
    all
}

/// Polls without waiting and wakes; returns how many were woken.
fn look(netpoll: &Netpoll) -> usize {
    poll(netpoll, PollTimeout::NoWait)
}

fn poll(netpoll: &Netpoll, timeout: PollTimeout) -> usize {
    poll_as(netpoll.try_acquire().expect("nobody else polls"), timeout)
}

fn poll_as(mut poller: Poller<'_>, timeout: PollTimeout) -> usize {
    let mut out = WakeList::new();
    let woken = poller.poll(timeout, &mut out).unwrap();
    drop(poller);
    out.wake_all();
    woken
}

#[test]
fn data_wakes_the_parked_reader_once() {
    for netpoll in netpolls() {
        let (socket, mut peer) = pair(&netpoll);
        look(&netpoll);
        let mut ready = spawn(socket.desc.wait(READ));
        assert_pending!(ready.poll());
        assert_eq!(netpoll.waiters(), 1);
        assert_eq!(look(&netpoll), 0);
        peer.write_all(b"x").unwrap();
        assert_eq!(poll(&netpoll, PollTimeout::Forever), 1);
        assert!(ready.is_woken());
        assert_eq!(netpoll.waiters(), 0);
        assert_ready_ok!(ready.poll());
        assert_eq!(look(&netpoll), 0);
    }
}

#[test]
fn what_was_cleared_becomes_ready_again() {
    for netpoll in netpolls() {
        let (socket, mut peer) = pair(&netpoll);
        let mut buf = [0; 16];
        for round in 0..100 {
            let mut ready = spawn(socket.desc.wait(READ));
            assert_pending!(ready.poll(), "round {round}");
            peer.write_all(b"x").unwrap();
            while !ready.is_woken() {
                look(&netpoll);
            }
            let tick = assert_ready_ok!(ready.poll());
            assert_eq!((&socket.stream).read(&mut buf).unwrap(), 1);
            let error = (&socket.stream).read(&mut buf).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            socket.desc.clear(READ, tick, Spent::WouldBlock);
        }
    }
}

#[test]
fn an_event_wakes_the_slot_and_the_first_of_the_queue() {
    for netpoll in netpolls() {
        let (socket, mut peer) = pair(&netpoll);
        let mut slot = spawn(std::future::poll_fn(|cx| socket.desc.poll_ready(READ, cx)));
        let mut first = spawn(socket.desc.wait(READ));
        let mut second = spawn(socket.desc.wait(READ));
        assert_pending!(slot.poll());
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        peer.write_all(b"x").unwrap();
        while !slot.is_woken() {
            look(&netpoll);
        }
        assert!(first.is_woken());
        assert!(!second.is_woken());
        // The turn is handed on, unused.
        drop(first);
        assert!(second.is_woken());
    }
}

#[test]
fn a_turn_taken_back_by_would_block_is_not_handed_on() {
    let netpoll = Netpoll::new().unwrap();
    let (socket, mut peer) = pair(&netpoll);
    let mut first = spawn(socket.desc.wait(READ));
    let mut second = spawn(socket.desc.wait(READ));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    peer.write_all(b"x").unwrap();
    while !first.is_woken() {
        look(&netpoll);
    }
    let tick = assert_ready_ok!(first.poll());
    socket.desc.clear(READ, tick, Spent::WouldBlock);
    // It comes back to the head of the queue.
    assert_pending!(first.poll());
    assert!(!second.is_woken());
    peer.write_all(b"y").unwrap();
    look(&netpoll);
    assert!(first.is_woken());
    assert!(!second.is_woken());
}

#[test]
fn a_displaced_waker_is_woken() {
    let netpoll = Netpoll::new().unwrap();
    let (socket, _peer) = pair(&netpoll);
    let mut one = spawn(std::future::poll_fn(|cx| socket.desc.poll_ready(READ, cx)));
    let mut two = spawn(std::future::poll_fn(|cx| socket.desc.poll_ready(READ, cx)));
    assert_pending!(one.poll());
    assert_pending!(one.poll());
    assert!(!one.is_woken());
    assert_pending!(two.poll());
    assert!(one.is_woken());
    assert_eq!(netpoll.waiters(), 1);
}

#[test]
fn close_wakes_all_waiters_with_the_error() {
    for netpoll in netpolls() {
        let (socket, _peer) = pair(&netpoll);
        let mut waiters: Vec<_> = (0..100).map(|_| spawn(socket.desc.wait(READ))).collect();
        for waiter in &mut waiters {
            assert_pending!(waiter.poll());
        }
        socket.desc.close();
        assert_eq!(netpoll.waiters(), 0);
        for waiter in &mut waiters {
            assert!(waiter.is_woken());
            let Poll::Ready(Err(error)) = waiter.poll() else {
                panic!("still waits")
            };
            assert_eq!(error.kind(), io::ErrorKind::NotConnected);
            assert_eq!(error.to_string(), "use of closed network connection");
        }
    }
}

#[test]
fn after_close_all_nothing_waits_and_nothing_registers() {
    let netpoll = Netpoll::new().unwrap();
    let sockets: Vec<_> = (0..200).map(|_| pair(&netpoll)).collect();
    let mut waiters: Vec<_> = sockets.iter().map(|s| spawn(s.0.desc.wait(READ))).collect();
    for waiter in &mut waiters {
        assert_pending!(waiter.poll());
    }
    assert_eq!(netpoll.waiters(), 200);
    netpoll.close_all();
    assert_eq!(netpoll.waiters(), 0);
    for waiter in &mut waiters {
        assert!(waiter.is_woken());
        let Poll::Ready(Err(error)) = waiter.poll() else {
            panic!("still waits")
        };
        assert_eq!(
            error.to_string(),
            "the runtime of this socket has been shut down"
        );
    }
    let (stream, _peer) = UnixStream::pair().unwrap();
    // SAFETY: nothing is registered.
    assert!(unsafe { netpoll.register(stream.as_fd(), false) }.is_err());
}

#[test]
fn events_beyond_the_list_come_with_the_next_poll() {
    for netpoll in netpolls() {
        let mut sockets: Vec<_> = (0..300).map(|_| pair(&netpoll)).collect();
        let mut waiters = Vec::new();
        for (socket, peer) in &mut sockets {
            let mut waiter = spawn(socket.desc.wait(READ));
            assert_pending!(waiter.poll());
            waiters.push(waiter);
            peer.write_all(b"x").unwrap();
        }
        let mut woken = 0;
        while woken < 300 {
            let some = poll(
                &netpoll,
                PollTimeout::Until(clock::nanos(Instant::now() + Duration::from_secs(5))),
            );
            assert!(some > 0, "only {woken} of 300 were woken");
            woken += some;
        }
        assert!(waiters.iter().all(|waiter| waiter.is_woken()));
        assert_eq!(netpoll.waiters(), 0);
    }
}

#[test]
fn an_event_of_a_former_fd_does_not_reach_the_next() {
    let netpoll = Netpoll::new().unwrap();
    let mut out = WakeList::new();
    // Two events are fetched; room for neither, so that both stay with the poller.
    let (first, mut first_peer) = pair(&netpoll);
    look(&netpoll);
    first_peer.write_all(b"x").unwrap();
    let full: Vec<_> = (0..60).map(|_| std::task::Waker::noop().clone()).collect();
    full.into_iter().for_each(|waker| out.push(waker));
    let mut poller = netpoll.try_acquire().unwrap();
    assert_eq!(poller.poll(PollTimeout::NoWait, &mut out).unwrap(), 0);
    drop(poller);
    drop(first);
    let (second, _second_peer) = pair(&netpoll);
    let mut waiter = spawn(second.desc.wait(READ));
    assert_pending!(waiter.poll());
    assert_eq!(look(&netpoll), 0);
    assert!(!waiter.is_woken());
    assert_pending!(waiter.poll());
}

#[test]
fn dropped_waiters_are_not_counted() {
    let netpoll = Netpoll::new().unwrap();
    let (socket, _peer) = pair(&netpoll);
    let mut first = spawn(socket.desc.wait(READ));
    let mut second = spawn(socket.desc.wait(READ));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    drop(first);
    assert_eq!(netpoll.waiters(), 1);
    drop(second);
    assert_eq!(netpoll.waiters(), 0);
}

#[test]
fn wake_ends_the_blocking_poll() {
    for netpoll in netpolls() {
        let poller = std::thread::spawn({
            let netpoll = Arc::clone(&netpoll);
            // The one below who looks for the poller has the role himself for a moment.
            move || loop {
                if let Some(poller) = netpoll.try_acquire() {
                    return poll_as(poller, PollTimeout::Forever);
                }
                std::thread::yield_now();
            }
        });
        while netpoll.try_acquire().is_some() {
            std::thread::yield_now();
        }
        netpoll.wake();
        assert_eq!(poller.join().unwrap(), 0);
    }
}

#[test]
fn a_look_does_not_swallow_a_wake_up() {
    for netpoll in netpolls() {
        netpoll.wake();
        netpoll.wake();
        assert_eq!(look(&netpoll), 0);
        // Would block for ever if the wake-up were lost.
        assert_eq!(poll(&netpoll, PollTimeout::Forever), 0);
    }
}

#[test]
fn a_hundred_wake_ups_end_a_hundred_polls() {
    for netpoll in netpolls() {
        for _ in 0..100 {
            netpoll.wake();
            assert_eq!(poll(&netpoll, PollTimeout::Forever), 0);
        }
        let until = clock::nanos(Instant::now() + Duration::from_millis(20));
        while clock::now() < until {
            assert_eq!(poll(&netpoll, PollTimeout::Until(until)), 0);
        }
    }
}

#[test]
fn only_one_thread_is_the_poller() {
    let netpoll = Netpoll::new().unwrap();
    let poller = netpoll.try_acquire();
    assert!(poller.is_some());
    assert!(netpoll.try_acquire().is_none());
    drop(poller);
    assert!(netpoll.try_acquire().is_some());
}

#[test]
fn a_timed_poll_does_not_return_early() {
    for netpoll in netpolls() {
        for micros in [0, 50, 900, 1_500, 3_700] {
            let wait = Duration::from_micros(micros);
            let start = Instant::now();
            assert_eq!(
                poll(
                    &netpoll,
                    PollTimeout::Until(clock::nanos(Instant::now() + wait))
                ),
                0
            );
            assert!(start.elapsed() >= wait, "{wait:?}");
        }
    }
}

#[test]
fn the_end_of_a_stream_survives_a_short_read() {
    let netpoll = Netpoll::new().unwrap();
    if !PollDesc::SHORT_MEANS_DRAINED {
        return;
    }
    let (socket, mut peer) = pair(&netpoll);
    let mut waiter = spawn(socket.desc.wait(READ));
    assert_pending!(waiter.poll());
    peer.write_all(b"last").unwrap();
    drop(peer);
    look(&netpoll);
    let tick = assert_ready_ok!(waiter.poll());
    assert_eq!((&socket.stream).read(&mut [0; 64]).unwrap(), 4);
    socket.desc.clear(READ, tick, Spent::Drained);
    assert!(
        socket.desc.look(READ).unwrap().is_some(),
        "the end of the stream is forgotten"
    );
}

#[test]
fn threads_that_wait_and_leave_at_random_lose_nothing() {
    for netpoll in netpolls() {
        let (socket, mut peer) = pair(&netpoll);
        let taken = AtomicUsize::new(0);
        let bytes = 2_000;
        std::thread::scope(|scope| {
            for seed in 0..4 {
                let (socket, taken) = (&socket, &taken);
                scope.spawn(move || take_bytes(socket, taken, bytes, seed));
            }
            scope.spawn(|| {
                for _ in 0..bytes {
                    peer.write_all(b"x").unwrap();
                }
            });
            let give_up = Instant::now() + Duration::from_secs(60);
            // Ordering: a count.
            while taken.load(Ordering::Relaxed) < bytes {
                look(&netpoll);
                assert!(Instant::now() < give_up, "a wake-up was lost");
            }
            socket.desc.close();
        });
        assert_eq!(netpoll.waiters(), 0);
    }
}

/// Reads single bytes as one of several waiters, and gives up its wait now and then.
fn take_bytes(socket: &Socket, taken: &AtomicUsize, bytes: usize, seed: u64) {
    let rng = crate::base::rng::Rng::new(seed);
    loop {
        let mut waiter = spawn(socket.desc.wait(READ));
        let patience = rng.next() % 8;
        for _ in 0..patience {
            match waiter.poll() {
                Poll::Pending => std::thread::yield_now(),
                Poll::Ready(Err(_)) => return,
                Poll::Ready(Ok(tick)) => match (&socket.stream).read(&mut [0; 1]) {
                    Ok(n) => {
                        // Ordering: a count.
                        taken.fetch_add(n, Ordering::Relaxed);
                        break;
                    }
                    Err(_) => socket.desc.clear(READ, tick, Spent::WouldBlock),
                },
            }
        }
        // Ordering: a count.
        if taken.load(Ordering::Relaxed) >= bytes {
            return;
        }
    }
}
