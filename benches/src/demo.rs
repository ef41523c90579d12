//! What a start without arguments shows first: a real HTTP server under load.
//!
//! The server is an axum `Router` behind hyper's HTTP/1 connection, in this process; the client is
//! the load generator in another.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use futures::future::{Either, select};
use hyper::server::conn::http1;
use hyper_util::service::TowerToHyperService;
use tokio::sync::oneshot;

use crate::rival::{Name, Rival};
use crate::runner;
use crate::sample::Metric;
use crate::workload::Traffic;
use crate::workload::http_hello::BODY;

const CONNECTIONS: usize = 64;
const LENGTH: Duration = Duration::from_secs(2);

/// Serves, loads, prints the rate.
pub(crate) fn run<R: Rival>(name: Name) -> io::Result<()> {
    let procs = thread::available_parallelism().map_or(1, usize::from);
    let (ready, listening) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = thread::spawn(move || {
        R::run(procs, async move {
            match select(Box::pin(serve::<R>(ready)), stopped).await {
                Either::Left((ended, _)) => ended,
                Either::Right(_) => Ok(()),
            }
        })
    });
    let Ok(address) = listening.blocking_recv() else {
        return Err(io::Error::other("the HTTP server did not start"));
    };
    println!("axum on {name} at http://{address}/hello, {CONNECTIONS} connections from outside:");
    let sample = runner::load(Traffic::Http, address, CONNECTIONS, LENGTH)?;
    let figure = |metric| sample.figures.get(&metric).copied().unwrap_or_default();
    println!(
        "  {:.0} requests/s, half within {:.0} us, 99 of 100 within {:.0} us, all {} answered\n",
        figure(Metric::Rate),
        figure(Metric::P50),
        figure(Metric::P99),
        sample.operations,
    );
    drop(stop);
    server
        .join()
        .map_err(|_| io::Error::other("the HTTP server panicked"))??
}

async fn serve<R: Rival>(ready: oneshot::Sender<SocketAddr>) -> io::Result<()> {
    let router = Router::new().route("/hello", get(|| async { BODY }));
    let (listener, address) = R::listen().await?;
    ready.send(address).ok();
    loop {
        let stream = R::http_stream(R::accept(&listener).await?);
        let service = TowerToHyperService::new(router.clone());
        R::go(async move {
            // A client that goes away in the middle of a response is no fault of the server.
            drop(
                http1::Builder::new()
                    .serve_connection(stream, service)
                    .await,
            );
        });
    }
}
