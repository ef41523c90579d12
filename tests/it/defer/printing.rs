//! What is printed: a recovered panic never, any other once.

use gort::panic::Panic;
use gort::{defer, defers, recover};
use gort_tests::{is_child, run_child};
use std::panic::catch_unwind;

/// What the test called `name` prints in a process of its own, where it does `what`.
fn printed(name: &str, what: impl FnOnce()) -> String {
    let name = format!("defer::printing::{name}");
    if is_child(&name) {
        what();
        std::process::exit(0);
    }
    let ended = run_child(&name, &[("RUST_BACKTRACE", Some("0"))]);
    ended.passed();
    ended.stderr
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[test]
fn a_recovered_panic_prints_nothing() {
    #[defers]
    fn risky() {
        defer!({
            recover();
        });
        panic!("recovered");
    }
    let text = printed("a_recovered_panic_prints_nothing", || {
        risky();
        assert!(recover!({ panic!("recovered") }).is_err());
    });
    assert_eq!(text, "");
}

#[test]
fn a_panic_that_might_have_been_recovered_prints_once() {
    #[defers]
    fn looks() {
        defer!(|out| assert!(out.is_panic()));
        panic!("not recovered");
    }
    let text = printed("a_panic_that_might_have_been_recovered_prints_once", || {
        catch_unwind(looks).unwrap_err();
    });
    assert_eq!(count(&text, "not recovered"), 1, "{text}");
    assert_eq!(count(&text, "defer/printing.rs:"), 1, "{text}");
}

#[test]
fn a_panic_that_plain_deferred_code_runs_on_prints_once_and_at_once() {
    #[defers]
    fn plain() {
        defer!(eprintln!("deferred"));
        panic!("plain");
    }
    let text = printed(
        "a_panic_that_plain_deferred_code_runs_on_prints_once_and_at_once",
        || {
            catch_unwind(plain).unwrap_err();
        },
    );
    assert_eq!(count(&text, ":\nplain\n"), 1, "{text}");
    assert!(text.find(":\nplain\n").unwrap() < text.find("\ndeferred\n").unwrap());
}

#[test]
fn a_panic_that_is_resumed_prints_once_when_nothing_can_recover_it() {
    let text = printed(
        "a_panic_that_is_resumed_prints_once_when_nothing_can_recover_it",
        || {
            let unwound = catch_unwind(|| {
                let outer = recover!({
                    let inner = recover!({ panic!("resumed") });
                    inner.unwrap_err().resume();
                });
                eprintln!("outer");
                let outer: Panic = outer.unwrap_err();
                outer.resume();
            });
            unwound.unwrap_err();
        },
    );
    assert_eq!(count(&text, ":\nresumed\n"), 1, "{text}");
    assert!(text.find("outer\n").unwrap() < text.find(":\nresumed").unwrap());
}

#[test]
fn a_panic_that_another_superseded_is_printed_with_it() {
    #[defers]
    fn fails() {
        defer!(panic!("second"));
        defer!(|out| assert!(out.is_panic()));
        panic!("first");
    }
    let text = printed("a_panic_that_another_superseded_is_printed_with_it", || {
        catch_unwind(fails).unwrap_err();
    });
    assert_eq!(
        (count(&text, "first"), count(&text, "second")),
        (1, 1),
        "{text}"
    );
}

#[test]
fn an_exit_prints_nothing() {
    let text = printed("an_exit_prints_nothing", || {
        let exited = std::thread::spawn(|| {
            drop(recover!({ gort::panic::goexit() }));
        });
        exited.join().unwrap_err();
    });
    assert_eq!(text, "");
}

#[test]
fn a_panic_in_go_that_is_not_recovered_ends_the_process() {
    const NAME: &str = "a_panic_in_go_that_is_not_recovered_ends_the_process";
    let name = format!("defer::printing::{NAME}");
    if is_child(&name) {
        gort::go! {
            defer!(eprintln!("deferred"));
            defer!(|out| assert!(out.is_panic()));
            panic!("the reason");
        }
        std::thread::sleep(std::time::Duration::from_secs(20));
        unreachable!("the process went on");
    }
    let ended = run_child(&name, &[("RUST_BACKTRACE", Some("0"))]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let at = |text: &str| {
        let found = ended.stderr.find(text);
        found.unwrap_or_else(|| panic!("{text}: {}", ended.stderr))
    };
    assert!(at("deferred") < at("the reason"));
    assert!(at("the reason") < at("goroutine "));
    assert!(at("goroutine ") < at("created at "));
    assert!(ended.stderr[at("created at ")..].contains("printing.rs:"));
}
