//! Threads without a P: those of `block_on`.
//!
//! Such a thread polls one future, the root, and runs no goroutine. It needs a permit for each
//! poll, as everybody who runs does, and queues for one if none is free ([`super::seats`]).

use super::Sched;
use super::context::enter;
use super::permits::PermitId;
use super::seats::Seat;
use super::thread_state::this_thread;
use crate::panic;
use crate::task::{Id, LocalSet, enter_goroutine, must_not_block, wants_exit};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

impl Sched {
    /// Whether a thread without a P waits for a permit; a hint.
    #[inline]
    pub(super) fn is_seat_waiting(&self) -> bool {
        !self.seats.is_empty()
    }

    /// Gives up a permit that was taken from its holder; see
    /// [`Seats::release`](super::seats::Seats::release).
    pub(super) fn release_permit(&self, id: PermitId) {
        self.seats.release(&self.permits, id);
    }

    /// Gives up a permit that was taken from its holder, and takes the look at all queues that must
    /// follow.
    pub(super) fn give_up_permit(&self, id: PermitId) {
        self.release_permit(id);
        self.look_after_release();
    }

    /// The look that follows: what was readied while every permit was held waked nobody.
    pub(super) fn look_after_release(&self) {
        if self.has_visible_work() {
            self.wake_p();
        }
        self.tell_poller_of_timers();
    }

    /// Polls `root` on this thread until it is ready.
    ///
    /// # Panics
    /// Inside a goroutine or another `block_on`: the thread would wait for what only it could run.
    /// Not inside a blocking call, whose thread runs nothing else. Also after the shutdown.
    #[track_caller]
    pub(crate) fn block_on<F: Future>(self: &Arc<Self>, root: F) -> F::Output {
        assert!(
            !must_not_block(),
            "block_on inside a goroutine would block the thread that runs it: await the future \
             instead, or spawn it and await the handle"
        );
        assert!(
            !self.is_closing(),
            "block_on on a runtime that has been shut down: nobody runs its timers and sockets"
        );
        let _policy = WithPolicy::of(self);
        let _entered = enter(self);
        let id = Id::next();
        let seat = Seat::new(this_thread());
        let waker = Waker::from(Arc::clone(&seat));
        let locals = LocalSet::new();
        let mut root = pin!(locals.run_until(root));
        loop {
            let permit = self
                .seats
                .take(&self.permits, &seat, |id| self.give_up_permit(id));
            let permit = Seated {
                sched: self,
                seat: &seat,
                permit,
            };
            self.rouse_sysmon();
            let polled = {
                let _current = enter_goroutine(id);
                root.as_mut().poll(&mut Context::from_waker(&waker))
            };
            drop(permit);
            match polled {
                Poll::Ready(value) => return value,
                Poll::Pending if wants_exit(id) => panic::goexit(),
                Poll::Pending => seat.wait_until_due(),
            }
        }
    }
}

/// The permit of a thread in `block_on`, for one poll of its root.
struct Seated<'a> {
    sched: &'a Sched,
    seat: &'a Seat,
    permit: PermitId,
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        // A poll that lasted may have cost the permit.
        if self
            .sched
            .permits
            .take_from(self.permit, self.seat.holder())
        {
            self.sched.give_up_permit(self.permit);
        }
    }
}

/// While it lives, this thread has the panic policy of a runtime.
#[derive(Debug)]
pub(super) struct WithPolicy(panic::PanicPolicy);

impl WithPolicy {
    pub(super) fn of(sched: &Sched) -> Self {
        Self(panic::set_policy(sched.config.on_panic))
    }
}

impl Drop for WithPolicy {
    fn drop(&mut self) {
        panic::set_policy(self.0);
    }
}
