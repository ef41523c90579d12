//! Letting others run.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Puts the goroutine at the tail of its P's run queue, so that the others there run first.
///
/// Works on any executor: it wakes itself and is pending once. `gort::runtime::gosched` is Go's
/// `Gosched`, which goes to the tail of the *global* queue.
///
/// # Cancel safety
/// Nothing happens besides the yield, so nothing is lost.
///
/// # Examples
/// ```
/// # #[cfg(feature = "rt")]
/// gort::block_on(async {
///     gort::yield_now().await;
/// });
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::yield_now;
    use tokio_test::{assert_pending, assert_ready, task};

    #[test]
    fn yield_now_wakes_itself_and_is_pending_once() {
        let mut yielding = task::spawn(yield_now());
        assert_pending!(yielding.poll());
        assert!(yielding.is_woken());
        assert_ready!(yielding.poll());
    }
}
