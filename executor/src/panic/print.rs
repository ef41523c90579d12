//! Printing a panic that the hook was kept from printing, because something might have recovered
//! it.

use super::Panic;
use crate::base::wake_list::contain;
use std::fmt::Write as _;
use std::panic::catch_unwind;
use std::thread;

/// Prints `panic` and those it superseded, oldest first, each unless it was printed before.
pub(crate) fn all(panic: &Panic) {
    let mut history: Vec<&Panic> = std::iter::successors(Some(panic), |p| p.superseded()).collect();
    history.reverse();
    history
        .into_iter()
        .filter(|panic| panic.claim_print())
        .for_each(print);
}

/// As the standard library does. It cannot be asked to: a hook takes what only it can make.
///
/// Where the standard error cannot be written to there is nobody to tell, and nothing to end.
fn print(panic: &Panic) {
    let thread = thread::current();
    let mut text = format!(
        "\nthread '{}' panicked",
        thread.name().unwrap_or("<unnamed>")
    );
    if let Some(location) = panic.location() {
        let _ = write!(text, " at {location}");
    }
    let _ = write!(text, ":\n{}", panic.message());
    if let Some(backtrace) = panic.backtrace() {
        let _ = write!(text, "\nstack backtrace:\n{backtrace}");
    }
    let _ = catch_unwind(|| eprintln!("{text}")).map_err(contain);
}
