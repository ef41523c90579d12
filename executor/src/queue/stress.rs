//! Real threads on the queues: an owner that does everything an M does, and thieves.
//!
//! Every item is counted: none may get lost, none may come out twice. Chance decides what each
//! thread does next; the seed is printed when a run fails, and `GORT_QUEUE_SEED` repeats it (the
//! choices, not the timing).

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::tests::Number;
use super::{RunNext, RunQueue, SharedQueue};
use crate::base::rng::Rng;

const ITEMS: u32 = 60_000;
const THIEVES: usize = 3;

/// Small, so that it overflows and wraps often.
const CAP: usize = 8;

/// What the threads of one run share.
struct Field {
    global: SharedQueue<Number>,
    ring: RunQueue<Number, CAP>,
    next: RunNext<Number>,
    /// How often each item came out.
    seen: Vec<AtomicU8>,
    /// Set by the owner when it has ended: then nothing comes any more.
    done: AtomicBool,
}

impl Field {
    fn new(first_position: u32) -> Self {
        Self {
            global: SharedQueue::new(),
            ring: RunQueue::starting_at(first_position),
            next: RunNext::new(),
            seen: (0..ITEMS).map(|_| AtomicU8::new(0)).collect(),
            done: AtomicBool::new(false),
        }
    }

    fn saw(&self, item: Option<Number>) -> bool {
        let Some(Number(n)) = item else { return false };
        let before = self.seen[n as usize].fetch_add(1, Ordering::Relaxed);
        assert_eq!(before, 0, "item {n} came out twice");
        true
    }

    /// The owner's side: pushes everything, and takes some of it back in every way there is.
    fn own(&self, rng: &Rng) {
        let _done = Done(&self.done);
        let mut pushed = 0;
        while pushed < ITEMS {
            match rng.next() % 16 {
                0..6 => {
                    // SAFETY: only the one thread in `own` acts as the owner.
                    unsafe { self.ring.push(Number(pushed), &self.global) };
                    pushed += 1;
                }
                6..10 => {
                    // SAFETY: as above.
                    if let Some(displaced) = unsafe { self.next.put(Number(pushed)) } {
                        // SAFETY: as above.
                        unsafe { self.ring.push(displaced, &self.global) };
                    }
                    pushed += 1;
                }
                10..12 => {
                    self.saw(self.next.take());
                }
                12..14 => {
                    // SAFETY: as above.
                    self.saw(unsafe { self.ring.pop() });
                }
                14 => {
                    let max = self.global.batch_max(THIEVES);
                    // SAFETY: as above.
                    self.saw(unsafe { self.ring.refill(&self.global, max) });
                }
                _ if rng.next() % 64 == 0 => self.ring.drain_into(&self.global),
                _ => {
                    self.saw(self.global.pop());
                }
            }
        }
        // SAFETY: as above.
        while self.saw(unsafe { self.ring.pop() }) {}
    }

    /// A thief's side: steals into its own ring until the owner is done and nothing is left.
    fn rob(&self, rng: &Rng) {
        let mine = RunQueue::starting_at(rng.next());
        loop {
            let done = self.done.load(Ordering::Acquire);
            let mut found = match rng.next() % 8 {
                0 => self.saw(self.ring.steal_one()),
                1 => self.saw(self.next.take()),
                2 => self.saw(self.global.pop()),
                // SAFETY: `mine` belongs to this thread.
                _ => self.saw(unsafe { self.ring.steal_into(&mine) }),
            };
            // Half the time it goes on with some left, so that steals meet little room.
            for _ in 0..rng.next() % CAP as u32 {
                // SAFETY: `mine` belongs to this thread.
                found |= self.saw(unsafe { mine.pop() });
            }
            if done && !found && mine.is_empty() && self.is_empty() {
                return;
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.ring.is_empty_with(&self.next) && self.global.is_empty()
    }
}

/// Sets the flag at its end, so that thieves stop even if the owner fails.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn run(seed: u64) {
    let rng = Rng::new(seed);
    // Half the runs cross the point where positions wrap.
    let start = if seed & 2 == 0 {
        u32::MAX - rng.next() % ITEMS
    } else {
        rng.next()
    };
    let field = Field::new(start);
    std::thread::scope(|scope| {
        for n in 0..THIEVES as u64 {
            let field = &field;
            scope.spawn(move || field.rob(&Rng::new(seed.wrapping_add(0x9e37_79b9 * (n + 1)))));
        }
        field.own(&rng);
    });
    let lost = field
        .seen
        .iter()
        .filter(|seen| seen.load(Ordering::Relaxed) == 0)
        .count();
    assert_eq!(lost, 0, "items got lost");
}

#[test]
fn every_item_comes_out_exactly_once() {
    let given = std::env::var("GORT_QUEUE_SEED")
        .ok()
        .map(|text| text.parse().unwrap());
    let clock = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos() as u64;
    for round in 0..10 {
        let seed = given.unwrap_or(clock.wrapping_add(round));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
            eprintln!("repeat with GORT_QUEUE_SEED={seed}");
            resume_unwind(panic);
        }
    }
}
