//! One call for all who ask for the same at the same time.
//!
//! The calls that are under way lie in a table by the hash of their key. Keys are hashed, compared
//! and dropped without the lock of the table, for that is code of others: a look-up takes along
//! what has the same hash, compares outside, and enters its own call only if no other was entered
//! meanwhile.
//!
//! A call leaves the table first and is over then, so whoever finds one that is over looks again
//! and does not find it.
//!
//! # Rejected
//!
//! - *The first caller runs the code*, as in Go: there no caller can be dropped. Here the code
//!   would end with the future of the first, and all others had to begin again.

use super::flight::{Ended, Flight, Shared};
use crate::base::lock;
use crate::panic::{Caught, catch, install};
use crate::runtime::go_from;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, Hash};
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;

/// Calls of which those with the same key are one while it is under way: Go's `singleflight`.
///
/// Clones share their calls.
///
/// # Examples
/// ```
/// use gort::sync::SingleFlight;
///
/// gort::block_on(async {
///     let pages = SingleFlight::new();
///     let (server, connection) = gort::chan(0);
///     let load = async move { connection.recv().await.unwrap() };
///     let first = pages.call("/", load);
///     let second = pages.call("/", async { unreachable!("one is under way") });
///     server.send("a page".to_owned()).await.unwrap();
///     assert_eq!(first.await, ("a page".to_owned(), true));
///     assert_eq!(second.await, ("a page".to_owned(), true));
/// });
/// ```
pub struct SingleFlight<K, V> {
    table: Arc<Table<K, V>>,
}

struct Table<K, V> {
    hasher: RandomState,
    calls: lock::Mutex<Calls<K, V>>,
}

struct Calls<K, V> {
    by_hash: HashMap<u64, Vec<Arc<Call<K, V>>>>,
    /// How many calls have been entered.
    entered: u64,
}

/// A call that is under way.
struct Call<K, V> {
    hash: u64,
    key: K,
    shared: Arc<Shared<V>>,
}

impl<K, V> SingleFlight<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Without any calls.
    ///
    /// # Examples
    /// See [`SingleFlight`].
    pub fn new() -> Self {
        Self {
            table: Arc::new(Table {
                hasher: RandomState::new(),
                calls: lock::Mutex::new(Calls {
                    by_hash: HashMap::new(),
                    entered: 0,
                }),
            }),
        }
    }

    /// Starts `future` as a goroutine, if no call with this key is under way; else drops it, and
    /// takes part in that call. Go's `Do` and `DoChan`.
    ///
    /// The [`Flight`] gives the value, and whether others got it too. The call goes on when all who
    /// wait for it are dropped. It runs where [`go!`](crate::go!) would start it.
    ///
    /// If it panics, everybody who waits for it has that panic, and if nobody does it is as in a
    /// goroutine of `go!`. If it [exits](fn@crate::panic::goexit), the goroutines of all who wait
    /// exit too.
    ///
    /// # Panics
    /// If there is no executor and the default runtime cannot be started.
    ///
    /// # Examples
    /// See [`SingleFlight`].
    #[track_caller]
    pub fn call<F>(&self, key: K, future: F) -> Flight<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let spawned_at = Location::caller();
        let new = self.table.new_call(key);
        loop {
            let entered = match self.table.find_or_enter(&new) {
                Some(found) => {
                    if let Some(flight) = Shared::join(&found.shared) {
                        return flight;
                    }
                    continue;
                }
                None => Shared::join(&new.shared),
            };
            let flight = entered.expect("a call that has not begun is not over");
            let table = Arc::clone(&self.table);
            go_from(spawned_at, run(Running { table, call: new }, future));
            return flight;
        }
    }

    /// Later calls with this key do not wait for the one that is under way, but start their own:
    /// Go's `Forget`.
    ///
    /// # Examples
    /// ```
    /// use gort::sync::SingleFlight;
    ///
    /// gort::block_on(async {
    ///     let calls = SingleFlight::new();
    ///     let old = calls.call(1, async { "old" });
    ///     calls.forget(&1);
    ///     assert_eq!(calls.call(1, async { "new" }).await, ("new", false));
    ///     assert_eq!(old.await, ("old", false));
    /// });
    /// ```
    pub fn forget(&self, key: &K) {
        let hash = self.table.hasher.hash_one(key);
        let (same_hash, _) = self.table.look(hash);
        if let Some(found) = same_hash.iter().find(|call| call.key == *key) {
            self.table.take_out(found);
        }
    }
}

impl<K: Hash + Eq, V> Table<K, V> {
    fn new_call(&self, key: K) -> Arc<Call<K, V>> {
        Arc::new(Call {
            hash: self.hasher.hash_one(&key),
            key,
            shared: Arc::new(Shared::new()),
        })
    }

    /// The call with the key of `new` that is under way; if there is none, `new` is from now on.
    fn find_or_enter(&self, new: &Arc<Call<K, V>>) -> Option<Arc<Call<K, V>>> {
        loop {
            let (same_hash, entered) = self.look(new.hash);
            if let Some(found) = same_hash.into_iter().find(|call| call.key == new.key) {
                return Some(found);
            }
            let mut calls = self.calls.lock();
            if calls.entered == entered {
                calls.entered += 1;
                let same_hash = calls.by_hash.entry(new.hash).or_default();
                same_hash.push(Arc::clone(new));
                return None;
            }
        }
    }
}

impl<K, V> Table<K, V> {
    /// The calls with this hash, and how many have been entered in all.
    fn look(&self, hash: u64) -> (Vec<Arc<Call<K, V>>>, u64) {
        let calls = self.calls.lock();
        let same_hash = calls.by_hash.get(&hash);
        (same_hash.cloned().unwrap_or_default(), calls.entered)
    }

    /// Takes `call` out, if it is still there.
    fn take_out(&self, call: &Arc<Call<K, V>>) {
        let mut calls = self.calls.lock();
        let Some(same_hash) = calls.by_hash.get_mut(&call.hash) else {
            return;
        };
        // The caller has the call too, so no key is dropped here.
        same_hash.retain(|other| !Arc::ptr_eq(other, call));
        if same_hash.is_empty() {
            calls.by_hash.remove(&call.hash);
        }
    }
}

/// A call while its goroutine is there.
struct Running<K, V> {
    table: Arc<Table<K, V>>,
    call: Arc<Call<K, V>>,
}

impl<K, V> Running<K, V> {
    /// The call is over; tells whether anybody waits for it.
    fn end(&self, ended: Ended<V>) -> bool {
        self.table.take_out(&self.call);
        self.call.shared.end(ended)
    }
}

impl<K, V> Drop for Running<K, V> {
    fn drop(&mut self) {
        // Only if its goroutine was dropped; else this comes too late to change anything.
        self.end(Ended::Dropped);
    }
}

/// What the goroutine of a call does.
async fn run<K, V>(running: Running<K, V>, future: impl Future<Output = V>) {
    install();
    let outcome = {
        let mut future = pin!(future);
        poll_fn(
            |context| match catch(false, || future.as_mut().poll(context)) {
                Ok(polled) => polled.map(Ok),
                Err(caught) => std::task::Poll::Ready(Err(caught)),
            },
        )
        .await
    };
    match outcome {
        Ok(value) => {
            running.end(Ended::Value(value));
        }
        Err(Caught::Goexit) => {
            running.end(Ended::Exited);
        }
        Err(Caught::Panic { panic, .. }) => {
            if !running.end(Ended::Panicked(panic.clone())) {
                panic.resume();
            }
        }
    }
}

impl<K, V> Default for SingleFlight<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Clone for SingleFlight<K, V> {
    fn clone(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
        }
    }
}

impl<K, V> fmt::Debug for SingleFlight<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").finish_non_exhaustive()
    }
}
