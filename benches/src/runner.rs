//! Takes the measurements of a plan.
//!
//! Row after row; in a row, rounds; in a round, every runtime once, each in a process of its own.
//! So the figures that are compared were taken within moments of each other, and a machine that
//! slows down slows all of them. Each round begins with another runtime.

use std::env;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::machine;
use crate::options::Plan;
use crate::process::Process;
use crate::rival::Name;
use crate::rival::go::{self, GoProgram};
use crate::sample::{Message, Sample};
use crate::workload::{Traffic, Workload};

/// The runtimes' results in one workload with one number of workers.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) workload: Workload,
    pub(crate) procs: usize,
    pub(crate) outcomes: Vec<Outcome>,
}

/// One runtime's results, one sample for each round.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) rival: Name,
    pub(crate) samples: Vec<Sample>,
    /// Why a round failed. No more rounds are run after that one.
    pub(crate) failure: Option<String>,
}

/// Which program measures which runtime.
#[derive(Debug)]
pub(crate) struct Runner {
    exe: PathBuf,
    go: Option<GoProgram>,
    rivals: Vec<Name>,
    /// When the preparation began, from which the plan's budget counts.
    begun: Instant,
    conditions: Conditions,
}

/// What a reader of the figures should know.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    /// The release of Go, if Go took part.
    pub(crate) go_version: Option<String>,
    /// The load of the machine before anything was measured.
    pub(crate) load: Option<f64>,
}

impl Runner {
    /// Prepares the runtimes of `plan`. Without a Go the rows simply have no Go, unless the plan
    /// names it.
    pub(crate) fn new(plan: &Plan) -> io::Result<Runner> {
        let begun = Instant::now();
        let load = machine::load();
        let mut rivals = plan.rivals.clone();
        let mut go = None;
        if rivals.contains(&Name::Go) {
            eprintln!("building the Go program");
            go = go::build()?;
            if go.is_none() && plan.rivals_are_named {
                return Err(io::Error::other(
                    "no go on the path and none named by GORT_GO",
                ));
            }
            if go.is_none() {
                eprintln!("no go on the path and none named by GORT_GO: no row has Go");
                rivals.retain(|rival| *rival != Name::Go);
            }
        }
        let go_version = go.as_ref().map(|go| go.version.clone());
        Ok(Runner {
            exe: env::current_exe()?,
            go,
            rivals,
            begun,
            conditions: Conditions { go_version, load },
        })
    }

    pub(crate) fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Takes all measurements. A measurement that fails fails alone.
    pub(crate) fn run(&self, plan: &Plan) -> Vec<Row> {
        let of = plan.workloads.len() * plan.procs.len();
        let mut rows = Vec::with_capacity(of);
        for &workload in &plan.workloads {
            for &procs in &plan.procs {
                let progress = format!("[{}/{of}] {workload}, procs {procs}", rows.len() + 1);
                let time = plan.budget.map(|budget| {
                    share(budget.saturating_sub(self.begun.elapsed()), of - rows.len())
                });
                rows.push(self.row(workload, procs, plan, time, &progress));
            }
        }
        show("");
        rows
    }

    /// All rounds of one row, or as many as fit into `time`, at least one.
    fn row(
        &self,
        workload: Workload,
        procs: usize,
        plan: &Plan,
        time: Option<Duration>,
        progress: &str,
    ) -> Row {
        let start = Instant::now();
        let begun = |&rival: &Name| Outcome {
            rival,
            samples: Vec::new(),
            failure: None,
        };
        let takers = self.rivals.iter().filter(|rival| rival.takes(workload));
        let mut outcomes: Vec<Outcome> = takers.map(begun).collect();
        if !io::stderr().is_terminal() {
            eprintln!("{progress}");
        }
        for round in 0..plan.rounds {
            if round > 0 && time.is_some_and(|time| !one_more(start.elapsed(), round, time)) {
                break;
            }
            let count = outcomes.len();
            for turn in 0..count {
                let outcome = &mut outcomes[(round + turn) % count];
                if outcome.failure.is_some() {
                    continue;
                }
                let rival = outcome.rival;
                show(&format!(
                    "{progress}, round {}/{}: {rival}",
                    round + 1,
                    plan.rounds
                ));
                match self.measure(rival, workload, procs, workload.window(plan.window)) {
                    Ok(sample) => outcome.samples.push(sample),
                    Err(error) => outcome.failure = Some(error.to_string()),
                }
            }
        }
        Row {
            workload,
            procs,
            outcomes,
        }
    }

    fn measure(
        &self,
        rival: Name,
        workload: Workload,
        procs: usize,
        window: Duration,
    ) -> io::Result<Sample> {
        let program = match &self.go {
            Some(go) if rival == Name::Go => &go.path,
            _ => &self.exe,
        };
        let mut command = Command::new(program);
        command
            .arg("measure")
            .args(["--rival", &rival.to_string()])
            .args(["--workload", &workload.to_string()])
            .args(["--procs", &procs.to_string()])
            .args(["--millis", &window.as_millis().to_string()]);
        let mut measured = Process::start(&mut command)?;
        let sample = match workload.outside() {
            None => into_sample(measured.message()?)?,
            Some((traffic, connections)) => {
                let Message::Listening(address) = measured.message()? else {
                    return Err(io::Error::other("the server does not say where it listens"));
                };
                let sample = load(traffic, address, connections, window)?;
                measured.end_input();
                let Message::CpuNs(cpu) = measured.message()? else {
                    return Err(io::Error::other("the server does not say what it used"));
                };
                sample.with_cpu(Duration::from_nanos(cpu))
            }
        };
        measured.finish()?;
        Ok(sample)
    }
}

/// What one of `rows` rows may use of the time that is left.
fn share(left: Duration, rows: usize) -> Duration {
    left / u32::try_from(rows.max(1)).unwrap_or(u32::MAX)
}

/// Whether, after `rounds` rounds that took `elapsed`, one more of that length ends within `time`.
fn one_more(elapsed: Duration, rounds: usize, time: Duration) -> bool {
    elapsed.mul_f64((rounds + 1) as f64 / rounds as f64) <= time
}

/// Loads the server at `address` from a process of its own.
pub(crate) fn load(
    traffic: Traffic,
    address: SocketAddr,
    connections: usize,
    window: Duration,
) -> io::Result<Sample> {
    let mut command = Command::new(env::current_exe()?);
    command
        .arg("load")
        .args(["--traffic", &traffic.to_string()])
        .args(["--address", &address.to_string()])
        .args(["--connections", &connections.to_string()])
        .args(["--millis", &window.as_millis().to_string()]);
    let mut load = Process::start(&mut command)?;
    let sample = into_sample(load.message()?)?;
    load.finish()?;
    Ok(sample)
}

/// The sample in `message`, if it makes sense.
fn into_sample(message: Message) -> io::Result<Sample> {
    let Message::Sample(sample) = message else {
        return Err(io::Error::other(
            "the process printed something else than a sample",
        ));
    };
    let sound = |figure: &f64| figure.is_finite() && *figure > 0.0;
    if sample.operations == 0 || !sample.figures.values().all(sound) {
        return Err(io::Error::other(format!(
            "a sample that cannot be: {sample:?}"
        )));
    }
    Ok(sample)
}

/// Replaces the progress line by `text`, if anybody is there to see it.
fn show(text: &str) {
    let stderr = io::stderr();
    if stderr.is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::{into_sample, one_more, share};
    use crate::sample::{Message, Sample};
    use std::time::Duration;

    #[test]
    fn a_row_gets_an_equal_part_of_what_is_left() {
        assert_eq!(share(Duration::from_secs(9), 3), Duration::from_secs(3));
        assert_eq!(share(Duration::ZERO, 3), Duration::ZERO);
    }

    #[test]
    fn a_round_is_begun_only_if_it_will_end_in_time() {
        let second = Duration::from_secs(1);
        assert!(one_more(2 * second, 2, 3 * second));
        assert!(!one_more(3 * second, 2, 4 * second));
    }

    #[test]
    fn a_sample_without_operations_or_with_an_endless_figure_is_refused() {
        let sound = Sample::of_time(10, 10, Duration::from_micros(1));
        assert!(into_sample(Message::Sample(sound)).is_ok());
        let none = Sample::of_time(0, 1, Duration::from_micros(1));
        assert!(into_sample(Message::Sample(none)).is_err());
        let endless = Sample::of_time(10, 0, Duration::from_micros(1));
        assert!(into_sample(Message::Sample(endless)).is_err());
        assert!(into_sample(Message::CpuNs(1)).is_err());
    }
}
