//! time (work in progress).
