//! How a runtime ends.
//!
//! 1. `closing` is set; sleepers are woken. From here on nothing can be spawned from outside.
//! 2. Each M ends its current poll, drops what is in its own queues, and goes. Ms that are still in
//!    a poll at the deadline are left behind; the last of them does the rest of the work below.
//! 3. The *sweep*: every registered goroutine is woken, which brings it into the global queue, and
//!    dropped from there, until none is alive. Destructors run here, on this thread, under no lock;
//!    they may wake and spawn, and what they make runnable is dropped as well.
//! 4. Sockets that outlive the runtime are told.
//!
//! A runtime is freed when its last owner goes. A foreign thread may be in the schedule function at
//! that moment; it got there with a live goroutine in hand, announced itself by a visit
//! ([`super::closing`]) while that goroutine was alive, and the sweep ends only when no goroutine
//! and no visit is left.

use super::Sched;
use super::context::enter;
use super::g::Meta;
use super::home::Home;
use super::m::M;
use super::seat::WithPolicy;
use crate::base::lock::Mutex;
use crate::task::{Entered, Id};
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Condvar, Mutex as StdMutex};
use std::task::Waker;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How many goroutines of one home are woken per round of the sweep.
const SWEEP: usize = 256;
/// How many goroutines of one home the report names.
const WAITED_MAX: usize = 128;

/// What a shutdown left behind.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
/// runtime.spawn(std::future::pending::<()>());
/// let leftover = runtime.shutdown(Duration::from_secs(1));
/// assert_eq!(leftover.cancelled(), 1);
/// assert!(leftover.is_clean());
/// ```
#[derive(Clone, Debug)]
pub struct Leftover {
    cancelled: u64,
    running: u64,
    threads: usize,
    waited: Vec<Waited>,
}

/// A goroutine that waited for something when its runtime was shut down.
///
/// # Examples
/// See [`Leftover::waited`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    id: Id,
    parent: Option<Id>,
    spawned_at: &'static Location<'static>,
}

impl Waited {
    pub(super) fn new(meta: &Meta) -> Self {
        Self {
            id: meta.id,
            parent: meta.parent,
            spawned_at: meta.spawned_at,
        }
    }

    /// Its number.
    ///
    /// # Examples
    /// See [`Leftover::waited`].
    pub fn id(&self) -> Id {
        self.id
    }

    /// The goroutine that spawned it; `None` if that was none of a goroutine.
    ///
    /// # Examples
    /// See [`Leftover::waited`].
    pub fn parent(&self) -> Option<Id> {
        self.parent
    }

    /// Where it was spawned.
    ///
    /// # Examples
    /// See [`Leftover::waited`].
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }
}

impl fmt::Display for Waited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goroutine {} created at {}", self.id, self.spawned_at)?;
        match self.parent {
            Some(parent) => write!(f, " by goroutine {parent}"),
            None => Ok(()),
        }
    }
}

impl Leftover {
    /// How many goroutines were dropped before they were done.
    ///
    /// # Examples
    /// See [`Leftover`].
    pub fn cancelled(&self) -> u64 {
        self.cancelled
    }

    /// How many goroutines could not be dropped in time, because they were in the middle of a poll.
    /// Each is dropped at the end of that poll.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// assert_eq!(runtime.shutdown(Duration::from_secs(1)).running(), 0);
    /// ```
    pub fn running(&self) -> u64 {
        self.running
    }

    /// How many threads did not end in time: those that poll such goroutines.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// assert_eq!(runtime.shutdown(Duration::from_secs(1)).threads(), 0);
    /// ```
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Some of the goroutines that waited when the shutdown began (up to 128 of each P): what to
    /// look at if there should have been none.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let runtime = gort::Runtime::builder().procs(1).build().unwrap();
    /// let line = line!() + 2;
    /// runtime.block_on(async {
    ///     gort::spawn(std::future::pending::<()>());
    ///     gort::time::sleep(Duration::from_millis(1)).await;
    /// });
    /// let leftover = runtime.shutdown(Duration::from_secs(1));
    /// let waited = leftover.waited()[0];
    /// println!("{waited}");
    /// assert_eq!(waited.spawned_at().line(), line);
    /// ```
    pub fn waited(&self) -> &[Waited] {
        &self.waited
    }

    /// Whether nothing was left: no goroutine and no thread.
    ///
    /// # Examples
    /// See [`Leftover`].
    pub fn is_clean(&self) -> bool {
        self.running == 0 && self.threads == 0
    }
}

/// Which Ms have not gone yet.
#[derive(Debug)]
pub(super) struct Exits {
    /// How many threads run the loop of an M.
    running: StdMutex<usize>,
    gone: Condvar,
    handles: Mutex<Vec<JoinHandle<()>>>,
}

impl Exits {
    pub(super) fn new() -> Self {
        Self {
            running: StdMutex::new(0),
            gone: Condvar::new(),
            handles: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn enter(&self) {
        *self.running.lock().unwrap_or_else(|e| e.into_inner()) += 1;
    }

    /// One thread less; tells whether it was the last.
    pub(super) fn leave(&self) -> bool {
        let mut running = self.running.lock().unwrap_or_else(|e| e.into_inner());
        *running -= 1;
        self.gone.notify_all();
        *running == 0
    }

    /// Keeps the handle of a thread that was started, and lets those of threads that have gone go.
    pub(super) fn add(&self, handle: JoinHandle<()>) {
        let mut handles = self.handles.lock();
        handles.retain(|handle| !handle.is_finished());
        handles.push(handle);
    }

    /// The guard of a thread that runs the loop of an M.
    pub(super) fn guard(&self, sched: &Arc<Sched>) -> ExitGuard {
        ExitGuard {
            sched: Arc::clone(sched),
        }
    }

    /// Waits until every M has gone; gives how many have not by `deadline`.
    fn wait(&self, deadline: Instant) -> usize {
        let mut running = self.running.lock().unwrap_or_else(|e| e.into_inner());
        while *running > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            running = self
                .gone
                .wait_timeout(running, left)
                .unwrap_or_else(|e| e.into_inner())
                .0;
        }
        *running
    }

    /// Joins the threads that have gone, so that their stacks are freed.
    fn join(&self) {
        let mut handles = std::mem::take(&mut *self.handles.lock());
        handles.retain(|handle| handle.thread().id() != thread::current().id());
        handles.into_iter().for_each(|handle| drop(handle.join()));
    }
}

/// Counts one M as gone when its thread ends, however it ends.
#[derive(Debug)]
pub(super) struct ExitGuard {
    sched: Arc<Sched>,
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        let last = self.sched.exits.leave();
        if last && self.sched.is_closing() {
            let _here = Here::new(&self.sched);
            self.sched.sweep(None);
        }
    }
}

/// While it lives, destructors that run on this thread find the runtime and its panic policy as
/// they would on one of its Ms.
#[derive(Debug)]
struct Here {
    _entered: Entered,
    _policy: WithPolicy,
}

impl Here {
    fn new(sched: &Arc<Sched>) -> Self {
        Self {
            _entered: enter(sched),
            _policy: WithPolicy::of(sched),
        }
    }
}

impl Sched {
    /// Ends the runtime, waiting until `deadline` for polls that are under way.
    pub(crate) fn close(self: &Arc<Self>, deadline: Instant) -> Leftover {
        let _here = Here::new(self);
        let waited = self.some_waited();
        self.closing.begin();
        for p in self.idle.drain_parked() {
            // SAFETY: the P is one of this runtime's.
            unsafe { p.get() }.note.wake();
        }
        self.netpoll.wake();
        self.sysmon.end();
        let threads = self.exits.wait(deadline);
        if threads == 0 {
            self.exits.join();
        }
        let running = self.sweep(if threads == 0 { None } else { Some(deadline) });
        self.netpoll.close_all();
        Leftover {
            cancelled: self.cancelled(),
            running,
            threads,
            waited,
        }
    }

    /// Drops every goroutine that can be reached; with a deadline it stops there, else when none is
    /// left. Gives how many are left.
    fn sweep(&self, deadline: Option<Instant>) -> u64 {
        loop {
            while let Some(g) = self.global.pop() {
                drop(g);
            }
            self.some_waiting().into_iter().for_each(Waker::wake);
            if !self.global.is_empty() {
                continue;
            }
            // What waking did not bring is in a poll, or another thread is about to bring it.
            let live = self.live();
            // The visitors after the living: who visits for one of those that have been dropped
            // began before that.
            if live == 0 && self.closing.has_no_visitor() && self.global.is_empty() {
                return 0;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return live;
            }
            thread::sleep(Duration::from_micros(50));
        }
    }

    /// Wakers of some of the registered goroutines of every home.
    fn some_waiting(&self) -> Vec<Waker> {
        self.of_each_home(|home| home.some_wakers(SWEEP))
    }

    /// The records of some of the registered goroutines of every home.
    fn some_waited(&self) -> Vec<Waited> {
        self.of_each_home(|home| home.some_waited(WAITED_MAX))
    }

    fn of_each_home<T>(&self, list: impl Fn(&Home) -> Vec<T>) -> Vec<T> {
        let ps = self.ps.lock();
        let homes = ps.iter().map(|p| &p.home).chain([&self.foreign_home]);
        homes.flat_map(list).collect()
    }
}

impl M {
    /// This M ends: its goroutines are dropped, its permit is free.
    pub(super) fn retire(&self) {
        if self.give_up_token() {
            self.sched().idle.stop_spinning();
        }
        if !self.sched().is_closing() {
            // It had neither, and its storage waits for the next one.
            self.sched().store_p(self.p());
            return;
        }
        while let Some(g) = self.take_local() {
            drop(g);
        }
        self.release();
    }

    fn take_local(&self) -> Option<super::g::G> {
        if let Some(g) = self.p().next.take() {
            return Some(g);
        }
        // SAFETY: this thread is the M that owns the P.
        unsafe { self.p().queue.pop() }.or_else(|| self.p().overflow.pop())
    }
}
