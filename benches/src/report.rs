//! Turns measurements into records, and these into a table or JSON.

use std::fmt::Write as _;
use std::io;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::machine;
use crate::options::Plan;
use crate::rival::Name;
use crate::runner::{Conditions, Outcome, Row};
use crate::sample::Metric;
use crate::stats::Spread;
use crate::workload::Workload;

/// One runtime's result in one metric of one row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Record {
    pub(crate) workload: String,
    pub(crate) metric: Metric,
    pub(crate) unit: &'static str,
    pub(crate) procs: usize,
    pub(crate) runtime: String,
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// How many measurements the median is of.
    pub(crate) rounds: usize,
    /// This median divided by that of the best peer (not gort), for rates the inverse: less is
    /// better, the best peer itself has 1. `None` where there is no peer.
    pub(crate) ratio: Option<f64>,
}

/// The records of all rows, in the order of the table.
pub(crate) fn records(rows: &[Row]) -> Vec<Record> {
    let mut records = Vec::new();
    for row in rows {
        for metric in [
            Metric::Time,
            Metric::Rate,
            Metric::P50,
            Metric::P99,
            Metric::Cpu,
            Metric::Memory,
        ] {
            records.extend(compare(
                row.workload,
                row.procs,
                metric,
                &spreads(row, metric),
            ));
        }
    }
    records
}

/// Each runtime's spread in `metric`, if it was measured.
fn spreads(row: &Row, metric: Metric) -> Vec<(Name, Spread)> {
    let spread = |outcome: &Outcome| {
        let figures = outcome
            .samples
            .iter()
            .filter_map(|sample| sample.figures.get(&metric));
        let spread = Spread::of(&figures.copied().collect::<Vec<_>>())?;
        Some((outcome.rival, spread))
    };
    row.outcomes.iter().filter_map(spread).collect()
}

fn compare(
    workload: Workload,
    procs: usize,
    metric: Metric,
    spreads: &[(Name, Spread)],
) -> Vec<Record> {
    let cost = |median: f64| {
        if metric.is_rate() {
            1.0 / median
        } else {
            median
        }
    };
    let peers = spreads.iter().filter(|(name, _)| *name != Name::Gort);
    let best = peers
        .map(|(_, spread)| cost(spread.median))
        .min_by(f64::total_cmp);
    let record = |(name, spread): &(Name, Spread)| Record {
        workload: workload.to_string(),
        metric,
        unit: workload.unit(metric),
        procs,
        runtime: name.to_string(),
        median: spread.median,
        min: spread.min,
        max: spread.max,
        rounds: spread.count,
        ratio: best.map(|best| cost(spread.median) / best),
    };
    spreads.iter().map(record).collect()
}

/// The records as a table in Markdown, and below it what one must know to read it.
pub(crate) fn table(records: &[Record], plan: &Plan, conditions: &Conditions) -> String {
    let mut runtimes: Vec<&str> = Vec::new();
    for record in records {
        if !runtimes.contains(&record.runtime.as_str()) {
            runtimes.push(&record.runtime);
        }
    }
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN);
    let heads = ["gort / best", "workload", "procs", "unit"];
    table.set_header(heads.iter().chain(&runtimes));
    let same = |a: &Record, b: &Record| {
        (&a.workload, a.metric, a.procs) == (&b.workload, b.metric, b.procs)
    };
    for line in records.chunk_by(same) {
        table.add_row(cells(line, &runtimes));
    }
    for column in table
        .column_iter_mut()
        .filter(|column| ![1, 3].contains(&column.index))
    {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{table}\n\n{}", footer(records, plan, conditions))
}

/// One line of the table: the figures of all runtimes in one metric.
fn cells(line: &[Record], runtimes: &[&str]) -> Vec<String> {
    let first = &line[0];
    let of = |runtime: &str| line.iter().find(|record| record.runtime == runtime);
    let ratio = of("gort").and_then(|record| record.ratio);
    let title = match first.metric {
        Metric::Time | Metric::Rate | Metric::Memory => first.workload.clone(),
        Metric::P50 => format!("{} p50", first.workload),
        Metric::P99 => format!("{} p99", first.workload),
        Metric::Cpu => format!("{} cpu", first.workload),
    };
    let mut cells = vec![
        ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
        title,
        first.procs.to_string(),
        first.unit.to_owned(),
    ];
    let spread = |record: &Record| {
        let (median, min, max) = (record.median, record.min, record.max);
        format!("{} ({}-{})", figure(median), figure(min), figure(max))
    };
    cells.extend(
        runtimes
            .iter()
            .map(|runtime| of(runtime).map_or("-".to_owned(), spread)),
    );
    cells
}

/// Three digits or so.
fn figure(value: f64) -> String {
    match value {
        100_000.0.. => format!("{:.0}k", value / 1e3),
        10_000.0.. => format!("{:.1}k", value / 1e3),
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn footer(records: &[Record], plan: &Plan, conditions: &Conditions) -> String {
    let cpus = machine::cpus();
    let mut text = format!(
        "First column: gort's figure divided by the best peer's, for rates the inverse; below 1 \
         gort is ahead.\nOther columns: median (least-most) of {} rounds of {} ms, runtimes in \
         turn, each measurement in a process of its own.\nEvery Rust runtime uses the system's \
         allocator. tokio {}, async-executor {}, async-io {}",
        rounds(records),
        plan.window.as_millis(),
        version("tokio"),
        version("async-executor"),
        version("async-io"),
    );
    if let Some(version) = &conditions.go_version {
        // Writing to a String cannot fail.
        write!(text, ", Go {version}").ok();
    }
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    writeln!(text, ". {os} on {arch}, {cpus} processors.").ok();
    if let Some(load) = conditions.load.filter(|load| *load > cpus as f64 / 2.0) {
        writeln!(
            text,
            "The machine was busy before (load {load:.1}): compare with care."
        )
        .ok();
    }
    if cfg!(debug_assertions) {
        writeln!(text, "This is a debug build: the figures mean nothing.").ok();
    }
    text
}

/// How many rounds the records rest on.
fn rounds(records: &[Record]) -> String {
    let counts = || records.iter().map(|record| record.rounds);
    match (counts().min().unwrap_or(0), counts().max().unwrap_or(0)) {
        (min, max) if min == max => max.to_string(),
        (min, max) => format!("{min} to {max}"),
    }
}

/// The version of a dependency that this program was built with.
fn version(package: &str) -> &'static str {
    const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"));
    let (_, rest) = LOCK
        .split_once(&format!("name = \"{package}\"\nversion = \""))
        .unwrap_or_default();
    rest.split('"').next().unwrap_or_default()
}

/// A line for each measurement that failed.
pub(crate) fn failures(rows: &[Row]) -> impl Iterator<Item = String> + '_ {
    rows.iter().flat_map(|row| {
        row.outcomes.iter().filter_map(|outcome| {
            let failure = outcome.failure.as_ref()?;
            Some(format!(
                "{} procs {} on {}: {failure}",
                row.workload, row.procs, outcome.rival
            ))
        })
    })
}

/// The records as a JSON array.
pub(crate) fn json(records: &[Record]) -> io::Result<String> {
    let mut text = serde_json::to_string_pretty(records)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Record, failures, figure, json, records, rounds, table, version};
    use crate::options::Options;
    use crate::rival::Name;
    use crate::runner::{Conditions, Outcome, Row};
    use crate::sample::{Metric, Sample};
    use crate::workload::Workload;
    use std::collections::BTreeMap;

    fn outcome(rival: Name, metric: Metric, figures: &[f64]) -> Outcome {
        let sample = |&figure: &f64| Sample {
            operations: 1,
            figures: BTreeMap::from([(metric, figure)]),
        };
        Outcome {
            rival,
            samples: figures.iter().map(sample).collect(),
            failure: None,
        }
    }

    fn row(workload: Workload, outcomes: Vec<Outcome>) -> Row {
        Row {
            workload,
            procs: 2,
            outcomes,
        }
    }

    fn ratios(records: &[Record]) -> Vec<(&str, Option<f64>)> {
        records
            .iter()
            .map(|record| (record.runtime.as_str(), record.ratio))
            .collect()
    }

    #[test]
    fn ratio_of_a_time_is_to_the_least_median_of_the_peers() {
        let rows = [row(
            Workload::SpawnAwait,
            vec![
                outcome(Name::Gort, Metric::Time, &[150.0, 900.0, 100.0]),
                outcome(Name::Tokio, Metric::Time, &[300.0, 299.0, 301.0]),
                outcome(Name::Go, Metric::Time, &[600.0]),
            ],
        )];
        let records = records(&rows);
        let expected = [("gort", Some(0.5)), ("tokio", Some(1.0)), ("go", Some(2.0))];
        assert_eq!(ratios(&records), expected);
        assert_eq!(
            (records[0].min, records[0].max, records[0].rounds),
            (100.0, 900.0, 3)
        );
        assert_eq!(rounds(&records), "1 to 3");
    }

    #[test]
    fn ratio_of_a_rate_is_inverted() {
        let rows = [row(
            Workload::HttpHello,
            vec![
                outcome(Name::Gort, Metric::Rate, &[200.0]),
                outcome(Name::Tokio, Metric::Rate, &[100.0]),
                outcome(Name::Smol, Metric::Rate, &[50.0]),
            ],
        )];
        let expected = [
            ("gort", Some(0.5)),
            ("tokio", Some(1.0)),
            ("smol", Some(2.0)),
        ];
        assert_eq!(ratios(&records(&rows)), expected);
    }

    #[test]
    fn without_a_peer_there_is_no_ratio() {
        let rows = [row(
            Workload::YieldOne,
            vec![outcome(Name::Gort, Metric::Time, &[5.0])],
        )];
        assert_eq!(ratios(&records(&rows)), [("gort", None)]);
    }

    #[test]
    fn json_objects_have_the_promised_keys() {
        let rows = [row(
            Workload::TcpEcho50,
            vec![outcome(Name::Go, Metric::Rate, &[5.0])],
        )];
        let text = json(&records(&rows)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        for key in [
            "workload", "runtime", "procs", "unit", "median", "min", "max", "ratio",
        ] {
            assert!(value[0].get(key).is_some(), "{key} in {text}");
        }
        assert_eq!(value[0]["workload"], "tcp_echo_50");
        assert_eq!(value[0]["unit"], "msg/s");
    }

    #[test]
    fn table_has_the_ratio_first_and_a_dash_for_what_is_missing() {
        let mut failed = outcome(Name::Tokio, Metric::Time, &[]);
        failed.failure = Some("ended".to_owned());
        let gort = outcome(Name::Gort, Metric::Time, &[50.0]);
        let rows = [
            row(
                Workload::YieldMany,
                vec![gort, outcome(Name::Tokio, Metric::Time, &[100.0])],
            ),
            row(
                Workload::PingPong,
                vec![outcome(Name::Gort, Metric::Time, &[7.0]), failed],
            ),
        ];
        let text = table(
            &records(&rows),
            &Options::default().plan(),
            &Conditions::default(),
        );
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[2].trim_start_matches([' ', '|']).starts_with("0.50"),
            "{text}"
        );
        assert!(
            lines[3].trim_end_matches([' ', '|']).ends_with('-'),
            "{text}"
        );
        assert_eq!(
            failures(&rows).collect::<Vec<_>>(),
            ["ping_pong procs 2 on tokio: ended"]
        );
    }

    #[test]
    fn figures_have_about_three_digits() {
        let shown = [1.234, 12.34, 123.4, 1234.0, 12_340.0, 228_140.0].map(figure);
        assert_eq!(shown, ["1.23", "12.3", "123", "1234", "12.3k", "228k"]);
    }

    #[test]
    fn versions_of_the_peers_are_known() {
        for package in ["tokio", "async-executor", "async-io"] {
            assert!(version(package).contains('.'), "{package}");
        }
        assert_eq!(version("no-such-package"), "");
    }
}
