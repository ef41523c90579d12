//! `name = ..`, and what becomes of a panic where `on = ..` sends the goroutine.

use super::*;
use gort::Runtime;
use gort::panic::PanicPolicy;
use gort::task::{Builder, JoinError, Task};
use gort_tests::{is_child, quietly, run_child, wait_until};

const HOUR: Duration = Duration::from_secs(3600);

fn fails(how: &str) {
    panic!("expected: {how}");
}

/// Runs each goroutine on a thread of its own.
fn threads(task: Task) {
    thread::spawn(|| block_on(task));
}

fn runtime(policy: PanicPolicy) -> Runtime {
    let builder = Runtime::builder().procs(2).on_panic(policy);
    builder.build().unwrap()
}

#[gort::test]
async fn an_error_knows_the_name_of_its_goroutine() {
    fn told<T: std::fmt::Debug>(outcome: Result<T, JoinError>, how: &str) {
        let error = outcome.unwrap_err();
        assert_eq!(error.name(), Some("worker"), "{how}");
        let text = format!(
            "goroutine {} \"worker\" panicked: expected: {how}",
            error.id()
        );
        assert_eq!(error.to_string(), text);
    }
    quietly(|| ());
    let here = gort::runtime::Handle::current();
    let owned = || String::from("worker");
    told(spawn!(name = "worker", fails("plain")).await, "plain");
    told(spawn!(name = owned(), on = here, fails("on")).await, "on");
    told(
        spawn!(name = "worker", on = threads, fails("foreign")).await,
        "foreign",
    );
    let builder = Builder::new().name(owned());
    told(builder.spawn(async { fails("builder") }).await, "builder");
    let waits = spawn!(name = "worker", std::future::pending::<()>());
    waits.abort();
    let error = waits.await.unwrap_err();
    assert_eq!((error.is_cancelled(), error.name()), (true, Some("worker")));
    let unnamed = spawn!(fails("unnamed")).await.unwrap_err();
    assert_eq!(unnamed.name(), None);
    assert!(!unnamed.to_string().contains('"'), "{unnamed}");
}

#[test]
fn a_local_goroutine_may_have_a_name() {
    let name = gort::block_on(async {
        let handle = spawn!(local, name = "here", std::future::pending::<Rc<u32>>());
        handle.abort();
        handle.await.unwrap_err().name().map(str::to_owned)
    });
    assert_eq!(name.as_deref(), Some("here"));
}

/// Runs this test in a process of its own, which must crash as Go does and tell each of these.
fn crashes(name: &str, told: &[&str]) {
    let ended = run_child(name, &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for text in told {
        assert!(
            ended.stderr.contains(text),
            "no `{text}`:\n{}",
            ended.stderr
        );
    }
}

#[test]
fn a_crash_tells_the_name_the_number_and_the_place() {
    const TEST: &str = "go::name::a_crash_tells_the_name_the_number_and_the_place";
    if is_child(TEST) {
        go!(name = "accept-loop", fails("a name"));
        thread::sleep(HOUR);
    }
    crashes(
        TEST,
        &[
            "goroutine ",
            " \"accept-loop\" panicked: expected: a name",
            "created at tests/it/go/name.rs:",
        ],
    );
}

#[test]
fn a_named_local_goroutine_crashes_too() {
    const TEST: &str = "go::name::a_named_local_goroutine_crashes_too";
    if is_child(TEST) {
        gort::block_on(async {
            go!(local, name = "here", fails("local"));
            std::future::pending::<()>().await;
        });
    }
    crashes(TEST, &[" \"here\" panicked: expected: local"]);
}

#[test]
fn a_goroutine_that_is_sent_to_a_runtime_crashes_by_its_policy() {
    const TEST: &str = "go::name::a_goroutine_that_is_sent_to_a_runtime_crashes_by_its_policy";
    if is_child(TEST) {
        let crashing = runtime(PanicPolicy::Crash);
        go!(on = crashing, fails("sent"));
        thread::sleep(HOUR);
    }
    crashes(
        TEST,
        &[
            "panicked: expected: sent",
            "created at tests/it/go/name.rs:",
        ],
    );
}

#[test]
fn a_goroutine_that_is_sent_to_a_reporting_runtime_ends_alone() {
    const TEST: &str = "go::name::a_goroutine_that_is_sent_to_a_reporting_runtime_ends_alone";
    if is_child(TEST) {
        let reporting = runtime(PanicPolicy::Report);
        let handle = reporting.handle();
        go!(on = reporting, fails("sent"));
        go!(on = handle, name = "by handle", fails("sent too"));
        reporting.go(async { fails("by method") });
        wait_until("all are over", || reporting.num_goroutine() == 0);
        return;
    }
    let ended = run_child(TEST, &[]);
    ended.passed();
    for text in [
        "expected: sent",
        "\"by handle\" panicked: expected: sent too",
        "by method",
    ] {
        assert!(
            ended.stderr.contains(text),
            "no `{text}`:\n{}",
            ended.stderr
        );
    }
}

#[test]
fn a_goroutine_on_a_foreign_executor_crashes_as_in_go() {
    const TEST: &str = "go::name::a_goroutine_on_a_foreign_executor_crashes_as_in_go";
    if is_child(TEST) {
        go!(on = threads, name = "far away", fails("foreign"));
        thread::sleep(HOUR);
    }
    crashes(
        TEST,
        &[
            " \"far away\" panicked: expected: foreign",
            "created at tests/it/go/name.rs:",
        ],
    );
}
