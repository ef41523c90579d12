//! Sched: everything the threads of one runtime share.

use super::blocking_slots::BlockingSlots;
use super::closing::Closing;
use super::config::Config;
use super::context::with_m;
use super::doze::Doze;
use super::fatal;
use super::g::G;
use super::g::{Meta, Recorded, new_g};
use super::home::Home;
use super::idle::{Idle, Sleeper};
use super::m::M;
use super::p::{P, PRef};
use super::permits::Permits;
use super::seats::Seats;
use super::shutdown::Exits;
use crate::base::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::base::clock::{self, Nanos};
use crate::base::lock::Mutex;
use crate::netpoll::Netpoll;
use crate::queue::SharedQueue;
use crate::task::{Body, Id, Sink};
use crate::timer::Wheel;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// One runtime.
#[derive(Debug)]
pub(crate) struct Sched {
    pub(crate) config: Config,
    /// The rights to run goroutines, and the timers.
    pub(super) permits: Permits<P, Wheel>,
    /// Who sleeps and who looks for work.
    pub(super) idle: Idle<PRef>,
    /// Goroutines that wait for no P in particular.
    pub(super) global: SharedQueue<G>,
    pub(crate) netpoll: Arc<Netpoll>,
    /// Counts looks at the network. Written by who holds the netpoller, read by sysmon.
    looks: AtomicU32,
    /// Where sysmon sleeps.
    pub(super) sysmon: Doze,
    /// Threads without a P that wait for a permit.
    pub(super) seats: Seats,
    /// The storage of every M, in the order they were started. Only added to.
    #[expect(clippy::vec_box, reason = "a P must not move when another one comes")]
    pub(super) ps: Mutex<Vec<Box<P>>>,
    /// Those whose M has ended.
    spare_ps: Mutex<Vec<PRef>>,
    /// How many Ms there are, or are about to be.
    started: AtomicU32,
    /// How many of them lost their permit in the middle of a poll and have not come back. Raised
    /// by sysmon before it retakes a permit, lowered by the M.
    stranded: AtomicU32,
    pub(super) exits: Exits,
    /// How many calls may block at a time.
    pub(crate) blocking: Arc<BlockingSlots>,
    /// The home of goroutines spawned by threads without a P.
    pub(super) foreign_home: Home,
    /// Goroutines spawned and ended by threads without a P.
    foreign_created: AtomicU64,
    foreign_finished: AtomicU64,
    /// Goroutines that the shutdown dropped before they were done.
    cancelled: AtomicU64,
    /// Whether it is to end, and who is inside from outside.
    pub(super) closing: Closing,
}

// SAFETY: all fields but the homes' back pointers are `Send` and `Sync` by themselves; a back
// pointer is only followed while the runtime can be borrowed.
unsafe impl Send for Sched {}
// SAFETY: as above.
unsafe impl Sync for Sched {}

/// The runtime of threads that are in no other, started when it is first needed.
///
/// # Errors
/// If the environment is malformed or the first thread cannot be started; asking again tries again.
pub(crate) fn default_sched() -> io::Result<&'static Arc<Sched>> {
    static DEFAULT: OnceLock<Arc<Sched>> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    if let Some(sched) = DEFAULT.get() {
        return Ok(sched);
    }
    let _starting = STARTING.lock();
    if DEFAULT.get().is_none() {
        let _ = DEFAULT.set(Sched::start(Config::from_env()?)?);
    }
    Ok(DEFAULT.get().expect("it was set just now"))
}

impl Sched {
    /// Starts a runtime with its first M; further Ms are started as work comes.
    ///
    /// # Errors
    /// If the netpoller or the first thread cannot be created.
    pub(crate) fn start(config: Config) -> io::Result<Arc<Self>> {
        let netpoll = Netpoll::new()?;
        let sched = Arc::new_cyclic(|weak: &Weak<Self>| {
            // The pointer is that of the value the `Arc` is going to hold.
            let this = NonNull::new(weak.as_ptr().cast_mut()).expect("an Arc is never at null");
            Self {
                permits: Permits::new(config.procs, Wheel::new),
                blocking: BlockingSlots::new(config.max_blocking_threads),
                config,
                idle: Idle::new(),
                global: SharedQueue::new(),
                netpoll,
                looks: AtomicU32::new(0),
                sysmon: Doze::new(),
                seats: Seats::new(),
                ps: Mutex::new(Vec::new()),
                spare_ps: Mutex::new(Vec::new()),
                started: AtomicU32::new(0),
                stranded: AtomicU32::new(0),
                exits: Exits::new(),
                foreign_home: Home::new(this),
                foreign_created: AtomicU64::new(0),
                foreign_finished: AtomicU64::new(0),
                cancelled: AtomicU64::new(0),
                closing: Closing::new(),
            }
        });
        sched.idle.start_spinning();
        sched.start_m()?;
        if let Err(error) = sched.start_sysmon() {
            let _ = sched.close(Instant::now() + Duration::from_secs(5));
            return Err(error);
        }
        Ok(sched)
    }

    /// Starts the thread of sysmon.
    fn start_sysmon(self: &Arc<Self>) -> io::Result<()> {
        let this = Arc::clone(self);
        let named = thread::Builder::new().name(format!("{}-sysmon", self.config.thread_name));
        self.exits.enter();
        let spawned = named.spawn(move || {
            let exit = this.exits.guard(&this);
            this.run_sysmon();
            drop(exit);
        });
        match spawned {
            Ok(handle) => self.exits.add(handle),
            Err(error) => {
                self.exits.leave();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Counts a look at the network, as the one who holds the netpoller.
    pub(super) fn count_look(&self) {
        // Ordering: Relaxed; one writer at a time, and a hint for sysmon only.
        let looks = self.looks.load(Ordering::Relaxed);
        self.looks.store(looks.wrapping_add(1), Ordering::Relaxed);
    }

    pub(super) fn looks(&self) -> u32 {
        // Ordering: Relaxed, a hint only.
        self.looks.load(Ordering::Relaxed)
    }

    /// Starts a goroutine that nobody waits for. It is runnable when this returns.
    #[inline]
    pub(crate) fn go<F>(&self, future: F, spawned_at: &'static Location<'static>)
    where
        F: Future + Send + 'static,
    {
        self.spawn(Id::next(), spawned_at, |meta| {
            Body::new(future, Recorded::new(meta))
        });
    }

    /// Spawns a goroutine with the body that `make` makes for its record. It is runnable when this
    /// returns.
    #[inline]
    pub(crate) fn spawn<F, S>(
        &self,
        id: Id,
        spawned_at: &'static Location<'static>,
        make: impl FnOnce(&Meta) -> Body<F, S>,
    ) where
        F: Future + Send + 'static,
        S: Sink<F::Output> + Send + 'static,
    {
        let mut make = Some(make);
        with_m(|m| {
            if !std::ptr::eq(m.sched(), self) {
                return;
            }
            if let Some(make) = make.take() {
                m.p().count_created();
                new_g(&m.p().home, id, spawned_at, make).schedule();
            }
        });
        if let Some(make) = make {
            self.spawn_from_outside(id, spawned_at, make);
        }
    }

    #[cold]
    fn spawn_from_outside<F, S>(
        &self,
        id: Id,
        spawned_at: &'static Location<'static>,
        make: impl FnOnce(&Meta) -> Body<F, S>,
    ) where
        F: Future + Send + 'static,
        S: Sink<F::Output> + Send + 'static,
    {
        let visit = self.closing.visit();
        // Ordering: Relaxed; the visit orders it before the shutdown's count.
        self.foreign_created.fetch_add(1, Ordering::Relaxed);
        let g = new_g(&self.foreign_home, id, spawned_at, make);
        if self.is_closing() {
            // Dropping it tells the goroutine's handle that it was cancelled.
            drop(g);
        } else {
            g.schedule();
        }
        drop(visit);
    }

    /// A goroutine of this runtime is over. The runtime may be gone once this returns, unless the
    /// caller keeps it.
    #[inline]
    pub(super) fn count_finished(&self) {
        let counted = with_m(|m| {
            let here = std::ptr::eq(m.sched(), self);
            if here {
                m.p().count_finished();
            }
            here
        });
        if counted != Some(true) {
            // Ordering: Release pairs with `counts`; this is the caller's last use of the runtime.
            self.foreign_finished.fetch_add(1, Ordering::Release);
        }
    }

    /// A goroutine of this runtime was dropped before it was done.
    #[cold]
    pub(super) fn count_cancelled(&self) {
        if self.is_closing() {
            // Ordering: Relaxed; the count of the finished, which follows, publishes it.
            self.cancelled.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many goroutines the shutdown has dropped, of those that are counted as over.
    pub(super) fn cancelled(&self) -> u64 {
        // Ordering: Relaxed, as above.
        self.cancelled.load(Ordering::Relaxed)
    }

    /// How many goroutines have been spawned, and how many of them are over.
    pub(crate) fn counts(&self) -> (u64, u64) {
        // Ordering: Acquire pairs with `count_finished`; ended ones first, as in `P::counts`.
        let foreign_finished = self.foreign_finished.load(Ordering::Acquire);
        let per_p: Vec<(u64, u64)> = self.ps.lock().iter().map(|p| p.counts()).collect();
        let finished = per_p.iter().map(|counts| counts.1).sum::<u64>() + foreign_finished;
        // Ordering: Relaxed; see `spawn_from_outside`.
        let foreign_created = self.foreign_created.load(Ordering::Relaxed);
        let created = per_p.iter().map(|counts| counts.0).sum::<u64>() + foreign_created;
        (created, finished)
    }

    /// How many goroutines are not over yet; exact when nothing runs.
    pub(crate) fn live(&self) -> u64 {
        let (created, finished) = self.counts();
        created.saturating_sub(finished)
    }

    /// How many goroutines may run at a time.
    pub(crate) fn procs(&self) -> u32 {
        self.permits.procs()
    }

    #[inline]
    pub(super) fn is_closing(&self) -> bool {
        self.closing.has_begun()
    }

    /// Work was made visible: wakes an M for it, if one sleeps and none looks for work already.
    pub(super) fn wake_p(&self) {
        while self.wake_p_once() {
            // Everybody is awake, if only just. An M looks again by itself; another thread stays
            // until somebody has seen the work.
            if self.is_here() || self.is_closing() || !self.has_visible_work() {
                return;
            }
            thread::yield_now();
        }
    }

    /// The same, for who comes again. Tells whether all were awake but none is certain to have seen
    /// the work.
    pub(super) fn wake_p_once(&self) -> bool {
        if !self.idle.submit(|| self.permits.any_free()) {
            return false;
        }
        match self.idle.pick() {
            // SAFETY: the P is one of this runtime's.
            Sleeper::Parked(p) => unsafe { p.get() }.note.wake(),
            Sleeper::Poller => self.netpoll.wake(),
            Sleeper::Nobody => return self.start_m_for_token(),
        }
        false
    }

    /// Starts an M for the token that this thread has taken. If there can be none the token goes
    /// back, and the thread must look again: who relied on it meanwhile may have come too late for
    /// everybody's last look. If the system refuses the thread sysmon tries again.
    fn start_m_for_token(&self) -> bool {
        let started = self.start_m();
        if matches!(started, Ok(true)) {
            return false;
        }
        self.idle.return_token();
        self.rouse_sysmon();
        started.is_ok()
    }

    /// How many Ms are in a poll without a permit.
    pub(super) fn stranded(&self) -> u32 {
        // Ordering: Relaxed, a number of a moment ago.
        self.stranded.load(Ordering::Relaxed)
    }

    /// An M is about to lose its permit in the middle of a poll.
    pub(super) fn count_stranded(&self) {
        // Ordering: Relaxed; only the number matters.
        self.stranded.fetch_add(1, Ordering::Relaxed);
    }

    /// That M knows of it, or has kept its permit.
    pub(super) fn count_back(&self) {
        // Ordering: Relaxed, as above.
        self.stranded.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether there are more Ms than can have permits.
    pub(super) fn has_surplus_m(&self) -> bool {
        // Ordering: Relaxed, a number of a moment ago.
        self.started.load(Ordering::Relaxed) > self.procs() + self.stranded()
    }

    /// Whether an M without a permit sleeps, or one more may be started.
    pub(super) fn has_spare_m(&self) -> bool {
        // Ordering: Relaxed, a number of a moment ago.
        self.idle.has_sleeper() || self.started.load(Ordering::Relaxed) < self.config.max_threads
    }

    /// Starts one more M, with the spinning token, if there are fewer than permits, those in a poll
    /// without one not counted.
    ///
    /// # Errors
    /// If the system refuses the thread.
    fn start_m(&self) -> io::Result<bool> {
        // Ordering: Relaxed; hint only, the exchange below decides.
        let number = self.started.load(Ordering::Relaxed);
        if number >= self.procs() + self.stranded() || self.is_closing() {
            return Ok(false);
        }
        if number >= self.config.max_threads {
            fatal::thread_exhaustion(self.config.max_threads);
        }
        // Ordering: Relaxed; only the number matters.
        let taken =
            self.started
                .compare_exchange(number, number + 1, Ordering::Relaxed, Ordering::Relaxed);
        if taken.is_err() {
            return Ok(false);
        }
        let this = self.to_arc();
        let p = self.find_p();
        let named = thread::Builder::new().name(format!("{}-{number}", self.config.thread_name));
        self.exits.enter();
        let spawned = named.spawn(move || {
            let exit = this.exits.guard(&this);
            crate::panic::set_policy(this.config.on_panic);
            M::new(Arc::clone(&this), p.into_ptr(), u64::from(number) + 1).run();
            drop(exit);
        });
        match spawned {
            Ok(handle) => {
                self.exits.add(handle);
                Ok(true)
            }
            Err(error) => {
                self.exits.leave();
                // SAFETY: the P is one of this runtime's.
                self.store_p(unsafe { p.get() });
                Err(error)
            }
        }
    }

    /// Storage for one more M: what another one left, or new.
    fn find_p(&self) -> PRef {
        if let Some(p) = self.spare_ps.lock().pop() {
            return p;
        }
        let p = Box::new(P::new(NonNull::from(self)));
        let name = PRef::from(&*p);
        self.ps.lock().push(p);
        name
    }

    /// An M ends that was not needed; the next one has its storage.
    pub(super) fn store_p(&self, p: &P) {
        self.spare_ps.lock().push(PRef::from(p));
        // Ordering: Relaxed; only the number matters.
        self.started.fetch_sub(1, Ordering::Relaxed);
    }

    /// Another owner of this runtime.
    pub(super) fn to_arc(&self) -> Arc<Self> {
        // SAFETY: a runtime lives in an `Arc` only (`start`), so the pointer is that of one.
        unsafe { Arc::increment_strong_count(self) };
        // SAFETY: the count just taken is the one this `Arc` gives back.
        unsafe { Arc::from_raw(self) }
    }

    /// Whether there is something that an M without work should run: goroutines in the global
    /// queue, a surplus in the ring of a P, or a timer that is due. A lone G does not count, be it
    /// `next` or in the ring: its P is about to run it, and an M that stayed awake for it would
    /// follow the P around without ever being fast enough.
    pub(super) fn has_visible_work(&self) -> bool {
        !self.global.is_empty()
            || self.permits.all_running().any(P::has_surplus)
            || self.has_due_timer()
    }

    pub(super) fn has_due_timer(&self) -> bool {
        let earliest = self.earliest_deadline();
        earliest != Nanos::MAX && earliest <= clock::now()
    }

    /// The earliest deadline of all timers.
    pub(super) fn earliest_deadline(&self) -> Nanos {
        self.permits
            .wheels()
            .map(|wheel| wheel.next_deadline())
            .min()
            .unwrap_or(Nanos::MAX)
    }

    /// Wakes the M in the netpoller if it would sleep past a deadline.
    pub(super) fn tell_poller_of_timers(&self) {
        let earliest = self.earliest_deadline();
        if earliest != Nanos::MAX && self.idle.is_overslept(earliest) {
            self.netpoll.wake();
        }
    }
}
