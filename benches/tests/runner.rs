//! The runner from end to end, on short measurements.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

fn runner(arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gort-benches"))
        .args(arguments.split(' '))
        .output()
        .expect("the runner starts")
}

/// Held while something is measured: a row that another one starves for all of its short window has
/// no result.
static MEASURING: Mutex<()> = Mutex::new(());

/// Runs every row of `rows` once on `rivals`; the JSON it wrote.
fn results(rows: &str, rivals: &str) -> Vec<Value> {
    let name = format!("{rows}-{rivals}.json").replace(',', "-");
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _alone = MEASURING.lock().unwrap_or_else(PoisonError::into_inner);
    let output = runner(&format!(
        "--only {rows} --rivals {rivals} --procs 2 --rounds 2 --millis 20 --json {}",
        file.display()
    ));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}\n{err}");
    for row in rows.split(',') {
        assert!(out.contains(row), "no line for {row} in\n{out}");
    }
    let text = std::fs::read_to_string(&file).expect("the file was written");
    serde_json::from_str(&text).expect("the file is a JSON array")
}

/// Each of `metrics` once for each of `rivals`, with figures that can be.
fn assert_complete(results: &[Value], rivals: &[&str], metrics: &[&str]) {
    let key = |result: &Value| (result["metric"].clone(), result["runtime"].clone());
    let found: Vec<_> = results.iter().map(key).collect();
    let every = metrics
        .iter()
        .flat_map(|metric| rivals.iter().map(move |rival| (metric, rival)));
    let wanted: Vec<_> = every
        .map(|(metric, rival)| ((*metric).into(), (*rival).into()))
        .collect();
    assert_eq!(found, wanted);
    for result in results {
        let figure = |key: &str| result[key].as_f64().expect("a number");
        assert!(
            0.0 < figure("min") && figure("min") <= figure("median"),
            "{result}"
        );
        assert!(figure("median") <= figure("max"), "{result}");
        assert_eq!(result["rounds"], 2, "{result}");
    }
}

#[test]
fn a_scheduler_row_has_a_time_for_each_runtime() {
    for row in [
        "spawn_await",
        "spawn_fanout",
        "chained_spawn",
        "yield_one",
        "ping_pong",
        "fork_join_fib",
        "mutex_2",
        "waitgroup",
        "timer_churn",
        "blocking_read",
    ] {
        let rivals = ["gort", "tokio", "smol"];
        assert_complete(&results(row, &rivals.join(",")), &rivals, &["time"]);
    }
}

#[test]
fn a_channel_row_has_a_time_for_each_channel() {
    let rivals = [
        "gort",
        "tokio",
        "tokio_kanal",
        "tokio_flume",
        "smol",
        "smol_kanal",
    ];
    for row in ["ctx_switch_1", "chan_mpmc_100", "ring", "select2"] {
        assert_complete(&results(row, &rivals.join(",")), &rivals, &["time"]);
    }
}

#[test]
fn a_runtime_whose_channel_cannot_do_the_work_is_left_out_of_the_row() {
    let rendezvous = results("ctx_switch", "gort,tokio,tokio_kanal,smol");
    assert_complete(&rendezvous, &["gort", "tokio_kanal"], &["time"]);
    let select = results("select2_wait", "gort,tokio,tokio_kanal,smol");
    assert_complete(&select, &["gort", "tokio", "smol"], &["time"]);
}

#[test]
fn sleepers_have_lateness_and_processor_time() {
    let results = results("sleepers", "gort,tokio,smol");
    assert_complete(&results, &["gort", "tokio", "smol"], &["p50", "p99", "cpu"]);
}

#[test]
fn parked_tasks_have_a_size() {
    let results = results("parked", "tokio,smol");
    assert_complete(&results, &["tokio", "smol"], &["memory"]);
    // Less than the state of a task cannot be; a kilobyte would be Go's stacks.
    for result in results {
        let bytes = result["median"].as_f64().expect("a number");
        assert!((32.0..1024.0).contains(&bytes), "{result}");
    }
}

#[test]
fn an_inside_echo_has_rate_and_latencies() {
    let results = results("tcp_echo_50", "tokio,smol");
    assert_complete(&results, &["tokio", "smol"], &["rate", "p50", "p99"]);
}

#[test]
fn rows_with_a_client_outside_also_tell_the_processor_time() {
    for row in ["tcp_echo_50_outside", "http_hello"] {
        let results = results(row, "tokio,smol");
        assert_complete(&results, &["tokio", "smol"], &["rate", "p50", "p99", "cpu"]);
    }
}

#[test]
fn the_best_peer_has_ratio_one() {
    let results = results("chained_spawn,yield_many", "tokio,smol");
    for row in results.chunks(2) {
        let ratios = [&row[0], &row[1]].map(|result| result["ratio"].as_f64().expect("a ratio"));
        assert_eq!(ratios[0].min(ratios[1]), 1.0, "{row:?}");
    }
}

#[test]
fn a_wrong_argument_is_named() {
    for (arguments, word) in [("--procs 0", "--procs"), ("--only nothing", "nothing")] {
        let output = runner(arguments);
        assert!(!output.status.success(), "{arguments}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(word),
            "{arguments}"
        );
    }
}

#[test]
fn a_go_that_is_none_is_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_gort-benches"))
        .args(["--only", "yield_one", "--rounds", "1"])
        .env("GORT_GO", "/no/such/go")
        .output()
        .expect("the runner starts");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("GORT_GO=/no/such/go"));
}
