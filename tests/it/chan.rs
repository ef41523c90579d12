//! Channels and `select!` between goroutines: Go's orders at one P, and counts under load.

use futures::StreamExt;
use gort::{Chan, chan, select, spawn, yield_now};
use gort_tests::{PROCS, Seeded, bounded, on_goroutine};
use std::sync::{Arc, Mutex};

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn say(&self, word: &str, n: usize) {
        self.0.lock().unwrap().push(format!("{word}{n}"));
    }

    fn taken(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(" ")
    }
}

/// The log of one that sends `values` numbers and one that receives them all.
async fn sent_and_received(capacity: usize, values: usize) -> String {
    let log = Log::default();
    let (tx, rx) = chan(capacity);
    let sender = {
        let log = log.clone();
        spawn(async move {
            for n in 0..values {
                log.say("s", n);
                tx.send(n).await.unwrap();
            }
        })
    };
    while let Some(n) = rx.recv().await {
        log.say("r", n);
    }
    sender.await.unwrap();
    log.taken()
}

#[test]
fn sender_and_receiver_take_turns_as_in_go() {
    on_goroutine(&[1], || async {
        assert_eq!(sent_and_received(0, 3).await, "s0 s1 r0 r1 s2 r2");
        assert_eq!(sent_and_received(1, 4).await, "s0 s1 s2 r0 r1 r2 s3 r3");
    });
}

#[test]
fn a_rendezvous_ends_when_its_value_was_received_as_in_go() {
    on_goroutine(&[1], || async {
        let log = Log::default();
        let (tx, rx) = chan(0);
        let sender = {
            let log = log.clone();
            spawn(async move {
                log.say("s", 0);
                for n in 1..=2 {
                    tx.send(n).await.unwrap();
                    log.say("s", n);
                }
            })
        };
        while let Some(n) = rx.recv().await {
            log.say("r", n);
        }
        sender.await.unwrap();
        assert_eq!(log.taken(), "s0 s1 r1 r2 s2");
    });
}

#[test]
fn a_close_wakes_receivers_in_gos_order() {
    on_goroutine(&[1], || async {
        let log = Log::default();
        let closing = Chan::<()>::new(0);
        let mut receivers = Vec::new();
        for n in 0..5 {
            let (log, closing) = (log.clone(), closing.clone());
            receivers.push(spawn(async move {
                assert!(closing.recv().await.is_none());
                log.say("", n);
            }));
            // It runs now, and waits behind those before it.
            yield_now().await;
        }
        closing.close();
        for receiver in receivers {
            receiver.await.unwrap();
        }
        assert_eq!(log.taken(), "0 4 3 2 1");
    });
}

#[test]
fn senders_that_wait_are_served_in_the_order_they_came() {
    on_goroutine(&[1], || async {
        let (tx, rx) = chan(1);
        for n in 0..5 {
            let tx = tx.clone();
            spawn(async move { tx.send(n).await.unwrap() });
            // It runs now and waits, but for the first, whose value has room.
            yield_now().await;
        }
        drop(tx);
        let got: Vec<i32> = rx.collect().await;
        assert_eq!(got, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn every_value_of_many_senders_is_received_once_by_one_of_many_receivers() {
    const EACH: u64 = 2_000;
    on_goroutine(&PROCS, || async {
        for capacity in [0, 1, 100] {
            let (tx, rx) = chan(capacity);
            let senders = (0..4).map(|sender| {
                let tx = tx.clone();
                spawn(async move {
                    for n in 0..EACH {
                        tx.send(sender * EACH + n).await.unwrap();
                    }
                })
            });
            let receivers = (0..4).map(|_| {
                let rx = rx.clone();
                spawn(async move { rx.collect::<Vec<u64>>().await })
            });
            let (senders, receivers): (Vec<_>, Vec<_>) = (senders.collect(), receivers.collect());
            drop((tx, rx));
            for sender in senders {
                sender.await.unwrap();
            }
            let mut got = Vec::new();
            for receiver in receivers {
                let theirs = receiver.await.unwrap();
                let of_each = |sender| theirs.iter().filter(move |n| **n / EACH == sender);
                assert!(
                    (0..4).all(|sender| of_each(sender).is_sorted()),
                    "no overtaking"
                );
                got.extend(theirs);
            }
            got.sort_unstable();
            assert_eq!(got, (0..4 * EACH).collect::<Vec<_>>());
        }
    });
}

#[test]
fn selects_that_race_lose_nothing_and_double_nothing() {
    const ROUNDS: u64 = 3_000;
    on_goroutine(&PROCS, || async {
        let mut random = Seeded::fresh();
        let (one, two) = (Chan::new(0), Chan::new(random.below(3) as usize));
        let both = |first: u64| {
            let (one, two) = (one.clone(), two.clone());
            spawn(async move {
                for n in first..first + ROUNDS {
                    select! {
                        one.send(n) => {},
                        two.send(n) => {},
                    }
                }
            })
        };
        let senders = [both(0), both(ROUNDS)];
        let receivers: Vec<_> = (0..2)
            .map(|_| {
                let (one, two) = (one.clone(), two.clone());
                spawn(async move {
                    let mut got = Vec::new();
                    loop {
                        let n = select! {
                            n = one.recv() => n,
                            n = two.recv() => n,
                        };
                        match n {
                            Some(n) => got.push(n),
                            None => return got,
                        }
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        // What is in the buffer is received before its end is seen there.
        while !two.is_empty() {
            yield_now().await;
        }
        one.close();
        two.close();
        let mut got = Vec::new();
        for receiver in receivers {
            got.extend(receiver.await.unwrap());
        }
        got.sort_unstable();
        assert_eq!(got, (0..2 * ROUNDS).collect::<Vec<_>>());
    });
}

#[test]
fn two_ready_arms_win_equally_often() {
    on_goroutine(&[1], || async {
        let ready = Chan::<()>::new(0);
        ready.close();
        let mut first = 0_i32;
        for _ in 0..10_000 {
            select! {
                ready.recv() => first += 1,
                ready.recv() => {},
            }
        }
        // One sigma of 10 000 even draws is 50.
        assert!((first - 5_000).abs() < 500, "{first} of 10000");
    });
}

#[test]
fn channels_need_no_runtime_of_gort() {
    bounded("tasks of tokio", || {
        let tokio = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let (tx, rx) = chan(0);
        let receiver = tokio.spawn(async move {
            let mut sum = 0;
            loop {
                select! {
                    n = rx.recv() => match n {
                        Some(n) => sum += n,
                        None => return sum,
                    },
                }
            }
        });
        let threads = [1_u64, 10].map(|step| {
            let tx = tx.clone();
            std::thread::spawn(move || {
                for _ in 0..500 {
                    tx.send_blocking(step).unwrap();
                }
            })
        });
        drop(tx);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(tokio.block_on(receiver).unwrap(), 5_500);
    });
}

/// Asks and answers over two channels, with a select on either side.
async fn conversation(asks: bool, questions: Chan<u32>, answers: Chan<u32>) -> u32 {
    let mut sum = 0;
    for n in 0..200 {
        let (tx, rx) = if asks {
            (&questions, &answers)
        } else {
            (&answers, &questions)
        };
        if asks {
            select! { tx.send(n) => {}, _ = rx.recv() => unreachable!("nobody was asked") }
        }
        let got = select! { got = rx.recv() => got.unwrap() };
        sum += got;
        if !asks {
            tx.send(got + 1).await;
        }
    }
    sum
}

#[test]
fn channels_join_executors_that_know_nothing_of_each_other() {
    bounded("four executors", || {
        let block_on = |asks| {
            move |questions: &Chan<u32>, answers: &Chan<u32>| {
                let future = conversation(asks, questions.clone(), answers.clone());
                std::thread::spawn(move || futures::executor::block_on(future))
            }
        };
        let on_smol = |questions: &Chan<u32>, answers: &Chan<u32>| {
            let future = conversation(false, questions.clone(), answers.clone());
            std::thread::spawn(move || {
                let executor = async_executor::Executor::new();
                let task = executor.spawn(future);
                futures::executor::block_on(executor.run(task))
            })
        };
        let on_gort = |questions: &Chan<u32>, answers: &Chan<u32>| {
            let future = conversation(false, questions.clone(), answers.clone());
            std::thread::spawn(move || gort::block_on(async { spawn(future).await.unwrap() }))
        };
        type Answers = dyn Fn(&Chan<u32>, &Chan<u32>) -> std::thread::JoinHandle<u32>;
        let who_answers: [&Answers; 3] = [&block_on(false), &on_smol, &on_gort];
        for answer in who_answers {
            let (questions, answers) = (Chan::new(0), Chan::new(0));
            let asked = block_on(true)(&questions, &answers);
            let answered = answer(&questions, &answers).join().unwrap();
            assert_eq!((answered, asked.join().unwrap()), (19_900, 20_100));
        }
    });
}

#[test]
fn blocking_calls_of_foreign_threads_meet_goroutines_and_each_other() {
    on_goroutine(&PROCS, || async {
        for capacity in [0, 2] {
            let (tx, rx) = chan(capacity);
            let (back_tx, back) = chan(capacity);
            let thread = std::thread::spawn(move || {
                let mut slot = None;
                while let Some(n) = rx.recv_blocking() {
                    slot = Some(n * 2);
                    back_tx.send_from_blocking(&mut slot).unwrap();
                    assert!(slot.is_none());
                }
                slot
            });
            for n in 0..100 {
                tx.send(n).await.unwrap();
                assert_eq!(back.recv().await, Some(n * 2));
            }
            drop(tx);
            assert_eq!(back.recv().await, None);
            assert_eq!(thread.join().unwrap(), None);
        }
    });
}

#[test]
fn a_blocking_call_in_a_goroutine_panics_and_changes_nothing() {
    on_goroutine(&[1], || async {
        let c = Chan::new(1);
        let sender = c.clone();
        assert!(spawn(async move { sender.send_blocking(1) }).await.is_err());
        assert_eq!(c.len(), 0);
        c.send(2).await;
        let receiver = c.clone();
        let received = spawn(async move { receiver.recv_blocking() }).await;
        assert!(received.is_err());
        assert_eq!(c.recv().await, Some(2));
    });
}
