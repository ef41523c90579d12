//! signal (work in progress).
