//! Ground floor: what every other module stands on.
//!
//! Nothing here knows a G, an M or a P. What may live here: a mechanism that two floors above need
//! and that has no meaning of its own in a scheduler (a lock, a thread's sleep, a clock). Of a
//! goroutine there is only its number, and which number this thread is busy with.

pub(crate) mod atomic;
#[cfg(feature = "rt")]
pub(crate) mod clock;
pub(crate) mod current;
pub(crate) mod id;
pub(crate) mod lock;
#[cfg(all(test, gort_loom))]
mod loom;
#[cfg(feature = "rt")]
pub(crate) mod note;
#[cfg(feature = "rt")]
pub(crate) mod rng;
#[cfg(feature = "rt")]
pub(crate) mod slice;
#[cfg(feature = "rt")]
pub(crate) mod spin_lock;
pub(crate) mod wake_list;
