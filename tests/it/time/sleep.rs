use super::ms;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use gort::time::{MissedTickBehavior, interval, sleep, sleep_until, timeout};
use gort::{spawn, yield_now};
use gort_tests::{Counts, PROCS, bounded, join, on_goroutine, on_threads, wait_until, with_procs};
use std::future::{Future, pending, poll_fn, ready};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn sleeps_end_in_the_order_of_their_deadlines() {
    on_goroutine(&[1], || async {
        let order = Arc::new(Mutex::new(Vec::new()));
        let start = Instant::now() + ms(5);
        let spawn = |n: u32| {
            let order = Arc::clone(&order);
            // A permutation of 0..97: as 97 is prime, no two are the same.
            let place = n * 31 % 97;
            spawn(async move {
                sleep_until(start + Duration::from_micros(100) * place).await;
                order.lock().unwrap().push(place);
            })
        };
        for handle in (0..97).map(spawn).collect::<Vec<_>>() {
            handle.await.unwrap();
        }
        assert!(order.lock().unwrap().is_sorted(), "{:?}", order.lock());
    });
}

#[test]
fn no_sleep_ends_early() {
    on_goroutine(&PROCS, || async {
        let spawn = |n: u64| {
            spawn(async move {
                let wanted = Duration::from_micros(37 * n);
                let started = Instant::now();
                sleep(wanted).await;
                started
                    .elapsed()
                    .checked_sub(wanted)
                    .expect("it ended early")
            })
        };
        for handle in (0..200).map(spawn).collect::<Vec<_>>() {
            handle.await.unwrap();
        }
    });
}

#[test]
fn an_idle_sleep_of_a_millisecond_is_late_by_less_than_ten() {
    on_goroutine(&PROCS, || async {
        let mut late = Vec::new();
        for _ in 0..50 {
            let started = Instant::now();
            sleep(ms(1)).await;
            late.push(started.elapsed() - ms(1));
        }
        late.sort_unstable();
        let median = late[late.len() / 2];
        assert!(median < ms(10), "{median:?} late at the median");
    });
}

#[test]
fn ten_thousand_sleepers_wake_once_each() {
    on_goroutine(&PROCS, || async {
        let counts = Counts::new();
        let started = Instant::now();
        let spawn =
            |n: u64| spawn(counts.future(sleep(ms(20) + Duration::from_micros(n % 100 * 100))));
        for handle in (0..10_000).map(spawn).collect::<Vec<_>>() {
            handle.await.unwrap();
        }
        assert!(started.elapsed() >= ms(20));
        assert_eq!(counts.live(), 0);
        // Once to begin and once at the end; those that began late were over at once, and one that
        // began when a time slice was over did so twice.
        let polls = counts.polls();
        assert!((10_000..=20_100).contains(&polls), "{polls} polls");
    });
}

#[test]
fn sleeps_of_block_on_and_of_many_threads_end() {
    with_procs(&PROCS, |runtime| {
        on_threads(runtime, 8, |n, handle| {
            let started = Instant::now();
            handle.block_on(sleep(ms(n as u64)));
            assert!(started.elapsed() >= ms(n as u64));
        });
    });
}

#[test]
fn a_sooner_deadline_from_elsewhere_ends_a_longer_wait_of_the_poller() {
    with_procs(&PROCS, |runtime| {
        let long = runtime.spawn(sleep(Duration::from_secs(3600)));
        for _ in 0..10 {
            // By now the poller waits for an hour.
            thread::sleep(ms(2));
            let started = Instant::now();
            runtime.block_on(sleep(ms(1)));
            join(runtime.spawn(sleep(ms(1))));
            assert!(started.elapsed() < Duration::from_secs(10));
        }
        long.abort();
    });
}

#[test]
fn sleeps_polled_on_a_foreign_thread_wake_it() {
    with_procs(&PROCS, |runtime| {
        let handle = runtime.handle();
        let entered = handle.enter();
        let started = Instant::now();
        futures::executor::block_on(sleep(ms(5)));
        assert!(started.elapsed() >= ms(5));
        drop(entered);
    });
}

#[test]
fn a_sleep_goes_on_in_another_goroutine_and_another_runtime() {
    with_procs(&PROCS, |runtime| {
        let other = gort::Runtime::builder().procs(1).build().unwrap();
        let mut begun = None;
        runtime.block_on(async {
            let mut sleep = Box::pin(sleep(Duration::from_secs(3600)));
            poll_fn(|cx| {
                assert!(sleep.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            begun = Some(sleep);
        });
        let started = Instant::now();
        let (half_way, waited) = std::sync::mpsc::channel();
        join(runtime.spawn(async move {
            let mut begun = begun.expect("it was made");
            assert!(timeout(ms(1), &mut begun).await.is_err());
            half_way.send(begun).expect("somebody waits for it");
        }));
        let mut begun = waited.recv().expect("it was sent");
        join(other.spawn(async move {
            begun.as_mut().reset(Instant::now() + ms(2));
            begun.await;
        }));
        assert!(started.elapsed() < Duration::from_secs(10));
    });
}

#[test]
fn dropped_sleeps_wake_nobody_and_cost_nothing_later() {
    on_goroutine(&PROCS, || async {
        let counts = Counts::new();
        for _ in 0..1000 {
            let mut sleep = pin!(sleep(ms(3)));
            let waker = counts.waker();
            let cx = &mut std::task::Context::from_waker(&waker);
            assert!(sleep.as_mut().poll(cx).is_pending());
        }
        assert_eq!(counts.others(), 0, "each took its waker along");
        sleep(ms(5)).await;
        assert_eq!(counts.wakes(), 0);
    });
}

#[test]
fn a_timeout_drops_what_is_late_and_keeps_what_is_not() {
    on_goroutine(&PROCS, || async {
        assert_eq!(timeout(ms(1000), ready(7)).await, Ok(7));
        let counts = Counts::new();
        let late = timeout(ms(2), counts.future(pending::<()>())).await;
        assert_eq!(late.unwrap_err().to_string(), "deadline has elapsed");
        assert_eq!((counts.polls(), counts.live()), (2, 0));
        let joined = timeout(ms(1000), spawn(async { 7 })).await;
        assert_eq!(joined.unwrap().unwrap(), 7);
        assert!(
            timeout(ms(1), timeout(ms(1000), pending::<()>()))
                .await
                .is_err()
        );
        // Zero is time enough for what is ready.
        assert_eq!(timeout(Duration::ZERO, ready(7)).await, Ok(7));
    });
}

#[test]
fn timeouts_around_something_soon_ready_leave_nothing_behind() {
    on_goroutine(&PROCS, || async {
        let spawn = |_| {
            spawn(async {
                for _ in 0..100 {
                    timeout(Duration::from_secs(3600), yield_now())
                        .await
                        .unwrap();
                }
            })
        };
        for handle in (0..20).map(spawn).collect::<Vec<_>>() {
            handle.await.unwrap();
        }
    });
}

#[test]
fn an_interval_ticks_at_multiples_of_its_period() {
    on_goroutine(&PROCS, || async {
        let started = Instant::now();
        let mut interval = interval(ms(2));
        let first = interval.tick().await;
        for n in 1..=10 {
            assert_eq!(interval.tick().await, first + ms(2) * n);
        }
        assert!(started.elapsed() >= ms(20));
    });
}

#[test]
fn an_interval_that_missed_ticks_does_as_it_was_told() {
    on_goroutine(&[1], || async {
        for missed in [
            MissedTickBehavior::Burst,
            MissedTickBehavior::Delay,
            MissedTickBehavior::Skip,
        ] {
            let mut interval = interval(ms(10));
            interval.set_missed_tick_behavior(missed);
            let first = interval.tick().await;
            thread::sleep(ms(35));
            let late = interval.tick().await;
            let next = interval.tick().await;
            match missed {
                MissedTickBehavior::Burst => assert_eq!(next, first + ms(20)),
                MissedTickBehavior::Delay => assert!(next >= late + ms(10)),
                _ => {
                    let since = (next - first).as_millis();
                    assert!(since % 10 == 0 && since >= 40, "{since}");
                }
            }
        }
    });
}

#[test]
fn sleeps_are_due_though_goroutines_never_wait() {
    // The timers are looked at between polls as well, not only where there is nothing to do.
    on_goroutine(&PROCS, || async {
        let busy: Vec<_> = (0..16)
            .map(|_| {
                spawn(async {
                    loop {
                        yield_now().await;
                    }
                })
            })
            .collect();
        for _ in 0..10 {
            let started = Instant::now();
            sleep(ms(1)).await;
            assert!(started.elapsed() < Duration::from_secs(5));
        }
        busy.iter().for_each(gort::task::JoinHandle::abort);
    });
}

#[test]
fn many_sleeps_of_one_goroutine_end() {
    on_goroutine(&PROCS, || async {
        let sleeps: FuturesUnordered<_> = (0..1000)
            .map(|n| sleep(Duration::from_micros(n * 7)))
            .collect();
        assert_eq!(sleeps.count().await, 1000);
    });
}

#[test]
fn a_sleep_past_the_end_of_the_clock_is_pending_and_can_be_given_up() {
    with_procs(&PROCS, |runtime| {
        let counts = Counts::new();
        let endless = runtime.spawn(counts.future(sleep(Duration::MAX)));
        wait_until("it sleeps", || counts.polls() == 1);
        // Timers of the same P still work, and it is not woken by them.
        join(runtime.spawn(async {
            sleep(ms(1)).await;
            assert!(timeout(ms(1), sleep(Duration::MAX)).await.is_err());
            assert!(timeout(Duration::MAX, sleep(ms(1))).await.is_ok());
        }));
        assert_eq!(counts.polls(), 1);
        endless.abort();
        assert!(
            futures::executor::block_on(endless)
                .unwrap_err()
                .is_cancelled()
        );
        assert_eq!(counts.live(), 0);
    });
}

#[test]
fn a_sleep_outside_a_runtime_takes_the_default_one() {
    bounded("the default runtime", || {
        let started = Instant::now();
        futures::executor::block_on(sleep(ms(2)));
        assert!(started.elapsed() >= ms(2));
    });
}
