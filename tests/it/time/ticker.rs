use super::ms;
use gort::time::{Ticker, sleep, timeout};
use gort_tests::{PROCS, on_goroutine};
use std::sync::Arc;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_ticker_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Ticker>();
    both::<gort::time::Tick<'_>>();
}

#[test]
fn ticks_come_after_a_period_each_and_keep_the_phase() {
    on_goroutine(&PROCS, || async {
        let (period, start) = (ms(1), Instant::now());
        let ticker = Ticker::new(period);
        let first = ticker.tick().await;
        assert!(first >= start + period && first <= Instant::now());
        let mut last = first;
        for _ in 0..20 {
            let tick = ticker.tick().await;
            assert!(tick > last && tick <= Instant::now());
            assert_eq!((tick - first).as_nanos() % period.as_nanos(), 0);
            last = tick;
        }
    });
}

#[test]
fn who_comes_late_gets_one_tick_for_all_that_were_missed() {
    on_goroutine(&PROCS, || async {
        let ticker = Ticker::new(ms(1));
        let first = ticker.tick().await;
        for _ in 0..5 {
            let left = Instant::now();
            sleep(ms(5)).await;
            let kept = ticker.tick().await;
            let next = ticker.tick().await;
            assert!(kept <= left + ms(1), "the first of those that were missed");
            assert!(next >= kept + ms(4), "the others were dropped");
            assert_eq!((next - first).as_nanos() % ms(1).as_nanos(), 0);
        }
    });
}

#[test]
fn a_ticker_that_was_stopped_starts_again_with_reset() {
    on_goroutine(&PROCS, || async {
        let ticker = Ticker::new(ms(1));
        sleep(ms(2)).await;
        ticker.stop();
        ticker.stop();
        let silence = timeout(ms(2), ticker.tick()).await;
        assert!(silence.is_err(), "no old tick and no new one");
        let start = Instant::now();
        ticker.reset(ms(2));
        assert!(ticker.tick().await >= start + ms(2));
        ticker.tick().await;
    });
}

#[test]
fn who_waits_follows_a_stop_and_a_reset() {
    on_goroutine(&PROCS, || async {
        let ticker = Arc::new(Ticker::new(HOUR));
        let waits = Arc::clone(&ticker);
        let waiter = gort::spawn(async move { waits.tick().await });
        sleep(ms(1)).await;
        ticker.stop();
        sleep(ms(1)).await;
        assert!(!waiter.is_finished());
        ticker.reset(ms(1));
        waiter.await.unwrap();
        ticker.tick().await;
    });
}

#[test]
fn each_tick_goes_to_one_of_those_who_wait() {
    on_goroutine(&PROCS, || async {
        let ticker = Arc::new(Ticker::new(Duration::from_micros(200)));
        let take = |_| {
            let ticker = Arc::clone(&ticker);
            gort::spawn(async move {
                let mut taken = Vec::new();
                for _ in 0..10 {
                    taken.push(ticker.tick().await);
                }
                taken
            })
        };
        let takers: Vec<_> = (0..3).map(take).collect();
        let mut all = Vec::new();
        for taker in takers {
            all.extend(taker.await.unwrap());
        }
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{all:?}");
    });
}

#[test]
fn an_endless_period_never_ticks() {
    on_goroutine(&PROCS, || async {
        let ticker = Ticker::new(Duration::MAX);
        assert!(timeout(ms(1), ticker.tick()).await.is_err());
        ticker.reset(Duration::MAX);
        assert!(timeout(ms(1), ticker.tick()).await.is_err());
    });
}

#[test]
#[should_panic(expected = "non-positive interval for NewTicker")]
fn a_new_ticker_refuses_zero_with_gos_text() {
    Ticker::new(Duration::ZERO);
}

#[test]
#[should_panic(expected = "non-positive interval for Ticker.Reset")]
fn a_reset_refuses_zero_with_gos_text() {
    Ticker::new(ms(1)).reset(Duration::ZERO);
}
