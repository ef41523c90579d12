//! The guide: what gort is for those who know Go, and for those who write libraries.
//!
//! - [`for_go_programmers`] goes through Go's constructs, each beside its counterpart here.
//! - [`for_library_authors`] tells how a library adopts the macros and leaves the executor to the
//!   program.
//!
//! The reference is with the items themselves: [`go!`](crate::go!) has the grammar of the macros,
//! [`defer!`](crate::defer!) the rules of deferred code, [`select!`](crate::select!) those of its
//! cases, [`chan`](mod@crate::chan) the rules of channels.
//!
//! These pages are part of the documentation only; there is no code behind them. All of their
//! examples are compiled and run with the tests.

#[doc = include_str!("for_go_programmers.md")]
pub mod for_go_programmers {}

#[doc = include_str!("for_library_authors.md")]
pub mod for_library_authors {}
