//! One measurement: a process that runs one workload on one runtime and prints what it found.

use std::future::Future;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::oneshot;

use crate::options::Measure;
use crate::rival::{Gort, Name, Rival, Smol, Tokio};
use crate::sample::{Message, Sample};
use crate::workload::countdown::Countdown;
use crate::workload::{
    Workload, chained_spawn, http_hello, ping_pong, repeat, spawn_await, spawn_fanout, tcp_echo,
    yield_now,
};

/// The subcommand `measure`.
pub(crate) fn run(measure: &Measure) -> io::Result<ExitCode> {
    exit_on_panic();
    let sample = match measure.rival {
        Name::Gort => workload::<Gort>(measure)?,
        Name::Tokio => workload::<Tokio>(measure)?,
        Name::Smol => workload::<Smol>(measure)?,
        name => {
            return Err(io::Error::other(format!(
                "{name} is measured by another program"
            )));
        }
    };
    Message::Sample(sample).print()?;
    Ok(ExitCode::SUCCESS)
}

/// Ends the process when a task panics, even one that nobody joins: its count is then wrong, and
/// whoever waits for it would wait forever.
fn exit_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        process::exit(101);
    }));
}

fn workload<R: Rival>(measure: &Measure) -> io::Result<Sample> {
    let (procs, window) = (measure.procs, measure.window());
    match measure.workload {
        Workload::SpawnAwait => R::run(procs, repeat(window, spawn_await::round::<R>)),
        Workload::ChainedSpawn => R::run(procs, repeat(window, chained_spawn::round::<R>)),
        Workload::SpawnFanout => {
            let countdown = Countdown::leak();
            R::run(
                procs,
                repeat(window, || spawn_fanout::round::<R>(countdown)),
            )
        }
        Workload::YieldMany => {
            let countdown = Countdown::leak();
            R::run(
                procs,
                repeat(window, || yield_now::round::<R>(countdown, 1000, 1000)),
            )
        }
        Workload::YieldOne => {
            let countdown = Countdown::leak();
            R::run(
                procs,
                repeat(window, || yield_now::round::<R>(countdown, 1, 100_000)),
            )
        }
        Workload::PingPong => {
            let countdown = Countdown::leak();
            R::run(procs, repeat(window, || ping_pong::round::<R>(countdown)))
        }
        Workload::TcpEcho50 => R::run(procs, tcp_echo::inside::<R>(50, window))?,
        Workload::TcpEcho1000 => R::run(procs, tcp_echo::inside::<R>(1000, window))?,
        Workload::TcpEcho50Outside | Workload::TcpEcho1000Outside => {
            serve::<R, _>(procs, tcp_echo::serve::<R>)
        }
        Workload::HttpHello => serve::<R, _>(procs, http_hello::serve::<R>),
    }
}

/// Runs a server until standard input ends, then prints the processor time it used and exits.
fn serve<R: Rival, F>(
    procs: usize,
    server: impl FnOnce(oneshot::Sender<SocketAddr>) -> F,
) -> io::Result<Sample>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let (ready, listening) = oneshot::channel();
    thread::spawn(move || {
        if let Err(error) = attend(listening) {
            eprintln!("gort-benches: {error}");
            process::exit(1);
        }
        process::exit(0);
    });
    R::run(procs, server(ready))??;
    Err(io::Error::other("the server ended"))
}

/// Tells the runner where the server listens, waits for the end of the load, tells what it cost.
fn attend(listening: oneshot::Receiver<SocketAddr>) -> io::Result<()> {
    let address = listening.blocking_recv().map_err(io::Error::other)?;
    let before = cpu_time();
    Message::Listening(address).print()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    let used = cpu_time().saturating_sub(before);
    Message::CpuNs(used.as_nanos() as u64).print()
}

/// The processor time of all threads of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
