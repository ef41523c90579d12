//! One timer: what a waiting future embeds and a wheel links.
//!
//! ```text
//!          insert (owner)               expire (any thread)
//!   IDLE ----------------->  ARMED  -------------------------> FIRED
//!    ^ ^                      | |                                |
//!    | +-- cancel (owner) ----+ +-- evict (any thread) -> IDLE   |
//!    +------------------------- cancel (owner) ------------------+
//! ```
//!
//! A timer that was never armed has never touched a wheel, and dropping it costs a load.

use super::wheel::Shared;
use crate::base::atomic::{AtomicU32, Ordering, UnsafeCell, order};
use crate::base::clock::Nanos;
use crate::base::wake_list::drop_quietly;
use pin_project::{pin_project, pinned_drop};
use std::fmt;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::Waker;

/// What a timer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum State {
    /// In no wheel: never armed, cancelled, or evicted from a wheel that was given up.
    Idle = 0,
    /// In a wheel, with a waker to be woken at its deadline.
    Armed = 1,
    /// Its deadline has come; its waker was woken or is about to be.
    Fired = 2,
}

/// A deadline and whom to wake at it, linked into at most one wheel.
///
/// The owner is whoever holds `Pin<&mut Timer>`.
#[pin_project(PinnedDrop)]
pub(crate) struct Timer {
    /// The wheel it was last armed in. Read and written by the owner.
    wheel: Option<&'static Shared>,
    #[pin]
    node: Node,
}

/// The part of a timer that other threads see.
pub(super) struct Node {
    /// A [`State`]. `Armed` is written by the owner under the lock of the wheel; `Fired` and, when
    /// a wheel is given up, `Idle` by any thread under that lock; all else by the owner, who alone
    /// reads it without the lock.
    state: AtomicU32,
    /// Protected by the lock of the wheel while the state is `Armed`, else nobody's but the
    /// owner's.
    links: UnsafeCell<Links>,
    _pin: PhantomPinned,
}

// SAFETY: through `&Node` the links are reached under the lock of the wheel only, see `Link::with`.
unsafe impl Sync for Node {}

/// Where a timer stands in its wheel.
pub(super) struct Links {
    /// Neighbours in the slot's list; stale in the heap.
    pub(super) prev: Option<Link>,
    pub(super) next: Option<Link>,
    pub(super) when: Nanos,
    /// Numbers the timers of a wheel in the order in which they got their deadlines.
    pub(super) seq: u64,
    pub(super) place: Place,
    /// Present while armed.
    pub(super) waker: Option<Waker>,
}

/// Which list of the wheel a timer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Slot { level: u8, index: u8 },
    Heap(u32),
}

/// Names a timer inside its wheel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Link(NonNull<Node>);

// SAFETY: a link is a name. What it names is touched under the lock of the wheel (`Link::with`).
unsafe impl Send for Link {}

impl Link {
    fn new(node: Pin<&Node>) -> Self {
        Self(NonNull::from(node.get_ref()))
    }

    /// The timer's state. Only for a holder of the lock of its wheel.
    pub(super) fn state(self) -> State {
        // Ordering: all writers but the owner, who is not at it, hold the lock that the caller has.
        State::from(self.node().state.load(Ordering::Relaxed))
    }

    /// Runs `f` on the links. Only for a holder of the lock of the wheel, for a timer that is in
    /// it or is its own; `f` must not reach for the same timer again.
    pub(super) fn with<R>(self, f: impl FnOnce(&mut Links) -> R) -> R {
        let links = self.node().links.get();
        // SAFETY: the caller holds the lock that protects the links, and this borrow, which ends
        // with `f`, is the only one.
        f(unsafe { &mut *links })
    }

    /// The owner's step into the wheel, under its lock.
    pub(super) fn arm(self) {
        // Ordering: read under this lock, or by the owner, whose own step this is.
        self.node()
            .state
            .store(State::Armed as u32, Ordering::Relaxed);
    }

    /// Tells the owner that its timer, which the caller has unlinked, is `state` now. The last
    /// touch: from here on the timer may be gone.
    pub(super) fn settle(self, state: State) {
        // Ordering: Release pairs with the Acquire in `Timer::state`: the owner that sees the new
        // state may use or free the links without the lock.
        self.node()
            .state
            .store(state as u32, order("timer.settle", Ordering::Release));
    }

    fn node<'a>(self) -> &'a Node {
        // SAFETY: a link is kept only while its timer is armed (or by the owner itself), and an
        // armed timer is pinned and unlinks itself, under the lock that the caller holds, before
        // it goes.
        unsafe { self.0.as_ref() }
    }
}

impl From<u32> for State {
    fn from(state: u32) -> Self {
        match state {
            0 => Self::Idle,
            1 => Self::Armed,
            _ => Self::Fired,
        }
    }
}

impl Timer {
    /// A timer that no wheel knows yet.
    pub(crate) fn new() -> Self {
        let links = Links {
            prev: None,
            next: None,
            when: Nanos::MAX,
            seq: 0,
            place: Place::Heap(0),
            waker: None,
        };
        Self {
            wheel: None,
            node: Node {
                state: AtomicU32::new(State::Idle as u32),
                links: UnsafeCell::new(links),
                _pin: PhantomPinned,
            },
        }
    }

    /// What the timer is doing; `Armed` may have become `Fired` or `Idle` by the time one looks.
    pub(crate) fn state(&self) -> State {
        // Ordering: Acquire pairs with the Release in `Link::settle`.
        State::from(
            self.node
                .state
                .load(order("timer.state", Ordering::Acquire)),
        )
    }

    /// What the timer is doing; if it answers `Armed`, `waker` is the one to be woken.
    pub(crate) fn poll(self: Pin<&mut Self>, waker: &Waker) -> State {
        match (self.state(), self.wheel) {
            (State::Armed, Some(wheel)) => wheel.rewake(self.link(), waker),
            (settled, _) => settled,
        }
    }

    /// Moves the deadline of an armed timer to `when`, unless that is earlier; tells whether it
    /// did. Never the wheel's new earliest deadline, hence nobody needs to be told.
    pub(crate) fn postpone(self: Pin<&mut Self>, when: Nanos) -> bool {
        match (self.state(), self.wheel) {
            (State::Armed, Some(wheel)) => wheel.postpone(self.link(), when),
            _ => false,
        }
    }

    /// Makes the timer idle. Returns its waker if it was armed; then it has not fired and will
    /// not.
    pub(crate) fn cancel(self: Pin<&mut Self>) -> Option<Waker> {
        match (self.state(), self.wheel) {
            (State::Armed, Some(wheel)) => wheel.cancel(self.link()),
            (State::Fired, _) => {
                // Ordering: the owner's own step, which it alone reads.
                self.node.state.store(State::Idle as u32, Ordering::Relaxed);
                None
            }
            _ => None,
        }
    }

    /// The owner's entry into `wheel`: remembers it and names the timer to it.
    pub(super) fn enter(self: Pin<&mut Self>, wheel: &'static Shared) -> Link {
        let this = self.project();
        *this.wheel = Some(wheel);
        Link::new(this.node.as_ref())
    }

    fn link(self: &Pin<&mut Self>) -> Link {
        Link::new(self.as_ref().project_ref().node)
    }
}

#[pinned_drop]
impl PinnedDrop for Timer {
    fn drop(self: Pin<&mut Self>) {
        if let Some(waker) = self.cancel() {
            drop_quietly(waker);
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timer").field(&self.state()).finish()
    }
}
