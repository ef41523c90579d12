//! Groups of ten tasks that are waited for, one group after the other. An operation is a task.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::rival::Locks;

const GROUPS: u64 = 100;
/// In each group.
const TASKS: usize = 10;

pub(crate) async fn round<R: Locks>() -> u64 {
    let ran = Arc::new(AtomicU64::new(0));
    let group = R::wait_group();
    for n in 1..=GROUPS {
        R::add(&group, TASKS);
        for _ in 0..TASKS {
            let (group, ran) = (group.clone(), ran.clone());
            R::go(async move {
                // Ordering: Relaxed; the end of the wait below orders it before the load there.
                ran.fetch_add(1, Ordering::Relaxed);
                R::done(&group);
            });
        }
        R::wait(&group).await;
        // Ordering: Relaxed; every task of the group was done before the wait ended.
        let seen = ran.load(Ordering::Relaxed);
        assert_eq!(seen, n * TASKS as u64, "a wait ends after the last task");
    }
    GROUPS * TASKS as u64
}
