//! What a start without arguments shows first: a real HTTP server on gort, under load.
//!
//! The server is an axum `Router` behind `gort_compat::hyper::serve`, in this process; the client
//! is the load generator in another.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use gort::Runtime;
use gort::net::TcpListener;
use gort_compat::hyper::{Served, serve};
use tokio::sync::oneshot;

use crate::runner;
use crate::sample::Metric;
use crate::workload::Traffic;
use crate::workload::http_hello::BODY;

const CONNECTIONS: usize = 64;
const LENGTH: Duration = Duration::from_secs(2);

/// Serves, loads, prints the rate.
pub(crate) fn run() -> io::Result<()> {
    let (ready, listening) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let server = thread::spawn(move || {
        let runtime = Runtime::builder().build()?;
        runtime.block_on(async { gort::spawn(server(ready, stopped)).await })?
    });
    if let Ok(address) = listening.blocking_recv() {
        load(address)?;
    }
    drop(stop);
    let served = server
        .join()
        .map_err(|_| io::Error::other("the HTTP server panicked"))??;
    if served.connections < CONNECTIONS as u64 {
        return Err(io::Error::other(format!(
            "served {} connections",
            served.connections
        )));
    }
    Ok(())
}

/// Serves until `stop` ends.
async fn server(
    ready: oneshot::Sender<SocketAddr>,
    stop: oneshot::Receiver<()>,
) -> io::Result<Served> {
    let router = Router::new().route("/hello", get(|| async { BODY }));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    ready.send(listener.local_addr()?).ok();
    serve(listener, router)
        .with_graceful_shutdown(async { drop(stop.await) })
        .await
}

fn load(address: SocketAddr) -> io::Result<()> {
    println!("axum on gort at http://{address}/hello, {CONNECTIONS} connections from outside:");
    let sample = runner::load(Traffic::Http, address, CONNECTIONS, LENGTH)?;
    let figure = |metric| sample.figures.get(&metric).copied().unwrap_or_default();
    println!(
        "  {:.0} requests/s, half within {:.0} us, 99 of 100 within {:.0} us; {} right answers\n",
        figure(Metric::Rate),
        figure(Metric::P50),
        figure(Metric::P99),
        sample.operations,
    );
    Ok(())
}
