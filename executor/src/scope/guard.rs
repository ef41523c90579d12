//! [`guard`]: code that runs at the end of a block.

use crate::base::wake_list::contain;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `f` when the guard is dropped: at the end of the block, however it is left.
///
/// This is what `defer!` is outside of a defer scope. Inside one, where `defer!` runs at the end of
/// the function, the guard is the way to have something done at the end of each turn of a loop.
///
/// During a panic `f` runs too. If it panics then itself, that panic ends there and the first goes
/// on: two at once would abort the process.
///
/// # Examples
/// ```
/// let log = std::cell::RefCell::new(Vec::new());
/// for turn in 0..2 {
///     let _end = gort::guard(|| log.borrow_mut().push("end"));
///     log.borrow_mut().push(if turn == 0 { "first" } else { "second" });
/// }
/// assert_eq!(log.into_inner(), ["first", "end", "second", "end"]);
/// ```
pub fn guard<F: FnOnce()>(f: F) -> Guard<F> {
    Guard { f: Some(f) }
}

/// The guard of a `defer!`, whose code may have a value; it is dropped.
pub fn block_guard<T>(f: impl FnOnce() -> T) -> Guard<impl FnOnce()> {
    guard(|| drop(f()))
}

/// The guard that [`guard`] makes.
///
/// # Examples
/// See [`guard`].
#[must_use = "a guard that is not kept in a variable runs at once"]
pub struct Guard<F: FnOnce()> {
    /// Taken by whatever comes first, the drop or [`dismiss`](Self::dismiss).
    f: Option<F>,
}

impl<F: FnOnce()> Guard<F> {
    /// Ends the guard without running its code.
    ///
    /// # Examples
    /// ```
    /// let undo = gort::guard(|| panic!("undone"));
    /// undo.dismiss();
    /// ```
    pub fn dismiss(mut self) {
        self.f = None;
    }
}

impl<F: FnOnce()> Drop for Guard<F> {
    #[inline]
    fn drop(&mut self) {
        let Some(f) = self.f.take() else {
            return;
        };
        if std::thread::panicking() {
            let _ = catch_unwind(AssertUnwindSafe(f)).map_err(contain);
        } else {
            f();
        }
    }
}

impl<F: FnOnce()> fmt::Debug for Guard<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}
