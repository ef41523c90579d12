//! What may stand in a `defer!`, what of it is evaluated when, and where a `defer!` may stand.

use super::{Log, Shared, next_turn};
use futures::executor::block_on;
use gort::{defer, defers, recover};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

#[test]
fn arguments_are_evaluated_at_the_defer_in_order_and_once() {
    #[defers]
    fn call(log: &Log) {
        let next = |what: &'static str| {
            log.say(what);
            what
        };
        let two = |a: &str, b: &str| log.say(format!("{a}{b}"));
        defer!(two(next("a"), next("b")));
        log.say("body");
    }
    let log = Log::default();
    call(&log);
    assert_eq!(log.take(), "a,b,body,ab");
}

#[test]
fn a_receiver_and_what_is_borrowed_are_read_when_the_call_runs() {
    #[defers]
    fn call(log: &Log) {
        let mut numbers = vec![1];
        let mut count = 1;
        defer!(show(log, &numbers, count));
        defer!(numbers.push(count));
        defer!(log.say(count));
        numbers.push(5);
        count += 1;
        log.say(format!("body{count}"));
    }
    fn show(log: &Log, numbers: &[i32], count: i32) {
        log.say(format!("{numbers:?}{count}"));
    }
    let log = Log::default();
    call(&log);
    assert_eq!(log.take(), "body2,1,[1, 5, 1]1");
}

#[test]
fn chains_and_macro_calls_run_later_as_a_whole() {
    #[defers]
    fn call(log: &Log) {
        let text = Mutex::new(String::from("a"));
        let mut number = 1;
        defer!(log.say(text.lock().unwrap()));
        defer!(text.lock().unwrap().push('b'));
        defer!(assert_eq!(number, 2));
        text.lock().unwrap().push('c');
        number += 1;
    }
    let log = Log::default();
    // The argument of the first is evaluated now, and keeps the lock: Go's rule, and a deadlock.
    let other = gort::recover!({
        let text = Mutex::new(String::new());
        defer!(log.say(text.try_lock().is_ok()));
        let _held = text.lock();
    });
    other.unwrap();
    assert_eq!(log.take(), "true");
    let _: fn(&Log) = call;
}

#[test]
fn captures_in_a_list_and_in_place() {
    #[defers]
    fn call(log: &Log, shared: &Arc<u32>) {
        let mut number = 1;
        defer!(clone(number), log.say(format!("cloned{number}")));
        defer!(clone(kept = shared), { log.say(Arc::strong_count(&kept)) });
        defer!(log.say(move(number + 1)));
        defer!({ log.say(format!("{}{number}", move(number))) });
        defer!(|n: u32, (a, b): (u32, u32)| { log.say(n + a + b) }(number, (10, 20)));
        number += 5;
        log.say(number);
    }
    let log = Log::default();
    call(&log, &Arc::new(1));
    assert_eq!(log.take(), "6,31,16,2,2,cloned1");
}

#[test]
fn nested_defers_own_what_they_use() {
    #[defers]
    fn call(log: &Log) {
        for word in ["a", "b"] {
            let word = String::from(word);
            match word.as_str() {
                "a" => defer!({ log.say(word) }),
                _ => {
                    defer!(clone(word), log.say(word.as_str()));
                    log.say(word);
                }
            }
        }
        let value = {
            defer!(|out| log.say(out.is_panic()));
            7
        };
        'found: {
            defer!(log.say("labelled"));
            if value == 7 {
                break 'found;
            }
            log.say("unreached");
        }
        let Some(_) = Some(value) else {
            defer!(log.say("unreached"));
            return;
        };
        log.say("body");
    }
    let log = Log::default();
    call(&log);
    assert_eq!(log.take(), "b,body,labelled,false,b,a");
}

#[test]
fn a_block_that_ends_the_body_is_part_of_it() {
    #[defers]
    fn call(log: &Log) -> usize {
        let mut words = vec!["outer"];
        defer!({ log.say(words.len()) });
        {
            defer!(words.push(WORD));
            words.push("inner");
            log.say(words.join(" "));
            const WORD: &str = "item";
            words.len()
        }
    }
    let log = Log::default();
    assert_eq!(call(&log), 2);
    assert_eq!(log.take(), "outer inner,3");
}

#[test]
fn a_nested_defer_keeps_its_attributes() {
    #[defers]
    fn call(log: &Log) {
        for turn in 0..2 {
            #[cfg(any())]
            defer!(log.say("never"));
            #[cfg(not(any()))]
            defer!({ log.say(turn) });
        }
    }
    let log = Log::default();
    call(&log);
    assert_eq!(log.take(), "1,0");
}

#[test]
fn a_defer_may_be_the_whole_body_or_its_end() {
    #[defers]
    fn only(log: &Log) {
        defer!(log.say("only"))
    }
    #[defers]
    fn last(log: &Log) {
        log.say("body");
        defer! { log.say("last") }
    }
    #[defers]
    async fn waits(log: &Log) {
        defer!({
            next_turn().await;
            log.say("waits");
        });
    }
    let log = Log::default();
    only(&log);
    last(&log);
    block_on(waits(&log));
    assert_eq!(log.take(), "only,body,last,waits");
}

#[test]
fn a_defer_that_leaves_the_function_has_not_been_reached() {
    #[defers]
    fn parse(log: &Log, text: &str) -> Result<(), std::num::ParseIntError> {
        defer!(log.say("first"));
        defer!(log.say(text.parse::<u32>()?));
        defer!(log.say("last"));
        Ok(())
    }
    let log = Log::default();
    assert!(parse(&log, "x").is_err());
    assert_eq!(log.take(), "first");
    parse(&log, "7").unwrap();
    assert_eq!(log.take(), "last,7,first");
}

#[test]
fn items_behind_a_defer_are_seen_before_it() {
    #[defers]
    fn call(log: &Log) {
        log.say(LATER + later());
        defer!(log.say("deferred"));
        const LATER: u32 = 1;
        fn later() -> u32 {
            6
        }
        macro_rules! word {
            () => {
                "macro"
            };
        }
        log.say(word!());
    }
    let log = Log::default();
    call(&log);
    assert_eq!(log.take(), "7,macro,deferred");
}

#[defers]
fn opaque(log: &Log) -> impl Iterator<Item = u32> + use<> {
    defer!(log.say("iterator"));
    1..4
}

#[defers]
fn opaque_in_result(log: &Log, ok: bool) -> Result<impl Debug + use<>, Box<dyn std::error::Error>> {
    defer!(log.say("result"));
    if !ok {
        Err("not ok")?;
    }
    Ok(Box::new(1))
}

#[defers]
fn first<'a, T: Debug, const N: usize>(log: &Log, values: &'a mut [T; N]) -> &'a mut T {
    defer!(log.say("first"));
    values.iter_mut().next().unwrap()
}

#[defers]
fn boxed(log: &Log) -> Box<dyn Debug> {
    defer!(log.say("boxed"));
    if log.0.borrow().is_empty() {
        return Box::new(1);
    }
    Box::new("two")
}

struct Counter {
    count: u32,
}

impl Counter {
    #[defers]
    fn count(&mut self, log: &Log) -> &mut u32 {
        defer!(log.say("counted"));
        self.count += 1;
        log.say(self.count);
        &mut self.count
    }

    #[defers]
    fn add(&mut self, log: &Log) -> u32 {
        defer!(log.say(self.count));
        defer!({
            self.count += 10;
            log.say(self.count);
        });
        self.count += 1;
        self.count
    }

    #[defers]
    fn consume(mut self, log: &Log) -> Self {
        defer!(|out| log.say(out.value().unwrap().count));
        self.count *= 2;
        self
    }
}

#[test]
fn signatures_of_all_kinds_keep_their_meaning() {
    let log = Log::default();
    assert_eq!(opaque(&log).sum::<u32>(), 6);
    assert!(opaque_in_result(&log, true).is_ok());
    assert!(opaque_in_result(&log, false).is_err());
    *first(&log, &mut [1, 2]) = 3;
    assert_eq!(format!("{:?}", boxed(&log)), "\"two\"");
    assert_eq!(log.take(), "iterator,result,result,first,boxed");
    let mut counter = Counter { count: 1 };
    *counter.count(&log) += 1;
    assert_eq!(counter.add(&log), 4);
    assert_eq!(counter.consume(&log).count, 28);
    assert_eq!(log.take(), "2,counted,14,3,28");
}

#[test]
fn the_outcome_may_have_any_pattern_and_type() {
    use gort::panic::Outcome;
    #[defers]
    fn call(log: &Log) -> u32 {
        defer!(|out: &mut Outcome<u32>| *out.value().unwrap() += 1);
        defer!(|_| log.say("ignored"));
        defer!(|out| {
            let text: u32 = "5".parse()?;
            out.set(text);
            Ok::<(), std::num::ParseIntError>(())
        });
        1
    }
    let log = Log::default();
    assert_eq!(call(&log), 6);
    assert_eq!(log.take(), "ignored");
}

#[test]
fn a_select_may_defer_in_its_arms() {
    // Any macro called `select!` has arms that run in the function itself.
    macro_rules! select {
        ($value:ident = $operation:expr => $body:block) => {{
            let $value = $operation;
            $body
        }};
    }
    #[defers]
    fn call(log: &Log) {
        select! {
            value = 3 => {
                defer!(log.say("deferred"));
                log.say(value);
            }
        }
        log.say("body");
    }
    let log = Log::default();
    call(&log);
    assert_eq!(log.take(), "3,body,deferred");
}

#[test]
fn calls_through_macro_rules_are_understood() {
    macro_rules! later {
        ($call:expr) => {
            defer!($call)
        };
    }
    macro_rules! deferring {
        ($log:ident, $call:expr) => {
            #[defers]
            fn made($log: &Log) {
                let mut count = 1;
                defer!($call);
                defer!($log.say(count));
                count += 1;
                $log.say(count);
            }
        };
    }
    deferring!(log, log.say("expression"));
    let log = Log::default();
    {
        later!(log.say("guard"));
        log.say("block");
    }
    made(&log);
    assert_eq!(log.take(), "block,guard,2,1,expression");
}

#[test]
fn a_recover_inside_deferred_macros_is_found() {
    #[defers]
    fn risky(log: &Log) {
        defer!({
            log.say(format!("{}", recover().is_some()));
            assert!(recover().is_none());
        });
        panic!("a panic");
    }
    let log = Log::default();
    risky(&log);
    assert_eq!(log.take(), "true");
}

#[test]
fn go_spawn_and_recover_in_a_scope_have_their_own() {
    #[defers]
    async fn call(log: Shared) {
        defer!(log.say("scope"));
        let says = log.clone();
        let spawned = gort::spawn!({
            defer!(says.say("goroutine"));
        });
        spawned.await.unwrap();
        recover!({
            defer!(log.say("recover"));
        })
        .unwrap();
        log.say("body");
    }
    let log = Shared::default();
    block_on(call(log.clone()));
    assert_eq!(log.take(), "goroutine,recover,body,scope");
}
