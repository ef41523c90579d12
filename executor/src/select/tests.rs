use crate::{Chan, chan, select};
use futures::StreamExt;
use std::future::{Future, pending, ready};
use std::pin::Pin;
use tokio_test::task::{Spawn, spawn};
use tokio_test::{assert_pending, assert_ready_eq};

type Boxed<'a, T> = Spawn<Pin<Box<dyn Future<Output = T> + 'a>>>;

fn task<'a, T>(future: impl Future<Output = T> + 'a) -> Boxed<'a, T> {
    spawn(Box::pin(future) as Pin<Box<dyn Future<Output = T> + 'a>>)
}

#[test]
fn the_arm_that_is_ready_wins_and_the_other_has_not_happened() {
    let (tx, rx) = chan(1);
    let (other_tx, other) = chan::<u8>(1);
    tx.try_send(7).unwrap();
    let won = task(async {
        select! {
            n = rx.recv() => n,
            n = other.recv() => n,
        }
    })
    .poll();
    assert_eq!(won, std::task::Poll::Ready(Some(7)));
    other_tx.try_send(1).unwrap();
    assert_eq!(other.len(), 1);
}

#[test]
fn an_arm_that_waits_is_handed_its_value_and_the_loser_leaves_its_queue() {
    let (tx, rx) = chan(0);
    let (other_tx, other) = chan::<u8>(0);
    let mut waiting = task(async {
        select! {
            n = rx.recv() => n,
            n = other.recv() => n,
        }
    });
    assert_pending!(waiting.poll());
    tx.try_send(7).unwrap();
    assert!(waiting.is_woken());
    assert!(
        other_tx.try_send(1).is_err(),
        "the loser can no longer be served"
    );
    assert_ready_eq!(waiting.poll(), Some(7));
    assert!(other_tx.try_send(1).is_err());
}

#[test]
fn a_send_and_a_receive_of_two_selects_meet_on_a_rendezvous() {
    let c = Chan::new(0);
    let (never_tx, never) = chan::<u8>(0);
    let mut sender = task(async {
        select! {
            c.send(5) => "sent",
            never.recv() => "never",
        }
    });
    assert_pending!(sender.poll());
    let mut receiver = task(async {
        select! {
            n = c.recv() => n,
            n = never.recv() => n,
        }
    });
    assert_ready_eq!(receiver.poll(), Some(5));
    assert_ready_eq!(sender.poll(), "sent");
    drop(never_tx);
}

#[test]
fn a_select_never_meets_itself_but_another_like_it() {
    let c = Chan::new(0);
    let pair = |n| {
        let c = &c;
        task(async move {
            select! {
                c.send(n) => None,
                got = c.recv() => got,
            }
        })
    };
    let (mut first, mut second) = (pair(1), pair(2));
    assert_pending!(first.poll());
    let one = match second.poll() {
        std::task::Poll::Ready(one) => one,
        std::task::Poll::Pending => panic!("the two meet"),
    };
    let two = match first.poll() {
        std::task::Poll::Ready(two) => two,
        std::task::Poll::Pending => panic!("the two meet"),
    };
    assert!(matches!((one, two), (Some(1), None) | (None, Some(2))));
    assert!(
        c.try_recv().is_err() && c.try_send(0).is_err(),
        "nobody is left"
    );
}

#[test]
fn one_channel_several_times_gives_each_value_once() {
    let (tx, rx) = chan(0);
    let mut waiting = task(async {
        select! {
            n = rx.recv() => n,
            n = rx.recv() => n,
            n = rx.recv() => n,
        }
    });
    assert_pending!(waiting.poll());
    tx.try_send(1).unwrap();
    assert!(tx.try_send(2).is_err());
    assert_ready_eq!(waiting.poll(), Some(1));
    assert!(tx.try_send(2).is_err());
}

#[test]
fn a_select_that_is_dropped_passes_on_what_it_was_handed() {
    let (tx, rx) = chan(0);
    let (_other_tx, other) = chan::<u8>(0);
    let mut waiting = task(async {
        select! {
            n = rx.recv() => n,
            n = other.recv() => n,
        }
    });
    assert_pending!(waiting.poll());
    tx.try_send(7).unwrap();
    drop(waiting);
    assert_eq!(rx.try_recv(), Ok(7));
    assert!(tx.try_send(8).is_err(), "its waiter is gone");
}

#[test]
fn closing_makes_an_arm_ready() {
    let (tx, rx) = chan::<u8>(0);
    let (other_tx, other) = chan::<u8>(0);
    let mut waiting = task(async {
        select! {
            n = rx.recv() => n.map_or("closed", |_| "value"),
            other.recv() => "other",
        }
    });
    assert_pending!(waiting.poll());
    drop(tx);
    assert!(waiting.is_woken());
    assert_ready_eq!(waiting.poll(), "closed");
    drop(other_tx);
}

#[test]
fn a_losing_send_drops_its_value_and_send_from_keeps_it() {
    let value = std::sync::Arc::new(());
    let (tx, rx) = chan(0);
    let mut slot = Some(value.clone());
    let lost = task(async {
        select! {
            biased;
            tx.send(value.clone()) => 1,
            tx.send_from(&mut slot) => 2,
            ready(()) => 3,
        }
    })
    .poll();
    assert_eq!(lost, std::task::Poll::Ready(3));
    assert_eq!(
        (std::sync::Arc::strong_count(&value), slot.is_some()),
        (2, true)
    );
    drop(rx);
}

#[test]
fn operands_and_guards_are_evaluated_once_in_source_order() {
    let log = std::cell::RefCell::new(Vec::new());
    let note = |what: &'static str| log.borrow_mut().push(what);
    let c = Chan::new(1);
    let channel = |what| {
        note(what);
        &c
    };
    let value = |what| {
        note(what);
        1
    };
    let won = select! {
        biased;
        channel("a").recv() => "a",
        channel("b").send(value("c")), if { note("guard"); false } => "b",
        channel("d").send(value("e")) => "d",
        channel("f").recv() => "f",
        default => "default",
    };
    assert_eq!(won, "d");
    assert_eq!(*log.borrow(), ["a", "guard", "d", "e", "f"]);
}

#[test]
fn default_is_chosen_when_nothing_is_ready_only() {
    let c = Chan::new(1);
    let look = || {
        select! {
            n = c.recv() => n,
            pending::<()>() => None,
            default => Some(0),
        }
    };
    assert_eq!(look(), Some(0));
    c.try_send(7).unwrap();
    assert_eq!(look(), Some(7));
    c.close();
    assert_eq!(look(), None);
}

#[test]
fn nil_channels_empty_slots_and_false_guards_take_no_part() {
    let nil = Chan::<u8>::nil();
    let open = Chan::new(1);
    let mut empty = None;
    let won = select! {
        nil.recv() => 1,
        nil.send(1) => 2,
        open.send_from(&mut empty) => 3,
        open.send(1), if false => 4,
        default => 5,
    };
    assert_eq!(won, 5);
    let mut for_ever = task(async {
        select! {
            nil.recv() => (),
            open.send(1), if false => (),
        }
    });
    assert_pending!(for_ever.poll());
}

#[test]
fn a_future_by_reference_goes_on_after_it_lost() {
    let (tx, rx) = chan(1);
    tx.try_send(1).unwrap();
    let mut second = task(async {
        let mut future = std::pin::pin!(async {
            crate::yield_now().await;
            "done"
        });
        let mut seen = Vec::new();
        loop {
            select! {
                biased;
                what = &mut future => {
                    seen.push(what);
                    return seen;
                }
                n = rx.recv() => seen.push(if n == Some(1) { "one" } else { "end" }),
            }
        }
    });
    assert_ready_eq!(second.poll(), vec!["one", "done"]);
    drop(tx);
}

#[test]
fn a_future_that_is_ready_when_a_channel_has_served_an_arm_loses() {
    let (tx, rx) = chan(0);
    let (ready_tx, ready_rx) = futures::channel::oneshot::channel();
    let mut ready_rx = ready_rx;
    let mut waiting = task(async {
        select! {
            n = rx.recv() => n,
            n = &mut ready_rx => n.ok(),
        }
    });
    assert_pending!(waiting.poll());
    tx.try_send(1).unwrap();
    ready_tx.send(2).unwrap();
    assert_ready_eq!(waiting.poll(), Some(1));
    drop(waiting);
    assert_eq!(ready_rx.try_recv(), Ok(Some(2)), "it is still there");
}

#[test]
fn a_select_that_a_future_woke_in_vain_waits_in_its_channels_again() {
    let (tx, rx) = chan(0);
    let mut polls = 0;
    let mut waiting = task(async {
        let spurious = std::future::poll_fn(|_| {
            polls += 1;
            std::task::Poll::<Option<i32>>::Pending
        });
        select! {
            n = rx.recv() => n,
            n = spurious => n,
        }
    });
    for _ in 0..3 {
        assert_pending!(waiting.poll());
    }
    tx.try_send(1).unwrap();
    assert_ready_eq!(waiting.poll(), Some(1));
    drop(waiting);
    assert_eq!(polls, 3);
}

#[test]
fn control_flow_in_a_body_is_that_of_the_function_around() {
    fn sum(c: &Chan<i32>) -> Result<i32, String> {
        let mut sum = 0;
        loop {
            select! {
                n = c.recv() => match n {
                    Some(n) if n % 2 == 0 => continue,
                    Some(99) => break,
                    Some(n) if n < 0 => Err(format!("{n}"))?,
                    Some(n) => sum += n,
                    None => return Ok(-1),
                },
                default => return Ok(sum),
            }
        }
        Ok(1000 + sum)
    }
    let of = |values: &[i32], close: bool| {
        let c = Chan::new(8);
        values.iter().for_each(|n| c.try_send(*n).unwrap());
        if close {
            c.close();
        }
        sum(&c)
    };
    assert_eq!(of(&[1, 2, 3], false), Ok(4));
    assert_eq!(of(&[1, 99, 3], false), Ok(1001));
    assert_eq!(of(&[1, -5, 3], false), Err("-5".to_owned()));
    assert_eq!(of(&[1], true), Ok(-1));
}

#[test]
fn ready_arms_are_chosen_equally_often() {
    let c = [0, 1, 2, 3].map(|_| Chan::<u8>::new(0));
    // Two of four are ready for ever.
    c[1].close();
    c[3].close();
    let mut counts = [0_i32; 4];
    for _ in 0..10_000 {
        select! {
            c[0].recv() => counts[0] += 1,
            c[1].recv() => counts[1] += 1,
            c[2].recv() => counts[2] += 1,
            c[3].recv() => counts[3] += 1,
            default => panic!("two are ready"),
        }
    }
    assert_eq!(counts[0] + counts[2], 0);
    // 10 sigma of 10 000 picks are 500.
    assert!((counts[1] - 5_000).abs() < 500, "{counts:?}");
}

#[test]
fn a_stream_is_told_of_a_send_that_waits_in_a_select() {
    let (tx, mut rx) = chan(0);
    let mut next = task(async move { rx.next().await });
    assert_pending!(next.poll());
    let mut sending = task(async {
        select! {
            sent = tx.send(3) => sent.is_ok(),
            () = pending() => false,
        }
    });
    assert_pending!(sending.poll());
    assert!(next.is_woken());
    assert_ready_eq!(next.poll(), Some(3));
    assert_ready_eq!(sending.poll(), true);
}

#[test]
fn more_channels_than_a_few_are_locked_and_left() {
    let c: Vec<Chan<u8>> = (0..12).map(|_| Chan::new(0)).collect();
    let mut waiting = task(async {
        select! {
            n = c[0].recv() => n, n = c[11].recv() => n, n = c[1].recv() => n,
            n = c[10].recv() => n, n = c[2].recv() => n, n = c[9].recv() => n,
            n = c[3].recv() => n, n = c[8].recv() => n, n = c[4].recv() => n,
            n = c[7].recv() => n, n = c[5].recv() => n, n = c[6].recv() => n,
            n = c[6].recv() => n,
        }
    });
    assert_pending!(waiting.poll());
    assert_pending!(waiting.poll());
    c[6].try_send(6).unwrap();
    assert!(c.iter().all(|c| c.try_send(1).is_err()));
    assert_ready_eq!(waiting.poll(), Some(6));
}

#[test]
fn the_future_can_be_sent() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let (tx, rx) = chan::<std::cell::Cell<u8>>(0);
    drop(send(async {
        select! {
            _ = rx.recv() => (),
            _ = tx.send(std::cell::Cell::new(1)) => (),
        }
    }));
}
