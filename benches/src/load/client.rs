//! One thread of the load generator and its connections.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::stats::Latencies;
use crate::workload::tcp_echo::Window;

use super::protocol::Protocol;

/// The most a reply may have in bytes.
const REPLY_MAX: usize = 4096;

#[derive(Debug)]
pub(crate) struct Client<P> {
    poll: Poll,
    connections: Vec<Connection<P>>,
}

#[derive(Debug)]
struct Connection<P> {
    stream: TcpStream,
    protocol: P,
    request: Vec<u8>,
    reply: Vec<u8>,
    /// The length of the part of `reply` that has come.
    received: usize,
    sent: Instant,
}

impl<P: Protocol> Client<P> {
    /// Opens one connection for each of `numbers`.
    pub(crate) fn connect(
        address: SocketAddr,
        numbers: impl Iterator<Item = u64>,
    ) -> io::Result<Client<P>> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for number in numbers {
            let mut connection = Connection::open(address, P::new(number))?;
            let token = Token(connections.len());
            poll.registry()
                .register(&mut connection.stream, token, Interest::READABLE)?;
            connections.push(connection);
        }
        Ok(Client { poll, connections })
    }

    /// Keeps every connection busy to the end of `window`; the number of exchanges and the
    /// latencies of those inside the window.
    pub(crate) fn run(mut self, window: Window) -> io::Result<(u64, Latencies)> {
        let mut events = Events::with_capacity(1024);
        let mut latencies = Latencies::with_capacity(1 << 20);
        let mut exchanges = 0;
        for connection in &mut self.connections {
            connection.send()?;
        }
        while Instant::now() < window.until {
            if let Err(error) = self.poll.poll(&mut events, Some(window.length())) {
                if error.kind() != ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                if connection.receive()? {
                    let received = Instant::now();
                    exchanges += 1;
                    if window.contains(received) {
                        latencies.record(received - connection.sent);
                    }
                    connection.send()?;
                }
            }
        }
        Ok((exchanges, latencies))
    }
}

impl<P: Protocol> Connection<P> {
    fn open(address: SocketAddr, protocol: P) -> io::Result<Connection<P>> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Connection {
            stream: TcpStream::from_std(stream),
            protocol,
            request: Vec::new(),
            reply: vec![0; REPLY_MAX],
            received: 0,
            sent: Instant::now(),
        })
    }

    /// Sends the next request. It always fits: the one before it has been answered.
    fn send(&mut self) -> io::Result<()> {
        self.received = 0;
        self.protocol.request(&mut self.request);
        self.sent = Instant::now();
        self.stream.write_all(&self.request)
    }

    /// Reads what has come; whether the reply is whole.
    ///
    /// After a whole reply nothing is left to read, so the next event is the next reply's.
    fn receive(&mut self) -> io::Result<bool> {
        loop {
            match self.stream.read(&mut self.reply[self.received..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) => self.received += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
            if self
                .protocol
                .is_whole(&self.request, &self.reply[..self.received])?
            {
                return Ok(true);
            }
        }
    }
}
