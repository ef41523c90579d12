use futures::FutureExt;
use futures::io::AsyncReadExt;
use gort::context::{ContextError, Done, Run, background, with_cancel, with_timeout};
use gort::net::{TcpListener, TcpStream};
use gort::select;
use gort::time::sleep;
use gort_tests::{Counts, PROCS, bounded, on_goroutine};
use std::future::{Future, pending, ready};
use std::task::Context;
use std::time::Duration;
use tokio_test::task;
use tokio_test::{assert_pending, assert_ready, assert_ready_eq};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn waits_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Done<'_>>();
    both::<Run<'_, u8>>();
}

#[test]
fn done_wakes_all_who_wait_and_stays_ready() {
    let (context, cancel) = with_cancel(&background());
    let (child, _cancel) = with_cancel(&context);
    let mut waiters = [&context, &context, &child].map(|context| task::spawn(context.done()));
    for waiter in &mut waiters {
        assert_pending!(waiter.poll());
        assert_pending!(waiter.poll());
    }
    cancel.cancel();
    for waiter in &mut waiters {
        assert!(waiter.is_woken());
        assert_ready!(waiter.poll());
        assert_ready!(waiter.poll());
    }
    assert_ready!(task::spawn(context.done()).poll());
}

#[test]
fn what_nothing_can_end_is_never_done() {
    let root = background();
    assert_pending!(task::spawn(root.done()).poll());
    assert_ready_eq!(task::spawn(root.run(ready(7))).poll(), Ok(7));
    assert_pending!(task::spawn(root.run(pending::<()>())).poll());
}

#[test]
fn those_who_wait_are_woken_in_the_order_in_which_they_came() {
    on_goroutine(&[1], || async {
        let (context, cancel) = with_cancel(&background());
        let (tell, told) = gort::chan(8);
        for n in 0..5 {
            let (context, tell) = (context.clone(), tell.clone());
            gort::go!({
                context.done().await;
                tell.send(n).await.unwrap();
            });
            gort::yield_now().await;
        }
        cancel.cancel();
        // As in Go, whoever was woken last is the next to run.
        for n in [4, 0, 1, 2, 3] {
            assert_eq!(told.recv().await, Some(n));
        }
    });
}

#[test]
fn a_wait_has_one_waker_and_takes_it_along() {
    let counts = [Counts::new(), Counts::new()];
    let (context, cancel) = with_timeout(&background(), HOUR);
    let mut done = Box::pin(context.done());
    for n in [0, 0, 1] {
        let waker = counts[n].waker();
        let polled = done.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
    assert_eq!([counts[0].others(), counts[1].others()], [0, 1]);
    drop(done);
    assert_eq!(counts[1].others(), 0);
    cancel.cancel();
    assert_eq!([counts[0].wakes(), counts[1].wakes()], [0, 0]);
}

#[test]
fn run_gives_the_output_or_why_there_is_none() {
    let (context, cancel) = with_cancel(&background());
    assert_ready_eq!(task::spawn(context.run(ready(7))).poll(), Ok(7));
    let counts = Counts::new();
    let mut run = task::spawn(context.run(counts.future(pending::<()>())));
    assert_pending!(run.poll());
    cancel.cancel();
    assert!(run.is_woken());
    assert_eq!(counts.live(), 1);
    assert_ready_eq!(run.poll(), Err(ContextError::Canceled));
    assert_eq!(counts.live(), 0, "dropped before the answer is given");
    assert_ready_eq!(run.poll(), Err(ContextError::Canceled));
}

#[test]
fn a_context_that_is_done_wins_and_the_future_is_not_polled() {
    let (context, cancel) = with_cancel(&background());
    cancel.cancel();
    let counts = Counts::new();
    let late = context.run(counts.future(ready(7)));
    assert_eq!(late.now_or_never(), Some(Err(ContextError::Canceled)));
    assert_eq!((counts.polls(), counts.live()), (0, 0));
}

#[test]
fn a_run_that_is_dropped_at_any_point_leaves_nothing() {
    let (context, cancel) = with_cancel(&background());
    let counts = Counts::new();
    let run = || task::spawn(context.run(counts.future(pending::<()>())));
    drop(run());
    let mut polled = run();
    assert_pending!(polled.poll());
    drop(polled);
    let mut cancelled = run();
    assert_pending!(cancelled.poll());
    cancel.cancel();
    drop(cancelled);
    assert_eq!((counts.made(), counts.live()), (3, 0));
}

#[test]
fn run_ends_sleeps_sockets_and_channels() {
    on_goroutine(&PROCS, || async {
        let limit = || with_timeout(&background(), Duration::from_millis(1)).0;
        let late = Err(ContextError::DeadlineExceeded);
        assert_eq!(limit().run(sleep(HOUR)).await, late);

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let _server = listener.accept().await.unwrap();
        assert!(limit().run(listener.accept()).await.is_err());
        let mut buf = [0];
        assert!(limit().run(client.read(&mut buf)).await.is_err());

        let (tx, rx) = gort::chan(0);
        assert!(limit().run(tx.send(7)).await.is_err());
        assert!(limit().run(rx.recv()).await.is_err());
        gort::go!({ tx.send(8).await.unwrap() });
        assert_eq!(rx.recv().await, Some(8), "no value of a send that lost");
    });
}

#[test]
fn done_is_an_arm_of_select() {
    on_goroutine(&PROCS, || async {
        let (context, cancel) = with_cancel(&background());
        let (jobs, queue) = gort::chan(0);
        let (worked, results) = gort::chan(8);
        let worker = gort::spawn(async move {
            let mut done = 0;
            loop {
                select! {
                    job = queue.recv() => {
                        let job = job.unwrap();
                        worked.send(job * job).await.unwrap();
                        done += 1;
                    }
                    _ = context.done() => return (done, context.err()),
                }
            }
        });
        for job in 1..=5 {
            jobs.send(job).await.unwrap();
            assert_eq!(results.recv().await, Some(job * job));
        }
        cancel.cancel();
        assert_eq!(worker.await.unwrap(), (5, Some(ContextError::Canceled)));
    });
}

#[test]
fn a_select_with_a_default_sees_a_deadline_that_nobody_else_could_have_noticed() {
    let (context, _cancel) = with_timeout(&background(), Duration::from_millis(1));
    bounded("a loop that computes", move || {
        loop {
            select! {
                _ = context.done() => break,
                default => std::hint::spin_loop(),
            }
        }
    });
}

#[test]
fn a_context_works_on_tokio() {
    bounded("tokio", || {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap();
        tokio.block_on(async {
            let (context, cancel) = with_cancel(&background());
            let waits = tokio::spawn({
                let context = context.clone();
                async move { context.run(pending::<()>()).await }
            });
            tokio::spawn(async move { cancel.cancel() });
            assert_eq!(waits.await.unwrap(), Err(ContextError::Canceled));
            let (limited, _cancel) = with_timeout(&context, HOUR);
            limited.done().await;
            let (timed, _cancel) = with_timeout(&background(), Duration::from_millis(2));
            timed.done().await;
            assert_eq!(timed.err(), Some(ContextError::DeadlineExceeded));
        });
    });
}
