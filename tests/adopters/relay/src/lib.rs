//! A library that offers gort's macros as its own.

pub use gort;
pub use gort::{go, spawn};

/// A macro of this library that starts a goroutine.
#[macro_export]
macro_rules! start {
    ($function:ident($($argument:expr),* $(,)?)) => {
        $crate::spawn!($function($($argument),*))
    };
    ($body:block) => {
        $crate::spawn!($body)
    };
    ($call:expr) => {
        $crate::spawn!($call)
    };
}
