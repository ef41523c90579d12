//! Signals of the operating system.

use std::io::{self, ErrorKind};
use std::process::Command;
use std::sync::Mutex;

use futures::{FutureExt, StreamExt};
use gort::signal::{Signal, SignalKind, ctrl_c, signal};
use gort_tests::with_procs;

const PROCS: &[usize] = &[1, 2, 8];

/// Signals reach everybody in the process, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn raise(kind: SignalKind) {
    let this = std::process::id().to_string();
    let number = format!("-{}", kind.as_raw());
    assert!(
        Command::new("kill")
            .args([number.as_str(), this.as_str()])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn everybody_who_waits_for_an_interrupt_sees_it() {
    let _turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            // Whoever is not yet polled when the signal comes would miss it.
            let mut early: Vec<_> = (0..5).map(|_| tokio_test::task::spawn(ctrl_c())).collect();
            for waiter in &mut early {
                tokio_test::assert_pending!(waiter.poll());
            }
            raise(SignalKind::INTERRUPT);
            for waiter in early {
                waiter.await?;
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_watch_misses_nothing_between_two_receives() {
    let _turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let mut alarm = Signal::new(SignalKind::ALARM)?;
            for _ in 0..20 {
                raise(SignalKind::ALARM);
                alarm.recv().await?;
            }
            let mut again = tokio_test::task::spawn(alarm.recv());
            tokio_test::assert_pending!(again.poll());
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn what_cannot_be_watched_is_an_error() {
    with_procs(&[1], |rt| {
        rt.block_on(async {
            // SIGKILL and SIGSEGV.
            for number in [9, 11] {
                let error = Signal::new(SignalKind::from_raw(number)).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
            }
            assert!(Signal::new(SignalKind::from_raw(4711)).is_err());
        });
    });
}

#[test]
fn a_signal_is_one_item_of_each_stream() {
    let _turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            for kind in [
                SignalKind::USER_1,
                SignalKind::USER_2,
                SignalKind::WINDOW_CHANGE,
                SignalKind::CONTINUE,
            ] {
                let (mut one, mut two) = (signal(kind)?, signal(kind)?);
                raise(kind);
                for stream in [&mut one, &mut two] {
                    assert_eq!(stream.next().await, Some(()));
                    assert!(stream.next().now_or_never().is_none());
                }
                drop(one);
                raise(kind);
                assert_eq!(two.next().await, Some(()));
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_stream_ends_with_its_runtime() {
    let _turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
    let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    let mut stream = runtime
        .block_on(async { signal(SignalKind::USER_1) })
        .unwrap();
    assert!(runtime.shutdown(gort_tests::LIMIT).is_clean());
    assert_eq!(futures::executor::block_on(stream.next()), None);
}
