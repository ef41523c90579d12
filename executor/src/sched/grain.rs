//! Grain: whether the goroutines of a P are worth sharing.
//!
//! To move a goroutine to another processor costs: the other M is woken (some 11 us of this one's
//! time) and every cache line of the goroutine crosses over, its memory at last to be freed into
//! the heap of the M that made it (some 0.6 us). Goroutines that live for less than that are run
//! faster by the M that has them, however many wait; they are *fine*. Goroutines that live on, be
//! their polls ever so short, pay the way once.
//!
//! So every 61st poll an M divides the time since the last by the number of goroutines that ended
//! meanwhile. While the quotient is small its surplus calls nobody and is left alone by thieves.
//! That is a guess about the future: where polls come to last longer, or one lasts for a time
//! slice, sysmon sees it and wakes an M all the same.

use super::m::M;
use crate::base::clock::{self, Nanos};
use std::cell::Cell;

/// A goroutine that lives for less than this is not worth the way to another processor.
const FINE: Nanos = 1_000;

/// A measurement counts as at most this long, so that a sleep is soon forgotten.
const LONG: Nanos = 1_000_000;

/// What an M knows of the goroutines it has run lately.
#[derive(Debug)]
pub(super) struct Grain {
    /// When it measured last, and how many goroutines had ended here by then.
    since: Cell<Nanos>,
    ended: Cell<u64>,
    /// Time and goroutines of the measurements so far, in sixteenths, older ones counting less.
    time: Cell<Nanos>,
    count: Cell<u64>,
}

impl Grain {
    pub(super) fn new() -> Self {
        Self {
            since: Cell::new(0),
            ended: Cell::new(0),
            time: Cell::new(0),
            count: Cell::new(0),
        }
    }

    /// Whether the goroutines since the last measurement were fine.
    fn measure(&self, now: Nanos, ended: u64) -> bool {
        let time = now.saturating_sub(self.since.replace(now)).min(LONG);
        let count = ended.saturating_sub(self.ended.replace(ended));
        let time = fade_in(&self.time, time);
        let count = fade_in(&self.count, count);
        count > 0 && time < count * FINE
    }
}

/// Adds `new` to a sum in which each measurement counts an eighth less than the one after it.
fn fade_in(sum: &Cell<u64>, new: u64) -> u64 {
    let faded = sum.get() - sum.get() / 8 + 2 * new;
    sum.set(faded);
    faded
}

impl M {
    /// Takes stock of what was run since the last time.
    pub(super) fn measure_grain(&self) {
        let (_created, ended) = self.p().counts();
        self.p().set_fine(self.grain.measure(clock::now(), ended));
    }

    /// More waits in this M's ring than it runs next: wakes another M to share it, if that is worth
    /// it. No fence: the M comes to its ring in any case, so a wake-up missed here delays the
    /// sharing and loses nothing.
    #[inline]
    pub(super) fn share_surplus(&self) {
        let sched = self.sched();
        if sched.permits.any_free() && !self.p().is_fine() && sched.idle.is_quiet() {
            sched.wake_p();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Grain;

    #[test]
    fn goroutines_that_end_at_once_are_fine_and_those_that_live_on_are_not() {
        let grain = Grain::new();
        let run = |times: u64, from: (u64, u64), step: (u64, u64)| {
            (1..=times)
                .map(|n| grain.measure(from.0 + n * step.0, from.1 + n * step.1))
                .last()
        };
        assert_eq!(
            run(40, (0, 0), (2_000, 0)),
            Some(false),
            "short polls of those that live on"
        );
        assert_eq!(
            run(40, (80_000, 0), (10_000, 61)),
            Some(true),
            "164 ns each"
        );
        let (now, ended) = (480_000, 40 * 61);
        assert!(
            grain.measure(now + 90_000, ended + 30),
            "one long poll among them"
        );
        let (now, ended) = (now + 90_000, ended + 30);
        assert_eq!(
            run(40, (now, ended), (1_220_000, 61)),
            Some(false),
            "20 us each"
        );
    }
}
