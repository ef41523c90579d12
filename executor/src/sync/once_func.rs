//! A function that runs once, however often it is called.

use super::OnceValue;
use std::fmt;
use std::future::Future;

/// Runs once, by the first who calls it: Go's `sync.OnceFunc`.
///
/// Unlike with a [`Once`](super::Once) the code is given with it, and a panic of the code comes to
/// all who call it. Otherwise it is what an [`OnceValue`] of nothing is.
///
/// # Examples
/// ```
/// use gort::sync::OnceFunc;
///
/// let close = OnceFunc::new(async { println!("closed, once") });
/// gort::block_on(async {
///     close.call().await;
///     close.call().await;
/// });
/// ```
pub struct OnceFunc(OnceValue<()>);

impl OnceFunc {
    /// What `future` does, once. Nothing runs yet.
    ///
    /// # Examples
    /// See [`OnceFunc`].
    pub fn new(future: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(OnceValue::new(future))
    }

    /// Waits until the code was run, and runs it if nobody does.
    ///
    /// # Panics
    /// As [`OnceValue::get`].
    ///
    /// # Cancel safety
    /// As [`OnceValue::get`].
    ///
    /// # Examples
    /// See [`OnceFunc`].
    pub async fn call(&self) {
        self.0.get().await;
    }

    /// As [`call`](OnceFunc::call), with the whole thread.
    ///
    /// # Panics
    /// As [`OnceValue::get_blocking`].
    ///
    /// # Examples
    /// ```
    /// gort::sync::OnceFunc::new(async { println!("once") }).call_blocking();
    /// ```
    #[track_caller]
    pub fn call_blocking(&self) {
        self.0.get_blocking();
    }
}

impl fmt::Debug for OnceFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceFunc")
            .field("is_done", &self.0.try_get().is_some())
            .finish()
    }
}
