//! Where a goroutine leaves its outcome and its handle finds it.
//!
//! One word of flags decides who owns which slot:
//!
//! | flag   | set by                  | from then on                                              |
//! |--------|-------------------------|-----------------------------------------------------------|
//! | JOINER | the handle              | the waker slot is the completer's; the handle may take it back by clearing the flag, if DONE was not set before |
//! | DONE   | the completer, once     | the outcome slot is the handle's, or the completer's if GONE was set before |
//! | GONE   | the handle, on drop     | nobody will come for the outcome                          |
//! | ABORT  | any abort handle        | the body ends at its next poll                            |
//! | TASK   | the body, once          | the task slot may be woken through by an abort that came before DONE; else the completer empties it |
//!
//! No wake-up is lost: of the two `fetch_or`s that set JOINER and DONE one is second and sees the
//! other's flag; the same holds for ABORT and TASK.

use super::body::Sink;
use super::join_error::JoinError;
use super::{Id, JoinHandle};
use crate::base::atomic::{AtomicU32, Ordering, UnsafeCell, order};
use crate::base::wake_list::{drop_quietly, wake};
use crate::panic::{self, catch};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

const JOINER: u32 = 1;
const DONE: u32 = 2;
const GONE: u32 = 4;
const ABORT: u32 = 8;
const TASK: u32 = 16;

type Outcome<T> = Result<T, JoinError>;

/// A new goroutine's end of the join, and its handle.
pub(crate) fn join_cell<T>(
    id: Id,
    spawned_at: &'static Location<'static>,
) -> (Completer<T>, JoinHandle<T>) {
    let cell = Arc::new(JoinCell {
        flags: AtomicU32::new(0),
        joiner: UnsafeCell::new(Slot(None)),
        task: UnsafeCell::new(Slot(None)),
        outcome: UnsafeCell::new(None),
        id,
        spawned_at,
    });
    (
        Completer {
            cell: Arc::clone(&cell),
        },
        JoinHandle::new(cell),
    )
}

/// A place for a waker. What is left there is dropped with the cell, on anybody's thread; it may be
/// foreign, and a panic in its destructor is nobody's there.
struct Slot(Option<Waker>);

impl Drop for Slot {
    fn drop(&mut self) {
        drop_quietly(self.0.take());
    }
}

pub(crate) struct JoinCell<T> {
    flags: AtomicU32,
    /// Who waits. Owned by the handle while JOINER is clear, by the completer once it is set.
    joiner: UnsafeCell<Slot>,
    /// Wakes the goroutine. Written by the body before TASK, emptied by the completer unless
    /// an abort came before DONE.
    task: UnsafeCell<Slot>,
    /// Written by the completer before DONE.
    outcome: UnsafeCell<Option<Outcome<T>>>,
    id: Id,
    spawned_at: &'static Location<'static>,
}

// SAFETY: the slots are handed over by the flags as the table above says, so no two threads use one
// at a time; what moves between threads is a `T`, hence the bound.
unsafe impl<T: Send> Send for JoinCell<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for JoinCell<T> {}

impl<T> JoinCell<T> {
    pub(crate) fn id(&self) -> Id {
        self.id
    }

    pub(crate) fn is_done(&self) -> bool {
        // Ordering: Acquire pairs with the completer's `fetch_or`: whoever learns that the
        // goroutine is over also sees what it did.
        self.flags.load(order("join.is-done", Ordering::Acquire)) & DONE != 0
    }

    /// Asks the body to end at its next poll, and makes that poll come.
    pub(crate) fn abort(&self) {
        // Ordering: Acquire pairs with the Release that set TASK, so the waker is there; Release
        // with the body's look at ABORT.
        let before = self
            .flags
            .fetch_or(ABORT, order("join.abort", Ordering::AcqRel));
        if before & (DONE | TASK) == TASK {
            self.wake_task();
        }
    }

    fn wake_task(&self) {
        // SAFETY: TASK was set and DONE was not when ABORT was, so the slot is no longer written.
        let task = unsafe { &*self.task.get() };
        if let Some(waker) = task.0.clone() {
            wake(waker);
        }
    }

    /// The handle's poll.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Outcome<T>> {
        // Ordering: Acquire pairs with the completer's Release of DONE.
        let flags = self.flags.load(order("join.poll", Ordering::Acquire));
        if flags & DONE != 0 {
            return Poll::Ready(self.take_outcome());
        }
        if flags & JOINER != 0 && !self.take_back_joiner() {
            return Poll::Ready(self.take_outcome());
        }
        if self.store_joiner(cx.waker()) {
            Poll::Pending
        } else {
            Poll::Ready(self.take_outcome())
        }
    }

    /// Clears JOINER; `false` if the goroutine was done first, and its completer owns the slot.
    fn take_back_joiner(&self) -> bool {
        // Ordering: Acquire pairs with the Release of DONE for the outcome we may go on to read.
        self.flags
            .fetch_and(!JOINER, order("join.take-back", Ordering::Acquire))
            & DONE
            == 0
    }

    /// Leaves `waker` for the completer; `false` if the goroutine is done. Owns the joiner slot.
    fn store_joiner(&self, waker: &Waker) -> bool {
        // SAFETY: JOINER is clear, so the slot is the handle's, which is `&mut` in its poll.
        let slot = unsafe { &mut *self.joiner.get() };
        let old = match &slot.0 {
            Some(same) if same.will_wake(waker) => None,
            _ => slot.0.replace(waker.clone()),
        };
        // Ordering: Release hands the waker to the completer; Acquire pairs with its Release of
        // DONE, if that was first.
        let before = self
            .flags
            .fetch_or(JOINER, order("join.joiner", Ordering::AcqRel));
        drop(old);
        before & DONE == 0
    }

    /// What the goroutine left. Call it once, as the handle, after DONE.
    fn take_outcome(&self) -> Outcome<T> {
        // SAFETY: DONE is set and was seen with Acquire, so the completer has written the slot and
        // leaves it to the handle.
        let slot = unsafe { &mut *self.outcome.get() };
        slot.take()
            .unwrap_or_else(|| panic!("a JoinHandle was polled after it was ready"))
    }

    /// The handle goes away without having taken the outcome.
    pub(crate) fn detach(&self) {
        // Ordering: Acquire pairs with the Release of DONE for the outcome we then own. There is
        // nothing to publish: the joiner slot, if it is the completer's, became that by JOINER.
        let before = self
            .flags
            .fetch_or(GONE, order("join.gone", Ordering::Acquire));
        if before & DONE != 0 {
            self.discard(self.take_outcome());
        } else if before & JOINER != 0 && self.take_back_joiner() {
            // SAFETY: JOINER is clear again and the handle is going, so the slot is ours alone.
            let joiner = unsafe { &mut *self.joiner.get() };
            drop_quietly(joiner.0.take());
        }
    }

    /// Drops an outcome that nobody takes, and reports the panic in it.
    fn discard(&self, outcome: Outcome<T>) {
        let error = match outcome {
            Ok(value) => match catch(false, || drop(value)) {
                Ok(()) => return,
                Err(caught) => JoinError::unwound(self.id, caught),
            },
            Err(error) => error,
        };
        if error.is_panic() {
            panic::unjoined(self.id.as_u64(), self.spawned_at, &error);
        }
        drop_quietly(error);
    }
}

impl<T> fmt::Debug for JoinCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinCell")
            .field("id", &self.id)
            .field("done", &self.is_done())
            .finish_non_exhaustive()
    }
}

/// What can be aborted, whatever its result is.
pub(crate) trait Abort: Send + Sync {
    fn abort(&self);
    fn is_done(&self) -> bool;
}

impl<T: Send> Abort for JoinCell<T> {
    fn abort(&self) {
        JoinCell::abort(self);
    }

    fn is_done(&self) -> bool {
        JoinCell::is_done(self)
    }
}

/// The sink of `spawn`: leaves the outcome for the handle.
#[derive(Debug)]
pub(crate) struct Completer<T> {
    cell: Arc<JoinCell<T>>,
}

impl<T> Sink<T> for Completer<T> {
    #[inline]
    fn id(&self) -> Id {
        self.cell.id
    }

    #[inline]
    fn is_aborted(&self) -> bool {
        // Ordering: Acquire pairs with `abort`: the body sees what its aborter did before.
        self.cell
            .flags
            .load(order("join.is-aborted", Ordering::Acquire))
            & ABORT
            != 0
    }

    #[inline]
    fn parked(&mut self, waker: &Waker) {
        // SAFETY: TASK is not set yet, so the slot is still the body's.
        let slot = unsafe { &mut *self.cell.task.get() };
        slot.0 = Some(waker.clone());
        // Ordering: Release hands the waker to `abort`; Acquire pairs with its Release, if it was
        // first: it saw no TASK and left the wake-up to us.
        let before = self
            .cell
            .flags
            .fetch_or(TASK, order("join.task", Ordering::AcqRel));
        if before & ABORT != 0 {
            waker.wake_by_ref();
        }
    }

    fn finish(self, outcome: Outcome<T>) {
        // SAFETY: DONE is not set yet and only this call sets it, so the slot is the completer's.
        let slot = unsafe { &mut *self.cell.outcome.get() };
        *slot = Some(outcome);
        // Ordering: Release hands the outcome to the handle; Acquire pairs with the Release that
        // set JOINER, for the waker, or GONE.
        let before = self
            .cell
            .flags
            .fetch_or(DONE, order("join.done", Ordering::AcqRel));
        if before & GONE != 0 {
            // SAFETY: GONE came first, so the handle will not touch the slot again.
            let outcome = unsafe { &mut *self.cell.outcome.get() }.take();
            outcome
                .into_iter()
                .for_each(|outcome| self.cell.discard(outcome));
        }
        if before & (TASK | ABORT) == TASK {
            // SAFETY: no abort came before DONE, so none will look at the slot any more.
            let task = unsafe { &mut *self.cell.task.get() }.0.take();
            drop_quietly(task);
        }
        if before & JOINER != 0 {
            // SAFETY: JOINER was set before DONE, so the slot is the completer's.
            let joiner = unsafe { &mut *self.cell.joiner.get() }.0.take();
            if before & GONE == 0 {
                joiner.into_iter().for_each(wake);
            } else {
                drop_quietly(joiner);
            }
        }
    }
}

#[cfg(all(test, not(gort_loom)))]
mod tests {
    use super::{Completer, join_cell};
    use crate::task::{Id, JoinHandle, Sink};
    use std::future::Future;
    use std::panic::{AssertUnwindSafe, Location, catch_unwind, panic_any};
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Context, Wake, Waker};

    /// Panics when its last waker is dropped, and counts that.
    struct Explosive(Arc<AtomicU32>);

    impl Wake for Explosive {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for Explosive {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic_any("dropped");
        }
    }

    /// A cell that holds the last waker of an [`Explosive`] for its joiner, and the count of drops.
    fn armed() -> (Completer<()>, JoinHandle<()>, Arc<AtomicU32>) {
        let drops = Arc::default();
        let (completer, mut handle) = join_cell(Id::next(), Location::caller());
        let waker = Waker::from(Arc::new(Explosive(Arc::clone(&drops))));
        assert!(
            Pin::new(&mut handle)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        drop(waker);
        (completer, handle, drops)
    }

    #[test]
    fn a_joiners_waker_may_panic_where_the_handle_drops_it() {
        let (completer, handle, drops) = armed();
        let unwinding = catch_unwind(AssertUnwindSafe(move || {
            let _handle = handle;
            panic_any("the first panic, during which the handle is dropped");
        }));
        assert!(unwinding.is_err());
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        completer.finish(Ok(()));
    }

    #[test]
    fn a_joiners_waker_may_panic_where_the_goroutine_ends() {
        let (completer, handle, drops) = armed();
        completer.finish(Ok(()));
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        drop(handle);
    }
}
