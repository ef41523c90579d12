#![doc = include_str!("README.md")]

#[cfg(not(gort_loom))]
mod blocking_slots;
#[cfg(not(gort_loom))]
mod call;
mod closing;
#[cfg(not(gort_loom))]
mod config;
#[cfg(not(gort_loom))]
mod context;
mod doze;
#[cfg(not(gort_loom))]
mod fatal;
#[cfg(not(gort_loom))]
mod find;
#[cfg(not(gort_loom))]
mod g;
#[cfg(not(gort_loom))]
mod grain;
#[cfg(not(gort_loom))]
mod home;
#[cfg(not(gort_loom))]
mod hook;
mod idle;
#[cfg(all(test, gort_loom))]
mod loom;
#[cfg(all(test, gort_loom))]
mod loom_rights;
#[cfg(not(gort_loom))]
mod m;
#[cfg(not(gort_loom))]
mod p;
#[cfg(not(gort_loom))]
mod park;
mod permits;
#[cfg(not(gort_loom))]
mod ready;
mod registry;
#[cfg(not(gort_loom))]
mod scheduler;
#[cfg(not(gort_loom))]
mod seat;
mod seats;
#[cfg(not(gort_loom))]
mod shutdown;
#[cfg(not(gort_loom))]
mod sysmon;
#[cfg(not(gort_loom))]
mod thread_state;
mod told;
#[cfg(not(gort_loom))]
mod watch;

#[cfg(not(gort_loom))]
pub(crate) use self::{
    blocking_slots::{BlockingSlots, Turn},
    call::{goes_on_after_call, in_call, without_permit},
    config::{Config, check_procs, num_cpu},
    context::{enter, netpoll, try_current, with_current, with_executor, with_wheel},
    hook::Executor,
    scheduler::{Sched, default_sched},
};
#[cfg(not(gort_loom))]
pub use self::{
    ready::{Checkpoint, Gosched, checkpoint, gosched},
    shutdown::{Leftover, Waited},
};
