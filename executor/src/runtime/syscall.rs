//! `syscall` and `blocking`: calls that block, in the middle of a goroutine.

use crate::sched::{BlockingSlots, Turn, goes_on_after_call, in_call, try_current, without_permit};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Runs a call that may block, on this thread, while other goroutines go on: Go's `entersyscall`
/// and `exitsyscall`.
///
/// For calls that are mostly short, or of unknown length: reading a file, asking the system for
/// something, a lock of another library. The call costs a few nanoseconds more than without, since
/// nothing happens but a mark. If it lasts (for two looks of sysmon, 20 us at the shortest) and
/// other goroutines wait, the right to run that this thread has is given to another thread. The
/// goroutine then goes on when it gets one again. So the call may borrow from the goroutine and
/// needs to be neither `Send` nor `'static`, unlike that of
/// [`spawn_blocking`](super::spawn_blocking). For calls that are known to be long, [`blocking`]
/// does not wait for sysmon.
///
/// At most [`max_threads`](super::Builder::max_threads) threads (10 000) can be in such calls. As
/// in Go it is fatal to need more.
///
/// On an executor that is not gort's, and in the root of a [`block_on`](fn@crate::block_on), the
/// call blocks that thread.
///
/// # Panics
/// If the call does.
///
/// # Cancel safety
/// The call runs at the first poll, to its end. Dropped before, it is never made. Dropped after,
/// its result is lost. No timeout can cut it short.
///
/// # Examples
/// ```
/// gort::block_on(gort::spawn(async {
///     let path = std::env::current_exe().unwrap();
///     let length = gort::syscall(|| std::fs::metadata(&path).unwrap().len()).await;
///     assert!(length > 0);
/// }))
/// .unwrap();
/// ```
#[inline]
pub fn syscall<F, T>(call: F) -> Syscall<F, T>
where
    F: FnOnce() -> T,
{
    Syscall(Call::new(call))
}

/// Runs a call that is known to block for long, on this thread, after giving the right to run to
/// another thread: Go's `entersyscallblock`.
///
/// Unlike [`syscall`] it costs some microseconds in any case, and nothing waits for sysmon. At most
/// [`max_blocking_threads`](super::Builder::max_blocking_threads) (512) such calls and those of
/// [`spawn_blocking`](super::spawn_blocking) run at a time; the rest wait, first come, first
/// served.
///
/// On an executor that is not gort's, and in the root of a [`block_on`](fn@crate::block_on), the
/// call blocks that thread.
///
/// # Panics
/// If the call does.
///
/// # Cancel safety
/// As [`syscall`], but the call may wait for its turn before it begins.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// gort::block_on(gort::spawn(async {
///     let mut slept = Duration::ZERO;
///     gort::blocking(|| {
///         std::thread::sleep(Duration::from_millis(5));
///         slept += Duration::from_millis(5);
///     })
///     .await;
///     assert_eq!(slept, Duration::from_millis(5));
/// }))
/// .unwrap();
/// ```
pub fn blocking<F, T>(call: F) -> Blocking<F, T>
where
    F: FnOnce() -> T,
{
    Blocking {
        turn: None,
        call: Call::new(call),
    }
}

/// The future of [`syscall`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Syscall<F, T>(Call<F, T>);

/// The future of [`blocking`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Blocking<F, T> {
    /// Asked for at the first poll.
    turn: Option<Turn>,
    call: Call<F, T>,
}

/// A call, and what came of it.
struct Call<F, T> {
    /// There until it is made.
    closure: Option<F>,
    /// There if the goroutine had to wait for a permit after the call.
    result: Option<T>,
}

// Neither the closure nor the result is ever pinned: both are moved out.
impl<F, T> Unpin for Call<F, T> {}

impl<F: FnOnce() -> T, T> Call<F, T> {
    #[inline]
    fn new(closure: F) -> Self {
        Self {
            closure: Some(closure),
            result: None,
        }
    }

    fn is_made(&self) -> bool {
        self.closure.is_none()
    }

    /// Makes the call by `make`, unless that was done before. Then its goroutine goes on, or the
    /// result is left for when it does.
    #[inline]
    fn poll(&mut self, cx: &Context<'_>, make: impl FnOnce(F) -> T) -> Poll<T> {
        let Some(closure) = self.closure.take() else {
            let result = self.result.take();
            return Poll::Ready(result.expect("the future was polled after it was ready"));
        };
        let value = make(closure);
        if goes_on_after_call(cx) {
            return Poll::Ready(value);
        }
        self.result = Some(value);
        Poll::Pending
    }
}

impl<F: FnOnce() -> T, T> Future for Syscall<F, T> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.0.poll(cx, in_call)
    }
}

impl<F: FnOnce() -> T, T> Future for Blocking<F, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        if this.turn.is_none() && !this.call.is_made() {
            this.turn = slots().map(|slots| slots.ask());
        }
        let slot = match &mut this.turn {
            Some(turn) if !this.call.is_made() => Some(ready!(Pin::new(turn).poll(cx))),
            _ => None,
        };
        this.call.poll(cx, |closure| {
            let _slot = slot;
            without_permit(closure)
        })
    }
}

/// The slots of the runtime this thread is in.
fn slots() -> Option<Arc<BlockingSlots>> {
    try_current().map(|sched| Arc::clone(&sched.blocking))
}

impl<F, T> fmt::Debug for Call<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("is_made", &self.closure.is_none())
            .finish_non_exhaustive()
    }
}
