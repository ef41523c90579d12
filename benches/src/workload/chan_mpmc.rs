//! Four tasks send numbers into one channel, four others receive them.

use crate::channel::Shared;
use crate::rival::Rival;

const SENDERS: u64 = 4;
const RECEIVERS: usize = 4;
/// Sent by each sender.
const MESSAGES: u64 = 5000;

pub(crate) async fn round<R: Rival, C: Shared>(capacity: usize) -> u64 {
    let (sender, receiver) = C::channel(capacity);
    let receiving: Vec<_> = (0..RECEIVERS)
        .map(|_| R::spawn(receive::<C>(C::another_receiver(&receiver))))
        .collect();
    drop(receiver);
    for n in 0..SENDERS {
        let sender = sender.clone();
        R::go(async move {
            for message in 0..MESSAGES {
                C::send(&sender, n * MESSAGES + message).await;
            }
        });
    }
    drop(sender);
    let (mut count, mut sum) = (0, 0);
    for receiver in receiving {
        let (received, added) = R::join(receiver).await;
        count += received;
        sum += added;
    }
    let messages = SENDERS * MESSAGES;
    assert_eq!(
        (count, sum),
        (messages, messages * (messages - 1) / 2),
        "every number goes to one receiver"
    );
    messages
}

/// How many numbers came, and their sum.
async fn receive<C: Shared>(mut receiver: C::Receiver<u64>) -> (u64, u64) {
    let (mut count, mut sum) = (0, 0);
    while let Some(n) = C::recv(&mut receiver).await {
        count += 1;
        sum += n;
    }
    (count, sum)
}
