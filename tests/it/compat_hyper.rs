//! hyper, hyper-util and axum on gort: `gort_compat::hyper`.
//!
//! Servers listen on a free port of the loopback. The tests that look at the order of events speak
//! HTTP by hand over a gort stream; the others use hyper-util's client.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, StatusCode, Version, header};
use axum::response::Response;
use axum::routing::{get, post};
use futures::channel::oneshot;
use futures::future::join_all;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::net::{TcpListener, TcpStream};
use gort::task::JoinHandle;
use gort_compat::hyper::{
    ConnectError, GortConnector, GortExecutor, GortIo, GortTimer, Serve, Served, serve,
};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Builder, Client};

/// No test takes longer than this, or it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

type HttpClient = Client<GortConnector, Full<Bytes>>;

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = gort::Runtime::builder()
        .procs(2)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        gort::time::timeout(PATIENCE, test)
            .await
            .expect("the test must not hang")
    })
}

/// A server that runs, and the means to end it gracefully.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<Served>>,
}

impl Server {
    async fn start(router: Router, options: impl FnOnce(Serve<Router>) -> Serve<Router>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let server = options(serve(listener, router));
        let server = server.with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        Self {
            address,
            stop,
            task: gort::spawn(async { server.await }),
        }
    }

    fn uri(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address)
            .await
            .expect("a connection")
    }

    async fn end(self) -> Served {
        drop(self.stop);
        self.task
            .await
            .expect("no panic")
            .expect("no failure of the listener")
    }
}

fn client(change: impl FnOnce(&mut Builder)) -> HttpClient {
    let mut builder = Client::builder(GortExecutor::new());
    builder.pool_timer(GortTimer::new()).timer(GortTimer::new());
    change(&mut builder);
    builder.build(GortConnector::new())
}

async fn fetch(client: &HttpClient, uri: &str, body: Bytes) -> (Version, StatusCode, Bytes) {
    let method = if body.is_empty() { "GET" } else { "POST" };
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .body(Full::new(body));
    let response = client
        .request(request.expect("a request"))
        .await
        .expect("a response");
    let (version, status) = (response.version(), response.status());
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (version, status, body)
}

/// Reads one response whose body has a `content-length`, and returns all of it.
async fn response(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte).await.expect("a response head");
        text.push(char::from(byte[0]));
    }
    let head = text.to_ascii_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    stream.read_exact(&mut body).await.expect("a response body");
    text + &String::from_utf8(body).expect("text")
}

/// Whether the server closes `stream` without another byte. Bytes before that are returned.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes).await {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
    bytes
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

/// Answers at `/gated` only when the sender is dropped, and tells when a request has come.
fn gated() -> (Router, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let (came, arrival) = oneshot::channel::<()>();
    let (open, gate) = oneshot::channel::<()>();
    let once = Arc::new(std::sync::Mutex::new(Some((came, gate))));
    let handler = move || async move {
        let (came, gate) = once.lock().expect("no panic").take().expect("one request");
        came.send(()).expect("the test waits");
        let _ = gate.await;
        "at last"
    };
    (Router::new().route("/gated", get(handler)), arrival, open)
}

#[test]
fn http1_keep_alive_answers_many_requests_on_one_connection() {
    run(async {
        let server = Server::start(hello(), |serve| serve).await;
        let mut stream = server.connect().await;
        for _ in 0..50 {
            stream
                .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                .await
                .expect("sent");
            let text = response(&mut stream).await;
            assert!(
                text.starts_with("HTTP/1.1 200") && text.ends_with("hello"),
                "{text}"
            );
        }
        assert_eq!(server.end().await.connections, 1);
    });
}

#[test]
fn http1_client_is_answered_from_many_goroutines() {
    run(async {
        let server = Server::start(hello(), |serve| serve).await;
        let client = client(|_| {});
        let all = (0..20).map(|_| {
            let (client, uri) = (client.clone(), server.uri("/"));
            gort::spawn(async move {
                for _ in 0..20 {
                    let (version, _, body) = fetch(&client, &uri, Bytes::new()).await;
                    assert_eq!((version, &body[..]), (Version::HTTP_11, &b"hello"[..]));
                }
            })
        });
        for asked in join_all(all).await {
            asked.expect("no panic");
        }
        drop(client);
        let connections = server.end().await.connections;
        assert!(
            connections < 400,
            "{connections} connections for 400 requests: none was kept"
        );
    });
}

#[test]
fn http2_carries_concurrent_requests_on_one_connection() {
    run(async {
        let server = Server::start(hello(), |serve| serve).await;
        let client = client(|builder| {
            builder.http2_only(true);
        });
        let uri = server.uri("/");
        let all = join_all((0..100).map(|_| fetch(&client, &uri, Bytes::new()))).await;
        for (version, status, body) in all {
            assert_eq!(
                (version, status, &body[..]),
                (Version::HTTP_2, StatusCode::OK, &b"hello"[..])
            );
        }
        drop(client);
        assert_eq!(server.end().await.connections, 1);
    });
}

#[test]
fn one_listener_answers_both_versions() {
    run(async {
        let server = Server::start(hello(), |serve| serve).await;
        let old = client(|_| {});
        let new = client(|builder| {
            builder.http2_only(true);
        });
        let uri = server.uri("/");
        assert_eq!(fetch(&old, &uri, Bytes::new()).await.0, Version::HTTP_11);
        assert_eq!(fetch(&new, &uri, Bytes::new()).await.0, Version::HTTP_2);
        drop((old, new));
        assert_eq!(server.end().await.connections, 2);
    });
}

#[test]
fn large_body_comes_back_unchanged_over_both_versions() {
    run(async {
        let echo = Router::new().route("/", post(|body: Body| async { body }));
        let server = Server::start(echo, |serve| serve).await;
        let sent: Bytes = (0..8 * 1024 * 1024_u32)
            .map(|i| (i.wrapping_mul(31) >> 7) as u8)
            .collect();
        for http2 in [false, true] {
            let client = client(|builder| {
                builder.http2_only(http2);
            });
            let (_, status, received) = fetch(&client, &server.uri("/"), sent.clone()).await;
            assert_eq!(status, StatusCode::OK);
            assert!(
                received == sent,
                "{} bytes came back of {}",
                received.len(),
                sent.len()
            );
        }
        server.end().await;
    });
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    run(async {
        let router = Router::new().route(
            "/{n}",
            get(|path: axum::extract::Path<u32>| async move { path.0.to_string() }),
        );
        let server = Server::start(router, |serve| serve).await;
        let mut stream = server.connect().await;
        let all: String = (0..20)
            .map(|n| format!("GET /{n} HTTP/1.1\r\nhost: x\r\n\r\n"))
            .collect();
        stream.write_all(all.as_bytes()).await.expect("sent");
        for n in 0..20 {
            let text = response(&mut stream).await;
            assert!(text.ends_with(&format!("\r\n\r\n{n}")), "{text}");
        }
        server.end().await;
    });
}

#[test]
fn graceful_shutdown_answers_what_is_under_way_and_refuses_what_is_new() {
    run(async {
        let (router, arrival, open) = gated();
        let server = Server::start(router, |serve| serve).await;
        let address = server.address;
        let mut stream = server.connect().await;
        stream
            .write_all(b"GET /gated HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("sent");
        arrival.await.expect("a request");
        let ending = gort::spawn(server.end());
        // The server has been told once a connection is refused.
        while TcpStream::connect(address).await.is_ok() {
            gort::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(!ending.is_finished(), "a request is under way");
        drop(open);
        let text = response(&mut stream).await;
        assert!(
            text.starts_with("HTTP/1.1 200") && text.ends_with("at last"),
            "{text}"
        );
        assert_eq!(
            rest(&mut stream).await,
            b"",
            "a draining connection is not kept alive"
        );
        assert_eq!(ending.await.expect("no panic").cut_off, 0);
    });
}

#[test]
fn graceful_shutdown_finishes_http2_streams() {
    run(async {
        let (router, arrival, open) = gated();
        let server = Server::start(router, |serve| serve).await;
        let address = server.address;
        let uri = server.uri("/gated");
        let asking = gort::spawn(async move {
            let client = client(|builder| {
                builder.http2_only(true);
            });
            fetch(&client, &uri, Bytes::new()).await
        });
        arrival.await.expect("a request");
        let ending = gort::spawn(server.end());
        while TcpStream::connect(address).await.is_ok() {
            gort::time::sleep(Duration::from_millis(1)).await;
        }
        drop(open);
        let (version, status, body) = asking.await.expect("no panic");
        assert_eq!(
            (version, status, &body[..]),
            (Version::HTTP_2, StatusCode::OK, &b"at last"[..])
        );
        assert_eq!(ending.await.expect("no panic").cut_off, 0);
    });
}

#[test]
fn graceful_shutdown_closes_an_idle_connection_at_once() {
    run(async {
        let server = Server::start(hello(), |serve| serve.header_read_timeout(None)).await;
        let mut stream = server.connect().await;
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("sent");
        response(&mut stream).await;
        let served = server.end().await;
        assert_eq!((served.connections, served.cut_off), (1, 0));
        assert_eq!(rest(&mut stream).await, b"");
    });
}

#[test]
fn drain_limit_cuts_off_what_does_not_end() {
    run(async {
        let (router, arrival, mut open) = gated();
        let limit = Duration::from_millis(50);
        let server = Server::start(router, |serve| serve.drain_timeout(limit)).await;
        let mut stream = server.connect().await;
        stream
            .write_all(b"GET /gated HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("sent");
        arrival.await.expect("a request");
        let start = Instant::now();
        assert_eq!(server.end().await.cut_off, 1);
        assert!(start.elapsed() >= limit);
        assert_eq!(rest(&mut stream).await, b"");
        // Ends when the handler is dropped.
        open.cancellation().await;
    });
}

#[test]
fn listener_that_fails_ends_the_server_after_what_is_under_way() {
    run(async {
        let (router, arrival, open) = gated();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let same = listener.as_fd().try_clone_to_owned().expect("a descriptor");
        let server = gort::spawn(async { serve(listener, router).await });
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream
            .write_all(b"GET /gated HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("sent");
        arrival.await.expect("a request");
        // From now on the system has nothing to accept from.
        rustix::net::shutdown(&same, rustix::net::Shutdown::Both).expect("a socket that listens");
        drop(same);
        while TcpStream::connect(address).await.is_ok() {
            gort::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(!server.is_finished(), "a request is under way");
        drop(open);
        assert!(response(&mut stream).await.ends_with("at last"));
        let error = server
            .await
            .expect("no panic")
            .expect_err("the listener has failed");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
fn dropping_the_server_closes_listener_and_connections() {
    run(async {
        let (router, arrival, _open) = gated();
        let server = Server::start(router, |serve| serve).await;
        let mut stream = server.connect().await;
        stream
            .write_all(b"GET /gated HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("sent");
        arrival.await.expect("a request");
        server.task.abort();
        assert!(server.task.await.is_err());
        assert_eq!(rest(&mut stream).await, b"");
        let error = TcpStream::connect(server.address)
            .await
            .expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

/// Sends `bytes` and expects the server to hang up after `limit`, and not much before.
async fn expect_hang_up(bytes: &[u8]) {
    let limit = Duration::from_millis(100);
    let server = Server::start(hello(), |serve| serve.header_read_timeout(limit)).await;
    let mut stream = server.connect().await;
    let start = Instant::now();
    stream.write_all(bytes).await.expect("sent");
    let answer = rest(&mut stream).await;
    assert!(
        start.elapsed() >= limit / 2,
        "hung up after {:?}",
        start.elapsed()
    );
    assert!(
        !answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    server.end().await;
}

#[test]
fn client_that_sends_half_a_head_is_hung_up_on() {
    run(expect_hang_up(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: "));
}

#[test]
fn client_that_sends_nothing_is_hung_up_on() {
    run(expect_hang_up(b""));
}

#[test]
fn client_that_sends_half_the_http2_preface_is_hung_up_on() {
    run(expect_hang_up(b"PRI * HTTP/2.0\r\n"));
}

#[test]
fn client_that_sends_nothing_after_the_http2_preface_is_hung_up_on() {
    run(expect_hang_up(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
}

#[test]
fn client_that_trickles_its_head_does_not_extend_the_limit() {
    run(async {
        let limit = Duration::from_millis(200);
        let server = Server::start(hello(), |serve| serve.header_read_timeout(limit)).await;
        let mut stream = server.connect().await;
        let start = Instant::now();
        stream.write_all(b"GET / HTTP/1.1\r\n").await.expect("sent");
        // The server has hung up when a write fails; it comes at the latest long after the limit.
        while stream.write_all(b"x: y\r\n").await.is_ok() {
            assert!(
                start.elapsed() < PATIENCE / 2,
                "the limit moved with every header"
            );
            gort::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(start.elapsed() >= limit);
        server.end().await;
    });
}

#[test]
fn connection_kept_alive_is_closed_after_the_limit() {
    run(async {
        let limit = Duration::from_millis(100);
        let server = Server::start(hello(), |serve| serve.header_read_timeout(limit)).await;
        let mut stream = server.connect().await;
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("sent");
        response(&mut stream).await;
        let start = Instant::now();
        assert_eq!(rest(&mut stream).await, b"");
        assert!(
            start.elapsed() >= limit / 2,
            "closed after {:?}",
            start.elapsed()
        );
        server.end().await;
    });
}

#[test]
fn request_that_takes_longer_than_the_head_limit_is_answered() {
    run(async {
        let limit = Duration::from_millis(50);
        let router = Router::new().route(
            "/",
            get(move || async move {
                gort::time::sleep(3 * limit).await;
                "slow"
            }),
        );
        let server = Server::start(router, |serve| serve.header_read_timeout(limit)).await;
        let (_, status, body) = fetch(&client(|_| {}), &server.uri("/"), Bytes::new()).await;
        assert_eq!((status, &body[..]), (StatusCode::OK, &b"slow"[..]));
        server.end().await;
    });
}

#[test]
fn panic_in_a_handler_ends_its_connection_and_no_other() {
    run(async {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let router = hello().route(
            "/panic",
            get(|| async move {
                counted.fetch_add(1, Ordering::Relaxed);
                // Unlike `panic!` this prints nothing.
                std::panic::resume_unwind(Box::new("on purpose")) as ()
            }),
        );
        let server = Server::start(router, |serve| serve).await;
        let (mut doomed, mut spared) = (server.connect().await, server.connect().await);
        doomed
            .write_all(b"GET /panic HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("sent");
        assert_eq!(rest(&mut doomed).await, b"");
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        spared
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("sent");
        assert!(response(&mut spared).await.ends_with("hello"));
        server.end().await;
    });
}

#[test]
fn upgraded_connection_speaks_futures_io() {
    async fn upgrade(request: Request<Body>) -> Response {
        gort::spawn(async {
            let upgraded = hyper::upgrade::on(request).await.expect("an upgrade");
            let mut io = GortIo::new(upgraded);
            let mut word = [0; 4];
            io.read_exact(&mut word).await.expect("read");
            word.reverse();
            io.write_all(&word).await.expect("written");
            io.close().await.expect("closed");
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response
            .headers_mut()
            .insert(header::UPGRADE, HeaderValue::from_static("backwards"));
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        response
    }
    run(async {
        let server = Server::start(Router::new().route("/", get(upgrade)), |serve| serve).await;
        let mut stream = server.connect().await;
        let head =
            b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: backwards\r\n\r\n";
        stream.write_all(head).await.expect("sent");
        assert!(response(&mut stream).await.starts_with("HTTP/1.1 101"));
        stream.write_all(b"trog").await.expect("sent");
        assert_eq!(rest(&mut stream).await, b"gort");
        server.end().await;
    });
}

#[test]
fn client_learns_why_a_connection_was_not_opened() {
    async fn refused(client: &HttpClient, uri: &str) -> io::ErrorKind {
        let error = client
            .get(uri.parse().expect("a URI"))
            .await
            .expect_err("no connection");
        assert!(error.is_connect(), "{error:?}");
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<ConnectError>() {
                assert_eq!(error.uri().to_string(), uri);
                return error.kind();
            }
            cause = error.source();
        }
        panic!("no ConnectError in {error:?}");
    }
    run(async {
        let server = Server::start(hello(), |serve| serve).await;
        let uri = server.uri("/");
        server.end().await;
        let client = client(|_| {});
        assert_eq!(
            refused(&client, &uri).await,
            io::ErrorKind::ConnectionRefused
        );
        let secure = uri.replace("http:", "https:");
        assert_eq!(refused(&client, &secure).await, io::ErrorKind::InvalidInput);
    });
}

#[test]
fn hyper_works_without_a_tokio_runtime() {
    async fn look() -> String {
        let entered = tokio::runtime::Handle::try_current().is_ok();
        let threads = std::fs::read_dir("/proc/self/task")
            .into_iter()
            .flatten()
            .flatten();
        let names =
            threads.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        let tokio = names.filter(|name| name.starts_with("tokio")).count();
        format!("entered: {entered}, threads: {tokio}")
    }
    run(async {
        let server = Server::start(Router::new().route("/", get(look)), |serve| serve).await;
        for http2 in [false, true] {
            let client = client(|builder| {
                builder.http2_only(http2);
            });
            let (_, _, body) = fetch(&client, &server.uri("/"), Bytes::new()).await;
            assert_eq!(&body[..], b"entered: false, threads: 0");
        }
        server.end().await;
    });
}
