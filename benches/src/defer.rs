//! What deferred code costs: nanoseconds for one call of a small function, beside the same function
//! without `defer!` and with a guard written by hand.
//!
//! These are costs of a few instructions, so they are measured in this process: each function is
//! called many times in a loop, the loops of a group take turns, and the fastest of each counts. A
//! slower one was disturbed.

use std::future::Future;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use gort::{defer, defers, recover};

/// How often each loop is timed.
const ROUNDS: usize = 15;
/// How long one timing lasts, about.
const ROUND: Duration = Duration::from_millis(8);

/// A function to be called, and its name.
type Case = (&'static str, fn());

/// The subcommand `defer`.
pub(crate) fn run() -> ExitCode {
    group("a function that may panic, ns for one call", SYNC);
    group("an async function that waits once, ns for one call", ASYNC);
    group("one more poll of an async function, ns", POLL);
    group("code that may be recovered, ns", RECOVER);
    group("a panic and its end, ns", PANIC);
    ExitCode::SUCCESS
}

fn group(title: &str, cases: &[Case]) {
    let calls: Vec<u32> = cases
        .iter()
        .map(|(_, call)| calls_in_a_round(*call))
        .collect();
    let mut best = vec![f64::INFINITY; cases.len()];
    for _ in 0..ROUNDS {
        for (at, (_, call)) in cases.iter().enumerate() {
            let nanos = time(*call, calls[at]).as_nanos() as f64 / f64::from(calls[at]);
            best[at] = best[at].min(nanos);
        }
    }
    println!("{title}:");
    for ((name, _), nanos) in cases.iter().zip(&best) {
        println!("  {name:<44} {nanos:>8.1}   {:+7.1}", nanos - best[0]);
    }
}

fn calls_in_a_round(call: fn()) -> u32 {
    let once = time(call, 100).as_nanos().max(1) / 100;
    u32::try_from(ROUND.as_nanos() / once.max(1)).unwrap_or(u32::MAX)
}

fn time(call: fn(), calls: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        call();
    }
    start.elapsed()
}

/// Work that the compiler can see neither into nor that it does not panic.
#[inline(never)]
fn work(sum: &mut u64) {
    *sum = black_box(*sum + 1);
    assert!(*sum != 7_000_000_007, "never");
}

/// What is deferred.
#[inline(never)]
fn close(sum: &mut u64) {
    *sum = black_box(*sum ^ 1);
}

/// A guard as one writes it by hand.
struct Closes<'a>(&'a mut u64);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        close(self.0);
    }
}

const SYNC: &[Case] = &[
    ("plain: the call at the end", || {
        black_box(plain(black_box(1)));
    }),
    ("a guard by hand", || {
        black_box(by_hand(black_box(1)));
    }),
    ("defer!, a guard", || {
        black_box(guard(black_box(1)));
    }),
    ("#[defers], 1 defer!", || {
        black_box(scope_1(black_box(1)));
    }),
    ("plain: four calls at the end", || {
        black_box(plain_4(black_box(1)));
    }),
    ("#[defers], 4 defer!", || {
        black_box(scope_4(black_box(1)));
    }),
    ("#[defers], 1 that may recover", || {
        black_box(recovering(black_box(1)));
    }),
    ("#[defers], 1 in a loop", || {
        black_box(nested(black_box(1), 1));
    }),
    ("#[defers], 4 in a loop", || {
        black_box(nested(black_box(1), 4));
    }),
];

#[inline(never)]
fn plain(mut sum: u64) -> u64 {
    work(&mut sum);
    close(&mut sum);
    sum
}

#[inline(never)]
fn plain_4(mut sum: u64) -> u64 {
    work(&mut sum);
    (0..4).for_each(|_| close(&mut sum));
    sum
}

#[inline(never)]
fn by_hand(mut sum: u64) -> u64 {
    let guard = Closes(&mut sum);
    work(guard.0);
    drop(guard);
    sum
}

#[inline(never)]
fn guard(mut sum: u64) -> u64 {
    let mut other = sum;
    {
        defer!(close(&mut other));
        work(&mut sum);
    }
    sum ^ other
}

#[inline(never)]
#[defers]
fn scope_1(mut sum: u64) -> u64 {
    defer!(close(&mut sum));
    work(&mut sum);
    sum
}

#[inline(never)]
#[defers]
fn scope_4(mut sum: u64) -> u64 {
    defer!(close(&mut sum));
    defer!(close(&mut sum));
    defer!(close(&mut sum));
    defer!(close(&mut sum));
    work(&mut sum);
    sum
}

#[inline(never)]
#[defers]
fn recovering(mut sum: u64) -> Option<u64> {
    defer!({
        close(&mut sum);
        drop(recover());
    });
    work(&mut sum);
    Some(sum)
}

#[inline(never)]
#[defers]
fn nested(mut sum: u64, times: u64) -> u64 {
    for turn in 0..times {
        let mut other = turn;
        defer!(close(&mut other));
    }
    work(&mut sum);
    sum
}

/// Pending for so many polls.
struct Pause(u32);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        match self.0 {
            0 => Poll::Ready(()),
            _ => {
                self.0 -= 1;
                Poll::Pending
            }
        }
    }
}

fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
    }
}

/// A function that is polled until it is ready.
macro_rules! polled {
    ($function:ident($($argument:expr),*)) => {
        || {
            black_box(finish($function(black_box(1), $($argument),*)));
        }
    };
}

const ASYNC: &[Case] = &[
    ("plain: the call at the end", polled!(plain_async(1))),
    ("a guard by hand", polled!(by_hand_async(1))),
    ("#[defers], 1 defer!", polled!(async_1(1))),
    ("#[defers], 2 apart", polled!(async_2(1))),
    ("#[defers], 4 apart", polled!(async_4(1))),
    ("#[defers], 4 together", polled!(async_4_together(1))),
    ("#[defers], 1 that awaits", polled!(awaiting(1))),
    (
        "#[defers], 1 that awaits and may recover",
        polled!(recovering_async(1)),
    ),
    ("#[defers], 1 in a loop", polled!(nested_async(1))),
];

async fn plain_async(mut sum: u64, polls: u32) -> u64 {
    work(&mut sum);
    Pause(polls).await;
    close(&mut sum);
    sum
}

async fn by_hand_async(mut sum: u64, polls: u32) -> u64 {
    let guard = Closes(&mut sum);
    work(guard.0);
    Pause(polls).await;
    drop(guard);
    sum
}

#[defers]
async fn async_1(mut sum: u64, polls: u32) -> u64 {
    defer!({ close(&mut sum) });
    work(&mut sum);
    Pause(polls).await;
    sum
}

#[defers]
async fn async_2(mut sum: u64, polls: u32) -> u64 {
    defer!({ close(&mut sum) });
    sum += 1;
    defer!({ close(&mut sum) });
    work(&mut sum);
    Pause(polls).await;
    sum
}

#[defers]
async fn async_4(mut sum: u64, polls: u32) -> u64 {
    defer!({ close(&mut sum) });
    sum += 1;
    defer!({ close(&mut sum) });
    sum += 1;
    defer!({ close(&mut sum) });
    sum += 1;
    defer!({ close(&mut sum) });
    work(&mut sum);
    Pause(polls).await;
    sum
}

#[defers]
async fn async_4_together(mut sum: u64, polls: u32) -> u64 {
    defer!({ close(&mut sum) });
    defer!({ close(&mut sum) });
    defer!({ close(&mut sum) });
    defer!({ close(&mut sum) });
    work(&mut sum);
    Pause(polls).await;
    sum
}

#[defers]
async fn awaiting(mut sum: u64, polls: u32) -> u64 {
    defer!({
        Pause(0).await;
        close(&mut sum);
    });
    work(&mut sum);
    Pause(polls).await;
    sum
}

#[defers]
async fn recovering_async(mut sum: u64, polls: u32) -> Option<u64> {
    defer!({
        Pause(0).await;
        close(&mut sum);
        drop(recover());
    });
    work(&mut sum);
    Pause(polls).await;
    Some(sum)
}

#[defers]
async fn nested_async(mut sum: u64, polls: u32) -> u64 {
    for turn in 0..1 {
        let mut other = turn;
        defer!({ close(&mut other) });
    }
    work(&mut sum);
    Pause(polls).await;
    sum
}

/// So many polls of one call that everything else is nothing; shown for one of them.
const POLLS: u32 = 1000;

const POLL: &[Case] = &[
    ("plain: a thousand of them", polled!(plain_async(POLLS))),
    ("#[defers], 1 level: a thousand", polled!(async_1(POLLS))),
    ("#[defers], 2 levels: a thousand", polled!(async_2(POLLS))),
    ("#[defers], 4 levels: a thousand", polled!(async_4(POLLS))),
];

const RECOVER: &[Case] = &[
    ("plain", || {
        let mut sum = black_box(1);
        work(&mut sum);
    }),
    ("catch_unwind", || {
        let mut sum = black_box(1);
        black_box(catch_unwind(AssertUnwindSafe(|| work(&mut sum)))).unwrap();
    }),
    ("recover!", || {
        let mut sum = black_box(1);
        black_box(recover!({ work(&mut sum) })).unwrap();
    }),
];

const PANIC: &[Case] = &[
    ("catch_unwind, without a hook (resume_unwind)", || {
        let caught = catch_unwind(|| std::panic::resume_unwind(Box::new("expected")));
        black_box(caught.unwrap_err());
    }),
    ("recover!", || {
        black_box(recover!({ panic!("expected") }).unwrap_err());
    }),
    ("#[defers], recover()", || {
        black_box(panicking());
    }),
    ("#[defers], 4 levels, recover() in the last", || {
        black_box(panicking_deep());
    }),
];

#[inline(never)]
#[defers]
fn panicking() -> Option<u64> {
    defer!({
        drop(recover());
    });
    panic!("expected")
}

#[inline(never)]
#[defers]
fn panicking_deep() -> Option<u64> {
    let mut sum = 1;
    defer!({
        drop(recover());
    });
    sum += 1;
    defer!({ close(&mut sum) });
    sum += 1;
    defer!({ close(&mut sum) });
    sum += 1;
    defer!({ close(&mut sum) });
    work(&mut sum);
    panic!("expected")
}
