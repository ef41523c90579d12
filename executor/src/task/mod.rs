//! Goroutines as their owners see them: handles, identities, and what became of them.
//!
//! This floor knows no scheduler. A goroutine's future is wrapped in a `Body`, which polls it,
//! contains its panics, honours an abort, and tells a *sink* how it ended: the cell a
//! [`JoinHandle`] waits on (`join_cell`), or the panic policy where nobody waits.

mod body;
mod join_cell;
mod join_error;
mod join_handle;
#[cfg(all(feature = "rt", not(gort_loom)))]
mod join_set;
#[cfg(all(feature = "rt", not(gort_loom)))]
mod local_set;
#[cfg(all(test, gort_loom))]
mod loom;
mod yield_now;

pub(crate) use crate::base::current::{enter, wants_exit};
pub use crate::base::current::{goid, try_goid};
#[cfg(all(feature = "rt", not(gort_loom)))]
pub(crate) use crate::base::current::{may_block, must_not_block};
pub use crate::base::id::Id;
pub(crate) use body::{Body, Detached, Sink};
pub(crate) use join_cell::join_cell;
pub use join_error::JoinError;
pub use join_handle::{AbortHandle, JoinHandle};
#[cfg(all(feature = "rt", not(gort_loom)))]
pub use join_set::JoinSet;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub(crate) use local_set::go_local;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub use local_set::{LocalSet, spawn_local};
pub use yield_now::{YieldNow, yield_now};
