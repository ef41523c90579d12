//! Counting polls, drops and wakes, so that what leaks or runs twice is a number that is wrong.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// What was counted. Clones share their numbers.
#[derive(Clone, Debug, Default)]
pub struct Counts(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    polls: AtomicUsize,
    made: AtomicUsize,
    drops: AtomicUsize,
    wakes: AtomicUsize,
}

impl Counts {
    /// All numbers 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// `future`, with its polls and its drop counted.
    pub fn future<F>(&self, future: F) -> Counted<F> {
        Counted {
            future: Box::pin(future),
            token: self.token(),
        }
    }

    /// Something whose drop is counted.
    pub fn token(&self) -> Token {
        // Ordering: SeqCst, so that a test may read the numbers in any order; here and below.
        self.0.made.fetch_add(1, Ordering::SeqCst);
        Token(self.clone())
    }

    /// A waker that counts how often it was woken, and whose copies [`others`](Self::others)
    /// counts.
    pub fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    /// How often the futures were polled.
    pub fn polls(&self) -> usize {
        self.0.polls.load(Ordering::SeqCst)
    }

    /// How many futures and tokens were made.
    pub fn made(&self) -> usize {
        self.0.made.load(Ordering::SeqCst)
    }

    /// How many of them were dropped.
    pub fn drops(&self) -> usize {
        self.0.drops.load(Ordering::SeqCst)
    }

    /// How many of them live.
    pub fn live(&self) -> usize {
        self.made() - self.drops()
    }

    /// How often the wakers were woken.
    pub fn wakes(&self) -> usize {
        self.0.wakes.load(Ordering::SeqCst)
    }

    /// How many wakers, live tokens and clones of this there are besides this one.
    pub fn others(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

impl Wake for Numbers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
    }
}

/// Counts its own drop.
#[derive(Debug)]
pub struct Token(Counts);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.0.drops.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future whose polls and whose drop are counted.
#[derive(Debug)]
pub struct Counted<F> {
    future: Pin<Box<F>>,
    token: Token,
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.token.0.0.polls.fetch_add(1, Ordering::SeqCst);
        self.future.as_mut().poll(cx)
    }
}
