//! The same locks on another executor, and between two.

use gort::sync::{Cond, Mutex, RwMutex, Semaphore, WaitGroup};
use gort::task::Task;
use gort_tests::bounded;
use std::sync::Arc;
use std::thread;

#[derive(Default)]
struct Shared {
    total: Mutex<u32>,
    seen: RwMutex<u32>,
    changed: Cond,
    group: WaitGroup,
}

async fn work(shared: Arc<Shared>, permits: Arc<Semaphore>) {
    for _ in 0..200 {
        let _permit = permits.acquire(1).await;
        *shared.total.lock().await += 1;
        *shared.seen.write().await += 1;
        assert!(*shared.seen.read().await > 0);
        shared.changed.broadcast();
    }
    shared.group.done();
}

#[test]
fn goroutines_and_tokios_tasks_share_locks() {
    bounded("two executors", || {
        let (shared, permits) = (Arc::new(Shared::default()), Arc::new(Semaphore::new(3)));
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap();
        let gort = gort::Runtime::builder().procs(2).build().unwrap();
        shared.group.add(8);
        for _ in 0..4 {
            let (shared, permits) = (Arc::clone(&shared), Arc::clone(&permits));
            tokio.spawn(work(Arc::clone(&shared), Arc::clone(&permits)));
            drop(gort.spawn(work(shared, permits)));
        }
        let waits = Arc::clone(&shared);
        tokio.block_on(async move {
            let total = waits.total.lock().await;
            drop(waits.changed.wait_while(total, |total| *total < 1600).await);
            waits.group.wait().await;
        });
        assert_eq!(*shared.total.lock_blocking(), 1600);
        assert_eq!(*shared.seen.read_blocking(), 1600);
    });
}

#[test]
fn a_wait_group_starts_its_goroutines_on_the_executor_that_the_thread_is_in() {
    let threads = |task: Task| {
        let thread = thread::Builder::new().name("foreign".to_owned());
        let started = thread.spawn(|| futures::executor::block_on(task));
        drop(started.unwrap());
    };
    let entered = gort::task::enter(Arc::new(threads));
    let (group, seen) = (WaitGroup::new(), Arc::new(Mutex::new(Vec::new())));
    for _ in 0..3 {
        let seen = Arc::clone(&seen);
        group.go(async move {
            let name = thread::current().name().map(str::to_owned);
            seen.lock().await.push(name);
        });
    }
    drop(entered);
    group.wait_blocking();
    let seen = seen.lock_blocking();
    assert_eq!(*seen, vec![Some("foreign".to_owned()); 3]);
}
