//! Goroutines on the executors of smol.

mod spawn;

pub use self::spawn::Smol;
