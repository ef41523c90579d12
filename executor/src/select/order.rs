//! [`Order`]: in which order the arms are tried.

use crate::base::rng;

/// The numbers from 0 below a length of at most 64, each once: in a random order of which each is
/// equally likely, or one after the other.
///
/// Go shuffles all of them first. Here each is drawn when it is needed: most selects need one.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// A bit for each number that has not been given.
    left: u64,
    is_random: bool,
}

impl Order {
    #[inline]
    pub(super) const fn new(len: u32, is_random: bool) -> Self {
        Self {
            left: u64::MAX >> (64 - len),
            is_random,
        }
    }
}

impl Iterator for Order {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.left == 0 {
            return None;
        }
        let mut from = self.left;
        let count = from.count_ones();
        if self.is_random && count > 1 {
            // All but as many of the lowest bits as are to be skipped.
            for _ in 0..rng::below(count) {
                from &= from - 1;
            }
        }
        let number = from.trailing_zeros();
        self.left &= !(1 << number);
        Some(number)
    }
}

#[cfg(all(test, not(gort_loom)))]
mod tests {
    use super::Order;

    #[test]
    fn every_number_comes_once() {
        for len in 1..=64 {
            let mut drawn: Vec<u32> = Order::new(len, true).collect();
            drawn.sort_unstable();
            assert_eq!(drawn, Order::new(len, false).collect::<Vec<_>>());
            assert_eq!(drawn, (0..len).collect::<Vec<_>>());
        }
    }

    #[test]
    fn all_orders_of_three_are_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..60_000 {
            let order: Vec<u32> = Order::new(3, true).collect();
            *counts.entry(order).or_insert(0_i32) += 1;
        }
        assert_eq!(counts.len(), 6);
        // 10 sigma of 60 000 draws with one chance in six are 913.
        assert!(
            counts.values().all(|n| (n - 10_000).abs() < 913),
            "{counts:?}"
        );
    }
}
