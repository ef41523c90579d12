//! `defer!`, `recover!` and `#[defers]`: what runs when, in which order, and with what result.

mod async_scope;
mod cancel;
mod exit;
mod forms;
mod guard;
mod panics;
mod printing;
mod size;
mod sync_scope;

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    fn say(&self, what: impl ToString) {
        self.0.borrow_mut().push(what.to_string());
    }

    /// All that was said, and nothing is left.
    fn take(&self) -> String {
        self.0.borrow_mut().drain(..).collect::<Vec<_>>().join(",")
    }
}

/// Something that is used and closed through `&mut`.
struct Conn {
    log: Log,
    written: u32,
}

impl Conn {
    fn new(log: &Log) -> Self {
        Conn {
            log: log.clone(),
            written: 0,
        }
    }

    fn write(&mut self, what: &str) {
        self.written += 1;
        self.log.say(format!("w{what}"));
    }

    fn close(&mut self) {
        self.log.say(format!("close{}", self.written));
    }
}

/// As [`Log`], for several threads.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<String>>>);

impl Shared {
    fn say(&self, what: impl ToString) {
        self.0.lock().unwrap().push(what.to_string());
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// All that was said, and nothing is left.
    fn take(&self) -> String {
        self.0
            .lock()
            .unwrap()
            .drain(..)
            .collect::<Vec<_>>()
            .join(",")
    }
}

/// Pending once.
async fn next_turn() {
    let mut waited = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
