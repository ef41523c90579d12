//! 1000 tasks that put a time limit around something that is soon over, again and again: one yield.

use std::time::Duration;

use super::countdown::Countdown;
use crate::rival::Timed;

const TASKS: usize = 1000;
/// Set by each task.
const LIMITS: u64 = 100;
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) async fn round<R: Timed>(countdown: &'static Countdown) -> u64 {
    let all = countdown.start(TASKS);
    for _ in 0..TASKS {
        R::go(async move {
            let mut kept = 0;
            for _ in 0..LIMITS {
                kept += u64::from(R::timeout(LIMIT, R::yield_now()).await.is_some());
            }
            countdown.done(kept);
        });
    }
    let kept = all.await.expect("the last task tells");
    assert_eq!(kept, TASKS as u64 * LIMITS, "no limit is exceeded");
    kept
}
