//! sched (work in progress).
