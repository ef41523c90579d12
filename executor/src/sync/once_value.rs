//! A value that is made when it is first asked for.

use super::Mutex;
use crate::base::wake_list::drop_quietly;
use crate::panic::{Caught, Panic, catch, goexit, install};
use crate::wait::block;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

/// A value that is made once, by the first who asks: Go's `sync.OnceValue`.
///
/// It is made from a future, which is polled by one of those who wait for it. When that one gives
/// up another goes on from there, so the future runs once and to its end, however many are dropped.
/// It goes away with its end. If it panics, everybody who asks, now or later, gets that panic.
///
/// # Examples
/// ```
/// use gort::sync::OnceValue;
/// use std::sync::LazyLock;
///
/// static CONFIG: LazyLock<OnceValue<String>> = LazyLock::new(|| {
///     OnceValue::new(async {
///         gort::yield_now().await;
///         "read once".to_owned()
///     })
/// });
///
/// gort::block_on(async {
///     assert_eq!(CONFIG.get().await, "read once");
///     assert_eq!(CONFIG.try_get().unwrap(), "read once");
/// });
/// ```
pub struct OnceValue<T> {
    made: OnceLock<Made<T>>,
    /// The future, until it is over. Who has the lock polls it.
    making: Mutex<Option<Making<T>>>,
}

type Making<T> = Pin<Box<dyn Future<Output = T> + Send>>;

enum Made<T> {
    Value(T),
    Panicked(Panic),
    /// The future ended its goroutine.
    Exited,
}

impl<T> OnceValue<T> {
    /// The value that `future` will give. Nothing runs yet.
    ///
    /// # Examples
    /// See [`OnceValue`].
    pub fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self {
            made: OnceLock::new(),
            making: Mutex::new(Some(Box::pin(future))),
        }
    }

    /// Waits until the value is there, and makes it if nobody does.
    ///
    /// # Panics
    /// With the panic of the future, each time; and if the future
    /// [ended](fn@crate::panic::goexit) the goroutine of the one who polled it.
    ///
    /// # Cancel safety
    /// A future that is dropped while it makes the value leaves that to the next who waits or asks.
    ///
    /// # Examples
    /// See [`OnceValue`].
    pub async fn get(&self) -> &T {
        if self.made.get().is_none() {
            let mut making = self.making.lock().await;
            if self.made.get().is_none() {
                poll_fn(|context| self.make(&mut making, context)).await;
            }
        }
        match self.made.get().expect("it was made just now") {
            Made::Value(value) => value,
            Made::Panicked(panic) => panic.clone().resume(),
            Made::Exited => panic!("the future of this value ended the goroutine that polled it"),
        }
    }

    fn make(&self, making: &mut Option<Making<T>>, context: &mut Context<'_>) -> Poll<()> {
        install();
        let polled = catch(false, || {
            let future = making.as_mut().expect("a future that is not over");
            future.as_mut().poll(context).map(|value| {
                *making = None;
                value
            })
        });
        let (made, exits) = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => (Made::Value(value), false),
            Err(Caught::Panic { panic, .. }) => (Made::Panicked(panic), false),
            Err(Caught::Goexit) => (Made::Exited, true),
        };
        // What it leaves when it panics; a panic of that would be one too many.
        drop_quietly(making.take());
        let first = self.made.set(made);
        debug_assert!(first.is_ok(), "made by who has the lock, once");
        if exits {
            goexit();
        }
        Poll::Ready(())
    }

    /// As [`get`](OnceValue::get), with the whole thread.
    ///
    /// # Panics
    /// As [`get`](OnceValue::get); and in a goroutine, whose thread must not be blocked.
    ///
    /// # Examples
    /// ```
    /// let answer = gort::sync::OnceValue::new(async { 6 * 7 });
    /// assert_eq!(*answer.get_blocking(), 42);
    /// ```
    #[track_caller]
    pub fn get_blocking(&self) -> &T {
        block("OnceValue::get_blocking", "get()", self.get())
    }

    /// The value, if it is there.
    ///
    /// # Examples
    /// ```
    /// let answer = gort::sync::OnceValue::new(async { 6 * 7 });
    /// assert_eq!(answer.try_get(), None);
    /// ```
    pub fn try_get(&self) -> Option<&T> {
        match self.made.get() {
            Some(Made::Value(value)) => Some(value),
            _ => None,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("OnceValue");
        match self.made.get() {
            Some(Made::Value(value)) => shown.field(value),
            Some(Made::Panicked(panic)) => shown.field(panic),
            Some(Made::Exited) => shown.field(&format_args!("<exited>")),
            None => shown.field(&format_args!("<not made>")),
        };
        shown.finish()
    }
}
