//! Signals of the operating system.

use std::io::{self, ErrorKind};
use std::process::Command;
use std::sync::Mutex;

use gort::signal::{Signal, SignalKind, ctrl_c};
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
