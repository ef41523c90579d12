//! Models of the readiness protocol. Each has a weakened twin that must fail.

use std::sync::Arc;
use std::task::{Wake, Waker};

use loom::sync::Notify;
use loom::thread;

use super::readiness::{Closed, Direction, Event, Look, Readiness, Spent, WaitCount};
use super::wake_flag::WakeFlag;
use crate::base::atomic::{AtomicBool, AtomicUsize, Ordering, while_weak};
use crate::base::wake_list::WakeList;

const READ: Direction = Direction::Read;
const READABLE: Event = Event::new(true, false, false);

/// What a model leaves out in its weakened twin.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Readiness is cleared whatever the tick.
    NoTick,
    /// A task looks, then parks whatever has come meanwhile.
    ParkBlindly,
    /// A dropped waiter keeps its turn.
    KeepTurn,
    /// Close looks for waiters, then sets its flag.
    CloseLate,
}

/// A waker that remembers.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        // Ordering: read after the threads were joined.
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Flag {
    fn new() -> (Arc<Self>, Waker) {
        let flag = Arc::new(Self(AtomicBool::new(false)));
        (flag.clone(), flag.into())
    }

    fn is_set(&self) -> bool {
        // Ordering: read after the threads were joined.
        self.0.load(Ordering::Relaxed)
    }
}

/// One fd: `arrived` is what the kernel holds.
struct Fd {
    state: Readiness,
    arrived: AtomicUsize,
    count: WaitCount,
}

impl Fd {
    fn new() -> loom::sync::Arc<Self> {
        loom::sync::Arc::new(Self {
            state: Readiness::new(),
            arrived: AtomicUsize::new(0),
            count: WaitCount::new(),
        })
    }

    /// Something arrives and the poller hears of it.
    fn arrive(&self) {
        // Ordering: the event publishes it.
        self.arrived.fetch_add(1, Ordering::Relaxed);
        let mut out = WakeList::new();
        self.state.event(0, READABLE, &self.count, &mut out);
        out.wake_all();
    }

    /// A system call: everything that has arrived. A plain load first, so that the model may show
    /// it an old value, as far as nothing orders it.
    fn read(&self) -> usize {
        // Ordering: what is under test must order it.
        match self.arrived.load(Ordering::Relaxed) {
            0 => 0,
            _ => self.arrived.swap(0, Ordering::Relaxed),
        }
    }

    /// What a task does in one poll: read, or park. Returns what it read.
    fn poll_read(&self, waker: &Waker, fault: Fault) -> usize {
        loop {
            let tick = match self.state.look(READ) {
                Look::Ready(tick) => tick,
                Look::NotReady => match self.park(waker, fault) {
                    Look::Ready(tick) => tick,
                    _ => return 0,
                },
                Look::Closed(_) => return 0,
            };
            match self.read() {
                0 if fault == Fault::NoTick => {
                    if let Look::Ready(now) = self.state.look(READ) {
                        self.state.clear(READ, now, Spent::WouldBlock);
                    }
                }
                0 => self.state.clear(READ, tick, Spent::WouldBlock),
                n => return n,
            }
        }
    }

    fn park(&self, waker: &Waker, fault: Fault) -> Look {
        if fault != Fault::ParkBlindly {
            return self.state.park_slot(READ, waker, &self.count);
        }
        // The waker of a fd that the task believes not ready goes in beside the protocol: as if
        // the event's look at WAITING and the task's look at READY were not one order.
        let look = self.state.look(READ);
        if look == Look::NotReady {
            thread::yield_now();
            if let Look::Ready(tick) = self.state.look(READ) {
                self.state.clear(READ, tick, Spent::WouldBlock);
            }
            return self.state.park_slot(READ, waker, &self.count);
        }
        look
    }
}

/// One arrival against one poll: the task has read it, or it is woken.
fn event_against_park(fault: Fault) {
    let fd = Fd::new();
    let (flag, waker) = Flag::new();
    let kernel = thread::spawn({
        let fd = fd.clone();
        move || fd.arrive()
    });
    let read = fd.poll_read(&waker, fault);
    kernel.join().unwrap();
    assert!(
        read == 1 || flag.is_set(),
        "the task sleeps beside what has arrived"
    );
}

/// Two arrivals against a task that drains: the second must not be lost in the clear.
fn event_against_clear(fault: Fault) {
    let fd = Fd::new();
    fd.arrive();
    let (flag, waker) = Flag::new();
    let kernel = thread::spawn({
        let fd = fd.clone();
        move || fd.arrive()
    });
    let mut read = fd.poll_read(&waker, fault);
    if read < 2 {
        read += fd.poll_read(&waker, fault);
    }
    kernel.join().unwrap();
    assert!(
        read == 2 || flag.is_set(),
        "the task sleeps beside what has arrived"
    );
}

/// A close against a park: the task sees it, or is woken.
fn close_against_park(fault: Fault) {
    let fd = Fd::new();
    let (flag, waker) = Flag::new();
    let closer = thread::spawn({
        let fd = fd.clone();
        move || {
            if fault == Fault::CloseLate {
                fd.state.rouse(READ, &fd.count);
                let nobody = WaitCount::new();
                let deaf = fd.state.look(READ);
                assert_eq!(deaf, Look::NotReady);
                fd.state.flag_closed_without_waking();
                drop(nobody);
            } else {
                fd.state.close(Closed::ByUser, &fd.count);
            }
        }
    });
    let look = fd.state.park_slot(READ, &waker, &fd.count);
    closer.join().unwrap();
    let seen = look == Look::Closed(Closed::ByUser);
    assert!(seen || flag.is_set(), "the task sleeps on a closed fd");
    assert_eq!(fd.count.get(), 0);
}

/// Two waiters and one event; the first goes away, before or after it was chosen. Then the second
/// has the turn.
fn drop_against_event(fault: Fault) {
    let fd = Fd::new();
    let (first, first_waker) = Flag::new();
    let (second, second_waker) = Flag::new();
    let (mut a, mut b) = (None, None);
    assert_eq!(
        fd.state.park_queue(READ, &mut a, &first_waker, &fd.count),
        Look::NotReady
    );
    assert_eq!(
        fd.state.park_queue(READ, &mut b, &second_waker, &fd.count),
        Look::NotReady
    );
    let kernel = thread::spawn({
        let fd = fd.clone();
        move || fd.arrive()
    });
    if fault == Fault::KeepTurn {
        // Only what was never chosen is taken out.
        if !first.is_set() {
            fd.state.leave(READ, a.unwrap(), &fd.count);
        }
    } else {
        fd.state.leave(READ, a.unwrap(), &fd.count);
    }
    kernel.join().unwrap();
    assert!(second.is_set(), "nobody has the turn");
    assert_eq!(fd.count.get(), 0);
}

/// A wake-up against a poller about to block: it does not block, or it is woken, and either way it
/// sees what came before.
fn wake_against_wait() {
    struct Shared {
        flag: WakeFlag,
        event: Notify,
        told: AtomicBool,
    }
    let shared = loom::sync::Arc::new(Shared {
        flag: WakeFlag::new(),
        event: Notify::new(),
        told: AtomicBool::new(false),
    });
    let wakers: Vec<_> = (0..2)
        .map(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                // Ordering: the wake-up publishes it.
                shared.told.store(true, Ordering::Relaxed);
                if shared.flag.set() {
                    shared.event.notify();
                }
            })
        })
        .collect();
    let mut taken = shared.flag.take();
    if !taken {
        shared.event.wait();
        taken = shared.flag.take();
    }
    // Ordering: what is under test must order it.
    assert!(
        !taken || shared.told.load(Ordering::Relaxed),
        "woken for nothing"
    );
    for waker in wakers {
        waker.join().unwrap();
    }
}

#[test]
fn loom_event_against_park() {
    loom::model(|| event_against_park(Fault::None));
    assert!(while_weak("netpoll.event", || event_against_park(
        Fault::None
    )));
    assert!(while_weak("", || event_against_park(Fault::ParkBlindly)));
}

#[test]
fn loom_event_against_clear() {
    loom::model(|| event_against_clear(Fault::None));
    assert!(while_weak("", || event_against_clear(Fault::NoTick)));
}

#[test]
fn loom_close_against_park() {
    loom::model(|| close_against_park(Fault::None));
    assert!(while_weak("", || close_against_park(Fault::CloseLate)));
}

#[test]
fn loom_drop_against_event() {
    loom::model(|| drop_against_event(Fault::None));
    assert!(while_weak("", || drop_against_event(Fault::KeepTurn)));
}

#[test]
fn loom_wake_against_wait() {
    loom::model(wake_against_wait);
    assert!(while_weak("netpoll.wake", wake_against_wait));
}
