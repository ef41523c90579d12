//! Goroutines as their owners see them: handles, identities, and what became of them.
//!
//! This floor knows no scheduler. A goroutine's future is wrapped in a `Body`, which polls it,
//! contains its panics, honours an abort, and tells a *sink* how it ended: the cell a
//! [`JoinHandle`] waits on (`join_cell`), or the panic policy where nobody waits.
//!
//! Who polls the body is an executor: the one of this crate takes it as it is, any other is a
//! [`Spawn`] and gets it boxed, as a [`Task`].

mod body;
mod builder;
mod enter;
mod join_cell;
mod join_error;
mod join_handle;
#[cfg(all(feature = "rt", not(gort_loom)))]
mod join_set;
#[cfg(all(feature = "rt", not(gort_loom)))]
mod local_set;
#[cfg(all(test, gort_loom))]
mod loom;
mod spawn;
mod spawn_ext;
#[cfg(not(feature = "rt"))]
pub(crate) mod start;
mod yield_now;

#[cfg(all(feature = "rt", not(gort_loom)))]
pub(crate) use crate::base::current::{BlockingAllowed, must_not_block};
pub(crate) use crate::base::current::{enter_goroutine, wants_exit};
pub use crate::base::current::{goid, try_goid};
pub use crate::base::id::Id;
#[cfg(any(feature = "rt", test))]
pub(crate) use body::Sink;
pub(crate) use body::{Body, Detached, Named};
pub use builder::Builder;
pub(crate) use builder::Name;
pub use enter::{DefaultIsSet, EnterGuard, enter, set_default};
#[cfg(all(feature = "rt", not(gort_loom)))]
pub(crate) use enter::{Entered, find_entered, has_entered, with_entered_or_default};
pub(crate) use join_cell::join_cell;
pub use join_error::JoinError;
pub use join_handle::{AbortHandle, JoinHandle};
#[cfg(all(feature = "rt", not(gort_loom)))]
pub use join_set::JoinSet;
#[cfg(all(feature = "rt", not(gort_loom)))]
pub use local_set::{LocalSet, spawn_local};
pub use spawn::{Spawn, Task, Within};
pub use spawn_ext::SpawnExt;
pub(crate) use spawn_ext::{spawn_detached, spawn_joined};
#[cfg(not(feature = "rt"))]
pub use start::spawn;
pub use yield_now::{YieldNow, yield_now};
