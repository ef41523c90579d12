//! kanal, whose senders hand their values to waiting receivers.
//!
//! A receive future that is dropped after a sender chose it loses the value, as kanal documents.
//! So it takes no part in selects over channels of which both may have a sender at once.

use kanal::{AsyncReceiver, AsyncSender};

use super::{Channels, Picked, Shared};

#[derive(Debug)]
pub(crate) struct Kanal;

impl Channels for Kanal {
    type Sender<T: Send + 'static> = AsyncSender<T>;
    type Receiver<T: Send + 'static> = AsyncReceiver<T>;

    fn channel<T: Send + 'static>(capacity: usize) -> (AsyncSender<T>, AsyncReceiver<T>) {
        kanal::bounded_async(capacity)
    }

    async fn send<T: Send + 'static>(sender: &AsyncSender<T>, value: T) {
        let sent = sender.send(value).await;
        assert!(sent.is_ok(), "the receivers are gone");
    }

    async fn recv<T: Send + 'static>(receiver: &mut AsyncReceiver<T>) -> Option<T> {
        receiver.recv().await.ok()
    }

    async fn select<T: Send + 'static>(
        first: &mut AsyncReceiver<T>,
        second: &mut AsyncReceiver<T>,
    ) -> Picked<T> {
        tokio::select! {
            value = first.recv() => Picked::First(value.ok()),
            value = second.recv() => Picked::Second(value.ok()),
        }
    }
}

impl Shared for Kanal {
    fn another_receiver<T: Send + 'static>(receiver: &AsyncReceiver<T>) -> AsyncReceiver<T> {
        receiver.clone()
    }
}
