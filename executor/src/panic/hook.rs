//! The panic hook: notes where a panic happened, and prints it unless it may be recovered.
//!
//! A recovered panic prints nothing, as in Go, and any other is printed once. Whether a panic will
//! be recovered is not known when the hook runs, so code whose panics can be recovered runs in a
//! *quiet region*: in it the hook only notes. A panic that leaves the last region unrecovered is
//! printed then ([`raise`](super::in_flight::raise)). One that somebody else's `catch_unwind` ends
//! inside of a quiet region is never printed: nobody tells us of it.
//!
//! The hook stands before the one that was set, and calls it. It is set when it is first needed.

use super::caught::Caught;
use super::in_flight;
use super::panic::{Seen, Superseded};
use crate::base::current::try_goid;
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::sync::atomic::AtomicBool;

thread_local! {
    /// In how many quiet regions this thread is. Only it reads and writes this.
    static QUIET: Cell<u32> = const { Cell::new(0) };
}

/// Runs `f` and catches its panic. With `quiet` its panics are not printed, for whoever calls
/// recovers them or lets them go on by [`raise`](super::in_flight::raise).
#[inline]
pub(crate) fn catch<T>(quiet: bool, f: impl FnOnce() -> T) -> Result<T, Caught> {
    let mut f = Some(f);
    let mut value = None;
    catch_call(quiet, &mut || {
        if let Some(f) = f.take() {
            value = Some(f());
        }
    })?;
    Ok(value.expect("what was called and did not panic has returned"))
}

/// As [`catch`], for a call without a value.
///
/// What is called is a `dyn`, so this function, and all of the standard library's that it needs to
/// catch, are compiled once and not for each closure: most of what a scope would cost the compiler.
/// An optimised build inlines it, and with it the call.
#[inline]
pub(crate) fn catch_call(quiet: bool, f: &mut dyn FnMut()) -> Result<(), Caught> {
    if quiet {
        install();
        QUIET.set(QUIET.get() + 1);
    }
    let result = catch_unwind(AssertUnwindSafe(f));
    if quiet {
        QUIET.set(QUIET.get() - 1);
    }
    result.map_err(Caught::new)
}

/// Whether a panic on this thread may be recovered.
pub(super) fn is_quiet() -> bool {
    QUIET.try_with(|quiet| quiet.get() > 0).unwrap_or(false)
}

static INSTALLED: Once = Once::new();

/// Sets the hook, if it is not set yet.
#[inline]
pub(crate) fn install() {
    if !INSTALLED.is_completed() {
        install_now();
    }
}

#[cold]
fn install_now() {
    // The hook cannot be changed during a panic.
    if std::thread::panicking() {
        return;
    }
    INSTALLED.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| note_and_print(info, &before)));
    });
}

fn note_and_print(info: &PanicHookInfo<'_>, before: &dyn Fn(&PanicHookInfo<'_>)) {
    // Where panics cannot be caught nobody recovers.
    let prints = cfg!(panic = "abort") || !is_quiet();
    let seen = Seen {
        location: info.location().map(super::Location::of),
        backtrace: Backtrace::capture(),
        goroutine: try_goid(),
        is_printed: AtomicBool::new(prints),
        superseded: Superseded::none(),
    };
    in_flight::begin(info.payload(), seen);
    if prints {
        before(info);
    }
}
