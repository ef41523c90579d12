//! Connections that send 64 bytes, wait until these have come back, and send the next.
//!
//! Server and client run as tasks of the same runtime ([`inside`]), or the server alone
//! ([`serve`]), loaded from another process. The rate counts the exchanges that end inside the
//! window, which opens when all connections stand and have been busy for a quarter of its length.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::rival::{Rival, Stream};
use crate::sample::Sample;
use crate::stats::Latencies;

/// The size of a message in bytes.
pub(crate) const MESSAGE: usize = 64;

/// The time in which exchanges count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) from: Instant,
    pub(crate) until: Instant,
}

impl Window {
    /// A window of `length` after a warm-up of a quarter of that.
    pub(crate) fn after_warm_up(length: Duration) -> Window {
        let from = Instant::now() + length / 4;
        Window {
            from,
            until: from + length,
        }
    }

    pub(crate) fn length(self) -> Duration {
        self.until - self.from
    }

    /// Whether an exchange that ended at `received` counts.
    pub(crate) fn contains(self, received: Instant) -> bool {
        (self.from..=self.until).contains(&received)
    }
}

/// Measures client and server in one runtime.
pub(crate) async fn inside<R: Rival>(connections: usize, length: Duration) -> io::Result<Sample> {
    let (listener, address) = R::listen().await?;
    let (mut streams, mut servers) = (Vec::new(), Vec::new());
    for _ in 0..connections {
        streams.push(R::connect(address).await?);
        servers.push(R::spawn(echo(R::accept(&listener).await?)));
    }
    let window = Window::after_warm_up(length);
    let clients: Vec<_> = (0u64..)
        .zip(streams)
        .map(|(n, stream)| R::spawn(client(stream, n, window)))
        .collect();
    let (mut sent, mut latencies) = (0, Latencies::default());
    for client in clients {
        let (messages, mut measured) = R::join(client).await?;
        sent += messages;
        latencies.append(&mut measured);
    }
    let mut echoed = 0;
    for server in servers {
        echoed += R::join(server).await?;
    }
    assert_eq!(
        echoed,
        sent * MESSAGE as u64,
        "the server echoes every byte once"
    );
    Ok(Sample::of_exchanges(sent, latencies, window.length()))
}

/// Serves until the process ends.
pub(crate) async fn serve<R: Rival>(ready: oneshot::Sender<SocketAddr>) -> io::Result<()> {
    let (listener, address) = R::listen().await?;
    ready.send(address).ok();
    loop {
        let stream = R::accept(&listener).await?;
        // A client that goes away in the middle of an exchange is no fault of the server.
        R::go(async move { drop(echo(stream).await) });
    }
}

/// Returns what comes until the other side closes; the number of bytes.
async fn echo<S: Stream>(mut stream: S) -> io::Result<u64> {
    let mut buffer = [0; 1024];
    let mut echoed = 0;
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(echoed);
        }
        stream.write_all(&buffer[..n]).await?;
        echoed += n as u64;
    }
}

/// One connection's client: all its exchanges, and the latencies of those inside the window.
async fn client<S: Stream>(
    mut stream: S,
    number: u64,
    window: Window,
) -> io::Result<(u64, Latencies)> {
    let mut latencies = Latencies::with_capacity(1 << 14);
    let mut reply = [0; MESSAGE];
    let mut exchanges = 0;
    let mut sent = Instant::now();
    while sent < window.until {
        let message = message(number, exchanges);
        stream.write_all(&message).await?;
        stream.read_exact(&mut reply).await?;
        assert_eq!(reply, message, "the reply is the message");
        exchanges += 1;
        let received = Instant::now();
        if window.contains(received) {
            latencies.record(received - sent);
        }
        sent = received;
    }
    Ok((exchanges, latencies))
}

/// A message that no other exchange of any connection sends.
pub(crate) fn message(connection: u64, exchange: u64) -> [u8; MESSAGE] {
    let mut message = [0x5a; MESSAGE];
    message[..8].copy_from_slice(&connection.to_le_bytes());
    message[8..16].copy_from_slice(&exchange.to_le_bytes());
    message
}
