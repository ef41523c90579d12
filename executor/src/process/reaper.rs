//! Children that were dropped before their end: they are asked for their status when it comes, so
//! that no zombie stays.
//!
//! An orphan with a pidfd is its own waker: the event of the end wakes it, and waking it reaps.
//! It is kept alive by the netpoller, which has the waker. Any other orphan is in a list, which a
//! thread looks at when the child has ended, and each spawn too, in case there was no thread to be
//! had.
//!
//! Not chosen: a goroutine for each orphan. It would count as one of the program's, and hold up
//! the end of its runtime.

use std::os::fd::OwnedFd;
use std::process::Child;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use rustix::process::Pid;

use super::exit::{Exit, poll_fd, wait_for_end};
use crate::base::lock::Mutex;
use crate::net::AsyncFd;

/// Children that nobody else looks after.
static LIST: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Takes over a child that nobody waits for any more.
pub(super) fn adopt(mut child: Child, exit: Exit) {
    // Most that are dropped have ended; and one that cannot be asked is not ours.
    if !matches!(child.try_wait(), Ok(None)) {
        return;
    }
    match exit {
        Exit::Fd(fd) => Orphan::adopt(child, fd),
        Exit::Thread(..) => list(child),
    }
}

/// Asks the children in the list.
pub(super) fn look() {
    LIST.lock()
        .retain_mut(|child| matches!(child.try_wait(), Ok(None)));
}

/// Puts a child into the list, and has a thread look at it in the end.
fn list(child: Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    LIST.lock().push(child);
    if let Some(pid) = pid {
        // Without a thread the next spawn looks.
        let _ = thread::Builder::new()
            .name("gort-reap".to_owned())
            .spawn(move || {
                wait_for_end(pid);
                look();
            });
    }
}

/// A child whose end the netpoller tells of.
struct Orphan {
    /// Changed by the thread that looks at it, and by whoever wakes it meanwhile; held for a few
    /// instructions.
    state: Mutex<State>,
    fd: AsyncFd<OwnedFd>,
}

enum State {
    /// To be looked at when the netpoller wakes it.
    Waits(Child),
    /// A thread looks at it.
    IsLookedAt,
    /// A thread looks at it, and has to look once more: it was woken since.
    IsLookedAtAgain,
}

impl Orphan {
    fn adopt(child: Child, fd: AsyncFd<OwnedFd>) {
        let orphan = Self {
            state: Mutex::new(State::Waits(child)),
            fd,
        };
        Arc::new(orphan).look();
    }

    /// Asks for the status, or leaves a waker that will have it asked for. The netpoller then keeps
    /// the orphan alive.
    fn look(self: Arc<Self>) {
        let Some(mut child) = self.begin() else {
            return;
        };
        let waker = Waker::from(Arc::clone(&self));
        loop {
            match poll_fd(&self.fd, &mut Context::from_waker(&waker), &mut child) {
                Poll::Ready(Ok(_)) => return,
                // The runtime has ended.
                Poll::Ready(Err(_)) => return list(child),
                Poll::Pending => {}
            }
            match self.end(child) {
                Some(again) => child = again,
                None => return,
            }
        }
    }

    /// The child, unless another thread has it, which then looks again.
    fn begin(&self) -> Option<Child> {
        let mut state = self.state.lock();
        match std::mem::replace(&mut *state, State::IsLookedAt) {
            State::Waits(child) => Some(child),
            State::IsLookedAt | State::IsLookedAtAgain => {
                *state = State::IsLookedAtAgain;
                None
            }
        }
    }

    /// Lets it wait; gives it back if it was woken meanwhile.
    fn end(&self, child: Child) -> Option<Child> {
        let mut state = self.state.lock();
        if matches!(*state, State::IsLookedAtAgain) {
            *state = State::IsLookedAt;
            return Some(child);
        }
        *state = State::Waits(child);
        None
    }
}

impl Wake for Orphan {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}
