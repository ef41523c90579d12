//! go
#[macro_export]
macro_rules! go {
    ($($input:tt)*) => { $crate::__macros::__go! { [$crate] $($input)* } };
}
#[macro_export]
macro_rules! spawn {
    ($($input:tt)*) => { $crate::__macros::__spawn! { [$crate] $($input)* } };
}
pub use gort_macros::{main, test};
