//! [`Operand`]: whether an arm is a channel operation or another future.
//!
//! A macro sees only tokens, so the choice is left to method resolution, as for calls in
//! [`Tag`](crate::start::Tag). For a `&&Operand<T>` it finds [`ViaChannel`] first, which is there
//! if `T` is an operation of a channel; then [`ViaPoll`], if `T` is a future; and else
//! [`ViaNothing`], which is there always, and whose arm is an error.
//!
//! That arm is of a type that does not name `T`. If it did, the error would be told again at each
//! place where the list of arms is used.

use super::arm::{Arm, FutureArm};
use std::future::{IntoFuture, Pending, pending};
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

impl<T: Arm> ViaChannel for &Operand<T> {}

/// Chosen for other futures.
pub trait ViaPoll {
    /// Says that the operand is to be polled.
    #[inline]
    fn __kind(&self) -> Polled {
        Polled
    }
}

impl<T: IntoFuture> ViaPoll for &&Operand<T> {}

/// Chosen for everything else.
pub trait ViaNothing {
    /// Says that there is nothing to wait for.
    fn __kind(&self) -> Unfit {
        Unfit
    }
}

impl<T> ViaNothing for Operand<T> {}

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
    pub fn arm<F: IntoFuture>(self, operand: F) -> FutureArm<F::IntoFuture> {
        FutureArm(operand.into_future())
    }
}

/// An operand that is neither.
#[derive(Clone, Copy, Debug)]
pub struct Unfit;

impl Unfit {
    /// Never compiles. The arm has whatever output its body takes.
    pub fn arm<T: Selectable, O>(self, _: T) -> FutureArm<Pending<O>> {
        FutureArm(pending())
    }
}

/// What may stand as an operand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be waited for in `select!`",
    label = "neither an operation of a channel nor a future",
    note = "a case is `value = rx.recv() => ..`, `tx.send(value) => ..` or `value = future => ..`"
)]
pub trait Selectable {}

/// The arm of an operand that is not complete yet, which is an error by itself.
pub fn half_typed<O>() -> FutureArm<Pending<O>> {
    FutureArm(pending())
}
