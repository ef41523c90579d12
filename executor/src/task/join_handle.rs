//! What `spawn` gives back.

use super::join_cell::{Abort, JoinCell};
use super::{Id, JoinError};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The right to wait for a goroutine's result.
///
/// Awaiting it gives the result, or a [`JoinError`] if the goroutine panicked or was aborted.
/// Dropping it detaches the goroutine, which runs on; a panic is then reported by the runtime's
/// [`PanicPolicy`](crate::panic::PanicPolicy).
///
/// # Cancel safety
/// A `JoinHandle` may be polled, put aside and polled again; the result waits in it. Dropping it
/// loses the result, never the goroutine.
///
/// # Examples
/// ```
/// # #[cfg(feature = "rt")]
/// gort::block_on(async {
///     let handle = gort::spawn(async { 6 * 7 });
///     assert_eq!(handle.await.unwrap(), 42);
/// });
/// ```
pub struct JoinHandle<T> {
    /// Taken by the poll that is ready.
    cell: Option<Arc<JoinCell<T>>>,
    id: Id,
}

impl<T> JoinHandle<T> {
    pub(crate) fn new(cell: Arc<JoinCell<T>>) -> Self {
        Self {
            id: cell.id(),
            cell: Some(cell),
        }
    }

    /// Asks the goroutine to end where it waits; its future is dropped there.
    ///
    /// A goroutine in the middle of a poll goes on to its next await. One that is done already
    /// keeps its result.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// gort::block_on(async {
    ///     let handle = gort::spawn(std::future::pending::<()>());
    ///     handle.abort();
    ///     assert!(handle.await.unwrap_err().is_cancelled());
    /// });
    /// ```
    pub fn abort(&self) {
        self.cell.iter().for_each(|cell| cell.abort());
    }

    /// Another owner of the right to abort, which outlives this handle.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// gort::block_on(async {
    ///     let handle = gort::spawn(std::future::pending::<()>());
    ///     let abort = handle.abort_handle();
    ///     abort.abort();
    ///     assert!(handle.await.unwrap_err().is_cancelled());
    ///     assert!(abort.is_finished());
    /// });
    /// ```
    pub fn abort_handle(&self) -> AbortHandle
    where
        T: Send + 'static,
    {
        let cell = self.cell.clone().map(|cell| cell as Arc<dyn Abort>);
        AbortHandle { cell, id: self.id }
    }

    /// Whether the goroutine is over: awaiting it will not wait.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// gort::block_on(async {
    ///     let handle = gort::spawn(async {});
    ///     while !handle.is_finished() {
    ///         gort::yield_now().await;
    ///     }
    /// });
    /// ```
    pub fn is_finished(&self) -> bool {
        self.cell.as_ref().is_none_or(|cell| cell.is_done())
    }

    /// The number of the goroutine.
    ///
    /// # Examples
    /// See [`Id`].
    pub fn id(&self) -> Id {
        self.id
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let cell = self
            .cell
            .as_ref()
            .expect("a JoinHandle was polled after it was ready");
        let outcome = std::task::ready!(cell.poll(cx));
        self.cell = None;
        Poll::Ready(outcome)
    }
}

impl<T> Drop for JoinHandle<T> {
    #[inline]
    fn drop(&mut self) {
        self.cell.take().into_iter().for_each(|cell| cell.detach());
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id)
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// The right to abort a goroutine, without the right to its result.
///
/// # Examples
/// See [`JoinHandle::abort_handle`].
#[derive(Clone)]
pub struct AbortHandle {
    /// `None` if the goroutine was joined before the handle was made.
    cell: Option<Arc<dyn Abort>>,
    id: Id,
}

impl AbortHandle {
    /// As [`JoinHandle::abort`].
    ///
    /// # Examples
    /// See [`JoinHandle::abort_handle`].
    pub fn abort(&self) {
        self.cell.iter().for_each(|cell| cell.abort());
    }

    /// Whether the goroutine is over.
    ///
    /// # Examples
    /// See [`JoinHandle::abort_handle`].
    pub fn is_finished(&self) -> bool {
        self.cell.as_ref().is_none_or(|cell| cell.is_done())
    }

    /// The number of the goroutine.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "rt")]
    /// gort::block_on(async {
    ///     let handle = gort::spawn(async {});
    ///     assert_eq!(handle.abort_handle().id(), handle.id());
    /// });
    /// ```
    pub fn id(&self) -> Id {
        self.id
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle")
            .field("id", &self.id)
            .field("finished", &self.is_finished())
            .finish()
    }
}
