//! Goroutines that have one result: none failed, or the first error.

use super::counted::Counted;
use super::{Semaphore, WaitGroup};
use crate::base::lock;
use crate::context::{Cancel, Context, with_cancel};
use crate::runtime::go_from;
use crate::wait::block;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

/// Goroutines that work on one task and may fail: Go's `errgroup.Group`.
///
/// [`wait`](Group::wait) waits for all and gives the first error. A limit keeps the number of those
/// that run at the same time small. Clones are the same group.
///
/// A panic in one of them is nobody's: it ends the process, as with [`go!`](crate::go!).
///
/// # Examples
/// ```
/// use gort::sync::Group;
///
/// gort::block_on(async {
///     let group = Group::new();
///     for n in ["1", "2", "three"] {
///         group.go(async move { n.parse::<u32>().map(drop) }).await;
///     }
///     assert!(group.wait().await.is_err());
/// });
/// ```
pub struct Group<E> {
    shared: Arc<Shared<E>>,
}

struct Shared<E> {
    running: WaitGroup,
    /// The first error, until a wait has taken it. Errors are dropped without the lock.
    first: lock::Mutex<First<E>>,
    /// What the first error cancels, and the end.
    cancel: Option<Cancel>,
    /// As many permits as may run; `None` for any number.
    limit: lock::Mutex<Option<Arc<Semaphore>>>,
}

enum First<E> {
    None,
    Some(E),
    /// A later one is not the first.
    Taken,
}

/// One of those that may run.
struct Place(Option<Arc<Semaphore>>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(semaphore) = &self.0 {
            semaphore.release(1);
        }
    }
}

impl<E: Send + 'static> Group<E> {
    /// A group of none, without a limit.
    ///
    /// # Examples
    /// See [`Group`].
    pub fn new() -> Self {
        Self::that_cancels(None)
    }

    /// A group and a context that is derived from `parent`. It is cancelled as soon as one of the
    /// group fails, and when a [`wait`](Group::wait) is over, whichever comes first: Go's
    /// `errgroup.WithContext`.
    ///
    /// # Examples
    /// ```
    /// use gort::context;
    /// use gort::sync::Group;
    ///
    /// gort::block_on(async {
    ///     let (group, ctx) = Group::with_context(&context::background());
    ///     group.go(async { Err("no such page") }).await;
    ///     group
    ///         .go(async move {
    ///             // Without the other's error this one would never end.
    ///             ctx.done().await;
    ///             Ok(())
    ///         })
    ///         .await;
    ///     assert_eq!(group.wait().await, Err("no such page"));
    /// });
    /// ```
    pub fn with_context(parent: &Context) -> (Self, Context) {
        let (context, cancel) = with_cancel(parent);
        (Self::that_cancels(Some(cancel)), context)
    }

    fn that_cancels(cancel: Option<Cancel>) -> Self {
        Self {
            shared: Arc::new(Shared {
                running: WaitGroup::new(),
                first: lock::Mutex::new(First::None),
                cancel,
                limit: lock::Mutex::new(None),
            }),
        }
    }

    /// At most so many run at the same time from now on, or any number: Go's `SetLimit`.
    ///
    /// # Panics
    /// `errgroup: modify limit while ...`, if there is a limit and some run.
    ///
    /// # Examples
    /// ```
    /// use gort::sync::Group;
    ///
    /// gort::block_on(async {
    ///     let group = Group::<std::io::Error>::new();
    ///     group.set_limit(2);
    ///     for n in 1..=5 {
    ///         // Waits while two others run.
    ///         group.go(async move { Ok(println!("{n}")) }).await;
    ///     }
    ///     group.wait().await.unwrap();
    /// });
    /// ```
    #[track_caller]
    pub fn set_limit(&self, limit: impl Into<Option<u32>>) {
        let new = limit.into().map(|limit| Arc::new(Semaphore::new(limit)));
        let mut limit = self.shared.limit.lock();
        let running = limit.as_ref().map_or(0, |old| old.taken());
        if running == 0 {
            *limit = new;
            return;
        }
        drop(limit);
        panic!("errgroup: modify limit while {running} goroutines in the group are still active");
    }

    /// Waits until the limit lets it, then starts `future` as a goroutine of the group: Go's `Go`.
    ///
    /// It runs where [`go!`](crate::go!) would start it. Without a limit this is ready at its first
    /// poll.
    ///
    /// # Panics
    /// If there is no executor and the default runtime cannot be started.
    ///
    /// # Cancel safety
    /// If this is dropped before it is ready, the goroutine is not started.
    ///
    /// # Examples
    /// See [`Group`].
    #[track_caller]
    pub fn go<F>(&self, future: F) -> impl Future<Output = ()> + Send + use<'_, E, F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let spawned_at = Location::caller();
        async move {
            let limit = self.limit();
            if let Some(limit) = &limit {
                limit.acquire(1).await.forget();
            }
            self.start(Place(limit), future, spawned_at);
        }
    }

    /// Starts `future` as a goroutine of the group, if the limit lets it: Go's `TryGo`.
    ///
    /// # Errors
    /// The future, if as many run as may.
    ///
    /// # Panics
    /// As [`go`](Group::go).
    ///
    /// # Examples
    /// ```
    /// use gort::sync::Group;
    ///
    /// gort::block_on(async {
    ///     let group = Group::<std::io::Error>::new();
    ///     group.set_limit(1);
    ///     let (release, released) = gort::chan::<()>(0);
    ///     let waits = async move { Ok(assert_eq!(released.recv().await, None)) };
    ///     assert!(group.try_go(waits).is_ok());
    ///     assert!(group.try_go(async { Ok(()) }).is_err());
    ///     drop(release);
    ///     group.wait().await.unwrap();
    /// });
    /// ```
    #[track_caller]
    pub fn try_go<F>(&self, future: F) -> Result<(), F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let limit = self.limit();
        if let Some(limit) = &limit {
            match limit.try_acquire(1) {
                Some(permit) => permit.forget(),
                None => return Err(future),
            }
        }
        self.start(Place(limit), future, Location::caller());
        Ok(())
    }

    fn limit(&self) -> Option<Arc<Semaphore>> {
        self.shared.limit.lock().clone()
    }

    #[track_caller]
    fn start<F>(&self, place: Place, future: F, spawned_at: &'static Location<'static>)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let work = async move {
            let _place = place;
            if let Err(error) = future.await {
                shared.fail(error);
            }
        };
        go_from(spawned_at, Counted::new(&self.shared.running, work));
    }

    /// Waits until none of the group runs.
    ///
    /// # Errors
    /// The first error that one of them ended with. It is given out once, and later ones never:
    /// where Go's `Wait` would give it again, this gives `Ok`.
    ///
    /// # Cancel safety
    /// A future that is dropped has taken nothing.
    ///
    /// # Examples
    /// See [`Group`].
    pub async fn wait(&self) -> Result<(), E> {
        self.shared.running.wait().await;
        self.shared.cancel();
        self.shared.take_error()
    }

    /// As [`wait`](Group::wait), with the whole thread.
    ///
    /// # Errors
    /// As [`wait`](Group::wait).
    ///
    /// # Panics
    /// In a goroutine, whose thread must not be blocked.
    ///
    /// # Examples
    /// ```
    /// let group = gort::sync::Group::new();
    /// group.try_go(async { Err("too late") }).unwrap_or_else(|_| unreachable!("no limit"));
    /// assert_eq!(group.wait_blocking(), Err("too late"));
    /// ```
    #[track_caller]
    pub fn wait_blocking(&self) -> Result<(), E> {
        block("Group::wait_blocking", "wait()", self.wait())
    }
}

impl<E> Shared<E> {
    /// Keeps the first error, and cancels for it.
    fn fail(&self, error: E) {
        {
            let mut first = self.first.lock();
            if !matches!(*first, First::None) {
                return;
            }
            *first = First::Some(error);
        }
        self.cancel();
    }

    fn cancel(&self) {
        self.cancel.iter().for_each(Cancel::cancel);
    }

    fn take_error(&self) -> Result<(), E> {
        let mut first = self.first.lock();
        match std::mem::replace(&mut *first, First::Taken) {
            First::Some(error) => Err(error),
            First::None => {
                *first = First::None;
                Ok(())
            }
            First::Taken => Ok(()),
        }
    }
}

impl<E: Send + 'static> Default for Group<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Clone for Group<E> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<E> fmt::Debug for Group<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("running", &self.shared.running)
            .finish_non_exhaustive()
    }
}
