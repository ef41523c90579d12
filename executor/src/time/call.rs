//! A call that the clock makes: what [`after_func`](super::after_func()) and the deadlines of
//! contexts stand on.
//!
//! A [`Call`] owns its timer, and the waker that the timer wakes is the call itself. So nothing
//! polls it, and no goroutine waits for it: whoever looks at the clock makes the call.
//!
//! ```text
//!             set                     the timer fires: its waker comes
//!   at rest ------->  due, timer armed  ------------------------------>  at rest, and the act
//!      ^ ^               |  ^                                              is done
//!      | +---- stop -----+  +-- set (moved)
//!      +---- the runtime of the timer has gone, and the act goes with it
//! ```
//!
//! A waker that has been taken from the wheel comes even if the call was stopped or moved in
//! between. It finds that out under the lock: nothing is due any more, or the timer is armed again
//! and a waker of its own will come.
//!
//! While the timer is armed the call refers to itself through the wheel, and lives until it is
//! made or stopped.

use super::Instant;
use crate::base::clock::{Nanos, nanos};
use crate::base::lock::Mutex;
use crate::sched::with_wheel;
use crate::timer::{State as TimerState, Timer};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Wake, Waker};

/// What is done when the time has come.
pub(crate) trait Act: Send + Sync + 'static {
    /// Whether it is still to be done when the runtime whose clock it waited for has gone.
    const OUTLIVES_RUNTIME: bool;

    /// Does it, on the thread that looked at the clock, which others wait for. No lock is held.
    fn act(&self);
}

/// An act, and when it is due.
pub(crate) struct Call<A> {
    /// Protects itself. The lock of a wheel is taken under it, and no other. The waker that is
    /// cloned and moved under it is the call's own, whose clone is a count.
    state: Mutex<State>,
    act: A,
}

struct State {
    /// `None` while the call is at rest.
    due: Option<Nanos>,
    /// Armed while the call is due, until the timer's waker is on its way.
    timer: Timer,
}

impl State {
    fn timer(&mut self) -> Pin<&mut Timer> {
        // SAFETY: the state of a call never moves: `Call::new` puts it into an `Arc`, which gives
        // nothing back.
        unsafe { Pin::new_unchecked(&mut self.timer) }
    }

    /// Arms the timer, which is not armed.
    fn arm(&mut self, due: Nanos, waker: Waker) {
        with_wheel(|wheel| (wheel.insert(self.timer(), due, waker), ()));
    }
}

impl<A: Act> Call<A> {
    /// A call at rest.
    pub(crate) fn new(act: A) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                due: None,
                timer: Timer::new(),
            }),
            act,
        })
    }

    /// What is done.
    pub(super) fn act(&self) -> &A {
        &self.act
    }

    /// Makes the call due at `at`, whatever it was. Tells whether it was due before.
    ///
    /// # Panics
    /// If there is no runtime, and the default one cannot be started.
    pub(crate) fn set(self: &Arc<Self>, at: Instant) -> bool {
        let (due, waker) = (nanos(at), Waker::from(Arc::clone(self)));
        let mut state = self.state.lock();
        let stale = state.timer().cancel();
        state.arm(due, waker);
        let was_due = state.due.replace(due).is_some();
        drop(state);
        drop(stale);
        was_due
    }

    /// Puts the call to rest. `true`: it was due, and is not made.
    pub(crate) fn stop(&self) -> bool {
        let mut state = self.state.lock();
        let was_due = state.due.take().is_some();
        let stale = state.timer().cancel();
        drop(state);
        drop(stale);
        was_due
    }
}

impl<A: Act> Wake for Call<A> {
    /// The timer's waker comes.
    fn wake(self: Arc<Self>) {
        let mut state = self.state.lock();
        let Some(due) = state.due else { return };
        match state.timer.state() {
            TimerState::Fired => {
                state.due = None;
                drop(state);
                self.act.act();
            }
            // It was moved after the timer had fired.
            TimerState::Armed => {}
            // The wheel was given up.
            TimerState::Idle if A::OUTLIVES_RUNTIME => {
                state.arm(due, Waker::from(Arc::clone(&self)));
            }
            TimerState::Idle => state.due = None,
        }
    }
}

impl<A> fmt::Debug for Call<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("is_due", &self.state.lock().due.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Act, Call};
    use crate::timer::State;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::thread;
    use std::time::{Duration, Instant};

    #[derive(Clone, Default)]
    struct Acts<const OUTLIVES: bool>(Arc<AtomicUsize>);

    impl<const OUTLIVES: bool> Acts<OUTLIVES> {
        fn count(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    impl<const OUTLIVES: bool> Act for Acts<OUTLIVES> {
        const OUTLIVES_RUNTIME: bool = OUTLIVES;

        fn act(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn in_an_hour() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    fn timer<A>(call: &Call<A>) -> State {
        call.state.lock().timer.state()
    }

    fn soon(condition: impl Fn() -> bool) -> bool {
        (0..10_000).any(|_| {
            thread::sleep(Duration::from_millis(1));
            condition()
        })
    }

    #[test]
    fn a_call_is_made_once_when_it_is_due_and_never_before() {
        let acts = Acts::<false>::default();
        let call = Call::new(acts.clone());
        assert!(!call.set(Instant::now() + Duration::from_millis(2)));
        assert!(soon(|| acts.count() == 1));
        assert_eq!(timer(&call), State::Fired);
        assert!(!call.stop());
        assert!(!call.set(Instant::now()), "one that is past comes at once");
        assert!(soon(|| acts.count() == 2));
    }

    #[test]
    fn a_call_that_is_due_refers_to_itself_until_it_is_stopped() {
        let acts = Acts::<false>::default();
        let call = Call::new(acts.clone());
        assert_eq!(Arc::strong_count(&call), 1);
        for again in [false, true, true] {
            assert_eq!(call.set(in_an_hour()), again);
            assert_eq!(Arc::strong_count(&call), 2);
        }
        assert!(call.stop());
        assert!(!call.stop());
        assert_eq!((Arc::strong_count(&call), acts.count()), (1, 0));
    }

    #[test]
    fn a_waker_that_comes_after_a_stop_or_a_move_does_nothing() {
        let acts = Acts::<false>::default();
        let call = Call::new(acts.clone());
        call.set(in_an_hour());
        Arc::clone(&call).wake();
        assert_eq!((acts.count(), timer(&call)), (0, State::Armed), "moved");
        assert!(call.stop());
        Arc::clone(&call).wake();
        assert_eq!((acts.count(), timer(&call)), (0, State::Idle), "stopped");
    }

    #[test]
    fn with_the_runtime_goes_what_does_not_outlive_it() {
        let [forgotten, kept] = [0, 1].map(|_| Arc::new(AtomicUsize::new(0)));
        let forgets = Call::new(Acts::<false>(forgotten));
        let keeps = Call::new(Acts::<true>(kept));
        let runtime = crate::Runtime::builder().procs(1).build().unwrap();
        let handle = runtime.handle();
        let entered = handle.enter();
        forgets.set(in_an_hour());
        keeps.set(in_an_hour());
        drop(entered);
        drop(handle);
        runtime.shutdown(Duration::from_secs(10));
        assert!(soon(|| timer(&forgets) == State::Idle));
        assert_eq!(Arc::strong_count(&forgets), 1);
        assert!(!forgets.stop());
        assert!(
            keeps.stop(),
            "it waits for the clock of the default runtime"
        );
        assert_eq!(Arc::strong_count(&keeps), 1);
    }
}
