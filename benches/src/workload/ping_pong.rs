//! 1000 pairs of tasks, each pair exchanging one message both ways over two oneshot channels.
//!
//! The shape of the row in tokio's own benches: the main task spawns one task per pair, that task
//! spawns its partner. An operation is a whole pair: two spawns, two channels, two hand-offs.

use tokio::sync::oneshot;

use super::countdown::Countdown;
use crate::rival::Rival;

const PAIRS: usize = 1000;

pub(crate) async fn round<R: Rival>(countdown: &'static Countdown) -> u64 {
    let all = countdown.start(PAIRS);
    for n in 0..PAIRS as u64 {
        R::go(async move { countdown.done(pair::<R>(n).await) });
    }
    let sum = all.await.expect("the last pair tells");
    let pairs = PAIRS as u64;
    assert_eq!(
        sum,
        pairs * (pairs + 1) / 2,
        "every pong is its ping plus one"
    );
    pairs
}

async fn pair<R: Rival>(n: u64) -> u64 {
    let (ping, pinged) = oneshot::channel();
    let (pong, ponged) = oneshot::channel();
    R::go(async move {
        let n: u64 = pinged.await.expect("the other half sends");
        pong.send(n + 1).ok();
    });
    ping.send(n).ok();
    ponged.await.expect("the partner answers")
}
