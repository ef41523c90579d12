//! How an M goes to sleep, and what it does when it wakes.
//!
//! Order is everything here: give up the permit, enlist as a sleeper, give up the token, fence,
//! look at all queues once more, sleep. See [`super::idle`] for the other side and the README for
//! why no wake-up is lost.

use super::m::M;
use crate::base::clock::{self, Nanos};
use crate::netpoll::{PollTimeout, Poller};
use std::hint::spin_loop;
use std::time::{Duration, Instant};

/// How often an M asks for the netpoller while another has a look at it.
const ROLE_TRIES: u32 = 1000;
/// How long an M that is not needed stays.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

impl M {
    /// Gives up the permit and sleeps until there is something to look at; returns with a permit,
    /// or when the runtime shuts down.
    pub(super) fn park(&self) {
        // The token, if this M has it, is given up on the way to sleep and not before.
        self.release();
        self.sleep_for_work();
    }

    /// Sleeps, without a permit, until there is something to look at and a permit to do it with.
    pub(super) fn sleep_for_work(&self) {
        loop {
            match self.try_become_poller() {
                Some(poller) => self.sleep_in_netpoll(poller),
                None => self.sleep_on_note(),
            }
            if self.has_permit() || self.is_over() {
                return;
            }
        }
    }

    /// The role of the one who waits for the network, unless another M sleeps in it. One that only
    /// has a look at the network is waited for: it will be gone in a moment, and then nobody would
    /// wait for events and deadlines.
    fn try_become_poller(&self) -> Option<Poller<'_>> {
        let sched = self.sched();
        for _ in 0..ROLE_TRIES {
            match sched.netpoll.try_acquire() {
                Some(poller) => return Some(poller),
                None if sched.idle.is_poller_blocked() => return None,
                None => spin_loop(),
            }
        }
        None
    }

    /// The last look before sleeping: whether this M must not sleep.
    fn must_stay_awake(&self) -> bool {
        let sched = self.sched();
        sched.is_closing() || (sched.permits.any_free() && sched.has_visible_work())
    }

    /// Sleeps on the note of this M.
    fn sleep_on_note(&self) {
        let idle = &self.sched().idle;
        let p = self.p();
        if idle.lie_down(p.into(), self.give_up_token(), || self.must_stay_awake()) {
            self.sched().tell_poller_of_timers();
            if !self.sleep_for_long() {
                self.dismiss();
                return;
            }
            if self.sched().is_closing() {
                return;
            }
            self.receive_token();
        } else {
            self.become_spinning();
        }
        self.acquire();
    }

    /// Sleeps until it is woken; `false` if it was not, for so long that it is not needed any more.
    fn sleep_for_long(&self) -> bool {
        let (sched, p) = (self.sched(), self.p());
        while sched.has_surplus_m() {
            if p.note.sleep_until(Instant::now() + KEEP_ALIVE) {
                return true;
            }
            // If it was picked meanwhile its note is being woken.
            if sched.has_surplus_m() && sched.idle.get_up(p.into()) {
                return false;
            }
        }
        p.note.sleep();
        true
    }

    /// Sleeps in the netpoller, until an event, the next deadline, or a call.
    fn sleep_in_netpoll(&self, mut poller: Poller<'_>) {
        let sched = self.sched();
        let asleep = sched
            .idle
            .enter_poller(self.give_up_token(), || self.must_stay_awake());
        // While every permit is held its holder sees to its timers, and tells when it parks.
        let deadline = if sched.permits.any_free() {
            sched.earliest_deadline()
        } else {
            Nanos::MAX
        };
        let mut list = self.wakers.borrow_mut();
        if asleep {
            sched.idle.sleep_until(deadline);
            let timeout = if deadline == Nanos::MAX {
                PollTimeout::Forever
            } else {
                PollTimeout::Until(deadline)
            };
            // An error here would be one of the poller's own fd, which nobody but us can close.
            let _ = poller.poll(timeout, &mut list);
        }
        sched.count_look();
        let called = sched.idle.leave_poller();
        drop(poller);
        if called {
            self.receive_token();
        } else if !asleep || !list.is_empty() || deadline <= clock::now() {
            self.become_spinning();
        }
        if self.is_spinning() {
            self.acquire();
        }
        self.wake_batch(&mut list);
    }
}

#[cfg(test)]
mod tests {
    use crate::sched::{Config, Sched};
    use std::panic::Location;
    use std::thread;
    use std::time::{Duration, Instant};

    fn wait_until(what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !is_so() {
            assert!(Instant::now() < deadline, "still not so: {what}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn every_m_of_an_idle_runtime_sleeps() {
        let sched = Sched::start(Config::with_procs(3)).unwrap();
        for _ in 0..1000 {
            sched.go(async {}, Location::caller());
        }
        wait_until("the goroutines are over", || sched.live() == 0);
        wait_until("all Ms sleep", || {
            sched.idle.asleep() == sched.ps.lock().len()
        });
        let leftover = sched.close(Instant::now() + Duration::from_secs(20));
        assert!(leftover.is_clean());
    }
}
