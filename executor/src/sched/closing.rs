//! That a runtime is to end, and who is inside it from outside.
//!
//! A thread that is none of the runtime's Ms announces itself by a [`Visit`] before it touches the
//! runtime on behalf of a live goroutine, or of a handle. Who ends the runtime says so first and
//! then waits until nobody is inside. Whichever fence comes first, either the closer sees the visit
//! or the visitor sees that the runtime closes: so what a visitor pushes is always found by the
//! sweep.

use crate::base::atomic::{AtomicBool, AtomicUsize, Ordering, fence_at, order};

/// The end of one runtime.
#[derive(Debug)]
pub(super) struct Closing {
    /// Set once, by the closer; read by everybody.
    begun: AtomicBool,
    /// How many visits there are. Raised and lowered by visitors, read by the closer.
    visits: AtomicUsize,
}

impl Closing {
    pub(super) fn new() -> Self {
        Self {
            begun: AtomicBool::new(false),
            visits: AtomicUsize::new(0),
        }
    }

    /// Whether the runtime is to end.
    #[inline]
    pub(super) fn has_begun(&self) -> bool {
        // Ordering: Relaxed; nothing is published by it. A visitor has the fence of `visit` before,
        // an M that is about to sleep the lock or the wake-up through which `close` reaches it.
        self.begun.load(Ordering::Relaxed)
    }

    /// Says that the runtime is to end.
    pub(super) fn begin(&self) {
        // Ordering: Relaxed; the fence orders it before the looks at the visits.
        self.begun.store(true, Ordering::Relaxed);
        // Ordering: SeqCst fence; its partner is in `visit`.
        fence_at("closing.begin", Ordering::SeqCst);
    }

    /// Announces a visitor: until the guard is gone the runtime is not freed.
    pub(super) fn visit(&self) -> Visit<'_> {
        // Ordering: Relaxed; the fence orders it before the look at `begun`.
        self.visits.fetch_add(1, Ordering::Relaxed);
        // Ordering: SeqCst fence; its partner is in `begin`.
        fence_at("closing.visit", Ordering::SeqCst);
        Visit(&self.visits)
    }

    /// Whether nobody is inside. Once the runtime is closing, a visitor of whom this does not tell
    /// touches nothing, unless it has a live goroutine in hand.
    pub(super) fn has_no_visitor(&self) -> bool {
        // Ordering: Acquire pairs with the Release of `Visit::drop`: what a visitor did is done.
        self.visits.load(order("closing.look", Ordering::Acquire)) == 0
    }
}

/// See [`Closing::visit`].
#[derive(Debug)]
pub(super) struct Visit<'a>(&'a AtomicUsize);

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        // Ordering: Release pairs with `has_no_visitor`; this is the visitor's last use of the
        // runtime.
        self.0
            .fetch_sub(1, order("closing.leave", Ordering::Release));
    }
}
