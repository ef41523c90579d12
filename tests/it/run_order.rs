//! In which order goroutines run at one P: exactly, by Go's rules and where gort's differ by ours.
//!
//! The rules: a goroutine that is spawned or woken takes `next`, and who was there goes to the
//! ring's tail. A full ring gives its oldest 128 and the new one to the global queue. At every 61st
//! poll one of the global queue goes first; an empty ring takes a batch of it.

use futures::channel::{mpsc, oneshot};
use futures::{SinkExt, StreamExt};
use gort::runtime::gosched;
use gort::{Runtime, spawn, yield_now};
use gort_tests::{bounded, join, on_goroutine};
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// The order in which goroutines ran.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u32>>>);

impl Log {
    fn push(&self, n: u32) {
        self.0.lock().unwrap().push(n);
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn taken(&self) -> Vec<u32> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Waits until there are `len`, waking nobody.
    async fn wait_for(&self, len: usize) {
        while self.len() < len {
            yield_now().await;
        }
    }
}

/// Spawns `n` goroutines, waits for all of them, and gives the order in which they ran. As
/// goroutine 1 of a fresh runtime, whose first poll is the P's first.
fn order_of(n: u32) -> Vec<u32> {
    bounded("one P", move || {
        let runtime = Runtime::builder().procs(1).build().unwrap();
        join(runtime.spawn(async move {
            let order = Arc::new(Mutex::new(Vec::new()));
            let (end, ended) = oneshot::channel();
            let end = Arc::new(Mutex::new(Some(end)));
            for i in 0..n {
                let (order, end) = (Arc::clone(&order), Arc::clone(&end));
                drop(spawn(async move {
                    let mut order = order.lock().unwrap();
                    order.push(i);
                    if order.len() == n as usize {
                        end.lock().unwrap().take().unwrap().send(()).unwrap();
                    }
                }));
            }
            ended.await.unwrap();
            Arc::try_unwrap(order).unwrap().into_inner().unwrap()
        }))
    })
}

/// The numbers of a text such as `9 0..8`, bounds included.
fn numbers(text: &str) -> Vec<u32> {
    let number = |text: &str| text.parse::<u32>().unwrap();
    text.split_whitespace()
        .flat_map(|part| {
            let (from, to) = part.split_once("..").unwrap_or((part, part));
            number(from)..=number(to)
        })
        .collect()
}

#[test]
fn spawn_0_to_9_then_wait_runs_9_then_0_to_8() {
    assert_eq!(order_of(10), numbers("9 0..8"));
    assert_eq!(order_of(1), [0]);
    assert_eq!(order_of(2), [1, 0]);
}

#[test]
fn spawn_257_fills_next_and_the_ring_without_an_overflow() {
    assert_eq!(order_of(257), numbers("256 0..255"));
}

#[test]
fn spawn_400_overflows_in_order() {
    // Two overflows send 0..127 and 256, then 128..255 and 385 to the global queue. Of these 0, 1,
    // 129 and 130 come early, at each 61st poll; the others in batches when the ring is empty.
    let expected = "399 257..315 0 316..375 1 376..384 386..398 \
                    2..39 129 40..99 130 100..127 256 128 131..255 385";
    assert_eq!(order_of(400), numbers(expected));
}

#[test]
fn wakes_take_next_as_spawns_do() {
    on_goroutine(&[1], || async {
        let order = Arc::new(Mutex::new(Vec::new()));
        let (senders, handles): (Vec<_>, Vec<_>) = (0..5)
            .map(|_| {
                let (sender, receiver) = oneshot::channel::<u32>();
                let order = Arc::clone(&order);
                let wait = async move {
                    let n = receiver.await.unwrap();
                    order.lock().unwrap().push(n);
                };
                (sender, spawn(wait))
            })
            .unzip();
        gosched().await;
        for (n, sender) in (0..).zip(senders) {
            sender.send(n).unwrap();
        }
        for handle in handles {
            handle.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [4, 0, 1, 2, 3]);
    });
}

#[test]
fn three_that_gosched_take_turns() {
    on_goroutine(&[1], || async {
        let log = Log::default();
        let handles: Vec<_> = (0..3)
            .map(|name| {
                let log = log.clone();
                spawn(async move {
                    for turn in 0..3 {
                        log.push(10 * name + turn);
                        gosched().await;
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
        assert_eq!(log.taken(), [20, 0, 10, 21, 1, 11, 22, 2, 12]);
    });
}

#[test]
fn a_yield_goes_behind_the_ring_and_a_gosched_behind_the_global_queue() {
    on_goroutine(&[1], || async {
        let log = Log::default();
        let spawn_logging = |n| {
            let log = log.clone();
            drop(spawn(async move { log.push(n) }));
        };
        (0..3).for_each(&spawn_logging);
        yield_now().await;
        log.push(100);
        (3..6).for_each(&spawn_logging);
        gosched().await;
        log.push(200);
        assert_eq!(log.taken(), [2, 0, 1, 100, 5, 3, 4, 200]);
    });
}

#[test]
fn main_is_back_from_gosched_within_61_polls_of_200_ready_goroutines() {
    on_goroutine(&[1], || async {
        for phase in 0..61 {
            for _ in 0..phase {
                yield_now().await;
            }
            let log = Log::default();
            for n in 0..200 {
                let log = log.clone();
                drop(spawn(async move { log.push(n) }));
            }
            gosched().await;
            let polls = log.len();
            assert!(polls <= 61, "{polls} polls at phase {phase}");
            log.wait_for(200).await;
        }
    });
}

#[test]
fn main_is_back_from_gosched_though_a_goroutine_respawns_itself() {
    fn respawn(polls: Arc<AtomicU32>, stop: Arc<AtomicBool>) {
        drop(spawn(async move {
            polls.fetch_add(1, Ordering::Relaxed);
            if !stop.load(Ordering::Relaxed) {
                respawn(polls, stop);
            }
        }));
    }
    on_goroutine(&[1], || async {
        let (polls, stop) = <(Arc<AtomicU32>, Arc<AtomicBool>)>::default();
        respawn(Arc::clone(&polls), Arc::clone(&stop));
        for turn in 0..200 {
            let before = polls.load(Ordering::Relaxed);
            gosched().await;
            let polls = polls.load(Ordering::Relaxed) - before;
            assert!(polls <= 61, "{polls} polls at turn {turn}");
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_pair_in_next_does_not_starve_the_ring() {
    on_goroutine(&[1], || async {
        let hops = Arc::new(AtomicU32::new(0));
        let (ping, mut pinged) = mpsc::channel::<()>(0);
        let (mut pong, mut ponged) = mpsc::channel::<()>(0);
        let counted = Arc::clone(&hops);
        let one = spawn(async move {
            let mut ping = ping;
            while ping.send(()).await.is_ok() {
                counted.fetch_add(1, Ordering::Relaxed);
                if ponged.next().await.is_none() {
                    return;
                }
            }
        });
        let two = spawn(async move {
            while pinged.next().await.is_some() {
                if pong.send(()).await.is_err() {
                    return;
                }
            }
        });
        for turn in 0..200 {
            let before = hops.load(Ordering::Relaxed);
            yield_now().await;
            let hops = hops.load(Ordering::Relaxed) - before;
            assert!(hops <= 61, "{hops} hops before turn {turn}");
        }
        assert!(
            hops.load(Ordering::Relaxed) > 200,
            "the pair has its share too"
        );
        one.abort();
        let _ = (one.await, two.await);
    });
}

/// The order in which `n` goroutines run that a foreign thread spawns while the only P is in the
/// first poll of all.
fn order_from_outside(n: u32) -> Vec<u32> {
    bounded("one P", move || {
        let runtime = Runtime::builder().procs(1).build().unwrap();
        let (go_on, told) = std::sync::mpsc::channel::<()>();
        let (begun, has_begun) = std::sync::mpsc::channel();
        let blocker = runtime.spawn(async move {
            begun.send(()).unwrap();
            let _ = told.recv();
        });
        has_begun.recv().unwrap();
        let log = Log::default();
        let spawn_logging = |n| {
            let log = log.clone();
            runtime.spawn(async move { log.push(n) })
        };
        let handles: Vec<_> = (0..n).map(spawn_logging).collect();
        drop(go_on);
        join(blocker);
        handles.into_iter().for_each(join);
        log.taken()
    })
}

#[test]
fn goroutines_of_foreign_threads_run_in_the_order_of_their_spawns() {
    assert_eq!(order_from_outside(60), numbers("0..59"));
    // The next poll is the 62nd. The first batch was 0..127, so the oldest in the global queue is
    // 128.
    let expected = "0..59 128 60..119 129 120..127 130..149";
    assert_eq!(order_from_outside(150), numbers(expected));
}

#[test]
fn a_goroutine_that_wakes_itself_lets_all_others_run_first() {
    on_goroutine(&[1], || async {
        let log = Log::default();
        for n in 0..100 {
            let log = log.clone();
            drop(spawn(async move { log.push(n) }));
        }
        let mut woken = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut woken, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        assert_eq!(log.len(), 100);
    });
}
