//! Adapters with which existing async code runs on gort.
