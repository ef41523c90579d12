//! 1000 tasks in a ring pass one number on, which counts the hops that are left.
//!
//! The task that receives zero ends, and so its neighbour's channel does, and so on round the ring.

use std::mem;

use super::countdown::Countdown;
use crate::channel::Channels;
use crate::rival::Rival;

const TASKS: usize = 1000;
const HOPS: u64 = 100_000;

pub(crate) async fn round<R: Rival, C: Channels>(
    countdown: &'static Countdown,
    capacity: usize,
) -> u64 {
    let all = countdown.start(TASKS);
    let (first, mut receiver) = C::channel(capacity);
    for _ in 1..TASKS {
        let (next, other) = C::channel(capacity);
        R::go(relay::<C>(
            countdown,
            mem::replace(&mut receiver, other),
            next,
        ));
    }
    R::go(relay::<C>(countdown, receiver, first.clone()));
    C::send(&first, HOPS).await;
    drop(first);
    let hops = all.await.expect("the last task tells");
    assert_eq!(hops, HOPS, "the number makes every hop once");
    hops
}

async fn relay<C: Channels>(
    countdown: &'static Countdown,
    mut receiver: C::Receiver<u64>,
    next: C::Sender<u64>,
) {
    let mut hops = 0;
    while let Some(left @ 1..) = C::recv(&mut receiver).await {
        hops += 1;
        C::send(&next, left - 1).await;
    }
    // The neighbour must see the end of its channel however this task is counted.
    drop(next);
    countdown.done(hops);
}
