//! How often something was called, whoever does it.

use gort::time::sleep;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How often a function was called. Clones share the number.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<AtomicUsize>);

impl Calls {
    /// A function whose calls are counted.
    pub fn function(&self) -> impl Fn() + Send + Sync + 'static + use<> {
        let calls = self.clone();
        move || {
            // Ordering: SeqCst, so that a test may read the number in any order; here and below.
            calls.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// How many calls there have been.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits until there have been `count`.
    pub async fn reach(&self, count: usize) {
        while self.count() < count {
            sleep(Duration::from_micros(50)).await;
        }
    }
}
