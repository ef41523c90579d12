//! gort's own channel.

use gort::{Receiver, Sender};

use super::{Channels, Picked, Shared};

#[derive(Debug)]
pub(crate) struct GortChan;

impl Channels for GortChan {
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;

    fn channel<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        gort::chan(capacity)
    }

    async fn send<T: Send + 'static>(sender: &Sender<T>, value: T) {
        let sent = sender.send(value).await;
        assert!(sent.is_ok(), "the receivers are gone");
    }

    async fn recv<T: Send + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        receiver.recv().await
    }

    async fn select<T: Send + 'static>(
        first: &mut Receiver<T>,
        second: &mut Receiver<T>,
    ) -> Picked<T> {
        gort::select! {
            value = first.recv() => Picked::First(value),
            value = second.recv() => Picked::Second(value),
        }
    }
}

impl Shared for GortChan {
    fn another_receiver<T: Send + 'static>(receiver: &Receiver<T>) -> Receiver<T> {
        receiver.clone()
    }
}
