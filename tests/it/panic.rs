//! Panics: in a poll, in destructors, in wakers. None of them aborts the process, none takes
//! another goroutine or a thread of the runtime with it.

use futures::channel::oneshot;
use gort::panic::PanicPolicy;
use gort::{Runtime, runtime, spawn, yield_now};
use gort_tests::{
    Counts, Explosive, PROCS, PanicsOnDrop, bounded, is_child, join, on_goroutine, quietly,
    run_child, wait_until, with_procs,
};
use std::future::{Future, pending, poll_fn, ready};
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};
use std::time::Duration;

/// Shows that every M of the runtime still runs goroutines: as many as there are block at once.
fn is_whole(runtime: &Runtime) {
    let barrier = Arc::new(std::sync::Barrier::new(runtime.procs()));
    let spawn = |_| {
        let barrier = Arc::clone(&barrier);
        runtime.spawn(async move {
            barrier.wait();
        })
    };
    let handles: Vec<_> = (0..runtime.procs()).map(spawn).collect();
    handles.into_iter().for_each(join);
}

/// A runtime that reports panics that nobody takes, instead of ending the process.
fn reporting(procs: usize) -> Runtime {
    Runtime::builder()
        .procs(procs)
        .on_panic(PanicPolicy::Report)
        .build()
        .unwrap()
}

/// Runs `test` on a reporting runtime at each number of permits.
fn with_reporting(test: impl Fn(&Runtime) + Send + Clone + 'static) {
    for procs in PROCS {
        let test = test.clone();
        quietly(|| bounded(&format!("procs = {procs}"), move || test(&reporting(procs))));
    }
}

#[test]
fn a_panic_in_a_poll_is_the_handles() {
    with_reporting(|runtime| {
        for n in 0..100 {
            let handle = runtime.spawn(async move {
                if n % 2 == 0 {
                    yield_now().await;
                }
                panic!("expected: in a poll");
            });
            let error = futures::executor::block_on(handle).unwrap_err();
            assert_eq!(
                error.into_panic().downcast_ref(),
                Some(&"expected: in a poll")
            );
        }
        is_whole(runtime);
    });
}

#[test]
fn a_panicked_future_is_dropped_before_its_handle_is_ready() {
    with_reporting(|runtime| {
        let counts = Counts::new();
        let handle = runtime.spawn(counts.future(async {
            yield_now().await;
            panic!("expected: in a poll");
        }));
        assert!(futures::executor::block_on(handle).unwrap_err().is_panic());
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn a_panic_in_the_futures_destructor_replaces_the_result() {
    struct ReadyThenPanics;
    impl Future for ReadyThenPanics {
        type Output = u32;
        fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<u32> {
            Poll::Ready(7)
        }
    }
    impl Drop for ReadyThenPanics {
        fn drop(&mut self) {
            panic!("expected: a future's destructor");
        }
    }
    with_reporting(|runtime| {
        let error = futures::executor::block_on(runtime.spawn(ReadyThenPanics)).unwrap_err();
        assert_eq!(
            error.into_panic().downcast_ref(),
            Some(&"expected: a future's destructor")
        );
        is_whole(runtime);
    });
}

#[test]
fn a_panic_in_the_destructor_of_an_aborted_future_is_the_handles() {
    with_reporting(|runtime| {
        let handle = runtime.spawn(PanicsOnDrop);
        handle.abort();
        assert!(futures::executor::block_on(handle).unwrap_err().is_panic());
        is_whole(runtime);
    });
}

#[test]
fn a_panic_in_a_poll_outlives_one_in_the_destructor() {
    with_reporting(|runtime| {
        struct Both;
        impl Future for Both {
            type Output = ();
            fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
                panic!("expected: the first");
            }
        }
        impl Drop for Both {
            fn drop(&mut self) {
                panic!("expected: the second");
            }
        }
        let error = futures::executor::block_on(runtime.spawn(Both)).unwrap_err();
        assert_eq!(
            error.into_panic().downcast_ref(),
            Some(&"expected: the first")
        );
        is_whole(runtime);
    });
}

#[test]
fn a_panic_in_the_outputs_destructor_is_contained() {
    with_reporting(|runtime| {
        // Dropped before the end, and after it.
        drop(runtime.spawn(async { Explosive }));
        let late = runtime.spawn(async { Explosive });
        wait_until("it is over", || late.is_finished());
        drop(late);
        let entered = runtime.handle();
        let entered = entered.enter();
        runtime::go(async {
            let _output = spawn(async { Explosive });
        });
        drop(entered);
        wait_until("all are over", || runtime.num_goroutine() == 0);
        is_whole(runtime);
    });
}

#[test]
fn a_payload_whose_destructor_panics_is_contained() {
    with_reporting(|runtime| {
        let handle = runtime.handle();
        let entered = handle.enter();
        drop(runtime.spawn(async { panic_any(Explosive) }));
        runtime::go(async { panic_any(Explosive) });
        runtime::go(async {
            yield_now().await;
            panic_any(Explosive)
        });
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                panic_any(Explosive);
            }
        }
        // As the destructor of a future, of an output, and after a panic of the poll.
        runtime::go(async {
            let _late = Late;
        });
        drop(runtime.spawn(async { Late }));
        runtime::go(async { drop(spawn(async { Late })) });
        drop(entered);
        wait_until("all are over", || runtime.num_goroutine() == 0);
        is_whole(runtime);
    });
}

/// A waker that panics, when it is woken and when it is dropped, as its fields say.
struct Nasty {
    on_wake: bool,
    wakes: Arc<AtomicUsize>,
}

impl Wake for Nasty {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
        assert!(!self.on_wake, "expected: a waker");
    }
}

/// A waker whose drop panics.
fn panics_on_drop() -> Waker {
    const VTABLE: RawWakerVTable = RawWakerVTable::new(
        |_| RawWaker::new(std::ptr::null(), &VTABLE),
        |_| panic!("expected: a waker that is woken"),
        |_| panic!("expected: a waker that is woken"),
        |_| panic!("expected: a waker that is dropped"),
    );
    // SAFETY: the functions use no data.
    unsafe { Waker::new(std::ptr::null(), &VTABLE) }
}

#[test]
fn a_panic_in_a_joiners_waker_is_contained() {
    with_reporting(|runtime| {
        for _ in 0..20 {
            let wakes = Arc::new(AtomicUsize::new(0));
            let waker = Waker::from(Arc::new(Nasty {
                on_wake: true,
                wakes: Arc::clone(&wakes),
            }));
            let (finish, finished) = oneshot::channel::<()>();
            let mut handle = runtime.spawn(finished);
            let cx = &mut Context::from_waker(&waker);
            assert!(Pin::new(&mut handle).poll(cx).is_pending());
            finish.send(()).unwrap();
            wait_until("it is over", || handle.is_finished());
            wait_until("the joiner was woken", || wakes.load(Ordering::SeqCst) == 1);
            join(handle).unwrap();
        }
        is_whole(runtime);
    });
}

#[test]
fn a_joiners_waker_that_panics_whatever_is_done_to_it_is_contained() {
    with_reporting(|runtime| {
        let (finish, finished) = oneshot::channel::<()>();
        let mut handle = runtime.spawn(finished);
        let waker = std::mem::ManuallyDrop::new(panics_on_drop());
        let cx = &mut Context::from_waker(&waker);
        assert!(Pin::new(&mut handle).poll(cx).is_pending());
        finish.send(()).unwrap();
        wait_until("it is over", || {
            handle.is_finished() && runtime.num_goroutine() == 0
        });
        join(handle).unwrap();
        is_whole(runtime);
    });
}

#[test]
fn a_panicking_waker_of_a_timer_loses_no_other_wake_up() {
    with_reporting(|runtime| {
        let wakes = Arc::new(AtomicUsize::new(0));
        let waker = Waker::from(Arc::new(Nasty {
            on_wake: true,
            wakes: Arc::clone(&wakes),
        }));
        let entered = runtime.handle();
        let entered = entered.enter();
        let deadline = Duration::from_millis(5);
        let mut nasty: Vec<_> = (0..20)
            .map(|_| Box::pin(gort::time::sleep(deadline)))
            .collect();
        let mut good = Vec::new();
        for sleep in &mut nasty {
            good.push(runtime.spawn(gort::time::sleep(deadline)));
            assert!(
                sleep
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        drop(entered);
        good.into_iter().for_each(join);
        wait_until("all were woken", || wakes.load(Ordering::SeqCst) == 20);
        is_whole(runtime);
    });
}

#[test]
fn a_destructor_that_panics_at_the_shutdown_is_contained() {
    for procs in PROCS {
        quietly(|| {
            let runtime = reporting(procs);
            let counts = Counts::new();
            let polled = Arc::new(AtomicUsize::new(0));
            for _ in 0..50 {
                let (polled, token) = (Arc::clone(&polled), counts.token());
                drop(runtime.spawn(async move {
                    let _token = token;
                    let mut bad = PanicsOnDrop;
                    poll_fn(|cx| {
                        polled.fetch_add(1, Ordering::SeqCst);
                        Pin::new(&mut bad).poll(cx)
                    })
                    .await;
                }));
                drop(runtime.spawn(counts.future(pending::<()>())));
            }
            wait_until("all are parked", || polled.load(Ordering::SeqCst) == 50);
            let leftover = runtime.shutdown(Duration::from_secs(5));
            assert!(leftover.is_clean());
            assert_eq!((leftover.cancelled(), counts.live()), (100, 0));
        });
    }
}

#[test]
fn a_go_that_panics_at_the_shutdown_is_under_the_runtimes_policy() {
    for procs in PROCS {
        quietly(|| {
            let runtime = reporting(procs);
            let entered = runtime.handle();
            let entered = entered.enter();
            let polled = Arc::new(AtomicUsize::new(0));
            for _ in 0..10 {
                let polled = Arc::clone(&polled);
                runtime::go(async move {
                    let _explosive = Explosive;
                    polled.fetch_add(1, Ordering::SeqCst);
                    pending::<()>().await;
                });
            }
            drop(entered);
            wait_until("all are parked", || polled.load(Ordering::SeqCst) == 10);
            assert!(runtime.shutdown(Duration::from_secs(5)).is_clean());
        });
    }
}

#[test]
fn a_panic_at_the_shutdown_is_the_handles() {
    for procs in PROCS {
        quietly(|| {
            let runtime = reporting(procs);
            let handle = runtime.spawn(PanicsOnDrop);
            assert!(runtime.shutdown(Duration::from_secs(5)).is_clean());
            assert!(futures::executor::block_on(handle).unwrap_err().is_panic());
        });
    }
}

#[test]
fn a_panic_in_a_blocking_call_is_the_handles() {
    quietly(|| {
        on_goroutine(&PROCS, || async {
            let handle = gort::spawn_blocking(|| panic!("expected: a call"));
            let error = handle.await.unwrap_err();
            assert_eq!(error.into_panic().downcast_ref(), Some(&"expected: a call"));
            assert_eq!(gort::spawn_blocking(|| 7).await.unwrap(), 7);
        });
    });
}

#[test]
fn panics_among_others_disturb_nobody() {
    with_reporting(|runtime| {
        let outcomes = (0..500).map(|n| {
            runtime.spawn(async move {
                yield_now().await;
                assert!(n % 5 != 0, "expected: one in five");
                n
            })
        });
        let handles: Vec<_> = outcomes.collect();
        let (good, bad): (Vec<_>, Vec<_>) = handles
            .into_iter()
            .map(futures::executor::block_on)
            .partition(Result::is_ok);
        assert_eq!((good.len(), bad.len()), (400, 100));
        is_whole(runtime);
    });
}

#[test]
fn a_panic_in_go_ends_the_process_with_code_2() {
    const NAME: &str = "panic::a_panic_in_go_ends_the_process_with_code_2";
    if is_child(NAME) {
        let runtime = Runtime::builder().procs(2).build().unwrap();
        let _entered = runtime.handle();
        let _entered = _entered.enter();
        runtime::go(async { panic!("the reason") });
        std::thread::sleep(Duration::from_secs(20));
        unreachable!("the process went on");
    }
    let ended = run_child(NAME, &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let told = ["the reason", "goroutine ", "created at ", "panic.rs:"];
    told.iter()
        .for_each(|text| assert!(ended.stderr.contains(text), "{text}: {}", ended.stderr));
}

#[test]
fn a_panic_in_a_local_go_ends_the_process_with_code_2() {
    const NAME: &str = "panic::a_panic_in_a_local_go_ends_the_process_with_code_2";
    if is_child(NAME) {
        let runtime = Runtime::builder().procs(1).build().unwrap();
        runtime.block_on(async {
            gort::go!(local, {
                panic!("the reason");
            });
            std::future::pending::<()>().await;
        });
        unreachable!("the process went on");
    }
    let ended = run_child(NAME, &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("panic.rs:"), "{}", ended.stderr);
}

#[test]
fn a_panic_in_a_destructor_of_go_ends_the_process_with_code_2() {
    const NAME: &str = "panic::a_panic_in_a_destructor_of_go_ends_the_process_with_code_2";
    if is_child(NAME) {
        let runtime = Runtime::builder().procs(1).build().unwrap();
        let _entered = runtime.handle();
        let _entered = _entered.enter();
        runtime::go(async {
            let _explosive = Explosive;
        });
        std::thread::sleep(Duration::from_secs(20));
        unreachable!("the process went on");
    }
    assert_eq!(run_child(NAME, &[]).code, Some(2));
}

#[test]
fn a_panic_in_a_detached_spawn_is_reported_and_the_process_goes_on() {
    const NAME: &str = "panic::a_panic_in_a_detached_spawn_is_reported_and_the_process_goes_on";
    if is_child(NAME) {
        let runtime = Runtime::builder().procs(1).build().unwrap();
        drop(runtime.spawn(async { panic!("the reason") }));
        wait_until("it is over", || runtime.num_goroutine() == 0);
        assert_eq!(join(runtime.spawn(ready(7))), 7);
        return;
    }
    let ended = run_child(NAME, &[]);
    ended.passed();
    assert!(
        ended.stderr.contains("panicked: the reason"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("created at "), "{}", ended.stderr);
}

#[test]
fn under_the_policy_report_a_panic_in_go_is_reported_and_the_process_goes_on() {
    const NAME: &str =
        "panic::under_the_policy_report_a_panic_in_go_is_reported_and_the_process_goes_on";
    if is_child(NAME) {
        let runtime = reporting(2);
        let _entered = runtime.handle();
        let _entered = _entered.enter();
        runtime::go(async { panic!("the reason") });
        wait_until("it is over", || runtime.num_goroutine() == 0);
        // The policy is the runtime's wherever its futures are polled.
        runtime.block_on(async {
            let inner = gort::spawn_blocking(|| ());
            inner.await.unwrap();
            drop(gort::spawn_local(async { panic!("a local reason") }));
            yield_now().await;
        });
        is_whole(&runtime);
        return;
    }
    let ended = run_child(NAME, &[]);
    ended.passed();
    for text in ["panicked: the reason", "panicked: a local reason"] {
        assert!(ended.stderr.contains(text), "{text}: {}", ended.stderr);
    }
}

#[test]
fn a_report_on_a_closed_standard_error_does_not_end_the_process() {
    const NAME: &str = "panic::a_report_on_a_closed_standard_error_does_not_end_the_process";
    if is_child(NAME) {
        quietly(|| {
            // A pipe whose reader is gone: every write to it fails.
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            rustix::stdio::dup2_stderr(&writer).unwrap();
            let runtime = reporting(1);
            drop(runtime.spawn(async { panic!("expected: nobody hears it") }));
            let late = runtime.spawn(async { Explosive });
            wait_until("it is over", || late.is_finished());
            drop(late);
            wait_until("all are over", || runtime.num_goroutine() == 0);
            is_whole(&runtime);
        });
        return;
    }
    run_child(NAME, &[]).passed();
}

#[test]
fn policies_of_two_runtimes_are_apart() {
    with_procs(&[1], |_| {
        quietly(|| {
            let one = reporting(1);
            let other = Runtime::builder().procs(1).build().unwrap();
            let entered = one.handle();
            let entered = entered.enter();
            // A block_on of the other, here, must not leave its policy behind or lose this one's.
            other.block_on(ready(()));
            runtime::go(async { panic!("expected: reported") });
            drop(entered);
            wait_until("it is over", || one.num_goroutine() == 0);
            assert_eq!(join(other.spawn(ready(7))), 7);
        });
    });
}
