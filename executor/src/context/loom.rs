//! Models of the tree of scopes: an end misses nobody, whatever joins, waits or goes meanwhile.
//!
//! The tree is under locks, of which one is held at a time; what can go wrong there is what happens
//! between two of them. That a scope has ended is also read without a lock, and whoever sees it
//! sees what was done before: that has a model with a twin.
//!
//! There is no clock here: deadlines end a scope as everybody else does.

use super::{Context, after_func, background, with_cancel};
use crate::base::atomic::{AtomicU32, Ordering, UnsafeCell, check, while_weak};
use crate::wait::block;
use futures::FutureExt;
use loom::thread;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

const PREEMPTIONS: Option<usize> = Some(2);

/// What stands in the place of `time::Act`.
pub(super) trait Act {
    const OUTLIVES_RUNTIME: bool;

    fn act(&self);
}

/// What stands in the place of `time::Call`: a clock that stands still.
#[derive(Debug)]
pub(super) struct Call<A>(A);

impl<A: Act> Call<A> {
    pub(super) fn new(act: A) -> Arc<Self> {
        Arc::new(Self(act))
    }

    pub(super) fn set(self: &Arc<Self>, _at: Instant) -> bool {
        A::OUTLIVES_RUNTIME
    }

    pub(super) fn stop(&self) -> bool {
        false
    }
}

/// What stands in the place of an executor: the goroutine runs at once.
pub(super) fn go_from(_: &Location<'_>, goroutine: impl Future<Output = ()>) {
    assert!(goroutine.now_or_never().is_some(), "it waits for nothing");
}

fn is_done(context: &Context) -> bool {
    context.err().is_some()
}

/// Counts calls; orders nothing.
#[derive(Clone)]
struct Calls(Arc<AtomicU32>);

impl Calls {
    fn new() -> Self {
        Self(Arc::new(AtomicU32::new(0)))
    }

    fn function(&self) -> impl FnOnce() + Send + 'static {
        let calls = self.clone();
        move || {
            calls.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What is written before a cancellation.
struct Written(UnsafeCell<u32>);

// SAFETY: the checker watches each access to the cell.
unsafe impl Sync for Written {}
// SAFETY: as above.
unsafe impl Send for Written {}

/// Whoever sees that a context is done sees what was done before it was cancelled.
fn end_publishes() {
    let written = Arc::new(Written(UnsafeCell::new(0)));
    let (root, cancel) = with_cancel(&background());
    let (leaf, _cancel) = with_cancel(&root);
    let cancels = thread::spawn({
        let written = Arc::clone(&written);
        move || {
            // SAFETY: nobody looks before the end.
            unsafe { *written.0.get() = 7 };
            cancel.cancel();
        }
    });
    if is_done(&leaf) {
        // SAFETY: it was written before the end; the checker looks whether that is so.
        assert_eq!(unsafe { *written.0.get() }, 7);
    }
    cancels.join().unwrap();
}

/// Neither of two who cancel returns before what is below is done.
fn two_cancel() {
    let (root, cancel) = with_cancel(&background());
    let (middle, _cancel) = with_cancel(&root);
    let (leaf, _cancel) = with_cancel(&middle);
    let other = thread::spawn({
        let (cancel, leaf) = (cancel.clone(), leaf.clone());
        move || {
            cancel.cancel();
            assert!(is_done(&leaf));
        }
    });
    cancel.cancel();
    assert!(is_done(&middle) && is_done(&leaf));
    other.join().unwrap();
}

/// One cancels the root and one the scope below it, for other reasons; what is lowest has one.
fn two_cancel_at_two_levels() {
    let (root, cancel) = with_cancel(&background());
    let (middle, cancel_middle) = with_cancel(&root);
    let (leaf, _cancel) = with_cancel(&middle);
    let other = thread::spawn({
        let (middle, leaf) = (middle.clone(), leaf.clone());
        move || {
            cancel_middle.cancel_with("from below");
            assert!(is_done(&middle) && is_done(&leaf));
        }
    });
    cancel.cancel_with("from above");
    assert!(is_done(&middle) && is_done(&leaf));
    other.join().unwrap();
    let causes = [middle, leaf].map(|context| context.cause().unwrap().to_string());
    assert_eq!(causes[0], causes[1]);
}

/// A cancellation meets one who derives.
fn cancel_meets_derive() {
    let (root, cancel) = with_cancel(&background());
    let derives = thread::spawn({
        let root = root.clone();
        move || {
            let (middle, _) = with_cancel(&root);
            let (leaf, _) = with_cancel(&middle);
            (middle, leaf)
        }
    });
    cancel.cancel();
    let (middle, leaf) = derives.join().unwrap();
    assert!(is_done(&middle) && is_done(&leaf));
}

/// A cancellation meets one who waits below: a lost wake-up would be a deadlock.
fn cancel_meets_wait() {
    let (root, cancel) = with_cancel(&background());
    let (leaf, _cancel) = with_cancel(&root);
    let waits = thread::spawn(move || block("", "", leaf.done()));
    cancel.cancel();
    waits.join().unwrap();
}

/// A cancellation meets one who gives up waiting, and one who goes.
fn cancel_meets_drop() {
    let (root, cancel) = with_cancel(&background());
    let (leaf, _cancel) = with_cancel(&root);
    let goes = thread::spawn(move || {
        let mut done = Box::pin(leaf.done());
        let _ = done.as_mut().now_or_never();
        drop(done);
        drop((leaf, _cancel));
    });
    cancel.cancel();
    goes.join().unwrap();
    assert!(is_done(&root));
}

/// A cancellation meets the drop of the scope below, whose function goes to the root: it is called,
/// and once.
fn cancel_meets_handover() {
    let calls = Calls::new();
    let (root, cancel) = with_cancel(&background());
    let (leaf, _cancel) = with_cancel(&root);
    let handle = after_func(&leaf, calls.function());
    let goes = thread::spawn({
        let root = root.clone();
        move || {
            // The checker does not see counts of references. By this look it learns that it
            // matters whether the root ends before or after what follows.
            is_done(&root);
            drop((leaf, _cancel));
        }
    });
    cancel.cancel();
    goes.join().unwrap();
    assert_eq!(calls.count(), 1);
    assert!(!handle.stop());
}

/// A function that changes hands is stopped meanwhile; it is called only if the stop says so, and
/// leaves nothing behind.
fn stop_meets_handover() {
    let calls = Calls::new();
    let (root, cancel) = with_cancel(&background());
    let (leaf, _cancel) = with_cancel(&root);
    let handle = after_func(&leaf, calls.function());
    let goes = thread::spawn(move || drop((leaf, _cancel)));
    assert!(handle.stop());
    goes.join().unwrap();
    assert!(!root.scope.as_ref().unwrap().has_functions());
    cancel.cancel();
    assert_eq!(calls.count(), 0);
}

/// A stop meets a cancellation: one of them wins.
fn stop_meets_cancel() {
    let calls = Calls::new();
    let (root, cancel) = with_cancel(&background());
    let (leaf, _cancel) = with_cancel(&root);
    let handle = after_func(&leaf, calls.function());
    let stops = thread::spawn(move || handle.stop());
    cancel.cancel();
    let stopped = stops.join().unwrap();
    assert_eq!(calls.count(), u32::from(!stopped));
}

#[test]
fn who_sees_the_end_sees_what_was_before() {
    check(PREEMPTIONS, end_publishes);
}

#[test]
fn without_its_orderings_the_end_tells_nothing() {
    assert!(while_weak("context.end", end_publishes));
    assert!(while_weak("context.look", end_publishes));
}

#[test]
fn neither_of_two_who_cancel_returns_too_early() {
    check(PREEMPTIONS, two_cancel);
}

#[test]
fn cancellations_at_two_levels_leave_one_reason_below() {
    check(PREEMPTIONS, two_cancel_at_two_levels);
}

#[test]
fn what_is_derived_meanwhile_is_done() {
    check(PREEMPTIONS, cancel_meets_derive);
}

#[test]
fn who_waits_meanwhile_is_woken() {
    check(PREEMPTIONS, cancel_meets_wait);
}

#[test]
fn who_goes_meanwhile_is_not_touched() {
    check(PREEMPTIONS, cancel_meets_drop);
}

#[test]
fn a_function_that_changes_hands_is_called_once() {
    check(PREEMPTIONS, cancel_meets_handover);
}

#[test]
fn a_function_that_changes_hands_can_be_stopped() {
    check(PREEMPTIONS, stop_meets_handover);
}

#[test]
fn of_stop_and_cancel_one_wins() {
    check(PREEMPTIONS, stop_meets_cancel);
}
