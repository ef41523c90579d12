//! Locks and other ways to wait for each other, as in Go's `sync` and `golang.org/x/sync`.
//!
//! | Go | here | with |
//! |---|---|---|
//! | `sync.WaitGroup` | [`WaitGroup`] | `go`, `add`, `done`, `wait` |
//! | `sync.Mutex` | [`Mutex`] | a guard; both of Go's modes |
//! | `sync.RWMutex` | [`RwMutex`] | guards; neither readers nor writers starve |
//! | `sync.Cond` | [`Cond`] | `wait`, `signal`, `broadcast`; no spurious wake-ups |
//! | `sync.Once` | [`Once`] | code of those who call it, run by the first |
//! | `sync.OnceFunc`, `sync.OnceValue` | [`OnceFunc`], [`OnceValue`] | one future, which those who wait poll to its end |
//! | `sync.Pool` | [`Pool`] | a shelf for each thread, two generations |
//! | `semaphore.Weighted` | [`Semaphore`] | a guard; strictly first come, first served |
//! | `errgroup.Group` | [`Group`] | `go`, `try_go`, a limit, the first error |
//! | `singleflight.Group` | [`SingleFlight`] | a goroutine for each key; [`Flight`] waits for it |
//!
//! Everything that waits is a future: awaiting it parks the goroutine, and dropping it is how
//! waiting is given up. What waits for a goroutine needs nothing of it but its waker, so all of
//! this works on any executor, and between goroutines of several. Threads that run no goroutines
//! have the `_blocking` forms, and stand in the same queues.
//!
//! # What holds for all of them
//!
//! - Those who wait are served first come, first served. Those who are let go together become
//!   runnable in that order; as in Go the last of them runs next.
//! - What is given to a future that is dropped before it could tell goes to the next.
//! - A fast way by one atomic word; the queue and its lock only where somebody has to wait.
//! - Nothing here is woken, cloned or dropped for others while a lock is held, and the panic of a
//!   waker takes nobody's wake-up along.
//!
//! # Rejected
//!
//! - *async-lock*: two to eight times the cost of Go's mutex under contention, and neither Go's
//!   hand-off nor its alternation of readers and writers can be put on it.
//! - *A fair mutex* (tokio's): each unlock gives the lock to the first in the queue, so that under
//!   contention every single lock costs a switch.
//! - *Poisoning*: Go has none, and a guard that a panic drops leaves the value as the panicking
//!   code left it either way.

mod cond;
#[cfg(not(gort_loom))]
mod counted;
#[cfg(not(gort_loom))]
mod flight;
#[cfg(not(gort_loom))]
mod group;
mod mutex;
#[cfg(not(gort_loom))]
mod once;
#[cfg(not(gort_loom))]
mod once_func;
#[cfg(not(gort_loom))]
mod once_value;
#[cfg(not(gort_loom))]
mod pool;
mod raw_mutex;
mod raw_rw_mutex;
mod rw_mutex;
mod semaphore;
#[cfg(not(gort_loom))]
mod single_flight;
mod wait_group;

#[cfg(all(test, gort_loom))]
mod loom;

pub use cond::{Cond, CondWait};
pub use mutex::{Lock, Mutex, MutexGuard};
pub use rw_mutex::{Read, ReadGuard, RwMutex, Write, WriteGuard};
pub use semaphore::{Acquire, Permits, Semaphore};
pub use wait_group::{WaitGroup, WaitGroupWait};
#[cfg(not(gort_loom))]
pub use {flight::Flight, group::Group, single_flight::SingleFlight};
#[cfg(not(gort_loom))]
pub use {once::Once, once_func::OnceFunc, once_value::OnceValue, pool::Pool};
