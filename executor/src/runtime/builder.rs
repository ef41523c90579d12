//! How to start a runtime.

use super::Runtime;
use crate::panic::PanicPolicy;
use crate::sched::{Config, Sched, check_procs};
use std::io;

/// The settings of a [`Runtime`] to be.
///
/// What is not set comes from the environment (`GORT_PROCS`, or `GOMAXPROCS` where that is absent)
/// or has the default named at each method.
///
/// # Examples
/// ```
/// let runtime = gort::Runtime::builder().procs(2).thread_name("worker").build().unwrap();
/// assert_eq!(runtime.procs(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    procs: Option<usize>,
    thread_name: Option<String>,
    max_threads: Option<usize>,
    max_blocking_threads: Option<usize>,
    on_panic: PanicPolicy,
}

impl Builder {
    /// How many goroutines run at a time, 1 to 1024: Go's GOMAXPROCS. By default the number of
    /// processors that the process may use.
    ///
    /// # Examples
    /// See [`Builder`].
    pub fn procs(mut self, procs: usize) -> Self {
        self.procs = Some(procs);
        self
    }

    /// What the names of the runtime's threads begin with; `gort-m` by default.
    ///
    /// # Examples
    /// See [`Builder`].
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = Some(name.into());
        self
    }

    /// How many threads may run goroutines, be in calls that block, or be spare: Go's
    /// `debug.SetMaxThreads`. 10 000 by default.
    ///
    /// As in Go it is fatal to need more, with Go's text and exit code 2. It takes as many
    /// [`syscall`](fn@super::syscall)s that last at the same time: calls of
    /// [`blocking`](fn@super::blocking) and [`spawn_blocking`](super::spawn_blocking) wait instead.
    ///
    /// # Examples
    /// ```
    /// let runtime = gort::Runtime::builder().procs(1).max_threads(50).build().unwrap();
    /// # drop(runtime);
    /// ```
    pub fn max_threads(mut self, threads: usize) -> Self {
        self.max_threads = Some(threads);
        self
    }

    /// How many calls of [`blocking`](fn@super::blocking) and
    /// [`spawn_blocking`](super::spawn_blocking) may run at a time; further ones wait. 512 by
    /// default.
    ///
    /// # Examples
    /// ```
    /// let runtime = gort::Runtime::builder().max_blocking_threads(8).build().unwrap();
    /// # drop(runtime);
    /// ```
    pub fn max_blocking_threads(mut self, threads: usize) -> Self {
        self.max_blocking_threads = Some(threads);
        self
    }

    /// What becomes of a panic that nobody handles.
    ///
    /// # Examples
    /// See [`PanicPolicy`].
    pub fn on_panic(mut self, policy: PanicPolicy) -> Self {
        self.on_panic = policy;
        self
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// `InvalidInput` if a setting, or a variable of the environment that is needed for it, is out
    /// of its range; the system's error if it refuses the netpoller or the first thread.
    ///
    /// # Examples
    /// ```
    /// let error = gort::Runtime::builder().procs(0).build().unwrap_err();
    /// assert_eq!(error.to_string(), "procs(0): at least 1 is needed to run anything");
    /// ```
    pub fn build(self) -> io::Result<Runtime> {
        let config = self.into_config()?;
        crate::panic::install();
        Ok(Runtime::new(Sched::start(config)?))
    }

    /// The settings, checked.
    fn into_config(self) -> io::Result<Config> {
        let mut config = match self.procs {
            None => Config::from_env()?,
            Some(procs) => {
                let checked = check_procs(procs);
                Config::with_procs(
                    checked.map_err(|why| invalid(format!("procs({procs}): {why}")))?,
                )
            }
        };
        if self.max_blocking_threads == Some(0) {
            let what = "max_blocking_threads(0): at least 1 is needed to run a blocking call";
            return Err(invalid(what.to_owned()));
        }
        if let Some(threads) = self.max_threads {
            config.max_threads = u32::try_from(threads).unwrap_or(u32::MAX);
            if config.max_threads < config.procs {
                let procs = config.procs;
                return Err(invalid(format!(
                    "max_threads({threads}): at least {procs} are needed to run {procs} goroutines \
                     at a time"
                )));
            }
        }
        if let Some(name) = self.thread_name.as_ref().filter(|name| name.contains('\0')) {
            return Err(invalid(format!(
                "thread_name({name:?}): a name cannot hold a NUL"
            )));
        }
        config.on_panic = self.on_panic;
        config.thread_name = self.thread_name.unwrap_or(config.thread_name);
        config.max_blocking_threads = self
            .max_blocking_threads
            .unwrap_or(config.max_blocking_threads);
        Ok(config)
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
