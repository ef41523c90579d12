//! The load generator: the client of the rows whose client is outside the measured process.
//!
//! Threads that each own a part of the connections and wait for all of them at once. A connection
//! sends a request, waits for the whole reply, and sends the next; there is no pipelining. Half of
//! the processors get a thread, so that on two processors the client takes one and leaves one.

mod client;
mod protocol;

use std::io;
use std::process::ExitCode;
use std::thread;

use crate::machine;
use crate::options::Load;
use crate::sample::{Message, Sample};
use crate::stats::Latencies;
use crate::workload::Traffic;
use crate::workload::tcp_echo::Window;

use self::client::Client;
use self::protocol::{Echo, Http, Protocol};

/// The subcommand `load`.
pub(crate) fn run(load: &Load) -> io::Result<ExitCode> {
    let sample = match load.traffic {
        Traffic::Echo => generate::<Echo>(load)?,
        Traffic::Http => generate::<Http>(load)?,
    };
    Message::Sample(sample).print()?;
    Ok(ExitCode::SUCCESS)
}

fn generate<P: Protocol>(load: &Load) -> io::Result<Sample> {
    let threads = (machine::cpus() / 2).clamp(1, load.connections);
    let clients = (0..threads).map(|first| {
        let numbers = (first..load.connections).step_by(threads);
        Client::<P>::connect(load.address, numbers.map(|number| number as u64))
    });
    // All connections stand before the first request is sent.
    let clients = clients.collect::<io::Result<Vec<_>>>()?;
    let window = Window::after_warm_up(load.window());
    let clients = clients
        .into_iter()
        .map(|client| thread::spawn(move || client.run(window)));
    let (mut exchanges, mut latencies) = (0, Latencies::default());
    for client in clients.collect::<Vec<_>>() {
        let result = client
            .join()
            .map_err(|_| io::Error::other("a client panicked"))?;
        let (count, mut measured) = result?;
        exchanges += count;
        latencies.append(&mut measured);
    }
    Ok(Sample::of_exchanges(exchanges, latencies, window.length()))
}
