//! [`Operand`]: whether an arm is a channel operation or another future.
//!
//! A macro sees only tokens, so the choice is left to method resolution, as for calls in
//! [`Tag`](crate::start::Tag): [`ViaChannel`] is implemented for `Operand<T>` if `T` is an
//! operation of a channel and is found first; [`ViaPoll`] is implemented for `&Operand<T>` whatever
//! `T` is.

use super::arm::{Arm, FutureArm};
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;

/// Carries the type `T` through method resolution; there is never a value.
#[derive(Debug)]
pub struct Operand<T>(PhantomData<fn() -> T>);

impl<T> Operand<T> {
    /// The operand of a value.
    #[inline]
    pub fn of(_: &T) -> Self {
        Self(PhantomData)
    }
}

/// Chosen for operations of a channel.
pub trait ViaChannel {
    /// Says that the operand is an arm by itself.
    #[inline]
    fn __kind(&self) -> Native {
        Native
    }
}

impl<T: Arm> ViaChannel for Operand<T> {}

/// Chosen for everything else.
pub trait ViaPoll {
    /// Says that the operand is to be polled.
    #[inline]
    fn __kind(&self) -> Polled {
        Polled
    }
}

impl<T> ViaPoll for &Operand<T> {}

/// An operand that is an operation of a channel.
#[derive(Clone, Copy, Debug)]
pub struct Native;

impl Native {
    /// The arm.
    #[inline]
    pub fn arm<A: Arm>(self, operand: A) -> A {
        operand
    }
}

/// An operand that is any other future.
#[derive(Clone, Copy, Debug)]
pub struct Polled;

impl Polled {
    /// The arm.
    #[inline]
    pub fn arm<F: Selectable>(self, operand: F) -> FutureArm<F::Future> {
        FutureArm(operand.into_arm())
    }
}

/// What may stand as an operand: every future.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be waited for in `select!`",
    label = "neither an operation of a channel nor a future",
    note = "a case is `value = rx.recv() => ..`, `tx.send(value) => ..` or `value = future => ..`"
)]
pub trait Selectable {
    /// The future that is polled.
    type Future: Future;

    /// Makes it one.
    fn into_arm(self) -> Self::Future;
}

#[diagnostic::do_not_recommend]
impl<F: IntoFuture> Selectable for F {
    type Future = F::IntoFuture;

    #[inline]
    fn into_arm(self) -> F::IntoFuture {
        self.into_future()
    }
}
