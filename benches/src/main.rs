//! gort beside tokio, smol and Go, measured in one run.
//!
//! Without arguments the program serves HTTP on gort for a moment, loads it from a second process,
//! and then prints the quick comparison. `benches/README.md` tells what each row measures.
//!
//! One binary plays every part: the runner starts it again (`std::env::current_exe`) as `measure`,
//! which holds one workload on one runtime, and as `load`, which is the client of the rows whose
//! client is outside. A measurement therefore never shares a process with another.

mod channel;
mod defer;
mod demo;
mod load;
mod machine;
mod measure;
mod options;
mod process;
mod report;
mod rival;
mod runner;
mod sample;
mod stats;
mod syscall;
mod workload;

use std::process::ExitCode;

use clap::Parser;

use options::{Cli, Command, Options};
use runner::Runner;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Some(Command::Measure(measure)) => measure::run(&measure),
        Some(Command::Load(load)) => load::run(&load),
        Some(Command::Defer) => Ok(defer::run()),
        Some(Command::Syscall) => syscall::run(),
        None => compare(&cli.options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gort-benches: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the plan of the arguments, prints the table, writes the JSON file.
fn compare(options: &Options) -> std::io::Result<ExitCode> {
    if options.is_bare() {
        demo::run()?;
    }
    let plan = options.plan();
    let runner = Runner::new(&plan)?;
    let rows = runner.run(&plan);
    let records = report::records(&rows);
    println!("{}", report::table(&records, &plan, runner.conditions()));
    for failure in report::failures(&rows) {
        println!("FAILED {failure}");
    }
    if let Some(path) = &options.json {
        std::fs::write(path, report::json(&records)?)?;
        eprintln!("wrote {}", path.display());
    }
    let failed = report::failures(&rows).next().is_some();
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
