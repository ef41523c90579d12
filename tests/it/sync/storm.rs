//! Storms with a seed: futures that are dropped at any moment, between goroutines and threads.

use futures::FutureExt;
use gort::sync::{Cond, Mutex, RwMutex, Semaphore};
use gort::{spawn, yield_now};
use gort_tests::{PROCS, Seeded, on_goroutine};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const GOROUTINES: u64 = 24;
const ROUNDS: u32 = 300;

/// Polls `future` a few times and then gives it up, or waits for it.
async fn impatiently<F: Future>(rng: &mut Seeded, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match rng.below(4) {
        0 => future.now_or_never(),
        1 => {
            for _ in 0..rng.below(3) {
                if let Some(output) = future.as_mut().now_or_never() {
                    return Some(output);
                }
                yield_now().await;
            }
            None
        }
        _ => Some(future.await),
    }
}

/// Who has the lock: -1 a writer, else the number of readers.
struct Inside(AtomicI64);

impl Inside {
    async fn read(&self, rng: &mut Seeded) {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) >= 0);
        if rng.below(3) == 0 {
            yield_now().await;
        }
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    async fn write(&self, rng: &mut Seeded) {
        assert_eq!(self.0.swap(-1, Ordering::SeqCst), 0);
        if rng.below(3) == 0 {
            yield_now().await;
        }
        self.0.store(0, Ordering::SeqCst);
    }
}

/// Runs `round` many times in many goroutines, and then `after`.
fn storm<S, F, A>(state: fn() -> S, round: fn(Arc<S>, Seeded) -> F, after: fn(Arc<S>) -> A)
where
    S: Send + Sync + 'static,
    F: Future<Output = Seeded> + Send + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    on_goroutine(&PROCS, move || async move {
        let (seed, state) = (Seeded::fresh(), Arc::new(state()));
        let goroutines: Vec<_> = (0..GOROUTINES)
            .map(|n| {
                let (mut rng, state) = (seed.fork(n), Arc::clone(&state));
                spawn(async move {
                    for _ in 0..ROUNDS {
                        rng = round(Arc::clone(&state), rng).await;
                    }
                })
            })
            .collect();
        for goroutine in goroutines {
            goroutine.await.unwrap();
        }
        after(state).await;
    });
}

#[test]
fn a_mutex_in_a_storm_of_futures_that_are_dropped() {
    storm(
        || (Mutex::new(()), Inside(AtomicI64::new(0))),
        |state, mut rng| async move {
            if let Some(guard) = impatiently(&mut rng, state.0.lock()).await {
                state.1.write(&mut rng).await;
                drop(guard);
            }
            rng
        },
        |state| async move { assert!(state.0.try_lock().is_some()) },
    );
}

#[test]
fn a_rw_mutex_in_a_storm_of_futures_that_are_dropped() {
    storm(
        || (RwMutex::new(()), Inside(AtomicI64::new(0))),
        |state, mut rng| async move {
            if rng.below(3) == 0 {
                if let Some(guard) = impatiently(&mut rng, state.0.write()).await {
                    state.1.write(&mut rng).await;
                    drop(guard);
                }
            } else if let Some(guard) = impatiently(&mut rng, state.0.read()).await {
                state.1.read(&mut rng).await;
                drop(guard);
            }
            rng
        },
        |state| async move { assert!(state.0.try_write().is_some()) },
    );
}

#[test]
fn a_semaphore_in_a_storm_of_futures_that_are_dropped() {
    storm(
        || (Semaphore::new(5), AtomicI64::new(5)),
        |state, mut rng| async move {
            let wanted = rng.below(6) as u32;
            if let Some(permits) = impatiently(&mut rng, state.0.acquire(wanted)).await {
                let left = state.1.fetch_sub(wanted.into(), Ordering::SeqCst);
                assert!(left >= wanted.into());
                if rng.below(3) == 0 {
                    yield_now().await;
                }
                state.1.fetch_add(wanted.into(), Ordering::SeqCst);
                drop(permits);
            }
            rng
        },
        |state| async move { assert!(state.0.try_acquire(5).is_some()) },
    );
}

#[test]
fn a_cond_in_a_storm_loses_no_signal() {
    storm(
        || (Mutex::new(0_u32), Cond::new()),
        |state, mut rng| async move {
            // Puts one and takes one, so that the last of all finds one.
            *state.0.lock().await += 1;
            state.1.signal();
            loop {
                let count = state.0.lock().await;
                let taking = state.1.wait_while(count, |count| *count == 0);
                if let Some(mut count) = impatiently(&mut rng, taking).await {
                    *count -= 1;
                    return rng;
                }
            }
        },
        |state| async move { assert_eq!(*state.0.lock().await, 0) },
    );
}
