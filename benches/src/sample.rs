//! What one measurement found, and the lines in which a measuring process tells it.
//!
//! Each process prints JSON objects, one a line, on its standard output. A workload whose client is
//! inside prints one [`Message::Sample`]. One whose client is outside prints
//! [`Message::Listening`], serves until its standard input ends and then prints
//! [`Message::CpuNs`]; its load generator prints the sample. The Go program prints the same lines.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::stats::Latencies;

/// One figure of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Metric {
    /// Nanoseconds for one operation.
    Time,
    /// Operations in a second.
    Rate,
    /// Microseconds which half of the exchanges did not exceed.
    P50,
    /// Microseconds which 99 of 100 exchanges did not exceed.
    P99,
    /// Microseconds of processor time that the server used for one exchange, or the process for
    /// one operation.
    Cpu,
    /// Bytes for one task.
    Memory,
}

impl Metric {
    /// Whether more is better. Of every other metric less is.
    pub(crate) fn is_rate(self) -> bool {
        self == Metric::Rate
    }
}

/// The figures of one measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Operations done in all, warm-up included.
    pub(crate) operations: u64,
    pub(crate) figures: BTreeMap<Metric, f64>,
}

impl Sample {
    /// `timed` operations of the `operations` took `elapsed`.
    pub(crate) fn of_time(operations: u64, timed: u64, elapsed: Duration) -> Sample {
        let nanos = elapsed.as_nanos() as f64 / timed as f64;
        Sample {
            operations,
            figures: BTreeMap::from([(Metric::Time, nanos)]),
        }
    }

    /// The exchanges in `latencies` were completed within `elapsed`.
    pub(crate) fn of_exchanges(operations: u64, latencies: Latencies, elapsed: Duration) -> Sample {
        let rate = latencies.count() as f64 / elapsed.as_secs_f64();
        let mut sample = Sample::of_latencies(operations, latencies);
        sample.figures.insert(Metric::Rate, rate);
        sample
    }

    /// `latencies` is how long, or how late, some of `operations` were.
    pub(crate) fn of_latencies(operations: u64, mut latencies: Latencies) -> Sample {
        let figures = BTreeMap::from([
            (Metric::P50, latencies.percentile_us(50.0)),
            (Metric::P99, latencies.percentile_us(99.0)),
        ]);
        Sample {
            operations,
            figures,
        }
    }

    /// `tasks` tasks occupy `bytes` together.
    pub(crate) fn of_memory(tasks: u64, bytes: u64) -> Sample {
        Sample {
            operations: tasks,
            figures: BTreeMap::from([(Metric::Memory, bytes as f64 / tasks as f64)]),
        }
    }

    /// Adds the processor time `cpu`, shared out over all operations.
    pub(crate) fn with_cpu(mut self, cpu: Duration) -> Sample {
        let micros = cpu.as_nanos() as f64 / 1e3 / self.operations as f64;
        self.figures.insert(Metric::Cpu, micros);
        self
    }
}

/// One line from a measuring process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Message {
    /// The server accepts connections here.
    Listening(SocketAddr),
    /// The measurement is over.
    Sample(Sample),
    /// Processor time in nanoseconds the server used since it began to listen.
    CpuNs(u64),
}

impl Message {
    /// Prints the message as a line of its own.
    pub(crate) fn print(&self) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        std::io::Write::write_all(&mut std::io::stdout().lock(), &line)
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, Metric, Sample};
    use crate::stats::Latencies;
    use std::time::Duration;

    #[test]
    fn the_lines_of_the_go_program_are_understood() {
        let line = r#"{"sample":{"operations":7,"figures":{"rate":1000,"p50":1.5,"p99":3}}}"#;
        let Ok(Message::Sample(sample)) = serde_json::from_str(line) else {
            panic!("not a sample: {line}");
        };
        assert_eq!(sample.operations, 7);
        assert_eq!(sample.figures[&Metric::Rate], 1000.0);
        assert_eq!(sample.figures[&Metric::P99], 3.0);
        assert_eq!(
            serde_json::from_str::<Message>(r#"{"listening":"127.0.0.1:80"}"#).unwrap(),
            Message::Listening(([127, 0, 0, 1], 80).into())
        );
        assert_eq!(
            serde_json::from_str::<Message>(r#"{"cpu_ns":12}"#).unwrap(),
            Message::CpuNs(12)
        );
    }

    #[test]
    fn time_is_per_timed_operation() {
        let sample = Sample::of_time(1500, 1000, Duration::from_micros(250));
        assert_eq!(sample.figures[&Metric::Time], 250.0);
    }

    #[test]
    fn rate_counts_the_timed_exchanges_and_cpu_all_of_them() {
        let mut latencies = Latencies::default();
        for _ in 0..50 {
            latencies.record(Duration::from_micros(10));
        }
        let sample = Sample::of_exchanges(100, latencies, Duration::from_millis(10));
        let sample = sample.with_cpu(Duration::from_millis(1));
        assert_eq!(sample.figures[&Metric::Rate], 5000.0);
        assert_eq!(sample.figures[&Metric::P50], 10.0);
        assert_eq!(sample.figures[&Metric::Cpu], 10.0);
    }
}
