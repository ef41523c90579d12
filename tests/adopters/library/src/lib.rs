//! A library that starts goroutines and leaves to the program who runs them: gort without its
//! executor, in edition 2021.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, clippy::pedantic)]

use gort::task::{JoinError, JoinHandle};
use gort::{defer, defers, go, recover, spawn};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Counts words, each text in a goroutine of its own.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    counts: Arc<Mutex<BTreeMap<String, usize>>>,
    runs: Arc<Mutex<Vec<&'static str>>>,
}

impl Counter {
    /// Starts counting the words of `text`.
    #[must_use]
    pub fn count(&self, text: String) -> JoinHandle<usize> {
        spawn!(name = "counter", self.clone().count_now(text))
    }

    /// Starts counting, and forgets about it.
    pub fn count_later(&self, text: String) {
        go!(clone(this = self), {
            defer!(clone(this), this.log("deferred"));
            this.count_now(text).await;
        });
    }

    /// The words of `text`, one by one so that others may run.
    #[defers]
    async fn count_now(self, text: String) -> usize {
        let mut words = 0;
        defer!(self.log("counted"));
        for word in text.split_whitespace() {
            assert_ne!(word, "panic", "this text");
            *self
                .counts
                .lock()
                .unwrap()
                .entry(word.to_owned())
                .or_default() += 1;
            words += 1;
            gort::yield_now().await;
        }
        words
    }

    fn log(&self, what: &'static str) {
        self.runs.lock().unwrap().push(what);
    }

    /// How often `word` was seen.
    ///
    /// # Panics
    /// Never: no counting goroutine panics while it holds the lock.
    #[must_use]
    pub fn of(&self, word: &str) -> usize {
        self.counts.lock().unwrap().get(word).copied().unwrap_or(0)
    }

    /// What has been done, in order.
    ///
    /// # Panics
    /// Never, as [`of`](Self::of).
    #[must_use]
    pub fn runs(&self) -> Vec<&'static str> {
        self.runs.lock().unwrap().clone()
    }
}

/// Parses a number, whatever the parser does.
///
/// # Errors
/// If the parser panics.
pub fn parse(text: &str, parser: fn(&str) -> u32) -> Result<u32, gort::panic::Panic> {
    recover!({ parser(text) })
}

/// The outcome of one text.
///
/// # Errors
/// If the goroutine ended without a count.
pub async fn words(counter: &Counter, text: &str) -> Result<usize, JoinError> {
    counter.count(text.to_owned()).await
}

#[cfg(test)]
mod tests {
    use super::{parse, words, Counter};
    use futures::executor::{block_on, LocalPool};
    use futures::task::SpawnExt as _;
    use gort::task::{enter, Task};
    use gort::{defer, go};
    use std::sync::Arc;

    #[test]
    fn deferred_code_needs_no_executor() {
        let mut log = Vec::new();
        {
            defer!(log.push(1));
        }
        assert_eq!(log, [1]);
        assert_eq!(parse("7", |text| text.parse().unwrap()).unwrap(), 7);
        assert!(parse("x", |text| text.parse().unwrap()).is_err());
    }

    #[test]
    fn goroutines_run_on_the_executor_of_a_test() {
        let mut pool = LocalPool::new();
        // A pool of one thread is not `Sync`, so the tasks pass through a channel.
        let (queue, tasks) = std::sync::mpsc::channel::<Task>();
        let entered = enter(Arc::new(move |task| queue.send(task).unwrap()));
        let counter = Counter::default();
        let two = counter.count("a b".to_owned());
        counter.count_later("b c".to_owned());
        for task in tasks.try_iter() {
            pool.spawner().spawn(task).unwrap();
        }
        pool.run();
        assert_eq!(block_on(two).unwrap(), 2);
        assert_eq!(["a", "b", "c"].map(|word| counter.of(word)), [1, 2, 1]);
        assert_eq!(counter.runs(), ["counted", "counted", "deferred"]);

        let lost = counter.count("d".to_owned());
        drop(tasks.try_recv().unwrap());
        let error = block_on(lost).unwrap_err();
        assert!(error.is_cancelled() && error.name() == Some("counter"));
        drop(entered);
    }

    #[test]
    #[should_panic(expected = "no executor runs this goroutine")]
    fn without_an_executor_the_start_panics() {
        go!({});
    }

    #[test]
    #[should_panic(expected = "no executor runs this goroutine")]
    fn the_library_works_as_far_as_the_first_goroutine() {
        let _ = block_on(words(&Counter::default(), "a"));
    }
}
