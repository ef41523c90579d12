//! Moments at equal distances.

use super::sleep::saturating_add;
use super::{Duration, Instant, Sleep, sleep_until};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A tick that is taken no later than this, and before the next one is due, counts as on time for
/// [`MissedTickBehavior::Delay`]: lateness of the scheduler is no reason to drift.
const ON_TIME: Duration = Duration::from_millis(5);

/// Ticks every `period`, at once for the first time.
///
/// # Panics
///
/// If `period` is zero.
///
/// # Examples
///
/// ```
/// use gort::time::{Duration, interval};
///
/// gort::block_on(async {
///     let mut ticks = interval(Duration::from_millis(2));
///     let first = ticks.tick().await;
///     let second = ticks.tick().await;
///     assert_eq!(second - first, Duration::from_millis(2));
/// });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks every `period`, at `start` for the first time.
///
/// # Panics
///
/// If `period` is zero.
///
/// # Examples
///
/// ```
/// use gort::time::{Duration, Instant, interval_at};
///
/// gort::block_on(async {
///     let start = Instant::now() + Duration::from_millis(2);
///     let mut ticks = interval_at(start, Duration::from_secs(1));
///     assert_eq!(ticks.tick().await, start);
/// });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "the period of an interval must not be zero; to let others run between the rounds of a \
         loop, await gort::yield_now() in it"
    );
    let sleep = Box::pin(sleep_until(start));
    Interval {
        sleep,
        period,
        missed: MissedTickBehavior::default(),
    }
}

/// What an [`Interval`] does after a tick that was taken too late.
///
/// With a period of 50 ms and a second tick taken 130 ms late:
///
/// ```text
/// on time: 0    50   100  150  200  250  300
/// Burst:   0              180, 180, 180    200  250  300     as many as were missed, at once
/// Delay:   0              180       230       280            the period counts from the late one
/// Skip:    0              180  200  250  300                 the missed ones are left out
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MissedTickBehavior {
    /// Catches up: each missed tick is given, one right after the other. For work that must be done
    /// a certain number of times.
    #[default]
    Burst,
    /// Starts anew: the next tick is one period after the late one. For pauses between two rounds.
    Delay,
    /// Drops the missed ticks and keeps the phase, as Go's `time.Ticker` does. For things that
    /// should happen at certain moments or not at all.
    Skip,
}

impl MissedTickBehavior {
    /// The tick after the one that was due at `due` and is taken at `now`.
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        let late = now.saturating_duration_since(due);
        match self {
            Self::Delay if late > ON_TIME.min(period) => saturating_add(now, period),
            Self::Skip if late >= period => saturating_add(now, period - modulo(late, period)),
            _ => saturating_add(due, period),
        }
    }
}

/// `late` modulo `period`.
fn modulo(late: Duration, period: Duration) -> Duration {
    let rest = late.as_nanos() % period.as_nanos();
    // A lateness of more than 584 years does not occur.
    Duration::from_nanos(u64::try_from(rest).unwrap_or(0))
}

/// Ticks at equal distances. Made by [`interval`] and [`interval_at`].
#[derive(Debug)]
pub struct Interval {
    /// Until the next tick.
    sleep: Pin<Box<Sleep>>,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick and returns the moment at which it was due.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before it is ready has taken no tick; the next call waits for the
    /// same one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, interval};
    ///
    /// gort::block_on(async {
    ///     let mut ticks = interval(Duration::from_millis(1));
    ///     for _ in 0..3 {
    ///         ticks.tick().await;
    ///     }
    /// });
    /// ```
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick; the form of [`tick`](Interval::tick) for futures written by hand.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.sleep.as_mut().poll(cx));
        let due = self.sleep.deadline();
        self.reset_at(self.missed.next(due, Instant::now(), self.period));
        Poll::Ready(due)
    }

    /// Makes the next tick come one period from now.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, Instant, interval};
    ///
    /// gort::block_on(async {
    ///     let mut ticks = interval(Duration::from_millis(2));
    ///     let now = Instant::now();
    ///     ticks.reset();
    ///     assert!(ticks.tick().await >= now + Duration::from_millis(2));
    /// });
    /// ```
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Makes the next tick come now.
    pub fn reset_immediately(&mut self) {
        self.reset_after(Duration::ZERO);
    }

    /// Makes the next tick come `delay` from now. The period stays.
    pub fn reset_after(&mut self, delay: Duration) {
        self.reset_at(saturating_add(Instant::now(), delay));
    }

    /// Makes the next tick come at `deadline`. The period stays.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.sleep.as_mut().reset(deadline);
    }

    /// The distance of two ticks.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What happens after a tick that was taken too late.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Sets what happens after a tick that was taken too late; it is
    /// [`Burst`](MissedTickBehavior::Burst) at first.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, MissedTickBehavior, interval};
    ///
    /// let mut ticks = interval(Duration::from_secs(1));
    /// ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    /// assert_eq!(ticks.missed_tick_behavior(), MissedTickBehavior::Skip);
    /// ```
    pub fn set_missed_tick_behavior(&mut self, missed: MissedTickBehavior) {
        self.missed = missed;
    }
}

#[cfg(test)]
mod tests {
    use super::MissedTickBehavior::{self, Burst, Delay, Skip};
    use super::{Interval, interval, interval_at};
    use std::time::{Duration, Instant};
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready, assert_ready_eq};

    const PERIOD: Duration = Duration::from_millis(50);

    /// Milliseconds from a tick that was due at 0 and taken `late` ms after, to the next.
    fn next(missed: MissedTickBehavior, late: u64) -> u128 {
        let due = Instant::now();
        let next = missed.next(due, due + Duration::from_millis(late), PERIOD);
        (next - due).as_millis()
    }

    #[test]
    fn an_interval_can_be_sent_shared_and_moved() {
        fn all<T: Send + Sync + Unpin>() {}
        all::<Interval>();
    }

    #[test]
    fn a_tick_on_time_keeps_the_phase() {
        for missed in [Burst, Delay, Skip] {
            assert_eq!(next(missed, 0), 50);
            assert_eq!(next(missed, 5), 50, "{missed:?}");
        }
    }

    #[test]
    fn burst_gives_each_missed_tick() {
        assert_eq!(next(Burst, 49), 50);
        assert_eq!(next(Burst, 1000), 50);
    }

    #[test]
    fn delay_counts_from_the_late_tick() {
        assert_eq!(next(Delay, 6), 56);
        assert_eq!(next(Delay, 130), 180);
    }

    #[test]
    fn skip_drops_the_missed_ticks_and_keeps_the_phase() {
        assert_eq!(next(Skip, 49), 50);
        assert_eq!(next(Skip, 50), 100);
        assert_eq!(next(Skip, 130), 150);
        assert_eq!(next(Skip, 1030), 1050);
    }

    #[test]
    fn the_next_tick_is_later_than_the_last_at_any_lateness_and_period() {
        for missed in [Burst, Delay, Skip] {
            for period in [1, 1000, 1 << 40, u64::MAX].map(Duration::from_nanos) {
                for late in [0, 1, 999, 1000, 1 << 50].map(Duration::from_nanos) {
                    let due = Instant::now();
                    assert!(missed.next(due, due + late, period) > due);
                }
            }
            let due = Instant::now();
            assert!(missed.next(due, due, Duration::MAX) > due);
        }
    }

    #[test]
    fn the_first_tick_comes_at_once_and_the_second_after_a_period() {
        let mut ticks = interval(Duration::from_secs(3600));
        assert_ready!(spawn(ticks.tick()).poll());
        let mut second = spawn(ticks.tick());
        assert_pending!(second.poll());
    }

    #[test]
    fn ticks_are_a_period_apart() {
        let start = Instant::now();
        let mut ticks = interval_at(start, Duration::from_millis(2));
        for tick in 0..4 {
            let due = tokio_test::block_on(ticks.tick());
            assert_eq!(due, start + Duration::from_millis(2) * tick);
            assert!(Instant::now() >= due);
        }
    }

    #[test]
    fn a_dropped_tick_is_not_lost() {
        let start = Instant::now() + Duration::from_millis(2);
        let mut ticks = interval_at(start, Duration::from_secs(3600));
        assert_pending!(spawn(ticks.tick()).poll());
        assert_eq!(tokio_test::block_on(ticks.tick()), start);
    }

    #[test]
    fn missed_ticks_come_in_one_burst() {
        let period = Duration::from_secs(10);
        let start = Instant::now() - Duration::from_secs(25);
        let mut ticks = interval_at(start, period);
        for missed in 0..3 {
            assert_ready_eq!(spawn(ticks.tick()).poll(), start + period * missed);
        }
        assert_pending!(spawn(ticks.tick()).poll());
    }

    #[test]
    fn reset_counts_from_now() {
        let hour = Duration::from_secs(3600);
        let mut ticks = interval(hour);
        ticks.reset();
        assert_pending!(spawn(ticks.tick()).poll());
        ticks.reset_immediately();
        assert_ready!(spawn(ticks.tick()).poll());
        ticks.reset_after(Duration::MAX);
        assert_pending!(spawn(ticks.tick()).poll());
        let now = Instant::now();
        ticks.reset_at(now);
        assert_eq!(tokio_test::block_on(ticks.tick()), now);
        assert_eq!(ticks.period(), hour);
    }

    #[test]
    #[should_panic(expected = "await gort::yield_now()")]
    fn a_zero_period_is_refused_with_the_way_out() {
        interval(Duration::ZERO);
    }
}
