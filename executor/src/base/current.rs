//! Which goroutine this thread is polling (or dropping) right now.

use super::id::Id;
use std::cell::Cell;

thread_local! {
    /// Written by [`enter_goroutine`] around each poll and each drop of a goroutine's future; read
    /// by [`try_goid`] and by whoever must know that user code is on the stack.
    static CURRENT: Cell<Option<Id>> = const { Cell::new(None) };

    /// The goroutine that wants to end after this poll. Set by its own code while it is polled,
    /// taken by whoever polls it.
    static EXITING: Cell<Option<Id>> = const { Cell::new(None) };

    /// The goroutine that is in a call which may block, declared as such.
    #[cfg(feature = "rt")]
    static BLOCKING: Cell<Option<Id>> = const { Cell::new(None) };
}

/// While it lives, its goroutine is the current one.
#[derive(Debug)]
pub(crate) struct Polling(Option<Id>);

/// Makes `id` the current goroutine until the guard drops.
pub(crate) fn enter_goroutine(id: Id) -> Polling {
    Polling(CURRENT.replace(Some(id)))
}

impl Drop for Polling {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// The current goroutine is to end after this poll; `false` outside one.
pub(crate) fn exit_after_poll() -> bool {
    let current = try_goid();
    EXITING.set(current);
    current.is_some()
}

/// Whether the goroutine `id` has called [`exit_after_poll`] in the poll that is just over.
#[inline]
pub(crate) fn wants_exit(id: Id) -> bool {
    EXITING.get() == Some(id) && EXITING.take().is_some()
}

/// While it lives, the current goroutine may block this thread: it has said so.
#[cfg(feature = "rt")]
#[derive(Debug)]
pub(crate) struct BlockingAllowed(Option<Id>);

#[cfg(feature = "rt")]
impl BlockingAllowed {
    #[inline]
    pub(crate) fn new() -> Self {
        Self(BLOCKING.replace(try_goid()))
    }
}

#[cfg(feature = "rt")]
impl Drop for BlockingAllowed {
    #[inline]
    fn drop(&mut self) {
        BLOCKING.set(self.0);
    }
}

/// Whether this thread is in a poll, so that blocking it would keep others from running.
#[cfg(feature = "rt")]
pub(crate) fn must_not_block() -> bool {
    let current = try_goid();
    current.is_some() && current != BLOCKING.get()
}

/// The number of the current goroutine, or `None` outside one.
///
/// # Examples
/// ```
/// assert!(gort::task::try_goid().is_none());
/// ```
pub fn try_goid() -> Option<Id> {
    CURRENT.try_with(Cell::get).ok().flatten()
}

/// The number of the current goroutine.
///
/// # Panics
/// Outside a goroutine.
///
/// # Examples
/// ```
/// # #[cfg(feature = "rt")]
/// gort::block_on(async { println!("I am goroutine {}", gort::task::goid()) });
/// ```
#[track_caller]
pub fn goid() -> Id {
    try_goid().expect("goid() was called outside a goroutine; try_goid() gives None there")
}
