//! Timers (work in progress).
