//! Models of the queues: every item comes out exactly once, whole, and nothing looks empty that
//! is not, in every order that the memory model allows.
//!
//! Rings hold four items here, so that a handful of steps overflows and wraps them. Each ordering
//! that the proof needs is weakened once, and a model must notice. For one pair the checker cannot
//! do that by itself: it runs a thread's steps in their order, so it never shows a load that is
//! late or a store that is early. What `ring-claim` and `ring-head` forbid in that respect is done
//! by hand in [`thief_that_reads_late`] and [`owner_that_writes_early`], which must fail.

use std::ptr::{self, NonNull};

use ::loom::sync::Arc;
use ::loom::thread;

use super::{Item, RunNext, RunQueue, SharedQueue};
use crate::base::atomic::{UnsafeCell, while_weak};

const CAP: usize = 4;
const PREEMPTIONS_MAX: usize = 3;
const ITEMS: usize = 6;

type Ring = RunQueue<Ticket, CAP>;

/// A number for an item. What comes out wrongly in a weakened run is a wrong number, never a
/// dangling pointer.
#[derive(Debug)]
struct Ticket(usize);

impl Item for Ticket {
    fn into_raw(self) -> NonNull<()> {
        // Above one, so that a slot that was never filled names no ticket.
        NonNull::new(ptr::without_provenance_mut(self.0 + 2)).unwrap()
    }

    unsafe fn from_raw(raw: NonNull<()>) -> Self {
        Ticket(raw.as_ptr().addr() - 2)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Absent,
    Issued,
    Redeemed,
}

/// One P's queues, the global queue, a thief's ring, and what has become of each item.
struct Field {
    ring: Ring,
    /// A second ring, for a model of thieves that rob each other. Empty at the end.
    loot: Ring,
    next: RunNext<Ticket>,
    global: SharedQueue<Ticket>,
    /// Stand for the items' contents: written by whoever makes or gets the item, and by nothing
    /// else kept apart. The checker complains if two such writes are unordered.
    items: [UnsafeCell<State>; ITEMS],
}

// SAFETY: the cells are what the models are about; the checker watches each access.
unsafe impl Sync for Field {}
// SAFETY: as above.
unsafe impl Send for Field {}

impl Field {
    fn new(position: u32) -> Arc<Self> {
        Arc::new(Self {
            ring: RunQueue::starting_at(position),
            loot: RunQueue::starting_at(u32::MAX),
            next: RunNext::new(),
            global: SharedQueue::new(),
            items: std::array::from_fn(|_| UnsafeCell::new(State::Absent)),
        })
    }

    fn change(&self, n: usize, from: State, to: State) {
        let item = self
            .items
            .get(n)
            .expect("a slot that was never filled")
            .get();
        // SAFETY: the checker has just found this access ordered with all others.
        let before = unsafe { ptr::replace(item, to) };
        assert_eq!(before, from, "item {n}");
    }

    fn issue(&self, n: usize) -> Ticket {
        self.change(n, State::Absent, State::Issued);
        Ticket(n)
    }

    fn redeem(&self, ticket: Option<Ticket>) -> bool {
        ticket
            .map(|Ticket(n)| self.change(n, State::Issued, State::Redeemed))
            .is_some()
    }

    fn push(&self, n: usize) {
        // SAFETY: in each model one thread at a time acts as the owner.
        unsafe { self.ring.push(self.issue(n), &self.global) };
    }

    fn pop(&self) -> bool {
        // SAFETY: as in `push`.
        self.redeem(unsafe { self.ring.pop() })
    }

    fn refill(&self, max: usize) -> bool {
        // SAFETY: as in `push`.
        self.redeem(unsafe { self.ring.refill(&self.global, max) })
    }

    /// Makes item `n` the next; an item it displaces goes to the ring.
    fn put_next(&self, n: usize) {
        // SAFETY: as in `push`.
        if let Some(displaced) = unsafe { self.next.put(self.issue(n)) } {
            // SAFETY: as in `push`.
            unsafe { self.ring.push(displaced, &self.global) };
        }
    }

    fn take_next(&self) -> bool {
        self.redeem(self.next.take())
    }

    /// Steals once into `mine`.
    fn steal_into(&self, mine: &Ring) -> bool {
        // SAFETY: each thief has its own `mine`.
        self.redeem(unsafe { self.ring.steal_into(mine) })
    }

    fn empty(&self, ring: &Ring) {
        // SAFETY: as in `push`.
        while self.redeem(unsafe { ring.pop() }) {}
    }

    /// One thread's steal, followed by running all it got.
    fn rob(&self) {
        let mine = Ring::starting_at(u32::MAX);
        self.steal_into(&mine);
        self.empty(&mine);
    }

    /// Takes what is left, all threads having ended; then items up to `n` must have come out.
    fn settle(&self, n: usize) {
        self.empty(&self.ring);
        self.take_next();
        while self.redeem(self.global.pop()) {}
        for (number, item) in self.items.iter().enumerate() {
            let expected = if number < n {
                State::Redeemed
            } else {
                State::Absent
            };
            // SAFETY: as in `change`.
            assert_eq!(unsafe { ptr::read(item.get()) }, expected, "item {number}");
        }
    }
}

/// Threads that act on one field, and how many items they and `before` make.
struct Race {
    position: u32,
    before: fn(&Field),
    acts: &'static [fn(&Field)],
    items: usize,
}

impl Race {
    fn run(&self, main: usize) {
        let field = Field::new(self.position);
        (self.before)(&field);
        let mut threads = Vec::new();
        for (n, &act) in self.acts.iter().enumerate() {
            let field = field.clone();
            if n != main {
                threads.push(thread::spawn(move || act(&field)));
            }
        }
        self.acts[main](&field);
        for thread in threads {
            thread.join().unwrap();
        }
        field.settle(self.items);
    }

    /// Every order of steps. Each act is the main thread's once: the checker begins with the order
    /// in which that thread runs first, and finds from there what it would miss from elsewhere.
    ///
    /// Among three threads the orders are too many. There a thread is interrupted at its own cost
    /// at most [`PREEMPTIONS_MAX`] times a run; a thread that waits gives way free of charge.
    fn check(&'static self) {
        for main in 0..self.acts.len() {
            let mut model = ::loom::model::Builder::new();
            if self.acts.len() > 2 {
                model.preemption_bound = Some(PREEMPTIONS_MAX);
            }
            model.check(move || self.run(main));
        }
    }

    /// Whether it fails when the ordering called `site` is relaxed.
    fn fails_without(&'static self, site: &'static str) -> bool {
        (0..self.acts.len()).any(|main| while_weak(site, move || self.run(main)))
    }
}

/// The owner pushes and pops, and a thief steals half.
static POP_AND_THIEF: Race = Race {
    position: 0,
    before: |field| field.push(0),
    acts: &[
        |owner| {
            owner.push(1);
            owner.push(2);
            owner.pop();
            owner.pop();
        },
        Field::rob,
    ],
    items: 3,
};

#[test]
fn pop_races_a_thief() {
    POP_AND_THIEF.check();
}

#[test]
fn a_thief_needs_the_slots_before_the_tail() {
    assert!(POP_AND_THIEF.fails_without("ring-publish"));
    assert!(POP_AND_THIEF.fails_without("ring-tail"));
}

#[test]
fn pop_races_a_thief_while_positions_wrap() {
    static RACE: Race = Race {
        position: u32::MAX - 1,
        ..POP_AND_THIEF
    };
    RACE.check();
}

#[test]
fn pop_races_two_thieves() {
    static RACE: Race = Race {
        position: u32::MAX - 1,
        before: |field| (0..3).for_each(|n| field.push(n)),
        acts: &[
            |owner| {
                owner.pop();
                owner.push(3);
            },
            Field::rob,
            Field::rob,
        ],
        items: 4,
    };
    RACE.check();
}

/// A full ring overflows, or a thief makes room in time; the slots are then used again.
static OVERFLOW_AND_THIEF: Race = Race {
    position: u32::MAX - 1,
    before: |field| (0..CAP).for_each(|n| field.push(n)),
    acts: &[
        |owner| {
            owner.push(4);
            owner.push(5);
        },
        Field::rob,
    ],
    items: 6,
};

#[test]
fn overflow_races_a_thief() {
    OVERFLOW_AND_THIEF.check();
}

/// Reads the slot after the claim, as a weaker claim would allow.
fn thief_that_reads_late(field: &Field) {
    let (head, len) = field.ring.survey();
    if len != 0 && field.ring.claim(head, 1).is_ok() {
        let raw = NonNull::new(field.ring.peek(head)).unwrap();
        // SAFETY: a ticket is a number, whichever.
        field.redeem(Some(unsafe { Ticket::from_raw(raw) }));
    }
}

#[test]
fn a_thief_must_read_before_it_claims() {
    static RACE: Race = Race {
        acts: &[OVERFLOW_AND_THIEF.acts[0], thief_that_reads_late],
        ..OVERFLOW_AND_THIEF
    };
    assert!(RACE.fails_without("ring-claim"));
}

/// Pushes with the slot written before the head is looked at, as a weaker look would allow. The
/// order of the two is visible only if the head then shows room: else the run says nothing.
fn owner_that_writes_early() {
    let field = Field::new(0);
    for n in 0..CAP {
        field.push(n);
    }
    let shared = field.clone();
    let thief = thread::spawn(move || shared.ring.steal_one());
    let tail = CAP as u32;
    field.ring.put(tail, field.issue(4).into_raw().as_ptr());
    let room = field.ring.load_head() != 0;
    if room {
        field.ring.publish(tail + 1);
    }
    let stolen = thief.join().unwrap();
    if room {
        field.redeem(stolen);
        field.settle(5);
    }
}

#[test]
fn an_owner_must_look_before_it_refills_a_slot() {
    assert!(while_weak("ring-head", owner_that_writes_early));
}

#[test]
fn refill_races_a_thief() {
    static RACE: Race = Race {
        position: u32::MAX - 1,
        before: |field| (0..3).for_each(|n| field.global.push(field.issue(n))),
        acts: &[
            |owner| {
                owner.refill(2);
                owner.pop();
            },
            Field::rob,
        ],
        items: 3,
    };
    RACE.check();
    assert!(RACE.fails_without("ring-publish"));
}

#[test]
fn a_stolen_item_is_stolen_again() {
    static RACE: Race = Race {
        position: 0,
        before: |field| (0..CAP).for_each(|n| field.push(n)),
        acts: &[
            |thief| {
                thief.steal_into(&thief.loot);
                thief.empty(&thief.loot);
            },
            |thief_of_thief| {
                thief_of_thief.redeem(thief_of_thief.loot.steal_one());
            },
        ],
        items: 4,
    };
    RACE.check();
    assert!(RACE.fails_without("ring-publish"));
}

#[test]
fn drain_races_the_owner() {
    static RACE: Race = Race {
        position: u32::MAX,
        before: |field| (0..2).for_each(|n| field.push(n)),
        acts: &[
            |owner| {
                owner.pop();
                owner.push(2);
            },
            |sysmon| sysmon.ring.drain_into(&sysmon.global),
        ],
        items: 3,
    };
    RACE.check();
}

/// A thief takes the next item while the owner displaces it and takes it back.
#[test]
fn run_next_races_a_thief() {
    static RACE: Race = Race {
        position: 0,
        before: |_| {},
        acts: &[
            |owner| {
                owner.put_next(0);
                owner.put_next(1);
                owner.take_next();
            },
            |thief| {
                thief.take_next();
            },
        ],
        items: 2,
    };
    RACE.check();
    assert!(RACE.fails_without("next-store"));
    assert!(RACE.fails_without("next-swap"));
    assert!(RACE.fails_without("next-take"));
}

#[test]
fn run_next_and_ring_race_two_thieves() {
    static RACE: Race = Race {
        position: u32::MAX,
        before: |field| field.put_next(0),
        acts: &[
            |owner| {
                owner.put_next(1);
                owner.put_next(2);
            },
            |thief| {
                thief.take_next();
            },
            Field::rob,
        ],
        items: 3,
    };
    RACE.check();
}

#[test]
fn a_ring_that_holds_something_never_looks_empty() {
    static RACE: Race = Race {
        position: u32::MAX,
        before: |field| field.push(0),
        acts: &[
            |owner| {
                owner.push(1);
                owner.pop();
            },
            |onlooker| assert!(!onlooker.ring.is_empty()),
        ],
        items: 2,
    };
    RACE.check();
    assert!(RACE.fails_without("ring-claim"));
    assert!(RACE.fails_without("ring-head"));
}

#[test]
fn an_item_that_moves_into_the_ring_is_not_overlooked() {
    static RACE: Race = Race {
        position: 0,
        before: |field| field.put_next(0),
        acts: &[
            |owner| {
                owner.put_next(1);
                owner.take_next();
            },
            |onlooker| assert!(!onlooker.ring.is_empty_with(&onlooker.next)),
        ],
        items: 2,
    };
    RACE.check();
    assert!(RACE.fails_without("next-take"));
    assert!(RACE.fails_without("next-look"));
}

#[test]
fn a_queue_whose_load_is_begun_never_looks_empty() {
    static RACE: Race = Race {
        position: 0,
        before: |field| {
            let load = [field.issue(0), field.issue(1)];
            field.global.push_many(Box::new(load));
        },
        acts: &[
            |taker| {
                assert!(taker.redeem(taker.global.pop()));
            },
            |onlooker| assert!(!onlooker.global.is_empty()),
        ],
        items: 2,
    };
    RACE.check();
    assert!(RACE.fails_without("shared-pop"));
}
