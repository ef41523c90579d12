//! [`Arms`]: the list of all cases of a `select!`, each of its own type.

use super::arm::Arm;
use super::locks::Locks;
use crate::chan::{Aftermath, Party};
use std::convert::Infallible;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

/// An arm and those after it.
#[derive(Debug)]
pub struct And<A, B>(pub A, pub B);

/// No more arms.
#[derive(Clone, Copy, Debug)]
pub struct End;

/// The output of one of the arms.
#[derive(Debug)]
pub enum Chosen<A, B> {
    /// Of the first.
    Here(A),
    /// Of one after it.
    Later(B),
}

/// A list of arms. Where an arm is meant its number is given, counted from 0.
///
/// The methods are those of [`Arm`], for one arm or for all of them.
pub trait Arms {
    /// What the winner gives.
    type Output;

    /// How many arms there are.
    const LEN: u32;

    /// Whether any of them is a future.
    const HAS_FUTURES: bool;

    /// Tries one by itself.
    fn attempt(self: Pin<&mut Self>, number: u32, cx: &mut Context<'_>) -> Poll<Self::Output>;

    /// Adds the locks of all.
    fn collect_locks(&self, locks: &mut Locks);

    /// Tries one, with all locks held.
    fn attempt_locked(self: Pin<&mut Self>, number: u32) -> Option<Aftermath>;

    /// All wait, the first of them as `first`. Gives a bit for each for which streams wait.
    fn enter(self: Pin<&mut Self>, party: NonNull<Party>, first: u32) -> u64;

    /// Does for one what is left to do.
    fn finish(&self, number: u32, after: Aftermath);

    /// All wait no more.
    fn leave(self: Pin<&mut Self>);

    /// The output of the one that has won.
    fn settle(self: Pin<&mut Self>, number: u32) -> Self::Output;
}

impl<A, B> And<A, B> {
    #[inline]
    fn split(self: Pin<&mut Self>) -> (Pin<&mut A>, Pin<&mut B>) {
        // SAFETY: both are structurally pinned: this is the one way to them, and moves neither.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let first = unsafe { Pin::new_unchecked(&mut this.0) };
        // SAFETY: as above.
        let rest = unsafe { Pin::new_unchecked(&mut this.1) };
        (first, rest)
    }
}

impl<A: Arm, B: Arms> Arms for And<A, B> {
    type Output = Chosen<A::Output, B::Output>;
    const LEN: u32 = 1 + B::LEN;
    const HAS_FUTURES: bool = A::IS_FUTURE || B::HAS_FUTURES;

    #[inline]
    fn attempt(self: Pin<&mut Self>, number: u32, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (first, rest) = self.split();
        match number.checked_sub(1) {
            None => first.attempt(cx).map(Chosen::Here),
            Some(number) => rest.attempt(number, cx).map(Chosen::Later),
        }
    }

    #[inline]
    fn collect_locks(&self, locks: &mut Locks) {
        if let Some(lock) = self.0.lock() {
            locks.push(lock);
        }
        self.1.collect_locks(locks);
    }

    #[inline]
    fn attempt_locked(self: Pin<&mut Self>, number: u32) -> Option<Aftermath> {
        let (first, rest) = self.split();
        match number.checked_sub(1) {
            None => first.attempt_locked(),
            Some(number) => rest.attempt_locked(number),
        }
    }

    #[inline]
    fn enter(self: Pin<&mut Self>, party: NonNull<Party>, first_number: u32) -> u64 {
        let (first, rest) = self.split();
        let told = u64::from(first.enter(party, first_number)) << first_number;
        told | rest.enter(party, first_number + 1)
    }

    #[inline]
    fn finish(&self, number: u32, after: Aftermath) {
        match number.checked_sub(1) {
            None => self.0.finish(after),
            Some(number) => self.1.finish(number, after),
        }
    }

    #[inline]
    fn leave(self: Pin<&mut Self>) {
        let (first, rest) = self.split();
        first.leave();
        rest.leave();
    }

    #[inline]
    fn settle(self: Pin<&mut Self>, number: u32) -> Self::Output {
        let (first, rest) = self.split();
        match number.checked_sub(1) {
            None => Chosen::Here(first.settle()),
            Some(number) => Chosen::Later(rest.settle(number)),
        }
    }
}

impl Arms for End {
    type Output = Infallible;
    const LEN: u32 = 0;
    const HAS_FUTURES: bool = false;

    fn attempt(self: Pin<&mut Self>, _number: u32, _cx: &mut Context<'_>) -> Poll<Infallible> {
        Poll::Pending
    }

    fn collect_locks(&self, _locks: &mut Locks) {}

    fn attempt_locked(self: Pin<&mut Self>, _number: u32) -> Option<Aftermath> {
        None
    }

    fn enter(self: Pin<&mut Self>, _party: NonNull<Party>, _first: u32) -> u64 {
        0
    }

    fn finish(&self, _number: u32, _after: Aftermath) {}

    fn leave(self: Pin<&mut Self>) {}

    fn settle(self: Pin<&mut Self>, _number: u32) -> Infallible {
        unreachable!("there is an arm of each number below the length")
    }
}
