//! `#[gort::main]`: what becomes of the function.
//!
//! A `main` inside a module is an ordinary function, so it is called like one here.

use std::process::ExitCode;

/// Stands where gort stands, and tells which of its functions an expansion called.
mod spy {
    pub(crate) mod __rt {
        use std::cell::RefCell;
        use std::future::Future;

        pub(crate) use gort::__rt::{ExitCode, report, unreached};

        thread_local! {
            pub(crate) static CALLED: RefCell<String> = const { RefCell::new(String::new()) };
        }

        pub(crate) struct MainConfig(Option<usize>);

        impl MainConfig {
            pub(crate) fn new() -> Self {
                MainConfig(None)
            }

            pub(crate) fn procs(self, procs: usize) -> Self {
                MainConfig(Some(procs))
            }
        }

        fn run<T>(door: &str, config: MainConfig, future: impl Future<Output = T>) -> T {
            CALLED.set(format!("{door} {:?}", config.0));
            futures::executor::block_on(future)
        }

        pub(crate) fn run_main<F, T>(config: MainConfig, future: F) -> T
        where
            F: Future<Output = T> + Send + 'static,
            T: Send + 'static,
        {
            run("main", config, future)
        }

        pub(crate) fn run_main_local<F: Future>(config: MainConfig, future: F) -> F::Output {
            run("local", config, future)
        }
    }
}

/// What the last expansion on this thread called.
fn called() -> String {
    spy::__rt::CALLED.take()
}

#[test]
fn arguments_arrive_at_the_runtime() {
    mod none {
        use crate::main_attr::spy;

        #[gort::main(crate = spy)]
        pub(super) async fn main() {}
    }
    mod procs {
        const CPUS: usize = 3;

        #[gort::main(procs = CPUS * 2, crate = crate::main_attr::spy)]
        pub(super) async fn main() {}
    }
    mod local {
        #[gort::main(local, procs = 1, crate = crate::main_attr::spy)]
        pub(super) async fn main() {
            let shared = std::rc::Rc::new(1);
            std::future::ready(()).await;
            assert_eq!(*shared, 1);
        }
    }
    none::main();
    assert_eq!(called(), "main None");
    procs::main();
    assert_eq!(called(), "main Some(6)");
    local::main();
    assert_eq!(called(), "local Some(1)");
}

#[test]
fn the_result_becomes_the_exit_code() {
    mod parse {
        // `Box<dyn Error>` is not `Send`; nothing of the result leaves the goroutine.
        #[gort::main(crate = crate::main_attr::spy)]
        pub(super) async fn main() -> Result<(), Box<dyn std::error::Error>> {
            let n: i32 = std::future::ready("1").await.parse()?;
            if n == 1 {
                return Ok(());
            }
            Err("not one".into())
        }
    }
    mod code {
        #[gort::main(crate = crate::main_attr::spy)]
        pub(super) async fn main() -> std::process::ExitCode {
            std::process::ExitCode::from(7)
        }
    }
    mod opaque {
        #[gort::main(crate = crate::main_attr::spy)]
        pub(super) async fn main() -> impl std::process::Termination {
            std::process::ExitCode::from(8)
        }
    }
    assert_eq!(parse::main(), ExitCode::SUCCESS);
    assert_eq!(code::main(), ExitCode::from(7));
    assert_eq!(opaque::main(), ExitCode::from(8));
}

#[test]
fn a_function_without_result_keeps_none() {
    mod plain {
        #[gort::main(crate = crate::main_attr::spy)]
        // An explicit unit is no result either.
        pub(super) async fn main() -> () {
            if std::future::ready(true).await {
                return;
            }
            unreachable!("returned");
        }
    }
    let () = plain::main();
}

#[test]
fn main_runs_on_the_runtime() {
    mod sendable {
        #[gort::main(procs = 2)]
        pub(super) async fn main() {
            let n = gort::spawn!(std::convert::identity(4));
            assert_eq!(n.await.unwrap(), 4);
        }
    }
    mod local {
        #[gort::main(local)]
        pub(super) async fn main() {
            let thread = std::thread::current().id();
            let shared = std::rc::Rc::new(1);
            gort::spawn!({}).await.unwrap();
            assert_eq!((*shared, thread), (1, std::thread::current().id()));
        }
    }
    sendable::main();
    local::main();
}
