//! 100 pairs of tasks, each pair sending a number back and forth over two channels.
//!
//! An operation is a number sent there and back.

use super::countdown::Countdown;
use crate::channel::Channels;
use crate::rival::Rival;

const PAIRS: usize = 100;
/// Made by each pair.
const TRIPS: u64 = 100;

pub(crate) async fn round<R: Rival, C: Channels>(
    countdown: &'static Countdown,
    capacity: usize,
) -> u64 {
    let all = countdown.start(PAIRS);
    for _ in 0..PAIRS {
        let (ping, mut pinged) = C::channel(capacity);
        let (pong, mut ponged) = C::channel(capacity);
        R::go(async move {
            while let Some(n) = C::recv(&mut pinged).await {
                C::send(&pong, n + 1).await;
            }
        });
        R::go(async move {
            let mut number: u64 = 0;
            for _ in 0..TRIPS {
                C::send(&ping, number).await;
                number = C::recv(&mut ponged).await.expect("the partner answers");
            }
            countdown.done(number);
        });
    }
    let sum = all.await.expect("the last pair tells");
    let trips = PAIRS as u64 * TRIPS;
    assert_eq!(sum, trips, "every trip adds one to its number");
    trips
}
