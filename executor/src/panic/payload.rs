//! [`Payload`]: what code panicked with, shared between threads.

use std::any::Any;

/// A payload that several threads may look at.
pub(super) struct Payload(Box<dyn Any + Send>);

// SAFETY: a shared reference gives access to the contents by `downcast_ref` alone, and that demands
// of their type that it is `Sync`.
unsafe impl Sync for Payload {}

impl Payload {
    pub(super) fn new(payload: Box<dyn Any + Send>) -> Self {
        Self(payload)
    }

    pub(super) fn downcast_ref<T: Any + Sync>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }

    /// What [`text_of`] gives.
    pub(super) fn text(&self) -> Option<&str> {
        text_of(&*self.0)
    }

    pub(super) fn into_inner(self) -> Box<dyn Any + Send> {
        self.0
    }
}

/// The text of a payload, if it is one of the two kinds that `panic!` makes.
pub(crate) fn text_of(payload: &(dyn Any + Send)) -> Option<&str> {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => Some(text),
        None => payload.downcast_ref::<String>().map(String::as_str),
    }
}
