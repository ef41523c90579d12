//! Models of parking and submitting: no wake-up is lost, and no token and no permit either.
//!
//! They drive the real [`Idle`], [`Permits`] and [`Seats`]. What stands beside them is as weak as
//! it can be: the run queues are one number without any order of its own, and the netpoller is a
//! note that keeps a wake-up, as an eventfd does. An M of a model does what `park.rs` does, a
//! submitter what `Sched::wake_p` does; they must agree with them.
//!
//! A lost wake-up shows as a deadlock, which the checker reports. Each fence and ordering that the
//! proof names is taken away once, and a model must notice.

use super::closing::Closing;
use super::idle::{Idle, Sleeper};
use super::permits::{Holder, PermitId, Permits};
use super::seats::Seats;
use crate::base::atomic::{AtomicU32, AtomicU64, Ordering, UnsafeCell, check, while_weak};
use crate::base::clock::Nanos;
use crate::base::note::Note;
use loom::thread;
use std::sync::Arc;

/// Stands for what is reached through a pointer or a right: written and read by whoever has it, and
/// by nothing else kept apart. The checker complains if two accesses are unordered.
#[derive(Debug)]
pub(super) struct Guarded(UnsafeCell<u32>);

// SAFETY: the checker watches each access.
unsafe impl Sync for Guarded {}
// SAFETY: as above.
unsafe impl Send for Guarded {}

impl Guarded {
    pub(super) fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    pub(super) fn touch(&self) {
        // SAFETY: the checker has just found this access ordered with all others.
        unsafe { *self.0.get() += 1 };
    }

    pub(super) fn times(&self) -> u32 {
        // SAFETY: as above.
        unsafe { *self.0.get() }
    }
}

/// A runtime of one or two Ms, with as many notes.
struct Hall {
    idle: Idle<usize>,
    /// The timers of a permit are their earliest deadline.
    permits: Permits<Guarded, AtomicU64>,
    seats: Seats,
    notes: [Note; 2],
    /// Where the poller sleeps.
    event: Note,
    /// How much work is in the queues.
    work: AtomicU32,
}

impl Hall {
    fn new(procs: u32) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(),
            permits: Permits::new(procs, || AtomicU64::new(Nanos::MAX)),
            seats: Seats::new(),
            notes: [Note::new(), Note::new()],
            event: Note::new(),
            work: AtomicU32::new(0),
        })
    }

    fn spawn(self: &Arc<Self>, act: fn(&Self)) -> thread::JoinHandle<()> {
        let hall = Arc::clone(self);
        thread::spawn(move || act(&hall))
    }

    fn has_work(&self) -> bool {
        self.work.load(Ordering::Relaxed) > 0
    }

    /// Takes one piece of work, if it sees any.
    fn take(&self) -> bool {
        let take = |n: u32| n.checked_sub(1);
        self.work
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }

    fn submit(&self) {
        self.work.fetch_add(1, Ordering::Relaxed);
        while self.must_try_again() {
            thread::yield_now();
        }
    }

    /// One round of `Sched::wake_p`; `true` if nobody could be woken for work that is still there.
    fn must_try_again(&self) -> bool {
        if !self.idle.submit(|| self.permits.any_free()) {
            return false;
        }
        match self.idle.pick() {
            Sleeper::Parked(m) => self.notes[m].wake(),
            Sleeper::Poller => self.event.wake(),
            Sleeper::Nobody => {
                self.idle.return_token();
                return self.has_work();
            }
        }
        false
    }

    /// Gives a permit up outside the loop of an M, as `Sched::give_up_permit`.
    fn give_up(&self, permit: PermitId) {
        self.seats.release(&self.permits, permit);
        if self.has_work() {
            self.must_try_again();
        }
    }
}

/// One M of a hall, on its own thread.
struct M<'a> {
    hall: &'a Hall,
    number: usize,
    permit: Option<PermitId>,
    token: bool,
}

impl<'a> M<'a> {
    /// An M that runs.
    fn running(hall: &'a Hall, number: usize) -> Self {
        let permit = hall.permits.acquire(Holder::nobody(), 0);
        assert!(permit.is_some());
        Self {
            hall,
            number,
            permit,
            token: false,
        }
    }

    fn acquire(&mut self) {
        self.permit = self.hall.permits.acquire(Holder::nobody(), 0);
    }

    fn spin(&mut self) {
        self.hall.idle.start_spinning();
        self.token = true;
    }

    fn give_up_token(&mut self) -> bool {
        std::mem::replace(&mut self.token, false)
    }

    fn must_stay(&self) -> bool {
        self.hall.permits.any_free() && self.hall.has_work()
    }

    fn sleep_on_note(&mut self) {
        let token = self.give_up_token();
        if self
            .hall
            .idle
            .lie_down(self.number, token, || self.must_stay())
        {
            self.hall.notes[self.number].sleep();
            self.token = true;
        } else {
            self.spin();
        }
        self.acquire();
    }

    fn sleep_in_netpoll(&mut self) {
        let token = self.give_up_token();
        let asleep = self.hall.idle.enter_poller(token, || self.must_stay());
        if asleep {
            self.hall.event.sleep();
        }
        if self.hall.idle.leave_poller() {
            self.token = true;
        } else if !asleep {
            self.spin();
        }
        if self.token {
            self.acquire();
        }
    }

    /// Runs until it has found one piece of work, sleeping where there is none.
    fn find_one(&mut self, sleep: fn(&mut Self)) {
        while self.permit.is_none() || !self.hall.take() {
            if let Some(permit) = self.permit.take() {
                self.hall.seats.release(&self.hall.permits, permit);
            }
            while self.permit.is_none() {
                sleep(self);
            }
        }
        self.found_work();
    }

    fn found_work(&mut self) {
        if self.give_up_token() && self.hall.idle.found_work() && self.hall.has_work() {
            // One round: an M looks again by itself.
            self.hall.must_try_again();
        }
    }

    /// Nothing is left behind.
    fn end(mut self) {
        let permit = self.permit.take().expect("the M has just run");
        self.hall.seats.release(&self.hall.permits, permit);
        assert!(!self.token);
    }
}

impl Hall {
    /// All threads are done: no token is in use, nobody is listed, every permit is free.
    fn is_empty(&self) {
        assert!(self.idle.is_quiet(), "a token is lost");
        assert_eq!(self.idle.asleep(), 0);
        for _ in 0..self.permits.procs() {
            assert!(
                self.permits.acquire(Holder::nobody(), 0).is_some(),
                "a permit is lost"
            );
        }
    }
}

/// An M that parks on its note, and a submitter. The M may give up spinning on the way.
fn park_meets_submit<const SPINS: bool>() {
    let hall = Hall::new(1);
    let submitter = hall.spawn(Hall::submit);
    let mut m = M::running(&hall, 0);
    if SPINS {
        m.spin();
    }
    m.find_one(M::sleep_on_note);
    m.end();
    submitter.join().unwrap();
    hall.is_empty();
}

#[test]
fn work_submitted_while_an_m_parks_is_found() {
    check(None, park_meets_submit::<false>);
    assert!(while_weak("idle.submit", park_meets_submit::<false>));
}

#[test]
fn work_submitted_while_a_spinner_gives_up_is_found() {
    check(None, park_meets_submit::<true>);
    assert!(while_weak("idle.submit", park_meets_submit::<true>));
    assert!(while_weak("idle.last_look", park_meets_submit::<true>));
}

/// Two submitters while the only M finds the first one's work and lies down: one takes the token
/// and finds nobody, the other relies on that token.
fn two_submitters_meet_a_sleeper() {
    fn submit(hall: &Hall) -> bool {
        hall.work.fetch_add(1, Ordering::Relaxed);
        hall.must_try_again()
    }
    let hall = Hall::new(1);
    let submitters = [(); 2].map(|()| {
        let hall = Arc::clone(&hall);
        thread::spawn(move || submit(&hall))
    });
    let found = hall.take();
    let asleep = hall.idle.lie_down(0, false, || hall.has_work());
    let tries_again = submitters.map(|submitter| submitter.join().unwrap());
    let called = hall.idle.asleep() == 0;
    assert!(
        !asleep || called || tries_again != [false; 2],
        "the M sleeps beside work, found {found}"
    );
}

#[test]
fn who_relied_on_a_token_that_went_back_is_not_forgotten() {
    check(Some(3), two_submitters_meet_a_sleeper);
    assert!(while_weak(
        "idle.return_token",
        two_submitters_meet_a_sleeper
    ));
}

/// A spinner finds work that will keep it, while another M sleeps and a submitter relies on the
/// token.
fn found_work_meets_submit() {
    let hall = Hall::new(2);
    assert!(hall.idle.lie_down(1, false, || false));
    let mut m = M::running(&hall, 0);
    m.spin();
    let submitter = {
        let hall = Arc::clone(&hall);
        thread::spawn(move || {
            hall.work.fetch_add(1, Ordering::Relaxed);
            assert!(!hall.must_try_again());
        })
    };
    m.found_work();
    submitter.join().unwrap();
    assert_eq!(
        hall.idle.asleep(),
        0,
        "an M sleeps beside work and a free permit"
    );
}

#[test]
fn work_submitted_while_a_spinner_finds_some_wakes_the_next() {
    check(None, found_work_meets_submit);
    assert!(while_weak("idle.found_work", found_work_meets_submit));
    assert!(while_weak("idle.submit", found_work_meets_submit));
}

/// The M in the netpoller is called for work while an event makes it leave.
fn call_meets_event() {
    let hall = Hall::new(1);
    let submitter = hall.spawn(Hall::submit);
    let kernel = hall.spawn(|hall| hall.event.wake());
    let mut m = M {
        permit: None,
        ..M::running(&hall, 0)
    };
    hall.permits.release(0);
    m.find_one(M::sleep_in_netpoll);
    m.end();
    submitter.join().unwrap();
    kernel.join().unwrap();
    hall.is_empty();
}

#[test]
fn an_m_that_leaves_the_netpoller_has_the_token_it_was_called_with() {
    check(Some(3), call_meets_event);
    assert!(while_weak("idle.submit", call_meets_event));
    assert!(while_weak("idle.last_look", call_meets_event));
}

/// A thread that is no M holds the only permit while an M lies down and work comes: whoever gives
/// the permit up looks for it.
fn a_permit_given_up_meets_submit() {
    let hall = Hall::new(1);
    let permit = hall.permits.acquire(Holder::nobody(), 0).unwrap();
    assert!(
        hall.idle
            .lie_down(0, false, || hall.permits.any_free() && hall.has_work())
    );
    let submitter = hall.spawn(|hall| {
        hall.work.fetch_add(1, Ordering::Relaxed);
        assert!(!hall.must_try_again());
    });
    hall.give_up(permit);
    submitter.join().unwrap();
    assert_eq!(
        hall.idle.asleep(),
        0,
        "the M sleeps beside work and a free permit"
    );
}

#[test]
fn work_submitted_while_the_last_permit_is_given_up_is_found() {
    check(None, a_permit_given_up_meets_submit);
    assert!(while_weak("idle.submit", a_permit_given_up_meets_submit));
    assert!(while_weak("seats.release", a_permit_given_up_meets_submit));
}

/// A timer set from outside, and the M that goes to sleep in the netpoller: it sleeps no longer
/// than that, or is woken.
fn timer_meets_poller() {
    const WHEN: Nanos = 5;
    let hall = Hall::new(1);
    let setter = hall.spawn(|hall| {
        hall.permits.wheel(0).store(WHEN, Ordering::Relaxed);
        if hall.idle.is_overslept(WHEN) {
            hall.event.wake();
        }
    });
    loop {
        assert!(hall.idle.enter_poller(false, || false));
        let deadline = hall.permits.wheel(0).load(Ordering::Relaxed);
        hall.idle.sleep_until(deadline);
        if deadline == WHEN {
            break;
        }
        hall.event.sleep();
        assert!(!hall.idle.leave_poller());
    }
    setter.join().unwrap();
}

#[test]
fn the_poller_learns_of_a_timer() {
    check(None, timer_meets_poller);
    assert!(while_weak("idle.is_overslept", timer_meets_poller));
    assert!(while_weak("idle.last_look", timer_meets_poller));
}

/// The same, with a timer that belongs to a permit, which its holder gives up before it lies down.
fn timer_of_a_permit_meets_poller() {
    const WHEN: Nanos = 5;
    let hall = Hall::new(1);
    let permit = hall.permits.acquire(Holder::nobody(), 0).unwrap();
    let holder = hall.spawn(|hall| {
        hall.permits.wheel(0).store(WHEN, Ordering::Relaxed);
        hall.seats.release(&hall.permits, 0);
        if hall.idle.is_overslept(WHEN) {
            hall.event.wake();
        }
    });
    assert_eq!(permit, 0);
    loop {
        assert!(hall.idle.enter_poller(false, || false));
        let any = hall.permits.any_free();
        let deadline = if any {
            hall.permits.wheel(0).load(Ordering::Relaxed)
        } else {
            Nanos::MAX
        };
        hall.idle.sleep_until(deadline);
        if deadline == WHEN {
            break;
        }
        hall.event.sleep();
        assert!(!hall.idle.leave_poller());
    }
    holder.join().unwrap();
}

#[test]
fn the_poller_learns_of_the_timers_of_a_free_permit() {
    check(None, timer_of_a_permit_meets_poller);
    assert!(while_weak("idle.last_look", timer_of_a_permit_meets_poller));
}

/// A submitter looks for a sleeper that gets up by itself: either it is called or it is up, not
/// both.
fn pick_meets_get_up() {
    let hall = Hall::new(1);
    let submitter = {
        let hall = Arc::clone(&hall);
        thread::spawn(move || hall.idle.pick() == Sleeper::Parked(0))
    };
    let asleep = hall.idle.lie_down(0, false, || true);
    let called = submitter.join().unwrap();
    assert_eq!(asleep, called);
}

/// No twin: the lock of the list is all there is to it.
#[test]
fn a_sleeper_is_called_or_gets_up() {
    check(None, pick_meets_get_up);
}

/// An M lies down while the runtime closes: it sees that, or its note is woken.
fn close_meets_lie_down() {
    let hall = Hall::new(1);
    let closing = Arc::new(Closing::new());
    let closer = {
        let (hall, closing) = (Arc::clone(&hall), Arc::clone(&closing));
        thread::spawn(move || {
            closing.begin();
            hall.idle
                .drain_parked()
                .into_iter()
                .for_each(|m| hall.notes[m].wake());
        })
    };
    if hall.idle.lie_down(0, false, || closing.has_begun()) {
        hall.notes[0].sleep();
        assert!(closing.has_begun());
    }
    closer.join().unwrap();
}

/// No twin: the lock of the list orders one before the other, and no fence is needed.
#[test]
fn an_m_does_not_sleep_through_the_end() {
    check(None, close_meets_lie_down);
    assert!(!while_weak("closing.begin", close_meets_lie_down));
}
