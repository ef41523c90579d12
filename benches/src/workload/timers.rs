//! A million timers are set, and all taken back before they are due. An operation is a timer.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use crate::rival::Timed;

const TIMERS: u64 = 1_000_000;
/// When the first one is due; the others follow one a millisecond.
const EARLIEST: Duration = Duration::from_secs(3600);

pub(crate) async fn round<R: Timed>() -> u64 {
    let mut timers: Vec<Pin<Box<R::Sleep>>> = Vec::with_capacity(TIMERS as usize);
    poll_fn(|cx| {
        for n in 0..TIMERS {
            let mut timer = Box::pin(R::sleep(EARLIEST + Duration::from_millis(n)));
            // A timer is set at its first poll.
            assert!(timer.as_mut().poll(cx).is_pending(), "no timer is due");
            timers.push(timer);
        }
        Poll::Ready(())
    })
    .await;
    drop(timers);
    TIMERS
}
