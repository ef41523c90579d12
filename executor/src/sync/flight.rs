//! [`Flight`]: one of those who take part in a call.

use crate::base::lock;
use crate::base::wake_list::WakeList;
use crate::panic::{Panic, goexit};
use crate::wait::{Entry, Owner, WaitQueue, block};
use pin_project::{pin_project, pinned_drop};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

/// What all who take part in a call have in common.
pub(super) struct Shared<V> {
    state: lock::Mutex<State>,
    /// How it ended. Set once, before the state says that it has.
    ended: OnceLock<Ended<V>>,
}

pub(super) struct State {
    queue: WaitQueue<()>,
    /// Who has ever taken part.
    joined: usize,
    /// Who takes part still.
    present: usize,
    is_over: bool,
}

/// How a call ended.
pub(super) enum Ended<V> {
    Value(V),
    Panicked(Panic),
    Exited,
    /// Its goroutine was dropped.
    Dropped,
}

// SAFETY: the queue is a part of what the `Arc` owns, which does not move.
unsafe impl<V> Owner<()> for Arc<Shared<V>> {
    type State = State;

    fn lock(&self) -> lock::MutexGuard<'_, State> {
        self.state.lock()
    }

    fn queue(state: &mut State) -> &mut WaitQueue<()> {
        &mut state.queue
    }
}

impl<V> Shared<V> {
    pub(super) fn new() -> Self {
        Self {
            state: lock::Mutex::new(State {
                queue: WaitQueue::new(),
                joined: 0,
                present: 0,
                is_over: false,
            }),
            ended: OnceLock::new(),
        }
    }

    /// Takes part in a call; `None` if it is over.
    pub(super) fn join(shared: &Arc<Self>) -> Option<Flight<V>> {
        let mut state = shared.state.lock();
        if state.is_over {
            return None;
        }
        state.joined += 1;
        state.present += 1;
        drop(state);
        Some(Flight {
            entry: Entry::new(Arc::clone(shared)),
        })
    }

    /// The call is over, if it was not; tells whether anybody takes part in it still.
    pub(super) fn end(&self, ended: Ended<V>) -> bool {
        // What comes too late is dropped here, and not under the lock.
        let late = self.ended.set(ended);
        let mut wakers = WakeList::default();
        let mut state = self.state.lock();
        state.is_over = true;
        state.queue.take_all(&mut wakers, |()| {});
        let anybody = state.present > 0;
        drop(state);
        wakers.wake_all();
        drop(late);
        anybody
    }
}

/// Waits for a call of a [`SingleFlight`](super::SingleFlight): gives the value, and whether others
/// have taken part in the call.
///
/// The call goes on when this is dropped.
///
/// # Panics
/// With the panic of the call; and if the goroutine of the call was dropped.
///
/// # Examples
/// See [`SingleFlight`](super::SingleFlight).
#[pin_project(PinnedDrop)]
#[must_use = "the call goes on, but nobody hears of its value or its panic"]
pub struct Flight<V> {
    #[pin]
    entry: Entry<Arc<Shared<V>>, ()>,
}

impl<V: Clone> Flight<V> {
    /// As awaiting it, with the whole thread.
    ///
    /// # Panics
    /// As awaiting it; and in a goroutine, whose thread must not be blocked.
    ///
    /// # Examples
    /// ```
    /// let calls = gort::sync::SingleFlight::new();
    /// assert_eq!(calls.call("key", async { 7 }).wait_blocking(), (7, false));
    /// ```
    #[track_caller]
    pub fn wait_blocking(self) -> (V, bool) {
        block("Flight::wait_blocking", "it", self)
    }
}

impl<V: Clone> Future for Flight<V> {
    type Output = (V, bool);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        ready!(
            this.entry
                .as_mut()
                .poll(context, (), |state, ()| state.is_over)
        );
        let shared = this.entry.owner();
        match shared.ended.get() {
            Some(Ended::Value(value)) => {
                let others = shared.state.lock().joined > 1;
                Poll::Ready((value.clone(), others))
            }
            Some(Ended::Panicked(panic)) => panic.clone().resume(),
            Some(Ended::Exited) => goexit(),
            Some(Ended::Dropped) | None => panic!("the goroutine of this call was dropped"),
        }
    }
}

#[pinned_drop]
impl<V> PinnedDrop for Flight<V> {
    fn drop(self: Pin<&mut Self>) {
        self.entry.owner().state.lock().present -= 1;
    }
}

impl<V> fmt::Debug for Flight<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").finish_non_exhaustive()
    }
}
