//! Models of the join: the outcome is delivered once, no wake-up is lost, and nothing leaks,
//! whatever the handle, its waker, an aborter and the goroutine do at the same time.
//!
//! They drive the real [`Body`], [`Completer`] and [`JoinHandle`]. Each ordering that the protocol
//! names is weakened once, and some model must notice. A handle is dropped where the model says so
//! and not when it fails, since a second failure in a destructor would end the process.

use super::join_cell::Completer;
use super::{Body, Id, JoinError, JoinHandle, Sink, join_cell};
use crate::base::atomic::{UnsafeCell, while_weak};
use crate::base::note::Note;
use loom::thread;
use std::future::{Future, pending};
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering as Std};
use std::task::{Context, Poll, Wake, Waker};

/// A value that says how often it was dropped.
#[derive(Debug)]
struct Tracked(Arc<AtomicUsize>);

impl Drop for Tracked {
    fn drop(&mut self) {
        self.0.fetch_add(1, Std::Relaxed);
    }
}

/// Counts its wake-ups; the checker need not watch it.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Std::Relaxed);
    }
}

impl Count {
    fn get(&self) -> usize {
        self.0.load(Std::Relaxed)
    }
}

/// Whom the handle wakes, and a look at whether a waker is left somewhere.
struct Joiner {
    count: Arc<Count>,
}

impl Joiner {
    fn new() -> Self {
        Self {
            count: Arc::default(),
        }
    }

    fn poll<T>(&self, handle: &mut Handle<T>) -> Poll<Result<T, JoinError>> {
        let waker = Waker::from(Arc::clone(&self.count));
        Pin::new(&mut **handle).poll(&mut Context::from_waker(&waker))
    }

    /// How often it was woken. Nobody holds a waker of it any more.
    fn end(self) -> usize {
        assert_eq!(Arc::strong_count(&self.count), 1, "a waker has leaked");
        self.count.get()
    }
}

type Drops = Arc<AtomicUsize>;
type Handle<T> = ManuallyDrop<JoinHandle<T>>;

/// A new cell's two ends.
fn join<T>() -> (Completer<T>, Handle<T>) {
    let (completer, handle) = join_cell(Id::next(), Location::caller());
    (completer, ManuallyDrop::new(handle))
}

/// A goroutine that is about to leave a value, and its handle.
fn ending() -> (impl FnOnce() + Send + 'static, Handle<Tracked>, Drops) {
    let drops = Drops::default();
    let value = Tracked(Arc::clone(&drops));
    let (completer, handle) = join();
    (move || completer.finish(Ok(value)), handle, drops)
}

/// The handle's poll finds the outcome, or is woken for it.
fn completion_meets_poll() {
    let (end, mut handle, drops) = ending();
    let joiner = Joiner::new();
    let goroutine = thread::spawn(end);
    let first = joiner.poll(&mut handle);
    goroutine.join().unwrap();
    let woken = joiner.count.get();
    match first {
        Poll::Ready(outcome) => drop(outcome.unwrap()),
        Poll::Pending => {
            assert_eq!(woken, 1, "the joiner sleeps beside the outcome");
            assert!(joiner.poll(&mut handle).is_ready());
        }
    }
    drop(ManuallyDrop::into_inner(handle));
    assert_eq!(drops.load(Std::Relaxed), 1);
    joiner.end();
}

#[test]
fn a_poll_finds_the_outcome_or_is_woken_for_it() {
    loom::model(completion_meets_poll);
    assert!(while_weak("join.done", completion_meets_poll));
    assert!(while_weak("join.joiner", completion_meets_poll));
    assert!(while_weak("join.poll", completion_meets_poll));
}

/// A handle that goes away leaves the outcome to one of the two, who drops it.
fn completion_meets_detach() {
    let (end, handle, drops) = ending();
    let goroutine = thread::spawn(end);
    drop(ManuallyDrop::into_inner(handle));
    goroutine.join().unwrap();
    assert_eq!(drops.load(Std::Relaxed), 1);
}

#[test]
fn an_outcome_that_nobody_takes_is_dropped_once() {
    loom::model(completion_meets_detach);
    assert!(while_weak("join.done", completion_meets_detach));
    assert!(while_weak("join.gone", completion_meets_detach));
}

/// As before, with a waker in the cell: it is woken or dropped, by one of the two.
fn completion_meets_detach_of_one_who_waited() {
    let (end, mut handle, drops) = ending();
    let joiner = Joiner::new();
    assert!(joiner.poll(&mut handle).is_pending());
    let goroutine = thread::spawn(end);
    drop(ManuallyDrop::into_inner(handle));
    goroutine.join().unwrap();
    assert_eq!(drops.load(Std::Relaxed), 1);
    assert!(joiner.end() <= 1);
}

#[test]
fn a_waker_left_behind_is_dropped() {
    loom::model(completion_meets_detach_of_one_who_waited);
    assert!(while_weak(
        "join.gone",
        completion_meets_detach_of_one_who_waited
    ));
}

/// The handle is polled with another waker: the outcome comes now, or that waker is woken for it.
fn completion_meets_another_waker() {
    let (end, mut handle, drops) = ending();
    let (first, second) = (Joiner::new(), Joiner::new());
    assert!(first.poll(&mut handle).is_pending());
    let goroutine = thread::spawn(end);
    let polled = second.poll(&mut handle);
    goroutine.join().unwrap();
    let woken = second.count.get();
    match polled {
        Poll::Ready(outcome) => drop(outcome.unwrap()),
        Poll::Pending => {
            assert_eq!(woken, 1, "the second waker was forgotten");
            assert!(second.poll(&mut handle).is_ready());
        }
    }
    drop(ManuallyDrop::into_inner(handle));
    assert_eq!(drops.load(Std::Relaxed), 1);
    assert!(first.end() + second.end() <= 1);
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    loom::model(completion_meets_another_waker);
    assert!(while_weak("join.joiner", completion_meets_another_waker));
    assert!(while_weak("join.done", completion_meets_another_waker));
    assert!(while_weak("join.take-back", completion_meets_another_waker));
}

/// What an aborter did before, for the goroutine to see.
struct Reason(UnsafeCell<bool>);

// SAFETY: the checker watches each access.
unsafe impl Sync for Reason {}
// SAFETY: as above.
unsafe impl Send for Reason {}

impl Reason {
    fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(false)))
    }

    fn give(&self) {
        // SAFETY: the checker has just found this access ordered with all others.
        unsafe { *self.0.get() = true };
    }

    fn is_given(&self) -> bool {
        // SAFETY: as above.
        unsafe { *self.0.get() }
    }
}

/// Runs a goroutine to its end on this thread, sleeping while it waits.
fn run<F: Future>(body: Body<F, Completer<F::Output>>) {
    struct Sleeper(Note);
    impl Wake for Sleeper {
        fn wake(self: Arc<Self>) {
            self.0.wake();
        }
    }
    let sleeper = Arc::new(Sleeper(Note::new()));
    let waker = Waker::from(Arc::clone(&sleeper));
    let mut body = pin!(body);
    while body
        .as_mut()
        .poll(&mut Context::from_waker(&waker))
        .is_pending()
    {
        sleeper.0.sleep();
    }
}

/// A goroutine that would wait for ever ends, however its abort falls together with its first wait;
/// what the aborter did before is seen by the destructor that the abort runs.
fn abort_meets_first_wait() {
    struct Waits(Arc<Reason>);
    impl Drop for Waits {
        fn drop(&mut self) {
            assert!(self.0.is_given(), "ended without a reason");
        }
    }
    let (completer, mut handle) = join::<()>();
    let reason = Reason::new();
    let waits = Waits(Arc::clone(&reason));
    let future = async move {
        let _waits = waits;
        pending::<()>().await;
    };
    let body = Body::new(future, completer);
    let goroutine = thread::spawn(move || run(body));
    reason.give();
    handle.abort();
    goroutine.join().unwrap();
    match Joiner::new().poll(&mut handle) {
        Poll::Ready(Err(error)) => assert!(error.is_cancelled()),
        other => panic!("not cancelled: {other:?}"),
    }
    drop(ManuallyDrop::into_inner(handle));
}

#[test]
fn an_abort_ends_a_goroutine_that_is_about_to_wait() {
    loom::model(abort_meets_first_wait);
    assert!(while_weak("join.abort", abort_meets_first_wait));
    assert!(while_weak("join.task", abort_meets_first_wait));
    assert!(while_weak("join.is-aborted", abort_meets_first_wait));
}

/// A goroutine that is done in spite of an abort keeps its result, and wakes its joiner once.
fn abort_meets_completion() {
    let (completer, mut handle) = join::<u32>();
    let joiner = Joiner::new();
    assert!(joiner.poll(&mut handle).is_pending());
    let mut yielded = false;
    let future = std::future::poll_fn(move |cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(7);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    let body = Body::new(future, completer);
    let goroutine = thread::spawn(move || run(body));
    handle.abort();
    goroutine.join().unwrap();
    match joiner.poll(&mut handle) {
        Poll::Ready(Ok(value)) => assert_eq!(value, 7),
        Poll::Ready(Err(error)) => assert!(error.is_cancelled()),
        Poll::Pending => panic!("over, but not done"),
    }
    drop(ManuallyDrop::into_inner(handle));
    assert_eq!(joiner.end(), 1);
}

#[test]
fn an_abort_and_an_end_are_one_outcome() {
    loom::model(abort_meets_completion);
    assert!(while_weak("join.abort", abort_meets_completion));
}

/// Whoever learns that a goroutine is over sees what it did.
fn completion_meets_look() {
    let (completer, handle) = join::<()>();
    let reason = Reason::new();
    let goroutine = thread::spawn({
        let reason = Arc::clone(&reason);
        move || {
            reason.give();
            completer.finish(Ok(()));
        }
    });
    assert!(!handle.is_finished() || reason.is_given());
    goroutine.join().unwrap();
    drop(ManuallyDrop::into_inner(handle));
}

#[test]
fn a_finished_goroutine_is_seen_whole() {
    loom::model(completion_meets_look);
    assert!(while_weak("join.done", completion_meets_look));
    assert!(while_weak("join.is-done", completion_meets_look));
}
