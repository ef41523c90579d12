//! Tasks that add to one number under a mutex: `mutex_2` with two of them, `mutex_1000` with many.

use std::sync::Arc;

use super::countdown::Countdown;
use crate::rival::Locks;

/// Of all tasks together.
const ADDITIONS: u64 = 100_000;

pub(crate) async fn round<R: Locks>(countdown: &'static Countdown, tasks: usize) -> u64 {
    let all = countdown.start(tasks);
    let number = Arc::new(R::mutex(0));
    let share = ADDITIONS / tasks as u64;
    for _ in 0..tasks {
        let number = number.clone();
        R::go(async move {
            for _ in 0..share {
                *R::lock(&number).await += 1;
            }
            drop(number);
            countdown.finish();
        });
    }
    all.await.expect("the last task tells");
    assert_eq!(*R::lock(&number).await, ADDITIONS, "no addition is lost");
    ADDITIONS
}
