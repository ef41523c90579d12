//! Much work for many goroutines, whose results come back through a `JoinSet`.
//!
//! ```text
//! cargo run --release -p gort --example fan_out [GOROUTINES]
//! ```

use std::time::Instant;

use gort::task::JoinSet;

/// How many numbers each goroutine looks at.
const SHARE: u64 = 1000;

// Goroutines cost about as much as a small allocation each: one for each piece of work is the plain
// way, and nobody counts threads. `GORT_PROCS` sets how many of them run at the same time.
#[gort::main]
async fn main() {
    let argument = std::env::args().nth(1).unwrap_or_default();
    let goroutines = argument.parse().unwrap_or(100);

    let start = Instant::now();
    let mut shares = JoinSet::new();
    for share in 0..goroutines {
        shares.spawn(async move { count_primes(share * SHARE, (share + 1) * SHARE) });
    }

    // Results come in the order in which they are ready. Each is a `Result`, because the goroutine
    // may have panicked; such a panic ends neither the others nor this loop. If this function
    // returned here, the set would be dropped, and with it every goroutine that is still in it.
    let mut primes = 0;
    let mut lost = 0;
    while let Some(share) = shares.join_next().await {
        match share {
            Ok(count) => primes += count,
            Err(error) => {
                eprintln!("a share is missing: {error}");
                lost += 1;
            }
        }
    }
    println!(
        "{primes} primes below {} from {goroutines} goroutines on {} Ps in {:?}",
        goroutines * SHARE,
        gort::runtime::procs(),
        start.elapsed(),
    );

    if argument == "--self-check" {
        assert_eq!((primes, lost), (9592, 0), "the primes below 100 000");
        println!("self-check passed");
    }
}

/// How many primes there are from `first` to just below `end`.
fn count_primes(first: u64, end: u64) -> usize {
    (first..end).filter(|&number| is_prime(number)).count()
}

fn is_prime(number: u64) -> bool {
    let mut divisors = (2..).take_while(|divisor| divisor * divisor <= number);
    number >= 2 && divisors.all(|divisor| number % divisor != 0)
}
