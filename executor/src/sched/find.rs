//! What to run next: the order in which an M looks, from its own slot to the netpoller.
//!
//! 1. every 61st poll: one G of the global queue and one of what overflowed the ring, due timers of
//!    all permits, a look at the netpoller, and the permit for a thread that waits for one;
//! 2. every 16th poll: due timers;
//! 3. `next`, then the ring;
//! 4. a batch of what overflowed the ring, then one of the global queue;
//! 5. due timers of all permits, the netpoller without waiting;
//! 6. as the one spinner: half of another P's surplus, at last the lone G of one that is stuck in a
//!    poll; again for some 20 us, unless goroutines wait for the network;
//! 7. parking, with a last look at everything ([`super::park`]).
//!
//! Of 1 to 4 only the 16th poll (if there are timers) and the 61st read a clock.

use super::g::G;
use super::m::M;
use super::p::P;
use crate::base::clock::{self, Nanos};
use crate::netpoll::PollTimeout;
use crate::queue::SharedQueue;
use std::hint::spin_loop;

/// Every how many polls the global queue goes first (Go's 61).
const GLOBAL_TICK: u32 = 61;
/// Every how many polls the clock is compared with the timers, if there are any.
const TIMER_TICK: u32 = 16;
/// How many Gs in a row `next` may give while others wait. Any value from 1 to 1000 costs the same;
/// this one lets a pair that talks to each other keep its cache for a while.
const CHAIN_MAX: u32 = 16;
/// How long the spinner looks before it parks.
const SPIN: Nanos = 20_000;
/// How long a P's poll must have lasted before its only G may be stolen (Go's 3 us for `runnext`).
const LONE_GRACE: Nanos = 3_000;

impl M {
    /// The next G to run, waiting for one if need be; `None` when the runtime shuts down.
    #[inline]
    pub(super) fn find_runnable(&self) -> Option<G> {
        loop {
            if self.is_over() {
                return None;
            }
            if self.permit().is_none() {
                self.come_back();
                continue;
            }
            let found = self.find_by_tick().or_else(|| self.find_local());
            match found {
                Some(g) => return Some(g),
                None => {
                    if let Some(g) = self.find_elsewhere() {
                        return Some(g);
                    }
                }
            }
        }
    }

    /// What the count of polls says is due before the local queue.
    #[inline]
    fn find_by_tick(&self) -> Option<G> {
        let tick = self.tick.get();
        if tick % TIMER_TICK == 0 {
            self.run_own_timers();
        }
        if tick % GLOBAL_TICK == 0 {
            self.be_fair()
        } else {
            None
        }
    }

    /// The 61st poll: those who are not in the local queue have their turn.
    #[cold]
    fn be_fair(&self) -> Option<G> {
        self.measure_grain();
        if self.sched().is_seat_waiting() {
            self.yield_permit();
        }
        self.run_all_timers();
        self.look_at_network();
        let overflowed = self.p().overflow.pop();
        let Some(injected) = self.sched().global.pop() else {
            return overflowed;
        };
        overflowed.into_iter().for_each(|g| self.push(g));
        Some(injected)
    }

    /// `next`, unless it has had its turns, then the ring.
    #[inline]
    fn find_local(&self) -> Option<G> {
        let p = self.p();
        if let Some(g) = p.next.take() {
            let chain = self.chain.get();
            if chain < CHAIN_MAX {
                self.chain.set(chain + 1);
                return Some(g);
            }
            self.chain.set(0);
            if p.is_empty() && self.sched().global.is_empty() {
                return Some(g);
            }
            self.push(g);
        }
        self.chain.set(0);
        // SAFETY: this thread is the M that owns the P.
        unsafe { p.queue.pop() }
    }

    /// A batch of what overflowed the ring: one to run, the rest into the ring, which is empty.
    fn find_overflowed(&self) -> Option<G> {
        let p = self.p();
        // SAFETY: this thread is the M that owns the P.
        unsafe { p.queue.refill(&p.overflow, usize::MAX) }
    }

    /// A batch of the global queue: one to run, the rest into the ring.
    fn find_global(&self) -> Option<G> {
        let global: &SharedQueue<G> = &self.sched().global;
        if global.is_empty() {
            return None;
        }
        let max = global.batch_max(self.sched().permits.procs() as usize);
        // SAFETY: this thread is the M that owns the P.
        unsafe { self.p().queue.refill(global, max) }
    }

    /// The local queue is empty: looks everywhere else, and parks if there is nothing.
    ///
    /// `None` means: look again from the top.
    fn find_elsewhere(&self) -> Option<G> {
        if let Some(g) = self.find_overflowed().or_else(|| self.find_global()) {
            return Some(g);
        }
        if self.run_all_timers() || self.look_at_network() {
            return None;
        }
        if let Some(g) = self.spin() {
            return Some(g);
        }
        self.park();
        None
    }

    /// Steals, and waits a little for something to steal. At most one M does.
    fn spin(&self) -> Option<G> {
        if self.sched().permits.procs() == 1 {
            return None;
        }
        if !self.is_spinning() {
            if !self.sched().idle.is_quiet() {
                return None;
            }
            self.become_spinning();
        }
        if let Some(g) = self.steal(true) {
            return Some(g);
        }
        // Who talks to other processes leaves the processor to them; events end the sleep anyway.
        if self.sched().netpoll.waiters() > 0 {
            return None;
        }
        let until = clock::now() + SPIN;
        loop {
            for _ in 0..16 {
                spin_loop();
            }
            if let Some(g) = self.find_global().or_else(|| self.steal(false)) {
                return Some(g);
            }
            if clock::now() >= until || self.sched().is_closing() {
                // Who moved at the first look may have got stuck meanwhile.
                return self.steal(true);
            }
        }
    }

    /// Takes half of the surplus of some running P; failing that, and if `lone_too`, the lone G of
    /// one that has been in the same poll for a while.
    fn steal(&self, lone_too: bool) -> Option<G> {
        let permits = &self.sched().permits;
        let order = self.rng.visit(permits.procs());
        let victims = || {
            order
                .clone()
                .filter_map(|id| permits.running(id))
                .filter(|p| !self.owns(p))
        };
        let from_surplus = victims()
            .filter(|victim| victim.has_surplus())
            .find_map(|victim| self.steal_from(victim));
        from_surplus.or_else(|| victims().filter(|_| lone_too).find_map(steal_lone))
    }

    /// Half of what overflowed the victim's ring, if any did: nobody comes to that soon. Else half
    /// of the ring.
    fn steal_from(&self, victim: &P) -> Option<G> {
        let ring = &self.p().queue;
        if !victim.overflow.is_empty() {
            let half = victim.overflow.batch_max(2);
            // SAFETY: this thread is the M that owns the P stolen into.
            if let Some(g) = unsafe { ring.refill(&victim.overflow, half) } {
                return Some(g);
            }
        }
        // SAFETY: as above.
        unsafe { victim.queue.steal_into(ring) }
    }

    fn owns(&self, p: &P) -> bool {
        std::ptr::eq(p, self.p())
    }

    /// Wakes whose time has come among the timers of this M's permit.
    #[inline]
    fn run_own_timers(&self) {
        let Some(permit) = self.permit() else { return };
        if self.sched().permits.wheel(permit).next_deadline() != Nanos::MAX {
            self.run_timers(permit, clock::now());
        }
    }

    /// The same for the timers of every permit; tells whether any was due.
    fn run_all_timers(&self) -> bool {
        let permits = &self.sched().permits;
        if permits
            .wheels()
            .all(|wheel| wheel.next_deadline() == Nanos::MAX)
        {
            return false;
        }
        let now = clock::now();
        (0..permits.procs())
            .filter(|permit| self.run_timers(*permit, now))
            .count()
            > 0
    }

    fn run_timers(&self, permit: u32, now: Nanos) -> bool {
        let wheel = self.sched().permits.wheel(permit);
        if wheel.next_deadline() > now {
            return false;
        }
        let mut list = self.wakers.borrow_mut();
        let mut any = false;
        loop {
            let more = wheel.expire(now, &mut list);
            any |= !list.is_empty();
            self.wake_batch(&mut list);
            if !more {
                return any;
            }
        }
    }

    /// A look at the netpoller that does not wait; tells whether something became ready.
    fn look_at_network(&self) -> bool {
        let netpoll = &self.sched().netpoll;
        if netpoll.waiters() == 0 {
            return false;
        }
        let Some(mut poller) = netpoll.try_acquire() else {
            return false;
        };
        let mut list = self.wakers.borrow_mut();
        // An error here would be one of the poller's own fd, which nobody but us can close.
        let _ = poller.poll(PollTimeout::NoWait, &mut list);
        self.sched().count_look();
        drop(poller);
        let any = !list.is_empty();
        self.wake_batch(&mut list);
        any
    }
}

/// Takes the one G of a P that stays in one poll for longer than [`LONE_GRACE`].
fn steal_lone(victim: &P) -> Option<G> {
    if victim.is_empty() {
        return None;
    }
    let tick = victim.tick();
    let until = clock::now() + LONE_GRACE;
    while clock::now() < until {
        if victim.tick() != tick || victim.is_empty() {
            return None;
        }
        spin_loop();
    }
    let oldest = || victim.overflow.pop();
    let other = victim.queue.steal_one().or_else(oldest);
    other.or_else(|| victim.next.take())
}
