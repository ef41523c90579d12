//! `defer!` outside of a defer scope, and `gort::guard`.

use super::Log;
use gort::defer;
use gort_tests::quietly;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn guards_run_at_the_end_of_the_block_last_first() {
    let log = Log::default();
    {
        defer!(log.say("first"));
        defer! {
            log.say("second");
        }
        for turn in 0..2 {
            defer!({ log.say(turn) });
            log.say("turn");
        }
    }
    assert_eq!(log.take(), "turn,0,turn,1,second,first");
}

#[test]
fn arguments_are_evaluated_once_at_the_defer() {
    let log = Log::default();
    {
        let mut number = 1;
        defer!(log.say(number));
        defer!(clone(kept = number), { log.say(format!("cloned {kept}")) });
        defer!(log.say(format!("moved {}", 1)));
        defer!(u32::min(move(number), 5));
        defer!(|word: &str| { log.say(word) }("called"));
        number += 1;
        assert_eq!(number, 2);
    }
    assert_eq!(log.take(), "called,moved 1,cloned 1,1");
}

#[test]
fn the_value_of_deferred_code_is_dropped() {
    let log = Log::default();
    let count = |what: &str| -> Result<usize, String> {
        log.say(what);
        Ok(1)
    };
    {
        defer!(count("call"));
        defer!({ count("block") });
        defer!({
            count("tail")?;
            Err::<(), String>(String::new())
        });
        defer!(return log.say("return"));
    }
    assert_eq!(log.take(), "return,tail,block,call");
}

#[test]
fn all_guards_run_if_some_of_them_panic() {
    let log = Log::default();
    let unwound = quietly(|| {
        catch_unwind(AssertUnwindSafe(|| {
            defer!(log.say("first"));
            defer!(panic!("expected: ended by the guard"));
            defer!(log.say("second"));
            defer!(panic!("expected: the first panic"));
            log.say("body");
        }))
    });
    let payload = unwound.unwrap_err();
    let text = payload.downcast_ref::<&str>();
    assert_eq!(text, Some(&"expected: the first panic"));
    assert_eq!(log.take(), "body,second,first");
}

#[test]
fn a_closure_and_an_async_block_in_a_scope_have_guards() {
    #[gort::defers]
    fn scope(log: &Log) {
        defer!(log.say("scope"));
        let closure = || {
            defer!(log.say("closure"));
            log.say("in closure");
        };
        closure();
        futures::executor::block_on(async {
            defer!(log.say("block"));
            log.say("in block");
        });
        log.say("body");
    }
    let log = Log::default();
    scope(&log);
    assert_eq!(log.take(), "in closure,closure,in block,block,body,scope");
}

#[test]
fn a_guard_may_be_dismissed() {
    let log = Log::default();
    let kept = gort::guard(|| log.say("kept"));
    gort::guard(|| log.say("dismissed")).dismiss();
    drop(kept);
    assert_eq!(log.take(), "kept");
}
