//! The monotonic clock, in nanoseconds since the first look at it.

use std::sync::OnceLock;
use std::time::Instant;

/// Nanoseconds since the process first asked.
pub(crate) type Nanos = u64;

fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

/// Now.
pub(crate) fn now() -> Nanos {
    nanos(Instant::now())
}

/// The moment `at` on this clock; what lies before its origin counts as 0, what lies some five
/// hundred years ahead as never ([`Nanos::MAX`]).
pub(crate) fn nanos(at: Instant) -> Nanos {
    let since = at.saturating_duration_since(origin());
    u64::try_from(since.as_nanos()).unwrap_or(Nanos::MAX)
}
