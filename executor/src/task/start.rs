//! Starting goroutines where this crate brings no executor: somebody else's is asked.

use super::enter::{default_executor, with_entered};
use super::{Builder, JoinHandle, Spawn, detached_task, joined_task};
use std::future::Future;
use std::panic::Location;

/// Spawns a goroutine and gives the handle to its result.
///
/// It runs on the executor that this thread is in ([`enter`](crate::task::enter)), or else on the
/// one of [`set_default`](crate::task::set_default). With the feature `rt` there would be one of
/// this crate.
///
/// # Panics
/// If there is no executor.
///
/// # Examples
/// See [`Spawn`].
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Builder::new().spawn(future)
}

/// Starts a goroutine whose result nobody wants; what `go!` calls.
#[track_caller]
pub(crate) fn go<F>(future: F)
where
    F: Future + Send + 'static,
{
    Builder::new().go(future);
}

impl Builder {
    /// Spawns the goroutine; see [`spawn`](fn@crate::spawn).
    ///
    /// # Panics
    /// As there.
    ///
    /// # Examples
    /// See [`SpawnExt`](super::SpawnExt).
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let spawned_at = Location::caller();
        with_executor(|executor| {
            let (task, handle) = joined_task(self, future, spawned_at);
            executor.spawn_task(task);
            handle
        })
    }

    /// Starts the goroutine, which nobody waits for; see [`go!`](crate::go!).
    ///
    /// # Panics
    /// As [`spawn`](fn@crate::spawn).
    ///
    /// # Examples
    /// See [`SpawnExt`](super::SpawnExt).
    #[track_caller]
    pub fn go<F>(self, future: F)
    where
        F: Future + Send + 'static,
    {
        let spawned_at = Location::caller();
        with_executor(|executor| executor.spawn_task(detached_task(self, future, spawned_at)));
    }
}

/// Calls `f` with the executor of this thread, or the default one.
#[track_caller]
fn with_executor<R>(f: impl FnOnce(&dyn Spawn) -> R) -> R {
    let mut f = Some(f);
    let mut start = |executor: &dyn Spawn| f.take().map(|f| f(executor));
    let started = match with_entered(&mut start) {
        Some(started) => started,
        None => default_executor().and_then(start),
    };
    started.unwrap_or_else(|| {
        panic!(
            "no executor runs this goroutine: tell `gort::task::set_default` of one, or turn on \
             the feature `rt` of gort"
        )
    })
}
