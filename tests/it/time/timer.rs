use super::ms;
use futures::FutureExt;
use gort::select;
use gort::time::{After, Timer, TimerRecv, after, sleep, timeout};
use gort_tests::{PROCS, Seeded, on_goroutine};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn timers_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Timer>();
    both::<TimerRecv<'_>>();
    both::<After>();
}

#[test]
fn a_timer_gives_the_moment_at_which_it_was_due_once() {
    on_goroutine(&PROCS, || async {
        let start = Instant::now();
        let timer = Timer::new(ms(2));
        let set = Instant::now();
        let due = timer.recv().await;
        assert!(due >= start + ms(2) && due <= set + ms(2), "not when woken");
        assert!(Instant::now() >= due);
        assert!(timeout(ms(2), timer.recv()).await.is_err());
    });
}

#[test]
fn stop_tells_whether_there_was_anything_to_stop() {
    let timer = Timer::new(HOUR);
    assert!(timer.stop(), "it was active");
    assert!(!timer.stop());
    let fired = Timer::new(ms(1));
    thread::sleep(ms(3));
    assert!(fired.stop(), "it had fired, the value was not received");
    assert_eq!(fired.recv().now_or_never(), None, "no old value");
    let received = Timer::new(Duration::ZERO);
    assert!(received.recv().now_or_never().is_some());
    assert!(!received.stop(), "the value was received");
}

#[test]
fn reset_tells_the_same_and_leaves_no_old_value() {
    let timer = Timer::new(Duration::ZERO);
    assert!(
        timer.reset(HOUR),
        "it had fired, the value was not received"
    );
    assert_eq!(timer.recv().now_or_never(), None, "no old value");
    assert!(timer.stop());
    assert!(!timer.reset(Duration::ZERO));
    assert!(timer.recv().now_or_never().is_some());
    assert!(!timer.reset(HOUR));
    assert!(timer.reset(HOUR));
}

#[test]
fn who_waits_follows_a_reset_and_outlives_a_stop() {
    on_goroutine(&PROCS, || async {
        let timer = Arc::new(Timer::new(HOUR));
        let waits = Arc::clone(&timer);
        let waiter = gort::spawn(async move { waits.recv().await });
        sleep(ms(1)).await;
        assert!(timer.stop());
        sleep(ms(1)).await;
        assert!(!timer.reset(HOUR));
        sleep(ms(1)).await;
        assert!(!waiter.is_finished());
        assert!(timer.reset(ms(1)));
        waiter.await.unwrap();
    });
}

#[test]
fn a_race_of_stop_and_recv_has_one_winner() {
    on_goroutine(&PROCS, || async {
        for round in 0..200_u64 {
            let timer = Arc::new(Timer::new(Duration::from_micros(round % 40)));
            let waits = Arc::clone(&timer);
            let waiter = gort::spawn(async move { waits.recv().await });
            sleep(Duration::from_micros(round % 30)).await;
            if timer.stop() {
                assert!(!waiter.is_finished());
                waiter.abort();
                assert!(waiter.await.is_err());
            } else {
                waiter.await.unwrap();
            }
        }
    });
}

#[test]
fn no_value_is_older_than_the_last_reset() {
    on_goroutine(&PROCS, || async {
        let (timer, mut rng) = (Timer::new(HOUR), Seeded::fresh());
        for _ in 0..300 {
            timer.reset(Duration::from_micros(rng.below(40)));
            let limit = Duration::from_micros(rng.below(60));
            let received = timeout(limit, timer.recv()).await.is_ok();
            let set = Instant::now();
            assert_ne!(timer.reset(Duration::from_micros(rng.below(40))), received);
            assert!(timer.recv().await >= set);
        }
    });
}

#[test]
fn in_a_select_the_earlier_of_two_timers_wins() {
    on_goroutine(&PROCS, || async {
        for _ in 0..20 {
            let (soon, late) = (Timer::new(ms(1)), Timer::new(HOUR));
            let (_tx, rx) = gort::chan::<()>(0);
            let first = select! {
                due = soon.recv() => due,
                due = late.recv() => due,
                _ = rx.recv() => unreachable!(),
            };
            assert!(first <= Instant::now());
            assert!(late.stop(), "the arm that lost has received nothing");
            assert!(!soon.stop());
        }
    });
}

#[test]
fn a_value_that_lost_in_a_select_is_still_there() {
    let fired = [Timer::new(Duration::ZERO), Timer::new(Duration::ZERO)];
    select! {
        _ = fired[0].recv() => {}
        _ = fired[1].recv() => {}
        default => unreachable!("both have fired"),
    }
    let left = fired.iter().filter(|timer| timer.stop()).count();
    assert_eq!(left, 1);
}

#[test]
fn endless_timers_neither_fire_nor_overflow() {
    on_goroutine(&PROCS, || async {
        let timer = Timer::new(Duration::MAX);
        assert!(timeout(ms(1), timer.recv()).await.is_err());
        assert!(timer.reset(Duration::MAX));
        assert!(timeout(ms(1), timer.recv()).await.is_err());
        assert!(timeout(ms(1), after(Duration::MAX)).await.is_err());
    });
}

#[test]
fn after_gives_the_moment_at_which_it_was_due() {
    on_goroutine(&PROCS, || async {
        let start = Instant::now();
        let due = after(ms(1)).await;
        assert!(due >= start + ms(1) && due <= Instant::now());
        assert!(after(Duration::ZERO).now_or_never().is_some());
    });
}

#[test]
fn timers_fire_in_the_order_of_their_moments() {
    on_goroutine(&[1], || async {
        let (tell, told) = gort::chan(4);
        for delay in [8, 6, 4, 2] {
            let (tell, timer) = (tell.clone(), Timer::new(ms(delay)));
            gort::go!({
                timer.recv().await;
                tell.send(delay).await.unwrap();
            });
        }
        for delay in [2, 4, 6, 8] {
            assert_eq!(told.recv().await, Some(delay));
        }
    });
}

#[test]
fn timers_work_on_tokio() {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    tokio.block_on(async {
        let start = Instant::now();
        Timer::new(ms(2)).recv().await;
        after(ms(1)).await;
        gort::time::Ticker::new(ms(1)).tick().await;
        assert!(start.elapsed() >= ms(4));
    });
}
