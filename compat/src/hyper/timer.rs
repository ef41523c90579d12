//! hyper's time limits, kept by the timers of the runtime that polls them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use pin_project::pin_project;

/// Makes the sleeps with which hyper limits the time of headers, keep-alive and pooled connections.
///
/// Pass it to every builder that takes a timer: `.http1().timer(..)`, `.http2().timer(..)`,
/// `.pool_timer(..)`.
///
/// # Examples
///
/// ```
/// use gort_compat::hyper::{GortExecutor, GortTimer};
/// use hyper::rt::Timer;
/// use std::time::Duration;
///
/// # let runtime = gort::Runtime::builder().procs(1).build()?;
/// # runtime.block_on(async {
/// let timer = GortTimer::new();
/// let start = timer.now();
/// timer.sleep(Duration::from_millis(5)).await;
/// assert!(timer.now() - start >= Duration::from_millis(5));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct GortTimer {}

impl GortTimer {
    /// The timer of whichever runtime polls the sleeps.
    pub const fn new() -> Self {
        Self {}
    }
}

impl Timer for GortTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(GortSleep {
            sleep: gort::time::sleep(duration),
        })
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(GortSleep {
            sleep: gort::time::sleep_until(deadline),
        })
    }

    /// Moves the deadline in place: hyper resets a sleep for every request of a connection that is
    /// kept alive, and each would otherwise be a new allocation.
    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, new_deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<GortSleep>() {
            Some(own) => own.project().sleep.reset(new_deadline),
            None => *sleep = self.sleep_until(new_deadline),
        }
    }
}

/// A sleep that hyper holds. [`GortTimer`] makes it.
///
/// # Cancel safety
///
/// Dropping it removes its timer.
#[pin_project]
#[derive(Debug)]
pub struct GortSleep {
    #[pin]
    sleep: gort::time::Sleep,
}

impl Sleep for GortSleep {}

impl Future for GortSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(sleep: &Pin<Box<dyn Sleep>>) -> *const () {
        std::ptr::from_ref(&**sleep).cast()
    }

    #[test]
    fn reset_moves_the_deadline_without_a_new_allocation() {
        gort::block_on(async {
            let timer = GortTimer::new();
            let mut sleep = timer.sleep(Duration::from_secs(3600));
            let place = address(&sleep);
            let start = timer.now();
            timer.reset(&mut sleep, start + Duration::from_millis(5));
            assert_eq!(address(&sleep), place);
            sleep.await;
            let took = start.elapsed();
            assert!(
                took >= Duration::from_millis(5) && took < Duration::from_secs(60),
                "{took:?}"
            );
        });
    }

    #[test]
    fn reset_replaces_a_sleep_of_another_timer() {
        struct Never;
        impl Sleep for Never {}
        impl Future for Never {
            type Output = ();
            fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
                Poll::Pending
            }
        }
        gort::block_on(async {
            let timer = GortTimer::new();
            let mut sleep: Pin<Box<dyn Sleep>> = Box::pin(Never);
            timer.reset(&mut sleep, timer.now());
            sleep.await;
        });
    }

    #[test]
    fn adapters_are_send_and_sync() {
        fn shared<T: Send + Sync>() {}
        shared::<GortTimer>();
        shared::<GortSleep>();
        shared::<crate::hyper::GortExecutor>();
        shared::<crate::hyper::GortIo<gort::net::TcpStream>>();
    }
}
