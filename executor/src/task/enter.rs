//! Which executor this thread is in, and which one serves the threads that are in none.
//!
//! A thread keeps a stack of what it has entered: by a guard, which may be dropped in any order and
//! even be forgotten, or for the time of one poll. The two differ in who owns the executor. A guard
//! owns it through the stack; during a poll the executor is only borrowed, since counting
//! references at each poll would make all threads write to one word.
//!
//! This crate's runtimes stand in the same stack, so that the innermost wins whatever it is.

use super::Spawn;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};

thread_local! {
    /// What this thread has entered, innermost last.
    static ENTERED: RefCell<Stack> = const { RefCell::new(Stack::new()) };
}

thread_local! {
    /// Whether [`ENTERED`] has any; asked at each spawn.
    static HAS_ENTERED: Cell<bool> = const { Cell::new(false) };
}

/// Serves the threads that have entered none.
static DEFAULT: OnceLock<Box<dyn Spawn>> = OnceLock::new();

struct Stack {
    entries: Vec<Entry>,
    /// The key of the next entry.
    next_key: u64,
}

struct Entry {
    key: u64,
    executor: Held,
}

/// An executor that a thread has entered.
#[derive(Clone)]
enum Held {
    Owned(Arc<dyn Spawn>),
    /// Borrowed by [`within`], which takes the entry off before the borrow ends.
    Borrowed(NonNull<dyn Spawn>),
}

impl Held {
    fn get(&self) -> &dyn Spawn {
        match self {
            Held::Owned(executor) => &**executor,
            // SAFETY: the entry this comes from is on this thread's stack only while `within` runs
            // its closure, which must be what called us; its caller keeps the executor borrowed.
            Held::Borrowed(executor) => unsafe { executor.as_ref() },
        }
    }
}

impl Stack {
    const fn new() -> Self {
        Self {
            entries: Vec::new(),
            next_key: 0,
        }
    }

    fn push(&mut self, executor: Held) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        self.entries.push(Entry { key, executor });
        HAS_ENTERED.set(true);
        key
    }

    /// Takes the entry with this key out, wherever it stands.
    fn remove(&mut self, key: u64) -> Option<Entry> {
        let at = self.entries.iter().rposition(|entry| entry.key == key)?;
        let entry = self.entries.remove(at);
        let _ = HAS_ENTERED.try_with(|any| any.set(!self.entries.is_empty()));
        Some(entry)
    }
}

/// An entry of this thread's stack; taken off when this drops.
#[derive(Debug)]
pub(crate) struct Entered {
    key: u64,
    /// The stack is the thread's.
    _thread: PhantomData<*mut ()>,
}

impl Entered {
    fn new(executor: Held) -> Self {
        Self {
            key: ENTERED.with_borrow_mut(|stack| stack.push(executor)),
            _thread: PhantomData,
        }
    }

    /// Makes `executor` the innermost one until the guard drops.
    pub(crate) fn owning(executor: Arc<dyn Spawn>) -> Self {
        Self::new(Held::Owned(executor))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let left = ENTERED.try_with(|stack| stack.borrow_mut().remove(self.key));
        // The executor's destructor is its own code, and runs without the stack borrowed.
        drop(left);
    }
}

/// Runs `f` with this thread in `executor`.
pub(super) fn within<R>(executor: &(dyn Spawn + 'static), f: impl FnOnce() -> R) -> R {
    let entered = Entered::new(Held::Borrowed(NonNull::from(executor)));
    let result = f();
    drop(entered);
    result
}

/// Whether this thread has entered any executor.
#[cfg(feature = "rt")]
#[inline]
pub(crate) fn has_entered() -> bool {
    HAS_ENTERED.try_with(Cell::get).unwrap_or(false)
}

/// Calls `f` with the executor this thread entered last, or else with the process's default one.
///
/// # Errors
/// `f`, if there is neither.
pub(crate) fn with_entered_or_default<R, F>(f: F) -> Result<R, F>
where
    F: FnOnce(&dyn Spawn) -> R,
{
    let innermost = ENTERED.try_with(|stack| {
        let stack = stack.borrow();
        stack.entries.last().map(|entry| entry.executor.clone())
    });
    match (innermost.ok().flatten(), DEFAULT.get()) {
        (Some(held), _) => Ok(f(held.get())),
        (None, Some(default)) => Ok(f(&**default)),
        (None, None) => Err(f),
    }
}

/// What `look` finds in the executors this thread has entered, innermost first.
#[cfg(feature = "rt")]
pub(crate) fn find_entered<R>(look: impl Fn(&dyn Spawn) -> Option<R>) -> Option<R> {
    let found = ENTERED.try_with(|stack| {
        let stack = stack.borrow();
        let mut innermost_first = stack.entries.iter().rev();
        innermost_first.find_map(|entry| look(entry.executor.get()))
    });
    found.ok().flatten()
}

/// Makes `executor` the one of this thread until the guard drops: what the thread starts runs
/// there.
///
/// Of several the last one entered counts. A goroutine's own executor is entered while it is
/// polled. Sockets and timers are not affected: they belong to a
/// [`Runtime`](crate::Runtime), which has an [`enter`](crate::runtime::Handle::enter) of its own.
///
/// # Examples
/// ```
/// use gort::task::{self, Task};
/// use std::sync::{Arc, mpsc};
///
/// let (queue, tasks) = mpsc::channel::<Task>();
/// let entered = task::enter(Arc::new(move |task| queue.send(task).unwrap()));
/// let six = gort::spawn!(u32::pow(6, 1));
/// drop(entered);
///
/// futures::executor::block_on(tasks.recv().unwrap());
/// assert_eq!(futures::executor::block_on(six).unwrap(), 6);
/// ```
pub fn enter(executor: Arc<dyn Spawn>) -> EnterGuard {
    EnterGuard {
        _entered: Entered::owning(executor),
    }
}

/// The guard of [`enter`](fn@enter).
///
/// # Examples
/// See [`enter`](fn@enter).
#[derive(Debug)]
#[must_use = "the executor is the thread's only until the guard drops"]
pub struct EnterGuard {
    _entered: Entered,
}

/// Makes `executor` run what is started on threads that are in no executor, in the whole process.
///
/// This is for programs; a library leaves the choice to them. It can be made once.
///
/// # Errors
/// If it was made before.
///
/// # Examples
/// ```
/// use gort::task::{self, Task};
///
/// task::set_default(|task: Task| {
///     std::thread::spawn(|| futures::executor::block_on(task));
/// })?;
/// assert!(task::set_default(|_: Task| {}).is_err(), "it is set once");
///
/// let six = gort::spawn!(u32::pow(6, 1));
/// assert_eq!(futures::executor::block_on(six)?, 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_default(executor: impl Spawn) -> Result<(), DefaultIsSet> {
    DEFAULT
        .set(Box::new(executor))
        .map_err(|_| DefaultIsSet(()))
}

/// The error of [`set_default`]: the process has a default executor already.
///
/// # Examples
/// See [`set_default`].
#[derive(Debug)]
pub struct DefaultIsSet(());

impl fmt::Display for DefaultIsSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process has a default executor already")
    }
}

impl std::error::Error for DefaultIsSet {}
