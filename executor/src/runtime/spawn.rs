//! Starting goroutines.

use crate::sched::{Sched, with_current};
use crate::task::{AbortHandle, Body, Detached, Id, JoinHandle, JoinSet, join_cell};
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

/// Spawns a goroutine and gives the handle to its result.
///
/// It runs on the runtime this thread is in, or on the default one, which is started if need be. It
/// is runnable when this returns, and runs whether or not anybody awaits the handle; dropping the
/// handle detaches it. As in Go the goroutine spawned last runs first: it takes the P's `next` slot
/// (Go's `newproc`).
///
/// # Panics
/// If there is no runtime yet and the default one cannot be started.
///
/// # Examples
/// ```
/// gort::block_on(async {
///     let answer = gort::spawn(async { 6 * 7 });
///     assert_eq!(answer.await.unwrap(), 42);
/// });
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let spawned_at = Location::caller();
    on_current(|sched| spawn_on(sched, future, spawned_at))
}

/// Starts a goroutine whose result nobody wants; what `go!` calls.
///
/// As with Go's `go` statement there is no handle, and a panic that nothing recovers is reported
/// and ends the process with exit code 2 (see [`PanicPolicy`](crate::panic::PanicPolicy)). It costs
/// one allocation.
///
/// # Panics
/// If there is no runtime yet and the default one cannot be started.
///
/// # Examples
/// ```
/// gort::runtime::go(async { println!("hello") });
/// ```
#[track_caller]
pub fn go<F>(future: F)
where
    F: Future + Send + 'static,
{
    let id = Id::next();
    let spawned_at = Location::caller();
    let body = Body::new(future, Detached { id, spawned_at });
    on_current(|sched| sched.spawn(id, spawned_at, body));
}

/// Runs a call that blocks on a thread made for such calls, and gives the handle to its result.
///
/// At most `max_blocking_threads` (512) such threads run at a time; what comes beyond waits for
/// one. A thread that finds nothing to do for ten seconds ends. An abort takes effect only before
/// the call has begun.
///
/// # Panics
/// If there is no runtime yet and the default one cannot be started.
///
/// # Examples
/// ```
/// gort::block_on(async {
///     let file = std::env::current_exe().unwrap();
///     let length = gort::spawn_blocking(move || std::fs::metadata(file).unwrap().len());
///     assert!(length.await.unwrap() > 0);
/// });
/// ```
#[track_caller]
pub fn spawn_blocking<F, T>(call: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let spawned_at = Location::caller();
    on_current(|sched| sched.spawn_blocking(call, spawned_at))
}

/// Spawns on a runtime that is known.
#[inline]
pub(super) fn spawn_on<F>(
    sched: &Arc<Sched>,
    future: F,
    spawned_at: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let id = Id::next();
    let (completer, handle) = join_cell(id, spawned_at);
    sched.spawn(id, spawned_at, Body::new(future, completer));
    handle
}

/// Calls `f` with the runtime of this thread, or the default one.
#[track_caller]
#[inline]
pub(super) fn on_current<R>(f: impl FnOnce(&Arc<Sched>) -> R) -> R {
    match with_current(f) {
        Ok(result) => result,
        Err(error) => panic!("gort's default runtime could not start: {error}"),
    }
}

impl<T: Send + 'static> JoinSet<T> {
    /// Spawns a goroutine into the set, and gives the right to abort it.
    ///
    /// # Panics
    /// As [`spawn`].
    ///
    /// # Examples
    /// See [`JoinSet`].
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        let spawned_at = Location::caller();
        let handle = on_current(|sched| spawn_on(sched, future, spawned_at));
        self.insert(handle)
    }

    /// Runs a blocking call as a member of the set; see [`spawn_blocking`].
    ///
    /// # Panics
    /// As [`spawn`].
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async {
    ///     let mut set = gort::task::JoinSet::new();
    ///     set.spawn_blocking(|| 7);
    ///     assert_eq!(set.join_all().await, [7]);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, call: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let spawned_at = Location::caller();
        let handle = on_current(|sched| sched.spawn_blocking(call, spawned_at));
        self.insert(handle)
    }
}
