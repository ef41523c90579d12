//! [`Arm`]: one case of a `select!`, a channel operation or a future.

use super::locks::LockOf;
use crate::chan::{
    Aftermath, OnClosed, Operation, Parts, Party, Receiving, Sending, SendingFrom, Step,
};
use std::future::Future;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

/// One case of a `select!`.
///
/// Sealed by what it needs: only this module can name it.
pub trait Arm {
    /// What the case gives if it wins.
    type Output;

    /// Whether it is polled, and so has no part in the decision of the channels.
    const IS_FUTURE: bool;

    /// Tries it by itself, when no arm waits. Ready: it has won.
    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output>;

    /// The lock of its channel, if it has one.
    fn lock(&self) -> Option<LockOf>;

    /// Tries it with all locks held. If it succeeds, [`settle`](Self::settle) gives its output once
    /// they are free, after [`finish`](Self::finish).
    fn attempt_locked(self: Pin<&mut Self>) -> Option<Aftermath>;

    /// Waits in its channel as the arm `number` of `party`, with all locks held. Tells whether
    /// streams wait for what it sends.
    fn enter(self: Pin<&mut Self>, party: NonNull<Party>, number: u32) -> bool;

    /// Does what is left to do when the locks are free.
    fn finish(&self, after: Aftermath);

    /// Waits no more.
    fn leave(self: Pin<&mut Self>);

    /// The output of the arm that has won, when it has left.
    fn settle(self: Pin<&mut Self>) -> Self::Output;
}

/// Keeps what was received in `value`; tells whether the receive is decided.
#[inline]
fn keep<T>(step: Step<T>, value: &mut Option<T>) -> bool {
    match step {
        Step::Done(received) => *value = Some(received),
        Step::Closed => {}
        Step::NotNow => return false,
    }
    true
}

/// The methods of [`Arm`] for a channel operation.
macro_rules! arm_by_operation {
    () => {
        type Output = <Self as Future>::Output;
        const IS_FUTURE: bool = false;

        #[inline]
        fn attempt(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
            let Parts {
                channel, waiter, ..
            } = Operation::parts(self.as_mut());
            let Some(channel) = channel else {
                return Poll::Pending;
            };
            let value = &mut waiter.payload().value;
            let is_decided = if Self::SENDS {
                channel.try_send(value) != Step::NotNow
            } else {
                keep(channel.try_recv(), value)
            };
            if is_decided {
                Poll::Ready(Operation::settle(self))
            } else {
                Poll::Pending
            }
        }

        #[inline]
        fn lock(&self) -> Option<LockOf> {
            Some(LockOf::new(self.channel()?.state()))
        }

        #[inline]
        fn attempt_locked(self: Pin<&mut Self>) -> Option<Aftermath> {
            let Parts {
                channel, waiter, ..
            } = Operation::parts(self);
            // SAFETY: the caller holds all locks, and this reference ends with the call.
            let state = unsafe { channel?.state().data() };
            let value = &mut waiter.payload().value;
            let (is_decided, after) = if Self::SENDS {
                let (step, after) = state.send(value);
                (step != Step::NotNow, after)
            } else {
                let (step, after) = state.recv();
                (keep(step, value), after)
            };
            is_decided.then_some(after)
        }

        #[inline]
        fn enter(self: Pin<&mut Self>, party: NonNull<Party>, number: u32) -> bool {
            let Parts {
                channel,
                has_waited,
                mut waiter,
            } = Operation::parts(self);
            let Some(channel) = channel else {
                return false;
            };
            waiter.as_mut().payload().join(party, number);
            *has_waited = true;
            // SAFETY: the caller holds all locks, and this reference ends with the call.
            let state = unsafe { channel.state().data() };
            if Self::SENDS {
                // SAFETY: the select takes all its arms out before it drops.
                unsafe { state.wait_to_send(waiter, None) }
            } else {
                // SAFETY: as above.
                unsafe { state.wait_to_receive(waiter, None) };
                false
            }
        }

        #[inline]
        fn finish(&self, after: Aftermath) {
            if let Some(channel) = self.channel() {
                channel.finish(after);
            }
        }

        #[inline]
        fn leave(self: Pin<&mut Self>) {
            Operation::parts(self).leave();
        }

        #[inline]
        fn settle(self: Pin<&mut Self>) -> Self::Output {
            Operation::settle(self)
        }
    };
}

impl<'a, T> Arm for Receiving<'a, T> {
    arm_by_operation!();
}

impl<'a, T, H: OnClosed<T>> Arm for Sending<'a, T, H> {
    arm_by_operation!();
}

impl<'a, T, H: OnClosed<T>> Arm for SendingFrom<'a, T, H> {
    arm_by_operation!();
}

/// An arm that is any future.
#[derive(Debug)]
pub struct FutureArm<F>(pub(super) F);

impl<F: Future> Arm for FutureArm<F> {
    type Output = F::Output;
    const IS_FUTURE: bool = true;

    #[inline]
    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is structurally pinned: this is the one way to it.
        unsafe { self.map_unchecked_mut(|this| &mut this.0) }.poll(cx)
    }

    #[inline]
    fn lock(&self) -> Option<LockOf> {
        None
    }

    #[inline]
    fn attempt_locked(self: Pin<&mut Self>) -> Option<Aftermath> {
        None
    }

    #[inline]
    fn enter(self: Pin<&mut Self>, _party: NonNull<Party>, _number: u32) -> bool {
        false
    }

    #[inline]
    fn finish(&self, _after: Aftermath) {}

    #[inline]
    fn leave(self: Pin<&mut Self>) {}

    fn settle(self: Pin<&mut Self>) -> F::Output {
        unreachable!("no channel decides for a future")
    }
}

/// An arm whose guard may have been false: then it takes no part.
impl<A: Arm> Arm for Option<A> {
    type Output = A::Output;
    const IS_FUTURE: bool = A::IS_FUTURE;

    #[inline]
    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A::Output> {
        self.as_pin_mut()
            .map_or(Poll::Pending, |arm| arm.attempt(cx))
    }

    #[inline]
    fn lock(&self) -> Option<LockOf> {
        self.as_ref()?.lock()
    }

    #[inline]
    fn attempt_locked(self: Pin<&mut Self>) -> Option<Aftermath> {
        self.as_pin_mut()?.attempt_locked()
    }

    #[inline]
    fn enter(self: Pin<&mut Self>, party: NonNull<Party>, number: u32) -> bool {
        self.as_pin_mut()
            .is_some_and(|arm| arm.enter(party, number))
    }

    #[inline]
    fn finish(&self, after: Aftermath) {
        if let Some(arm) = self {
            arm.finish(after);
        }
    }

    #[inline]
    fn leave(self: Pin<&mut Self>) {
        if let Some(arm) = self.as_pin_mut() {
            arm.leave();
        }
    }

    fn settle(self: Pin<&mut Self>) -> A::Output {
        let arm = self.as_pin_mut();
        arm.expect("an arm that takes no part does not win")
            .settle()
    }
}
