//! task (work in progress).
