//! Sleeps, time limits and intervals on the runtime, and Go's timers and tickers.

mod after_func;
mod sleep;
mod ticker;
mod timer;

use std::time::Duration;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
