//! gort: an async runtime that works the way Go's runtime does.

mod base;

#[cfg(feature = "rt")]
mod queue;
#[cfg(feature = "rt")]
mod timer;
#[cfg(feature = "rt")]
mod netpoll;
pub mod task;
pub mod panic;
#[cfg(feature = "rt")]
mod sched;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod runtime;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod time;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod net;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod io;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub mod signal;
