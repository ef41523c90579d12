//! sysmon: one thread that looks after what the Ms cannot see, because they run or sleep.
//!
//! It runs no goroutine and has no permit of its own. Each round it looks at who holds the permits
//! ([`super::watch`]) and
//!
//! - *retakes* the permit of an M, or of a thread in `block_on`, that is in a declared call, waits
//!   in the kernel, or computes for longer than a time slice, when work waits that nobody else will
//!   come to; the work goes to the global queue, and another M is woken for it. Who computes is
//!   first asked for its time slice, which it gives at its next await ([`crate::base::slice`]);
//! - moves what an M without its permit has left in its queues, until that M knows;
//! - wakes an M for work that waits behind a poll which lasts, if a permit is free;
//! - looks at the network and the timers if nobody has for a while.
//!
//! So an M may leave a wake-up out whenever that is only a matter of speed: what it left undone
//! waits for one round, not for the end of a poll.
//!
//! Rounds are 20 us apart after a permit was retaken from a call, for as long as Go keeps that up;
//! 1 ms while a poll lasts, something was found, or calls are made; and up to 5 ms otherwise. When
//! no permit has been held for a second sysmon sleeps until one is taken ([`super::doze`]), so that
//! an idle process is really idle.

use super::Sched;
use super::p::{P, PRef};
use super::permits::PermitId;
use super::thread_state::{ThreadFiles, ThreadState};
use super::watch::{Doing, Watch};
use crate::base::wake_list::WakeList;
use crate::netpoll::PollTimeout;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The pause after a permit was retaken from a call, and how many rounds it lasts (Go's figures):
/// the next one will block as well.
const PAUSE_BRISK: Duration = Duration::from_micros(20);
const BRISK_ROUNDS: u32 = 50;
/// The longest pause while a poll lasts.
const PAUSE_WATCHFUL: Duration = Duration::from_millis(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(5);
/// After this time the permit of who waits is retaken even if there is nothing to run, so that
/// there is one for what comes (Go's 10 ms).
const WAITS_FOR_LONG: Duration = Duration::from_millis(10);
/// How long after a call sysmon looks out for the next.
const CALLS_COME: Duration = Duration::from_secs(1);
/// How long nothing runs before sysmon sleeps.
const QUIET: Duration = Duration::from_secs(1);
/// For how long nobody must have looked at the network before sysmon does (Go's 10 ms).
const NETWORK_STALE: Duration = Duration::from_millis(10);

/// What sysmon remembers from one round to the next.
struct Sysmon {
    /// The holder of each permit.
    watches: Vec<Watch>,
    /// The Ms that lost their permit and do not know.
    stranded: Vec<Stranded>,
    /// How often somebody had looked at the network, and since when that has not changed.
    looks: u32,
    looked_at: Instant,
    /// Whether work was left in the global queue beside a free permit.
    left: bool,
    /// When somebody was seen to make a call that is declared to block.
    called_at: Option<Instant>,
    /// Since when no permit has been held.
    quiet_since: Instant,
    /// How many rounds ago a permit was retaken from who waits.
    rounds: u32,
    pause: Duration,
    wakers: WakeList,
}

/// An M whose permit was retaken in the middle of a poll.
struct Stranded {
    p: PRef,
    files: Option<ThreadFiles>,
    state: Option<ThreadState>,
    /// Whether it has waited in the kernel since. Then it is at no place where it pushes into its
    /// queues not having heard, and nothing of it has to be looked at again.
    settled: bool,
}

/// What a round came to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Round {
    /// All is well.
    Idle,
    /// A poll lasts, calls are made, or something was done.
    Watchful,
    /// Somebody is in a call, and perhaps it lasts; all others have their hands full.
    InCall,
    /// A permit was retaken from who waits.
    Retook,
}

impl Sysmon {
    fn new(procs: u32) -> Self {
        let now = Instant::now();
        Self {
            watches: (0..procs).map(|_| Watch::new(now)).collect(),
            stranded: Vec::new(),
            looks: 0,
            looked_at: now,
            left: false,
            called_at: None,
            quiet_since: now,
            rounds: BRISK_ROUNDS,
            pause: PAUSE_BRISK,
            wakers: WakeList::new(),
        }
    }

    /// How long to pause after such a round.
    fn set_pause(&mut self, round: Round) {
        if round == Round::Retook {
            self.rounds = 0;
        }
        self.rounds = self.rounds.saturating_add(1);
        let max = if round == Round::Idle {
            PAUSE_MAX
        } else {
            PAUSE_WATCHFUL
        };
        self.pause = if self.rounds <= BRISK_ROUNDS {
            PAUSE_BRISK
        } else {
            (self.pause * 2).min(max)
        };
    }

    /// How long to pause now: for a call the second look comes soon, whatever the pace.
    fn next_pause(&self, round: Round) -> Duration {
        if round == Round::InCall {
            PAUSE_BRISK
        } else {
            self.pause
        }
    }

    /// Whether calls have been made lately.
    fn expects_calls(&mut self, now: Instant) -> bool {
        if self.watches.iter().any(Watch::has_called) {
            self.called_at = Some(now);
        }
        self.called_at.is_some_and(|at| now - at < CALLS_COME)
    }

    /// How many Ms compute without a permit, or may do so.
    fn computing(&self) -> usize {
        self.stranded.iter().filter(|m| !m.settled).count()
    }
}

impl Sched {
    /// A permit was taken: sysmon has something to look after, if it sleeps.
    #[inline]
    pub(super) fn rouse_sysmon(&self) {
        self.sysmon.rouse();
    }

    /// The life of the sysmon thread: until the runtime closes.
    pub(super) fn run_sysmon(self: &Arc<Self>) {
        let mut sysmon = Sysmon::new(self.procs());
        let mut round = Round::Idle;
        while !self.is_closing() {
            let pause = sysmon.next_pause(round);
            self.sysmon.pause(Instant::now() + pause);
            round = self.look_after(&mut sysmon);
            sysmon.set_pause(round);
            let asleep = sysmon.quiet_since.elapsed() >= QUIET && sysmon.computing() == 0;
            if asleep {
                self.sleep_until_roused();
                sysmon.quiet_since = Instant::now();
                sysmon.pause = PAUSE_BRISK;
            }
        }
    }

    /// One round.
    fn look_after(&self, sysmon: &mut Sysmon) -> Round {
        let now = Instant::now();
        if !self.permits.all_free() {
            sysmon.quiet_since = now;
        }
        for (id, watch) in (0..).zip(&mut sysmon.watches) {
            watch.look(now, self.permits.holder(id));
        }
        let rescued = self.rescue(sysmon);
        let stale = self.look_at_stale_network(sysmon);
        let retook = self.retake(sysmon, now);
        let woke = self.wake_for_slow_polls(sysmon);
        let lasts = sysmon.watches.iter().any(|w| w.doing() != Doing::Moves);
        let called = sysmon.expects_calls(now);
        let begins = |w: &Watch| w.is_in_call() && w.doing() == Doing::Moves;
        if retook {
            Round::Retook
        } else if !self.permits.any_free() && sysmon.watches.iter().any(begins) {
            Round::InCall
        } else if rescued || stale || woke || lasts || called || sysmon.computing() > 0 {
            Round::Watchful
        } else {
            Round::Idle
        }
    }

    /// Takes the permits of those who do not use them, or use them for too long, while work waits.
    /// Tells whether one was taken from who waits.
    fn retake(&self, sysmon: &mut Sysmon, now: Instant) -> bool {
        let nobody_moves = sysmon.watches.iter().all(|w| w.doing() != Doing::Moves);
        let mut retook = false;
        for id in 0..self.procs() {
            let computing = sysmon.computing();
            let watch = &mut sysmon.watches[id as usize];
            let behind = watch.p().is_some_and(|p| !p.is_empty());
            let wanted = behind || (!self.permits.any_free() && self.has_work_for_anyone());
            match watch.doing() {
                Doing::Moves => {}
                Doing::Calls | Doing::Waits => {
                    let due = wanted || watch.lasted(now) >= WAITS_FOR_LONG;
                    retook |= due && self.retake_from(sysmon, id);
                }
                Doing::Lasts if !(wanted && watch.is_slice_over(now) && watch.ask_for_slice()) => {}
                Doing::Lasts if nobody_moves => {
                    if computing < self.procs() as usize && !self.permits.any_free() {
                        self.retake_from(sysmon, id);
                    }
                }
                // Whoever moves comes to what this one leaves.
                Doing::Lasts => {
                    if !self.permits.any_free() {
                        watch.p().iter().for_each(|p| p.drain_into(&self.global));
                    }
                }
            }
        }
        retook
    }

    /// Whether there is something to run that is in nobody's queues.
    fn has_work_for_anyone(&self) -> bool {
        !self.global.is_empty() || self.has_due_timer()
    }

    /// Retakes a permit from the holder of the last look; `false` if that has given it up. Also if
    /// nobody could be woken for it, unless it is in a call: to have too many of those is fatal.
    fn retake_from(&self, sysmon: &mut Sysmon, id: PermitId) -> bool {
        let watch = &mut sysmon.watches[id as usize];
        let may = watch.doing() == Doing::Calls || self.has_spare_m();
        let Some(holder) = watch.holder().filter(|_| may) else {
            return false;
        };
        let p = holder.p();
        if p.is_some() {
            self.count_stranded();
        }
        if !self.permits.take_from(id, holder) {
            if p.is_some() {
                self.count_back();
            }
            return false;
        }
        if let Some(p) = p {
            p.stranded.set();
            let (files, state) = watch.hand_over();
            sysmon.stranded.push(Stranded {
                p: PRef::from(p),
                files: files.or_else(|| ThreadFiles::open(holder.thread())),
                state,
                settled: false,
            });
            p.drain_into(&self.global);
        }
        self.release_permit(id);
        if self.has_visible_work() {
            self.wake_p_once();
        }
        self.tell_poller_of_timers();
        true
    }

    /// Moves to the global queue what an M has pushed that did not know yet that its permit was
    /// retaken. Tells whether there was anything.
    fn rescue(&self, sysmon: &mut Sysmon) -> bool {
        let mut rescued = false;
        sysmon.stranded.retain_mut(|m| {
            // SAFETY: the P is one of this runtime's.
            let p: &P = unsafe { m.p.get() };
            if !p.stranded.is_set() {
                p.slice.settle();
                return false;
            }
            if m.settled {
                return true;
            }
            let state = m.files.as_ref().and_then(ThreadFiles::look);
            m.settled = match (m.state, state) {
                (Some(before), Some(now)) => now.has_waited_since(before),
                _ => false,
            };
            m.state = state;
            if !p.is_empty() {
                p.drain_into(&self.global);
                rescued = true;
            }
            true
        });
        if rescued {
            self.wake_p_once();
        }
        rescued
    }

    /// Wakes an M if a permit is free and Gs wait behind polls that last, or timers are due. What
    /// is left in the global queue counts as well: an M that found nobody to wake for it trusts in
    /// its own next look, be it a long poll away.
    fn wake_for_slow_polls(&self, sysmon: &mut Sysmon) -> bool {
        let injected = !self.global.is_empty();
        let mut slow = sysmon.watches.iter().filter(|watch| watch.is_slow());
        let stuck = slow.any(|watch| injected || watch.p().is_some_and(|p| !p.is_empty()));
        if !self.permits.any_free() {
            sysmon.left = false;
            return stuck;
        }
        let left = std::mem::replace(&mut sysmon.left, injected) && injected;
        if stuck || left || (injected && self.permits.all_free()) || self.has_due_timer() {
            self.wake_p_once();
            return true;
        }
        false
    }

    /// Looks at the network if nobody sleeps there and nobody has looked for a while.
    fn look_at_stale_network(&self, sysmon: &mut Sysmon) -> bool {
        let looks = self.looks();
        let waiting = self.netpoll.waiters() > 0 && !self.idle.is_poller_blocked();
        if !waiting || looks != sysmon.looks {
            (sysmon.looks, sysmon.looked_at) = (looks, Instant::now());
            return false;
        }
        if sysmon.looked_at.elapsed() < NETWORK_STALE {
            return false;
        }
        let Some(mut poller) = self.netpoll.try_acquire() else {
            return false;
        };
        // An error here would be one of the poller's own fd, which nobody but us can close.
        let _ = poller.poll(PollTimeout::NoWait, &mut sysmon.wakers);
        drop(poller);
        let any = !sysmon.wakers.is_empty();
        sysmon.wakers.wake_all();
        any
    }

    /// Sleeps until a permit is taken, or the runtime closes.
    fn sleep_until_roused(&self) {
        self.sysmon
            .sleep(|| self.permits.all_free() && self.global.is_empty() && !self.is_closing());
    }
}

#[cfg(test)]
mod tests {
    use crate::base::slice;
    use crate::sched::{Config, Sched};
    use std::panic::Location;
    use std::time::{Duration, Instant};

    /// Waits until it is so, for all runtimes of the process.
    fn nobody_is_asked() -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while slice::is_asked() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        !slice::is_asked()
    }

    #[test]
    fn a_slice_that_was_not_given_is_not_asked_for_once_the_poll_is_over() {
        let sched = Sched::start(Config::with_procs(1)).unwrap();
        for _ in 0..3 {
            let hog = async {
                let until = Instant::now() + Duration::from_millis(40);
                while Instant::now() < until {}
            };
            sched.go(hog, Location::caller());
        }
        while sched.live() > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(nobody_is_asked());
        assert!(
            sched
                .close(Instant::now() + Duration::from_secs(20))
                .is_clean()
        );
    }
}
