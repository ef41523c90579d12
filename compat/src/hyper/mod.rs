//! hyper, hyper-util and tower services on gort.
//!
//! hyper owns no threads, timers or sockets: whoever opens a connection passes them in. What it
//! asks for, and what answers:
//!
//! | hyper asks for | answer |
//! |---|---|
//! | `rt::Executor`: tasks of an HTTP/2 connection | [`GortExecutor`]: one goroutine each |
//! | `rt::Timer` and `rt::Sleep`: time limits | [`GortTimer`], [`GortSleep`] |
//! | `rt::Read` and `rt::Write` | [`GortIo`] around anything with the I/O traits of `futures` |
//!
//! On top come, by the features `hyper-client` and `hyper-server`: `GortConnector`, through which
//! the legacy client opens connections, and `serve`, which runs a tower service (an axum `Router`)
//! behind a listener.
//!
//! Give hyper a timer wherever it takes one. A server connection without one cannot enforce
//! `header_read_timeout`, so a client that sends its header byte by byte holds it for ever.
//!
//! hyper itself depends on tokio, for the channels in it; with the features `hyper` and
//! `hyper-server` nothing else of tokio is compiled. The legacy client also compiles tokio's
//! runtime and sockets, since hyper-util knows no other way, but neither of them is ever started.
//!
//! Not chosen: holding a tokio runtime in the background, which would also carry `axum::serve`.
//! Then handlers run on tokio's threads, and nothing has been replaced.

mod executor;
mod io;
mod timer;

#[cfg(feature = "hyper-server")]
mod connection;
#[cfg(feature = "hyper-client")]
mod connector;
#[cfg(feature = "hyper-server")]
mod live;
#[cfg(feature = "hyper-server")]
mod serve;

pub use self::executor::GortExecutor;
pub use self::io::GortIo;
pub use self::timer::{GortSleep, GortTimer};

#[cfg(feature = "hyper-client")]
pub use self::connector::{ConnectError, GortConnector};
#[cfg(feature = "hyper-server")]
pub use self::serve::{Serve, Served, serve};
