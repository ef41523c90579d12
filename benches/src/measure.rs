//! One measurement: a process that runs one workload on one runtime and prints what it found.

use std::future::Future;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::oneshot;

use crate::channel::{AsyncChannel, Channels, Flume, GortChan, Kanal, Mpsc, Shared};
use crate::options::Measure;
use crate::rival::{Files, Gort, Locks, Name, Rival, Smol, Timed, Tokio};
use crate::sample::{Message, Sample};
use crate::workload::countdown::Countdown;
use crate::workload::{
    Workload, blocking_read, chained_spawn, chan_mpmc, chan_spsc, fork_join, hogs, http_hello,
    mutex, parked, ping_pong, ping_pong_chan, repeat, ring, select2, skynet, sleepers, spawn_await,
    spawn_fanout, tcp_echo, timer_churn, timers, waitgroup, yield_now,
};

/// The subcommand `measure`.
pub(crate) fn run(measure: &Measure) -> io::Result<ExitCode> {
    exit_on_panic();
    let is_lock = matches!(
        measure.workload,
        Workload::Mutex2 | Workload::Mutex1000 | Workload::WaitGroup
    );
    let sample = match measure.workload.capacity() {
        Some(capacity) => on_channels(measure, capacity)?,
        None => match measure.rival {
            Name::Gort if is_lock => locks::<Gort>(measure)?,
            Name::Gort => workload::<Gort>(measure)?,
            Name::Tokio if is_lock => locks::<Tokio>(measure)?,
            Name::Smol if is_lock => locks::<Smol>(measure)?,
            Name::Tokio => workload::<Tokio>(measure)?,
            Name::Smol => workload::<Smol>(measure)?,
            _ => return Err(takes_no_part(measure)),
        },
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

fn takes_no_part(measure: &Measure) -> io::Error {
    io::Error::other(format!(
        "{} is not measured on {} by this program",
        measure.workload, measure.rival
    ))
}

/// A workload about channels, with the channels of the runtime's name.
fn on_channels(measure: &Measure, capacity: usize) -> io::Result<Sample> {
    if !measure.rival.takes(measure.workload) {
        return Err(takes_no_part(measure));
    }
    match measure.rival {
        Name::Gort => channels::<Gort, GortChan, GortChan>(measure, capacity),
        Name::Tokio => channels::<Tokio, Mpsc, AsyncChannel>(measure, capacity),
        Name::TokioKanal => channels::<Tokio, Kanal, Kanal>(measure, capacity),
        Name::TokioFlume => channels::<Tokio, Flume, Flume>(measure, capacity),
        Name::Smol => channels::<Smol, AsyncChannel, AsyncChannel>(measure, capacity),
        Name::SmolKanal => channels::<Smol, Kanal, Kanal>(measure, capacity),
        Name::Go => Err(takes_no_part(measure)),
    }
}

/// A workload about channels: `C`, or `S` if a channel has several receivers.
fn channels<R: Rival, C: Channels, S: Shared>(
    measure: &Measure,
    capacity: usize,
) -> io::Result<Sample> {
    let (procs, window) = (measure.procs, measure.window());
    let countdown = Countdown::leak();
    match measure.workload {
        Workload::CtxSwitch | Workload::CtxSwitch1 | Workload::ChanSpsc => R::run(
            procs,
            repeat(window, move || chan_spsc::round::<R, C>(capacity)),
        ),
        Workload::ChanMpmc0 | Workload::ChanMpmc1 | Workload::ChanMpmc100 => R::run(
            procs,
            repeat(window, move || chan_mpmc::round::<R, S>(capacity)),
        ),
        Workload::PingPongChan => R::run(
            procs,
            repeat(window, move || {
                ping_pong_chan::round::<R, C>(countdown, capacity)
            }),
        ),
        Workload::Ring => R::run(
            procs,
            repeat(window, move || ring::round::<R, C>(countdown, capacity)),
        ),
        Workload::Skynet => R::run(procs, repeat(window, skynet::round::<R, C>)),
        Workload::Select2 => R::run(procs, repeat(window, move || select2::ready::<C>(capacity))),
        Workload::Select2Wait => R::run(
            procs,
            repeat(window, move || select2::wait::<R, C>(capacity)),
        ),
        _ => Err(takes_no_part(measure)),
    }
}

fn locks<R: Locks>(measure: &Measure) -> io::Result<Sample> {
    let (procs, window) = (measure.procs, measure.window());
    let countdown = Countdown::leak();
    match measure.workload {
        Workload::Mutex2 => R::run(procs, repeat(window, || mutex::round::<R>(countdown, 2))),
        Workload::Mutex1000 => R::run(procs, repeat(window, || mutex::round::<R>(countdown, 1000))),
        Workload::WaitGroup => R::run(procs, repeat(window, waitgroup::round::<R>)),
        _ => Err(takes_no_part(measure)),
    }
}

fn workload<R: Timed + Files>(measure: &Measure) -> io::Result<Sample> {
    let (procs, window) = (measure.procs, measure.window());
    let countdown = Countdown::leak();
    match measure.workload {
        Workload::SpawnAwait => R::run(procs, repeat(window, spawn_await::round::<R>)),
        Workload::ChainedSpawn => R::run(procs, repeat(window, chained_spawn::round::<R>)),
        Workload::SpawnFanout => R::run(
            procs,
            repeat(window, || spawn_fanout::round::<R>(countdown)),
        ),
        Workload::YieldMany => R::run(
            procs,
            repeat(window, || yield_now::round::<R>(countdown, 1000, 1000)),
        ),
        Workload::YieldOne => R::run(
            procs,
            repeat(window, || yield_now::round::<R>(countdown, 1, 100_000)),
        ),
        Workload::PingPong => R::run(procs, repeat(window, || ping_pong::round::<R>(countdown))),
        Workload::ForkJoinFib => R::run(procs, repeat(window, fork_join::fib::<R>)),
        Workload::ForkJoinSort => R::run(procs, repeat(window, fork_join::sort::<R>)),
        Workload::Parked => R::run(procs, parked::once::<R>(countdown))?,
        Workload::Timers => R::run_timed(procs, repeat(window, timers::round::<R>)),
        Workload::TimerChurn => {
            R::run_timed(procs, repeat(window, || timer_churn::round::<R>(countdown)))
        }
        Workload::HogCpu => R::run_timed(procs, hogs::computing::<R>(procs)),
        Workload::HogBlock => R::run_timed(procs, hogs::blocking::<R>(procs)),
        Workload::HogBlockDeclared => R::run_timed(procs, hogs::declared::<R>(procs)),
        Workload::BlockingRead => {
            let file = blocking_read::open::<R>()?;
            R::run(
                procs,
                repeat(window, || blocking_read::round::<R>(file, countdown)),
            )
        }
        Workload::Sleepers => R::run_timed(procs, sleepers::once::<R>(countdown)),
        Workload::TcpEcho50 => R::run(procs, tcp_echo::inside::<R>(50, window))?,
        Workload::TcpEcho1000 => R::run(procs, tcp_echo::inside::<R>(1000, window))?,
        Workload::TcpEcho50Outside | Workload::TcpEcho1000Outside => {
            serve::<R, _>(procs, tcp_echo::serve::<R>)
        }
        Workload::HttpHello => serve::<R, _>(procs, http_hello::serve::<R>),
        _ => Err(takes_no_part(measure)),
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
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
