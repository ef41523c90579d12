//! An axum `Router` on gort: HTTP/1 and HTTP/2, time limits, an end that answers what is under way.
//!
//! ```text
//! cargo run -p gort-compat --features hyper-server --example http_server [ADDRESS]
//! curl http://127.0.0.1:3000/hello/gopher
//! ```
//!
//! Ctrl-C ends it gracefully. `--self-check` starts it on a free port, asks it for a page, ends it
//! while a request is under way, and fails unless that request is answered.

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use futures::channel::oneshot;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::net::{TcpListener, TcpStream};
use gort_compat::hyper::{Served, serve};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[gort::main]
async fn main() -> Result<()> {
    let argument = std::env::args().nth(1);
    match argument.as_deref() {
        Some("--self-check") => self_check().await,
        address => {
            let listener = TcpListener::bind(address.unwrap_or("127.0.0.1:3000")).await?;
            println!(
                "listening on http://{}, Ctrl-C ends it",
                listener.local_addr()?
            );
            let served = run(listener, interrupted()).await?;
            println!(
                "served {} connections, cut off {}",
                served.connections, served.cut_off
            );
            Ok(())
        }
    }
}

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "Hello from a goroutine!\n" }))
        .route(
            "/hello/{name}",
            get(|Path(name): Path<String>| async move { format!("Hello, {name}!\n") }),
        )
        .route("/slow", get(slow))
        .route("/echo", post(|body: String| async move { body }))
}

async fn slow() -> &'static str {
    gort::time::sleep(Duration::from_millis(200)).await;
    "better late than never\n"
}

async fn run(
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Served> {
    let server = serve(listener, router())
        .header_read_timeout(Duration::from_secs(10))
        .drain_timeout(Duration::from_secs(30))
        .with_graceful_shutdown(stop);
    Ok(server.await?)
}

async fn interrupted() {
    match gort::signal::ctrl_c().await {
        Ok(()) => println!("finishing what is under way"),
        Err(error) => eprintln!("ending, since no signal can be waited for: {error}"),
    }
}

async fn self_check() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = gort::spawn(run(listener, async {
        let _ = stopped.await;
    }));

    let page = fetch(address, "/hello/gopher").await?;
    if !page.ends_with("Hello, gopher!\n") {
        return Err(format!("a wrong page: {page}").into());
    }
    let slow = gort::spawn(fetch(address, "/slow"));
    gort::time::sleep(Duration::from_millis(50)).await;
    drop(stop);
    let page = slow.await??;
    if !page.ends_with("better late than never\n") {
        return Err(format!("a request under way was not answered: {page}").into());
    }
    let served = server.await??;
    println!(
        "self-check passed: {} connections, cut off {}",
        served.connections, served.cut_off
    );
    Ok(())
}

/// The response to a GET, as it came over the wire.
async fn fetch(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: gort\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response)
}
