//! Goroutines that stay on one thread.
//!
//! A local goroutine need not be `Send`: it is polled and dropped on the thread of its set only.
//! Its waker may be used anywhere; waking puts the goroutine into the set's inbox and wakes whoever
//! drives the set.
//!
//! Dropping the set drops every goroutine of it on this thread: each is woken, which brings it into
//! the inbox, and dropped from there. One that another thread is just about to put there is waited
//! for, so afterwards no waker can reach the inbox any more.

use super::{Body, Builder, Detached, Id, JoinHandle, Named, Sink, join_cell};
use async_task::Runnable;
use concurrent_queue::ConcurrentQueue;
use futures::task::AtomicWaker;
use pin_project::{pin_project, pinned_drop};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// How many local goroutines run before the future that drives the set gets its turn again.
const RUN_MAX: usize = 61;

thread_local! {
    /// The set being driven on this thread, for [`spawn_local`].
    static CURRENT: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

/// A set of goroutines that need not be `Send` and run on the thread that drives it.
///
/// `gort::block_on` brings a set of its own, so [`spawn_local`] works inside it.
///
/// # Examples
/// ```
/// use std::{cell::Cell, rc::Rc};
/// gort::block_on(async {
///     let set = gort::task::LocalSet::new();
///     let count = Rc::new(Cell::new(0));
///     let counted = Rc::clone(&count);
///     let handle = set.spawn_local(async move { counted.set(counted.get() + 1) });
///     set.run_until(handle).await.unwrap();
///     assert_eq!(count.get(), 1);
/// });
/// ```
pub struct LocalSet {
    local: Rc<Local>,
}

/// What the set and its goroutines share, on the set's thread.
struct Local {
    inbox: Arc<Inbox>,
    /// One waker per goroutine that is not over; `None` marks a free place.
    wakers: RefCell<Vec<Option<Waker>>>,
    free: RefCell<Vec<usize>>,
    live: Cell<usize>,
}

/// What wakers of any thread reach.
struct Inbox {
    ready: ConcurrentQueue<Runnable>,
    /// Whoever drives the set.
    driver: AtomicWaker,
}

/// Spawns a goroutine that need not be `Send` on the current set: that of the `block_on` or the
/// [`LocalSet`] this thread is in.
///
/// # Panics
/// Where there is none.
///
/// # Examples
/// ```
/// use std::rc::Rc;
/// gort::block_on(async {
///     let one = Rc::new(1);
///     let handle = gort::task::spawn_local(async move { *one });
///     assert_eq!(handle.await.unwrap(), 1);
/// });
/// ```
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    current().spawn(Builder::new(), future, Location::caller())
}

impl Builder {
    /// Spawns a goroutine that need not be `Send`; see [`spawn_local`].
    ///
    /// # Panics
    /// As there.
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async {
    ///     let handle = gort::task::Builder::new().name("here").spawn_local(async { 1 });
    ///     assert_eq!(handle.await.unwrap(), 1);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        current().spawn(self, future, Location::caller())
    }

    /// Starts a goroutine that need not be `Send` and that nobody waits for. Its panic is the
    /// process's affair, as that of [`go`](crate::runtime::go).
    ///
    /// # Panics
    /// As [`spawn_local`].
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async { gort::task::Builder::new().name("here").go_local(async {}) });
    /// ```
    #[track_caller]
    pub fn go_local<F: Future + 'static>(self, future: F) {
        let detached = Detached {
            id: Id::next(),
            spawned_at: Location::caller(),
            name: self.name,
        };
        current().add(Body::new(future, detached));
    }
}

/// The set being driven on this thread.
#[track_caller]
fn current() -> Rc<Local> {
    let current = CURRENT.with(|current| current.borrow().clone());
    current.expect(
        "a local goroutine needs a place on this thread: spawn it inside block_on or \
         LocalSet::run_until",
    )
}

impl LocalSet {
    /// An empty set.
    ///
    /// # Examples
    /// See [`LocalSet`].
    pub fn new() -> Self {
        let inbox = Inbox {
            ready: ConcurrentQueue::unbounded(),
            driver: AtomicWaker::new(),
        };
        Self {
            local: Rc::new(Local {
                inbox: Arc::new(inbox),
                wakers: RefCell::default(),
                free: RefCell::default(),
                live: Cell::new(0),
            }),
        }
    }

    /// Spawns a goroutine on this set. It runs while the set is driven.
    ///
    /// # Examples
    /// See [`LocalSet`].
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.local.spawn(Builder::new(), future, Location::caller())
    }

    /// Runs `future`, and the goroutines of the set beside it, until `future` is done.
    ///
    /// # Cancel safety
    /// Dropping it drops `future`; the goroutines stay in the set.
    ///
    /// # Examples
    /// See [`LocalSet`].
    pub async fn run_until<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let _entered = self.local.enter();
            self.local.inbox.driver.register(cx.waker());
            let outcome = future.as_mut().poll(cx);
            if outcome.is_pending() && self.local.run() {
                cx.waker().wake_by_ref();
            }
            outcome
        })
        .await
    }

    /// Runs the goroutines of the set until all are over.
    ///
    /// # Cancel safety
    /// Dropping it leaves the goroutines in the set.
    ///
    /// # Examples
    /// ```
    /// gort::block_on(async {
    ///     let set = gort::task::LocalSet::new();
    ///     let handle = set.spawn_local(async {});
    ///     set.run_all().await;
    ///     assert!(handle.is_finished());
    /// });
    /// ```
    pub async fn run_all(&self) {
        poll_fn(|cx| {
            let _entered = self.local.enter();
            self.local.inbox.driver.register(cx.waker());
            if self.local.run() {
                cx.waker().wake_by_ref();
            }
            if self.local.live.get() == 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

impl Local {
    /// Makes this the set of [`spawn_local`] until the guard drops.
    fn enter(self: &Rc<Self>) -> Entered {
        let before = CURRENT.with(|current| current.replace(Some(Rc::clone(self))));
        Entered {
            before,
            _thread: PhantomData,
        }
    }

    /// Polls goroutines that are ready, some of them; tells whether there are more.
    fn run(&self) -> bool {
        for _ in 0..RUN_MAX {
            match self.inbox.ready.pop() {
                Ok(runnable) => drop(runnable.run()),
                Err(_empty) => return false,
            }
        }
        !self.inbox.ready.is_empty()
    }

    fn spawn<F>(
        self: &Rc<Self>,
        builder: Builder,
        future: F,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let id = Id::next();
        let (completer, handle) = join_cell(id, spawned_at);
        self.add(Body::new(future, Named::new(completer, builder.name)));
        handle
    }

    /// Adds a goroutine, ready to run.
    fn add<F, S>(self: &Rc<Self>, body: Body<F, S>)
    where
        F: Future + 'static,
        S: Sink<F::Output> + 'static,
    {
        let place = self.take_place();
        let member = Member {
            body,
            local: Rc::clone(self),
            place,
        };
        let inbox = Arc::clone(&self.inbox);
        let schedule = move |runnable| inbox.push(runnable);
        // SAFETY: the future may be polled and dropped on this thread only. Its runnable lives in
        // the inbox, which only this thread pops (`run`, `LocalSet::drop`), and no runnable is left
        // when the set is gone. The schedule function is `Send + Sync`; future and schedule
        // function are `'static`.
        let (runnable, task) = unsafe { async_task::spawn_unchecked(member, schedule) };
        self.wakers.borrow_mut()[place] = Some(runnable.waker());
        task.detach();
        runnable.schedule();
    }

    fn take_place(&self) -> usize {
        self.live.set(self.live.get() + 1);
        let mut wakers = self.wakers.borrow_mut();
        self.free.borrow_mut().pop().unwrap_or_else(|| {
            wakers.push(None);
            wakers.len() - 1
        })
    }

    fn give_place(&self, place: usize) {
        let waker = self.wakers.borrow_mut()[place].take();
        drop(waker);
        self.free.borrow_mut().push(place);
        self.live.set(self.live.get() - 1);
    }
}

impl Inbox {
    fn push(&self, runnable: Runnable) {
        if let Err(closed) = self.ready.push(runnable) {
            unreachable!("the inbox of a local set is never closed: {closed}");
        }
        self.driver.wake();
    }
}

/// A goroutine of the set: its body, and its place among the wakers.
#[pin_project(PinnedDrop)]
struct Member<F: Future, S: Sink<F::Output>> {
    #[pin]
    body: Body<F, S>,
    local: Rc<Local>,
    place: usize,
}

impl<F: Future, S: Sink<F::Output>> Future for Member<F, S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().body.poll(cx)
    }
}

#[pinned_drop]
impl<F: Future, S: Sink<F::Output>> PinnedDrop for Member<F, S> {
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        this.local.give_place(*this.place);
    }
}

/// While it lives, its set is the one of [`spawn_local`] on this thread.
struct Entered {
    before: Option<Rc<Local>>,
    _thread: PhantomData<*mut ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        let left = CURRENT.try_with(|current| current.replace(before));
        drop(left);
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        let _entered = self.local.enter();
        while self.local.live.get() > 0 {
            let wakers: Vec<Waker> = self
                .local
                .wakers
                .borrow()
                .iter()
                .flatten()
                .cloned()
                .collect();
            wakers.into_iter().for_each(Waker::wake);
            while let Ok(runnable) = self.local.inbox.ready.pop() {
                drop(runnable);
            }
            std::thread::yield_now();
        }
    }
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet")
            .field("goroutines", &self.local.live.get())
            .finish()
    }
}
