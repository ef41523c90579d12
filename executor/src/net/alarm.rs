//! One timer, kept between polls.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::base::lock::Mutex;
use crate::time::{Sleep, sleep_until};

/// A timer that one task at a time polls. It is made at its first use and armed again after that.
#[derive(Debug)]
pub(super) struct Alarm {
    /// Taken out while it is polled, since that runs the waker's code. A second task that comes in
    /// between makes a timer of its own; one of the two is kept.
    timer: Mutex<Option<Armed>>,
}

#[derive(Debug)]
struct Armed {
    at: Instant,
    sleep: Pin<Box<Sleep>>,
}

impl Alarm {
    pub(super) fn new() -> Self {
        Self {
            timer: Mutex::new(None),
        }
    }

    /// Ready at `at`.
    pub(super) fn poll_until(&self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let taken = self.timer.lock().take();
        let mut armed = match taken {
            Some(mut armed) => {
                if armed.at != at {
                    armed.sleep.as_mut().reset(at);
                    armed.at = at;
                }
                armed
            }
            None => Armed {
                at,
                sleep: Box::pin(sleep_until(at)),
            },
        };
        let poll = armed.sleep.as_mut().poll(cx);
        if poll.is_pending() {
            let displaced = self.timer.lock().replace(armed);
            drop(displaced);
        }
        poll
    }
}
