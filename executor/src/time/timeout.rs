//! A future with a deadline.

use super::{Duration, Elapsed, Instant, Sleep, sleep, sleep_until};
use pin_project::pin_project;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Waits for `future`, but no longer than `duration`.
///
/// The time counts from this call. The future is polled before the clock is looked at: one that is
/// ready wins, also at a duration of zero and when its time is up. A future that computes without
/// awaiting anything cannot be cut short.
///
/// # Errors
///
/// [`Elapsed`] if the time is up first. The future is dropped together with the returned
/// [`Timeout`]; to keep it, pass `&mut future`.
///
/// # Cancel safety
///
/// As safe to drop as `future`.
///
/// # Examples
///
/// ```
/// use gort::time::{Duration, timeout};
///
/// gort::block_on(async {
///     assert_eq!(timeout(Duration::ZERO, async { 7 }).await, Ok(7));
///     let never = std::future::pending::<()>();
///     assert!(timeout(Duration::from_millis(1), never).await.is_err());
/// });
/// ```
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        sleep: sleep(duration),
    }
}

/// Waits for `future`, but no longer than until `deadline`. Else as [`timeout`].
///
/// # Errors
///
/// [`Elapsed`] if the deadline comes first.
///
/// # Cancel safety
///
/// As safe to drop as `future`.
///
/// # Examples
///
/// ```
/// use gort::time::{Duration, Elapsed, Instant, sleep, timeout_at};
///
/// gort::block_on(async {
///     let deadline = Instant::now() + Duration::from_millis(20);
///     timeout_at(deadline, sleep(Duration::ZERO)).await?;
///     assert!(timeout_at(deadline, sleep(Duration::MAX)).await.is_err());
///     Ok::<(), Elapsed>(())
/// })?;
/// # Ok::<(), Elapsed>(())
/// ```
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        sleep: sleep_until(deadline),
    }
}

/// The future of [`timeout`] and [`timeout_at`].
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Timeout<F> {
    #[pin]
    future: F,
    #[pin]
    sleep: Sleep,
}

impl<F> Timeout<F> {
    /// The future that is waited for.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future that is waited for.
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.future
    }

    /// The future that is waited for, without its deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, timeout};
    ///
    /// let limited = timeout(Duration::from_secs(1), std::future::ready(7));
    /// assert_eq!(gort::block_on(limited.into_inner()), 7);
    /// ```
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        this.sleep.poll(cx).map(|()| Err(Elapsed::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Timeout, timeout, timeout_at};
    use futures::channel::oneshot;
    use std::future::{pending, poll_fn, ready};
    use std::io;
    use std::pin::pin;
    use std::task::Poll;
    use std::time::{Duration, Instant};
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready_eq, assert_ready_err};

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_timeout_can_be_sent_and_shared_like_its_future() {
        fn both<T: Send + Sync>() {}
        both::<Timeout<std::future::Ready<u8>>>();
    }

    #[test]
    fn a_ready_future_wins_at_zero_and_after_the_deadline() {
        assert_ready_eq!(spawn(timeout(Duration::ZERO, ready(7))).poll(), Ok(7));
        assert_ready_eq!(spawn(timeout_at(Instant::now(), ready(7))).poll(), Ok(7));
    }

    #[test]
    fn a_zero_timeout_polls_the_future_once() {
        let mut polls = 0;
        let counted = poll_fn(|_| {
            polls += 1;
            Poll::<()>::Pending
        });
        assert_ready_err!(spawn(timeout(Duration::ZERO, pin!(counted))).poll());
        assert_eq!(polls, 1);
    }

    #[test]
    fn a_deadline_ends_a_pending_future() {
        let start = Instant::now();
        let limited = timeout(Duration::from_millis(2), pending::<()>());
        let elapsed = tokio_test::block_on(limited).unwrap_err();
        assert!(start.elapsed() >= Duration::from_millis(2));
        assert_eq!(elapsed.to_string(), "deadline has elapsed");
        assert_eq!(io::Error::from(elapsed).kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn both_the_future_and_the_deadline_wait_in_one_task() {
        let (sender, value) = oneshot::channel();
        let mut task = spawn(timeout(HOUR, value));
        assert_pending!(task.poll());
        assert!(!task.is_woken());
        sender.send(7).unwrap();
        assert!(task.is_woken());
        assert_ready_eq!(task.poll(), Ok(Ok(7)));
    }

    #[test]
    fn an_endless_timeout_waits() {
        assert_pending!(spawn(timeout(Duration::MAX, pending::<()>())).poll());
    }

    #[test]
    fn the_future_comes_back_out() {
        let mut limited = timeout(HOUR, ready(7));
        assert_eq!(limited.get_ref().clone().into_inner(), 7);
        *limited.get_mut() = ready(8);
        assert_eq!(limited.into_inner().into_inner(), 8);
    }
}
