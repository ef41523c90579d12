//! Goroutines on tokio and on smol, by the adapters of `gort-compat`.

use async_executor::Executor;
use futures::executor::block_on;
use gort::task::{self, JoinHandle, try_goid};
use gort::{go, spawn, yield_now};
use gort_compat::smol::Smol;
use gort_compat::tokio::Tokio;
use gort_tests::{is_child, quietly, run_child};
use std::future::pending;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// A tokio runtime with two workers.
fn tokio_runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).thread_name("on-tokio");
    builder.build().unwrap()
}

/// An executor of smol with a thread that runs it until the guard is dropped.
fn smol_executor() -> (Arc<Executor<'static>>, mpsc::Sender<()>) {
    let executor = Arc::new(Executor::new());
    let (running, ended) = mpsc::channel();
    let runs = Arc::clone(&executor);
    let until_dropped = move || {
        while !matches!(ended.try_recv(), Err(mpsc::TryRecvError::Disconnected)) {
            if !runs.try_tick() {
                thread::sleep(Duration::from_micros(50));
            }
        }
    };
    let named = thread::Builder::new().name("on-smol".to_owned());
    named.spawn(until_dropped).unwrap();
    (executor, running)
}

fn here() -> String {
    assert!(try_goid().is_some(), "this is a goroutine");
    thread::current().name().unwrap_or("").to_owned()
}

/// A goroutine that starts others, by each macro: where all of them ran.
async fn family() -> [String; 3] {
    let child = spawn!({
        yield_now().await;
        here()
    });
    let (report, reports) = futures::channel::oneshot::channel();
    go!({ report.send(here()).unwrap() });
    [here(), child.await.unwrap(), reports.await.unwrap()]
}

fn joined<T>(handle: JoinHandle<T>) -> T {
    block_on(handle).unwrap()
}

#[test]
fn a_goroutine_and_its_children_run_on_tokio() {
    let runtime = tokio_runtime();
    let pool = Tokio::new(runtime.handle().clone());
    let expected = [(); 3].map(|()| "on-tokio".to_owned());
    assert_eq!(joined(spawn!(on = pool, family())), expected);
    assert_eq!(
        joined(spawn!(on = Tokio::from(runtime.handle().clone()), family())),
        expected
    );
    let entered = task::enter(Arc::new(pool));
    assert_eq!(joined(spawn!(family())), expected);
    drop(entered);
    // The runtime that the thread is in, whichever that is.
    let in_tokio = async { spawn!(on = Tokio::current(), family()).await.unwrap() };
    assert_eq!(runtime.block_on(in_tokio), expected);
    let _guard = runtime.enter();
    assert_eq!(joined(spawn!(on = Tokio::current(), family())), expected);
}

#[test]
fn tokio_is_there_in_a_goroutine_on_tokio() {
    let runtime = tokio_runtime();
    let pool = Tokio::new(runtime.handle().clone());
    let by_tokio = spawn!(on = pool, {
        Handle::current();
        tokio::spawn(async { 7 }).await.unwrap()
    });
    assert_eq!(joined(by_tokio), 7);
}

#[test]
fn a_goroutine_and_its_children_run_on_smol() {
    let (executor, _running) = smol_executor();
    let pool = Smol::new(executor);
    let expected = [(); 3].map(|()| "on-smol".to_owned());
    assert_eq!(joined(spawn!(on = pool, family())), expected);
    let entered = task::enter(Arc::new(pool));
    assert_eq!(joined(spawn!(family())), expected);
    drop(entered);
}

#[test]
fn a_handle_is_the_same_on_tokio_and_on_smol() {
    fn all_outcomes<S: task::Spawn>(pool: &S) {
        let error = quietly(|| block_on(spawn!(on = pool, { panic!("expected: there") })));
        let error = error.unwrap_err();
        assert!(
            error.to_string().ends_with("panicked: expected: there"),
            "{error}"
        );
        let waits = spawn!(on = pool, pending::<()>());
        waits.abort();
        assert!(block_on(waits).unwrap_err().is_cancelled());
        let (report, reports) = mpsc::channel();
        drop(spawn!(on = pool, {
            yield_now().await;
            report.send(1).unwrap();
        }));
        assert_eq!(reports.recv_timeout(Duration::from_secs(10)), Ok(1));
    }
    let runtime = tokio_runtime();
    all_outcomes(&Tokio::new(runtime.handle().clone()));
    let (executor, _running) = smol_executor();
    all_outcomes(&Smol::new(executor));
}

#[test]
fn the_end_of_the_runtime_cancels_its_goroutines() {
    let runtime = tokio_runtime();
    let pool = Tokio::new(runtime.handle().clone());
    let waits = spawn!(on = pool, pending::<()>());
    drop(runtime);
    assert!(block_on(waits).unwrap_err().is_cancelled());
    let late = spawn!(on = pool, pending::<()>());
    assert!(block_on(late).unwrap_err().is_cancelled());

    let executor = Arc::new(Executor::new());
    let pool = Smol::new(Arc::clone(&executor));
    let waits = spawn!(on = pool, pending::<()>());
    let unpolled = spawn!(on = pool, pending::<()>());
    executor.try_tick();
    drop(pool);
    // The goroutines do not keep it.
    assert_eq!(Arc::strong_count(&executor), 1);
    drop(executor);
    assert!(block_on(waits).unwrap_err().is_cancelled());
    assert!(block_on(unpolled).unwrap_err().is_cancelled());
}

#[test]
fn what_starts_while_the_executor_is_dropped_is_cancelled() {
    struct Starts(mpsc::Sender<JoinHandle<()>>);
    impl Drop for Starts {
        fn drop(&mut self) {
            self.0.send(spawn!(pending())).unwrap();
        }
    }
    let (report, reports) = mpsc::channel();
    let executor = Arc::new(Executor::new());
    let starts = Starts(report);
    go!(on = Smol::new(Arc::clone(&executor)), {
        let _starts = starts;
        pending::<()>().await;
    });
    executor.try_tick();
    drop(executor);
    let late = reports.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(block_on(late).unwrap_err().is_cancelled());
}

#[test]
fn tokio_may_be_the_default_executor() {
    const TEST: &str = "compat_spawn::tokio_may_be_the_default_executor";
    if !is_child(TEST) {
        run_child(TEST, &[]).passed();
        return;
    }
    task::set_default(Tokio::current()).unwrap();
    let runtime = tokio_runtime();
    let in_a_task = async { spawn!(family()).await.unwrap() };
    let names = runtime.block_on(async { tokio::spawn(in_a_task).await.unwrap() });
    assert_eq!(names, ["on-tokio", "on-tokio", "on-tokio"]);
}
