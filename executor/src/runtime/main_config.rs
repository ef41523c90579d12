//! [`MainConfig`]: what the attributes `#[gort::main]` and `#[gort::test]` ask of the runtime.

/// The options of one `#[gort::main]` or `#[gort::test]`.
///
/// The attributes build it; the entry functions of the runtime read it. A field that was not given
/// leaves the decision to the runtime, environment variables included.
#[derive(Clone, Debug, Default)]
pub struct MainConfig {
    /// How many goroutines may run at the same time.
    pub(crate) procs: Option<usize>,
}

impl MainConfig {
    /// A configuration that asks for nothing.
    pub fn new() -> Self {
        MainConfig::default()
    }

    /// Lets `procs` goroutines run at the same time.
    pub fn procs(mut self, procs: usize) -> Self {
        self.procs = Some(procs);
        self
    }
}
