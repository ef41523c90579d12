//! A runtime that has ended leaves nothing: no thread, no file descriptor, no byte. In a process of
//! its own, where nobody else has any; and in one test, for the same reason.

#![cfg(target_os = "linux")]

use futures::channel::oneshot;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::Runtime;
use gort::net::{TcpListener, TcpStream};
use gort::task::{JoinSet, LocalSet};
use gort_tests::{CountingAlloc, PROCS, bounded, fds, quietly, threads, wait_until};
use std::future::pending;
use std::time::Duration;

#[global_allocator]
static ALLOC: CountingAlloc = CountingAlloc::new();

/// Something of everything: goroutines that end, wait, never start, panic and are aborted; timers,
/// sockets, blocking calls, local goroutines, roots.
fn live(runtime: &Runtime) {
    for _ in 0..20 {
        drop(runtime.spawn(pending::<()>()));
    }
    let aborted = runtime.spawn(gort::time::sleep(Duration::from_secs(3600)));
    let panics = runtime.spawn(async { panic!("expected: in a poll") });
    runtime.block_on(async {
        assert!(panics.await.unwrap_err().is_panic());
        let mut set = JoinSet::new();
        (0..300).for_each(|n| drop(set.spawn(async move { n })));
        assert_eq!(set.join_all().await.len(), 300);
        drop(gort::task::spawn_local(pending::<()>()));
        let locals = LocalSet::new();
        drop(locals.spawn_local(pending::<()>()));
        let (sender, receiver) = oneshot::channel();
        drop(locals.spawn_local(async move { sender.send(7) }));
        assert_eq!(locals.run_until(receiver).await, Ok(7));
        echo().await;
        let blocking: Vec<_> = (0..4).map(|n| gort::spawn_blocking(move || n)).collect();
        for handle in blocking {
            handle.await.unwrap();
        }
        let _ = gort::time::timeout(Duration::from_millis(1), pending::<()>()).await;
    });
    aborted.abort();
}

async fn echo() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (far, _) = listener.accept().await.unwrap();
    let echo = gort::spawn(async move {
        let mut buf = [0; 5];
        (&far).read_exact(&mut buf).await.unwrap();
        (&far).write_all(&buf).await.unwrap();
        // It stays open until the runtime ends.
        drop(gort::spawn(async move { (&far).read(&mut [0; 8]).await }));
    });
    near.write_all(b"hello").await.unwrap();
    let mut buf = [0; 5];
    near.read_exact(&mut buf).await.unwrap();
    assert_eq!(&buf, b"hello");
    echo.await.unwrap();
    drop(gort::spawn(async move { (&near).read(&mut [0; 8]).await }));
}

/// Starts and ends one runtime, whose threads are then gone.
fn once(procs: usize, n: usize) {
    let before = threads();
    let runtime = Runtime::builder().procs(procs).build().unwrap();
    live(&runtime);
    if n % 2 == 0 {
        let leftover = runtime.shutdown(Duration::from_secs(20));
        assert!(leftover.is_clean(), "{leftover:?}");
    } else {
        drop(runtime);
    }
    // A thread that ran blocking calls is out of the runtime a moment before it has ended. A
    // runtime that starts meanwhile makes timers of its own, instead of those which the last one
    // gives back.
    wait_until("all threads of the runtime have ended", || {
        threads() == before
    });
}

/// Threads, file descriptors and bytes.
fn state() -> (usize, usize, usize) {
    (threads(), fds(), ALLOC.bytes())
}

#[test]
fn a_hundred_runtimes_in_a_row_leave_nothing() {
    bounded("a hundred runtimes", || {
        quietly(|| ());
        // What the process makes once, such as thread-locals of this thread, is there after these.
        PROCS
            .into_iter()
            .for_each(|procs| (0..2).for_each(|n| once(procs, n)));
        for procs in PROCS {
            let before = state();
            (0..34).for_each(|n| once(procs, n));
            assert_eq!(
                before,
                state(),
                "threads, fds and bytes before and after, procs = {procs}"
            );
        }
    });
}
