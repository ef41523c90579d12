//! Threads for calls that block.
//!
//! Jobs wait in one queue; a thread is added when a job comes and none is idle, up to the limit,
//! and ends after ten idle seconds. Jobs that have not begun when the runtime ends are cancelled.
//!
//! A job is a [`Body`] like any goroutine, so panics, aborts and the handle work the same way; it
//! is polled once, on the thread it got.

use super::Sched;
use super::context::enter;
use crate::base::lock::Mutex;
use crate::base::note::Note;
use crate::base::wake_list::drop_quietly;
use crate::panic;
use crate::task::{Body, Id, JoinHandle, join_cell, may_block};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// How long a thread without a job stays.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The threads and jobs of one runtime.
pub(super) struct BlockingPool {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Notes of the threads without a job, the latest last: it is woken first.
    idle: Vec<Arc<Note>>,
    threads: usize,
    closed: bool,
}

/// What a thread of the pool does next.
enum Next {
    Run(Job),
    Sleep,
    End,
}

impl BlockingPool {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State::default()),
        }
    }

    /// How many threads the pool has.
    pub(super) fn threads(&self) -> usize {
        self.state.lock().threads
    }

    /// Cancels the jobs that have not begun, and lets the idle threads end.
    pub(super) fn close(&self) {
        let (jobs, idle) = {
            let mut state = self.state.lock();
            state.closed = true;
            (
                std::mem::take(&mut state.jobs),
                std::mem::take(&mut state.idle),
            )
        };
        idle.iter().for_each(|note| note.wake());
        drop_quietly(jobs);
    }

    /// The next job, or this thread joins the idle ones, or it has been idle for too long.
    fn next(&self, note: &Arc<Note>, may_sleep: bool) -> Next {
        let mut state = self.state.lock();
        if let Some(job) = state.jobs.pop_front() {
            state.idle.retain(|other| !Arc::ptr_eq(other, note));
            return Next::Run(job);
        }
        if may_sleep && !state.closed {
            if !state.idle.iter().any(|other| Arc::ptr_eq(other, note)) {
                state.idle.push(Arc::clone(note));
            }
            return Next::Sleep;
        }
        state.idle.retain(|other| !Arc::ptr_eq(other, note));
        state.threads -= 1;
        Next::End
    }
}

impl Sched {
    /// Runs `call` on a thread of the pool; see `runtime::spawn_blocking`.
    pub(crate) fn spawn_blocking<F, T>(
        self: &Arc<Self>,
        call: F,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let id = Id::next();
        let (completer, handle) = join_cell(id, spawned_at);
        let run = async move {
            may_block();
            call()
        };
        let body = Body::new(run, completer);
        self.submit_job(Box::pin(body));
        handle
    }

    /// Queues a job and sees to a thread for it.
    fn submit_job(self: &Arc<Self>, job: Job) {
        let mut refused = None;
        let mut wake = None;
        let mut add = false;
        {
            let mut state = self.blocking.state.lock();
            if state.closed {
                refused = Some(job);
            } else {
                state.jobs.push_back(job);
                wake = state.idle.pop();
                add = wake.is_none() && state.threads < self.config.max_blocking_threads;
                state.threads += usize::from(add);
            }
        }
        drop(refused);
        if let Some(note) = wake {
            note.wake();
        } else if add && self.add_blocking_thread().is_err() {
            self.give_up_thread();
        }
    }

    fn add_blocking_thread(self: &Arc<Self>) -> std::io::Result<()> {
        let sched = Arc::clone(self);
        let named = thread::Builder::new().name(format!("{}-blocking", self.config.thread_name));
        named.spawn(move || sched.run_jobs()).map(drop)
    }

    /// The system refused a thread. Those there are will come to the job; if there are none it is
    /// cancelled, and its handle says so.
    fn give_up_thread(&self) {
        let orphans = {
            let mut state = self.blocking.state.lock();
            state.threads -= 1;
            if state.threads == 0 {
                std::mem::take(&mut state.jobs)
            } else {
                VecDeque::new()
            }
        };
        drop_quietly(orphans);
    }

    /// The life of a thread of the pool.
    fn run_jobs(self: &Arc<Self>) {
        let _entered = enter(self);
        panic::set_policy(self.config.on_panic);
        let note = Arc::new(Note::new());
        let mut may_sleep = true;
        loop {
            match self.blocking.next(&note, may_sleep) {
                Next::Run(mut job) => {
                    let _ready = job.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                    may_sleep = true;
                }
                Next::Sleep => may_sleep = note.sleep_until(Instant::now() + KEEP_ALIVE),
                Next::End => return,
            }
        }
    }
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingPool")
            .field("threads", &self.threads())
            .finish_non_exhaustive()
    }
}
