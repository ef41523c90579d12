//! A function that is called later.

use super::call::{Act, Call};
use super::sleep::saturating_add;
use super::{Duration, Instant};
use crate::runtime::go_from;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// Calls `function` in a goroutine of its own, `delay` from now: Go's `time.AfterFunc`.
///
/// Until then there is no goroutine, only a timer. The goroutine runs on the runtime whose clock
/// this thread uses: the one it is in, or the default one. With the end of that runtime the call is
/// forgotten.
///
/// Dropping the handle changes nothing.
///
/// # Panics
///
/// If there is no runtime and the default one cannot be started.
///
/// # Examples
///
/// ```
/// use gort::time::{Duration, after_func};
///
/// gort::block_on(async {
///     let (tell, told) = gort::chan(1);
///     let later = after_func(Duration::from_secs(3600), move || {
///         tell.try_send("now").unwrap();
///     });
///     assert!(later.reset(Duration::from_millis(1)), "it was to be called");
///     assert_eq!(told.recv().await, Some("now"));
///     assert!(!later.stop(), "it has been called");
/// });
/// ```
#[doc(alias = "AfterFunc")]
#[track_caller]
pub fn after_func(delay: Duration, function: impl Fn() + Send + Sync + 'static) -> AfterFunc {
    let call = Call::new(Start {
        function: Arc::new(function),
        asked_at: Location::caller(),
    });
    call.set(saturating_add(Instant::now(), delay));
    AfterFunc { call }
}

/// Starts the goroutine that calls the function.
struct Start {
    function: Arc<dyn Fn() + Send + Sync>,
    asked_at: &'static Location<'static>,
}

impl Act for Start {
    const OUTLIVES_RUNTIME: bool = false;

    fn act(&self) {
        let function = Arc::clone(&self.function);
        go_from(self.asked_at, async move { function() });
    }
}

/// The handle of [`after_func`]: stops the call, or moves it.
///
/// In Go this is a `*time.Timer` whose channel is nil. Nothing can be received from it, so here it
/// is a type of its own.
pub struct AfterFunc {
    call: Arc<Call<Start>>,
}

impl AfterFunc {
    /// Prevents the call, and tells whether it did: `false` if the goroutine was started or the
    /// call stopped before.
    ///
    /// It does not wait for a function that runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use gort::time::{Duration, after_func};
    ///
    /// let never = after_func(Duration::from_secs(3600), || unreachable!());
    /// assert!(never.stop());
    /// assert!(!never.stop(), "it was stopped");
    /// ```
    pub fn stop(&self) -> bool {
        self.call.stop()
    }

    /// Makes the call `delay` from now, once more if it was made before; tells what
    /// [`stop`](AfterFunc::stop) would have.
    ///
    /// A function that still runs is not waited for, so its calls may overlap.
    ///
    /// # Panics
    ///
    /// As [`after_func`].
    ///
    /// # Examples
    ///
    /// See [`after_func`].
    pub fn reset(&self, delay: Duration) -> bool {
        self.call.set(saturating_add(Instant::now(), delay))
    }
}

impl fmt::Debug for AfterFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterFunc")
            .field("call", &self.call)
            .field("asked_at", &self.call.act().asked_at)
            .finish()
    }
}
