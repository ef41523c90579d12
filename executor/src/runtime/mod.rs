//! The runtime as its users see it: an instance to build, or the default one.

mod builder;
mod entry;
mod handle;
mod instance;
pub(crate) mod main_config;
mod spawn;
mod syscall;

pub use crate::sched::{Checkpoint, Gosched, Leftover, Waited, checkpoint, gosched};
pub use builder::Builder;
pub(crate) use entry::{run_main, run_main_local, run_test};
pub use handle::{EnterGuard, Handle};
pub use instance::{Runtime, block_on, num_cpu, num_goroutine, procs};
pub(crate) use spawn::go_from;
pub use spawn::{go, spawn, spawn_blocking};
pub use syscall::{Blocking, Syscall, blocking, syscall};
