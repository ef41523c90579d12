//! gort: an async runtime that works the way Go's runtime does.

// Expansions name the crate as `::gort`, in its own examples and tests too.
extern crate self as gort;

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

#[cfg(all(feature = "rt", not(gort_loom)))]
pub use crate::{
    runtime::{Runtime, block_on, spawn, spawn_blocking},
    task::{spawn_local, yield_now},
};
mod macros;
#[cfg(all(feature = "rt", not(gort_loom)))]
mod start;

#[cfg(all(feature = "rt", not(gort_loom)))]
pub use macros::{main, test};

#[cfg(all(feature = "rt", not(gort_loom)))]
#[doc(hidden)]
pub use gort_macros as __macros;
#[cfg(all(feature = "rt", not(gort_loom)))]
#[doc(hidden)]
pub mod __rt {
    pub use crate::start::{
        Awaited, ExitCode, MainConfig, Plain, Tag, ViaFuture, ViaValue, detach, given, go, go_local,
        report, run_main, run_main_local, run_test, spawn, spawn_local, unreached,
    };
}
