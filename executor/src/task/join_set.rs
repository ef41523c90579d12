//! Goroutines that belong together.

use super::{AbortHandle, Id, JoinError, JoinHandle};
use futures::stream::{FuturesUnordered, Stream};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A set of goroutines with results of one type, joined in the order in which they end.
///
/// Dropping the set aborts those that still run. The waiting is `FuturesUnordered`'s: one wake-up
/// polls the one handle it is for.
///
/// # Examples
/// ```
/// gort::block_on(async {
///     let mut set = gort::task::JoinSet::new();
///     for n in 0..10 {
///         set.spawn(async move { n * n });
///     }
///     let mut sum = 0;
///     while let Some(square) = set.join_next().await {
///         sum += square.unwrap();
///     }
///     assert_eq!(sum, 285);
/// });
/// ```
pub struct JoinSet<T> {
    running: FuturesUnordered<JoinHandle<T>>,
}

impl<T: Send + 'static> JoinSet<T> {
    /// An empty set.
    ///
    /// # Examples
    /// ```
    /// assert!(gort::task::JoinSet::<()>::new().is_empty());
    /// ```
    pub fn new() -> Self {
        Self {
            running: FuturesUnordered::new(),
        }
    }

    /// Adds a goroutine that was spawned elsewhere, and gives the right to abort it.
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async {
    ///     let mut set = gort::task::JoinSet::new();
    ///     set.insert(gort::spawn(async { 1 }));
    ///     assert_eq!(set.len(), 1);
    /// });
    /// ```
    pub fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        self.running.push(handle);
        abort
    }

    /// How many goroutines have not been joined yet.
    ///
    /// # Examples
    /// See [`insert`](Self::insert).
    pub fn len(&self) -> usize {
        self.running.len()
    }

    /// Whether every goroutine has been joined.
    ///
    /// # Examples
    /// See [`new`](Self::new).
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Waits for the next goroutine to end; `None` if the set is empty.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the goroutine stays in the set until it is given out.
    ///
    /// # Examples
    /// See [`JoinSet`].
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// Polls for the next goroutine to end; ready with `None` if the set is empty.
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async {
    ///     let mut set = gort::task::JoinSet::new();
    ///     set.insert(gort::spawn(async { 1 }));
    ///     let one = std::future::poll_fn(|cx| set.poll_join_next(cx)).await;
    ///     assert_eq!(one.unwrap().unwrap(), 1);
    /// });
    /// ```
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        Pin::new(&mut self.running).poll_next(cx)
    }

    /// The outcome of a goroutine that is over already, if there is one.
    ///
    /// # Examples
    /// ```
    /// let mut set = gort::task::JoinSet::<()>::new();
    /// assert!(set.try_join_next().is_none());
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        match self.poll_join_next(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => None,
        }
    }

    /// Waits for all and gives their results in the order in which they ended.
    ///
    /// # Panics
    /// With the panic of a goroutine that panicked; the others are aborted then.
    ///
    /// # Cancel safety
    /// Dropping the future aborts what still runs.
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async {
    ///     let mut set = gort::task::JoinSet::new();
    ///     set.insert(gort::spawn(async { 7 }));
    ///     assert_eq!(set.join_all().await, [7]);
    /// });
    /// ```
    pub async fn join_all(mut self) -> Vec<T> {
        let mut results = Vec::with_capacity(self.len());
        while let Some(outcome) = self.join_next().await {
            match outcome.map_err(JoinError::try_into_panic) {
                Ok(value) => results.push(value),
                Err(Ok(payload)) => std::panic::resume_unwind(payload),
                Err(Err(cancelled)) => panic!("join_all: {cancelled}"),
            }
        }
        results
    }

    /// Asks every goroutine of the set to end where it waits. They are still to be joined.
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async {
    ///     let mut set = gort::task::JoinSet::new();
    ///     set.insert(gort::spawn(std::future::pending::<()>()));
    ///     set.abort_all();
    ///     assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// });
    /// ```
    pub fn abort_all(&self) {
        self.running.iter().for_each(JoinHandle::abort);
    }

    /// Aborts all and waits until each of them is over.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the goroutines aborted and in the set.
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async {
    ///     let mut set = gort::task::JoinSet::new();
    ///     set.insert(gort::spawn(std::future::pending::<()>()));
    ///     set.shutdown().await;
    ///     assert!(set.is_empty());
    /// });
    /// ```
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Lets all of them run on without the set.
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async {
    ///     let mut set = gort::task::JoinSet::new();
    ///     set.insert(gort::spawn(async {}));
    ///     set.detach_all();
    ///     assert!(set.is_empty());
    /// });
    /// ```
    pub fn detach_all(&mut self) {
        drop(std::mem::take(&mut self.running));
    }

    /// The numbers of the goroutines in the set, in no particular order.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(gort::task::JoinSet::<()>::new().ids().count(), 0);
    /// ```
    pub fn ids(&self) -> impl Iterator<Item = Id> + '_ {
        self.running.iter().map(JoinHandle::id)
    }
}

impl<T: Send + 'static> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.running.iter().for_each(JoinHandle::abort);
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet")
            .field("len", &self.running.len())
            .finish()
    }
}
