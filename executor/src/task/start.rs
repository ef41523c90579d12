//! Starting goroutines where this crate brings no executor: somebody else's is asked.

use super::enter::with_entered_or_default;
use super::{Builder, JoinHandle, Spawn, spawn_detached, spawn_joined};
use std::future::Future;
use std::panic::Location;

/// Spawns a goroutine and gives the handle to its result.
///
/// It runs on the executor that this thread is in ([`enter`](fn@crate::task::enter)), or on the
/// one of [`set_default`](crate::task::set_default). With the feature `rt` there would be one of
/// this crate.
///
/// # Panics
/// If there is no executor.
///
/// # Examples
/// See [`Spawn`].
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Builder::new().spawn(future)
}

/// Starts a goroutine whose result nobody wants; what `go!` calls.
#[track_caller]
pub(crate) fn go<F>(future: F)
where
    F: Future + Send + 'static,
{
    Builder::new().go(future);
}

impl Builder {
    /// Spawns the goroutine; see [`spawn`](fn@crate::spawn).
    ///
    /// # Panics
    /// As there.
    ///
    /// # Examples
    /// See [`SpawnExt`](super::SpawnExt).
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let spawned_at = Location::caller();
        with_executor(|executor| spawn_joined(executor, self, future, spawned_at))
    }

    /// Starts the goroutine, which nobody waits for; see [`go!`](crate::go!).
    ///
    /// # Panics
    /// As [`spawn`](fn@crate::spawn).
    ///
    /// # Examples
    /// See [`SpawnExt`](super::SpawnExt).
    #[track_caller]
    pub fn go<F>(self, future: F)
    where
        F: Future + Send + 'static,
    {
        let spawned_at = Location::caller();
        with_executor(|executor| spawn_detached(executor, self, future, spawned_at));
    }
}

/// Calls `f` with the executor of this thread, or the default one.
#[track_caller]
fn with_executor<R>(f: impl FnOnce(&dyn Spawn) -> R) -> R {
    match with_entered_or_default(f) {
        Ok(result) => result,
        // Not in a closure, which would not know the caller.
        Err(_) => panic!(
            "no executor runs this goroutine: tell `gort::task::set_default` of one, or turn on \
             the feature `rt` of gort"
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::task::{Spawn, SpawnExt, Task, enter, set_default};
    use crate::{go, spawn};
    use futures::executor::block_on;
    use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
    use std::sync::{Arc, Mutex, mpsc};
    use std::thread;

    /// Held by who has changed the process's panic hook.
    static HOOK: Mutex<()> = Mutex::new(());

    /// Runs each goroutine on a thread of its own, which has this name.
    #[derive(Clone, Copy)]
    struct Threads(&'static str);

    impl Spawn for Threads {
        fn spawn_task(&self, task: Task) {
            let task = task.within(*self);
            let thread = thread::Builder::new().name(self.0.to_owned());
            thread.spawn(|| block_on(task)).expect("a thread");
        }
    }

    fn here() -> String {
        thread::current().name().unwrap_or("").to_owned()
    }

    async fn later(n: u32) -> u32 {
        crate::yield_now().await;
        n
    }

    /// One test, as the default executor is the process's.
    #[test]
    fn the_executors_are_asked_in_order_and_without_one_the_call_site_is_told() {
        let _hook = HOOK.lock();
        let place = Arc::new(Mutex::new(String::new()));
        let placed = Arc::clone(&place);
        let hook = take_hook();
        set_hook(Box::new(move |info| {
            *placed.lock().unwrap() = info.to_string();
        }));
        let line = line!() + 1;
        let refused = catch_unwind(|| go!({ here() }));
        set_hook(hook);
        assert!(refused.is_err());
        let told = place.lock().unwrap().clone();
        assert!(told.contains(&format!("{}:{line}:", file!())), "{told}");
        assert!(
            told.contains("set_default") && told.contains("feature `rt`"),
            "{told}"
        );

        set_default(Threads("default")).unwrap();
        assert_eq!(block_on(spawn!(here())).unwrap(), "default");
        assert_eq!(block_on(crate::spawn(async { here() })).unwrap(), "default");
        let entered = enter(Arc::new(Threads("entered")));
        assert_eq!(block_on(spawn!({ here() })).unwrap(), "entered");
        assert_eq!(block_on(spawn!(name = "n", { here() })).unwrap(), "entered");
        assert_eq!(block_on(spawn!(on = Threads("on"), here())).unwrap(), "on");
        let nested = spawn!(on = Threads("on"), { spawn!({ here() }).await });
        assert_eq!(block_on(nested).unwrap().unwrap(), "on");
        drop(entered);
        assert_eq!(block_on(spawn!(here())).unwrap(), "default");
    }

    #[test]
    fn every_form_runs_and_every_outcome_arrives() {
        let (report, reports) = mpsc::channel();
        let threads = Threads("threads");
        go!(on = threads, clone(report), {
            report.send(later(1).await).unwrap()
        });
        go!(on = threads, name = "two", |n: u32| {
            report.send(n).unwrap()
        }(2));
        let mut heard = [reports.recv().unwrap(), reports.recv().unwrap()];
        heard.sort_unstable();
        assert_eq!(heard, [1, 2]);
        assert_eq!(block_on(spawn!(on = threads, later(3))).unwrap(), 3);
        assert_eq!(block_on(spawn!(on = threads, u32::pow(2, 2))).unwrap(), 4);

        let waits = threads.spawn(std::future::pending::<()>());
        waits.abort();
        assert!(block_on(waits).unwrap_err().is_cancelled());
        let dropped = (|task: Task| drop(task)).spawn(async {});
        assert!(block_on(dropped).unwrap_err().is_cancelled());
        let _hook = HOOK.lock();
        let hook = take_hook();
        set_hook(Box::new(|_| {}));
        let panics = block_on(spawn!(on = threads, name = "p", { panic!("expected") }));
        let refused = catch_unwind(AssertUnwindSafe(|| {
            spawn!(on = |_: Task| panic!("expected: refused"), later(1))
        }));
        set_hook(hook);
        let error = panics.unwrap_err();
        assert!(
            error.to_string().ends_with("\"p\" panicked: expected"),
            "{error}"
        );
        assert!(refused.is_err());
    }
}
