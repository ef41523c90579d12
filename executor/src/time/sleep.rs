//! A wait for one moment.

use super::{Duration, Instant};
use crate::base::clock;
use crate::base::slice;
use crate::base::wake_list::wake;
use crate::sched::with_wheel;
use crate::timer::{State, Timer};
use pin_project::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// How far ahead a deadline may lie, some 584 years: what the runtime's clock calls never.
const NEVER: Duration = Duration::from_nanos(u64::MAX);

/// The moment `delay` after `at`, or never.
pub(super) fn saturating_add(at: Instant, delay: Duration) -> Instant {
    at.checked_add(delay)
        .or_else(|| at.checked_add(NEVER))
        .unwrap_or(at)
}

/// Waits for `duration`.
///
/// As Go's `time.Sleep`: a zero duration is over at once and does not yield; one that reaches
/// beyond the end of the clock never ends. The time counts from this call, not from the first poll.
///
/// # Cancel safety
///
/// Dropping the future ends the wait and leaves nothing behind.
///
/// # Examples
///
/// ```
/// use gort::time::{Duration, Instant, sleep};
///
/// gort::block_on(async {
///     let start = Instant::now();
///     sleep(Duration::from_millis(2)).await;
///     assert!(start.elapsed() >= Duration::from_millis(2));
/// });
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    let deadline = saturating_add(Instant::now(), duration);
    Sleep {
        deadline,
        ahead: !duration.is_zero(),
        timer: Timer::new(),
    }
}

/// Waits until `deadline`; a moment that is past is over at once.
///
/// # Cancel safety
///
/// Dropping the future ends the wait and leaves nothing behind.
///
/// # Examples
///
/// ```
/// use gort::time::{Duration, Instant, sleep_until};
///
/// gort::block_on(async {
///     let deadline = Instant::now() + Duration::from_millis(2);
///     sleep_until(deadline).await;
///     assert!(Instant::now() >= deadline);
/// });
/// ```
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep {
        deadline,
        ahead: false,
        timer: Timer::new(),
    }
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// It stays ready once its time has come, and may be polled again. The deadline can be moved with
/// [`reset`](Sleep::reset), which needs the future pinned, by [`Box::pin`] or [`std::pin::pin!`].
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Sleep {
    deadline: Instant,
    /// The deadline was made from a look at the clock and lies after it: the first poll need not
    /// look again. If the time is up by then, the wheel finds out.
    ahead: bool,
    #[pin]
    timer: Timer,
}

impl Sleep {
    /// When the wait ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, Instant, sleep_until};
    ///
    /// let deadline = Instant::now() + Duration::from_secs(1);
    /// assert_eq!(sleep_until(deadline).deadline(), deadline);
    /// ```
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the deadline has come.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, sleep};
    ///
    /// assert!(sleep(Duration::ZERO).is_elapsed());
    /// assert!(!sleep(Duration::from_secs(60)).is_elapsed());
    /// ```
    pub fn is_elapsed(&self) -> bool {
        self.timer.state() == State::Fired || Instant::now() >= self.deadline
    }

    /// Moves the deadline, whether it has come or not.
    ///
    /// A task that waits already is woken at the new deadline, at once if that is past; it need not
    /// poll again. Moving a deadline further into the future, as one does with each sign of life of
    /// a peer, is cheap: the timer stays where it is until its old time comes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, Instant, sleep};
    /// use std::pin::pin;
    ///
    /// gort::block_on(async {
    ///     let mut idle = pin!(sleep(Duration::from_secs(3600)));
    ///     idle.as_mut().reset(Instant::now() + Duration::from_millis(1));
    ///     idle.await;
    /// });
    /// ```
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let mut this = self.project();
        *this.deadline = deadline;
        *this.ahead = false;
        if this.timer.as_mut().postpone(clock::nanos(deadline)) {
            return;
        }
        let Some(waker) = this.timer.as_mut().cancel() else {
            return;
        };
        if Instant::now() >= deadline {
            wake(waker);
        } else {
            // Into the wheel of this thread's runtime, whose poller can be told.
            arm(this.timer, deadline, waker);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        match this.timer.as_mut().poll(cx.waker()) {
            State::Fired => return Poll::Ready(()),
            State::Armed => return Poll::Pending,
            State::Idle if slice::is_over(cx) => return Poll::Pending,
            State::Idle => {}
        }
        let ahead = std::mem::take(this.ahead);
        if !ahead && Instant::now() >= *this.deadline {
            return Poll::Ready(());
        }
        arm(this.timer, *this.deadline, cx.waker().clone());
        Poll::Pending
    }
}

fn arm(timer: Pin<&mut Timer>, deadline: Instant, waker: Waker) {
    let when = clock::nanos(deadline);
    with_wheel(|wheel| (wheel.insert(timer, when, waker), ()));
}

#[cfg(test)]
mod tests {
    use super::{NEVER, Sleep, saturating_add, sleep, sleep_until};
    use crate::timer::State;
    use std::pin::Pin;
    use std::thread;
    use std::time::{Duration, Instant};
    use tokio_test::task::{Spawn, spawn};
    use tokio_test::{assert_pending, assert_ready};

    const HOUR: Duration = Duration::from_secs(3600);

    /// A task around a sleep that can be looked at and reset.
    fn boxed(sleep: Sleep) -> Spawn<Pin<Box<Sleep>>> {
        spawn(Box::pin(sleep))
    }

    fn is_registered(sleep: &Sleep) -> bool {
        sleep.timer.state() == State::Armed
    }

    /// Waits for the wake-up of `task`, at most ten seconds.
    fn is_woken_soon<T>(task: &Spawn<T>) -> bool {
        (0..10_000).any(|_| {
            thread::sleep(Duration::from_millis(1));
            task.is_woken()
        })
    }

    #[test]
    fn a_sleep_can_be_sent_and_shared() {
        fn both<T: Send + Sync>() {}
        both::<Sleep>();
    }

    #[test]
    fn a_zero_sleep_is_ready_at_once_without_a_timer() {
        let mut zero = boxed(sleep(Duration::ZERO));
        assert_ready!(zero.poll());
        assert_eq!(zero.timer.state(), State::Idle);
        assert!(zero.is_elapsed());
        assert_ready!(zero.poll(), "and stays ready");
    }

    #[test]
    fn a_moment_that_is_past_is_over_at_once_without_a_timer() {
        let mut past = boxed(sleep_until(Instant::now()));
        assert_ready!(past.poll());
        assert_eq!(past.timer.state(), State::Idle);
    }

    #[test]
    fn a_sleep_is_registered_from_its_first_poll_on() {
        let mut long = boxed(sleep(HOUR));
        assert!(!is_registered(&long));
        assert_pending!(long.poll());
        assert!(is_registered(&long));
        assert!(!long.is_elapsed());
    }

    #[test]
    fn a_sleep_wakes_at_its_deadline_and_never_before() {
        for delay in [1, 900_000, 3_000_000] {
            let mut short = boxed(sleep(Duration::from_nanos(delay)));
            assert_pending!(short.poll());
            assert!(is_woken_soon(&short));
            assert!(Instant::now() >= short.deadline());
            assert_ready!(short.poll());
            assert_ready!(short.poll(), "and stays ready");
        }
    }

    #[test]
    fn an_endless_sleep_pends_and_is_dropped_like_any_other() {
        let mut endless = boxed(sleep(Duration::MAX));
        assert_pending!(endless.poll());
        assert!(endless.deadline() > Instant::now() + HOUR * 24 * 365 * 100);
        assert!(!endless.is_elapsed());
        endless.as_mut().reset(Instant::now());
        assert!(endless.is_woken());
        assert_ready!(endless.poll());
    }

    #[test]
    fn an_earlier_deadline_wakes_without_another_poll() {
        let mut moved = boxed(sleep(HOUR));
        assert_pending!(moved.poll());
        moved
            .as_mut()
            .reset(Instant::now() + Duration::from_millis(1));
        assert!(is_woken_soon(&moved));
        assert_ready!(moved.poll());
    }

    #[test]
    fn a_later_deadline_outlives_the_old_one() {
        let mut moved = boxed(sleep(Duration::from_millis(2)));
        assert_pending!(moved.poll());
        let later = Instant::now() + HOUR;
        moved.as_mut().reset(later);
        thread::sleep(Duration::from_millis(10));
        assert_eq!(moved.deadline(), later);
        assert_pending!(moved.poll());
    }

    #[test]
    fn a_sleep_that_is_over_sleeps_again_after_a_reset() {
        let mut again = boxed(sleep(Duration::from_millis(1)));
        assert_pending!(again.poll());
        assert!(is_woken_soon(&again));
        again.as_mut().reset(Instant::now() + HOUR);
        assert!(!again.is_elapsed());
        assert_pending!(again.poll());
        again.as_mut().reset(Instant::now());
        assert!(again.is_woken());
        assert_ready!(again.poll());
    }

    #[test]
    fn deadlines_beyond_the_clock_saturate() {
        let now = Instant::now();
        assert_eq!(saturating_add(now, Duration::MAX), now + NEVER);
        assert_eq!(saturating_add(now, HOUR), now + HOUR);
    }
}
