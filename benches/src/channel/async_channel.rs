//! async-channel: what smol re-exports, and what tokio's documentation names for many receivers.

use async_channel::{Receiver, Sender};
use smol::future::race;

use super::{Channels, Picked, Shared};

#[derive(Debug)]
pub(crate) struct AsyncChannel;

impl Channels for AsyncChannel {
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;

    fn channel<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        async_channel::bounded(capacity)
    }

    async fn send<T: Send + 'static>(sender: &Sender<T>, value: T) {
        let sent = sender.send(value).await;
        assert!(sent.is_ok(), "the receivers are gone");
    }

    async fn recv<T: Send + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        receiver.recv().await.ok()
    }

    async fn select<T: Send + 'static>(
        first: &mut Receiver<T>,
        second: &mut Receiver<T>,
    ) -> Picked<T> {
        race(async { Picked::First(first.recv().await.ok()) }, async {
            Picked::Second(second.recv().await.ok())
        })
        .await
    }
}

impl Shared for AsyncChannel {
    fn another_receiver<T: Send + 'static>(receiver: &Receiver<T>) -> Receiver<T> {
        receiver.clone()
    }
}
