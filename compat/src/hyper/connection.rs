//! One connection of a server, and the time limit that hyper does not keep.
//!
//! hyper limits the time of a request head, but only from the moment it knows which version of HTTP
//! it speaks. A client that sends nothing at all would be waited for without limit. So the first
//! head of each connection is timed here as well, from the moment it was accepted.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::FutureExt;
use gort::net::TcpStream;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tower_service::Service;

use super::{GortExecutor, GortIo};

/// An error of a service or of a body, whichever type it has.
pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// One connection from its first byte to its last. Errors end it, and concern only its client.
pub(super) async fn serve_connection<S, B>(
    http: Arc<auto::Builder<GortExecutor>>,
    stream: TcpStream,
    service: S,
    head_limit: Option<Duration>,
    mut drain: oneshot::Receiver<()>,
) where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    // Without it answers are late, but right.
    let _ = stream.set_nodelay(true);
    let heard = Arc::new(AtomicBool::new(false));
    let service = Listening {
        service: TowerToHyperService::new(service),
        heard: heard.clone(),
    };
    let mut connection = pin!(http.serve_connection_with_upgrades(GortIo::new(stream), service));
    let mut silence = pin!(head_limit.map(gort::time::sleep));
    let ended = poll_fn(|cx| {
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        if has_asked(&heard) {
            silence.set(None);
        }
        let silent = silence
            .as_mut()
            .as_pin_mut()
            .is_some_and(|limit| limit.poll(cx).is_ready());
        if silent || drain.poll_unpin(cx).is_ready() {
            Poll::Ready(false)
        } else {
            Poll::Pending
        }
    });
    if ended.await {
        return;
    }
    connection.as_mut().graceful_shutdown();
    // A client that has asked for nothing might not take its part in a graceful end either (in
    // HTTP/2, answering a PING). Only one that has asked is owed an unlimited wait.
    if let Some(limit) = head_limit.filter(|_| !has_asked(&heard)) {
        let ended = gort::time::timeout(limit, connection.as_mut()).await;
        if ended.is_ok() || !has_asked(&heard) {
            return;
        }
    }
    let _ = connection.await;
}

fn has_asked(heard: &AtomicBool) -> bool {
    // Ordering: Relaxed; stored while this same goroutine polled the connection.
    heard.load(Ordering::Relaxed)
}

/// Notes that a first request has come.
struct Listening<S> {
    service: S,
    /// Written here when a request comes, read by [`serve_connection`], which polls this.
    heard: Arc<AtomicBool>,
}

impl<S: hyper::service::Service<Request<Incoming>>> hyper::service::Service<Request<Incoming>>
    for Listening<S>
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        // Ordering: Relaxed; loaded by the goroutine that polls this.
        self.heard.store(true, Ordering::Relaxed);
        self.service.call(request)
    }
}
