//! Time slices: whether a goroutine has run for so long that it is to let others run.
//!
//! Nobody can stop a poll from outside. But where a goroutine awaits something of ours that is
//! ready, it goes on in the same poll, perhaps for ever. So sysmon *asks* for its slice, and the
//! next such await gives it: the goroutine wakes itself and is pending once, before anything else
//! was done. One that awaits nothing is not reached like that.
//!
//! An await pays one load of a word that hardly ever changes. It is one for the whole process: how
//! many slices are asked for.

use super::atomic::{AtomicBool, Ordering};
use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU32;
use std::task::Context;

/// How many slices are asked for and not yet given.
static ASKED: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// That of this thread, while it runs goroutines; set and cleared by [`Turn::during`].
    static CURRENT: Cell<*const Turn> = const { Cell::new(ptr::null()) };
}

/// The slice of one P.
#[derive(Debug)]
pub(crate) struct Slice {
    /// Whether it is asked for. Set by sysmon; cleared by the goroutine that gives it, or by sysmon
    /// if the poll has ended otherwise.
    asked: AtomicBool,
}

impl Slice {
    pub(crate) fn new() -> Self {
        Self {
            asked: AtomicBool::new(false),
        }
    }

    /// Asks whoever runs here to let others run.
    pub(crate) fn ask(&self) {
        // Ordering: Relaxed, both: a request, which orders nothing.
        if !self.asked.swap(true, Ordering::Relaxed) {
            ASKED.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// It is given, or no longer asked for; tells whether it was.
    pub(crate) fn settle(&self) -> bool {
        // Ordering: Relaxed, as in `ask`.
        let was_asked =
            self.asked.load(Ordering::Relaxed) && self.asked.swap(false, Ordering::Relaxed);
        if was_asked {
            // Ordering: Relaxed, as in `ask`.
            ASKED.fetch_sub(1, Ordering::Relaxed);
        }
        was_asked
    }
}

impl Drop for Slice {
    fn drop(&mut self) {
        self.settle();
    }
}

/// What the goroutine that a thread runs has to say about its next turn.
#[derive(Debug)]
pub(crate) struct Turn {
    /// That of the thread's P, which outlives this.
    slice: NonNull<Slice>,
    /// Whether it goes to the global queue when it wakes itself in this poll.
    goes_last: Cell<bool>,
}

impl Turn {
    pub(crate) fn new(slice: &Slice) -> Self {
        Self {
            slice: NonNull::from(slice),
            goes_last: Cell::new(false),
        }
    }

    /// Makes this the one of this thread while `f` runs.
    pub(crate) fn during<R>(&self, f: impl FnOnce() -> R) -> R {
        CURRENT.set(self);
        let result = f();
        CURRENT.set(ptr::null());
        result
    }

    /// Says whether the goroutine goes to the global queue when it wakes itself.
    pub(crate) fn set_last(&self, last: bool) {
        self.goes_last.set(last);
    }

    /// Whether it said so, which it does for one wake-up.
    #[inline]
    pub(crate) fn take_last(&self) -> bool {
        self.goes_last.replace(false)
    }

    fn slice(&self) -> &Slice {
        // SAFETY: the P outlives its M, whose this is.
        unsafe { self.slice.as_ref() }
    }
}

/// Whether the goroutine that is being polled has to let others run. Then it has been woken, to the
/// end of all queues, and whoever asked is to be pending without having done anything.
#[inline]
pub(crate) fn is_over(cx: &Context<'_>) -> bool {
    is_asked() && give(cx)
}

/// Whether somebody's slice is asked for; a hint.
#[inline]
pub(crate) fn is_asked() -> bool {
    // Ordering: Relaxed, a hint.
    ASKED.load(Ordering::Relaxed) != 0
}

#[cold]
fn give(cx: &Context<'_>) -> bool {
    let turn = CURRENT.try_with(Cell::get).unwrap_or(ptr::null());
    // SAFETY: it is set for as long as the M's loop runs, which is deeper in the stack.
    let Some(turn) = (unsafe { turn.as_ref() }) else {
        return false;
    };
    let given = turn.slice().settle();
    if given {
        turn.set_last(true);
        cx.waker().wake_by_ref();
    }
    given
}

#[cfg(test)]
mod tests {
    use super::{Slice, Turn, is_over};
    use std::task::{Context, Waker};

    #[test]
    fn a_slice_is_given_once_and_by_its_own_thread() {
        let cx = Context::from_waker(Waker::noop());
        let (slice, other) = (Slice::new(), Slice::new());
        let turn = Turn::new(&slice);
        other.ask();
        assert!(!is_over(&cx), "this thread runs nothing");
        turn.during(|| {
            assert!(!is_over(&cx), "another one is asked");
            slice.ask();
            slice.ask();
            assert!(is_over(&cx) && turn.take_last() && !turn.take_last());
            assert!(!is_over(&cx));
        });
        assert!(other.settle() && !other.settle());
    }
}
