//! What a waiter holds while it waits in a channel, and who else waits for the same goroutine.

use crate::base::atomic::{AtomicU32, Ordering, UnsafeCell};
use crate::base::wake_list::drop_quietly;
use std::ptr::NonNull;
use std::task::Waker;

/// The payload of one who waits in a channel: to send what is here, or to be given something.
#[derive(Debug)]
pub(crate) struct Ticket<T> {
    /// A sender's value until it is taken; a receiver's from when it is given.
    pub(crate) value: Option<T>,
    /// The `select!` that waits here with one of its arms, and which arm it is.
    select: Option<(NonNull<Party>, u32)>,
}

// SAFETY: the party is touched by whoever claimed it, and by its owner, who outlives the waiter.
unsafe impl<T: Send> Send for Ticket<T> {}
// SAFETY: a shared ticket gives access to nothing.
unsafe impl<T: Send> Sync for Ticket<T> {}

impl<T> Ticket<T> {
    /// The ticket of one that waits in this channel only.
    #[inline]
    pub(crate) const fn single(value: Option<T>) -> Self {
        Self {
            value,
            select: None,
        }
    }

    /// Says that the waiter is an arm of a `select!`.
    pub(crate) fn join(&mut self, party: NonNull<Party>, arm: u32) {
        self.select = Some((party, arm));
    }

    /// Whether the waiter may be served: no other arm of its `select!` has been.
    ///
    /// Called under the lock of the channel. Whoever gets `true` must serve it, and gets the waker
    /// that the waiter itself does not have if it is an arm.
    #[inline]
    fn claim(&self) -> Option<Option<Waker>> {
        let Some((party, arm)) = self.select else {
            return Some(None);
        };
        // SAFETY: the owner of the party takes each of its waiters out of the queue, under the lock
        // that the caller holds, before the party goes.
        unsafe { party.as_ref() }.claim(arm)
    }
}

/// Takes the first waiter that may be served out of `queue` and serves it by `serve`; gives what
/// that gave and whom to wake. Those of a `select!` that has been served elsewhere are left out.
#[inline]
pub(super) fn serve_front<T, R>(
    queue: &mut Queue<T>,
    serve: impl FnOnce(&mut Option<T>) -> R,
) -> Option<(R, Option<Waker>)> {
    let mut serve = Some(serve);
    let served = queue.take_front(|ticket| {
        let arm_waker = ticket.claim()?;
        let serve = serve.take().expect("one waiter is served");
        Some((serve(&mut ticket.value), arm_waker))
    });
    let ((result, arm_waker), own_waker) = served?;
    Some((result, arm_waker.or(own_waker)))
}

/// Who waits in one direction, first come, first served.
pub(super) type Queue<T> = crate::wait::WaitQueue<Ticket<T>>;

/// Nobody has claimed the party. Other values are the number of the arm that won.
const OPEN: u32 = u32::MAX;

/// A goroutine that waits in several channels at a time, and is served in one.
///
/// The winner is decided by one compare-exchange: of those who would serve an arm, each under the
/// lock of its channel, and the owner who no longer wants to be served.
#[derive(Debug)]
pub struct Party {
    /// `OPEN`, an arm's number, or `WITHDRAWN`.
    state: AtomicU32,
    /// The owner's while the party is not waiting; then taken by whoever claims it. The owner may
    /// put in another while it holds the locks of all channels it waits in.
    waker: UnsafeCell<Option<Waker>>,
}

/// The owner decides alone.
const WITHDRAWN: u32 = u32::MAX - 1;

// SAFETY: the waker is touched by one thread at a time, see there.
unsafe impl Send for Party {}
// SAFETY: as above.
unsafe impl Sync for Party {}

/// It may be the last copy of a waker whose destructor panics.
impl Drop for Party {
    #[inline]
    fn drop(&mut self) {
        let place = self.waker.get();
        // SAFETY: the owner drops the party when no waiter names it any more.
        if let Some(waker) = unsafe { (*place).take() } {
            drop_quietly(waker);
        }
    }
}

impl Party {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU32::new(WITHDRAWN),
            waker: UnsafeCell::new(None),
        }
    }

    /// Can be claimed from now on, by whoever finds one of its waiters in a queue. The owner calls
    /// it with the locks of all channels held, before the first waiter enters. Gives back a waker
    /// that was left from before.
    pub(crate) fn open(&self, waker: Waker) -> Option<Waker> {
        let waker = self.replace_waker(waker);
        // Ordering: Relaxed; whoever claims has found a waiter, under a lock that the caller holds.
        self.state.store(OPEN, Ordering::Relaxed);
        waker
    }

    /// Makes `waker` the one to wake, and gives back the old one. The owner holds the locks of all
    /// channels it waits in, or waits in none.
    pub(crate) fn replace_waker(&self, waker: Waker) -> Option<Waker> {
        let place = self.waker.get();
        // SAFETY: nobody can claim the party while its owner has the locks.
        unsafe { (*place).replace(waker) }
    }

    /// Under the lock of a channel in which `arm` waits: makes it the winner, unless there is one.
    /// The winner's waker is inside.
    fn claim(&self, arm: u32) -> Option<Option<Waker>> {
        // Ordering: Relaxed; one of all these exchanges succeeds, whatever the order. The waker was
        // written before the waiter entered the queue, and the lock orders that.
        let won = self
            .state
            .compare_exchange(OPEN, arm, Ordering::Relaxed, Ordering::Relaxed);
        if won.is_err() {
            return None;
        }
        let waker = self.waker.get();
        // SAFETY: the winner has the waker to itself. The owner comes back to it when the winning
        // waiter has left its queue.
        Some(unsafe { (*waker).take() })
    }

    /// The arm that has won. Its waiter may not have left the queue yet, and until it has, whoever
    /// serves it is not done.
    #[inline]
    pub(crate) fn winner(&self) -> Option<u32> {
        // Ordering: Relaxed; what the winner was given is ordered by its leaving the queue.
        let state = self.state.load(Ordering::Relaxed);
        (state < WITHDRAWN).then_some(state)
    }

    /// The owner wants no more to be served. Fails if an arm has won.
    pub(crate) fn withdraw(&self) -> Result<(), u32> {
        // Ordering: Relaxed, as in `claim`.
        match self
            .state
            .compare_exchange(OPEN, WITHDRAWN, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) | Err(WITHDRAWN) => Ok(()),
            Err(arm) => Err(arm),
        }
    }
}
