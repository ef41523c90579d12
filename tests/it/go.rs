//! `go!` and `spawn!`: what is evaluated where, who owns what, what comes out.

use std::cell::RefCell;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use futures::executor::block_on;
use gort::{go, spawn};

/// Waits for what a goroutine reports, but not for ever.
fn next<T>(reports: &mpsc::Receiver<T>) -> T {
    reports
        .recv_timeout(Duration::from_secs(10))
        .expect("the goroutine reports")
}

/// An executor that runs nothing: it gives the future back, to be measured and polled by hand.
struct Spy;

impl Spy {
    #[expect(clippy::unused_self, reason = "the macros call a method")]
    fn spawn<F: Future>(&self, future: F) -> F {
        future
    }
}

fn double(n: u32) -> u32 {
    n * 2
}

async fn triple(n: u32) -> u32 {
    std::future::ready(n * 3).await
}

fn boxed(n: u32) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(triple(n))
}

fn opaque(n: u32) -> impl Future<Output = u32> + Send {
    triple(n)
}

struct Pair<T>(u32, T);

struct Worker {
    base: u32,
    calls: u32,
}

impl Worker {
    fn add(&self, n: u32) -> u32 {
        self.base + n
    }

    async fn add_async(&self, n: u32) -> u32 {
        self.base + triple(n).await
    }

    fn count(&mut self) -> u32 {
        self.calls += 1;
        self.calls
    }

    fn into_base(self) -> u32 {
        self.base
    }

    fn shared(self: Arc<Self>) -> usize {
        Arc::strong_count(&self)
    }

    fn new(base: u32) -> Self {
        Worker { base, calls: 0 }
    }
}

mod call {
    use super::*;

    #[gort::test]
    async fn sync_and_async_functions_give_their_result() {
        assert_eq!(spawn!(double(4)).await.unwrap(), 8);
        assert_eq!(spawn!(triple(4)).await.unwrap(), 12);
        assert_eq!(spawn!(boxed(4)).await.unwrap(), 12);
        assert_eq!(spawn!(opaque(4)).await.unwrap(), 12);
    }

    #[gort::test]
    async fn closures_constructors_and_paths_are_functions_too() {
        let add = |a: u32, b: u32| a + b;
        let later = async |n: u32| n + 1;
        assert_eq!(spawn!(add(1, 2)).await.unwrap(), 3);
        assert_eq!(spawn!(later(1)).await.unwrap(), 2);
        assert_eq!(spawn!(Some(5)).await.unwrap(), Some(5));
        let Pair(n, text) = spawn!(Pair::<&str>(7, "x")).await.unwrap();
        assert_eq!((n, text), (7, "x"));
        assert_eq!(spawn!(Worker::new(9)).await.unwrap().base, 9);
        assert_eq!(
            spawn!(u32::from_str_radix("ff", 16)).await.unwrap(),
            Ok(255)
        );
    }

    #[gort::test]
    async fn a_callee_that_is_a_field_is_evaluated_in_the_caller() {
        struct Handler<F> {
            run: F,
        }
        let handler = Handler {
            run: |n: u32| n + 1,
        };
        assert_eq!(spawn!((handler.run)(1)).await.unwrap(), 2);
        let mut total = 1;
        let counter = Handler {
            run: move |n: u32| {
                total += n;
                total
            },
        };
        assert_eq!(spawn!((counter.run)(1)).await.unwrap(), 2);
    }

    #[gort::test]
    async fn generic_functions_and_methods_start_generic_calls() {
        async fn map<T, U, F, R>(value: T, f: F) -> U
        where
            F: FnOnce(T) -> R,
            R: Future<Output = U>,
        {
            f(value).await
        }
        fn start<T: Send + 'static>(value: T) -> gort::task::JoinHandle<T> {
            spawn!(std::convert::identity(value))
        }
        assert_eq!(spawn!(map(3, triple)).await.unwrap(), 9);
        assert_eq!(
            spawn!(map::<u32, u32, _, _>(3, |n| triple(n + 1)))
                .await
                .unwrap(),
            12
        );
        assert_eq!(start("x").await.unwrap(), "x");
    }

    #[gort::test]
    async fn trait_methods_that_return_futures_are_awaited() {
        trait Fetch {
            fn fetch(&self, n: u32) -> impl Future<Output = u32> + Send;
        }
        impl Fetch for Worker {
            async fn fetch(&self, n: u32) -> u32 {
                self.add_async(n).await
            }
        }
        assert_eq!(spawn!(Worker::new(1).fetch(2)).await.unwrap(), 7);
        async fn through<W: Fetch + Send + Sync + 'static>(w: W) -> u32 {
            spawn!(w.fetch(2)).await.unwrap()
        }
        assert_eq!(through(Worker::new(2)).await, 8);
    }

    #[test]
    fn a_value_that_need_not_be_a_future_is_not_awaited() {
        fn start<T: Send + 'static>(value: T) -> T {
            fn same<T>(value: T) -> T {
                value
            }
            block_on(spawn!(on = Spy, same(value)))
        }
        assert_eq!(block_on(start(triple(1))), 3);
    }

    #[test]
    fn into_future_callees_are_awaited() {
        struct Request(u32);
        impl IntoFuture for Request {
            type Output = u32;
            type IntoFuture = std::future::Ready<u32>;
            fn into_future(self) -> Self::IntoFuture {
                std::future::ready(self.0)
            }
        }
        fn request(n: u32) -> Request {
            Request(n)
        }
        assert_eq!(block_on(spawn!(on = Spy, request(3))), 3);
        let later = request(4);
        assert_eq!(block_on(spawn!(on = Spy, later)), 4);
    }
}

mod evaluation {
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
        fn send(
            report: mpsc::Sender<(thread::ThreadId, thread::ThreadId)>,
            caller: thread::ThreadId,
        ) {
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
}

mod borrow {
    use super::*;

    async fn sum(items: &[u32], extra: &mut Vec<u32>) -> u32 {
        extra.push(1);
        std::future::ready(()).await;
        items.iter().sum::<u32>() + extra.iter().sum::<u32>()
    }

    #[gort::test]
    async fn a_variable_borrowed_in_the_call_moves_into_the_goroutine() {
        let items = vec![1, 2];
        let mut extra = vec![3];
        assert_eq!(spawn!(sum(&items, &mut extra)).await.unwrap(), 7);
    }

    #[gort::test]
    async fn a_borrowed_value_is_made_in_the_caller_and_owned_by_the_goroutine() {
        let caller = thread::current().id();
        let made_here = || {
            assert_eq!(thread::current().id(), caller);
            vec![1, 2, 3]
        };
        assert_eq!(
            spawn!(sum(&made_here()[1..], &mut Vec::new()))
                .await
                .unwrap(),
            6
        );
        assert_eq!(spawn!(sum(&[1, 2], &mut vec![4])).await.unwrap(), 8);
    }

    #[gort::test]
    async fn fields_and_dereferenced_boxes_may_be_borrowed() {
        let pair = (vec![1], Box::new(vec![2]));
        let mut pair_of_extra = (Vec::new(), 0);
        assert_eq!(spawn!(sum(&pair.0, &mut pair_of_extra.0)).await.unwrap(), 2);
        assert_eq!(spawn!(sum(&*pair.1, &mut vec![])).await.unwrap(), 3);
    }

    #[gort::test]
    async fn a_sync_function_may_borrow() {
        let text = String::from("abc");
        assert_eq!(spawn!(str::len(&text)).await.unwrap(), 3);
    }
}

mod method {
    use super::*;

    #[gort::test]
    async fn the_receiver_moves_into_the_goroutine() {
        let worker = Worker::new(1);
        assert_eq!(spawn!(worker.add(2)).await.unwrap(), 3);
        let worker = Worker::new(1);
        assert_eq!(spawn!(worker.add_async(2)).await.unwrap(), 7);
        let worker = Worker::new(1);
        assert_eq!(spawn!(worker.count()).await.unwrap(), 1);
        let worker = Worker::new(5);
        assert_eq!(spawn!(worker.into_base()).await.unwrap(), 5);
        let worker = Arc::new(Worker::new(1));
        assert_eq!(spawn!(worker.clone().shared()).await.unwrap(), 2);
    }

    #[test]
    fn the_receiver_is_evaluated_in_the_caller_before_the_arguments() {
        let log = RefCell::new(Vec::new());
        let say = |n: u32| {
            log.borrow_mut().push(n);
            n
        };
        let future = spawn!(on = Spy, Worker::new(say(1)).add(say(2)));
        assert_eq!(*log.borrow(), [1, 2]);
        assert_eq!(block_on(future), 3);
    }

    #[gort::test]
    async fn literals_borrows_and_statics_are_receivers() {
        static WORKER: Worker = Worker { base: 4, calls: 0 };
        assert_eq!(spawn!(5_u32.pow(2)).await.unwrap(), 25);
        assert_eq!(spawn!((-5_i32).abs()).await.unwrap(), 5);
        assert_eq!(spawn!("abc".len()).await.unwrap(), 3);
        assert_eq!(spawn!(WORKER.add_async(1)).await.unwrap(), 7);
        let worker = Worker::new(1);
        assert_eq!(spawn!((&worker).add(2)).await.unwrap(), 3);
    }

    #[gort::test]
    async fn self_is_a_receiver() {
        struct Counter(u32);
        impl Counter {
            fn next(&self) -> u32 {
                self.0 + 1
            }
            fn start(self: Arc<Self>) -> gort::task::JoinHandle<u32> {
                spawn!(self.next())
            }
        }
        assert_eq!(Arc::new(Counter(1)).start().await.unwrap(), 2);
    }
}

mod closure {
    use super::*;

    #[test]
    fn parameters_are_set_in_the_caller() {
        let log = RefCell::new(Vec::new());
        let say = |n: u32| {
            log.borrow_mut().push(n);
            n
        };
        let (a, b) = (1, 2);
        let future = spawn!(on = Spy, |a, b: u32| { a * 10 + b }(say(b), say(a)));
        assert_eq!(*log.borrow(), [2, 1]);
        assert_eq!(block_on(future), 21);
    }

    #[gort::test]
    async fn all_spellings_of_a_called_closure_run() {
        let text = String::from("ab");
        assert_eq!(
            spawn!(|s: String| { s.len() }(text.clone())).await.unwrap(),
            2
        );
        assert_eq!(
            spawn!((|s: String| s.len())(text.clone())).await.unwrap(),
            2
        );
        assert_eq!(
            spawn!((async |s: String| triple(s.len() as u32).await)(text))
                .await
                .unwrap(),
            6
        );
        assert_eq!(
            spawn!((async move |s: &'static str| { s.len() })("abc"))
                .await
                .unwrap(),
            3
        );
        assert_eq!(
            spawn!(|(a, mut b): (u32, u32)| -> u32 {
                b += 1;
                a + b
            }((1, 2)))
            .await
            .unwrap(),
            4
        );
    }

    #[gort::test]
    async fn the_result_type_of_a_closure_is_the_goroutines() {
        let parse = spawn!(|text: &'static str| -> Result<
            u32,
            Box<dyn std::error::Error + Send + Sync>,
        > {
            let n: u32 = text.parse()?;
            if n > 9 {
                return Err("too large".into());
            }
            Ok(n)
        }("12"));
        assert_eq!(parse.await.unwrap().unwrap_err().to_string(), "too large");
        let boxed = spawn!(|| -> Option<Box<dyn std::fmt::Debug + Send>> { Some(Box::new(1)) });
        assert_eq!(format!("{:?}", boxed.await.unwrap()), "Some(1)");
    }

    #[gort::test]
    async fn a_closure_without_parameters_is_a_block() {
        assert_eq!(spawn!(|| 1).await.unwrap(), 1);
        assert_eq!(spawn!(move || { 2 }).await.unwrap(), 2);
        assert_eq!(spawn!(async || triple(1).await).await.unwrap(), 3);
        assert_eq!(spawn!(async move || { triple(2).await }).await.unwrap(), 6);
        assert_eq!(spawn!(|| { 4 }()).await.unwrap(), 4);
    }
}

mod block {
    use super::*;

    #[gort::test]
    async fn all_spellings_of_a_block_run() {
        let n = 1;
        assert_eq!(spawn!({ triple(n).await }).await.unwrap(), 3);
        assert_eq!(spawn!(async { triple(n).await }).await.unwrap(), 3);
        assert_eq!(spawn!(async move { triple(n).await }).await.unwrap(), 3);
        assert_eq!(spawn!(triple(n).await).await.unwrap(), 3);
        assert_eq!(spawn! { let m = n + 1; triple(m).await }.await.unwrap(), 6);
        assert_eq!(
            spawn!(if n == 1 { "one" } else { "more" }).await.unwrap(),
            "one"
        );
        assert_eq!(
            spawn!(loop {
                break triple(n).await;
            })
            .await
            .unwrap(),
            3
        );
        assert_eq!(spawn!(format!("{n}")).await.unwrap(), "1");
        assert_eq!(
            spawn!(unsafe { std::num::NonZero::new_unchecked(n).get() })
                .await
                .unwrap(),
            1
        );
        assert_eq!(
            spawn!('found: {
                if n == 1 {
                    break 'found 5;
                }
                6
            })
            .await
            .unwrap(),
            5
        );
    }

    #[test]
    fn a_block_runs_in_the_goroutine() {
        let log = RefCell::new(Vec::new());
        let say = &log;
        let future = spawn!(on = Spy, {
            say.borrow_mut().push(1);
        });
        assert!(log.borrow().is_empty());
        block_on(future);
        assert_eq!(*log.borrow(), [1]);
    }

    #[gort::test]
    async fn return_and_question_mark_leave_the_goroutine() {
        let h = spawn!({
            if double(1) == 2 {
                return 1;
            }
            2
        });
        assert_eq!(h.await.unwrap(), 1);
        let h = spawn!({
            let n: u32 = "x".parse()?;
            Ok::<u32, std::num::ParseIntError>(n)
        });
        assert!(h.await.unwrap().is_err());
    }

    #[gort::test]
    async fn a_future_that_exists_is_run() {
        let future = triple(3);
        assert_eq!(spawn!(future).await.unwrap(), 9);
        let held = Pair(1, triple(4));
        assert_eq!(spawn!(held.1).await.unwrap(), 12);
    }

    #[gort::test]
    async fn a_panic_arrives_at_the_handle() {
        assert!(
            spawn!({ std::panic::resume_unwind(Box::new("quiet")) })
                .await
                .map(|()| ())
                .is_err()
        );
    }
}

mod capture {
    use super::*;

    #[gort::test]
    async fn clone_leaves_the_original_to_the_caller() {
        struct Held {
            name: String,
        }
        let text = String::from("abc");
        let held = Held {
            name: String::from("de"),
        };
        let h = spawn!(clone(text, held.name, more = text), {
            text.push('!');
            text.len() + name.len() + more.len()
        });
        assert_eq!(h.await.unwrap(), 4 + 2 + 3);
        assert_eq!((text.len(), held.name.len()), (3, 2));
    }

    #[gort::test]
    async fn clone_clones_what_a_reference_refers_to() {
        fn start(text: &String) -> gort::task::JoinHandle<usize> {
            spawn!(clone(text), { text.len() })
        }
        assert_eq!(start(&String::from("abc")).await.unwrap(), 3);
    }

    #[gort::test]
    async fn clone_takes_any_expression_under_a_name() {
        let (a, b) = (1, 2);
        assert_eq!(spawn!(clone(sum = a + b), double(sum)).await.unwrap(), 6);
        let this = Arc::new(Worker::new(1));
        assert_eq!(spawn!(clone(this), this.add(1)).await.unwrap(), 2);
        assert_eq!(this.base, 1);
    }

    #[test]
    fn move_is_evaluated_in_the_caller_wherever_it_stands() {
        let log = RefCell::new(Vec::new());
        let say = |n: u32| {
            log.borrow_mut().push(n);
            n
        };
        let (first, second) = (1, 2);
        let future = spawn!(on = Spy, {
            let list = vec![move(say(first)), 10];
            format!("{} {}", list[0], move(say(second)))
        });
        assert_eq!(*log.borrow(), [1, 2]);
        assert_eq!(block_on(future), "1 2");
    }

    #[test]
    fn move_nests_and_keeps_its_order_among_arguments() {
        let log = RefCell::new(Vec::new());
        let say = |n: u32| {
            log.borrow_mut().push(n);
            n
        };
        fn list(a: u32, b: impl Fn() -> u32, c: u32) -> [u32; 3] {
            [a, b(), c]
        }
        let future = spawn!(on = Spy, list(say(1), || move(say(2) + move(say(3))), say(4)));
        assert_eq!(*log.borrow(), [1, 3, 2, 4]);
        assert_eq!(block_on(future), [1, 5, 4]);
    }

    #[gort::test]
    async fn a_move_in_a_nested_go_belongs_to_the_inner_one() {
        let outer = thread::current().id();
        let inner = spawn!({
            let here = thread::current().id();
            assert!(here != outer);
            spawn!({ move(thread::current().id()) == here })
                .await
                .unwrap()
        });
        assert!(inner.await.unwrap());
    }
}

mod start {
    use super::*;

    #[test]
    fn go_is_a_statement_of_no_value_wherever_it_stands() {
        fn send_to(report: mpsc::Sender<u32>, n: u32) {
            report.send(n).unwrap();
        }
        let (report, reports) = mpsc::channel::<u32>();
        let send = |n: u32, report: &mpsc::Sender<u32>| {
            let report = report.clone();
            match n {
                0 => go!(send_to(report, n)),
                1 => go! { report.send(n).unwrap() },
                _ => {
                    if n == 2 {
                        go!({ report.send(n).unwrap() })
                    } else {
                        go! {
                            report.send(n).unwrap();
                        }
                        let () = go!({});
                    }
                }
            }
        };
        let mut seen: Vec<u32> = (0..4)
            .map(|n| {
                send(n, &report);
                next(&reports)
            })
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2, 3]);
    }

    #[gort::test]
    async fn a_dropped_handle_leaves_the_goroutine_running() {
        let (report, reports) = mpsc::channel();
        drop(spawn!({ report.send(1).unwrap() }));
        assert_eq!(next(&reports), 1);
    }

    #[test]
    fn on_takes_any_receiver_of_spawn() {
        struct Set(Vec<u32>);
        impl Set {
            fn spawn(&mut self, future: impl Future<Output = u32>) {
                self.0.push(block_on(future));
            }
        }
        let mut set = Set(Vec::new());
        go!(on = set, double(1));
        go!(on = &mut set, triple(1));
        assert_eq!(set.0, [2, 3]);
    }

    #[test]
    fn the_place_of_a_goroutine_is_the_macro_call() {
        struct Place;
        impl Place {
            #[track_caller]
            #[expect(clippy::unused_self, reason = "the macros call a method")]
            fn spawn<F>(&self, _: F) -> &'static Location<'static> {
                Location::caller()
            }
        }
        let call = spawn!(on = Place, double(1));
        let line = line!() - 1;
        let block = spawn!(on = Place, { triple(1).await });
        assert_eq!((call.file(), call.line()), (file!(), line));
        assert_eq!(block.line(), line + 2);
    }
}

mod size {
    use super::*;

    async fn work(data: [u64; 8], n: u64) -> u64 {
        std::future::ready(()).await;
        data[0] + n
    }

    fn size<T>(value: &T) -> usize {
        size_of_val(value)
    }

    #[test]
    fn a_call_of_an_async_function_is_no_larger_than_its_own_future() {
        let data = [1_u64; 8];
        let own = work(data, 1);
        let through_go = spawn!(on = Spy, work(data, move(1)));
        assert_eq!(size(&through_go), size(&own));
        assert_eq!(block_on(through_go), 2);
    }

    #[test]
    fn a_call_of_a_sync_function_is_its_arguments_and_a_state() {
        fn work(data: [u64; 8], n: u64) -> u64 {
            data[0] + n
        }
        let data = [1_u64; 8];
        let n = 1;
        let future = spawn!(on = Spy, work(data, n));
        assert!(size(&future) <= 9 * 8 + 8, "{}", size(&future));
        assert_eq!(block_on(future), 2);
    }

    #[test]
    fn a_method_call_is_its_operands_and_the_awaited_future() {
        struct Data([u64; 8]);
        impl Data {
            async fn work(&self, n: u64) -> u64 {
                std::future::ready(()).await;
                self.0[0] + n
            }
        }
        let own = size(&Data([1; 8]).work(1));
        let data = Data([1; 8]);
        let n = 1;
        let future = spawn!(on = Spy, data.work(n));
        // The operands, the method's future, a state; nothing twice.
        assert!(
            size(&future) <= 9 * 8 + own + 8,
            "{} around {own}",
            size(&future)
        );
        assert_eq!(block_on(future), 2);
    }

    #[test]
    fn a_block_is_the_async_block_that_one_would_write() {
        let data = [1_u64; 8];
        let own = async move { work(data, 1).await };
        let through_go = spawn!(on = Spy, { work(data, 1).await });
        assert_eq!(size(&through_go), size(&own));
        assert_eq!(block_on(async { own.await + through_go.await }), 4);
    }
}

mod through_macros {
    use super::*;

    macro_rules! start_expr {
        ($call:expr) => {
            spawn!(on = Spy, $call)
        };
    }
    macro_rules! start_block {
        ($body:block) => {
            spawn!(on = Spy, $body)
        };
    }
    macro_rules! start_parts {
        ($function:ident($($argument:expr),*)) => {
            spawn!(on = Spy, $function($($argument),*))
        };
    }
    macro_rules! start_method {
        ($receiver:expr, $method:ident, $argument:expr) => {
            spawn!(on = Spy, $receiver.$method($argument))
        };
    }

    #[test]
    fn fragments_are_looked_into() {
        let log = RefCell::new(Vec::new());
        let say = |n: u32| {
            log.borrow_mut().push(n);
            n
        };
        let call = start_expr!(triple(say(1)));
        let parts = start_parts!(double(say(2)));
        let method = start_method!(Worker::new(say(3)), add, say(4));
        assert_eq!(*log.borrow(), [1, 2, 3, 4], "evaluated in the caller");
        assert_eq!(block_on(call), 3);
        assert_eq!(block_on(parts), 4);
        assert_eq!(block_on(method), 7);
        assert_eq!(block_on(start_block!({ triple(2).await })), 6);
        assert_eq!(block_on(start_expr!({ triple(3).await })), 9);
    }

    #[test]
    fn hidden_names_do_not_clash_with_the_users() {
        let (argument_0, argument_1, call, kind, result, moved_0) = (1, 2, 3, 4, 5, 6);
        fn list(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32) -> [u32; 6] {
            [a, b, c, d, e, f]
        }
        let future = spawn!(on = Spy, list(
            argument_1, argument_0, kind, call, moved_0, move(result)
        ));
        assert_eq!(block_on(future), [2, 1, 4, 3, 6, 5]);
        assert_eq!(block_on(spawn!(on = Spy, { result + move(moved_0) })), 11);
    }
}

mod local {
    use super::*;

    #[test]
    fn a_local_goroutine_need_not_be_send() {
        let future = spawn!(on = Spy, {
            let shared = Rc::new(1);
            triple(*shared).await
        });
        assert_eq!(block_on(future), 3);
    }
}
