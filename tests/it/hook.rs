//! The `Spawn` hook: who is asked to run a goroutine, and that one is the same on whatever runs it.

use futures::executor::block_on;
use gort::task::{self, Builder, JoinHandle, Spawn, SpawnExt, Task};
use gort::{Runtime, go, runtime, spawn, yield_now};
use gort_tests::{Explosive, PanicsOnDrop, is_child, join, quietly, run_child};
use std::future::{Future, pending, ready};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;
use tokio_test::assert_pending;

/// Runs each goroutine on a thread of its own, which has this name.
#[derive(Clone, Copy)]
struct Threads(&'static str);

impl Spawn for Threads {
    fn spawn_task(&self, task: Task) {
        let task = task.within(*self);
        thread::Builder::new()
            .name(self.0.to_owned())
            .spawn(|| drive(task))
            .unwrap();
    }
}

/// Polls a task to its end. (What `futures` has for that refuses to be nested, and a goroutine of
/// these tests may wait for another as a thread does.)
fn drive(mut task: impl Future<Output = ()> + Unpin) {
    struct Unparks(Thread);
    impl Wake for Unparks {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unparks(thread::current())));
    while Pin::new(&mut task)
        .poll(&mut Context::from_waker(&waker))
        .is_pending()
    {
        thread::park();
    }
}

/// Keeps what it is given.
#[derive(Clone, Default)]
struct Keeps(Arc<Mutex<Vec<Task>>>);

impl Keeps {
    fn take(&self) -> Task {
        self.0.lock().unwrap().pop().expect("a task was spawned")
    }
}

impl Spawn for Keeps {
    fn spawn_task(&self, task: Task) {
        self.0.lock().unwrap().push(task);
    }
}

fn one_proc(name: &str) -> Runtime {
    let builder = Runtime::builder().procs(1).thread_name(name);
    builder.build().unwrap()
}

/// The name of the thread that runs this.
fn here() -> String {
    thread::current().name().unwrap_or("").to_owned()
}

/// Where what is started here runs, by each way to start it.
fn there() -> String {
    let names = [
        join(spawn!({ here() })),
        join(spawn!(here())),
        join(gort::spawn(async { here() })),
        join(spawn!(name = "named", here())),
        join(Builder::new().spawn(async { here() })),
        heard(|report| runtime::go(async move { report.send(here()).unwrap() })),
        heard(|report| go!({ report.send(here()).unwrap() })),
        heard(|report| go!(name = "named", { report.send(here()).unwrap() })),
    ];
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    names[0].clone()
}

fn heard(start: impl FnOnce(mpsc::Sender<String>)) -> String {
    let (report, reports) = mpsc::channel();
    start(report);
    reports.recv_timeout(Duration::from_secs(10)).unwrap()
}

#[test]
fn a_goroutine_runs_where_it_is_sent() {
    let (outer, other) = (one_proc("outer"), one_proc("other"));
    let shared: Arc<dyn Spawn> = Arc::new(Threads("shared"));
    let name = |handle: JoinHandle<String>| join(handle);
    let entered = task::enter(Arc::new(Threads("entered")));
    assert_eq!(name(spawn!(on = Threads("sent"), here())), "sent");
    assert_eq!(name(spawn!(on = &Threads("sent"), here())), "sent");
    assert_eq!(name(spawn!(on = shared, here())), "shared");
    assert_eq!(name(spawn!(name = "n", on = shared, here())), "shared");
    assert_eq!(name(spawn!(on = outer, here())), "outer-0");
    assert_eq!(name(spawn!(on = &other.handle(), here())), "other-0");
    assert_eq!(name(spawn!(name = "n", on = outer, here())), "outer-0");
    assert_eq!(name(spawn!({ here() })), "entered");
    let mut set = task::JoinSet::new();
    set.spawn(async { here() });
    assert_eq!(block_on(set.join_all()), ["entered"]);
    drop(entered);
    let by_go = heard(|report| go!(on = Threads("sent"), { report.send(here()).unwrap() }));
    assert_eq!(by_go, "sent");
    let by_go = heard(|report| go!(on = outer, { report.send(here()).unwrap() }));
    assert_eq!(by_go, "outer-0");
    let by_go = heard(|report| {
        go!(on = outer.handle(), name = String::from("n"), {
            report.send(here()).unwrap();
        });
    });
    assert_eq!(by_go, "outer-0");
    // The executor comes first and the arguments after it, whatever their order in the text.
    let order = Mutex::new(Vec::new());
    let note = |what| {
        order.lock().unwrap().push(what);
        what
    };
    let executor = |what| {
        note(what);
        Threads("sent")
    };
    drop(spawn!(
        clone(_c = note("clone")),
        name = note("name"),
        on = executor("on"),
        str::len(note("argument"))
    ));
    assert_eq!(*order.lock().unwrap(), ["on", "name", "clone", "argument"]);
}

#[test]
fn the_last_executor_entered_counts_whatever_it_is() {
    let (one, two) = (one_proc("one"), one_proc("two"));
    let handle = two.handle();
    let first = one.handle();
    let first = first.enter();
    assert_eq!(there(), "one-0");
    let foreign = task::enter(Arc::new(Threads("foreign")));
    assert_eq!(there(), "foreign");
    let native = handle.enter();
    assert_eq!(there(), "two-0");
    let last = task::enter(Arc::new(Threads("last")));
    assert_eq!(there(), "last");
    // In any order.
    drop(native);
    assert_eq!(there(), "last");
    drop(foreign);
    drop(last);
    assert_eq!(there(), "one-0");
    drop(first);
    assert!(runtime::Handle::try_current().is_none());
}

#[test]
fn timers_and_blocking_calls_stay_with_the_runtime() {
    let runtime = one_proc("runtime");
    runtime.block_on(async {
        let _entered = task::enter(Arc::new(Threads("foreign")));
        gort::time::sleep(Duration::from_millis(1)).await;
        let name = gort::spawn_blocking(here).await.unwrap();
        assert!(name.starts_with("runtime"), "{name}");
        assert_eq!(
            runtime::Handle::current()
                .spawn(async { here() })
                .await
                .unwrap(),
            "runtime-0"
        );
    });
}

#[test]
fn a_goroutine_starts_others_where_it_runs_itself() {
    let runtime = one_proc("runtime");
    let nested = || {
        spawn!(on = Threads("threads"), {
            (here(), there(), spawn!({ there() }).await)
        })
    };
    let expected = || "threads".to_owned();
    let names = join(nested());
    assert_eq!(
        (names.0, names.1, names.2.unwrap()),
        (expected(), expected(), expected())
    );
    // Also from a runtime, whose goroutines go on being its own.
    let names = join(runtime.spawn(async move {
        let threads = nested().await.unwrap().1;
        (threads, spawn!({ here() }).await.unwrap())
    }));
    assert_eq!(names, (expected(), "runtime-0".to_owned()));
}

#[test]
fn what_destructors_of_a_cancelled_goroutine_start_runs_where_it_ran() {
    struct Starts(mpsc::Sender<String>);
    impl Drop for Starts {
        fn drop(&mut self) {
            let report = self.0.clone();
            go!({ report.send(here()).unwrap() });
        }
    }
    let name = heard(|report| {
        let keeps = Keeps::default();
        let starts = Starts(report);
        go!(on = keeps, {
            let _starts = starts;
            pending::<()>().await;
        });
        drop(keeps.take().within(Threads("threads")));
    });
    assert_eq!(name, "threads");
}

#[test]
fn the_default_executor_serves_threads_that_are_in_none() {
    const TEST: &str = "hook::the_default_executor_serves_threads_that_are_in_none";
    if !is_child(TEST) {
        run_child(TEST, &[]).passed();
        return;
    }
    task::set_default(Threads("default")).unwrap();
    assert!(task::set_default(Threads("second")).is_err());
    assert_eq!(there(), "default");
    let entered = task::enter(Arc::new(Threads("entered")));
    assert_eq!(there(), "entered");
    drop(entered);
    let runtime = one_proc("runtime");
    assert_eq!(join(runtime.spawn(async { here() })), "runtime-0");
    assert_eq!(
        join(runtime.spawn(async { spawn!({ here() }).await })).unwrap(),
        "runtime-0"
    );
    assert_eq!(there(), "default");
}

#[test]
fn a_runtime_may_be_the_default_executor() {
    const TEST: &str = "hook::a_runtime_may_be_the_default_executor";
    if !is_child(TEST) {
        run_child(TEST, &[]).passed();
        return;
    }
    task::set_default(one_proc("default")).unwrap();
    assert_eq!(there(), "default-0");
}

#[test]
fn what_an_executor_passes_on_to_a_runtime_runs_there() {
    let runtime = one_proc("runtime");
    let handle = runtime.handle();
    let passes_on = move |task: Task| handle.spawn_task(task);
    let goroutine = passes_on.spawn(async {
        yield_now().await;
        (task::goid(), here())
    });
    let id = goroutine.id();
    assert_eq!(join(goroutine), (id, "runtime-0".to_owned()));
    let waits = passes_on.spawn(pending::<()>());
    runtime.shutdown(Duration::from_secs(10));
    assert!(block_on(waits).unwrap_err().is_cancelled());
}

#[test]
fn a_handle_tells_how_a_foreign_goroutine_ended() {
    let keeps = Keeps::default();
    let value = spawn!(on = keeps, ready(1));
    let dropped = spawn!(on = keeps, ready(2));
    drop(keeps.take());
    block_on(keeps.take());
    assert_eq!(block_on(value).unwrap(), 1);
    assert!(block_on(dropped).unwrap_err().is_cancelled());

    let panics = spawn!(on = Threads("threads"), { panic!("expected: in a poll") });
    let error = quietly(|| block_on(panics).unwrap_err());
    assert_eq!(
        error.into_panic().downcast_ref(),
        Some(&"expected: in a poll")
    );

    let waits = spawn!(on = Threads("threads"), pending::<()>());
    waits.abort();
    assert!(block_on(waits).unwrap_err().is_cancelled());
    let unpolled = spawn!(on = keeps, ready(3));
    unpolled.abort();
    block_on(keeps.take());
    assert!(block_on(unpolled).unwrap_err().is_cancelled());
}

#[test]
fn a_foreign_goroutine_runs_on_when_its_handle_is_dropped() {
    let said = heard(|report| {
        drop(spawn!(on = Threads("threads"), {
            yield_now().await;
            report.send(here()).unwrap();
        }));
    });
    assert_eq!(said, "threads");
}

#[test]
fn no_panic_leaves_a_task() {
    let keeps = Keeps::default();
    quietly(|| {
        let destructor = keeps.spawn(PanicsOnDrop);
        drop(keeps.take());
        assert!(block_on(destructor).unwrap_err().is_panic());
        drop(keeps.spawn(async { Explosive }));
        block_on(keeps.take());
        // Dropped in the middle, and by an unwinding thread.
        drop(keeps.spawn(PanicsOnDrop));
        let mut task = tokio_test::task::spawn(keeps.take().within(keeps.clone()));
        assert_pending!(task.poll());
        drop(task);
        drop(keeps.spawn(PanicsOnDrop));
        let task = keeps.take();
        let unwound = std::panic::catch_unwind(AssertUnwindSafe(move || {
            let _task = task;
            panic!("expected: unwinds");
        }));
        assert!(unwound.is_err());
    });
}

#[test]
fn a_task_knows_its_goroutine() {
    let keeps = Keeps::default();
    let line = line!() + 1;
    let handle = spawn!(name = "listener", on = keeps, ready(()));
    let task = keeps.take();
    assert_eq!((task.id(), task.name()), (handle.id(), Some("listener")));
    let place = task.spawned_at();
    assert_eq!((place.file(), place.line()), (file!(), line));
    let shown = format!("{task:?}");
    assert!(
        shown.contains("listener") && shown.contains(file!()),
        "{shown}"
    );
    block_on(task);
    block_on(handle).unwrap();
}

#[test]
fn an_executor_that_panics_does_so_to_whoever_starts() {
    let refuses = |_: Task| panic!("expected: no more");
    let started =
        quietly(|| std::panic::catch_unwind(move || spawn!(on = refuses, ready(()))).map(|_| ()));
    assert_eq!(
        started.unwrap_err().downcast_ref(),
        Some(&"expected: no more")
    );
}

#[test]
fn tasks_and_executors_may_be_sent() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<Task>();
    is_send::<task::Within<Threads>>();
    is_send::<Arc<dyn Spawn>>();
    is_sync::<Arc<dyn Spawn>>();
    is_send::<Builder>();
    is_sync::<Builder>();
    is_send::<task::DefaultIsSet>();
    fn fits<F: Future<Output = ()> + Unpin>() {}
    fits::<Task>();
}
