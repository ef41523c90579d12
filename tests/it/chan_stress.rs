//! Storms of sends, receives and selects that are given up at any moment: what was sent is received
//! once, and nothing is left. A failure prints its seed; `GORT_TEST_SEED` repeats it.

use gort::time::timeout;
use gort::{Receiver, Sender, chan, select, spawn, yield_now};
use gort_tests::{Counts, PROCS, Seeded, Token, on_goroutine};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

const ACTORS: u64 = 6;
const ROUNDS: u64 = 1_500;

type Value = (u64, Token);
type Ends = (Sender<Value>, Receiver<Value>);

/// What one actor has seen of values, by their numbers.
#[derive(Default)]
struct Ledger {
    sent: Vec<u64>,
    /// Given up in a send that keeps nothing: sent or dropped.
    perhaps: Vec<u64>,
    received: Vec<u64>,
}

/// Polls `future` up to `turns` times, whether or not it was woken, and drops it.
async fn given_up<F: Future>(future: F, turns: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..turns {
        let once = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx)));
        if let Poll::Ready(output) = once.await {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

/// Gives `future` up after some turns, or after some time.
async fn impatient<F: Future>(random: &mut Seeded, future: F) -> Option<F::Output> {
    match random.below(3) {
        0 => {
            let limit = Duration::from_micros(random.below(100));
            timeout(limit, future).await.ok()
        }
        _ => given_up(future, random.below(4)).await,
    }
}

/// One of the things one can do with two channels. `value` may be sent.
async fn act(random: &mut Seeded, value: Value, [one, other]: &[Ends; 2], ledger: &mut Ledger) {
    let number = value.0;
    let mut slot = Some(value);
    let ((tx, rx), (other_tx, other_rx)) = match random.below(2) {
        0 => (one, other),
        _ => (other, one),
    };
    let mut received = |got: Option<Value>| ledger.received.extend(got.map(|value| value.0));
    match random.below(6) {
        0 => {
            let sent = impatient(random, tx.send(slot.take().unwrap())).await;
            match sent {
                Some(sent) => sent.map(|()| ledger.sent.push(number)).unwrap(),
                None => ledger.perhaps.push(number),
            }
            return;
        }
        1 => drop(impatient(random, tx.send_from(&mut slot)).await),
        2 => received(impatient(random, rx.recv()).await.flatten()),
        3 => {
            let either = async {
                select! {
                    got = rx.recv() => got,
                    got = other_rx.recv() => got,
                }
            };
            received(impatient(random, either).await.flatten());
        }
        4 => {
            let relay = async {
                select! {
                    got = rx.recv() => got,
                    _ = other_tx.send_from(&mut slot) => None,
                }
            };
            received(impatient(random, relay).await.flatten());
        }
        _ => {
            let pair = async {
                select! {
                    got = rx.recv() => got,
                    _ = tx.send_from(&mut slot) => None,
                    () = yield_now() => None,
                }
            };
            received(impatient(random, pair).await.flatten());
        }
    }
    if slot.is_none() {
        ledger.sent.push(number);
    }
}

async fn actor(mut random: Seeded, first: u64, ends: [Ends; 2], counts: Counts) -> Ledger {
    let mut ledger = Ledger::default();
    for number in first..first + ROUNDS {
        let value = (number, counts.token());
        act(&mut random, value, &ends, &mut ledger).await;
    }
    ledger
}

#[test]
fn operations_that_are_given_up_at_any_moment_lose_and_double_nothing() {
    on_goroutine(&PROCS, || async {
        let random = Seeded::fresh();
        let counts = Counts::new();
        let capacity = |n| random.fork(n).below(3) as usize;
        let ends: [Ends; 2] = [chan(capacity(100)), chan(capacity(101))];
        let actors: Vec<_> = (0..ACTORS)
            .map(|n| {
                spawn(actor(
                    random.fork(n),
                    n * ROUNDS,
                    ends.clone(),
                    counts.clone(),
                ))
            })
            .collect();
        let mut all = Ledger::default();
        for actor in actors {
            let ledger = actor.await.unwrap();
            all.sent.extend(ledger.sent);
            all.perhaps.extend(ledger.perhaps);
            all.received.extend(ledger.received);
        }
        for (tx, rx) in &ends {
            all.received
                .extend(std::iter::from_fn(|| rx.try_recv().ok()).map(|value| value.0));
            assert!(rx.is_empty() && tx.capacity() < 3);
        }
        check(all);
        assert_eq!(counts.live(), 0, "every value is gone");
    });
}

/// What was sent was received, what may have been was or not, and nothing else, nothing twice.
fn check(mut all: Ledger) {
    let received = all.received.len();
    all.received.sort_unstable();
    all.received.dedup();
    assert_eq!(all.received.len(), received, "nothing is received twice");
    let has = |numbers: &[u64], number: &u64| numbers.binary_search(number).is_ok();
    let lost: Vec<_> = all.sent.iter().filter(|n| !has(&all.received, n)).collect();
    assert!(lost.is_empty(), "sent and not received: {lost:?}");
    all.sent.extend(all.perhaps);
    all.sent.sort_unstable();
    let unsent: Vec<_> = all.received.iter().filter(|n| !has(&all.sent, n)).collect();
    assert!(unsent.is_empty(), "received and not sent: {unsent:?}");
    assert!(received > 100, "{received} were received");
}
