//! A tree of tasks, ten children to each: a million leaves send their numbers up, the others the
//! sums of what their children sent. An operation is a leaf.

use crate::channel::Channels;
use crate::rival::Rival;

/// A power of [`CHILDREN`].
const LEAVES: u64 = 1_000_000;
/// Of each task that is no leaf, and the capacity of its channel.
pub(crate) const CHILDREN: usize = 10;

pub(crate) async fn round<R: Rival, C: Channels>() -> u64 {
    let (sender, mut receiver) = C::channel(1);
    go_node::<R, C>(sender, 0, LEAVES);
    let sum = C::recv(&mut receiver).await;
    assert_eq!(
        sum,
        Some(LEAVES * (LEAVES - 1) / 2),
        "every leaf's number reaches the root"
    );
    LEAVES
}

/// Starts the task above the leaves `first..first + leaves`.
fn go_node<R: Rival, C: Channels>(parent: C::Sender<u64>, first: u64, leaves: u64) {
    R::go(async move {
        if leaves == 1 {
            return C::send(&parent, first).await;
        }
        let (sender, mut receiver) = C::channel(CHILDREN);
        let share = leaves / CHILDREN as u64;
        for child in 0..CHILDREN as u64 {
            go_node::<R, C>(sender.clone(), first + child * share, share);
        }
        drop(sender);
        let mut sum = 0;
        while let Some(part) = C::recv(&mut receiver).await {
            sum += part;
        }
        C::send(&parent, sum).await;
    });
}
