//! Starting goroutines: on whoever this thread is in, or on a runtime that is known.

use crate::sched::{Executor, Sched, with_current, with_executor};
use crate::task::{
    AbortHandle, Body, Builder, Detached, Id, JoinHandle, JoinSet, Named, join_cell,
    spawn_detached, spawn_joined,
};
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::Arc;

/// Spawns a goroutine and gives the handle to its result.
///
/// It runs on the executor this thread is in: a runtime, whose goroutine calls this or which was
/// [entered](super::Handle::enter), or an executor of somebody else
/// ([`task::enter`](fn@crate::task::enter)). A thread that is in none uses the one of
/// [`task::set_default`](crate::task::set_default), or else the default runtime, which is started
/// if need be.
///
/// The goroutine is runnable when this returns, and runs whether or not anybody awaits the handle;
/// dropping the handle detaches it. As in Go the goroutine spawned last runs first: it takes the
/// P's `next` slot (Go's `newproc`).
///
/// # Panics
/// If there is no executor and the default runtime cannot be started.
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
    on_executor(|executor| match executor {
        Executor::Native(sched) => spawn_on(sched, future, spawned_at),
        Executor::Foreign(executor) => spawn_joined(executor, Builder::new(), future, spawned_at),
    })
}

/// Starts a goroutine whose result nobody wants; what `go!` calls.
///
/// As with Go's `go` statement there is no handle, and a panic that nothing recovers is reported
/// and ends the process with exit code 2 (see [`PanicPolicy`](crate::panic::PanicPolicy)). It costs
/// one allocation.
///
/// # Panics
/// As [`spawn`].
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
    go_at(future, Location::caller());
}

/// As [`go`], for who was told where.
#[track_caller]
pub(crate) fn go_at<F>(future: F, spawned_at: &'static Location<'static>)
where
    F: Future + Send + 'static,
{
    on_executor(|executor| match executor {
        Executor::Native(sched) => sched.go(future, spawned_at),
        Executor::Foreign(executor) => {
            spawn_detached(executor, Builder::new(), future, spawned_at);
        }
    });
}

impl Builder {
    /// Spawns the goroutine; see [`spawn`](fn@crate::spawn).
    ///
    /// # Panics
    /// As there.
    ///
    /// # Examples
    /// See [`Builder`].
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let spawned_at = Location::caller();
        on_executor(|executor| match executor {
            Executor::Native(sched) => spawn_with_on(sched, self, future, spawned_at),
            Executor::Foreign(executor) => spawn_joined(executor, self, future, spawned_at),
        })
    }

    /// Starts the goroutine, which nobody waits for; see [`go`](fn@crate::runtime::go).
    ///
    /// # Panics
    /// As [`spawn`](fn@crate::spawn).
    ///
    /// # Examples
    /// ```
    /// gort::task::Builder::new().name("says hello").go(async { println!("hello") });
    /// ```
    #[track_caller]
    pub fn go<F>(self, future: F)
    where
        F: Future + Send + 'static,
    {
        let spawned_at = Location::caller();
        on_executor(|executor| match executor {
            Executor::Native(sched) => go_with_on(sched, self, future, spawned_at),
            Executor::Foreign(executor) => {
                spawn_detached(executor, self, future, spawned_at);
            }
        });
    }
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
    sched: &Sched,
    future: F,
    spawned_at: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let id = Id::next();
    let (completer, handle) = join_cell(id, spawned_at);
    sched.spawn(id, spawned_at, |_meta| Body::new(future, completer));
    handle
}

/// As [`spawn_on`], with what `builder` says.
pub(super) fn spawn_with_on<F>(
    sched: &Sched,
    builder: Builder,
    future: F,
    spawned_at: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let id = Id::next();
    let (completer, handle) = join_cell(id, spawned_at);
    let sink = Named::new(completer, builder.name);
    sched.spawn(id, spawned_at, |_meta| Body::new(future, sink));
    handle
}

/// Starts a goroutine that nobody waits for on a runtime that is known.
pub(super) fn go_with_on<F>(
    sched: &Sched,
    builder: Builder,
    future: F,
    spawned_at: &'static Location<'static>,
) where
    F: Future + Send + 'static,
{
    let id = Id::next();
    let detached = Detached {
        id,
        spawned_at,
        name: builder.name,
    };
    sched.spawn(id, spawned_at, |_meta| Body::new(future, detached));
}

/// Calls `f` with whoever runs what this thread starts.
#[track_caller]
#[inline]
fn on_executor<R>(f: impl FnOnce(Executor<'_>) -> R) -> R {
    started(with_executor(f))
}

/// Calls `f` with the runtime of this thread, or the default one.
#[track_caller]
#[inline]
pub(super) fn on_current<R>(f: impl FnOnce(&Arc<Sched>) -> R) -> R {
    started(with_current(f))
}

/// What came of it if the default runtime was needed.
#[track_caller]
#[inline]
fn started<R>(result: io::Result<R>) -> R {
    match result {
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
        self.insert(spawn(future))
    }

    /// Spawns a goroutine with what `builder` says into the set, and gives the right to abort it.
    ///
    /// # Panics
    /// As [`spawn`].
    ///
    /// # Examples
    /// ```
    /// use gort::task::{Builder, JoinSet};
    /// gort::block_on(async {
    ///     let mut set = JoinSet::new();
    ///     set.spawn_with(Builder::new().name("seven"), async { 7 });
    ///     assert_eq!(set.join_all().await, [7]);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_with<F>(&mut self, builder: Builder, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.insert(builder.spawn(future))
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
