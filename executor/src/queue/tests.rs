//! What each queue does when nobody interferes.

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Item, RunNext, RunQueue, SharedQueue};

/// An item with an allocation of its own, so that a lost or doubled one is also a leak or a
/// double free to those who look.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Number(pub(super) u32);

impl Item for Number {
    fn into_raw(self) -> NonNull<()> {
        NonNull::from(Box::leak(Box::new(self))).cast()
    }

    unsafe fn from_raw(raw: NonNull<()>) -> Self {
        // SAFETY: the caller hands over, once, what `into_raw` leaked.
        *unsafe { Box::from_raw(raw.cast::<Self>().as_ptr()) }
    }
}

/// An item that tells of its end, and may make a scene of it.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) dropped: Arc<AtomicUsize>,
    pub(super) panics: bool,
}

impl Item for Counted {
    fn into_raw(self) -> NonNull<()> {
        NonNull::from(Box::leak(Box::new(self))).cast()
    }

    unsafe fn from_raw(raw: NonNull<()>) -> Self {
        // SAFETY: the caller hands over, once, what `into_raw` leaked.
        *unsafe { Box::from_raw(raw.cast::<Self>().as_ptr()) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics, "a destructor that panics");
    }
}

const CAPACITY: u32 = 256;

/// A ring and a global queue, owned by the test's one thread.
struct Bench {
    ring: RunQueue<Number>,
    global: SharedQueue<Number>,
}

impl Bench {
    fn new(first_position: u32) -> Self {
        Self {
            ring: RunQueue::starting_at(first_position),
            global: SharedQueue::new(),
        }
    }

    fn push(&self, numbers: impl IntoIterator<Item = u32>) {
        for n in numbers {
            // SAFETY: this thread alone has the ring.
            unsafe { self.ring.push(Number(n), &self.global) };
        }
    }

    fn pop_all(&self) -> Vec<u32> {
        // SAFETY: this thread alone has the ring.
        std::iter::from_fn(|| unsafe { self.ring.pop() })
            .map(|n| n.0)
            .collect()
    }

    fn refill(&self, max: usize) -> Option<u32> {
        // SAFETY: this thread alone has the ring.
        unsafe { self.ring.refill(&self.global, max) }.map(|n| n.0)
    }

    fn steal_from(&self, victim: &Bench) -> Option<u32> {
        // SAFETY: this thread alone has both rings.
        unsafe { victim.ring.steal_into(&self.ring) }.map(|n| n.0)
    }

    fn global_all(&self) -> Vec<u32> {
        std::iter::from_fn(|| self.global.pop())
            .map(|n| n.0)
            .collect()
    }
}

#[test]
fn the_ring_keeps_the_order() {
    let bench = Bench::new(0);
    bench.push(0..CAPACITY);
    assert_eq!(bench.ring.len(), 256);
    assert_eq!(bench.pop_all(), (0..CAPACITY).collect::<Vec<_>>());
    assert!(bench.ring.is_empty());
    assert!(bench.global.is_empty());
}

#[test]
fn positions_wrap_at_u32_max() {
    for before in 0..3 {
        let bench = Bench::new(u32::MAX - before);
        let thief = Bench::new(u32::MAX);
        bench.push(0..CAPACITY);
        assert_eq!(bench.ring.len(), 256);
        assert_eq!(thief.steal_from(&bench), Some(0));
        assert_eq!(thief.pop_all(), (1..128).collect::<Vec<_>>());
        assert_eq!(bench.pop_all(), (128..CAPACITY).collect::<Vec<_>>());
    }
}

#[test]
fn overflow_moves_the_oldest_half_then_the_new_item() {
    for start in [0, u32::MAX - 100] {
        let bench = Bench::new(start);
        bench.push(0..=CAPACITY);
        let spilled: Vec<u32> = (0..128).chain([CAPACITY]).collect();
        assert_eq!(bench.global_all(), spilled);
        assert_eq!(bench.pop_all(), (128..CAPACITY).collect::<Vec<_>>());
    }
}

#[test]
fn a_thief_takes_half_rounded_up_and_runs_the_oldest() {
    for n in 1..=CAPACITY {
        let (victim, thief) = (Bench::new(n), Bench::new(u32::MAX - n));
        victim.push(0..n);
        assert_eq!(thief.steal_from(&victim), Some(0));
        let taken = n - n / 2;
        assert_eq!(thief.pop_all(), (1..taken).collect::<Vec<_>>());
        assert_eq!(victim.pop_all(), (taken..n).collect::<Vec<_>>());
    }
    assert_eq!(Bench::new(0).steal_from(&Bench::new(0)), None);
}

#[test]
fn a_thief_with_little_room_takes_what_fits() {
    for room in 0..3 {
        let (victim, thief) = (Bench::new(0), Bench::new(0));
        victim.push(0..10);
        thief.push(100..100 + CAPACITY - room);
        assert_eq!(thief.steal_from(&victim), Some(0));
        assert_eq!(victim.ring.len() as u32, 9 - room);
        assert_eq!(thief.ring.len() as u32, CAPACITY);
        assert!(thief.global.is_empty());
    }
}

#[test]
fn a_refill_is_bounded_by_max_by_half_the_ring_and_by_the_room() {
    let cases = [
        // (in the ring before, max, come in all)
        (0, 0, 1),
        (0, 1, 1),
        (0, 5, 5),
        (0, 500, 128),
        (0, usize::MAX, 128),
        (200, 500, 57),
        (256, 500, 1),
    ];
    for (before, max, come) in cases {
        let bench = Bench::new(u32::MAX - 60);
        bench.push(1000..1000 + before);
        for n in 0..300 {
            bench.global.push(Number(n));
        }
        assert_eq!(bench.refill(max), Some(0), "the first is returned");
        let ring: Vec<u32> = (1000..1000 + before).chain(1..come).collect();
        assert_eq!(bench.pop_all(), ring, "before {before}, max {max}");
        assert_eq!(bench.global_all(), (come..300).collect::<Vec<_>>());
    }
    assert_eq!(Bench::new(0).refill(7), None);
}

#[test]
fn a_drained_ring_is_empty_and_the_global_queue_has_its_order() {
    let bench = Bench::new(u32::MAX - 10);
    bench.push(0..200);
    bench.ring.drain_into(&bench.global);
    assert!(bench.ring.is_empty());
    assert_eq!(bench.global_all(), (0..200).collect::<Vec<_>>());
}

#[test]
fn emptiness_looks_at_ring_and_run_next() {
    let bench = Bench::new(0);
    let next = RunNext::new();
    assert!(bench.ring.is_empty_with(&next));
    // SAFETY: this thread alone has the slot.
    assert!(unsafe { next.put(Number(1)) }.is_none());
    assert!(!bench.ring.is_empty_with(&next));
    assert_eq!(next.take().map(|n| n.0), Some(1));
    bench.push([2]);
    assert!(!bench.ring.is_empty_with(&next));
    assert_eq!(bench.pop_all(), [2]);
    assert!(bench.ring.is_empty_with(&next));
}

#[test]
fn dropping_the_queues_drops_every_item_though_one_destructor_panics() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let item = |n: usize| Counted {
        dropped: dropped.clone(),
        panics: n % 3 == 0,
    };
    let ring: RunQueue<Counted> = RunQueue::starting_at(u32::MAX - 3);
    let global = SharedQueue::new();
    let next = RunNext::new();
    for n in 0..10 {
        // SAFETY: this thread alone has the ring.
        unsafe { ring.push(item(n), &global) };
        global.push(item(n));
    }
    // SAFETY: this thread alone has the slot.
    assert!(unsafe { next.put(item(0)) }.is_none());
    drop((ring, global, next));
    assert_eq!(dropped.load(Ordering::Relaxed), 21);
}

#[test]
fn queues_are_shared_between_threads() {
    fn shared<Q: Send + Sync>() {}
    shared::<RunQueue<Number>>();
    shared::<RunNext<Number>>();
    shared::<SharedQueue<Number>>();
}

#[test]
fn a_put_displaces_the_earlier_item() {
    let next = RunNext::new();
    assert!(next.is_empty());
    // SAFETY: this thread alone has the slot.
    assert!(unsafe { next.put(Number(1)) }.is_none());
    // SAFETY: as above.
    assert_eq!(unsafe { next.put(Number(2)) }.map(|n| n.0), Some(1));
    assert!(!next.is_empty());
    assert_eq!(next.take().map(|n| n.0), Some(2));
    assert!(next.take().is_none());
    assert!(next.is_empty());
}

#[test]
fn a_batch_is_a_fair_share_of_at_most_128() {
    let global = SharedQueue::new();
    assert_eq!(global.batch_max(4), 1);
    for n in 0..1000 {
        global.push(Number(n));
    }
    assert_eq!(global.batch_max(1000), 1);
    assert_eq!(global.batch_max(999), 2);
    assert_eq!(global.batch_max(100), 10);
    assert_eq!(global.batch_max(8), 125);
    assert_eq!(global.batch_max(7), 128);
    assert_eq!(global.batch_max(1), 128);
}

#[test]
fn loads_and_single_items_leave_in_the_order_they_came() {
    let queue = SharedQueue::new();
    queue.push(Number(0));
    queue.push_many((1..130).map(Number).collect());
    queue.push(Number(130));
    queue.push_many((131..200).map(Number).collect());
    assert_eq!(queue.len(), 200);
    assert_eq!(queue.pop().map(|n| n.0), Some(0));
    let mut taken = Vec::new();
    queue.take(100, |n| taken.push(n.0));
    assert_eq!(taken, (1..101).collect::<Vec<_>>());
    assert_eq!(
        queue.len(),
        99,
        "a begun load counts with what is left of it"
    );
    let other = SharedQueue::new();
    other.push(Number(100));
    queue.drain_into(&other);
    assert!(queue.is_empty());
    let moved: Vec<u32> = std::iter::from_fn(|| other.pop()).map(|n| n.0).collect();
    assert_eq!(moved, (100..200).collect::<Vec<_>>());
    queue.drain_into(&other);
    assert!(other.is_empty(), "nothing makes no load");
}

#[test]
fn the_global_queue_keeps_the_order() {
    let global = SharedQueue::new();
    for n in 0..1000 {
        global.push(Number(n));
    }
    assert_eq!(global.len(), 1000);
    let all: Vec<u32> = std::iter::from_fn(|| global.pop()).map(|n| n.0).collect();
    assert_eq!(all, (0..1000).collect::<Vec<_>>());
    assert!(global.is_empty());
}
