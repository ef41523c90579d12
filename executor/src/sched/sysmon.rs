//! sysmon: one thread that looks after what the Ms cannot see, because they run or sleep.
//!
//! It runs no goroutine and has no permit. Each round it wakes an M for work that waits behind a
//! poll which lasts, and looks at the network and the timers if nobody has for a while. So an M may
//! leave a wake-up out whenever that is only a matter of speed: what it left undone waits for one
//! round, not for the end of a poll.
//!
//! Rounds are 1 ms apart while something was found, up to 10 ms while not. When no permit has been
//! held for a second sysmon sleeps until one is taken ([`super::doze`]), so that an idle process is
//! really idle.

use super::Sched;
use super::p::P;
use crate::base::wake_list::WakeList;
use crate::netpoll::PollTimeout;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The shortest and the longest pause between two rounds.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(10);
/// How long a poll of a P whose goroutines are fine may last before its surplus is shared.
const SLICE: Duration = Duration::from_millis(10);
/// How long a poll of another P may last before what waits behind it is shared.
const STUCK: Duration = Duration::from_millis(5);
/// A poll that takes longer than this is not fine, whatever was measured before.
const SLOW_POLL: Duration = Duration::from_micros(64);
/// How long nothing runs before sysmon sleeps.
const QUIET: Duration = Duration::from_secs(1);
/// For how long nobody must have looked at the network before sysmon does (Go's 10 ms).
const NETWORK_STALE: Duration = Duration::from_millis(10);

impl Sched {
    /// A permit was taken: sysmon has something to look after, if it sleeps.
    #[inline]
    pub(super) fn rouse_sysmon(&self) {
        self.sysmon.rouse();
    }
}

/// What sysmon remembers from one round to the next.
struct Watch {
    /// The poll that the P under each permit was in, and since when.
    polls: Vec<Option<(*const P, u32, Instant)>>,
    /// How often somebody had looked at the network, and since when that has not changed.
    looks: u32,
    looked_at: Instant,
    /// Since when no permit has been held.
    quiet_since: Instant,
    pause: Duration,
    wakers: WakeList,
}

impl Sched {
    /// The life of the sysmon thread: until the runtime closes.
    pub(super) fn run_sysmon(self: &Arc<Self>) {
        let now = Instant::now();
        let mut watch = Watch {
            polls: vec![None; self.procs() as usize],
            looks: 0,
            looked_at: now,
            quiet_since: now,
            pause: PAUSE_MIN,
            wakers: WakeList::new(),
        };
        while !self.is_closing() {
            self.sysmon.pause(Instant::now() + watch.pause);
            let found = self.look_after(&mut watch);
            watch.pause = if found {
                PAUSE_MIN
            } else {
                (watch.pause * 2).min(PAUSE_MAX)
            };
            if watch.quiet_since.elapsed() >= QUIET {
                self.sleep_until_roused();
                watch.quiet_since = Instant::now();
                watch.pause = PAUSE_MIN;
            }
        }
    }

    /// One round; tells whether there was anything to do.
    fn look_after(&self, watch: &mut Watch) -> bool {
        if !self.permits.all_free() {
            watch.quiet_since = Instant::now();
        }
        let stuck = self.has_work_behind_a_poll(watch);
        let stale = self.look_at_stale_network(watch);
        let left = self.permits.all_free() && !self.global.is_empty();
        if self.permits.any_free() && (stuck || left || self.has_due_timer()) {
            self.wake_p();
            return true;
        }
        stuck || stale
    }

    /// Whether Gs wait behind polls that last: on some P that has been in the same poll since the
    /// last round, or has got through few. What is left in the global queue counts as well: an M
    /// that found nobody to wake for it trusts in its own next look, be it a long poll away.
    fn has_work_behind_a_poll(&self, watch: &mut Watch) -> bool {
        let now = Instant::now();
        let injected = !self.global.is_empty();
        let mut stuck = false;
        for (id, seen) in (0..).zip(&mut watch.polls) {
            let Some(p) = self.permits.running(id) else {
                *seen = None;
                continue;
            };
            let tick = p.tick();
            match *seen {
                Some((same, then, since)) if std::ptr::eq(same, p) => {
                    let (polls, time) = (tick.wrapping_sub(then), now - since);
                    if time < window(p) {
                        continue;
                    }
                    stuck |= time >= SLOW_POLL * polls && (injected || !p.is_empty());
                    if polls > 0 {
                        *seen = Some((p, tick, now));
                    }
                }
                _ => *seen = Some((p, tick, now)),
            }
        }
        stuck
    }

    /// Looks at the network if nobody sleeps there and nobody has looked for a while.
    fn look_at_stale_network(&self, watch: &mut Watch) -> bool {
        let looks = self.looks();
        let waiting = self.netpoll.waiters() > 0 && !self.idle.is_poller_blocked();
        if !waiting || looks != watch.looks {
            (watch.looks, watch.looked_at) = (looks, Instant::now());
            return false;
        }
        if watch.looked_at.elapsed() < NETWORK_STALE {
            return false;
        }
        let Some(mut poller) = self.netpoll.try_acquire() else {
            return false;
        };
        // An error here would be one of the poller's own fd, which nobody but us can close.
        let _ = poller.poll(PollTimeout::NoWait, &mut watch.wakers);
        drop(poller);
        let any = !watch.wakers.is_empty();
        watch.wakers.wake_all();
        any
    }

    /// Sleeps until a permit is taken, or the runtime closes.
    fn sleep_until_roused(&self) {
        self.sysmon
            .sleep(|| self.permits.all_free() && !self.is_closing());
    }
}

/// For how long the polls of a P are counted before they are judged: longer than the kernel lets
/// another thread run, since an M that is not on a processor is not stuck. Goroutines that are fine
/// often wait behind the one that spawns them all, so those have a time slice.
fn window(p: &P) -> Duration {
    if p.is_fine() { SLICE } else { STUCK }
}
