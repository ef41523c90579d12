//! What is measured. Each workload checks its own result: a count or a sum that is right only if
//! every task ran exactly once.
//!
//! Most workloads are a function `round` that does the work once and returns how many operations
//! that was; [`repeat`] times rounds until the window is full. Where it is not time that is
//! measured there is a function `once`.

pub(crate) mod blocking_read;
pub(crate) mod chained_spawn;
pub(crate) mod chan_mpmc;
pub(crate) mod chan_spsc;
pub(crate) mod countdown;
pub(crate) mod fork_join;
pub(crate) mod hogs;
pub(crate) mod http_hello;
pub(crate) mod mutex;
pub(crate) mod parked;
pub(crate) mod ping_pong;
pub(crate) mod ping_pong_chan;
pub(crate) mod ring;
pub(crate) mod select2;
pub(crate) mod skynet;
pub(crate) mod sleepers;
pub(crate) mod spawn_await;
pub(crate) mod spawn_fanout;
pub(crate) mod tcp_echo;
pub(crate) mod timer_churn;
pub(crate) mod timers;
pub(crate) mod waitgroup;
pub(crate) mod yield_now;

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::sample::{Metric, Sample};

/// The names of the workloads, in the order in which tables show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Workload {
    /// Spawn a task and wait for it, one after the other.
    SpawnAwait,
    /// Spawn 100 000 tasks, wait for all of them at once.
    SpawnFanout,
    /// Each of 1000 tasks spawns the next; the last one tells.
    ChainedSpawn,
    /// 1000 tasks yield 1000 times each.
    YieldMany,
    /// One task yields, alone.
    YieldOne,
    /// 1000 pairs of tasks, each exchanging two oneshot messages.
    PingPong,
    /// Work divided into tasks that are joined: the 32nd Fibonacci number.
    ForkJoinFib,
    /// Work divided into tasks that are joined: two million numbers sorted.
    ForkJoinSort,
    /// Numbers from one task to another through a channel without a buffer.
    CtxSwitch,
    /// As `ctx_switch`, with room for one number.
    #[value(name = "ctx_switch_1")]
    CtxSwitch1,
    /// As `ctx_switch`, with room for 100 numbers.
    ChanSpsc,
    /// Four senders and four receivers of one channel without a buffer.
    #[value(name = "chan_mpmc_0")]
    ChanMpmc0,
    /// As `chan_mpmc_0`, with room for one number.
    #[value(name = "chan_mpmc_1")]
    ChanMpmc1,
    /// As `chan_mpmc_0`, with room for 100 numbers.
    #[value(name = "chan_mpmc_100")]
    ChanMpmc100,
    /// 100 pairs of tasks, each sending a number back and forth over two channels.
    PingPongChan,
    /// A number passed round a ring of 1000 tasks.
    Ring,
    /// A tree of tasks with a million leaves, whose numbers are summed through channels.
    Skynet,
    /// A select over two channels of which one is ready.
    #[value(name = "select2")]
    Select2,
    /// A select over two channels into which two tasks send.
    #[value(name = "select2_wait")]
    Select2Wait,
    /// Two tasks that add to a number under a mutex.
    #[value(name = "mutex_2")]
    Mutex2,
    /// 1000 tasks that add to a number under a mutex.
    #[value(name = "mutex_1000")]
    Mutex1000,
    /// Groups of ten tasks, waited for one group after the other.
    #[value(name = "waitgroup")]
    WaitGroup,
    /// A million timers set and taken back.
    Timers,
    /// A time limit around something that is soon over, in 1000 tasks.
    TimerChurn,
    /// 64 tasks read pages of a file by calls that may block.
    BlockingRead,
    /// 100 000 tasks that sleep once: how late they wake.
    Sleepers,
    /// Sleeps of 1 ms beside computations of 100 ms on every worker: how late they end.
    HogCpu,
    /// Sleeps of 1 ms beside tasks that block for 100 ms on every worker and do not say so.
    HogBlock,
    /// As `hog_block`, declared in the way that the runtime has for it.
    HogBlockDeclared,
    /// The memory of a million tasks that wait.
    Parked,
    /// 50 connections in lock-step, client and server in one process.
    #[value(name = "tcp_echo_50")]
    TcpEcho50,
    /// 1000 connections in lock-step, client and server in one process.
    #[value(name = "tcp_echo_1000")]
    TcpEcho1000,
    /// As `tcp_echo_50`, the client in a process of its own.
    #[value(name = "tcp_echo_50_outside")]
    TcpEcho50Outside,
    /// As `tcp_echo_1000`, the client in a process of its own.
    #[value(name = "tcp_echo_1000_outside")]
    TcpEcho1000Outside,
    /// A hyper server (Go: net/http), 64 keep-alive connections from a process of its own.
    HttpHello,
}

/// What the load generator of a workload with an outside client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Traffic {
    Echo,
    Http,
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Traffic::Echo => "echo",
            Traffic::Http => "http",
        })
    }
}

impl Workload {
    /// The traffic and the number of connections, if the client is outside the measured process.
    pub(crate) fn outside(self) -> Option<(Traffic, usize)> {
        match self {
            Workload::TcpEcho50Outside => Some((Traffic::Echo, 50)),
            Workload::TcpEcho1000Outside => Some((Traffic::Echo, 1000)),
            Workload::HttpHello => Some((Traffic::Http, 64)),
            _ => None,
        }
    }

    /// The capacity of its channels, if it is about channels.
    pub(crate) fn capacity(self) -> Option<usize> {
        match self {
            Workload::CtxSwitch | Workload::ChanMpmc0 => Some(0),
            Workload::CtxSwitch1
            | Workload::ChanMpmc1
            | Workload::PingPongChan
            | Workload::Ring
            | Workload::Select2
            | Workload::Select2Wait => Some(1),
            Workload::Skynet => Some(skynet::CHILDREN),
            Workload::ChanSpsc | Workload::ChanMpmc100 => Some(100),
            _ => None,
        }
    }

    /// Whether the quick comparison includes it.
    pub(crate) fn is_quick(self) -> bool {
        matches!(
            self,
            Workload::SpawnAwait
                | Workload::SpawnFanout
                | Workload::ChainedSpawn
                | Workload::YieldMany
                | Workload::YieldOne
                | Workload::PingPong
                | Workload::CtxSwitch
                | Workload::ChanSpsc
                | Workload::ChanMpmc100
                | Workload::Select2
                | Workload::Mutex2
                | Workload::TimerChurn
                | Workload::BlockingRead
                | Workload::TcpEcho50
                | Workload::TcpEcho1000
                | Workload::HttpHello
        )
    }

    /// How long to measure it where other rows take `base`.
    ///
    /// With 1000 connections some runtimes let a single exchange wait for 70 ms.
    pub(crate) fn window(self, base: Duration) -> Duration {
        match self {
            Workload::TcpEcho1000 | Workload::TcpEcho1000Outside => 2 * base,
            _ => base,
        }
    }

    /// The unit of one of its metrics.
    pub(crate) fn unit(self, metric: Metric) -> &'static str {
        match metric {
            Metric::Time => "ns",
            Metric::Rate if self == Workload::HttpHello => "req/s",
            Metric::Rate => "msg/s",
            Metric::P50 | Metric::P99 => "us",
            Metric::Cpu if self == Workload::HttpHello => "us/req",
            Metric::Cpu if self == Workload::Sleepers => "us/task",
            Metric::Cpu => "us/msg",
            Metric::Memory => "B/task",
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.pad(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// Runs `round` for a quarter of `window` to warm up, at least once, then times it for `window`.
pub(crate) async fn repeat<R, F>(window: Duration, round: R) -> Sample
where
    R: Fn() -> F + Send + Sync,
    F: Future<Output = u64> + Send,
{
    let (warm, _) = until(window / 4, &round).await;
    let (timed, elapsed) = until(window, &round).await;
    Sample::of_time(warm + timed, timed, elapsed)
}

/// Runs `round` again and again until `window` is over; the operations done and the time it took.
async fn until<R, F>(window: Duration, round: &R) -> (u64, Duration)
where
    R: Fn() -> F + Sync,
    F: Future<Output = u64> + Send,
{
    let start = Instant::now();
    let mut operations = 0;
    loop {
        operations += round().await;
        let elapsed = start.elapsed();
        if elapsed >= window {
            return (operations, elapsed);
        }
    }
}
