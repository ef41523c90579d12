//! Medians, spreads and percentiles.

use std::time::Duration;

/// The middle and the ends of what several rounds measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// How many rounds there were.
    pub(crate) count: usize,
}

impl Spread {
    /// The spread of `values`; `None` if there are none.
    ///
    /// The median of an even number of values is the mean of the middle two.
    pub(crate) fn of(values: &[f64]) -> Option<Spread> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let half = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[half]
        } else {
            (sorted[half - 1] + sorted[half]) / 2.0
        };
        Some(Spread {
            median,
            min,
            max,
            count: sorted.len(),
        })
    }
}

/// How long each of many exchanges took.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    /// In nanoseconds; four seconds, the most that fits, is far above any row's window.
    nanos: Vec<u32>,
}

impl Latencies {
    /// Room for `n` exchanges, so that recording does not allocate while the clock runs.
    pub(crate) fn with_capacity(n: usize) -> Latencies {
        Latencies {
            nanos: Vec::with_capacity(n),
        }
    }

    pub(crate) fn record(&mut self, took: Duration) {
        self.nanos
            .push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
    }

    pub(crate) fn append(&mut self, other: &mut Latencies) {
        self.nanos.append(&mut other.nanos);
    }

    pub(crate) fn count(&self) -> usize {
        self.nanos.len()
    }

    /// The time in microseconds which `percent` of the exchanges did not exceed (nearest rank).
    ///
    /// Zero if nothing was recorded.
    pub(crate) fn percentile_us(&mut self, percent: f64) -> f64 {
        let count = self.nanos.len();
        if count == 0 {
            return 0.0;
        }
        let rank = (percent / 100.0 * count as f64).ceil() as usize;
        let index = rank.clamp(1, count) - 1;
        let (_, nanos, _) = self.nanos.select_nth_unstable(index);
        f64::from(*nanos) / 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::{Latencies, Spread};
    use std::time::Duration;

    #[test]
    fn spread_of_odd_count_takes_the_middle_value() {
        let spread = Spread::of(&[9.0, 1.0, 5.0]);
        assert_eq!(
            spread,
            Some(Spread {
                median: 5.0,
                min: 1.0,
                max: 9.0,
                count: 3
            })
        );
    }

    #[test]
    fn spread_of_even_count_takes_the_mean_of_the_middle_two() {
        let spread = Spread::of(&[4.0, 1.0, 100.0, 2.0]);
        assert_eq!(
            spread,
            Some(Spread {
                median: 3.0,
                min: 1.0,
                max: 100.0,
                count: 4,
            })
        );
    }

    #[test]
    fn spread_of_nothing_is_nothing() {
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn percentile_is_the_nearest_rank() {
        let mut latencies = Latencies::with_capacity(100);
        for us in (1..=100).rev() {
            latencies.record(Duration::from_micros(us));
        }
        assert_eq!(latencies.percentile_us(50.0), 50.0);
        assert_eq!(latencies.percentile_us(99.0), 99.0);
        assert_eq!(latencies.percentile_us(100.0), 100.0);
        assert_eq!(latencies.percentile_us(0.0), 1.0);
    }

    #[test]
    fn percentile_of_one_exchange_is_that_exchange() {
        let mut latencies = Latencies::default();
        latencies.record(Duration::from_nanos(1500));
        assert_eq!(latencies.percentile_us(1.0), 1.5);
        assert_eq!(latencies.percentile_us(99.0), 1.5);
    }

    #[test]
    fn percentile_of_nothing_is_zero() {
        assert_eq!(Latencies::default().percentile_us(99.0), 0.0);
    }

    #[test]
    fn a_latency_beyond_four_seconds_is_kept_as_the_largest() {
        let mut latencies = Latencies::default();
        latencies.record(Duration::from_secs(60));
        assert_eq!(latencies.percentile_us(50.0), f64::from(u32::MAX) / 1e3);
    }

    #[test]
    fn appended_latencies_count_together() {
        let (mut all, mut one) = (Latencies::default(), Latencies::default());
        one.record(Duration::from_micros(2));
        all.record(Duration::from_micros(1));
        all.append(&mut one);
        assert_eq!((all.count(), one.count()), (2, 0));
        assert_eq!(all.percentile_us(100.0), 2.0);
    }
}
