//! Atomics, cells and threads: the standard library's, or loom's under `--cfg gort_loom`.
//!
//! This is the one place outside the `loom.rs` files that knows of the model checker. A protocol
//! names each ordering its proof needs through [`order`] or [`fence_at`]; a model can then weaken
//! one such site and must see the protocol fail.

#[cfg(not(gort_loom))]
pub(crate) use std::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
};

#[cfg(gort_loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

/// A function that is `const`, except in a model, whose atomics and locks are made at run time.
#[cfg(feature = "rt")]
macro_rules! const_fn {
    ($(#[$meta:meta])* $vis:vis fn $($rest:tt)*) => {
        #[cfg(not(gort_loom))]
        $(#[$meta])*
        $vis const fn $($rest)*
        #[cfg(gort_loom)]
        $(#[$meta])*
        $vis fn $($rest)*
    };
}
#[cfg(feature = "rt")]
pub(crate) use const_fn;

/// The ordering `strong`, which the protocol needs at the place called `site`.
#[cfg(not(gort_loom))]
#[inline(always)]
pub(crate) const fn order(_site: &str, strong: Ordering) -> Ordering {
    strong
}

/// A fence of ordering `strong`, which the protocol needs at the place called `site`.
#[cfg(not(gort_loom))]
#[inline(always)]
pub(crate) fn fence_at(_site: &str, strong: Ordering) {
    fence(strong);
}

/// The load that begins a compare-exchange loop.
///
/// The model checker remembers one access per atomic for choosing what to try in another order. A
/// load just before the exchange would hide the earlier accesses of other threads from it, and with
/// them the orders that matter. So a model also reads by a read-modify-write first.
#[inline(always)]
pub(crate) fn load_to_exchange(atomic: &AtomicU64, ordering: Ordering) -> u64 {
    #[cfg(gort_loom)]
    atomic.fetch_or(0, Ordering::Relaxed);
    // Ordering: the caller names its partner.
    atomic.load(ordering)
}

/// A look that only spares a read-modify-write, which would find out for itself.
///
/// It would hide the accesses of other threads from the checker, as above, but what an old value
/// makes the caller do must be checked as well: so a model is run with it and without it.
#[cfg(not(gort_loom))]
#[inline(always)]
pub(crate) fn glance(look: impl FnOnce() -> bool) -> bool {
    look()
}

/// Loads what nobody but this thread stores: no ordering is at stake.
///
/// In a model it fails if another thread's store is not ordered before. It is no step there
/// either: the checker remembers one access to each atomic, and a thread's load of its own store
/// would make it forget another thread's load, and with that the orders in which they differ.
#[cfg(not(gort_loom))]
#[inline(always)]
pub(crate) fn load_own(atomic: &AtomicU32) -> u32 {
    // Ordering: Relaxed, a thread sees its own stores.
    atomic.load(Ordering::Relaxed)
}

/// Whether a model has failed and unwinds. Destructors then leave the checker alone: it would find
/// the same fault once more, and a second panic ends the process.
#[cfg(not(gort_loom))]
#[inline(always)]
pub(crate) const fn has_failed() -> bool {
    false
}

#[cfg(gort_loom)]
pub(crate) use weaken::{
    UnsafeCell, check, fence_at, glance, has_failed, load_own, order, while_weak,
};

#[cfg(gort_loom)]
mod weaken {
    //! Under the model checker a test may weaken one site of one protocol.

    use super::{AtomicU32, Ordering, fence};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering as Std};

    static WEAK: Mutex<Option<&'static str>> = Mutex::new(None);
    /// Whether glances are left out. Models share the process and run one after the other.
    static BLIND: AtomicBool = AtomicBool::new(false);

    fn is_weak(site: &str) -> bool {
        WEAK.lock()
            .unwrap_or_else(|e| e.into_inner())
            .is_some_and(|weak| weak == site)
    }

    pub(crate) fn order(site: &str, strong: Ordering) -> Ordering {
        if is_weak(site) {
            Ordering::Relaxed
        } else {
            strong
        }
    }

    pub(crate) fn fence_at(site: &str, strong: Ordering) {
        if !is_weak(site) {
            fence(strong);
        }
    }

    pub(crate) fn load_own(atomic: &AtomicU32) -> u32 {
        // SAFETY: the checker stops the model if a store is not ordered before this load.
        unsafe { atomic.unsync_load() }
    }

    pub(crate) fn glance(look: impl FnOnce() -> bool) -> bool {
        BLIND.load(Std::Relaxed) || look()
    }

    pub(crate) fn has_failed() -> bool {
        std::thread::panicking()
    }

    /// Runs `model` in all orders, or in those with up to `preemptions` of them, with and without
    /// the glances of the code under test.
    pub(crate) fn check(
        preemptions: Option<usize>,
        model: impl Fn() + Sync + Send + Copy + 'static,
    ) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = preemptions.or(builder.preemption_bound);
        for blind in [false, true] {
            BLIND.store(blind, Std::Relaxed);
            builder.check(model);
        }
        BLIND.store(false, Std::Relaxed);
    }

    /// Runs `model` with the ordering at `site` relaxed (a fence: gone), and tells whether it
    /// failed, as it must, with or without glances.
    ///
    /// Models share the process, so weakened runs must not overlap others: run them with
    /// `--test-threads=1`.
    pub(crate) fn while_weak(site: &'static str, model: impl Fn() + Sync + Send + 'static) -> bool {
        *WEAK.lock().unwrap() = Some(site);
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        // A failure is looked for in all orders, however few the environment asks for.
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = None;
        let model = std::sync::Arc::new(model);
        let failed = [false, true].into_iter().any(|blind| {
            BLIND.store(blind, Std::Relaxed);
            let model = std::sync::Arc::clone(&model);
            let run = std::panic::AssertUnwindSafe(|| builder.check(move || model()));
            std::panic::catch_unwind(run).is_err()
        });
        BLIND.store(false, Std::Relaxed);
        std::panic::set_hook(hook);
        *WEAK.lock().unwrap() = None;
        failed
    }

    /// A cell of the standard library, and one of loom's that is touched along with it.
    #[derive(Debug)]
    pub(crate) struct UnsafeCell<T> {
        data: std::cell::UnsafeCell<T>,
        touched: loom::cell::UnsafeCell<()>,
    }

    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self {
                data: std::cell::UnsafeCell::new(value),
                touched: loom::cell::UnsafeCell::new(()),
            }
        }

        /// Checked as a write access: no two may be unordered.
        pub(crate) fn get(&self) -> *mut T {
            if !has_failed() {
                self.touched.with_mut(|_| ());
            }
            self.data.get()
        }
    }
}
