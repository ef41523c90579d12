//! The error of a timeout.

use std::error::Error;
use std::{fmt, io};

/// The time was up before the future was ready. The error of [`timeout`](super::timeout()) and
/// [`timeout_at`](super::timeout_at()).
///
/// Converts into an [`io::Error`] of kind [`TimedOut`](io::ErrorKind::TimedOut), so that `?` works
/// among input and output.
///
/// # Examples
///
/// ```
/// use gort::time::{Duration, timeout};
/// use std::io;
///
/// async fn patient() -> io::Result<()> {
///     timeout(Duration::from_millis(1), std::future::pending::<()>()).await?;
///     Ok(())
/// }
///
/// let error = gort::block_on(patient()).unwrap_err();
/// assert_eq!(error.kind(), io::ErrorKind::TimedOut);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Elapsed(());

impl Elapsed {
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}
