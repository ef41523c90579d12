//! panic (work in progress).
