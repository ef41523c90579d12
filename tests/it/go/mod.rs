//! `go!` and `spawn!`: what is evaluated where, who owns what, what comes out.

mod block;
mod borrow;
mod call;
mod capture;
mod closure;
mod evaluation;
mod method;
mod name;
mod size;
mod start;
mod through_macros;

use std::cell::RefCell;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use futures::executor::block_on;
use gort::{go, spawn};

/// Waits for what a goroutine reports, but not for ever.
fn next<T>(reports: &mpsc::Receiver<T>) -> T {
    reports
        .recv_timeout(Duration::from_secs(10))
        .expect("the goroutine reports")
}

/// An executor that runs nothing: it gives the future back, to be measured and polled by hand.
struct Spy;

impl Spy {
    #[expect(clippy::unused_self, reason = "the macros call a method")]
    fn spawn<F: Future>(&self, future: F) -> F {
        future
    }
}

fn double(n: u32) -> u32 {
    n * 2
}

async fn triple(n: u32) -> u32 {
    std::future::ready(n * 3).await
}

fn boxed(n: u32) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(triple(n))
}

fn opaque(n: u32) -> impl Future<Output = u32> + Send {
    triple(n)
}

struct Pair<T>(u32, T);

struct Worker {
    base: u32,
    calls: u32,
}

impl Worker {
    fn add(&self, n: u32) -> u32 {
        self.base + n
    }

    async fn add_async(&self, n: u32) -> u32 {
        self.base + triple(n).await
    }

    fn count(&mut self) -> u32 {
        self.calls += 1;
        self.calls
    }

    fn into_base(self) -> u32 {
        self.base
    }

    fn shared(self: Arc<Self>) -> usize {
        Arc::strong_count(&self)
    }

    fn new(base: u32) -> Self {
        Worker { base, calls: 0 }
    }
}
