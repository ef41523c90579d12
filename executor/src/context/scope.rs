//! What is cancelled: a scope, and the tree of those below it.

use super::after_func::Function;
use super::error::{ContextError, Why};
use super::limit::Limit;
use super::places::Places;
use crate::base::atomic::{AtomicBool, Ordering, order};
use crate::base::lock::Mutex;
use crate::base::wake_list::{drop_quietly, wake};
use crate::wait::{WaitQueue, Waiter};
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::Waker;
use std::time::Instant;

/// Something that ends once. Contexts share it.
pub(super) struct Scope {
    /// Taken when the scope is dropped.
    parent: Option<Arc<Scope>>,
    /// The earliest deadline on the way up, this one's included.
    deadline: Option<Instant>,
    /// There if the deadline is its own.
    limit: Option<Limit>,
    /// Why it has ended. Written under the lock, before `is_over`; read under it, or after that.
    end: OnceLock<Why>,
    /// Whether it has. Set under the lock, read by anyone.
    is_over: AtomicBool,
    state: Mutex<State>,
}

/// Protected by the lock of the scope. After the end only `children` is filled, until all of them
/// have ended too.
struct State {
    waiters: WaitQueue<()>,
    children: Places<Weak<Scope>>,
    functions: Places<Arc<Function>>,
    /// The scope itself, which has a limit, while there are functions: what is to be called at a
    /// deadline is called, whoever has the context by then.
    keeps: Option<Arc<Scope>>,
    /// Where it is among the children of its parent, while it is.
    place: Option<usize>,
}

/// What a cancellation has collected under the locks, to happen after them.
#[derive(Default)]
struct Released {
    wakers: Vec<Waker>,
    functions: Vec<Arc<Function>>,
    kept: Vec<Arc<Scope>>,
}

impl Scope {
    /// A scope under `parent`, with a limit of its own unless the parent has an earlier deadline.
    pub(super) fn new(parent: Option<&Arc<Scope>>, limit: Option<(Instant, Limit)>) -> Arc<Self> {
        let above = parent.and_then(|parent| parent.deadline);
        let own = limit.filter(|(at, _)| above.is_none_or(|above| *at < above));
        let scope = Arc::new(Self {
            parent: parent.cloned(),
            deadline: own.as_ref().map(|(at, _)| *at).or(above),
            limit: own.map(|(_, limit)| limit),
            end: OnceLock::new(),
            is_over: AtomicBool::new(false),
            state: Mutex::new(State {
                waiters: WaitQueue::new(),
                children: Places::new(),
                functions: Places::new(),
                keeps: None,
                place: None,
            }),
        });
        if let Some(parent) = parent {
            scope.enter(parent);
        }
        if scope.limit.is_some() {
            // A deadline that is past has its effect at once.
            scope.expire_if_due();
        }
        scope
    }

    /// Puts this scope, which nobody else knows yet, among the children of `parent`, or shares its
    /// end.
    fn enter(self: &Arc<Self>, parent: &Scope) {
        let mut above = parent.state.lock();
        match parent.end.get() {
            None => {
                let place = above.children.insert(Arc::downgrade(self));
                drop(above);
                // Nobody asks before this function returns: who cancels the parent does not.
                self.state.lock().place = Some(place);
            }
            Some(why) => self.set_end(why),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Why it has ended, if it has. A deadline may have passed without anybody noticing.
    pub(super) fn end(&self) -> Option<&Why> {
        // Ordering: Acquire pairs with the Release in `set_end`: who sees the end sees why, and
        // what was done before.
        let is_over = self.is_over.load(order("context.look", Ordering::Acquire));
        if is_over { self.end.get() } else { None }
    }

    /// Why it has ended, if it has. A deadline that has passed ends it now.
    pub(super) fn look(self: &Arc<Self>) -> Option<&Why> {
        self.end().or_else(|| {
            self.expire_if_due();
            self.end()
        })
    }

    /// Stores why it has ended, which it had not. The caller has the lock, or nobody else the
    /// scope.
    fn set_end(&self, why: &Why) {
        self.end.get_or_init(|| why.clone());
        // Ordering: Release pairs with the Acquire in `end`.
        self.is_over
            .store(true, order("context.end", Ordering::Release));
    }

    /// The scope whose limit the deadline is, and that limit.
    fn limited(self: &Arc<Self>) -> Option<(&Arc<Self>, &Limit)> {
        // If it has a deadline, so has the way up to where that comes from.
        let mut scope = self;
        while scope.deadline.is_some() {
            match (&scope.limit, &scope.parent) {
                (Some(limit), _) => return Some((scope, limit)),
                (None, Some(parent)) => scope = parent,
                (None, None) => break,
            }
        }
        None
    }

    /// If the deadline has passed, ends the scope whose limit it is, and this one with it.
    pub(super) fn expire_if_due(self: &Arc<Self>) {
        if self.deadline.is_some_and(|at| Instant::now() >= at) {
            if let Some((scope, limit)) = self.limited() {
                scope.cancel(&limit.why());
            }
        }
    }

    /// Sees to it that the deadline, if there is one, has its effect though nobody looks.
    ///
    /// # Panics
    /// If there is a deadline and no runtime, and the default one cannot be started.
    pub(super) fn watch_clock(self: &Arc<Self>) {
        if let (Some(at), Some((scope, limit))) = (self.deadline, self.limited()) {
            limit.watch(at, scope);
        }
    }

    /// Ends this scope and all below it. When it returns they have ended, whoever began it.
    pub(super) fn cancel(self: &Arc<Self>, why: &Why) {
        let mut released = Released::default();
        // All below, level by level, and those that have children.
        let (mut below, mut parents) = (Vec::new(), Vec::new());
        if self.mark(why, &mut released, &mut below) {
            parents.push(Arc::clone(self));
        }
        let mut next = 0;
        while let Some(scope) = below.get(next).map(Arc::clone) {
            next += 1;
            if scope.mark_by_parent(&mut released, &mut below) {
                parents.push(scope);
            }
        }
        parents.iter().for_each(|parent| parent.forget_children());
        let place = self.state.lock().place.take();
        if let (Some(parent), Some(place)) = (&self.parent, place) {
            parent.forget_child(place);
        }
        if let Some(limit) = &self.limit {
            limit.stop_watching();
        }
        released.happen();
    }

    /// Ends this scope, unless it has ended, and collects what that releases. `below` gets the
    /// children that may not have ended yet; `true` if there are any.
    fn mark(&self, why: &Why, released: &mut Released, below: &mut Vec<Arc<Scope>>) -> bool {
        let mut state = self.state.lock();
        if self.end.get().is_none() {
            self.set_end(why);
            while let Some(((), waker)) = state.waiters.take_front(|()| Some(())) {
                released.wakers.extend(waker);
            }
            released.functions.extend(state.functions.take_all());
            released.kept.extend(state.keeps.take());
        }
        // Those of a scope that had ended are still there if somebody else is about to end them.
        below.extend(state.children.iter().filter_map(Weak::upgrade));
        !state.children.is_empty()
    }

    /// [`mark`](Self::mark), for the reason for which its parent has ended.
    fn mark_by_parent(&self, released: &mut Released, below: &mut Vec<Arc<Scope>>) -> bool {
        let why = self.parent.as_ref().and_then(|parent| parent.end());
        let canceled = Why::from(ContextError::Canceled);
        self.mark(why.unwrap_or(&canceled), released, below)
    }

    /// All children have ended, and nobody need look for them any more.
    fn forget_children(&self) {
        let children = mem::replace(&mut self.state.lock().children, Places::new());
        drop(children);
    }

    /// Forgets the child at `place`.
    fn forget_child(&self, place: usize) {
        let mut state = self.state.lock();
        // At its end a scope forgets all children at once.
        if self.end.get().is_none() {
            state.children.remove(place);
        }
    }

    /// Puts a waiter with its waker into the queue, or gives it a new waker. `false`: the scope has
    /// ended.
    ///
    /// # Safety
    /// The waiter waits in no other queue, and [`unwait`](Self::unwait) is called before it drops
    /// and before the scope does.
    pub(super) unsafe fn wait(&self, mut waiter: Pin<&mut Waiter<()>>, waker: Waker) -> bool {
        let mut state = self.state.lock();
        if self.end.get().is_some() {
            drop(state);
            return false;
        }
        if waiter.is_waiting() {
            let stale = state.waiters.rewake(waiter, waker);
            drop(state);
            drop_quietly(stale);
        } else {
            // SAFETY: the caller promises it.
            unsafe { state.waiters.push_back(waiter.as_mut(), waker) };
        }
        true
    }

    /// Takes a waiter out of the queue, if it is there.
    pub(super) fn unwait(&self, waiter: Pin<&mut Waiter<()>>) {
        let waker = self.state.lock().waiters.remove(waiter);
        drop_quietly(waker);
    }

    /// Keeps `function` for the end, and gives its place; `None` if the end was already.
    pub(super) fn add_function(self: &Arc<Self>, function: &Arc<Function>) -> Option<usize> {
        let mut state = self.state.lock();
        if self.end.get().is_some() {
            return None;
        }
        if self.limit.is_some() && state.keeps.is_none() {
            state.keeps = Some(Arc::clone(self));
        }
        Some(state.functions.insert(Arc::clone(function)))
    }

    #[cfg(all(test, gort_loom))]
    pub(super) fn has_functions(&self) -> bool {
        !self.state.lock().functions.is_empty()
    }

    /// Forgets a function that was stopped.
    pub(super) fn remove_function(&self, place: usize) {
        let mut state = self.state.lock();
        if self.end.get().is_some() {
            return;
        }
        let function = state.functions.remove(place);
        let kept = if state.functions.is_empty() {
            state.keeps.take()
        } else {
            None
        };
        drop(state);
        drop((function, kept));
    }

    /// Leaves the tree, for nobody has this scope any more, and gives the parent. What is to be
    /// called passes to it: nobody can cancel this scope, but those above still can, or just have.
    fn detach(&mut self) -> Option<Arc<Scope>> {
        if let Some(limit) = &self.limit {
            limit.stop_watching();
        }
        let parent = self.parent.take()?;
        let state = self.state.get_mut();
        let (place, functions) = (state.place.take(), state.functions.take_all());
        if let Some(place) = place {
            parent.forget_child(place);
        }
        for function in functions {
            function.pass_to(&parent);
        }
        Some(parent)
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // One by one, so that the end of a long chain needs no deep stack.
        let mut above = self.detach();
        while let Some(parent) = above {
            above = Arc::into_inner(parent).and_then(|mut scope| scope.detach());
        }
    }
}

impl Released {
    fn happen(self) {
        self.wakers.into_iter().for_each(wake);
        for function in self.functions {
            function.start();
        }
        drop(self.kept);
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("deadline", &self.deadline)
            .field("end", &self.end.get())
            .finish_non_exhaustive()
    }
}
