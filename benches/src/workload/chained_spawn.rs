//! Each task spawns the next one and ends; the last one tells.

use tokio::sync::oneshot;

use crate::rival::Rival;

const LINKS: u64 = 1000;

pub(crate) async fn round<R: Rival>() -> u64 {
    let (sender, receiver) = oneshot::channel();
    link::<R>(0, sender);
    let links = receiver.await.expect("the last link tells");
    assert_eq!(links, LINKS, "every link spawns the next");
    links
}

fn link<R: Rival>(n: u64, sender: oneshot::Sender<u64>) {
    if n == LINKS {
        sender.send(n).ok();
    } else {
        R::go(async move { link::<R>(n + 1, sender) });
    }
}
