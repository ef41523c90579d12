//! What runtime this thread belongs to: as one of its Ms, or by an [`Entered`] guard; and who runs
//! what it starts, which may be an executor that is not ours.

use super::hook::{Executor, as_sched};
use super::m::M;
use super::{Sched, default_sched};
use crate::netpoll::Netpoll;
use crate::task::{Entered, Spawn, find_entered, has_entered, with_entered_or_default};
use crate::timer::Wheel;
use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::Arc;

thread_local! {
    /// The M of this thread, while its loop runs; set and cleared there.
    static CURRENT_M: Cell<*const M> = const { Cell::new(ptr::null()) };
}

/// Calls `f` with this thread's M; `None` on a thread that is none.
#[inline]
pub(super) fn with_m<R>(f: impl FnOnce(&M) -> R) -> Option<R> {
    let m = CURRENT_M.try_with(Cell::get).unwrap_or(ptr::null());
    // SAFETY: the pointer is set for as long as the M's loop runs on this thread, which is deeper
    // in the stack than this call; the reference does not outlive it.
    unsafe { m.as_ref() }.map(f)
}

/// This thread's M.
///
/// # Safety
/// The reference is used only until the poll that called this returns.
#[inline]
pub(super) unsafe fn current_m<'a>() -> Option<&'a M> {
    let m = CURRENT_M.try_with(Cell::get).unwrap_or(ptr::null());
    // SAFETY: as in `with_m`; the M's loop is deeper in the stack than any poll.
    unsafe { m.as_ref() }
}

/// Makes `m` the M of this thread while `f` runs.
pub(super) fn as_m<R>(m: &M, f: impl FnOnce() -> R) -> R {
    CURRENT_M.set(m);
    let result = f();
    CURRENT_M.set(ptr::null());
    result
}

/// Makes `sched` the current runtime of this thread until the guard drops.
pub(crate) fn enter(sched: &Arc<Sched>) -> Entered {
    Entered::owning(Arc::clone(sched) as Arc<dyn Spawn>)
}

/// Calls `f` with whoever runs what this thread starts: the executor that it entered last, the
/// runtime that it is an M of, the process's default executor, or the default runtime, which is
/// started if need be.
///
/// # Errors
/// If the default runtime cannot be started.
#[inline]
pub(crate) fn with_executor<R>(f: impl FnOnce(Executor<'_>) -> R) -> io::Result<R> {
    let mut f = Some(f);
    if !has_entered() {
        let on_m = with_m(|m| f.take().map(|f| f(Executor::Native(m.sched()))));
        if let Some(result) = on_m.flatten() {
            return Ok(result);
        }
    }
    let f = f.expect("only a thread that is an M has used the closure");
    with_executor_of_outsider(f)
}

/// [`with_executor`] on a thread that is no M or has entered something.
#[cold]
fn with_executor_of_outsider<R>(f: impl FnOnce(Executor<'_>) -> R) -> io::Result<R> {
    match with_entered_or_default(|executor| f(Executor::of(executor))) {
        Ok(result) => Ok(result),
        Err(call) => Ok(call(&**default_sched()?)),
    }
}

/// The runtime of ours that this thread is in: the innermost it entered, else the one it is an M
/// of; `None` if it is in none.
#[inline]
pub(crate) fn try_current() -> Option<Arc<Sched>> {
    with_entered_sched(Arc::clone)
}

#[inline]
fn with_entered_sched<R>(f: impl FnOnce(&Arc<Sched>) -> R) -> Option<R> {
    let entered = if has_entered() {
        find_entered(|executor| as_sched(executor).map(Sched::to_arc))
    } else {
        None
    };
    match entered {
        Some(sched) => Some(f(&sched)),
        None => with_m(|m| f(m.sched_arc())),
    }
}

/// Calls `f` with the runtime this thread is in, or with the default runtime, which is started if
/// need be.
///
/// # Errors
/// If the default runtime cannot be started.
#[inline]
pub(crate) fn with_current<R>(f: impl FnOnce(&Arc<Sched>) -> R) -> io::Result<R> {
    let mut f = Some(f);
    let done = with_entered_sched(|sched| f.take().map(|f| f(sched)));
    match (done.flatten(), f) {
        (Some(result), _) => Ok(result),
        (None, Some(f)) => Ok(f(default_sched()?)),
        (None, None) => unreachable!("a closure that was called has given a result"),
    }
}

/// The netpoller of the current runtime, or of the default one.
///
/// # Errors
/// If the default runtime cannot be started.
pub(crate) fn netpoll() -> io::Result<Arc<Netpoll>> {
    with_current(|sched| Arc::clone(&sched.netpoll))
}

/// Calls `f` with the timers of the current permit, or the first timers of the current runtime
/// (else of the default one). `f` tells whether they now have an earliest deadline sooner than
/// before: then the M that sleeps until the first deadline must learn of it.
pub(crate) fn with_wheel<R>(f: impl FnOnce(&Wheel) -> (bool, R)) -> R {
    let mut f = Some(f);
    let on_m = with_m(|m| {
        let permit = m.permit()?;
        // An M with a permit looks at these timers itself before it sleeps.
        let (_sooner, result) = f.take()?(m.sched().permits.wheel(permit));
        Some(result)
    });
    if let Some(result) = on_m.flatten() {
        return result;
    }
    let f = f.expect("only a thread with a permit has used the closure");
    let set = with_current(|sched| {
        let (sooner, result) = f(sched.permits.wheel(0));
        if sooner {
            sched.tell_poller_of_timers();
        }
        result
    });
    set.unwrap_or_else(|error| panic!("a timer needs a runtime: {error}"))
}

impl Sched {
    /// Whether this thread is one of the runtime's Ms.
    pub(crate) fn is_here(&self) -> bool {
        with_m(|m| std::ptr::eq(m.sched(), self)).unwrap_or(false)
    }
}
