//! A race, and three ways to have none.
//!
//! ```text
//! cargo run -p gort --example race
//! ```
//!
//! ```go
//! var sharedData int = 0
//! go func() {
//!     sharedData++
//! }()
//! if sharedData == 0 {
//!     log.Printf("Data is %v", sharedData) // prints 0, or 1
//! }
//! ```
//!
//! In Rust this is not possible. A goroutine owns what it uses: here it would get a copy of the
//! number, and the compiler warns that nobody reads it; to borrow the number is an error. What two
//! may use has to be of a type that can be shared, and the type says how.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gort::sync::{Mutex, WaitGroup};
use gort::{Chan, go};

const GOROUTINES: u32 = 1000;

#[gort::main]
async fn main() {
    let (locked, counted, sent) = (locked().await, counted().await, sent().await);
    println!("{locked} under a lock, {counted} by an atomic, {sent} over a channel");
    assert_eq!([locked, counted, sent], [GOROUTINES; 3]);
    if std::env::args().any(|argument| argument == "--self-check") {
        println!("self-check passed");
    }
}

/// The lock owns the data: who has not locked it cannot see it.
async fn locked() -> u32 {
    let data = Arc::new(Mutex::new(0));
    let group = WaitGroup::new();
    for _ in 0..GOROUTINES {
        group.add(1);
        go!(clone(data, group), {
            *data.lock().await += 1;
            group.done();
        });
    }
    group.wait().await;
    *data.lock().await
}

/// For a number an atomic does, which waits for nobody.
async fn counted() -> u32 {
    let data = Arc::new(AtomicU32::new(0));
    let group = WaitGroup::new();
    for _ in 0..GOROUTINES {
        group.add(1);
        go!(clone(data, group), {
            data.fetch_add(1, Ordering::Relaxed);
            group.done();
        });
    }
    group.wait().await;
    data.load(Ordering::Relaxed)
}

/// "Don't communicate by sharing memory; share memory by communicating": one goroutine owns the
/// data, and the others tell it what to do.
async fn sent() -> u32 {
    let increments = Chan::new(16);
    for _ in 0..GOROUTINES {
        go!(clone(increments), { increments.send(1).await });
    }
    let mut data = 0;
    for _ in 0..GOROUTINES {
        data += increments.recv().await.unwrap_or(0);
    }
    data
}
