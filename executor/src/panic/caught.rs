//! [`Caught`]: what a `catch_unwind` caught.

use super::goexit::Goexit;
use super::{Panic, in_flight};
use std::any::Any;

/// What unwound to a catch.
#[derive(Debug)]
pub(crate) enum Caught {
    /// A panic.
    Panic {
        panic: Panic,
        /// Whether it began while the goroutine was exiting, in deferred code; then the goroutine
        /// exits, whatever becomes of the panic.
        exiting: bool,
    },
    /// The goroutine is exiting.
    Goexit,
}

impl Caught {
    #[cold]
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        if payload.is::<Goexit>() {
            return Self::Goexit;
        }
        let (panic, exiting) = in_flight::take(payload);
        Self::Panic { panic, exiting }
    }
}
