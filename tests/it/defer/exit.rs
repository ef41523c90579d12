//! `goexit()` and `goexit_async()`.

use super::{Log, Shared, next_turn};
use gort::panic::{goexit, goexit_async};
use gort::{defer, defers, recover, spawn};
use gort_tests::{is_child, join, on_goroutine, quietly, run_child};
use std::panic::catch_unwind;
use std::thread;
use std::time::Duration;

#[test]
fn an_exit_runs_deferred_code_and_is_not_recovered() {
    let exited = thread::spawn(|| {
        let log = Log::default();
        struct Check(Log);
        impl Drop for Check {
            fn drop(&mut self) {
                assert_eq!(self.0.take(), "inner,None,true,outer");
            }
        }
        let _check = Check(log.clone());
        defer!({ log.say("outer") });
        let result = recover!({
            defer!(|out| log.say(out.is_exit()));
            defer!({
                log.say(format!("{:?}", recover().map(|_| ())));
            });
            defer!(log.say("inner"));
            goexit();
        });
        drop(result);
        unreachable!("the exit goes on");
    });
    // The payload of an exit, and not that of a failed assertion.
    let payload = exited.join().unwrap_err();
    assert!(!payload.is::<String>() && !payload.is::<&str>());
}

#[test]
fn the_joiner_of_a_goroutine_that_exits_learns_it() {
    on_goroutine(&[1, 2], || async {
        let log = Shared::default();
        let says = log.clone();
        let handle = spawn!(|| -> u32 {
            defer!(says.say("deferred"));
            next_turn().await;
            goexit()
        });
        let error = handle.await.unwrap_err();
        assert!(error.is_goexit() && !error.is_panic() && !error.is_cancelled());
        assert!(error.panic().is_none());
        assert!(error.to_string().ends_with("exited"));
        assert!(error.try_into_panic().is_err());
        assert_eq!(log.take(), "deferred");
        assert_eq!(spawn!({ 7 }).await.unwrap(), 7, "the runtime goes on");
    });
}

#[test]
fn an_exit_survives_a_panic_that_is_recovered() {
    on_goroutine(&[1], || async {
        let log = Shared::default();
        let says = log.clone();
        #[defers]
        fn exits(log: &Shared) {
            defer!({
                log.say(recover().unwrap().message());
            });
            defer!(panic!("in deferred code"));
            goexit();
        }
        let handle = spawn!({
            exits(&says);
            says.say("unreached");
        });
        assert!(handle.await.unwrap_err().is_goexit());
        assert_eq!(log.take(), "in deferred code");
    });
}

#[test]
fn an_exit_survives_a_panic_that_is_recovered_further_out() {
    on_goroutine(&[1], || async {
        let log = Shared::default();
        #[defers]
        async fn exits() {
            defer!({
                next_turn().await;
                panic!("expected: in deferred code");
            });
            next_turn().await;
            goexit();
        }
        let says = log.clone();
        let by_defer = spawn!(|| -> () {
            defer!(|out| says.say(out.is_exit()));
            defer!({
                says.say(recover().unwrap().message());
            });
            exits().await;
            says.say("unreached");
        });
        assert!(by_defer.await.unwrap_err().is_goexit());
        assert_eq!(log.take(), "expected: in deferred code,true");
        let says = log.clone();
        let by_recover = spawn!({
            drop(recover!({ exits().await }));
            says.say("unreached");
        });
        assert!(by_recover.await.unwrap_err().is_goexit());
        assert_eq!(log.take(), "");
    });
}

#[test]
fn a_panic_during_an_exit_that_nobody_recovers_is_the_goroutines() {
    quietly(|| {
        on_goroutine(&[1], || async {
            let handle = spawn!({
                defer!(panic!("expected: in deferred code"));
                goexit();
            });
            let error = handle.await.unwrap_err();
            assert!(error.is_panic());
            assert_eq!(
                error.panic().unwrap().message(),
                "expected: in deferred code"
            );
        });
    });
}

#[test]
fn an_exit_in_deferred_code_ends_a_panic() {
    quietly(|| {
        on_goroutine(&[1], || async {
            let log = Shared::default();
            let says = log.clone();
            let handle = spawn!(|| -> () {
                defer!(|out| says.say(out.is_panic()));
                defer!({ goexit() });
                panic!("expected: dropped");
            });
            assert!(handle.await.unwrap_err().is_goexit());
            assert_eq!(log.take(), "false");
        });
    });
}

#[test]
fn an_exit_ignores_what_deferred_code_would_return() {
    on_goroutine(&[1], || async {
        let handle = spawn!(|| -> u32 {
            defer!(|out| {
                out.set(7);
                assert!(out.value().is_none());
            });
            goexit()
        });
        assert!(handle.await.unwrap_err().is_goexit());
    });
}

#[test]
fn goexit_async_ends_the_goroutine_without_unwinding() {
    on_goroutine(&[1, 2], || async {
        let log = Shared::default();
        let says = log.clone();
        #[defers]
        async fn exits(log: &Shared) -> u32 {
            defer!(|out| log.say(format!("cancelled={}", out.is_cancelled())));
            next_turn().await;
            goexit_async().await
        }
        let handle = spawn!({
            defer!(says.say(thread::panicking()));
            drop(recover!({ exits(&says).await }));
            says.say("unreached");
        });
        assert!(handle.await.unwrap_err().is_goexit());
        assert_eq!(log.take(), "cancelled=true,false");
    });
}

#[test]
fn goexit_async_outside_a_goroutine_panics() {
    let result = quietly(|| {
        recover!({ futures::executor::block_on(goexit_async()) })
            .map(|_| ())
            .unwrap_err()
    });
    assert!(result.message().contains("outside a goroutine"));
}

#[test]
fn an_exit_in_block_on_unwinds_to_its_caller() {
    for by_future in [false, true] {
        let exited = catch_unwind(|| {
            gort::block_on(async {
                if by_future {
                    goexit_async().await
                }
                goexit()
            })
        });
        assert!(!exited.unwrap_err().is::<String>());
        assert_eq!(gort::block_on(async { 7 }), 7);
    }
}

/// `#[gort::main]`, in a process of its own.
mod mains {
    use super::*;

    #[gort::main(procs = 1)]
    pub(super) async fn main() {
        defer!(println!("deferred in main"));
        gort::go! {
            gort::time::sleep(Duration::from_millis(50)).await;
            println!("the others go on");
        }
        goexit();
    }

    pub(super) mod local {
        use super::*;

        #[gort::main(local)]
        pub(in super::super) async fn main() {
            defer!(println!("deferred in main"));
            goexit_async().await
        }
    }
}

#[test]
fn main_may_exit_and_the_process_ends_with_its_last_goroutine() {
    const NAME: &str = "defer::exit::main_may_exit_and_the_process_ends_with_its_last_goroutine";
    if is_child(NAME) {
        return mains::main();
    }
    let ended = run_child(NAME, &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let at = |text: &str| ended.stdout.find(text).unwrap();
    assert!(at("deferred in main") < at("the others go on"));
    assert!(ended.stderr.contains("fatal error: no goroutines"));
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[test]
fn a_local_main_may_exit() {
    const NAME: &str = "defer::exit::a_local_main_may_exit";
    if is_child(NAME) {
        return mains::local::main();
    }
    let ended = run_child(NAME, &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stdout.contains("deferred in main"));
    assert!(ended.stderr.contains("fatal error: no goroutines"));
}

#[test]
fn an_exit_of_a_blocking_call_is_its_handles() {
    on_goroutine(&[1], || async {
        let handle = gort::spawn_blocking(|| goexit());
        assert!(handle.await.unwrap_err().is_goexit());
    });
    assert_eq!(join(gort::spawn(async { 7 })), 7);
}
