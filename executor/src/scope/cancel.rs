//! How a scope that is dropped while it waits lets its deferred code run.
//!
//! The scope polls its future once more, with a waker that means *cancelled*. Each level passes it
//! down to the innermost one, which drops what waits there and goes on with its deferred code, and
//! then so does the level around it, by ordinary control flow and without unwinding.
//!
//! Code of the user is never polled with that waker: a future of the user gets a waker that does
//! nothing, for the one poll that deferred code has to finish in. And code that nothing has been
//! deferred before is not polled at all. Who waits in it has to be known for that: whoever polls it
//! *listens* whether a level begins inside, and one that begins says so, in a variable of the
//! thread.

use std::cell::Cell;
use std::ptr;
use std::task::{Context, RawWaker, RawWakerVTable, Waker};

static CANCEL: RawWakerVTable = RawWakerVTable::new(clone, ignore, ignore, ignore);

fn clone(data: *const ()) -> RawWaker {
    RawWaker::new(data, &CANCEL)
}

fn ignore(_data: *const ()) {}

/// The waker of a poll that cancels.
pub(super) fn cancel_waker() -> Waker {
    // SAFETY: the functions of the table do not use the pointer, so every contract of theirs holds.
    unsafe { Waker::from_raw(RawWaker::new(ptr::null(), &CANCEL)) }
}

/// Whether this poll cancels.
#[inline]
pub(super) fn is_cancel(cx: &Context<'_>) -> bool {
    ptr::eq(cx.waker().vtable(), &CANCEL)
}

thread_local! {
    /// Whether a level has begun in the future that is being polled by who listens.
    static BEGUN: Cell<bool> = const { Cell::new(false) };
}

/// A level has begun; it is told to whoever polls it.
#[inline]
pub(super) fn begin_level() {
    BEGUN.set(true);
}

/// Listens whether a level begins, until it is dropped.
pub(super) struct Listening {
    /// What whoever listens around this one has heard.
    before: bool,
}

impl Listening {
    #[inline]
    pub(super) fn start() -> Self {
        Self {
            before: BEGUN.replace(false),
        }
    }

    /// Whether a level has begun since.
    #[inline]
    pub(super) fn heard(&self) -> bool {
        BEGUN.get()
    }
}

impl Drop for Listening {
    #[inline]
    fn drop(&mut self) {
        BEGUN.set(self.before);
    }
}
