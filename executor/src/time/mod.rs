//! Waiting for moments: [`sleep()`], [`timeout()`], [`interval()`].
//!
//! Time is the system's monotonic clock, to the nanosecond. Nothing here fires early. How late it
//! fires depends on who else runs; among timers of one P, the earlier deadline fires first.
//!
//! | I want to | use |
//! |---|---|
//! | wait for a while | [`sleep()`] |
//! | wait until a moment | [`sleep_until()`] |
//! | give something up after a while | [`timeout()`], [`timeout_at()`] |
//! | do something again and again | [`interval()`], [`interval_at()`] |
//!
//! Every function can be called from any thread, in a goroutine or not. A timer is registered with
//! the runtime when its future is first polled and has to wait; from then on it costs nothing until
//! it is due, and dropping the future removes it. Nothing is allocated, except one box for each
//! [`Interval`].
//!
//! Durations that reach beyond the end of the clock, [`Duration::MAX`] for one, never end.

mod elapsed;
mod interval;
mod sleep;
mod timeout;

pub use elapsed::Elapsed;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use std::time::{Duration, Instant};
pub use timeout::{Timeout, timeout, timeout_at};
