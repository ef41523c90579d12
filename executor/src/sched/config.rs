//! What a runtime is started with.

use crate::panic::PanicPolicy;
use std::{env, io, thread};

/// The most permits a runtime can have (as Go's limit).
pub(crate) const PROCS_MAX: usize = 1024;

/// The settings of a runtime, checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// How many goroutines run at a time: 1 to [`PROCS_MAX`].
    pub(crate) procs: u32,
    /// What the names of its threads begin with.
    pub(crate) thread_name: String,
    /// How many Ms there may be: those that run, those in calls that block, and spare ones.
    pub(crate) max_threads: u32,
    /// How many threads `spawn_blocking` may use at a time.
    pub(crate) max_blocking_threads: usize,
    pub(crate) on_panic: PanicPolicy,
}

impl Config {
    /// The settings where nothing is said, but by the environment.
    ///
    /// # Errors
    /// If `GORT_PROCS` (or, where it is absent, `GOMAXPROCS`) is malformed.
    pub(crate) fn from_env() -> io::Result<Self> {
        let procs = match procs_from_env()? {
            Some(procs) => procs,
            None => num_cpu().min(PROCS_MAX) as u32,
        };
        Ok(Self::with_procs(procs))
    }

    /// The settings where only the number of permits is said.
    pub(crate) fn with_procs(procs: u32) -> Self {
        Self {
            procs,
            thread_name: String::from("gort-m"),
            max_threads: 10_000,
            max_blocking_threads: 512,
            on_panic: PanicPolicy::default(),
        }
    }
}

/// How many processors the process may use.
pub(crate) fn num_cpu() -> usize {
    thread::available_parallelism().map_or(1, |n| n.get())
}

/// The number of permits that the environment asks for.
fn procs_from_env() -> io::Result<Option<u32>> {
    for name in ["GORT_PROCS", "GOMAXPROCS"] {
        if let Some(value) = env::var_os(name) {
            let text = value.to_string_lossy();
            return parse_procs(&text).map(Some).map_err(|why| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("{name}={text:?}: {why}"),
                )
            });
        }
    }
    Ok(None)
}

/// Checks a number of permits.
pub(crate) fn check_procs(procs: usize) -> Result<u32, String> {
    match procs {
        0 => Err(String::from("at least 1 is needed to run anything")),
        1..=PROCS_MAX => Ok(procs as u32),
        _ => Err(format!("at most {PROCS_MAX} are possible")),
    }
}

fn parse_procs(text: &str) -> Result<u32, String> {
    let procs = text
        .trim()
        .parse::<usize>()
        .map_err(|_| format!("expected a number from 1 to {PROCS_MAX}"))?;
    check_procs(procs)
}

#[cfg(test)]
mod tests {
    use super::parse_procs;

    #[test]
    fn procs_are_whole_numbers_from_1_to_1024() {
        assert_eq!(parse_procs("1"), Ok(1));
        assert_eq!(parse_procs(" 1024 "), Ok(1024));
        for bad in [
            "",
            "0",
            "1025",
            "-1",
            "two",
            "1.5",
            "99999999999999999999999",
        ] {
            assert!(parse_procs(bad).is_err(), "{bad:?} was taken");
        }
    }
}
