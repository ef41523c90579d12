//! An idle runtime costs nothing: no computing, and no thread that wakes now and then. In a process
//! of its own, whose threads are all known.

#![cfg(target_os = "linux")]

use futures::io::AsyncReadExt;
use gort::Runtime;
use gort::net::{TcpListener, TcpStream, UdpSocket};
use gort_tests::{cpu_time, join, voluntary_switches, wait_until};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Goroutines that wait for nothing, for a distant timer, for a peer that is silent, for anybody to
/// connect, and for a datagram.
fn park_ten_thousand(runtime: &Runtime) {
    let waiting = Arc::new(AtomicUsize::new(0));
    for n in 0..10_000 {
        let waiting = Arc::clone(&waiting);
        drop(runtime.spawn(async move {
            waiting.fetch_add(1, Ordering::Relaxed);
            if n % 2 == 0 {
                pending::<()>().await;
            }
            gort::time::sleep(Duration::from_secs(3600 + n)).await;
        }));
    }
    let begun = Arc::clone(&waiting);
    let sockets = runtime.spawn(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        for _ in 0..50 {
            let near = TcpStream::connect(addr).await.unwrap();
            let (far, _) = listener.accept().await.unwrap();
            for mut stream in [near, far] {
                let begun = Arc::clone(&begun);
                drop(gort::spawn(async move {
                    begun.fetch_add(1, Ordering::Relaxed);
                    stream.read(&mut [0; 8]).await
                }));
            }
        }
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        drop(gort::spawn(async move {
            socket.recv_from(&mut [0; 8]).await.map(drop)
        }));
        drop(gort::spawn(
            async move { listener.accept().await.map(drop) },
        ));
    });
    join(sockets);
    wait_until("all wait", || waiting.load(Ordering::Relaxed) == 10_100);
}

/// Waits until no thread has gone to sleep for half a second, or long enough.
fn settle() {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(10) {
        let before = voluntary_switches();
        thread::sleep(Duration::from_millis(500));
        if voluntary_switches() == before {
            return;
        }
    }
}

#[test]
fn an_idle_runtime_uses_no_processor_and_wakes_no_thread() {
    let runtime = Runtime::builder().procs(8).build().unwrap();
    park_ten_thousand(&runtime);
    join(runtime.spawn_blocking(|| ()));
    // The thread of the blocking call ends after ten seconds without one; until then it only
    // sleeps.
    settle();

    let (switches, cpu) = (voluntary_switches(), cpu_time());
    thread::sleep(Duration::from_secs(5));
    let (cpu, after) = (cpu_time() - cpu, voluntary_switches());
    assert_eq!(switches, after, "a thread has woken and slept again");
    assert!(
        cpu < Duration::from_millis(5),
        "{cpu:?} of computing in five seconds"
    );

    assert_eq!(runtime.num_goroutine(), 10_102);
    assert_eq!(
        join(runtime.spawn(async { 7 })),
        7,
        "it is not dead, only idle"
    );
    assert!(runtime.shutdown(Duration::from_secs(10)).is_clean());
}
