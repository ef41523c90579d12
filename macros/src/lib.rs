//! The macros of gort.
