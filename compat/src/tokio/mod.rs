//! Goroutines on a tokio runtime.

mod spawn;

pub use self::spawn::Tokio;
