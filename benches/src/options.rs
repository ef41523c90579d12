//! The command line, and the plan that follows from it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::machine;
use crate::rival::Name;
use crate::workload::{Traffic, Workload};

/// Leaves, of the promised 90 seconds, some for the HTTP server before and the last round's end.
const QUICK_BUDGET: Duration = Duration::from_secs(80);

/// Measures gort beside tokio, smol and Go.
///
/// Without arguments: serves HTTP on gort for a moment, then prints the quick comparison.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs one measurement in this process and prints it as JSON (the runner starts this).
    Measure(Measure),
    /// Loads a server and prints what it saw as JSON (the runner starts this).
    Load(Load),
    /// Prints what deferred code costs.
    Defer,
    /// Prints what it costs to declare a call that may block.
    Syscall,
}

/// What to compare.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    /// The main rows with all processors, in less than 90 seconds (the default)
    #[arg(long, conflicts_with = "full")]
    pub(crate) quick: bool,
    /// Every row with all processors and with one, more and longer rounds
    #[arg(long)]
    pub(crate) full: bool,
    /// Only these rows
    #[arg(long, value_delimiter = ',', value_name = "ROWS")]
    pub(crate) only: Vec<Workload>,
    /// Only these runtimes
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(crate) rivals: Vec<Name>,
    /// How many workers each runtime has; several values make several rows
    #[arg(long, value_delimiter = ',', value_name = "N", value_parser = positive())]
    pub(crate) procs: Vec<usize>,
    /// How often each measurement is taken
    #[arg(long, value_name = "N", value_parser = positive())]
    pub(crate) rounds: Option<usize>,
    /// How long each measurement lasts, in milliseconds
    #[arg(long, value_name = "MS", value_parser = positive())]
    pub(crate) millis: Option<usize>,
    /// Also write the results to this file, as a JSON array
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// One measurement.
#[derive(Args, Clone, Debug)]
pub(crate) struct Measure {
    #[arg(long)]
    pub(crate) rival: Name,
    #[arg(long)]
    pub(crate) workload: Workload,
    #[arg(long, value_parser = positive())]
    pub(crate) procs: usize,
    #[arg(long, default_value = "200", value_parser = positive())]
    pub(crate) millis: usize,
}

/// One load.
#[derive(Args, Clone, Debug)]
pub(crate) struct Load {
    #[arg(long)]
    pub(crate) traffic: Traffic,
    #[arg(long)]
    pub(crate) address: SocketAddr,
    #[arg(long, value_parser = positive())]
    pub(crate) connections: usize,
    #[arg(long, default_value = "200", value_parser = positive())]
    pub(crate) millis: usize,
}

/// Everything the runner has to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) workloads: Vec<Workload>,
    pub(crate) procs: Vec<usize>,
    pub(crate) rivals: Vec<Name>,
    pub(crate) rounds: usize,
    pub(crate) window: Duration,
    /// The time all measurements together may take; late rows have fewer rounds then.
    pub(crate) budget: Option<Duration>,
    /// Whether the runtimes were asked for by name, so that a missing one is an error.
    pub(crate) rivals_are_named: bool,
}

impl Options {
    /// Whether the program was started without arguments.
    pub(crate) fn is_bare(&self) -> bool {
        *self == Options::default()
    }

    pub(crate) fn plan(&self) -> Plan {
        self.plan_for(machine::cpus())
    }

    fn plan_for(&self, cpus: usize) -> Plan {
        let workloads = if self.only.is_empty() {
            let all = Workload::value_variants().iter().copied();
            all.filter(|workload| self.full || workload.is_quick())
                .collect()
        } else {
            self.only.clone()
        };
        let mut procs = self.procs.clone();
        if procs.is_empty() {
            procs.push(cpus);
            if self.full && cpus > 1 {
                procs.push(1);
            }
        }
        let mut rivals = self.rivals.clone();
        if rivals.is_empty() {
            let all = Name::value_variants().iter().copied();
            let quick = self.only.is_empty() && !self.full;
            rivals.extend(all.filter(|rival| !quick || rival.is_quick()));
        }
        let promises_to_be_quick = self.is_bare() || (self.quick && self.rounds.is_none());
        let (rounds, millis) = if self.full { (7, 300) } else { (5, 150) };
        Plan {
            workloads,
            procs,
            rivals,
            rounds: self.rounds.unwrap_or(rounds),
            window: window(self.millis.unwrap_or(millis)),
            budget: promises_to_be_quick.then_some(QUICK_BUDGET),
            rivals_are_named: !self.rivals.is_empty(),
        }
    }
}

impl Measure {
    pub(crate) fn window(&self) -> Duration {
        window(self.millis)
    }
}

impl Load {
    pub(crate) fn window(&self) -> Duration {
        window(self.millis)
    }
}

fn window(millis: usize) -> Duration {
    Duration::from_millis(millis as u64)
}

/// Parses a count that must not be zero.
fn positive() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=100_000)
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command, Name, Options, Workload};
    use clap::{CommandFactory, Parser};
    use std::time::Duration;

    fn options(line: &str) -> Options {
        try_options(line).unwrap()
    }

    fn try_options(line: &str) -> Result<Options, clap::Error> {
        let words = std::iter::once("gort-benches").chain(line.split_whitespace());
        Cli::try_parse_from(words).map(|cli| cli.options)
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_argument_is_the_quick_plan() {
        let bare = options("");
        assert!(bare.is_bare());
        assert_eq!(bare.plan_for(2), options("--quick").plan_for(2));
        assert!(!options("--quick").is_bare());
        assert!(bare.plan_for(2).budget.is_some());
    }

    #[test]
    fn rounds_that_are_asked_for_are_taken_however_long_they_last() {
        assert_eq!(options("--quick --rounds 20").plan_for(2).budget, None);
        assert_eq!(options("--full").plan_for(2).budget, None);
        assert_eq!(options("--only yield_one").plan_for(2).budget, None);
    }

    #[test]
    fn quick_leaves_out_rows_and_runtimes_and_uses_every_processor() {
        let plan = options("--quick").plan_for(4);
        assert!(plan.workloads.contains(&Workload::TcpEcho1000));
        assert!(!plan.workloads.contains(&Workload::TcpEcho1000Outside));
        assert_eq!(plan.procs, [4]);
        assert!(plan.rivals.contains(&Name::Go));
        assert!(!plan.rivals.contains(&Name::TokioFlume));
    }

    #[test]
    fn full_has_every_row_and_one_processor_too() {
        let plan = options("--full").plan_for(4);
        assert!(plan.workloads.contains(&Workload::TcpEcho50Outside));
        assert!(plan.rivals.contains(&Name::TokioFlume));
        assert_eq!(plan.procs, [4, 1]);
        assert_eq!(options("--full").plan_for(1).procs, [1]);
    }

    #[test]
    fn what_is_asked_for_replaces_the_default() {
        let line = "--only tcp_echo_50,yield_one --procs 1,2 --rivals go --rounds 3 --millis 50";
        let plan = options(line).plan_for(8);
        assert_eq!(plan.workloads, [Workload::TcpEcho50, Workload::YieldOne]);
        assert_eq!(plan.procs, [1, 2]);
        assert_eq!(plan.rivals, [Name::Go]);
        assert!(plan.rivals_are_named);
        assert_eq!((plan.rounds, plan.window), (3, Duration::from_millis(50)));
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "--procs 0",
            "--rounds 0",
            "--only nothing",
            "--rivals c",
            "--quick --full",
        ] {
            assert!(try_options(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_measurement_is_told_by_its_own_options() {
        let words = "gort-benches measure --rival smol --workload ping_pong --procs 2 --millis 9";
        let cli = Cli::try_parse_from(words.split(' ')).unwrap();
        let Some(Command::Measure(measure)) = cli.command else {
            panic!("not a measurement: {cli:?}");
        };
        assert_eq!(
            (measure.rival, measure.workload),
            (Name::Smol, Workload::PingPong)
        );
        assert_eq!(
            (measure.procs, measure.window()),
            (2, Duration::from_millis(9))
        );
    }
}
