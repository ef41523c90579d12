//! A small generator, and the order in which a thief visits its victims.

use std::cell::Cell;

/// xorshift64*: not for secrets, good enough to spread thieves.
#[derive(Debug)]
pub(crate) struct Rng(Cell<u64>);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Cell::new(seed | 1))
    }

    /// The next pseudo-random number.
    pub(crate) fn next(&self) -> u32 {
        let mut x = self.0.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0.set(x);
        (x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    #[cold]
    fn seed_by_place_and_time(&self) {
        let place = std::ptr::from_ref(self).addr() as u64;
        let time = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        self.0.set((place << 20 ^ time.as_nanos() as u64) | 2);
    }

    /// Visits `0..n` once each, in a random coprime stride from a random start, as Go's
    /// `randomOrder` does: two thieves rarely meet at the same victim twice.
    pub(crate) fn visit(&self, n: u32) -> impl Iterator<Item = u32> + Clone + use<> {
        let start = if n == 0 { 0 } else { self.next() % n };
        let mut stride = if n == 0 { 1 } else { self.next() % n + 1 };
        while n != 0 && gcd(stride, n) != 1 {
            stride = stride % n + 1;
        }
        (0..n).scan(start, move |pos, _| {
            let here = *pos;
            *pos = (u64::from(*pos) + u64::from(stride)).rem_euclid(u64::from(n)) as u32;
            Some(here)
        })
    }
}

thread_local! {
    /// The generator of this thread. Its address and the time are its seed.
    static OF_THREAD: Rng = Rng::new(0);
}

/// A pseudo-random number below `n`, which is not 0, from a generator of this thread.
#[inline]
pub(crate) fn below(n: u32) -> u32 {
    let drawn = OF_THREAD.try_with(|rng| {
        if rng.0.get() == 1 {
            rng.seed_by_place_and_time();
        }
        rng.next()
    });
    // A thread that ends draws no lots any more.
    ((u64::from(drawn.unwrap_or(0)) * u64::from(n)) >> 32) as u32
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn visit_names_every_victim_once() {
        let rng = Rng::new(7);
        for n in 0..40 {
            for _ in 0..20 {
                let mut seen: Vec<u32> = rng.visit(n).collect();
                seen.sort_unstable();
                assert_eq!(seen, (0..n).collect::<Vec<_>>());
            }
        }
    }
}
