//! Defer scopes that are not async.

use super::{Conn, Log};
use gort::panic::Panic;
use gort::{defer, defers, recover};
use gort_tests::quietly;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(Clone, Copy, PartialEq)]
enum Leave {
    End,
    Return,
    Error,
    Panic,
}

#[defers]
fn leave(log: &Log, how: Leave) -> Result<u32, Box<dyn std::error::Error>> {
    let mut conn = Conn::new(log);
    let mut counter = 1;
    defer!(conn.close());
    defer!(log.say(format!("arg{counter}")));
    defer!({ log.say(format!("final{counter}")) });
    counter += 1;
    conn.write("a");
    match how {
        Leave::End => {}
        Leave::Return => return Ok(1),
        Leave::Error => {
            let _: u32 = "x".parse()?;
        }
        Leave::Panic => panic!("expected: on the way"),
    }
    counter = 7;
    conn.write("b");
    Ok(counter)
}

#[test]
fn deferred_code_runs_however_the_function_is_left() {
    let log = Log::default();
    assert_eq!(leave(&log, Leave::End).unwrap(), 7);
    assert_eq!(log.take(), "wa,wb,final7,arg1,close2");
    assert_eq!(leave(&log, Leave::Return).unwrap(), 1);
    assert_eq!(log.take(), "wa,final2,arg1,close1");
    assert!(leave(&log, Leave::Error).is_err());
    assert_eq!(log.take(), "wa,final2,arg1,close1");
    let left = quietly(|| catch_unwind(AssertUnwindSafe(|| leave(&log, Leave::Panic))));
    assert!(left.is_err());
    assert_eq!(log.take(), "wa,final2,arg1,close1");
}

#[test]
fn nested_blocks_and_loops_defer_to_the_end_of_the_function() {
    #[defers]
    fn nested(log: &Log) {
        defer!(log.say("first"));
        for turn in 0..3 {
            defer!(log.say(format!("loop{turn}")));
            if turn == 1 {
                let word = String::from("if");
                defer!(log.say(word));
            }
            log.say(format!("body{turn}"));
        }
        defer!(log.say("last"));
        log.say("end");
    }
    let log = Log::default();
    nested(&log);
    assert_eq!(
        log.take(),
        "body0,body1,body2,end,last,loop2,if,loop1,loop0,first"
    );
}

#[test]
fn recover_gives_the_panic_to_a_result() {
    #[derive(Debug)]
    struct Failed(Panic);
    impl From<Panic> for Failed {
        fn from(panic: Panic) -> Self {
            Failed(panic)
        }
    }
    #[defers]
    fn risky(log: &Log) -> Result<u32, Failed> {
        defer!({
            if let Some(panic) = recover() {
                log.say(panic.message());
            }
            log.say(format!("{:?}", recover().map(|_| ())));
        });
        let number = log.0.borrow().len() + 4;
        panic!("number {number}")
    }
    let log = Log::default();
    let failed = risky(&log).unwrap_err();
    assert_eq!(log.take(), "number 4,None");
    assert_eq!(failed.0.message(), "number 4");
    assert_eq!(failed.0.location().unwrap().file(), file!());
    assert_eq!(
        failed.0.into_payload().downcast_ref::<String>().unwrap(),
        "number 4"
    );
}

#[test]
fn recover_bang_gives_the_panic_of_its_body() {
    let mut sum = 1;
    let panic = recover!({
        sum += 1;
        if sum == 2 {
            panic!("a {sum}");
        }
    });
    assert_eq!(panic.unwrap_err().message(), "a 2");
    let ok = recover!(|| -> Result<u8, std::num::ParseIntError> { Ok("7".parse::<u8>()? + 1) });
    assert_eq!(ok.unwrap(), Ok(8));
    assert_eq!(recover!(u32::pow(2, 3)).unwrap(), 8);
}
