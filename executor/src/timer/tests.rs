//! What fires when, under a clock that the tests move by hand.

use super::{State, Timer, Wheel};
use crate::base::clock::Nanos;
use crate::base::rng::Rng;
use crate::base::wake_list::{WAKE_LIST_MAX, WakeList};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::thread;

/// One slot of the lowest level.
const TICK: Nanos = 1 << 20;

/// Writes down the names of the wakers that were woken.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<usize>>>);

struct Named(usize, Log);

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.1.0.lock().unwrap().push(self.0);
    }
}

impl Log {
    fn waker(&self, name: usize) -> Waker {
        Arc::new(Named(name, self.clone())).into()
    }

    fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A wheel, and timers named by their numbers.
struct Bench {
    wheel: Wheel,
    timers: Vec<Pin<Box<Timer>>>,
    log: Log,
}

impl Bench {
    fn new(timers: usize) -> Self {
        let timers = (0..timers).map(|_| Box::pin(Timer::new())).collect();
        Self {
            wheel: Wheel::new(),
            timers,
            log: Log::default(),
        }
    }

    fn armed(deadlines: &[Nanos]) -> Self {
        let mut bench = Self::new(deadlines.len());
        for (timer, &when) in deadlines.iter().enumerate() {
            bench.insert(timer, when);
        }
        bench
    }

    fn insert(&mut self, timer: usize, when: Nanos) -> bool {
        let waker = self.log.waker(timer);
        self.wheel.insert(self.timers[timer].as_mut(), when, waker)
    }

    fn postpone(&mut self, timer: usize, when: Nanos) -> bool {
        self.timers[timer].as_mut().postpone(when)
    }

    fn cancel(&mut self, timer: usize) -> bool {
        self.timers[timer].as_mut().cancel().is_some()
    }

    fn state(&self, timer: usize) -> State {
        self.timers[timer].state()
    }

    /// The timers that fire at `now`, in order.
    fn expire(&self, now: Nanos) -> Vec<usize> {
        let mut wakers = WakeList::new();
        loop {
            let more = self.wheel.expire(now, &mut wakers);
            wakers.wake_all();
            if !more {
                return self.log.take();
            }
        }
    }

    /// Follows `next_deadline` until nothing is armed: the deadlines at which something fired, and
    /// what fired.
    fn run(&self) -> Vec<(Nanos, Vec<usize>)> {
        let mut fired = Vec::new();
        while self.wheel.next_deadline() != Nanos::MAX {
            let now = self.wheel.next_deadline();
            let names = self.expire(now);
            if !names.is_empty() {
                fired.push((now, names));
            }
        }
        fired
    }
}

#[test]
fn fires_at_the_exact_deadline_on_every_level() {
    for level in 0..8 {
        let width = TICK << (6 * level);
        for when in [1, width - 1, width, width + 1, width.saturating_mul(63) - 1] {
            let bench = Bench::armed(&[when]);
            assert_eq!(bench.wheel.next_deadline(), when);
            assert_eq!(bench.expire(when - 1), [], "{when} at level {level}");
            assert_eq!(bench.wheel.next_deadline(), when);
            assert_eq!(bench.expire(when), [0], "{when} at level {level}");
            assert_eq!(bench.state(0), State::Fired);
            assert!(bench.wheel.is_empty());
        }
    }
}

#[test]
fn one_late_look_fires_all_levels_in_the_order_of_the_deadlines() {
    let mut deadlines: Vec<Nanos> = (0..60).map(|bit| (1 << bit) + 5).collect();
    deadlines.extend((0..60).map(|bit| (1 << bit) + 4));
    let bench = Bench::armed(&deadlines);
    let mut order: Vec<usize> = (0..deadlines.len()).collect();
    order.sort_by_key(|&timer| deadlines[timer]);
    assert_eq!(bench.expire(1 << 61), order);
}

#[test]
fn timers_of_one_slot_fire_in_the_order_of_their_nanoseconds() {
    let bench = Bench::armed(&[
        5 * TICK + 9,
        5 * TICK + 2,
        5 * TICK + 7,
        5 * TICK,
        5 * TICK + 2,
    ]);
    assert_eq!(bench.expire(5 * TICK + 6), [3, 1, 4]);
    assert_eq!(bench.expire(5 * TICK + 9), [2, 0]);
}

#[test]
fn equal_deadlines_fire_first_come_first_served() {
    for when in [7, 3 * TICK, 1 << 40] {
        let bench = Bench::armed(&[when; 200]);
        assert_eq!(bench.expire(when), (0..200).collect::<Vec<_>>());
    }
}

#[test]
fn insert_tells_when_the_deadline_is_the_earliest() {
    let mut bench = Bench::new(5);
    assert!(bench.insert(0, 500 * TICK));
    assert!(!bench.insert(1, 500 * TICK));
    assert!(!bench.insert(2, 501 * TICK));
    assert!(bench.insert(3, 2 * TICK));
    assert!(!bench.insert(4, Nanos::MAX));
    assert_eq!(bench.wheel.next_deadline(), 2 * TICK);
}

#[test]
fn a_deadline_in_the_past_is_due_at_once() {
    let mut bench = Bench::armed(&[9 * TICK]);
    assert_eq!(bench.expire(100 * TICK), [0]);
    assert!(bench.insert(0, 3 * TICK));
    assert_eq!(bench.wheel.next_deadline(), 3 * TICK);
    assert_eq!(bench.expire(100 * TICK), [0]);
}

#[test]
fn far_deadlines_come_and_the_last_moment_never_does() {
    const HOUR: Nanos = 3_600_000_000_000;
    let far = [
        Nanos::MAX,
        Nanos::MAX - 1,
        400 * 365 * 24 * HOUR,
        HOUR,
        24 * HOUR,
    ];
    let bench = Bench::armed(&far);
    assert_eq!(bench.expire(HOUR - 1), []);
    assert_eq!(bench.expire(HOUR), [3]);
    assert_eq!(bench.expire(25 * HOUR), [4]);
    assert_eq!(bench.expire(Nanos::MAX - 2), [2]);
    assert_eq!(bench.wheel.next_deadline(), Nanos::MAX - 1);
    assert_eq!(bench.expire(Nanos::MAX - 1), [1]);
    assert_eq!(bench.wheel.next_deadline(), Nanos::MAX);
    assert!(!bench.wheel.is_empty(), "an endless sleep is still a sleep");
}

#[test]
fn a_full_list_says_that_more_are_due() {
    let bench = Bench::armed(&[4 * TICK; WAKE_LIST_MAX + 1]);
    let mut wakers = WakeList::new();
    assert!(bench.wheel.expire(5 * TICK, &mut wakers));
    assert_eq!(wakers.len(), WAKE_LIST_MAX);
    assert!(
        bench.wheel.expire(5 * TICK, &mut wakers),
        "a full list takes nobody in"
    );
    assert_eq!(bench.state(WAKE_LIST_MAX), State::Armed);
    assert_eq!(bench.wheel.next_deadline(), 4 * TICK);
    wakers.wake_all();
    assert!(!bench.wheel.expire(5 * TICK, &mut wakers));
    wakers.wake_all();
    assert_eq!(bench.log.take(), (0..=WAKE_LIST_MAX).collect::<Vec<_>>());
}

#[test]
fn exactly_a_full_list_says_that_nothing_more_is_due() {
    let bench = Bench::armed(&[4 * TICK; WAKE_LIST_MAX]);
    let mut wakers = WakeList::new();
    assert!(!bench.wheel.expire(5 * TICK, &mut wakers));
    assert_eq!(wakers.len(), WAKE_LIST_MAX);
}

#[test]
fn a_cancelled_timer_does_not_fire_and_can_be_armed_again() {
    let mut bench = Bench::armed(&[3, 5 * TICK, 5 * TICK, 5 * TICK, 1 << 40]);
    for timer in [0, 2, 4] {
        assert!(bench.cancel(timer));
        assert!(!bench.cancel(timer));
        assert_eq!(bench.state(timer), State::Idle);
    }
    assert_eq!(bench.expire(6 * TICK), [1, 3]);
    assert!(bench.insert(2, 7 * TICK));
    assert_eq!(bench.expire(7 * TICK), [2]);
}

#[test]
fn cancelling_the_last_timer_leaves_no_deadline() {
    let mut bench = Bench::armed(&[5 * TICK]);
    bench.cancel(0);
    assert!(bench.wheel.is_empty());
    assert_eq!(bench.wheel.next_deadline(), Nanos::MAX);
}

#[test]
fn dropping_an_armed_timer_unlinks_it_and_drops_its_waker() {
    let mut bench = Bench::armed(&[3, 5 * TICK, 5 * TICK, 1 << 40]);
    assert_eq!(Arc::strong_count(&bench.log.0), 5);
    bench.timers.drain(..2);
    assert_eq!(Arc::strong_count(&bench.log.0), 3);
    assert_eq!(bench.expire(1 << 41), [2, 3]);
    assert!(bench.wheel.is_empty());
}

#[test]
fn dropping_a_fired_timer_leaves_the_others_alone() {
    let mut bench = Bench::armed(&[TICK, TICK, 9 * TICK]);
    assert_eq!(bench.expire(TICK), [0, 1]);
    bench.timers.drain(..2);
    assert_eq!(bench.expire(9 * TICK), [2]);
}

#[test]
fn postponing_moves_only_towards_the_future() {
    for when in [5, 2 * TICK, 1 << 40] {
        let mut bench = Bench::armed(&[when, when, when]);
        assert!(bench.postpone(0, when + 3 * TICK));
        assert!(!bench.postpone(1, when - 1));
        assert!(
            bench.postpone(1, when),
            "to the same deadline, behind the others"
        );
        assert_eq!(
            bench.run(),
            [(when, vec![2, 1]), (when + 3 * TICK, vec![0])]
        );
        assert!(!bench.postpone(0, Nanos::MAX), "it has fired");
    }
}

#[test]
fn inserting_an_armed_timer_moves_it() {
    let mut bench = Bench::armed(&[5 * TICK, 6 * TICK]);
    assert!(bench.insert(0, 2 * TICK));
    assert!(!bench.insert(1, 8 * TICK));
    assert_eq!(bench.run(), [(2 * TICK, vec![0]), (8 * TICK, vec![1])]);
}

#[test]
fn a_timer_moves_from_one_wheel_to_another() {
    let (mut one, other) = (Bench::armed(&[5 * TICK]), Bench::new(0));
    let waker = other.log.waker(7);
    assert!(other.wheel.insert(one.timers[0].as_mut(), 6 * TICK, waker));
    assert!(one.wheel.is_empty());
    assert_eq!(one.expire(9 * TICK), []);
    assert_eq!(other.expire(9 * TICK), [7]);
    assert!(one.insert(0, 10 * TICK));
    assert_eq!(one.expire(10 * TICK), [0]);
}

#[test]
fn polling_names_the_waker_that_is_woken() {
    let mut bench = Bench::new(1);
    let (old, new) = (bench.log.waker(10), bench.log.waker(11));
    assert_eq!(bench.timers[0].as_mut().poll(&old), State::Idle);
    bench.wheel.insert(bench.timers[0].as_mut(), 9, old.clone());
    assert_eq!(bench.timers[0].as_mut().poll(&old), State::Armed);
    assert_eq!(bench.timers[0].as_mut().poll(&new), State::Armed);
    assert_eq!(bench.expire(9), [11]);
    assert_eq!(bench.timers[0].as_mut().poll(&old), State::Fired);
}

#[test]
fn a_wheel_that_goes_wakes_its_timers_and_leaves_them_idle() {
    let deadlines: Vec<Nanos> = (0..150).map(|timer| timer * TICK * 3).collect();
    let mut bench = Bench::armed(&deadlines);
    bench.insert(149, Nanos::MAX);
    drop(std::mem::replace(&mut bench.wheel, Wheel::new()));
    let mut woken = bench.log.take();
    woken.sort_unstable();
    assert_eq!(woken, (0..150).collect::<Vec<_>>());
    assert!(
        bench
            .timers
            .iter()
            .all(|timer| timer.state() == State::Idle)
    );
    assert!(bench.wheel.is_empty());
    bench.insert(3, 5);
    assert_eq!(bench.expire(5), [3]);
}

#[test]
fn a_panicking_waker_drop_is_contained() {
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("no message is printed for this one"));
        }
    }
    let mut bench = Bench::new(2);
    for timer in &mut bench.timers {
        bench
            .wheel
            .insert(timer.as_mut(), TICK, Arc::new(Bomb).into());
    }
    bench.insert(0, TICK);
    bench.timers.pop();
    assert_eq!(bench.expire(TICK), [0]);
}

/// Counts wake-ups.
#[derive(Default)]
struct Count(AtomicU64);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Arms, moves and cancels twenty timers at random, in two wheels. Returns how many were armed and
/// not given back by a cancel.
fn churn(wheels: &[Wheel; 2], now: &AtomicU64, count: &Arc<Count>, seed: u64) -> u64 {
    let rng = Rng::new(seed);
    let mut timers: Vec<_> = (0..20).map(|_| Box::pin(Timer::new())).collect();
    let mut owed = 0;
    for _ in 0..20_000 {
        let timer = &mut timers[(rng.next() % 20) as usize];
        let when = now.load(Ordering::Relaxed) + stride(&rng, 23);
        match rng.next() % 4 {
            0 => drop(timer.as_mut().postpone(when)),
            1 => {
                owed -= u64::from(timer.as_mut().cancel().is_some());
                *timer = Box::pin(Timer::new());
            }
            _ => {
                owed -= u64::from(timer.as_mut().cancel().is_some());
                wheels[(rng.next() % 2) as usize].insert(
                    timer.as_mut(),
                    when,
                    count.clone().into(),
                );
                owed += 1;
            }
        }
    }
    owed - timers
        .iter_mut()
        .filter_map(|timer| timer.as_mut().cancel())
        .count() as u64
}

#[test]
fn under_contention_each_timer_is_woken_or_cancelled() {
    let wheels = [Wheel::new(), Wheel::new()];
    let (now, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let count = Arc::new(Count::default());
    let owed: u64 = thread::scope(|scope| {
        scope.spawn(|| {
            let mut wakers = WakeList::new();
            while !done.load(Ordering::Relaxed) {
                let now = now.fetch_add(TICK / 50, Ordering::Relaxed);
                for wheel in &wheels {
                    wheel.expire(now, &mut wakers);
                    wakers.wake_all();
                }
            }
        });
        let owners = [1, 2, 3].map(|seed| {
            let (wheels, now, count) = (&wheels, &now, &count);
            scope.spawn(move || churn(wheels, now, count, seed))
        });
        let owed = owners.map(|owner| owner.join().unwrap()).iter().sum();
        done.store(true, Ordering::Relaxed);
        owed
    });
    assert_eq!(count.0.load(Ordering::Relaxed), owed);
    assert!(wheels.iter().all(Wheel::is_empty));
}

/// What a wheel must do, said with a map: (deadline, order of arming) to timer.
#[derive(Default)]
struct Model {
    order: BTreeMap<(Nanos, u64), usize>,
    keys: BTreeMap<usize, (Nanos, u64)>,
    seq: u64,
}

impl Model {
    fn insert(&mut self, timer: usize, when: Nanos) {
        self.cancel(timer);
        self.seq += 1;
        self.order.insert((when, self.seq), timer);
        self.keys.insert(timer, (when, self.seq));
    }

    fn cancel(&mut self, timer: usize) -> bool {
        self.keys
            .remove(&timer)
            .is_some_and(|key| self.order.remove(&key).is_some())
    }

    fn postpone(&mut self, timer: usize, when: Nanos) -> bool {
        let later = self.keys.get(&timer).is_some_and(|key| key.0 <= when);
        if later {
            self.insert(timer, when);
        }
        later
    }

    fn expire(&mut self, now: Nanos) -> Vec<usize> {
        let mut due = Vec::new();
        while let Some(entry) = self
            .order
            .first_entry()
            .filter(|entry| entry.key().0 <= now)
        {
            let timer = entry.remove();
            self.keys.remove(&timer);
            due.push(timer);
        }
        due
    }

    fn earliest(&self) -> Nanos {
        self.order
            .first_key_value()
            .map_or(Nanos::MAX, |(key, _)| key.0)
    }
}

/// A duration of any magnitude up to `bits` bits.
fn stride(rng: &Rng, bits: u32) -> Nanos {
    let wide = u64::from(rng.next()) << 32 | u64::from(rng.next());
    wide >> (64 - bits + rng.next() % bits)
}

#[test]
fn agrees_with_a_sorted_map_at_random_steps() {
    const TIMERS: u32 = 100;
    for seed in 1..=40 {
        let rng = Rng::new(seed);
        let mut bench = Bench::new(TIMERS as usize);
        let mut model = Model::default();
        let mut now = 0;
        let reach = 24 + (seed % 8) as u32 * 4;
        for step in 0..4000 {
            let timer = (rng.next() % TIMERS) as usize;
            let when = now + stride(&rng, reach);
            match rng.next() % 8 {
                0..3 => {
                    bench.insert(timer, when);
                    model.insert(timer, when);
                }
                3 => assert_eq!(bench.cancel(timer), model.cancel(timer)),
                4 | 5 => assert_eq!(bench.postpone(timer, when), model.postpone(timer, when)),
                6 => now += stride(&rng, reach - 4),
                _ => now = now.max(bench.wheel.next_deadline().min(when)),
            }
            assert_eq!(
                bench.expire(now),
                model.expire(now),
                "seed {seed}, step {step}"
            );
            assert!(
                bench.wheel.next_deadline() <= model.earliest(),
                "seed {seed}, step {step}"
            );
            assert_eq!(bench.wheel.is_empty(), model.order.is_empty());
        }
        let rest: Vec<usize> = bench
            .run()
            .into_iter()
            .flat_map(|(_, names)| names)
            .collect();
        assert_eq!(rest, model.expire(Nanos::MAX), "seed {seed}");
    }
}
