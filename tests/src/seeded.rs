//! Numbers for stress tests, from a seed that a failure prints.

use std::fmt;

/// Small numbers from a seed, for stress tests that print it.
#[derive(Clone)]
pub struct Seeded {
    seed: u64,
    state: u64,
}

impl Seeded {
    /// The generator of `seed`; the environment variable `GORT_TEST_SEED` replaces it, to repeat a
    /// failure.
    ///
    /// # Panics
    /// If the variable is no number.
    pub fn new(seed: u64) -> Self {
        let replaced = std::env::var("GORT_TEST_SEED");
        let seed = replaced.map_or(seed, |text| {
            text.parse().expect("GORT_TEST_SEED is a number")
        });
        Self {
            seed,
            state: seed.max(1),
        }
    }

    /// The generator of a seed that no run before had.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn fresh() -> Self {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self::new(now.as_nanos() as u64)
    }

    /// Another generator, whose numbers depend on this one's seed and on `n`.
    pub fn fork(&self, n: u64) -> Self {
        let state = self
            .seed
            .wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .max(1);
        Self {
            seed: self.seed,
            state,
        }
    }

    /// The seed it was made with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A number below `below`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 8) % below.max(1)
    }
}

impl fmt::Debug for Seeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GORT_TEST_SEED={}", self.seed)
    }
}

/// Tells the seed when its thread unwinds, so that whoever reads the failure can repeat it.
impl Drop for Seeded {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat it with {self:?}");
        }
    }
}
