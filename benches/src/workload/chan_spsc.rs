//! One task sends numbers, another receives them.
//!
//! With capacity 0 it is Go's BenchmarkContextSwitch: every number makes both tasks wait for each
//! other. With capacity 1 a number still costs a switch, with 100 hardly one.

use crate::channel::Channels;
use crate::rival::Rival;

const MESSAGES: u64 = 20_000;

pub(crate) async fn round<R: Rival, C: Channels>(capacity: usize) -> u64 {
    let (sender, mut receiver) = C::channel(capacity);
    let sending = R::spawn(async move {
        for n in 0..MESSAGES {
            C::send(&sender, n).await;
        }
    });
    let receiving = R::spawn(async move {
        let mut received = 0;
        while let Some(n) = C::recv(&mut receiver).await {
            assert_eq!(
                n, received,
                "numbers come in the order in which they were sent"
            );
            received += 1;
        }
        received
    });
    R::join(sending).await;
    assert_eq!(
        R::join(receiving).await,
        MESSAGES,
        "every number comes once"
    );
    MESSAGES
}
