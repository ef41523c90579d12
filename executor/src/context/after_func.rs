//! What is to happen when a context is done.

use super::Context;
use super::scope::Scope;
use crate::base::lock::Mutex;
use crate::base::wake_list::contain;
use crate::runtime::go_from;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Weak};

/// Calls `function` in a goroutine of its own when `context` is done, at once if it is done
/// already: Go's `context.AfterFunc`. Never, if nothing can end the context.
///
/// The goroutine is started by whoever ends the context, on the executor where that happens: where
/// [`cancel`](super::Cancel::cancel) is called, or for a deadline on the runtime whose clock it
/// was.
///
/// Dropping the handle changes nothing, and the context need not be kept either. When nothing can
/// end it any more, because all that could cancel it is gone, the function is dropped.
///
/// # Panics
///
/// If the context has a deadline and there is no runtime, and the default one cannot be started.
///
/// # Examples
///
/// ```
/// use gort::context;
///
/// gort::block_on(async {
///     let (request, cancel) = context::with_cancel(&context::background());
///     let (close, closed) = gort::chan(1);
///     let first = context::after_func(&request, move || close.try_send("closed").unwrap());
///     let second = context::after_func(&request, || unreachable!("it was stopped"));
///     assert!(second.stop());
///     cancel.cancel();
///     assert_eq!(closed.recv().await, Some("closed"));
///     assert!(!first.stop(), "too late");
/// });
/// ```
#[doc(alias = "AfterFunc")]
#[track_caller]
pub fn after_func(context: &Context, function: impl FnOnce() + Send + 'static) -> AfterFunc {
    let function = Arc::new(Function {
        state: Mutex::new(State {
            function: Some(Box::new(function)),
            registered: None,
        }),
        asked_at: Location::caller(),
    });
    if let Some(scope) = &context.scope {
        scope.watch_clock();
        function.pass_to(scope);
    }
    AfterFunc { function }
}

/// What is called once, unless it is stopped.
pub(super) struct Function {
    /// Protects itself. The lock of a scope is taken under it, and never the other way round.
    state: Mutex<State>,
    asked_at: &'static Location<'static>,
}

struct State {
    /// `None`: started or stopped.
    function: Option<Box<dyn FnOnce() + Send>>,
    /// With which scope, and under which number there.
    registered: Option<(Weak<Scope>, usize)>,
}

impl Function {
    /// Registers it with `scope`, or starts it if that has ended. Nothing happens if it was
    /// stopped.
    pub(super) fn pass_to(self: &Arc<Self>, scope: &Arc<Scope>) {
        let mut state = self.state.lock();
        if state.function.is_none() {
            return;
        }
        match scope.add_function(self) {
            Some(place) => state.registered = Some((Arc::downgrade(scope), place)),
            None => {
                drop(state);
                self.start();
            }
        }
    }

    /// Calls it in a goroutine of its own, unless it was stopped. One that no executor accepts is
    /// dropped.
    pub(super) fn start(&self) {
        let function = self.state.lock().function.take();
        if let Some(function) = function {
            let start = AssertUnwindSafe(|| go_from(self.asked_at, async { function() }));
            let _ = catch_unwind(start).map_err(contain);
        }
    }
}

/// The handle of [`after_func`]: prevents the call.
pub struct AfterFunc {
    function: Arc<Function>,
}

impl AfterFunc {
    /// Prevents the call, and tells whether it did: `false` if the function was started or stopped
    /// before.
    ///
    /// It does not wait for a function that runs.
    ///
    /// # Examples
    ///
    /// See [`after_func`].
    pub fn stop(&self) -> bool {
        let mut state = self.function.state.lock();
        let Some(function) = state.function.take() else {
            return false;
        };
        let registered = state.registered.take();
        drop(state);
        if let Some((scope, place)) = registered {
            if let Some(scope) = scope.upgrade() {
                scope.remove_function(place);
            }
        }
        drop(function);
        true
    }
}

impl fmt::Debug for AfterFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterFunc")
            .field("is_pending", &self.function.state.lock().function.is_some())
            .field("asked_at", &format_args!("{}", self.function.asked_at))
            .finish()
    }
}
