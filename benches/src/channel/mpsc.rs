//! tokio's own channel, which has one receiver and a capacity of at least one.

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::{Channels, Picked};

#[derive(Debug)]
pub(crate) struct Mpsc;

impl Channels for Mpsc {
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;

    fn channel<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        mpsc::channel(capacity)
    }

    async fn send<T: Send + 'static>(sender: &Sender<T>, value: T) {
        let sent = sender.send(value).await;
        assert!(sent.is_ok(), "the receiver is gone");
    }

    async fn recv<T: Send + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        receiver.recv().await
    }

    async fn select<T: Send + 'static>(
        first: &mut Receiver<T>,
        second: &mut Receiver<T>,
    ) -> Picked<T> {
        tokio::select! {
            value = first.recv() => Picked::First(value),
            value = second.recv() => Picked::Second(value),
        }
    }
}
