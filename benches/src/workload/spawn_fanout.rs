//! Spawn 100 000 tasks that nobody joins, wait until all have run.
//!
//! The spawning task does not yield, so up to all of them are outstanding at once.

use super::countdown::Countdown;
use crate::rival::Rival;

const TASKS: usize = 100_000;

pub(crate) async fn round<R: Rival>(countdown: &'static Countdown) -> u64 {
    let all = countdown.start(TASKS);
    for _ in 0..TASKS {
        R::go(async move { countdown.finish() });
    }
    all.await.expect("the last task tells");
    TASKS as u64
}
