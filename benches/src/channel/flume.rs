//! flume, a channel under a mutex that threads and tasks may share.

use flume::{Receiver, Sender};

use super::{Channels, Picked, Shared};

#[derive(Debug)]
pub(crate) struct Flume;

impl Channels for Flume {
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;

    fn channel<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        flume::bounded(capacity)
    }

    async fn send<T: Send + 'static>(sender: &Sender<T>, value: T) {
        let sent = sender.send_async(value).await;
        assert!(sent.is_ok(), "the receivers are gone");
    }

    async fn recv<T: Send + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        receiver.recv_async().await.ok()
    }

    async fn select<T: Send + 'static>(
        first: &mut Receiver<T>,
        second: &mut Receiver<T>,
    ) -> Picked<T> {
        tokio::select! {
            value = first.recv_async() => Picked::First(value.ok()),
            value = second.recv_async() => Picked::Second(value.ok()),
        }
    }
}

impl Shared for Flume {
    fn another_receiver<T: Send + 'static>(receiver: &Receiver<T>) -> Receiver<T> {
        receiver.clone()
    }
}
