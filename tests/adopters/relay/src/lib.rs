//! A library that offers gort's macros as its own.

pub use gort;
pub use gort::{defer, defers, go, recover, spawn};

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

/// A macro of this library that makes a function with deferred code.
#[macro_export]
macro_rules! logged {
    ($name:ident, $log:ident, $later:expr, $body:block) => {
        #[$crate::defers]
        fn $name($log: &mut Vec<u32>) -> Option<u32> {
            $crate::defer!({
                $crate::recover();
            });
            $crate::defer!($later);
            $body
        }
    };
}
