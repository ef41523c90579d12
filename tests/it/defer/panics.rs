//! Panics in deferred code, and what `recover()` does to them.

use super::Log;
use gort::panic::Panic;
use gort::{defer, defers, recover};
use gort_tests::quietly;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

#[test]
fn the_last_panic_wins_and_all_deferred_code_runs() {
    #[defers]
    fn many(log: &Log) {
        defer!(log.say("1"));
        defer!({
            log.say("2");
            panic!("expected: top");
        });
        for turn in 0..2 {
            defer!({
                log.say(format!("n{turn}"));
                if turn == 1 {
                    panic!("expected: nested");
                }
            });
        }
        panic!("expected: body");
    }
    let log = Log::default();
    let panic = quietly(|| recover!({ many(&log) }).unwrap_err());
    assert_eq!(log.take(), "n1,n0,2,1");
    let messages: Vec<&str> = std::iter::successors(Some(&panic), |panic| panic.superseded())
        .map(Panic::message)
        .collect();
    assert_eq!(
        messages,
        ["expected: top", "expected: nested", "expected: body"]
    );
}

#[test]
fn an_outer_defer_recovers_the_panic_of_an_inner_one() {
    #[defers]
    fn risky(log: &Log) {
        defer!({
            let panic = recover().unwrap();
            log.say(panic.message());
            log.say(panic.superseded().unwrap().message());
        });
        defer!(panic!("second"));
        panic!("first");
    }
    let log = Log::default();
    risky(&log);
    assert_eq!(log.take(), "second,first");
}

#[test]
fn a_panic_that_is_recovered_inside_deferred_code_leaves_the_outer_one() {
    #[defers]
    fn risky(log: &Log) -> Option<()> {
        defer!({
            log.say(recover().unwrap().message());
        });
        defer!({
            let inner = recover!({ panic!("inner") });
            log.say(inner.unwrap_err().message());
        });
        panic!("outer");
    }
    let log = Log::default();
    assert_eq!(risky(&log), None);
    assert_eq!(log.take(), "inner,outer");
}

#[test]
fn after_recover_the_deferred_code_before_it_runs_without_a_panic() {
    #[defers]
    fn risky(log: &Log) -> Option<u32> {
        defer!(|out| log.say(format!("{:?}", out.value())));
        defer!(|out| log.say(format!("{}", out.is_panic())));
        defer!({
            recover();
        });
        defer!(|out| log.say(format!("{}", out.is_panic())));
        panic!("a panic");
    }
    let log = Log::default();
    assert_eq!(risky(&log), None);
    assert_eq!(log.take(), "true,false,Some(None)");
}

#[test]
fn recover_works_only_directly_in_deferred_code() {
    fn elsewhere() -> Option<Panic> {
        recover()
    }
    #[defers]
    fn risky(log: &Log) {
        defer!({
            let in_closure = || recover().is_some();
            log.say(in_closure());
            log.say(elsewhere().is_some());
            log.say(format!("{}", recover().is_some()));
        });
        panic!("a panic");
    }
    let log = Log::default();
    risky(&log);
    assert_eq!(log.take(), "false,false,true");
    assert!(recover().is_none());
}

#[test]
fn return_and_question_mark_leave_only_the_deferred_code() {
    #[defers]
    fn leaves(log: &Log) -> u32 {
        defer!(log.say("first"));
        defer!({
            if log.0.borrow().len() == 2 {
                return;
            }
            log.say("unreached");
        });
        defer!({
            let number: u32 = "x".parse()?;
            log.say(number);
            Ok::<(), std::num::ParseIntError>(())
        });
        defer!({ log.say("last") });
        log.say("body");
        7
    }
    let log = Log::default();
    assert_eq!(leaves(&log), 7);
    assert_eq!(log.take(), "body,last,first");
}

#[test]
fn a_destructor_that_panics_is_a_panic_of_the_body() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("expected: a destructor");
        }
    }
    #[defers]
    fn holds(log: &Log) -> Option<u32> {
        defer!(log.say("outer"));
        defer!({
            log.say(recover().unwrap().message());
        });
        let _bomb = Bomb;
        Some(1)
    }
    let log = Log::default();
    assert_eq!(holds(&log), None);
    assert_eq!(log.take(), "expected: a destructor,outer");
}

#[test]
fn a_result_whose_destructor_panics_is_dropped_for_a_panic() {
    struct Result(#[expect(dead_code, reason = "only its destructor matters")] u8);
    impl Drop for Result {
        fn drop(&mut self) {
            panic!("expected: a destructor");
        }
    }
    #[defers]
    fn returns(log: &Log) -> Result {
        defer!(log.say("outer"));
        defer!(panic!("expected: deferred"));
        Result(1)
    }
    let log = Log::default();
    let panic = quietly(|| recover!({ returns(&log) }).err().unwrap());
    assert_eq!(panic.message(), "expected: deferred");
    assert_eq!(log.take(), "outer");
}

#[test]
fn deferred_code_that_panics_during_a_panic_does_not_abort() {
    struct Scoped<'a>(&'a Log);
    impl Drop for Scoped<'_> {
        fn drop(&mut self) {
            let log = self.0;
            let inner = recover!({
                defer!(log.say("deferred"));
                defer!(panic!("expected: the second"));
                panic!("expected: the first");
            });
            log.say(inner.unwrap_err().message());
        }
    }
    let log = Log::default();
    let unwound = quietly(|| {
        catch_unwind(AssertUnwindSafe(|| {
            let _scoped = Scoped(&log);
            panic!("expected: the panic of the owner");
        }))
    });
    let payload = unwound.unwrap_err();
    let text = payload.downcast_ref::<&str>();
    assert_eq!(text, Some(&"expected: the panic of the owner"));
    assert_eq!(log.take(), "deferred,expected: the second");
}

#[test]
fn resume_keeps_payload_and_place() {
    let inner = recover!({ panic_any(7_u32) });
    let inner: Panic = inner.unwrap_err();
    let line = inner.location().unwrap().line();
    let outer = recover!({ inner.resume() }).unwrap_err();
    assert_eq!(outer.location().unwrap().line(), line);
    assert_eq!(outer.into_payload().downcast_ref::<u32>(), Some(&7));
}

#[test]
fn a_panic_with_clones_is_resumed_as_itself() {
    let text = String::from("shared");
    let inner = recover!({ panic!("{text}") }).unwrap_err();
    let kept = inner.clone();
    let outer = recover!({ inner.resume() }).unwrap_err();
    assert_eq!((outer.message(), kept.message()), ("shared", "shared"));
    assert_eq!(outer.location(), kept.location());
    assert!(std::ptr::eq(outer.message(), kept.message()));

    let inner = recover!({ panic_any(7_u32) }).unwrap_err();
    let kept = inner.clone();
    let outer = recover!({ inner.resume() }).unwrap_err();
    assert_eq!(outer.downcast_ref::<u32>(), Some(&7));
    drop(kept);
    assert_eq!(outer.into_payload().downcast_ref::<u32>(), Some(&7));
}

#[test]
fn a_panic_caught_by_somebody_else_lends_its_place_to_no_other() {
    let swallowed = recover!({
        assert!(catch_unwind(|| panic!("text")).is_err());
        let line = line!() + 1;
        (line, recover!({ panic!("text") }).unwrap_err())
    });
    let (line, panic) = swallowed.unwrap();
    assert_eq!(panic.location().unwrap().line(), line);

    let silent = recover!({
        assert!(catch_unwind(|| panic!("one")).is_err());
        std::panic::resume_unwind(Box::new("another"))
    });
    let silent: Panic = silent.unwrap_err();
    assert_eq!((silent.message(), silent.location()), ("another", None));
}

#[test]
fn a_long_history_needs_no_stack() {
    #[defers]
    fn many() {
        for turn in 0..100_000_u32 {
            defer!({ panic_any(turn) });
        }
    }
    let panic = recover!({ many() }).unwrap_err();
    assert_eq!(panic.downcast_ref::<u32>(), Some(&0));
    drop(panic);
}

#[test]
fn panics_are_errors_of_all_kinds() {
    fn is_error<T: std::error::Error + Send + Sync + Clone + 'static>() {}
    is_error::<Panic>();
    assert_eq!(size_of::<Panic>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Panic>>(), size_of::<usize>());
    #[defers]
    fn boxed() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        defer!({
            recover();
        });
        panic!("boxed")
    }
    #[defers]
    fn io() -> std::io::Result<()> {
        defer!({
            recover();
        });
        panic!("io")
    }
    let error = boxed().unwrap_err();
    assert_eq!(error.downcast_ref::<Panic>().unwrap().message(), "boxed");
    assert_eq!(io().unwrap_err().to_string(), "io");
}
