//! What is done once, by whoever comes first.

use super::{Mutex, MutexGuard};
use crate::base::atomic::{AtomicBool, Ordering};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;

/// Does something once: Go's `sync.Once`.
///
/// Of all that [`call`](Once::call) it the first runs its code, and the others wait until that is
/// over. A panic counts as done, and so does [`goexit`](fn@crate::panic::goexit): whoever ran the
/// code has it, the others return. A call that is dropped in the middle has not done it, and the
/// next runs its own code. Code that calls its own `Once` waits for ever.
///
/// For a value that is made once there is [`OnceValue`](super::OnceValue).
///
/// # Examples
/// ```
/// use gort::sync::Once;
///
/// static GREETING: Once = Once::new();
///
/// gort::block_on(async {
///     for n in 1..=3 {
///         GREETING.call(async || println!("hello from {n}, and from nobody else")).await;
///     }
///     assert!(GREETING.is_done());
/// });
/// ```
pub struct Once {
    /// Set by who has the lock, at the end of its code; read by all.
    done: AtomicBool,
    /// Held while the code runs.
    running: Mutex<()>,
}

impl Once {
    /// One that is not done.
    ///
    /// # Examples
    /// See [`Once`].
    pub const fn new() -> Self {
        Self {
            done: AtomicBool::new(false),
            running: Mutex::new(()),
        }
    }

    /// Runs `code`, if nobody has; else waits until it was run. Go's `Do`.
    ///
    /// # Panics
    /// With the panic of `code`, if it is run here.
    ///
    /// # Cancel safety
    /// A future that is dropped while its code runs leaves the `Once` as if it had not begun.
    ///
    /// # Examples
    /// See [`Once`].
    pub async fn call<F: Future>(&self, code: impl FnOnce() -> F) {
        if self.is_done() {
            return;
        }
        let turn = self.running.lock().await;
        if self.is_done() {
            return;
        }
        let mut running = pin!(async { drop(code().await) });
        poll_fn(|context| {
            let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context)));
            if !matches!(&polled, Ok(polled) if polled.is_pending()) {
                self.set_done(&turn);
            }
            polled.unwrap_or_else(|payload| resume_unwind(payload))
        })
        .await;
    }

    /// As [`call`](Once::call), with code that awaits nothing, and with the whole thread while it
    /// waits.
    ///
    /// # Panics
    /// With the panic of `code`; and in a goroutine, whose thread must not be blocked.
    ///
    /// # Examples
    /// ```
    /// let once = gort::sync::Once::new();
    /// once.call_blocking(|| println!("once"));
    /// once.call_blocking(|| unreachable!("twice"));
    /// ```
    #[track_caller]
    pub fn call_blocking(&self, code: impl FnOnce()) {
        let turn = self.running.lock_blocking();
        if self.is_done() {
            return;
        }
        let ran = catch_unwind(AssertUnwindSafe(code));
        self.set_done(&turn);
        ran.unwrap_or_else(|payload| resume_unwind(payload));
    }

    fn set_done(&self, _turn: &MutexGuard<'_, ()>) {
        // Ordering: Release pairs with the Acquire in `is_done`: what the code did comes before.
        self.done.store(true, Ordering::Release);
    }

    /// Whether the code was run to its end.
    ///
    /// # Examples
    /// See [`Once`].
    pub fn is_done(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `set_done`.
        self.done.load(Ordering::Acquire)
    }
}

impl Default for Once {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("is_done", &self.is_done())
            .finish()
    }
}
