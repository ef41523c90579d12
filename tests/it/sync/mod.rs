//! Go's `sync`: orders, fairness, futures that are dropped at any moment, storms.

mod cond;
mod foreign;
mod group;
mod mutex;
mod once;
mod pool;
mod rw_mutex;
mod semaphore;
mod single_flight;
mod storm;
mod wait_group;

use gort::task::JoinHandle;
use gort::{spawn, yield_now};
use std::future::Future;
use std::sync::{Arc, Mutex};

/// The order in which goroutines came by.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u32>>>);

impl Log {
    fn push(&self, n: u32) {
        self.0.lock().unwrap().push(n);
    }

    fn taken(&self) -> Vec<u32> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Starts `n` goroutines one after the other, each once those before it wait.
async fn start<F>(n: u32, make: impl Fn(u32) -> F) -> Vec<JoinHandle<F::Output>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let mut handles = Vec::new();
    for n in 0..n {
        handles.push(spawn(make(n)));
        settle().await;
    }
    handles
}

/// Lets everything run that can, at one P.
async fn settle() {
    for _ in 0..3 {
        yield_now().await;
    }
}

async fn join_all<T>(handles: Vec<JoinHandle<T>>) {
    for handle in handles {
        handle.await.unwrap();
    }
}
