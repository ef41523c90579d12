//! The programs with which Go is taught, as they are written here. They stand in
//! `executor/examples` as well, for reading.

use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::net::{TcpListener, TcpStream};
use gort::runtime::{gosched, num_goroutine};
use gort::sync::{Mutex, WaitGroup};
use gort::{Chan, defer, defers, go, spawn};
use gort_tests::{PROCS, on_goroutine};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What was printed, in order.
type Lines = Arc<Mutex<Vec<&'static str>>>;

async fn sorted(lines: &Lines) -> Vec<&'static str> {
    let mut lines = std::mem::take(&mut *lines.lock().await);
    lines.sort_unstable();
    lines
}

#[test]
fn hello_is_said_when_a_group_waits_for_it() {
    on_goroutine(&PROCS, || async {
        let lines = Lines::default();
        let group = WaitGroup::new();
        let said = Arc::clone(&lines);
        group.go(async move { said.lock().await.push("hello") });
        group.wait().await;
        assert_eq!(*lines.lock().await, ["hello"]);
    });
}

#[test]
fn a_goroutine_changes_the_salutation_to_welcome() {
    on_goroutine(&PROCS, || async {
        let group = WaitGroup::new();
        let salutation = Arc::new(Mutex::new("hello"));
        group.add(1);
        go!(clone(group, salutation), {
            defer!(group.done());
            *salutation.lock().await = "welcome";
        });
        group.wait().await;
        assert_eq!(*salutation.lock().await, "welcome");
    });
}

#[test]
fn each_turn_of_a_loop_has_its_own_salutation() {
    on_goroutine(&PROCS, || async {
        let all = ["good day", "greetings", "hello"];
        let lines = Lines::default();
        let group = WaitGroup::new();
        for salutation in ["hello", "greetings", "good day"] {
            group.add(1);
            go!(clone(group, lines), {
                defer!(group.done());
                lines.lock().await.push(salutation);
            });
        }
        group.wait().await;
        assert_eq!(sorted(&lines).await, all, "captured");

        for salutation in ["hello", "greetings", "good day"] {
            group.add(1);
            go!(clone(group, lines), |salutation: &'static str| {
                defer!(group.done());
                lines.lock().await.push(salutation);
            }(
                salutation
            ));
        }
        group.wait().await;
        assert_eq!(sorted(&lines).await, all, "passed");
    });
}

#[test]
fn a_group_that_is_added_to_in_the_goroutine_does_not_wait_for_it() {
    // With one P the goroutine has certainly not run when the group is asked.
    on_goroutine(&[1], || async {
        async fn do_something(group: WaitGroup, done: Arc<AtomicBool>) {
            group.add(1);
            done.store(true, Ordering::Relaxed);
            group.done();
        }
        let (group, done) = (WaitGroup::new(), Arc::new(AtomicBool::new(false)));
        go!(do_something(group.clone(), Arc::clone(&done)));
        group.wait().await;
        assert!(!done.load(Ordering::Relaxed));
        gosched().await;
        assert!(done.load(Ordering::Relaxed));
    });
}

#[test]
fn a_group_that_is_added_to_before_the_goroutine_waits_for_it() {
    on_goroutine(&PROCS, || async {
        #[defers]
        async fn do_something(group: WaitGroup, done: Arc<AtomicBool>) {
            defer!(group.done());
            gosched().await;
            done.store(true, Ordering::Relaxed);
        }
        let (group, done) = (WaitGroup::new(), Arc::new(AtomicBool::new(false)));
        group.add(1);
        go!(do_something(group.clone(), Arc::clone(&done)));
        group.wait().await;
        assert!(done.load(Ordering::Relaxed));
    });
}

/// That the race itself does not compile is shown by `ui/rustc/race.rs`.
#[test]
fn data_under_a_lock_has_no_race() {
    on_goroutine(&PROCS, || async {
        let shared_data = Arc::new(Mutex::new(0));
        let group = WaitGroup::new();
        for _ in 0..1000 {
            group.add(1);
            go!(clone(shared_data, group), {
                defer!(group.done());
                let mut data = shared_data.lock().await;
                let before = *data;
                gosched().await;
                *data = before + 1;
            });
        }
        group.wait().await;
        assert_eq!(*shared_data.lock().await, 1000);
    });
}

#[test]
fn goroutines_that_nobody_wakes_stay() {
    on_goroutine(&PROCS, || async {
        let before = num_goroutine();
        let group = WaitGroup::new();
        group.add(1000);
        for _ in 0..1000 {
            go!(clone(group), {
                group.done();
                Chan::<()>::nil().recv().await;
            });
        }
        group.wait().await;
        assert_eq!(num_goroutine(), before + 1000);
    });
}

#[test]
fn a_sender_and_a_receiver_switch_as_often_as_they_are_told() {
    on_goroutine(&PROCS, || async {
        const SWITCHES: usize = 10_000;
        let group = WaitGroup::new();
        let (begin, c) = (Chan::<()>::new(0), Chan::new(0));
        let received = Arc::new(AtomicUsize::new(0));
        group.add(2);
        go!(clone(group, begin, c), {
            defer!(group.done());
            begin.recv().await;
            for _ in 0..SWITCHES {
                c.send(()).await;
            }
        });
        go!(clone(group, begin, c, received), {
            defer!(group.done());
            begin.recv().await;
            for _ in 0..SWITCHES {
                c.recv().await;
                received.fetch_add(1, Ordering::Relaxed);
            }
        });
        begin.close();
        group.wait().await;
        assert_eq!(received.load(Ordering::Relaxed), SWITCHES);
        assert!(c.try_recv().is_err(), "nothing is left");
    });
}

/// A connection that says when it has been closed.
struct Body {
    stream: TcpStream,
    closed: Arc<AtomicUsize>,
}

impl Body {
    async fn close(&mut self) -> io::Result<()> {
        self.closed.fetch_add(1, Ordering::Relaxed);
        self.stream.close().await
    }
}

/// The page of a server that answers once.
#[defers]
async fn get(address: std::net::SocketAddr, closed: Arc<AtomicUsize>) -> io::Result<String> {
    let stream = TcpStream::connect(address).await?;
    let mut body = Body { stream, closed };
    defer!(body.close());
    let request = b"GET / HTTP/1.0\r\n\r\n";
    body.stream.write_all(request).await?;
    let mut answer = String::new();
    body.stream.read_to_string(&mut answer).await?;
    let parts = answer.split_once("\r\n\r\n");
    let (_, page) = parts.ok_or_else(|| io::Error::other("no head"))?;
    Ok(page.to_owned())
}

async fn answer_once(answer: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    go! {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 18];
        stream.read_exact(&mut request).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.close().await.unwrap();
        // The client's end of the conversation.
        let _ = stream.read(&mut request).await;
    }
    address
}

#[test]
fn a_page_comes_over_a_channel_while_the_program_goes_on() {
    on_goroutine(&PROCS, || async {
        let closed = Arc::new(AtomicUsize::new(0));
        let address = answer_once("HTTP/1.0 200 OK\r\n\r\nhello, gopher").await;
        let pages = Chan::new(0);
        go!(clone(closed), |pages: Chan<String>| {
            let page = get(address, closed).await.unwrap();
            pages.send(page).await;
        }(pages.clone()));
        assert_eq!(pages.recv().await.as_deref(), Some("hello, gopher"));
        assert_eq!(closed.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn the_connection_is_closed_when_the_answer_is_bad_and_when_the_fetch_is_given_up() {
    on_goroutine(&PROCS, || async {
        let closed = Arc::new(AtomicUsize::new(0));
        let address = answer_once("no head at all").await;
        let error = get(address, Arc::clone(&closed)).await.unwrap_err();
        assert_eq!(error.to_string(), "no head");
        assert_eq!(closed.load(Ordering::Relaxed), 1);

        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = silent.local_addr().unwrap();
        let fetch = spawn!(get(address, Arc::clone(&closed)));
        let (mut peer, _) = silent.accept().await.unwrap();
        let mut request = [0; 18];
        peer.read_exact(&mut request).await.unwrap();
        fetch.abort();
        assert!(fetch.await.unwrap_err().is_cancelled());
        assert_eq!(closed.load(Ordering::Relaxed), 2);
    });
}
