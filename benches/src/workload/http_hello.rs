//! hyper's HTTP/1 server with keep-alive, answering every request with a short text.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use tokio::sync::oneshot;

use crate::rival::Rival;

/// The body of every response.
pub(crate) const BODY: &str = "Hello, World!";

/// Serves until the process ends.
pub(crate) async fn serve<R: Rival>(ready: oneshot::Sender<SocketAddr>) -> io::Result<()> {
    let (listener, address) = R::listen().await?;
    ready.send(address).ok();
    loop {
        let stream = R::http_stream(R::accept(&listener).await?);
        R::go(async move {
            let connection = http1::Builder::new().serve_connection(stream, service_fn(hello));
            // A client that goes away in the middle of a response is no fault of the server.
            drop(connection.await);
        });
    }
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(BODY.as_bytes())));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    Ok(response)
}
