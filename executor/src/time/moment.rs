//! A moment that may be moved: what [`Timer`](super::Timer) and [`Ticker`](super::Ticker) share.
//!
//! Go's timer has a channel that the runtime sends to. Since Go 1.23 that channel behaves as if it
//! held nothing: the value comes into being when somebody receives it, and a timer that nobody
//! waits for is in no heap. Here it is so literally. A [`Moment`] is a number under a lock; it is
//! compared with the clock by whoever wants the value, and whoever must wait brings a timer along
//! in its own future. So nothing has to be taken back by a stop or a reset: a moment that was
//! replaced is gone.
//!
//! # Invariants
//!
//! 1. A future that waits is in the queue of the moment, and its timer is set for the moment that
//!    it saw there. Whoever changes the moment empties the queue and wakes all who were in it.
//! 2. Whoever takes the value does so under the lock, and only if it is due. Each value is taken
//!    once.

use super::sleep::saturating_add;
use super::{Duration, Instant, Sleep, sleep_until};
use crate::base::lock::Mutex;
use crate::base::wake_list::{drop_quietly, wake};
use crate::wait::{WaitQueue, Waiter};
use pin_project::{pin_project, pinned_drop};
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// When something is due, for anybody to take or to change.
#[derive(Debug)]
pub(super) struct Moment {
    state: Mutex<State>,
}

/// Protected by the lock of the moment.
#[derive(Debug)]
struct State {
    /// `None`: stopped, or taken and not to come again.
    due: Option<Instant>,
    /// How far the next moment lies after one that was taken.
    period: Option<Duration>,
    /// Who is to hear of a change.
    waiters: WaitQueue<()>,
}

impl State {
    /// Takes the value if it is due: the moment at which it was. The next one keeps the phase.
    fn take(&mut self) -> Option<Instant> {
        let due = self.due?;
        let late = Instant::now().checked_duration_since(due)?;
        self.due = self.period.map(|period| next(due, late, period));
        Some(due)
    }
}

/// The first moment after now that lies a whole number of periods after `due`, which was `late`
/// ago: Go's `next = when + period * (1 + delay / period)`.
fn next(due: Instant, late: Duration, period: Duration) -> Instant {
    let passed = late.as_nanos() / period.as_nanos().max(1) + 1;
    // More than 584 years, or as many as that, do not come.
    let ahead = period.as_nanos().saturating_mul(passed);
    let ahead = u64::try_from(ahead).unwrap_or(u64::MAX);
    saturating_add(due, Duration::from_nanos(ahead))
}

impl Moment {
    pub(super) fn new(due: Instant, period: Option<Duration>) -> Self {
        Self {
            state: Mutex::new(State {
                due: Some(due),
                period,
                waiters: WaitQueue::new(),
            }),
        }
    }

    /// Replaces the moment by `due`, or by none. Tells whether there was one, even one that was due
    /// and not taken.
    pub(super) fn set(&self, due: Option<Instant>) -> bool {
        self.change(|state| mem::replace(&mut state.due, due).is_some())
    }

    /// Replaces the moment and what is to come after it.
    pub(super) fn set_periodic(&self, due: Instant, period: Duration) {
        self.change(|state| {
            state.due = Some(due);
            state.period = Some(period);
        });
    }

    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut wakers = Vec::new();
        let mut state = self.state.lock();
        let changed = change(&mut state);
        while let Some(((), waker)) = state.waiters.take_front(|()| Some(())) {
            wakers.extend(waker);
        }
        drop(state);
        wakers.into_iter().for_each(wake);
        changed
    }

    /// Waits until the moment is due, and takes it; waits on while there is none.
    pub(super) fn take(&self) -> Take<'_> {
        Take {
            moment: self,
            waiter: Waiter::new(()),
            sleep: None,
        }
    }
}

/// The future of [`Moment::take`].
#[pin_project(PinnedDrop)]
#[derive(Debug)]
pub(super) struct Take<'a> {
    moment: &'a Moment,
    #[pin]
    waiter: Waiter<()>,
    /// Until the moment, from the first wait on.
    #[pin]
    sleep: Option<Sleep>,
}

/// What a look at the moment has found.
enum Look {
    Taken(Instant),
    /// Not yet, and the waiter is in the queue.
    Ahead(Option<Instant>),
}

impl Take<'_> {
    /// Takes the value if it is due. Otherwise the waiter is in the queue, with `waker`.
    fn look(self: Pin<&mut Self>, waker: Waker) -> Look {
        let mut this = self.project();
        let mut state = this.moment.state.lock();
        if let Some(due) = state.take() {
            let stale = state.waiters.remove(this.waiter.as_mut());
            drop(state);
            drop_quietly(stale);
            return Look::Taken(due);
        }
        let look = Look::Ahead(state.due);
        if this.waiter.is_waiting() {
            let stale = state.waiters.rewake(this.waiter, waker);
            drop(state);
            drop_quietly(stale);
        } else {
            // SAFETY: the drop of `Take` takes the waiter out, and the queue lies in a moment
            // that is borrowed until then.
            unsafe { state.waiters.push_back(this.waiter, waker) };
        }
        look
    }
}

impl Future for Take<'_> {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        loop {
            let due = match self.as_mut().look(cx.waker().clone()) {
                Look::Taken(due) => return Poll::Ready(due),
                Look::Ahead(due) => due,
            };
            let mut sleep = self.as_mut().project().sleep;
            if sleep.as_ref().as_pin_ref().map(|sleep| sleep.deadline()) != due {
                sleep.set(due.map(sleep_until));
            }
            let sleep = sleep.as_pin_mut();
            // Otherwise the moment came between the look and this.
            if sleep.is_none_or(|sleep| sleep.poll(cx).is_pending()) {
                return Poll::Pending;
            }
        }
    }
}

#[pinned_drop]
impl PinnedDrop for Take<'_> {
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        if this.waiter.is_waiting() {
            let waker = this.moment.state.lock().waiters.remove(this.waiter);
            drop_quietly(waker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, Take, next};
    use futures::FutureExt;
    use std::future::Future;
    use std::sync::Arc;
    use std::task::{Context, Wake, Waker};
    use std::time::{Duration, Instant};
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready, assert_ready_eq};

    const HOUR: Duration = Duration::from_secs(3600);

    fn ago(minutes: u32) -> Instant {
        Instant::now() - Duration::from_secs(60) * minutes
    }

    fn in_an_hour() -> Instant {
        Instant::now() + HOUR
    }

    #[test]
    fn a_moment_and_its_waits_can_be_sent_and_shared() {
        fn both<T: Send + Sync>() {}
        both::<Moment>();
        both::<Take<'static>>();
    }

    #[test]
    fn a_value_is_the_moment_at_which_it_was_due_and_is_taken_once() {
        let due = ago(1);
        let moment = Moment::new(due, None);
        assert_ready_eq!(spawn(moment.take()).poll(), due);
        let mut again = spawn(moment.take());
        assert_pending!(again.poll());
        assert!(!moment.set(None), "there is nothing to stop");
    }

    #[test]
    fn of_what_was_missed_one_is_kept_and_the_phase_stays() {
        let due = ago(150);
        let moment = Moment::new(due, Some(HOUR));
        assert_ready_eq!(spawn(moment.take()).poll(), due);
        assert_pending!(spawn(moment.take()).poll());
        let state = moment.state.lock();
        assert_eq!(state.due, Some(due + 3 * HOUR));
    }

    #[test]
    fn a_change_wakes_who_waits_and_takes_an_old_value_back() {
        let moment = Moment::new(in_an_hour(), None);
        let mut waits = spawn(moment.take());
        assert_pending!(waits.poll());
        assert!(moment.set(Some(ago(1))), "it was there");
        assert!(waits.is_woken());
        assert!(moment.set(Some(in_an_hour())), "it was due and not taken");
        assert_pending!(waits.poll());
        assert!(moment.set(None));
        assert!(waits.is_woken());
        assert_pending!(waits.poll());
        assert!(!moment.set(Some(ago(1))));
        assert!(waits.is_woken());
        assert_ready!(waits.poll());
    }

    #[test]
    fn one_of_several_that_wait_gets_the_value() {
        let moment = Moment::new(in_an_hour(), None);
        let mut waits = [(); 3].map(|()| spawn(moment.take()));
        for wait in &mut waits {
            assert_pending!(wait.poll());
        }
        moment.set(Some(ago(1)));
        assert!(waits.iter().all(|wait| wait.is_woken()));
        assert_ready!(waits[1].poll());
        assert_pending!(waits[0].poll());
        assert_pending!(waits[2].poll());
        assert!(!moment.set(None));
    }

    #[test]
    fn a_wait_that_is_dropped_at_any_point_has_taken_nothing() {
        let moment = Moment::new(in_an_hour(), None);
        drop(moment.take());
        let mut polled = spawn(moment.take());
        assert_pending!(polled.poll());
        drop(polled);
        let mut woken = spawn(moment.take());
        assert_pending!(woken.poll());
        moment.set(Some(ago(1)));
        assert!(woken.is_woken());
        drop(woken);
        assert!(moment.take().now_or_never().is_some());
    }

    #[test]
    fn a_wait_has_one_waker_the_last_one() {
        struct Count;
        impl Wake for Count {
            fn wake(self: Arc<Self>) {}
        }
        let wakers = [(); 2].map(|()| Arc::new(Count));
        let copies = || [0, 1].map(|n| Arc::strong_count(&wakers[n]) - 1);
        let moment = Moment::new(in_an_hour(), None);
        let mut wait = Box::pin(moment.take());
        for waker in [0, 0, 1] {
            let waker = Waker::from(Arc::clone(&wakers[waker]));
            let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
        }
        assert_eq!(copies(), [0, 2], "one in the queue, one in the wheel");
        drop(wait);
        assert_eq!(copies(), [0, 0]);
    }

    #[test]
    fn a_stop_leaves_no_timer_in_the_wheel() {
        let moment = Moment::new(in_an_hour(), None);
        let mut wait = Box::pin(moment.take());
        assert!(wait.sleep.is_none(), "it is in no wheel until it is polled");
        assert!(wait.as_mut().now_or_never().is_none());
        assert!(wait.sleep.is_some());
        moment.set(None);
        assert!(wait.as_mut().now_or_never().is_none());
        assert!(wait.sleep.is_none());
    }

    #[test]
    fn the_next_moment_keeps_the_phase_and_lies_ahead() {
        let (due, period) = (Instant::now(), Duration::from_millis(50));
        let after = |late: u64| (next(due, Duration::from_millis(late), period) - due).as_millis();
        assert_eq!([0, 49, 50, 99, 1030].map(after), [50, 50, 100, 100, 1050]);
    }

    #[test]
    fn extreme_periods_and_latenesses_saturate() {
        let due = Instant::now();
        let century = Duration::from_secs(100 * 365 * 24 * 3600);
        assert!(next(due, Duration::ZERO, Duration::MAX) > due + century);
        assert!(next(due, century, Duration::from_nanos(1)) > due + century);
        assert!(next(due, century, Duration::MAX) > due + century);
    }
}
