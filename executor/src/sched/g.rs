//! G: a goroutine that is ready to run, and the record that goes with every goroutine.
//!
//! A G is an `async_task::Runnable`: one allocation that holds the record ([`Meta`]) and the future
//! ([`Root`]). It exists while the goroutine is runnable; a waiting goroutine is reached through
//! its wakers only, and through the registry of its home ([`super::registry`]).

use super::context::with_m;
use super::home::Home;
use super::ready::ready;
use super::registry::Link;
use crate::base::atomic::{AtomicPtr, Ordering};
use crate::queue::Item;
use crate::task::{Body, Detached, Id, JoinError, Sink};
use async_task::{Builder, Runnable, ScheduleInfo, WithInfo};
use pin_project::{pin_project, pinned_drop};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

/// A goroutine that is ready to run.
pub(crate) type G = Runnable<Meta>;

impl Item for G {
    fn into_raw(self) -> NonNull<()> {
        Runnable::into_raw(self)
    }

    unsafe fn from_raw(raw: NonNull<()>) -> Self {
        // SAFETY: the caller passes what `into_raw` gave, once.
        unsafe { Runnable::from_raw(raw) }
    }
}

/// The record of one goroutine. It lives in the goroutine's allocation, before the future.
#[derive(Debug)]
pub(crate) struct Meta {
    /// Which runtime the goroutine belongs to, and whose registry it stands in. Set when it is
    /// spawned; changed once, by the thread that polls it, to a home of the same runtime, before it
    /// registers. Read by any thread that wakes it.
    home: AtomicPtr<Home>,
    /// The goroutine's place in the registry of its home, guarded by the lock there.
    pub(super) link: Link<Self>,
    pub(crate) id: Id,
    pub(crate) parent: Option<Id>,
    pub(crate) spawned_at: &'static Location<'static>,
}

// SAFETY: `home` is atomic, and what it points to may be shared and outlives the goroutine (see
// `Meta::home`); `link` is guarded by the registry's lock.
unsafe impl Send for Meta {}
// SAFETY: as above.
unsafe impl Sync for Meta {}

impl Meta {
    /// The goroutine's home.
    pub(crate) fn home(&self) -> &Home {
        // Ordering: Relaxed; the homes are older than the goroutine, and either will do for a
        // waker.
        let home = self.home.load(Ordering::Relaxed);
        // SAFETY: a home belongs to a `Sched`, which is freed only when none of its goroutines is
        // alive and no thread is inside the schedule function (see `shutdown`), and this record is
        // asked only by a live goroutine, its registry or its schedule function.
        unsafe { &*home }
    }

    /// Registers the goroutine where it is polled, so that its place is changed where it is cached.
    fn register(&self, waker: Waker) {
        with_m(|m| {
            let here = &m.p().home;
            if std::ptr::eq(here.sched_ptr(), self.home().sched_ptr()) {
                // Ordering: Relaxed; see `home`.
                self.home
                    .store(std::ptr::from_ref(here).cast_mut(), Ordering::Relaxed);
            }
        });
        self.home().register(self, waker);
    }
}

/// A new goroutine at `home`, ready to run.
#[inline]
pub(super) fn new_g<F, S>(
    home: &Home,
    id: Id,
    spawned_at: &'static Location<'static>,
    make: impl FnOnce(&Meta) -> Body<F, S>,
) -> G
where
    F: Future + Send + 'static,
    S: Sink<F::Output> + Send + 'static,
{
    let meta = Meta {
        home: AtomicPtr::new(std::ptr::from_ref(home).cast_mut()),
        link: Link::new(),
        id,
        parent: crate::task::try_goid(),
        spawned_at,
    };
    let root = |meta: &Meta| Root {
        meta: NonNull::from(meta),
        body: make(meta),
    };
    let (g, task) = Builder::new()
        .metadata(meta)
        .spawn(root, WithInfo(schedule));
    task.detach();
    g
}

/// The schedule function of every goroutine. It must stay free of captures: a function with state
/// costs a waker clone around every schedule.
#[inline]
fn schedule(g: G, info: ScheduleInfo) {
    ready(g, info.woken_while_running);
}

/// The sink of `go!`: nobody waits for a result. What a report needs stands in the record, so it is
/// one word.
#[derive(Debug)]
pub(crate) struct Recorded(NonNull<Meta>);

// SAFETY: as for `Root`, of which it is a part.
unsafe impl Send for Recorded {}

impl Recorded {
    /// The sink of the goroutine with this record.
    pub(super) fn new(meta: &Meta) -> Self {
        Self(NonNull::from(meta))
    }

    fn detached(&self) -> Detached {
        // SAFETY: the sink is a part of the future, which shares one allocation with the record.
        let meta = unsafe { self.0.as_ref() };
        Detached {
            id: meta.id,
            spawned_at: meta.spawned_at,
            name: None,
        }
    }
}

impl<T> Sink<T> for Recorded {
    #[inline]
    fn id(&self) -> Id {
        self.detached().id
    }

    #[inline]
    fn is_aborted(&self) -> bool {
        false
    }

    #[inline]
    fn parked(&mut self, _waker: &Waker) {}

    #[inline]
    fn finish(self, outcome: Result<T, JoinError>) {
        self.detached().finish(outcome);
    }
}

/// The outermost future of a goroutine: registers it when it first waits, and counts its end. What
/// has waited stands in the registry of its home until this is dropped.
#[pin_project(PinnedDrop)]
struct Root<F: Future, S: Sink<F::Output>> {
    /// The record before this future in the same allocation.
    meta: NonNull<Meta>,
    #[pin]
    body: Body<F, S>,
}

// SAFETY: `meta` points into the allocation the future itself is in, and the record is `Sync`.
unsafe impl<F: Future + Send, S: Sink<F::Output> + Send> Send for Root<F, S> {}

impl<F: Future, S: Sink<F::Output>> Future for Root<F, S> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let had_waited = this.body.has_waited();
        let outcome = this.body.as_mut().poll(cx);
        if outcome.is_pending() && !had_waited {
            // SAFETY: record and future share one allocation, so the record is there.
            let meta = unsafe { this.meta.as_ref() };
            meta.register(cx.waker().clone());
        }
        outcome
    }
}

#[pinned_drop]
impl<F: Future, S: Sink<F::Output>> PinnedDrop for Root<F, S> {
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        let cancelled = this.body.as_mut().cancel();
        // SAFETY: record and future share one allocation, so the record is there.
        let meta = unsafe { this.meta.as_ref() };
        if cancelled {
            meta.home().sched().count_cancelled();
        }
        if this.body.has_waited() {
            // Whoever drops this future holds the allocation, so this is not its last reference.
            drop(meta.home().unregister(meta));
        }
        // The runtime may be freed once this goroutine is counted, so nothing of it is used after.
        meta.home().sched().count_finished();
    }
}
