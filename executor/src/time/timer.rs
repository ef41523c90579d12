//! One moment, to wait for, to stop and to move.

use super::moment::{Moment, Take};
use super::sleep::saturating_add;
use super::{Duration, Instant, Sleep, sleep};
use pin_project::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Fires once after a while, and may be stopped and set again: Go's `time.Timer`.
///
/// All methods take a shared reference: one goroutine may wait while another moves the timer.
///
/// It behaves as Go's does since 1.23: what has fired and was not received is taken back by
/// [`stop`](Timer::stop) and [`reset`](Timer::reset), so an old value never comes after either.
/// While nobody waits for it, it is only a number, and dropping it is all there is to do.
///
/// For a wait that is to be given up after a while there is [`timeout`](super::timeout()), and for
/// one that is moved by its owner alone, [`Sleep::reset`](super::Sleep::reset).
///
/// # Examples
///
/// ```
/// use gort::time::{Duration, Timer};
///
/// gort::block_on(async {
///     let timer = Timer::new(Duration::from_secs(3600));
///     assert!(timer.reset(Duration::from_millis(1)), "it was active");
///     timer.recv().await;
///     assert!(!timer.stop(), "it has fired, and the value was received");
/// });
/// ```
///
/// As an arm of `select!`, here to give up when nothing comes for a while:
///
/// ```
/// use gort::select;
/// use gort::time::{Duration, Timer};
///
/// gort::block_on(async {
///     let (words, heard) = gort::chan(0);
///     gort::go!({
///         words.send("one").await.unwrap();
///         words.send("two").await.unwrap();
///         std::future::pending::<()>().await;
///     });
///     let patience = Duration::from_millis(20);
///     let silence = Timer::new(patience);
///     let mut count = 0;
///     loop {
///         select! {
///             _ = heard.recv() => count += 1,
///             _ = silence.recv() => break,
///         }
///         silence.reset(patience);
///     }
///     assert_eq!(count, 2);
/// });
/// ```
#[doc(alias = "NewTimer")]
#[derive(Debug)]
pub struct Timer {
    moment: Moment,
}

impl Timer {
    /// A timer that fires `delay` from now; at once if it is zero.
    ///
    /// One that reaches beyond the end of the clock never fires.
    ///
    /// # Examples
    ///
    /// See [`Timer`].
    pub fn new(delay: Duration) -> Self {
        Self {
            moment: Moment::new(saturating_add(Instant::now(), delay), None),
        }
    }

    /// Waits until the timer fires, and gives the moment at which it was due: Go's `<-t.C`.
    ///
    /// Goes on waiting if the timer is stopped, and follows it if it is set again. Of several that
    /// wait, one gets the value.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped has received nothing.
    ///
    /// # Examples
    ///
    /// See [`Timer`].
    pub fn recv(&self) -> TimerRecv<'_> {
        TimerRecv {
            take: self.moment.take(),
        }
    }

    /// Stops the timer. Tells whether there was anything to stop: whether it was active, or had
    /// fired without the value being received.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, Timer};
    ///
    /// let fired = Timer::new(Duration::ZERO);
    /// assert!(fired.stop(), "the value was not received");
    /// assert!(!fired.stop());
    /// ```
    pub fn stop(&self) -> bool {
        self.moment.set(None)
    }

    /// Makes the timer fire `delay` from now, whatever it did before; tells what
    /// [`stop`](Timer::stop) would have.
    ///
    /// # Examples
    ///
    /// See [`Timer`].
    pub fn reset(&self, delay: Duration) -> bool {
        self.moment.set(Some(saturating_add(Instant::now(), delay)))
    }
}

/// The future of [`Timer::recv`].
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct TimerRecv<'a> {
    #[pin]
    take: Take<'a>,
}

impl Future for TimerRecv<'_> {
    type Output = Instant;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        self.project().take.poll(cx)
    }
}

/// Waits for `delay` and gives the moment at which it was over: Go's `time.After`, to be an arm of
/// `select!`.
///
/// It is [`sleep`](super::sleep()) with a result. The time counts from this call; in a loop around
/// a `select!` each round begins anew.
///
/// # Cancel safety
///
/// Dropping the future ends the wait and leaves nothing behind.
///
/// # Examples
///
/// ```
/// use gort::select;
/// use gort::time::{Duration, after};
///
/// gort::block_on(async {
///     let (_answers, answer) = gort::chan::<u32>(0);
///     select! {
///         _ = answer.recv() => unreachable!(),
///         _ = after(Duration::from_millis(1)) => println!("no answer"),
///     }
/// });
/// ```
pub fn after(delay: Duration) -> After {
    After {
        sleep: sleep(delay),
    }
}

/// The future of [`after`].
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct After {
    #[pin]
    sleep: Sleep,
}

impl Future for After {
    type Output = Instant;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        let this = self.project();
        let deadline = this.sleep.deadline();
        this.sleep.poll(cx).map(|()| deadline)
    }
}
