//! Tasks that do nothing but yield: `yield_many` with 1000 of them, `yield_one` with one.

use super::countdown::Countdown;
use crate::rival::Rival;

pub(crate) async fn round<R: Rival>(
    countdown: &'static Countdown,
    tasks: usize,
    yields: u64,
) -> u64 {
    let all = countdown.start(tasks);
    for _ in 0..tasks {
        R::go(async move {
            let mut yielded = 0;
            while yielded < yields {
                R::yield_now().await;
                yielded += 1;
            }
            countdown.done(yielded);
        });
    }
    let yielded = all.await.expect("the last task tells");
    assert_eq!(
        yielded,
        tasks as u64 * yields,
        "every task yields its share"
    );
    yielded
}
