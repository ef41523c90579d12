//! gort: an async runtime that works the way Go's runtime does.

mod base;

#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod io;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod net;
#[cfg(feature = "rt")]
mod netpoll;
pub mod panic;
#[cfg(feature = "rt")]
mod queue;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod runtime;
#[cfg(feature = "rt")]
mod sched;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod signal;
pub mod task;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod time;
#[cfg(feature = "rt")]
mod timer;

#[cfg(all(feature = "rt", not(gort_loom)))]
pub use crate::{
    runtime::{Runtime, block_on, spawn, spawn_blocking},
    task::{spawn_local, yield_now},
};
