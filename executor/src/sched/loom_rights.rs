//! Models of who may run and who may stay: permits, the queue for them, the end of a runtime, and
//! the registry by which that reaches the goroutines that wait.
//!
//! They drive the real [`Permits`], [`Seats`], [`Closing`] and [`Registry`]; see [`super::loom`]
//! for what their failures look like.

use super::closing::Closing;
use super::doze::Doze;
use super::loom::Guarded;
use super::permits::{Holder, PermitId, Permits};
use super::registry::{Link, Registered, Registry};
use super::seats::{Seat, Seats};
use super::told::Told;
use crate::base::atomic::{AtomicU32, Ordering, check, while_weak};
use loom::thread;
use std::sync::Arc;
use std::task::Waker;

/// The permits of a runtime, and who queues for them.
struct Rights {
    permits: Permits<Guarded, ()>,
    seats: Seats,
    /// The storage of an M, or what the only permit guards.
    place: Guarded,
}

impl Rights {
    fn new(procs: u32) -> Arc<Self> {
        Arc::new(Self {
            permits: Permits::new(procs, || ()),
            seats: Seats::new(),
            place: Guarded::new(),
        })
    }

    fn spawn(self: &Arc<Self>, act: fn(&Self)) -> thread::JoinHandle<()> {
        let rights = Arc::clone(self);
        thread::spawn(move || act(&rights))
    }

    fn release(&self, permit: PermitId) {
        self.seats.release(&self.permits, permit);
    }

    /// All threads are done: no permit is held.
    fn are_free(&self) {
        for _ in 0..self.permits.procs() {
            assert!(
                self.permits.acquire(Holder::nobody(), 0).is_some(),
                "a permit is lost"
            );
        }
    }
}

/// A thread without a P asks for the only permit while its holder gives it up. What the permit
/// guards goes with it.
fn seat_meets_release() {
    let rights = Rights::new(1);
    let permit = rights.permits.acquire(Holder::nobody(), 0).unwrap();
    let seat = rights.spawn(|rights| {
        let give_up = |_| panic!("there is only one");
        let permit = rights.seats.take(&rights.permits, &Seat::new(0), give_up);
        rights.place.touch();
        rights.release(permit);
    });
    rights.place.touch();
    rights.release(permit);
    seat.join().unwrap();
    rights.are_free();
}

#[test]
fn a_seat_gets_the_permit_that_is_given_up() {
    check(None, seat_meets_release);
    for site in [
        "seats.take",
        "seats.release",
        "seats.pass",
        "seats.passed",
        "permits.release",
    ] {
        assert!(while_weak(site, seat_meets_release), "{site} is not needed");
    }
}

/// Two such threads, and one permit for them all.
fn two_seats_meet_release() {
    let rights = Rights::new(1);
    let permit = rights.permits.acquire(Holder::nobody(), 0).unwrap();
    let seats = [(); 2].map(|()| {
        rights.spawn(|rights| {
            let give_up = |permit| rights.release(permit);
            let permit = rights.seats.take(&rights.permits, &Seat::new(0), give_up);
            rights.place.touch();
            rights.release(permit);
        })
    });
    rights.release(permit);
    seats.into_iter().for_each(|seat| seat.join().unwrap());
    rights.are_free();
    assert_eq!(rights.place.times(), 2);
}

#[test]
fn two_seats_have_their_turns() {
    check(Some(2), two_seats_meet_release);
}

/// One thread without a P and two permits given up at once: the one too many goes back.
fn seat_meets_two_releases() {
    let rights = Rights::new(2);
    for id in 0..2 {
        assert_eq!(rights.permits.acquire(Holder::nobody(), id), Some(id));
    }
    let seat = rights.spawn(|rights| {
        let give_up = |permit| rights.release(permit);
        let permit = rights.seats.take(&rights.permits, &Seat::new(0), give_up);
        rights.release(permit);
    });
    let other = rights.spawn(|rights| rights.release(1));
    rights.release(0);
    other.join().unwrap();
    seat.join().unwrap();
    rights.are_free();
}

#[test]
fn a_seat_keeps_one_of_two_permits() {
    check(Some(2), seat_meets_two_releases);
}

/// Whoever wakes a root is seen by its next poll.
fn wake_meets_wait() {
    let rights = Rights::new(1);
    let seat = Seat::new(0);
    let waker = {
        let (rights, waker) = (Arc::clone(&rights), Waker::from(Arc::clone(&seat)));
        thread::spawn(move || {
            rights.place.touch();
            waker.wake();
        })
    };
    seat.wait_until_due();
    assert_eq!(rights.place.times(), 1);
    waker.join().unwrap();
}

#[test]
fn a_root_that_is_woken_is_polled() {
    check(None, wake_meets_wait);
    assert!(while_weak("seats.due", wake_meets_wait));
    assert!(while_weak("seats.poll", wake_meets_wait));
}

/// Two threads under one permit, one after the other if at all.
fn two_acquires() {
    fn try_once(rights: &Rights) {
        if let Some(permit) = rights.permits.acquire(Holder::nobody(), 0) {
            rights.place.touch();
            rights.permits.release(permit);
        }
    }
    let rights = Rights::new(1);
    let other = rights.spawn(try_once);
    try_once(&rights);
    other.join().unwrap();
    assert!(rights.place.times() >= 1);
    rights.are_free();
}

#[test]
fn a_permit_is_a_lock() {
    check(None, two_acquires);
    assert!(while_weak("permits.acquire", two_acquires));
    assert!(while_weak("permits.release", two_acquires));
}

/// The holder of a permit gives it up while sysmon retakes it: one of them does, and gives it on.
fn release_meets_retake() {
    fn let_go(rights: &Rights) -> bool {
        let taken = rights.permits.take_from(0, Holder::m(&rights.place, 0));
        if taken {
            rights.release(0);
        }
        taken
    }
    let rights = Rights::new(1);
    let held = rights.permits.acquire(Holder::m(&rights.place, 0), 0);
    assert_eq!(held, Some(0));
    let sysmon = {
        let rights = Arc::clone(&rights);
        thread::spawn(move || let_go(&rights))
    };
    let released = let_go(&rights);
    assert_ne!(sysmon.join().unwrap(), released);
    rights.are_free();
    assert!(!rights.permits.any_free(), "a permit was given up twice");
}

/// No twin: the exchange of the holder is all there is to it.
#[test]
fn a_permit_is_given_up_or_retaken() {
    check(None, release_meets_retake);
}

/// What was done before the permit was taken is seen by who gets it after it was retaken, though
/// its holder never gave it up.
fn retaken_permit_meets_the_next() {
    let rights = Rights::new(1);
    let retaken = Arc::new(AtomicU32::new(0));
    let next = {
        let (rights, retaken) = (Arc::clone(&rights), Arc::clone(&retaken));
        thread::spawn(move || {
            // The word says when, and orders nothing.
            if retaken.load(Ordering::Relaxed) == 1
                && rights.permits.acquire(Holder::nobody(), 0).is_some()
            {
                rights.place.touch();
            }
        })
    };
    let holder = rights.spawn(|rights| {
        rights.place.touch();
        let held = rights.permits.acquire(Holder::m(&rights.place, 0), 0);
        assert_eq!(held, Some(0));
    });
    if rights.permits.take_from(0, Holder::m(&rights.place, 0)) {
        rights.permits.release(0);
        retaken.store(1, Ordering::Relaxed);
    }
    next.join().unwrap();
    holder.join().unwrap();
}

#[test]
fn a_retaken_permit_passes_on_what_came_before_it() {
    check(Some(3), retaken_permit_meets_the_next);
    assert!(while_weak(
        "permits.take_from",
        retaken_permit_meets_the_next
    ));
}

/// An M whose permit is retaken twice, and which takes a free one when it hears of it.
struct Robbed {
    rights: Arc<Rights>,
    told: Told,
}

impl Robbed {
    fn holder(&self) -> Holder<Guarded> {
        Holder::m(&self.rights.place, 0)
    }

    fn retake(&self) {
        if self.rights.permits.take_from(0, self.holder()) {
            self.told.set();
            self.rights.release(0);
        }
    }

    /// What the M does after a poll; tells whether it has lost its permit.
    fn has_lost(&self) -> bool {
        if !self.told.is_set() {
            return false;
        }
        self.told.forget();
        !self.rights.permits.is_held_by(0, self.holder())
    }
}

fn robbed_m_hears_of_it() {
    let robbed = Arc::new(Robbed {
        rights: Rights::new(1),
        told: Told::new(),
    });
    let acquire = |robbed: &Robbed| robbed.rights.permits.acquire(robbed.holder(), 0).is_some();
    let mut runs = acquire(&robbed);
    let sysmon = {
        let robbed = Arc::clone(&robbed);
        thread::spawn(move || {
            robbed.retake();
            robbed.retake();
        })
    };
    for _ in 0..2 {
        if runs && robbed.has_lost() {
            runs = acquire(&robbed);
        }
    }
    sysmon.join().unwrap();
    if robbed.has_lost() {
        runs = false;
    }
    assert_eq!(
        runs,
        robbed.rights.permits.is_held_by(0, robbed.holder()),
        "an M runs without a permit and does not know"
    );
}

#[test]
fn an_m_hears_that_its_permit_was_retaken() {
    check(Some(3), robbed_m_hears_of_it);
    assert!(while_weak("told.set", robbed_m_hears_of_it));
    assert!(while_weak("told.forget", robbed_m_hears_of_it));
}

/// A thief that finds a P through its permit sees what the P was when it took the permit.
fn acquire_meets_thief() {
    let rights = Rights::new(1);
    let m = rights.spawn(|rights| {
        rights.place.touch();
        assert_eq!(
            rights.permits.acquire(Holder::m(&rights.place, 0), 0),
            Some(0)
        );
    });
    let seen = rights.permits.running(0).map(Guarded::times);
    assert_ne!(seen, Some(0));
    m.join().unwrap();
}

#[test]
fn a_p_is_seen_whole_through_its_permit() {
    check(None, acquire_meets_thief);
    assert!(while_weak("permits.acquire", acquire_meets_thief));
    assert!(while_weak("permits.holder", acquire_meets_thief));
}

/// A permit is taken while sysmon, which saw none held, goes to its long sleep.
fn acquire_meets_doze() {
    let rights = Rights::new(2);
    let doze = Arc::new(Doze::new());
    let m = {
        let (rights, doze) = (Arc::clone(&rights), Arc::clone(&doze));
        thread::spawn(move || {
            assert!(rights.permits.acquire(Holder::nobody(), 0).is_some());
            doze.rouse();
        })
    };
    doze.sleep(|| rights.permits.all_free());
    m.join().unwrap();
}

#[test]
fn sysmon_does_not_sleep_while_a_permit_is_held() {
    check(None, acquire_meets_doze);
    assert!(while_weak("doze.sleep", acquire_meets_doze));
    assert!(while_weak("doze.rouse", acquire_meets_doze));
}

/// What the closer of a runtime and its visitors share.
struct House {
    closing: Closing,
    spawned: AtomicU32,
    /// The runtime itself: used by visitors, freed by the closer.
    runtime: Guarded,
}

/// A spawn from outside is found by the closer, or does not take place; the closer frees the
/// runtime when nobody is inside.
fn visit_meets_close() {
    let house = Arc::new(House {
        closing: Closing::new(),
        spawned: AtomicU32::new(0),
        runtime: Guarded::new(),
    });
    let visitor = {
        let house = Arc::clone(&house);
        thread::spawn(move || {
            let visit = house.closing.visit();
            if !house.closing.has_begun() {
                house.runtime.touch();
                house.spawned.fetch_add(1, Ordering::Relaxed);
            }
            drop(visit);
        })
    };
    house.closing.begin();
    while !house.closing.has_no_visitor() {
        thread::yield_now();
    }
    let found = house.spawned.load(Ordering::Relaxed);
    house.runtime.touch();
    visitor.join().unwrap();
    assert_eq!(
        house.spawned.load(Ordering::Relaxed),
        found,
        "spawned into a runtime that is gone"
    );
}

#[test]
fn a_visitor_is_waited_for_or_turned_away() {
    check(None, visit_meets_close);
    for site in [
        "closing.begin",
        "closing.visit",
        "closing.look",
        "closing.leave",
    ] {
        assert!(while_weak(site, visit_meets_close), "{site} is not needed");
    }
}

/// A goroutine's record: in the registry while it waits, then gone.
struct Record {
    link: Link<Record>,
    /// Written when the record goes.
    alive: Guarded,
}

impl Registered for Record {
    fn link(&self) -> &Link<Self> {
        &self.link
    }
}

/// The life of a goroutine that waits once.
fn wait_and_end<const CARELESS: bool>(registry: &Registry<Record>, record: &Record) {
    // SAFETY: the record is taken out below, and outlives the model's use of it.
    unsafe { registry.insert(record, Waker::noop().clone()) };
    if CARELESS {
        record.alive.touch();
    }
    // SAFETY: it was added just now.
    assert!(unsafe { registry.remove(record) }.is_some());
    if !CARELESS {
        record.alive.touch();
    }
}

/// Two goroutines wait and end while a sweep wakes what it finds: it finds none that is gone, and
/// at the end there is none. A careless one goes before it has unregistered.
fn sweep_meets_goroutines<const CARELESS: bool>() {
    type Home = (Registry<Record>, [Record; 2]);
    let record = || Record {
        link: Link::new(),
        alive: Guarded::new(),
    };
    let home: Arc<Home> = Arc::new((Registry::new(), [record(), record()]));
    let goroutine = {
        let home = Arc::clone(&home);
        thread::spawn(move || wait_and_end::<CARELESS>(&home.0, &home.1[0]))
    };
    let sweep = {
        let home = Arc::clone(&home);
        thread::spawn(move || {
            assert!(
                home.0
                    .some(8, |record| record.alive.times())
                    .iter()
                    .all(|gone| *gone == 0)
            );
            home.0.some_wakers(1).into_iter().for_each(Waker::wake);
        })
    };
    wait_and_end::<CARELESS>(&home.0, &home.1[1]);
    goroutine.join().unwrap();
    sweep.join().unwrap();
    assert!(home.0.some(8, |_| ()).is_empty());
}

#[test]
fn a_sweep_finds_no_goroutine_that_is_gone() {
    check(Some(3), sweep_meets_goroutines::<false>);
    assert!(while_weak(
        "none: it is the careless one that must fail",
        sweep_meets_goroutines::<true>
    ));
}
