//! `#[gort::test]`: what becomes of the function.

use std::error::Error;

#[gort::test]
async fn the_body_runs_on_the_runtime() {
    assert_eq!(gort::spawn!(std::convert::identity(4)).await.unwrap(), 4);
}

#[gort::test(procs = 1)]
async fn procs_is_taken() {
    gort::spawn!({}).await.unwrap();
}

#[gort::test]
#[should_panic(expected = "as it should")]
async fn an_attribute_below_stays() {
    std::panic::resume_unwind(Box::new("as it should"));
}

#[should_panic(expected = "as it should")]
#[gort::test]
async fn an_attribute_above_stays() {
    std::panic::resume_unwind(Box::new("as it should"));
}

#[gort::test]
async fn a_result_that_is_not_send_is_accepted() -> Result<(), Box<dyn Error>> {
    let n: u32 = std::future::ready("5").await.parse()?;
    assert_eq!(n, 5);
    Ok(())
}

/// Stands where gort stands, so that a failing test is a function that can be called.
mod stand_in {
    pub(crate) mod __rt {
        pub(crate) use gort::__rt::{ExitCode, MainConfig, report, unreached};

        pub(crate) fn run_test<F: Future>(_: MainConfig, future: F) -> F::Output {
            futures::executor::block_on(future)
        }
    }
}

#[test]
#[expect(unnameable_test_items, reason = "the harness must not run it")]
fn an_error_is_a_failure() {
    #[gort::test(crate = stand_in)]
    async fn returns_an_error() -> Result<(), Box<dyn Error>> {
        Err("as it should".into())
    }
    assert_eq!(returns_an_error(), std::process::ExitCode::FAILURE);
}
