//! Stages of goroutines that hand their results on over channels, and stop when they are told to.
//!
//! ```text
//! cargo run -p gort --example pipeline [STEPS]
//!
//! numbers ---> steps, three of them ---> search
//!    ^                ^                    |
//!    +----------------+------ stop <-------+
//! ```
//!
//! It looks for a number from which Collatz's rule (halve it if it is even, else take three times
//! the number and one) needs so many steps to reach 1. As soon as one is found, the rest is
//! stopped.

use gort::{Chan, Receiver, Sender, chan, defer, defers, go, select};

#[gort::main]
async fn main() {
    let argument = std::env::args().nth(1).unwrap_or_default();
    let wanted = argument.parse().unwrap_or(150);

    let (ended, endings) = chan(0);
    let found = search(wanted, ended).await;
    println!("{} needs {} steps", found.number, found.steps);

    // Every stage holds a sender, so this channel ends when all of them have ended.
    let mut stages = Vec::new();
    while let Some(stage) = endings.recv().await {
        println!("the stage \"{stage}\" has ended");
        stages.push(stage);
    }

    if argument == "--self-check" {
        assert!(found.steps >= 150);
        assert_eq!(found.steps, steps_from(found.number));
        stages.sort_unstable();
        assert_eq!(stages, ["numbers", "steps", "steps", "steps"]);
        println!("self-check passed");
    }
}

/// A number, and how many steps it is from 1.
struct Found {
    number: u64,
    steps: u32,
}

/// Runs the pipeline until it has found what is wanted.
#[defers]
async fn search(wanted: u32, ended: Sender<&'static str>) -> Found {
    // Closing a channel wakes everybody who receives from it, so it serves to tell many goroutines
    // at once. It is deferred before the first of them starts: however this function is left, be it
    // by a panic or because somebody drops its future, no stage stays behind.
    let stop = Chan::new(0);
    defer!(stop.close());

    let numbers = numbers(&stop, ended.clone());
    let results = steps(3, &numbers, &stop, &ended);
    while let Some(found) = results.recv().await {
        if found.steps >= wanted {
            return found;
        }
    }
    unreachable!("there is always a next number");
}

/// The first stage: all numbers.
fn numbers(stop: &Chan<()>, ended: Sender<&'static str>) -> Chan<u64> {
    let numbers = Chan::new(0);
    go!(clone(numbers, stop), {
        // The last that is deferred runs first: the stages behind this one learn that nothing more
        // comes, then it is told that this one has ended.
        defer!(ended.send("numbers"));
        defer!(numbers.close());
        for number in 1.. {
            select! {
                numbers.send(number) => {}
                stop.recv() => return,
            }
        }
    });
    numbers
}

/// The second stage: several goroutines receive from one channel, which gives each number to one
/// of them, and send into another, which ends when the last of them does.
fn steps(
    workers: usize,
    numbers: &Chan<u64>,
    stop: &Chan<()>,
    ended: &Sender<&'static str>,
) -> Receiver<Found> {
    let (results, received) = chan(workers);
    for _ in 0..workers {
        go!(clone(results, numbers, stop, ended), {
            defer!(ended.send("steps"));
            while let Some(number) = numbers.recv().await {
                let steps = steps_from(number);
                select! {
                    // An error says that nobody receives any more.
                    sent = results.send(Found { number, steps }) => if sent.is_err() { return },
                    stop.recv() => return,
                }
            }
        });
    }
    received
}

fn steps_from(number: u64) -> u32 {
    let next = |&n: &u64| (n > 1).then(|| if n % 2 == 0 { n / 2 } else { 3 * n + 1 });
    let numbers = std::iter::successors(Some(number), next);
    (0..).zip(numbers).last().map_or(0, |(steps, _)| steps)
}
