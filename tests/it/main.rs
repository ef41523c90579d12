//! Tests of what a user sees.

mod compat_hyper;
