//! Models of the locks: nobody sleeps beside a free lock, whoever has it sees what its last holder
//! did, and a future that is dropped passes on what it was given.
//!
//! A lost wake-up shows as a deadlock, which the checker reports; a lock that two have, or that
//! orders nothing, as an access to the value that is not ordered with another.

use super::raw_mutex::IMPATIENT;
use super::{Cond, Mutex, RwMutex, Semaphore, WaitGroup};
use crate::base::atomic::{UnsafeCell, check, while_weak};
use crate::wait::block;
use loom::thread;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

/// What a lock protects. The checker complains of accesses that are not ordered.
struct Value(UnsafeCell<u32>);

// SAFETY: the checker watches each access.
unsafe impl Sync for Value {}
// SAFETY: as above.
unsafe impl Send for Value {}

impl Value {
    fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    fn add(&self) {
        // SAFETY: the checker has just found this access ordered with all others.
        unsafe { *self.0.get() += 1 };
    }

    fn get(&self) -> u32 {
        // SAFETY: as above.
        unsafe { *self.0.get() }
    }
}

/// Polls a future once and drops it.
fn give_up<F: Future>(future: F) {
    let mut future: Pin<Box<F>> = Box::pin(future);
    let _ = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
}

fn lock_and_add(mutex: &Mutex<Value>) {
    block("", "", mutex.lock()).add();
}

/// Two threads, one lock each.
fn two_lock() {
    let mutex = Arc::new(Mutex::new(Value::new()));
    let other = {
        let mutex = Arc::clone(&mutex);
        thread::spawn(move || lock_and_add(&mutex))
    };
    lock_and_add(&mutex);
    other.join().unwrap();
    assert_eq!(block("", "", mutex.lock()).get(), 2);
}

/// Two threads and one that gives up while it waits, was woken, or has the lock.
fn one_gives_up() {
    let mutex = Arc::new(Mutex::new(Value::new()));
    let others = [false, true].map(|gives_up| {
        let mutex = Arc::clone(&mutex);
        thread::spawn(move || match gives_up {
            true => give_up(mutex.lock()),
            false => lock_and_add(&mutex),
        })
    });
    lock_and_add(&mutex);
    for other in others {
        other.join().unwrap();
    }
    assert_eq!(block("", "", mutex.lock()).get(), 2);
}

/// Runs `model` in both modes of the mutex.
fn in_both_modes(preemptions: Option<usize>, model: fn()) {
    for impatient in [false, true] {
        IMPATIENT.store(impatient, Ordering::Relaxed);
        check(preemptions, model);
    }
    IMPATIENT.store(false, Ordering::Relaxed);
}

#[test]
fn a_mutex_lets_one_in_at_a_time_and_forgets_nobody() {
    in_both_modes(None, two_lock);
    assert!(while_weak("mutex.lock", two_lock));
    assert!(while_weak("mutex.unlock", two_lock));
}

#[test]
fn a_mutex_survives_a_future_that_gives_up() {
    in_both_modes(Some(2), one_gives_up);
}

fn write_and_add(mutex: &RwMutex<Value>) {
    block("", "", mutex.write()).add();
}

/// A reader, a writer, and a writer that may give up.
fn readers_and_writers(gives_up: bool) {
    let mutex = Arc::new(RwMutex::new(Value::new()));
    let reader = {
        let mutex = Arc::clone(&mutex);
        thread::spawn(move || {
            assert!(block("", "", mutex.read()).get() <= 2);
        })
    };
    let writer = {
        let mutex = Arc::clone(&mutex);
        thread::spawn(move || match gives_up {
            true => give_up(mutex.write()),
            false => write_and_add(&mutex),
        })
    };
    write_and_add(&mutex);
    reader.join().unwrap();
    writer.join().unwrap();
    let total = block("", "", mutex.write()).get();
    assert_eq!(total, if gives_up { 1 } else { 2 });
}

/// A reader and a writer wait while another writes, who then goes. The reader may be in and out
/// again while it is still being let in, and even so the writer comes next.
fn a_reader_is_let_in_and_leaves() {
    let mutex = Arc::new(RwMutex::new(Value::new()));
    let first = mutex.try_write().expect("nobody else has it");
    let mut second = Box::pin(mutex.write());
    let mut context = Context::from_waker(Waker::noop());
    assert!(second.as_mut().poll(&mut context).is_pending());
    let reader = {
        let mutex = Arc::clone(&mutex);
        thread::spawn(move || {
            let mut reading = Box::pin(mutex.read());
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..2 {
                if let Poll::Ready(reading) = reading.as_mut().poll(&mut context) {
                    assert!(reading.get() > 0, "let in after the first writer");
                    break;
                }
            }
        })
    };
    first.add();
    drop(first);
    block("", "", second).add();
    reader.join().unwrap();
    let total = mutex.try_write().expect("as many left as came").get();
    assert_eq!(total, 2);
}

#[test]
fn a_reader_that_is_let_in_may_leave_while_it_is_being_let_in() {
    check(None, a_reader_is_let_in_and_leaves);
    assert!(while_weak("wait.leave", a_reader_is_let_in_and_leaves));
}

#[test]
fn a_rw_mutex_lets_readers_or_one_writer_in_and_forgets_nobody() {
    check(Some(2), || readers_and_writers(false));
    check(Some(2), || readers_and_writers(true));
    assert!(while_weak("rw_mutex.lock", || readers_and_writers(false)));
    assert!(while_weak("rw_mutex.unlock", || readers_and_writers(false)));
}

/// Two permits: each of two threads wants both, a third one wants one and gives up.
fn permits(gives_up: bool) {
    let shared = Arc::new((Semaphore::new(2), Value::new()));
    let other = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let _all = block("", "", shared.0.acquire(2));
            shared.1.add();
        })
    };
    let quitter = gives_up.then(|| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || give_up(shared.0.acquire(1)))
    });
    {
        let _all = block("", "", shared.0.acquire(2));
        shared.1.add();
    }
    other.join().unwrap();
    if let Some(quitter) = quitter {
        quitter.join().unwrap();
    }
    let _all = block("", "", shared.0.acquire(2));
    assert_eq!(shared.1.get(), 2);
}

#[test]
fn a_semaphore_gives_out_what_it_has_and_forgets_nobody() {
    check(None, || permits(false));
    check(Some(2), || permits(true));
    assert!(while_weak("semaphore.acquire", || permits(false)));
    assert!(while_weak("semaphore.release", || permits(false)));
}

/// Two goroutines are done while one waits; both are seen.
fn done_meets_wait() {
    let shared = Arc::new((WaitGroup::new(), [Value::new(), Value::new()]));
    shared.0.add(2);
    let done = [0, 1].map(|n| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            shared.1[n].add();
            shared.0.done();
        })
    });
    block("", "", shared.0.wait());
    assert_eq!(shared.1.each_ref().map(Value::get), [1, 1]);
    for done in done {
        done.join().unwrap();
    }
}

#[test]
fn a_wait_group_lets_go_when_all_are_done_and_shows_what_they_did() {
    check(Some(3), done_meets_wait);
    assert!(while_weak("wait_group.add", done_meets_wait));
    assert!(while_weak("wait_group.wait", done_meets_wait));
}

/// One waits for a change, one changes and signals, and perhaps a third one waits and gives up.
fn signal_meets_wait(gives_up: bool) {
    let shared = Arc::new((Mutex::new(Value::new()), Cond::new()));
    let changer = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            lock_and_add(&shared.0);
            shared.1.signal();
        })
    };
    let quitter = gives_up.then(|| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let guard = block("", "", shared.0.lock());
            // Who has seen the change needs no signal; who has not must not keep one.
            if guard.get() == 0 {
                give_up(shared.1.wait(guard));
            }
        })
    });
    let mut guard = block("", "", shared.0.lock());
    while guard.get() == 0 {
        guard = block("", "", shared.1.wait(guard));
    }
    assert_eq!(guard.get(), 1);
    drop(guard);
    changer.join().unwrap();
    if let Some(quitter) = quitter {
        quitter.join().unwrap();
    }
}

#[test]
fn a_signal_reaches_one_who_waits_also_past_one_who_gives_up() {
    check(Some(2), || signal_meets_wait(false));
    check(Some(1), || signal_meets_wait(true));
    assert!(while_weak("mutex.unlock", || signal_meets_wait(false)));
}
