//! Who runs the goroutine, and what the macro's value is.

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
    let (report, reports) = oneshot::channel();
    drop(spawn!({ report.send(1) }));
    assert_eq!(reports.await, Ok(1));
}

#[test]
fn on_takes_whatever_has_the_method() {
    struct Set(Vec<u32>);
    impl Set {
        fn go(&mut self, future: impl Future<Output = u32>) -> usize {
            self.0.push(block_on(future));
            self.0.len()
        }
    }
    let mut set = Set(Vec::new());
    go!(on = set, double(1));
    let () = go!(on = &mut set, triple(1));
    assert_eq!(set.0, [2, 3]);
}

#[gort::test]
async fn on_takes_a_join_set() {
    let mut set = gort::task::JoinSet::new();
    let abort = spawn!(on = set, std::future::pending());
    spawn!(on = set, triple(1));
    spawn!(name = "double", on = set, double(2));
    abort.abort();
    let mut sum = 0;
    while let Some(outcome) = set.join_next().await {
        sum += outcome.unwrap_or(100);
    }
    assert_eq!(sum, 3 + 4 + 100);
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

#[test]
fn a_local_goroutine_need_not_be_send() {
    let future = spawn!(on = Spy, {
        let shared = Rc::new(1);
        triple(*shared).await
    });
    assert_eq!(block_on(future), 3);
}
