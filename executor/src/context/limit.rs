//! The deadline of a scope.

use super::error::{Cause, ContextError, Why};
use super::scope::Scope;
use crate::time::{Act, Call, Instant};
use std::sync::{Arc, OnceLock, Weak};

/// What happens at a deadline, and who sees to it.
#[derive(Debug)]
pub(super) struct Limit {
    /// What is behind it.
    cause: Option<Cause>,
    /// There once somebody waits.
    call: OnceLock<Arc<Call<Expire>>>,
}

/// Ends a scope at its deadline.
#[derive(Debug)]
struct Expire(Weak<Scope>);

impl Act for Expire {
    /// The context may be waited for elsewhere.
    const OUTLIVES_RUNTIME: bool = true;

    fn act(&self) {
        if let Some(scope) = self.0.upgrade() {
            scope.expire_if_due();
        }
    }
}

impl Limit {
    pub(super) fn new(cause: Option<Cause>) -> Self {
        Self {
            cause,
            call: OnceLock::new(),
        }
    }

    pub(super) fn why(&self) -> Why {
        Why {
            error: ContextError::DeadlineExceeded,
            cause: self.cause.clone(),
        }
    }

    /// Sees to it that `scope`, whose limit this is, ends at `at`.
    ///
    /// # Panics
    /// If there is no runtime, and the default one cannot be started.
    pub(super) fn watch(&self, at: Instant, scope: &Arc<Scope>) {
        self.call.get_or_init(|| {
            let call = Call::new(Expire(Arc::downgrade(scope)));
            call.set(at);
            call
        });
    }

    /// The scope has ended, or is about to go. If somebody is just about to begin watching, the
    /// clock makes a call for nothing, unless this is called again when the scope goes.
    pub(super) fn stop_watching(&self) {
        if let Some(call) = self.call.get() {
            call.stop();
        }
    }
}
