//! Work that may fail, by an error, by a panic or by taking too long, and is tried again.
//!
//! ```text
//! cargo run -p gort --example retry
//! ```

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use gort::panic::Panic;
use gort::time::{sleep, timeout};
use gort::{defer, defers, recover};

/// Why an attempt has failed.
#[derive(Debug)]
enum Failure<E> {
    Error(E),
    Panic(Panic),
    TooSlow,
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error(error) => write!(f, "{error}"),
            Failure::Panic(panic) => write!(f, "it panicked: {panic}"),
            Failure::TooSlow => f.write_str("it took too long"),
        }
    }
}

impl<E: Error> Error for Failure<E> {}

/// How often, and how patiently, something is tried.
#[derive(Clone, Copy, Debug)]
struct Policy {
    attempts: u32,
    /// For each attempt.
    limit: Duration,
    /// Between the first two attempts; each further time twice as long.
    pause: Duration,
}

impl Policy {
    /// Calls `attempt` until it succeeds.
    ///
    /// A panic counts as any other failure: `recover!` gives it as an error, and nothing is
    /// printed. What the attempt owned has been dropped by then, and what it deferred has run; but
    /// what it changed outside of itself is as the panic left it.
    async fn retry<T, E, F>(self, mut attempt: impl FnMut(u32) -> F) -> Result<T, Failure<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut pause = self.pause;
        let mut number = 1;
        loop {
            // With `async` in its braces `recover!` gives a future, so that a limit can be put
            // around it. `attempt` is called in there too: it may panic before it gives its future.
            let guarded = recover!(async { attempt(number).await });
            let failure = match timeout(self.limit, guarded).await {
                Ok(Ok(Ok(value))) => return Ok(value),
                Ok(Ok(Err(error))) => Failure::Error(error),
                Ok(Err(panic)) => Failure::Panic(panic),
                Err(_elapsed) => Failure::TooSlow,
            };
            if number == self.attempts {
                return Err(failure);
            }
            sleep(pause).await;
            pause *= 2;
            number += 1;
        }
    }
}

#[gort::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let policy = Policy {
        attempts: 4,
        limit: Duration::from_millis(50),
        pause: Duration::from_millis(5),
    };

    let mut tried = Vec::new();
    let answer = policy
        .retry(|number| {
            tried.push(number);
            ask(number)
        })
        .await?;
    println!("the answer is {answer}, after {} attempts", tried.len());

    // When nothing helps, whoever asked gets the last failure. A panic among them is a value here;
    // `panic.resume()` would let it go on from where it began.
    let hopeless = policy.retry(|_| recovered("no number")).await;
    let failure = hopeless.expect_err("this is never a number");
    println!("the other one failed: {failure}");

    if std::env::args().any(|argument| argument == "--self-check") {
        assert_eq!((answer, &tried[..]), (42, &[1, 2, 3, 4][..]));
        assert!(failure.to_string().contains("InvalidDigit"), "{failure}");
        println!("self-check passed");
    }
    Ok(())
}

/// Something unreliable: its first call fails, its second panics, its third does not come back.
async fn ask(number: u32) -> io::Result<u32> {
    match number {
        1 => Err(io::Error::other("nobody is there")),
        2 => panic!("this was not to happen"),
        3 => std::future::pending().await,
        _ => Ok(42),
    }
}

/// Go's way to the same end: the function itself recovers, and its result says that it panicked.
/// An error that can be made of a [`Panic`] is all that it needs.
#[defers]
async fn recovered(text: &str) -> Result<u32, Box<dyn Error + Send + Sync>> {
    defer!({
        recover();
    });
    Ok(text.parse().unwrap())
}
