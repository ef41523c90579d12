//! Spawn a task and wait for it, one after the other.

use crate::rival::Rival;

const TASKS: u64 = 1000;

pub(crate) async fn round<R: Rival>() -> u64 {
    let mut sum = 0;
    for n in 0..TASKS {
        sum += R::join(R::spawn(async move { n })).await;
    }
    assert_eq!(
        sum,
        TASKS * (TASKS - 1) / 2,
        "every task returns its number"
    );
    TASKS
}
