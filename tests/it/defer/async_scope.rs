//! Async defer scopes: functions, methods, and the bodies of goroutines.

use super::{Shared, next_turn};
use futures::executor::block_on;
use gort::panic::Panic;
use gort::{defer, defers, go, recover, spawn, yield_now};
use gort_tests::{join, quietly};
use std::future::Future;
use std::io;

struct Conn {
    log: Shared,
    written: u32,
}

impl Conn {
    fn new(log: &Shared) -> Self {
        Conn {
            log: log.clone(),
            written: 0,
        }
    }

    async fn write(&mut self, what: &str) {
        next_turn().await;
        self.written += 1;
        self.log.say(format!("w{what}"));
    }

    fn close(&mut self) {
        self.log.say(format!("close{}", self.written));
    }

    async fn aclose(&mut self) {
        next_turn().await;
        self.log.say(format!("aclose{}", self.written));
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Leave {
    End,
    Return,
    Error,
    Panic,
}

#[defers]
async fn leave(log: &Shared, how: Leave) -> Result<u32, io::Error> {
    let mut conn = Conn::new(log);
    defer!(conn.aclose());
    defer!(conn.aclose().await);
    defer!({
        next_turn().await;
        log.say("block");
    });
    defer!(conn.close());
    defer!(log.say("call"));
    conn.write("a").await;
    match how {
        Leave::End => {}
        Leave::Return => return Ok(1),
        Leave::Error => Err(io::ErrorKind::Other)?,
        Leave::Panic => panic!("expected: on the way"),
    }
    conn.write("b").await;
    Ok(7)
}

#[test]
fn deferred_code_is_awaited_however_the_function_is_left() {
    let log = Shared::default();
    assert_eq!(block_on(leave(&log, Leave::End)).unwrap(), 7);
    assert_eq!(log.take(), "wa,wb,call,close2,block,aclose2,aclose2");
    assert_eq!(block_on(leave(&log, Leave::Return)).unwrap(), 1);
    assert_eq!(log.take(), "wa,call,close1,block,aclose1,aclose1");
    assert!(block_on(leave(&log, Leave::Error)).is_err());
    assert_eq!(log.take(), "wa,call,close1,block,aclose1,aclose1");
    quietly(|| assert!(recover!({ block_on(leave(&log, Leave::Panic)) }).is_err()));
    assert_eq!(log.take(), "wa,call,close1,block,aclose1,aclose1");
}

#[test]
fn nested_blocks_and_loops_may_wait() {
    #[defers]
    async fn nested(log: Shared) {
        defer!(log.say("first"));
        let kept = log.clone();
        for turn in 0..3 {
            defer!(clone(log), {
                next_turn().await;
                log.say(format!("loop{turn}"));
            });
            if turn == 1 {
                let word = String::from("if");
                defer!(clone(kept), kept.say(word));
            }
            if turn == 2 {
                defer!(clone(log = kept), async move {
                    next_turn().await;
                    log.say("owned");
                });
            }
            next_turn().await;
        }
        defer!(log.say("last"));
        log.say("end");
    }
    let log = Shared::default();
    block_on(nested(log.clone()));
    assert_eq!(log.take(), "end,last,owned,loop2,if,loop1,loop0,first");
}

#[test]
fn the_outcome_can_be_changed_in_code_that_waits() {
    #[defers]
    async fn answer(log: &Shared) -> u32 {
        defer!(|out| {
            next_turn().await;
            if let Some(value) = out.value() {
                *value += 70;
            }
        });
        defer!(|out| {
            next_turn().await;
            out.recover_with(|panic| {
                log.say(panic.message());
                7
            });
        });
        next_turn().await;
        panic!("a panic")
    }
    let log = Shared::default();
    assert_eq!(block_on(answer(&log)), 77);
    assert_eq!(log.take(), "a panic");
}

#[test]
fn recover_in_code_that_waits_ends_the_panic() {
    #[defers]
    async fn risky(log: Shared) -> Option<u32> {
        for turn in 0..2 {
            let log = log.clone();
            defer!({
                next_turn().await;
                log.say(format!("{turn}{}", recover().is_some()));
            });
        }
        next_turn().await;
        panic!("a panic")
    }
    let log = Shared::default();
    assert_eq!(block_on(risky(log.clone())), None);
    assert_eq!(log.take(), "1true,0false");
}

#[test]
fn async_scopes_are_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let log = Shared::default();
    drop(is_send(leave(&log, Leave::End)));
    drop(is_send(borrow_through(&mut 1)));
}

#[defers]
async fn borrow_through(number: &mut u32) -> Option<&mut u32> {
    defer!({ next_turn().await });
    next_turn().await;
    *number += 1;
    Some(number)
}

#[test]
fn a_result_may_borrow_from_a_parameter() {
    let mut number = 1;
    *block_on(borrow_through(&mut number)).unwrap() += 10;
    assert_eq!(number, 12);
}

#[test]
fn recover_bang_waits_if_its_body_does() {
    let log = Shared::default();
    block_on(async {
        let panic = recover!({
            next_turn().await;
            let number = log.take().len() + 1;
            panic!("a {number}");
        });
        assert_eq!(panic.unwrap_err().message(), "a 1");
        let later = recover!(async {
            next_turn().await;
            panic!("b");
        });
        let panic: Result<(), Panic> = later.await;
        assert_eq!(panic.unwrap_err().message(), "b");
        let typed = recover!(|| -> io::Result<u32> {
            defer!(log.say("deferred"));
            next_turn().await;
            Err(io::ErrorKind::Other)?;
            Ok(1)
        });
        assert!(typed.unwrap().is_err());
        assert_eq!(log.take(), "deferred");
    });
}

#[gort::test]
async fn bodies_of_goroutines_are_scopes() {
    let log = Shared::default();
    let says = log.clone();
    let handle = spawn!({
        defer!(says.say("deferred"));
        yield_now().await;
        says.say("body");
        7
    });
    assert_eq!(handle.await.unwrap(), 7);
    assert_eq!(log.take(), "body,deferred");
    let says = log.clone();
    let typed = spawn!(|word: &'static str| -> io::Result<u32> {
        defer!(says.say(word));
        Err(io::ErrorKind::Other)?;
        Ok(1)
    }("typed"));
    assert!(typed.await.unwrap().is_err());
    assert_eq!(log.take(), "typed");
    let (done, wait) = futures::channel::oneshot::channel();
    let says = log.clone();
    go! {
        defer!(done.send(()).unwrap());
        defer!({ says.say("go"); });
        yield_now().await;
    }
    wait.await.unwrap();
    assert_eq!(log.take(), "go");
    defer!(log.say("unseen"));
}

#[test]
fn a_panic_in_a_goroutine_runs_its_deferred_code() {
    quietly(|| {
        let runtime = gort::Runtime::builder().procs(1).build().unwrap();
        let log = Shared::default();
        let says = log.clone();
        let entered = runtime.handle();
        let _entered = entered.enter();
        let handle = spawn!(|| -> () {
            defer!(says.say("deferred"));
            yield_now().await;
            panic!("expected: in a goroutine");
        });
        assert_eq!(
            block_on(handle).unwrap_err().panic().unwrap().message(),
            "expected: in a goroutine"
        );
        assert_eq!(log.take(), "deferred");
        let says = log.clone();
        join(spawn!({
            defer!({
                says.say(recover().is_some());
            });
            yield_now().await;
            panic!("expected: recovered");
        }));
        assert_eq!(log.take(), "true");
    });
}

trait Handler {
    async fn handle(&mut self, log: &Shared) -> u32;
    fn later(self, log: Shared) -> impl Future<Output = u32> + Send;
}

impl Handler for u32 {
    #[defers]
    async fn handle(&mut self, log: &Shared) -> u32 {
        defer!(log.say(format!("handled {self}")));
        next_turn().await;
        *self += 1;
        *self
    }

    #[defers]
    async fn later(self, log: Shared) -> u32 {
        defer!(log.say("later"));
        next_turn().await;
        self
    }
}

#[test]
fn methods_of_traits_are_scopes() {
    let log = Shared::default();
    let mut number = 1_u32;
    assert_eq!(block_on(number.handle(&log)), 2);
    assert_eq!(log.take(), "handled 1");
    assert_eq!(block_on(number.later(log.clone())), 2);
    assert_eq!(log.take(), "later");
}

/// What `#[async_trait]` makes of an async method.
#[defers]
fn boxed<'a>(log: &'a Shared) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send + 'a>> {
    Box::pin(async move {
        let __log = log;
        let __ret: u32 = {
            defer!({
                next_turn().await;
                log.say("boxed");
            });
            next_turn().await;
            if __log.len() > 5 {
                return 1;
            }
            3
        };
        __ret
    })
}

/// What `#[instrument]` makes of an async function.
#[defers]
async fn instrumented(log: &Shared) -> Result<u32, io::Error> {
    let __future = async move {
        #[expect(unreachable_code, clippy::empty_loop, reason = "tells the type")]
        if false {
            let __fake: Result<u32, io::Error> = loop {};
            return __fake;
        }
        {
            defer!(log.say("instrumented"));
            next_turn().await;
            Err(io::ErrorKind::Other)?;
            Ok(3)
        }
    };
    __future.await
}

#[test]
fn a_body_that_another_attribute_has_wrapped_is_a_scope() {
    let log = Shared::default();
    assert_eq!(block_on(boxed(&log)), 3);
    assert_eq!(log.take(), "boxed");
    assert!(block_on(instrumented(&log)).is_err());
    assert_eq!(log.take(), "instrumented");
}
