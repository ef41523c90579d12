//! Selects over two channels.
//!
//! In [`ready`] one task is alone with both, and one of them holds a value: what a select costs
//! that need not wait. In [`wait`] two tasks send, and a third selects until it has all.

use crate::channel::{Channels, Picked};
use crate::rival::Rival;

const MESSAGES: u64 = 20_000;

pub(crate) async fn ready<C: Channels>(capacity: usize) -> u64 {
    let (to_first, mut first) = C::channel(capacity);
    let (to_second, mut second) = C::channel(capacity);
    C::send(&to_first, 0).await;
    for n in 0..MESSAGES {
        match C::select(&mut first, &mut second).await {
            Picked::First(Some(value)) if value == n && n % 2 == 0 => {
                C::send(&to_second, n + 1).await;
            }
            Picked::Second(Some(value)) if value == n && n % 2 == 1 => {
                C::send(&to_first, n + 1).await;
            }
            picked => panic!("the value is {n}, received was {picked:?}"),
        }
    }
    MESSAGES
}

pub(crate) async fn wait<R: Rival, C: Channels>(capacity: usize) -> u64 {
    let (to_first, mut first) = C::channel(capacity);
    let (to_second, mut second) = C::channel(capacity);
    let senders = [to_first, to_second];
    for sender in senders.clone() {
        R::go(async move {
            for n in 0..MESSAGES / 2 {
                C::send(&sender, n).await;
            }
        });
    }
    let (mut firsts, mut seconds) = (0, 0);
    while firsts + seconds < MESSAGES {
        let (value, received) = match C::select(&mut first, &mut second).await {
            Picked::First(value) => (value, &mut firsts),
            Picked::Second(value) => (value, &mut seconds),
        };
        assert_eq!(value, Some(*received), "each channel keeps its order");
        *received += 1;
    }
    // Until now, so that neither channel ended while the other had more.
    drop(senders);
    assert_eq!(firsts, seconds, "every value of both comes");
    MESSAGES
}
