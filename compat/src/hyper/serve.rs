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
//! - *drain* is told to all connections at once: each holds the receiving end of a oneshot whose
//!   sending end the server drops. It needs no answer and no lock.
//! - hyper limits the time of a request head, but only from the moment it knows which HTTP version
//!   it speaks. A client that sends nothing at all would be waited for without limit, so the first
//!   head of a connection is timed here as well.
//! - A panic in the service ends its connection and no other, as in Go's `net/http`.
//!
//! Not chosen: `hyper_util::server::graceful`. It takes the connection away, so nothing else (the
//! limit of the first head) could shut it down gracefully.

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture, Pending, pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, FutureExt, select};
use gort::net::{TcpListener, TcpStream};
use gort::task::JoinSet;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tower_service::Service;

use super::{GortExecutor, GortIo, GortTimer};

/// How long a client may take to send the head of a request, if nobody says otherwise.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// What a tower service returns for an error or a body's error.
type BoxError = Box<dyn Error + Send + Sync>;

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
/// # Cancel safety
///
/// Dropping the future that came of it closes the listener and every connection.
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

/// The next connection. A client that hung up while it waited to be accepted is no failure of the
/// listener.
async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => return Ok(stream),
            Err(error) => match error.kind() {
                io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionReset => {}
                _ => return Err(error),
            },
        }
    }
}

/// The connections that are open, and what ends them.
#[derive(Debug, Default)]
struct Live {
    /// One goroutine for each connection. Dropping the set aborts them.
    set: JoinSet<()>,
    /// Dropping one tells its connection to drain. Some belong to connections that have ended.
    drains: Vec<oneshot::Sender<()>>,
    accepted: u64,
}

/// What the server waits for.
enum Event {
    /// A connection ended.
    Ended,
    Accepted(TcpStream),
    /// The listener is of no more use.
    Failed(io::Error),
    /// The graceful shutdown begins.
    Stop,
}

impl Live {
    /// The next event. Endings come before connections: a client that connects in a loop must not
    /// keep the server from freeing what it has left behind.
    async fn event<F>(&mut self, listener: &TcpListener, stop: Pin<&mut F>) -> Event
    where
        F: Future<Output = ()>,
    {
        let ended = pin!(async {
            if self.set.join_next().await.is_none() {
                pending::<()>().await;
            }
        });
        match select(stop, select(ended, pin!(accept(listener)))).await {
            Either::Left(((), _)) => Event::Stop,
            Either::Right((Either::Left(((), _)), _)) => Event::Ended,
            Either::Right((Either::Right((Ok(stream), _)), _)) => Event::Accepted(stream),
            Either::Right((Either::Right((Err(error), _)), _)) => Event::Failed(error),
        }
    }

    /// Starts the connection that `connect` makes of the receiver that will tell it to drain.
    fn admit<C>(&mut self, connect: impl FnOnce(oneshot::Receiver<()>) -> C)
    where
        C: Future<Output = ()> + Send + 'static,
    {
        // At most as many stale senders as open connections, for one look at each per connection.
        if self.drains.len() > 2 * self.set.len() {
            self.drains.retain(|drain| !drain.is_canceled());
        }
        let (drain, told) = oneshot::channel();
        self.drains.push(drain);
        self.set.insert(gort::spawn(connect(told)));
        self.accepted += 1;
    }

    /// Lets every connection finish what it is answering, for at most `limit`.
    async fn drain(mut self, limit: Option<Duration>) -> Served {
        self.drains.clear();
        match limit {
            None => self.all_ended().await,
            Some(limit) => drop(gort::time::timeout(limit, self.all_ended()).await),
        }
        let cut_off = self.set.len();
        self.set.abort_all();
        self.all_ended().await;
        Served {
            connections: self.accepted,
            cut_off,
        }
    }

    /// A panic of a connection has been printed by the panic hook and is of no further interest.
    async fn all_ended(&mut self) {
        while self.set.join_next().await.is_some() {}
    }
}

/// One connection from its first byte to its last. Errors end it, and concern only its client.
async fn serve_connection<S, B>(
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
