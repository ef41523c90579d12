//! What the caller evaluates, in which order, and what the goroutine does.

use super::*;

#[test]
fn arguments_are_evaluated_once_left_to_right_in_the_caller() {
    let log = RefCell::new(Vec::new());
    let say = |n: u32| {
        log.borrow_mut().push(n);
        n
    };
    fn sum(a: u32, b: u32, c: u32) -> u32 {
        a + b + c
    }
    let future = spawn!(on = Spy, sum(say(1), say(2), say(3)));
    assert_eq!(*log.borrow(), [1, 2, 3]);
    assert_eq!(block_on(future), 6);
    assert_eq!(*log.borrow(), [1, 2, 3]);
}

#[test]
fn options_come_before_clones_before_operands() {
    let log = RefCell::new(Vec::new());
    let say = |text: &'static str| {
        log.borrow_mut().push(text);
        text.len()
    };
    let pool = || {
        say("on");
        Spy
    };
    fn sum(a: usize, b: usize, c: &usize, d: usize) -> usize {
        a + b + c + d
    }
    let future = spawn!(
        clone(x = say("clone")),
        on = pool(),
        sum(x, say("first"), &say("second"), move(say("third"))),
    );
    assert_eq!(*log.borrow(), ["on", "clone", "first", "second", "third"]);
    assert_eq!(block_on(future), 5 + 5 + 6 + 5);
}

#[test]
fn a_sync_function_runs_in_the_goroutine_and_its_arguments_do_not() {
    fn here(caller: thread::ThreadId) -> (thread::ThreadId, thread::ThreadId) {
        (caller, thread::current().id())
    }
    let (report, reports) = mpsc::channel();
    fn send(report: mpsc::Sender<(thread::ThreadId, thread::ThreadId)>, caller: thread::ThreadId) {
        report.send(here(caller)).unwrap();
    }
    go!(send(report, thread::current().id()));
    let (caller, callee) = next(&reports);
    assert_eq!(caller, thread::current().id());
    assert_ne!(callee, thread::current().id());
}

#[test]
fn each_round_of_a_loop_has_its_own_arguments() {
    let (report, reports) = mpsc::channel();
    let counter = AtomicUsize::new(0);
    fn send(report: mpsc::Sender<usize>, n: usize) {
        report.send(n).unwrap();
    }
    for _ in 0..3 {
        go!(send(
            report.clone(),
            counter.fetch_add(1, Ordering::Relaxed)
        ));
    }
    let mut seen: Vec<usize> = (0..3).map(|_| next(&reports)).collect();
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2]);
}

#[test]
fn a_function_that_returns_a_future_is_called_in_the_caller() {
    fn eager(log: &RefCell<Vec<u32>>) -> impl Future<Output = u32> + use<> {
        log.borrow_mut().push(1);
        triple(1)
    }
    let log = RefCell::new(Vec::new());
    let borrow = &log;
    let future = spawn!(on = Spy, eager(borrow));
    assert_eq!(*log.borrow(), [1]);
    assert_eq!(block_on(future), 3);
}

#[test]
fn an_early_return_in_an_argument_leaves_the_caller() {
    fn start(text: &str) -> Result<u32, std::num::ParseIntError> {
        let future = spawn!(on = Spy, double(text.parse()?));
        Ok(block_on(future))
    }
    assert_eq!(start("4"), Ok(8));
    assert!(start("four").is_err());
}

#[gort::test]
async fn an_await_in_an_argument_waits_in_the_caller() {
    let caller = thread::current().id();
    let same_thread = async { thread::current().id() == caller };
    assert!(
        spawn!(std::convert::identity(same_thread.await))
            .await
            .unwrap()
    );
}

#[test]
fn literals_and_closures_get_their_types_from_the_parameters() {
    fn apply(f: impl Fn(&str) -> usize, n: u8, text: impl Into<String>, signed: i64) -> i64 {
        f(&text.into()) as i64 + i64::from(n) + signed
    }
    let offset = 100;
    let future = spawn!(on = Spy, apply(|s| s.len() + offset, 1, "abc", -4));
    assert_eq!(block_on(future), 100);
}

#[test]
fn a_closure_or_async_block_owns_what_it_uses() {
    async fn run(f: impl AsyncFn() -> usize, more: impl Future<Output = usize>) -> usize {
        f().await + more.await
    }
    let start = || {
        let text = String::from("abc");
        let other = String::from("de");
        spawn!(on = Spy, run(async || text.len(), async { other.len() }))
    };
    assert_eq!(block_on(start()), 5);
}

#[test]
fn coercions_happen_at_the_call() {
    fn total(items: &[u32], show: Box<dyn Fn(u32) -> u32>) -> u32 {
        show(items.iter().sum())
    }
    let items = vec![1, 2, 3];
    let future = spawn!(on = Spy, total(&items, Box::new(double)));
    assert_eq!(block_on(future), 12);
}
