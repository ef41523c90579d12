//! A tower service behind a listener, one goroutine for each connection.
//!
//! Life of a connection:
//!
//! ```text
//!  accepted --first request head--> serving --drain--> finishing --last answer--> closed
//!     |                               |                    |
//!     +--head limit or drain----------+--error, peer gone--+--drain limit-------> closed
//! ```
//!
//! *drain* is told to all connections at once: each holds the receiving end of a oneshot channel,
//! and the server drops the sending ends. A panic in the service ends its connection and no other,
//! as in Go's `net/http`.
//!
//! Not chosen: `hyper_util::server::graceful`. It takes the connection away, so nothing else (the
//! limit of the first head, see [`serve_connection`]) could shut it down gracefully.

use std::fmt;
use std::future::{Future, IntoFuture, Pending, pending};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use gort::net::TcpListener;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::server::conn::auto;
use tower_service::Service;

use super::connection::{BoxError, serve_connection};
use super::live::{Event, Live};
use super::{GortExecutor, GortTimer};

/// How long a client may take to send the head of a request, if nobody says otherwise.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// Serves `service` (an axum `Router`, or any tower service) on `listener`, HTTP/1 and HTTP/2.
///
/// The [`Serve`] it returns takes the options and does the work when it is awaited. It ends when
/// the listener fails, or after [`with_graceful_shutdown`](Serve::with_graceful_shutdown).
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
/// use gort_compat::hyper::serve;
///
/// # fn main() -> std::io::Result<()> {
/// # let runtime = gort::Runtime::builder().procs(1).build()?;
/// # runtime.block_on(async {
/// let listener = gort::net::TcpListener::bind("127.0.0.1:0").await?;
/// let router = Router::new().route("/", get(|| async { "Hello!" }));
/// # let stop = async {};
/// let served = serve(listener, router).with_graceful_shutdown(stop).await?;
/// println!("{} connections", served.connections);
/// # assert_eq!(served.cut_off, 0);
/// # Ok(())
/// # })
/// # }
/// ```
pub fn serve<S>(listener: TcpListener, service: S) -> Serve<S> {
    let mut http = auto::Builder::new(GortExecutor::new());
    http.http1().timer(GortTimer::new());
    http.http2().timer(GortTimer::new());
    let serve = Serve {
        listener,
        service,
        http,
        head_limit: None,
        drain_limit: None,
        stop: pending(),
    };
    serve.header_read_timeout(HEAD_LIMIT)
}

/// A server that runs when it is awaited. [`serve`] makes it.
///
/// # Errors
///
/// Awaiting it gives the error of a listener that has failed, after the connections that were open
/// have been drained. Errors of a connection concern only its client and end nothing else; a panic
/// in the service ends only its connection, and has been printed by the panic hook.
///
/// # Cancel safety
///
/// Dropping the future that came of it closes the listener and every connection.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use gort_compat::hyper::serve;
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// # let runtime = gort::Runtime::builder().procs(1).build()?;
/// # runtime.block_on(async {
/// # let stop = async {};
/// let listener = gort::net::TcpListener::bind("127.0.0.1:0").await?;
/// let server = serve(listener, Router::new())
///     .header_read_timeout(Duration::from_secs(5))
///     .drain_timeout(Duration::from_secs(30))
///     .configure(|http| {
///         http.http2().max_concurrent_streams(100);
///     })
///     .with_graceful_shutdown(stop);
/// assert_eq!(server.await?.connections, 0);
/// # Ok(())
/// # })
/// # }
/// ```
#[must_use = "a server runs only when it is awaited"]
pub struct Serve<S, F = Pending<()>> {
    listener: TcpListener,
    service: S,
    http: auto::Builder<GortExecutor>,
    head_limit: Option<Duration>,
    drain_limit: Option<Duration>,
    stop: F,
}

/// What a server did until it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// Connections that were accepted.
    pub connections: u64,
    /// Connections that were still busy at the end of [`Serve::drain_timeout`] and were closed.
    pub cut_off: usize,
}

impl<S, F> Serve<S, F> {
    /// Begins to end when `signal` does: the listener is closed, so that new connections are
    /// refused, idle connections are closed, and requests under way are answered first.
    pub fn with_graceful_shutdown<G: Future<Output = ()>>(self, signal: G) -> Serve<S, G> {
        let Self {
            listener,
            service,
            http,
            head_limit,
            drain_limit,
            ..
        } = self;
        Serve {
            listener,
            service,
            http,
            head_limit,
            drain_limit,
            stop: signal,
        }
    }

    /// Limits how long a graceful shutdown waits for requests under way. Default: no limit.
    ///
    /// What is left then is closed, and told in [`Served::cut_off`].
    pub fn drain_timeout(mut self, limit: Duration) -> Self {
        self.drain_limit = Some(limit);
        self
    }

    /// Limits how long a client may take to send the head of a request, and how long a connection
    /// may be idle between two of them. Default: 30 seconds. `None` takes the limit away.
    ///
    /// It does not cover bodies, whose proper time only the service knows, nor HTTP/2 after the
    /// first request; for that, [`configure`](Self::configure) `keep_alive_interval`.
    pub fn header_read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.head_limit = limit.into();
        self.http.http1().header_read_timeout(self.head_limit);
        self
    }

    /// Changes the settings of hyper-util's connection builder.
    ///
    /// Its timer is set already. Set the limit of request heads by
    /// [`header_read_timeout`](Self::header_read_timeout), which also covers the time before hyper
    /// knows the version of HTTP.
    pub fn configure(mut self, change: impl FnOnce(&mut auto::Builder<GortExecutor>)) -> Self {
        change(&mut self.http);
        self
    }

    async fn run<B>(self) -> io::Result<Served>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
        F: Future<Output = ()>,
    {
        let http = Arc::new(self.http);
        let mut live = Live::default();
        let mut stop = pin!(self.stop);
        let failure = loop {
            match live.event(&self.listener, stop.as_mut()).await {
                Event::Ended => {}
                Event::Accepted(stream) => live.admit(|drain| {
                    let service = self.service.clone();
                    serve_connection(Arc::clone(&http), stream, service, self.head_limit, drain)
                }),
                Event::Failed(error) => break Err(error),
                Event::Stop => break Ok(()),
            }
        };
        // From here on the system refuses new connections.
        drop(self.listener);
        let served = live.drain(self.drain_limit).await;
        failure.map(|()| served)
    }
}

impl<S, F: fmt::Debug> fmt::Debug for Serve<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("head_limit", &self.head_limit)
            .field("drain_limit", &self.drain_limit)
            .field("stop", &self.stop)
            .finish_non_exhaustive()
    }
}

impl<S, F, B> IntoFuture for Serve<S, F>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    F: Future<Output = ()> + Send + 'static,
{
    type Output = io::Result<Served>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
