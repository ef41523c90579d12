//! Waiting for many tasks at once: an atomic count whose last decrement tells one waiter.
//!
//! It stands for Go's `sync.WaitGroup`, the same for every Rust runtime. It is leaked, as a static
//! would be, so that tasks hold it without counting references.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::oneshot;

#[derive(Debug, Default)]
pub(crate) struct Countdown {
    /// Tasks that have not finished. Written by [`start`](Countdown::start) before any task runs,
    /// lowered by each task once.
    left: AtomicUsize,
    /// The sum of what the tasks reported.
    sum: AtomicU64,
    /// Who waits for the end. Locked twice in a round.
    waiter: Mutex<Option<oneshot::Sender<u64>>>,
}

impl Countdown {
    /// A countdown for the rest of the process.
    pub(crate) fn leak() -> &'static Countdown {
        Box::leak(Box::default())
    }

    /// Begins a round of `tasks` tasks; the receiver gets the sum of their reports.
    pub(crate) fn start(&self, tasks: usize) -> oneshot::Receiver<u64> {
        let (sender, receiver) = oneshot::channel();
        *self.waiter.lock().expect("no task panics with the lock") = Some(sender);
        // Ordering: Relaxed, both; spawning a task publishes them to it.
        self.sum.store(0, Ordering::Relaxed);
        self.left.store(tasks, Ordering::Relaxed);
        receiver
    }

    /// One task is done; every task calls it once.
    pub(crate) fn done(&self, report: u64) {
        // Ordering: Relaxed; the decrement below publishes it to the last task.
        self.sum.fetch_add(report, Ordering::Relaxed);
        self.finish();
    }

    /// One task is done and has nothing to report.
    pub(crate) fn finish(&self) {
        // Ordering: AcqRel; each decrement releases the task's report, the last acquires all.
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let waiter = self
                .waiter
                .lock()
                .expect("no task panics with the lock")
                .take();
            // Ordering: Relaxed; ordered by the decrements.
            let sum = self.sum.load(Ordering::Relaxed);
            waiter
                .expect("more tasks finished than were started")
                .send(sum)
                .ok();
        }
    }
}
