//! How the legacy client of hyper-util opens connections.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use gort::net::{TcpStream, UnixStream};
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower_service::Service;

use super::GortIo;

/// Opens a TCP connection to the host and port of an `http` URI.
///
/// Names are looked up by [`gort::net`], and their addresses tried in turn. TLS is not its matter:
/// a URI of another scheme is refused, since plain bytes to port 443 would be worse than an error.
///
/// # Errors
///
/// A call gives a [`ConnectError`] that says which URI it was, and why.
///
/// # Cancel safety
///
/// Dropping the future of a call gives the attempt up and closes its socket.
///
/// # Examples
///
/// ```
/// use gort_compat::hyper::{GortConnector, GortExecutor, GortTimer};
/// use hyper_util::client::legacy::Client;
/// use std::time::Duration;
///
/// let connector = GortConnector::new().connect_timeout(Duration::from_secs(5));
/// let client: Client<_, http_body_util::Empty<&[u8]>> = Client::builder(GortExecutor::new())
///     .pool_timer(GortTimer::new())
///     .build(connector);
/// # drop(client);
/// ```
#[derive(Clone, Debug)]
pub struct GortConnector {
    nodelay: bool,
    timeout: Option<Duration>,
}

impl Default for GortConnector {
    fn default() -> Self {
        Self::new()
    }
}

impl GortConnector {
    /// A connector without a time limit of its own, whose connections do not wait to fill packets
    /// (`TCP_NODELAY`).
    pub const fn new() -> Self {
        Self {
            nodelay: true,
            timeout: None,
        }
    }

    /// Limits the time from the call to the open connection, name lookup included.
    #[must_use]
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Sets whether connections send at once what is written (`TCP_NODELAY`). Default: they do.
    #[must_use]
    pub const fn nodelay(mut self, nodelay: bool) -> Self {
        self.nodelay = nodelay;
        self
    }

    async fn connect(self, uri: Uri) -> Result<GortIo<TcpStream>, ConnectError> {
        let (host, port) = endpoint(&uri)?;
        let opening = TcpStream::connect((host, port));
        let opened = match self.timeout {
            None => opening.await,
            Some(limit) => match gort::time::timeout(limit, opening).await {
                Ok(opened) => opened,
                Err(_) => Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("no connection within {limit:?}"),
                )),
            },
        };
        let stream = opened.and_then(|stream| {
            stream.set_nodelay(self.nodelay)?;
            Ok(stream)
        });
        match stream {
            Ok(stream) => Ok(GortIo::new(stream)),
            Err(cause) => Err(ConnectError { uri, cause }),
        }
    }
}

/// The host and port that `uri` names.
fn endpoint(uri: &Uri) -> Result<(&str, u16), ConnectError> {
    let refuse = |why| {
        let cause = io::Error::new(io::ErrorKind::InvalidInput, why);
        Err(ConnectError {
            uri: uri.clone(),
            cause,
        })
    };
    if uri.scheme() != Some(&http::uri::Scheme::HTTP) {
        return refuse("only the scheme http can be connected to without TLS");
    }
    match uri.host() {
        None | Some("") => refuse("the URI names no host"),
        // An IPv6 address stands in brackets in a URI, and without them everywhere else.
        Some(host) => {
            let host = host
                .strip_prefix('[')
                .and_then(|h| h.strip_suffix(']'))
                .unwrap_or(host);
            Ok((host, uri.port_u16().unwrap_or(80)))
        }
    }
}

impl Service<Uri> for GortConnector {
    type Response = GortIo<TcpStream>;
    type Error = ConnectError;
    // The client wants a future that is `Unpin`.
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// A connection that was not opened: which one, and why.
///
/// # Examples
///
/// ```
/// use gort_compat::hyper::GortConnector;
/// use std::io::ErrorKind;
/// use tower_service::Service;
///
/// # let runtime = gort::Runtime::builder().procs(1).build()?;
/// # runtime.block_on(async {
/// let uri = "https://example.org/".parse().expect("a URI");
/// let error = GortConnector::new().call(uri).await.expect_err("there is no TLS here");
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// assert_eq!(error.to_string(), "cannot connect to https://example.org/");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ConnectError {
    uri: Uri,
    cause: io::Error,
}

impl ConnectError {
    /// The URI that was to be connected to.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The kind of the underlying I/O error: `InvalidInput` for a URI that is refused, `TimedOut`
    /// for the connector's own limit, and otherwise what the system said.
    pub fn kind(&self) -> io::ErrorKind {
        self.cause.kind()
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}", self.uri)
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

impl Connection for GortIo<TcpStream> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Connection for GortIo<UnixStream> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(uri: &str) -> Result<(String, u16), io::ErrorKind> {
        let uri: Uri = uri.parse().expect("a URI");
        endpoint(&uri)
            .map(|(host, port)| (host.to_owned(), port))
            .map_err(|e| e.kind())
    }

    #[test]
    fn endpoint_is_host_and_port_with_80_as_default() {
        assert_eq!(
            named("http://example.org/a"),
            Ok(("example.org".to_owned(), 80))
        );
        assert_eq!(
            named("http://example.org:8080/"),
            Ok(("example.org".to_owned(), 8080))
        );
    }

    #[test]
    fn endpoint_of_ipv6_address_has_no_brackets() {
        assert_eq!(named("http://[::1]:81/"), Ok(("::1".to_owned(), 81)));
    }

    #[test]
    fn uri_without_host_or_of_another_scheme_is_refused() {
        assert_eq!(
            named("https://example.org/"),
            Err(io::ErrorKind::InvalidInput)
        );
        assert_eq!(named("/path"), Err(io::ErrorKind::InvalidInput));
    }
}
