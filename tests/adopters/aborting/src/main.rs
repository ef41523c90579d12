//! gort in a program that is built with `panic = "abort"`, where nothing unwinds.

use gort::{defer, defers, recover, spawn};
use std::cell::RefCell;
use std::future::{Future, pending};
use std::process::Command;
use std::task::{Context, Waker};

#[cfg(feature = "recovers")]
gort::assert_unwind!();

#[defers]
fn leaves(log: &RefCell<Vec<u32>>, text: &str) -> Result<u32, std::num::ParseIntError> {
    defer!(log.borrow_mut().push(2));
    defer!(|out| assert!(!out.is_panic()));
    for turn in 0..1 {
        defer!({ log.borrow_mut().push(turn) });
    }
    if text.is_empty() {
        return Ok(0);
    }
    Ok(text.parse::<u32>()? + 1)
}

#[defers]
async fn waits(log: &RefCell<Vec<u32>>) {
    defer!(log.borrow_mut().push(2));
    defer!({
        pending::<()>().await;
        log.borrow_mut().push(9);
    });
    defer!(log.borrow_mut().push(1));
    pending::<()>().await;
}

/// Ends this program by a panic in a `recover!`, or by an exit that unwinds.
fn end(how: &str) {
    if how == "panic" {
        let _ = recover!({ panic!("the reason") });
    } else {
        gort::panic::goexit();
    }
    unreachable!("the program went on");
}

/// What the program prints when it ends so.
fn printed(how: &str) -> String {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).arg(how).output().expect("it starts");
    assert_eq!(output.status.code(), None, "a signal ended it");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn main() {
    if let Some(how) = std::env::args().nth(1) {
        return end(&how);
    }
    assert!(cfg!(panic = "abort"), "built with the profile `abort`");
    let log = RefCell::default();
    assert_eq!(leaves(&log, "7"), Ok(8));
    assert_eq!(leaves(&log, ""), Ok(0));
    assert!(leaves(&log, "x").is_err());
    assert_eq!(log.take(), [0, 2, 0, 2, 0, 2]);

    let mut waiting = Box::pin(waits(&log));
    let mut context = Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    drop(waiting);
    assert_eq!(log.take(), [1, 2]);

    assert_eq!(recover!({ 7 }).unwrap(), 7);
    let (report, reported) = std::sync::mpsc::channel();
    let exits = spawn!({
        defer!(report.send(1).unwrap());
        gort::panic::goexit_async().await
    });
    assert!(futures::executor::block_on(exits).unwrap_err().is_goexit());
    assert_eq!(reported.recv(), Ok(1));

    assert!(printed("panic").contains("the reason"));
    assert!(printed("goexit").contains("panic = \"abort\""));
    println!("aborting: main ran");
}
