//! Waiting for moments: [`sleep()`], [`timeout()`], [`interval()`], and Go's [`Timer`], [`Ticker`],
//! [`after()`] and [`after_func()`].
//!
//! Time is the system's monotonic clock, to the nanosecond. Nothing here fires early. How late it
//! fires depends on who else runs; among timers of one P, the earlier deadline fires first.
//!
//! | I want to | use | in Go |
//! |---|---|---|
//! | wait for a while | [`sleep()`] | `time.Sleep` |
//! | wait until a moment | [`sleep_until()`] | |
//! | give something up after a while | [`timeout()`], [`timeout_at()`] | |
//! | wait as one arm of a `select!` | [`after()`], or any of these | `time.After` |
//! | do something again and again | [`interval()`], [`interval_at()`] | |
//! | the same, from several goroutines | [`Ticker`] | `time.NewTicker` |
//! | stop or move a wait from elsewhere | [`Timer`] | `time.NewTimer` |
//! | have something done later | [`after_func()`] | `time.AfterFunc` |
//!
//! Every function can be called from any thread, in a goroutine or not, and on any executor: the
//! clock is that of the runtime that the thread is in, else of the default one, which is started
//! if need be. A timer is registered with it when its future is first polled and has to wait, and
//! for a [`Timer`] or [`Ticker`] that is while somebody waits; from then on it costs nothing until
//! it is due, and dropping the future removes it. Only an [`after_func()`] waits by itself. Nothing
//! is allocated, except one box for each [`Interval`] and two for each [`after_func()`].
//!
//! Durations that reach beyond the end of the clock, [`Duration::MAX`] for one, never end.

mod after_func;
mod call;
mod elapsed;
mod interval;
mod moment;
mod sleep;
mod ticker;
mod timeout;
mod timer;

pub use after_func::{AfterFunc, after_func};
pub(crate) use call::{Act, Call};
pub use elapsed::Elapsed;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use std::time::{Duration, Instant};
pub use ticker::{Tick, Ticker};
pub use timeout::{Timeout, timeout, timeout_at};
pub use timer::{After, Timer, TimerRecv, after};
