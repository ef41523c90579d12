//! What deferred code allocates, by an allocator that counts. In a process of its own, where nobody
//! else allocates; and in one test, for the same reason.

use futures::executor::block_on;
use gort::{defer, defers, recover};
use gort_tests::CountingAlloc;
use std::future::{Future, pending};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};

#[global_allocator]
static ALLOC: CountingAlloc = CountingAlloc::new();

/// How many allocations `work` makes.
fn calls(work: impl FnOnce()) -> usize {
    let before = ALLOC.calls();
    work();
    ALLOC.calls() - before
}

fn add(sum: &mut u64, n: u64) {
    *sum = black_box(*sum + n);
}

#[defers]
fn now(sum: &mut u64) -> Option<u64> {
    defer!({ add(sum, 1) });
    defer!({
        add(sum, 2);
        drop(recover());
    });
    defer!(|out| add(out.value().unwrap().as_mut().unwrap(), 1));
    add(sum, 3);
    Some(*sum)
}

#[defers]
async fn later(sum: &mut u64) -> Option<u64> {
    defer!({ add(sum, 1) });
    defer!({
        std::future::ready(()).await;
        add(sum, 2);
        drop(recover());
    });
    let inner = recover!({
        defer!({ add(sum, 3) });
        std::future::ready(4).await
    });
    inner.ok()
}

#[defers]
fn nested(times: u64) {
    for n in 0..times {
        let mut sum = n;
        defer!(add(&mut sum, n));
    }
}

#[defers]
async fn waits(sum: &mut u64) {
    for n in 0..3 {
        let kept = vec![n];
        defer!({
            pending::<()>().await;
            drop(kept);
        });
    }
    defer!({ add(sum, 1) });
    pending().await
}

#[test]
fn deferred_code_allocates_only_in_loops_and_frees_all() {
    let mut sum = 0;
    // The hook, the first time.
    assert_eq!(now(&mut sum), Some(4));
    assert!(block_on(later(&mut sum)).is_some());

    assert_eq!(calls(|| assert!(now(&mut sum).is_some())), 0);
    assert_eq!(
        calls(|| {
            let mut future = pin!(later(&mut sum));
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(future.as_mut().poll(cx).is_ready());
        }),
        0
    );
    assert_eq!(calls(|| nested(0)), 0);
    // The stack grows at the first, and each is a box.
    assert_eq!(calls(|| nested(1)), 2);
    assert_eq!(calls(|| nested(4)), 5);

    let before = ALLOC.bytes();
    {
        let mut future = pin!(waits(&mut sum));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(future.as_mut().poll(cx).is_pending());
    }
    let panic = recover!({ panic!("{}", black_box(7)) }).unwrap_err();
    drop(panic);
    // The list of what is under way keeps its room.
    let kept = ALLOC.bytes();
    for _ in 0..10 {
        let mut future = pin!(waits(&mut sum));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(future.as_mut().poll(cx).is_pending());
        drop(recover!({ panic!("{}", black_box(7)) }).unwrap_err());
    }
    assert!(kept >= before);
    assert_eq!(ALLOC.bytes(), kept);
}
