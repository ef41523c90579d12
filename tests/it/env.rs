//! What the environment says: `GORT_PROCS`, else `GOMAXPROCS`. Each case in a process of its own.

use gort::Runtime;
use gort_tests::{Ended, is_child, run_child};
use std::panic::catch_unwind;

const GORT: &str = "GORT_PROCS";
const GO: &str = "GOMAXPROCS";

/// Runs the test of this name in a process that has these two variables.
fn child(name: &str, gort: Option<&str>, go: Option<&str>) -> Ended {
    run_child(&format!("env::{name}"), &[(GORT, gort), (GO, go)])
}

/// Builds a runtime that asks for nothing and checks how many Ps it has, or the text of the error.
/// The expectation comes through the environment as well.
#[test]
fn the_number_of_ps() {
    const EXPECTED: &str = "GORT_TEST_EXPECTED";
    const NAME: &str = "env::the_number_of_ps";
    if is_child(NAME) {
        let built = Runtime::builder().build();
        let told = built.map_or_else(|error| error.to_string(), |r| r.procs().to_string());
        assert_eq!(told, std::env::var(EXPECTED).unwrap());
        return;
    }
    let malformed = "expected a number from 1 to 1024";
    let cpus = gort::runtime::num_cpu().to_string();
    let cases: [(Option<&str>, Option<&str>, String); 11] = [
        (None, None, cpus),
        (Some("3"), None, "3".into()),
        (Some(" 3 "), None, "3".into()),
        (Some("1024"), None, "1024".into()),
        (Some("3"), Some("5"), "3".into()),
        (None, Some("5"), "5".into()),
        (
            Some("0"),
            None,
            "GORT_PROCS=\"0\": at least 1 is needed to run anything".into(),
        ),
        (
            Some("1025"),
            None,
            "GORT_PROCS=\"1025\": at most 1024 are possible".into(),
        ),
        (
            Some("two"),
            Some("2"),
            format!("GORT_PROCS=\"two\": {malformed}"),
        ),
        (Some(""), None, format!("GORT_PROCS=\"\": {malformed}")),
        (None, Some("-1"), format!("GOMAXPROCS=\"-1\": {malformed}")),
    ];
    for (gort, go, expected) in cases {
        let vars = [(GORT, gort), (GO, go), (EXPECTED, Some(&expected[..]))];
        run_child(NAME, &vars).passed();
    }
}

#[test]
fn the_default_runtime_follows_the_environment() {
    if is_child("env::the_default_runtime_follows_the_environment") {
        assert_eq!(gort::runtime::procs(), 3);
        assert_eq!(gort::block_on(async { gort::runtime::procs() }), 3);
        return;
    }
    child(
        "the_default_runtime_follows_the_environment",
        Some("3"),
        None,
    )
    .passed();
}

#[test]
fn what_is_malformed_names_itself_when_the_default_runtime_is_needed() {
    const NAME: &str = "what_is_malformed_names_itself_when_the_default_runtime_is_needed";
    if is_child(&format!("env::{NAME}")) {
        let attempts = [
            catch_unwind(|| gort::block_on(async {})),
            catch_unwind(|| drop(gort::spawn(async {}))),
            catch_unwind(|| gort::runtime::go(async {})),
            catch_unwind(|| assert!(gort::runtime::procs() > 0)),
        ];
        for attempt in attempts {
            let payload = attempt.unwrap_err();
            let text = payload.downcast_ref::<String>().unwrap();
            assert!(
                text.contains("default runtime could not start: GORT_PROCS=\"none\""),
                "{text}"
            );
        }
        // What needs no environment works.
        let runtime = Runtime::builder().procs(1).build().unwrap();
        assert_eq!(
            runtime.block_on(async { gort::spawn(async { 7 }).await.unwrap() }),
            7
        );
        return;
    }
    child(NAME, Some("none"), None).passed();
}

#[test]
fn what_is_said_in_code_wins() {
    if is_child("env::what_is_said_in_code_wins") {
        assert_eq!(Runtime::builder().procs(2).build().unwrap().procs(), 2);
        return;
    }
    child("what_is_said_in_code_wins", Some("7"), Some("9")).passed();
}
