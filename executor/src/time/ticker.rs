//! Moments at equal distances, of which one is kept.

use super::moment::{Moment, Take};
use super::sleep::saturating_add;
use super::{Duration, Instant};
use pin_project::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Ticks every period, for whoever has a reference: Go's `time.Ticker`.
///
/// The first tick comes after one period. For a receiver that comes late one tick is kept, the
/// others are dropped, and the phase stays what it was. Of several that wait, one gets the tick.
/// While nobody waits for it, it is only a number, and dropping it is all there is to do.
///
/// [`Interval`](super::Interval) is the other kind: for one owner, with a first tick at once and a
/// choice for missed ones.
///
/// # Examples
///
/// ```
/// use gort::select;
/// use gort::time::{Duration, Ticker, after};
/// use std::pin::pin;
///
/// gort::block_on(async {
///     let ticker = Ticker::new(Duration::from_millis(1));
///     let mut end = pin!(after(Duration::from_millis(10)));
///     let mut ticks = 0;
///     loop {
///         select! {
///             _ = ticker.tick() => ticks += 1,
///             _ = &mut end => break,
///         }
///     }
///     assert!((1..=10).contains(&ticks));
/// });
/// ```
#[doc(alias = "NewTicker")]
#[derive(Debug)]
pub struct Ticker {
    moment: Moment,
}

impl Ticker {
    /// A ticker whose first tick comes one `period` from now.
    ///
    /// # Panics
    ///
    /// `non-positive interval for NewTicker`, if `period` is zero.
    ///
    /// # Examples
    ///
    /// See [`Ticker`].
    #[track_caller]
    pub fn new(period: Duration) -> Self {
        assert!(!period.is_zero(), "non-positive interval for NewTicker");
        let first = saturating_add(Instant::now(), period);
        Self {
            moment: Moment::new(first, Some(period)),
        }
    }

    /// Waits for the next tick, and gives the moment at which it was due: Go's `<-t.C`.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped has taken no tick.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, Ticker};
    ///
    /// gort::block_on(async {
    ///     let period = Duration::from_millis(1);
    ///     let ticker = Ticker::new(period);
    ///     let first = ticker.tick().await;
    ///     let later = ticker.tick().await - first;
    ///     assert_eq!(later.as_nanos() % period.as_nanos(), 0);
    /// });
    /// ```
    pub fn tick(&self) -> Tick<'_> {
        Tick {
            take: self.moment.take(),
        }
    }

    /// Stops the ticker; a tick that was not taken is dropped. Who waits goes on waiting, for a
    /// [`reset`](Ticker::reset) starts it again.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, Ticker, timeout};
    ///
    /// gort::block_on(async {
    ///     let ticker = Ticker::new(Duration::from_millis(1));
    ///     ticker.stop();
    ///     assert!(timeout(Duration::from_millis(5), ticker.tick()).await.is_err());
    /// });
    /// ```
    pub fn stop(&self) {
        self.moment.set(None);
    }

    /// Stops the ticker and starts it with this period; the next tick comes one `period` from now.
    ///
    /// # Panics
    ///
    /// `non-positive interval for Ticker.Reset`, if `period` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, Ticker};
    ///
    /// gort::block_on(async {
    ///     let ticker = Ticker::new(Duration::from_secs(3600));
    ///     ticker.reset(Duration::from_millis(1));
    ///     ticker.tick().await;
    /// });
    /// ```
    #[track_caller]
    pub fn reset(&self, period: Duration) {
        assert!(!period.is_zero(), "non-positive interval for Ticker.Reset");
        self.moment
            .set_periodic(saturating_add(Instant::now(), period), period);
    }
}

/// The future of [`Ticker::tick`].
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Tick<'a> {
    #[pin]
    take: Take<'a>,
}

impl Future for Tick<'_> {
    type Output = Instant;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        self.project().take.poll(cx)
    }
}
