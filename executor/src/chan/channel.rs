//! [`Channel`]: the buffer, the two queues, and every decision about them.

use super::ticket::{Queue, Ticket, serve_front};
use crate::base::atomic::{AtomicUsize, Ordering, order};
use crate::base::spin_lock::{Marked, SpinGuard, SpinLock};
use crate::base::wake_list::{drop_quietly, wake};
use crate::wait::Waiter;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::Waker;

/// A receive might succeed now.
const MAY_RECEIVE: u32 = 2;
/// A send might succeed now, or fail for good.
const MAY_SEND: u32 = 4;
/// The channel is closed.
const CLOSED: u32 = 8;

/// What both ends of a channel share.
pub(crate) struct Channel<T> {
    state: SpinLock<State<T>>,
    /// How many `Sender`s and `Receiver`s there are. A `Chan` counts as neither.
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

/// How an attempt ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<R> {
    Done(R),
    Closed,
    NotNow,
}

/// What lies behind the lock.
pub(crate) struct State<T> {
    /// At most `capacity` values, oldest first. It has room for all of them from the beginning.
    buffer: VecDeque<T>,
    capacity: usize,
    closed: bool,
    receivers: Queue<T>,
    senders: Queue<T>,
    /// Values that were handed to futures which dropped them, oldest first.
    returned: VecDeque<T>,
    /// Streams that want to know when there is something to receive. They are not in `receivers`:
    /// one that is not polled again would keep a value that was handed to it.
    streams: Queue<T>,
}

/// What is left to do when the lock is free again.
#[must_use]
#[derive(Debug, Default)]
pub struct Aftermath {
    waker: Option<Waker>,
    /// There is something to receive, and streams wait.
    tell_streams: bool,
}

impl Aftermath {
    /// Of an arm that has begun to wait with a value, where streams wait for one.
    pub(crate) fn for_streams() -> Self {
        Self {
            waker: None,
            tell_streams: true,
        }
    }
}

impl<T> Marked for State<T> {
    #[inline]
    fn marks(&self) -> u32 {
        let may_receive = !self.buffer.is_empty()
            || !self.senders.is_empty()
            || self.closed
            || !self.returned.is_empty();
        let may_send =
            self.buffer.len() < self.capacity || !self.receivers.is_empty() || self.closed;
        let mark = |is_set: bool, mark: u32| if is_set { mark } else { 0 };
        mark(may_receive, MAY_RECEIVE) | mark(may_send, MAY_SEND) | mark(self.closed, CLOSED)
    }
}

impl<T> State<T> {
    /// Sends what is in `value`, if that is possible now. Takes it if so.
    #[inline]
    pub(crate) fn send(&mut self, value: &mut Option<T>) -> (Step<()>, Aftermath) {
        let mut after = Aftermath::default();
        if self.closed {
            return (Step::Closed, after);
        }
        if !self.receivers.is_empty() {
            let given = |theirs: &mut Option<T>| std::mem::swap(theirs, value);
            if let Some(((), waker)) = serve_front(&mut self.receivers, given) {
                after.waker = waker;
                return (Step::Done(()), after);
            }
        }
        if self.buffer.len() == self.capacity {
            return (Step::NotNow, after);
        }
        self.buffer.extend(value.take());
        after.tell_streams = !self.streams.is_empty();
        (Step::Done(()), after)
    }

    /// Receives a value, if there is one.
    #[inline]
    pub(crate) fn recv(&mut self) -> (Step<T>, Aftermath) {
        let mut after = Aftermath::default();
        if !self.returned.is_empty() {
            if let Some(value) = self.returned.pop_front() {
                return (Step::Done(value), after);
            }
        }
        if let Some(value) = self.buffer.pop_front() {
            if !self.senders.is_empty() {
                if let Some((next, waker)) = serve_front(&mut self.senders, Option::take) {
                    self.buffer.extend(next);
                    after.waker = waker;
                }
            }
            return (Step::Done(value), after);
        }
        if !self.senders.is_empty() {
            if let Some((Some(value), waker)) = serve_front(&mut self.senders, Option::take) {
                after.waker = waker;
                return (Step::Done(value), after);
            }
        }
        let step = if self.closed {
            Step::Closed
        } else {
            Step::NotNow
        };
        (step, after)
    }

    /// Puts a sender behind the others. Tells whether streams wait for what it sends.
    ///
    /// # Safety
    /// [`Channel::leave`] is called before the waiter drops.
    pub(crate) unsafe fn wait_to_send(
        &mut self,
        waiter: Pin<&mut Waiter<Ticket<T>>>,
        waker: Option<Waker>,
    ) -> bool {
        // SAFETY: the state does not move, and the caller promises the rest.
        unsafe { self.senders.push_back(waiter, waker) };
        !self.streams.is_empty()
    }

    /// Puts a receiver behind the others.
    ///
    /// # Safety
    /// As [`wait_to_send`](Self::wait_to_send).
    pub(crate) unsafe fn wait_to_receive(
        &mut self,
        waiter: Pin<&mut Waiter<Ticket<T>>>,
        waker: Option<Waker>,
    ) {
        // SAFETY: as in `wait_to_send`.
        unsafe { self.receivers.push_back(waiter, waker) };
    }

    /// Takes all who wait out of their queues, oldest receivers first: they find that nobody served
    /// them. `false` if `wakers` has no room for all.
    fn dismiss_all(&mut self, wakers: &mut Vec<Waker>) -> bool {
        [&mut self.streams, &mut self.receivers, &mut self.senders]
            .into_iter()
            .all(|queue| dismiss(queue, wakers))
    }
}

/// The values that are left in a `Chan`.
impl<T> Drop for State<T> {
    fn drop(&mut self) {
        drop_each(std::mem::take(&mut self.returned));
        drop_each(std::mem::take(&mut self.buffer));
    }
}

/// Drops all values, oldest first, each by itself: of several whose destructors panic, one after the
/// other in one collection, the second would end the process.
fn drop_each<T>(values: VecDeque<T>) {
    if std::mem::needs_drop::<T>() {
        for value in values {
            drop_quietly(value);
        }
    }
}

/// Takes all out of `queue`. `false` if `wakers` has no room for all: nothing is allocated under
/// the lock.
fn dismiss<T>(queue: &mut Queue<T>, wakers: &mut Vec<Waker>) -> bool {
    while !queue.is_empty() {
        if wakers.len() == wakers.capacity() {
            return false;
        }
        wakers.extend(serve_front(queue, |_| ()).and_then(|((), waker)| waker));
    }
    true
}

impl<T> Channel<T> {
    /// A channel without handles.
    ///
    /// # Panics
    /// With Go's text if there can be no buffer of this size.
    #[track_caller]
    pub(crate) fn new(capacity: usize) -> Self {
        let mut buffer = VecDeque::new();
        // The limit is Go's, whose `make` takes an `int`: it is for values without a size.
        let fits = isize::try_from(capacity).is_ok();
        if !fits || buffer.try_reserve_exact(capacity).is_err() {
            panic!("makechan: size out of range");
        }
        Self {
            state: SpinLock::new(State {
                buffer,
                capacity,
                closed: false,
                receivers: Queue::new(),
                senders: Queue::new(),
                returned: VecDeque::new(),
                streams: Queue::new(),
            }),
            senders: AtomicUsize::new(0),
            receivers: AtomicUsize::new(0),
        }
    }

    /// The lock, for who needs more than one step under it.
    #[inline]
    pub(crate) fn lock(&self) -> SpinGuard<'_, State<T>> {
        self.state.lock()
    }

    /// The lock as a thing of its own, for who takes several.
    pub(crate) fn state(&self) -> &SpinLock<State<T>> {
        &self.state
    }

    #[inline]
    pub(crate) fn may_send(&self) -> bool {
        self.state.marks().is_none_or(|marks| marks & MAY_SEND != 0)
    }

    #[inline]
    pub(crate) fn may_receive(&self) -> bool {
        self.state
            .marks()
            .is_none_or(|marks| marks & MAY_RECEIVE != 0)
    }

    /// Sends what is in `value` now or not at all. Takes it if it is sent.
    #[inline]
    pub(crate) fn try_send(&self, value: &mut Option<T>) -> Step<()> {
        if !self.may_send() {
            return Step::NotNow;
        }
        let (step, after) = self.lock().send(value);
        self.finish(after);
        step
    }

    /// Receives now or not at all.
    #[inline]
    pub(crate) fn try_recv(&self) -> Step<T> {
        if !self.may_receive() {
            return Step::NotNow;
        }
        let (step, after) = self.lock().recv();
        self.finish(after);
        step
    }

    /// Sends the value in the waiter's ticket, or leaves the waiter in the queue.
    ///
    /// # Safety
    /// [`leave`](Self::leave) is called before the waiter drops.
    #[inline]
    pub(super) unsafe fn send_or_wait(
        &self,
        mut waiter: Pin<&mut Waiter<Ticket<T>>>,
        waker: &Waker,
    ) -> Step<()> {
        match self.try_send(&mut waiter.as_mut().payload().value) {
            Step::NotNow => {}
            step => return step,
        }
        // Not under the lock: it is foreign code.
        let waker = waker.clone();
        let mut state = self.lock();
        let (step, after) = state.send(&mut waiter.as_mut().payload().value);
        if step == Step::NotNow {
            // SAFETY: the caller promises it.
            let streams_wait = unsafe { state.wait_to_send(waiter, Some(waker)) };
            drop(state);
            if streams_wait {
                self.tell_streams();
            }
            return step;
        }
        drop(state);
        self.finish(after);
        drop_quietly(waker);
        step
    }

    /// Receives a value, or leaves the waiter in the queue.
    ///
    /// # Safety
    /// [`leave`](Self::leave) is called before the waiter drops.
    #[inline]
    pub(super) unsafe fn recv_or_wait(
        &self,
        waiter: Pin<&mut Waiter<Ticket<T>>>,
        waker: &Waker,
    ) -> Step<T> {
        match self.try_recv() {
            Step::NotNow => {}
            step => return step,
        }
        // SAFETY: the caller promises it.
        unsafe { self.recv_or_enter(|state| &mut state.receivers, waiter, waker) }
    }

    /// What [`recv_or_wait`](Self::recv_or_wait) is for receivers, for streams.
    ///
    /// # Safety
    /// [`leave`](Self::leave) is called before the waiter drops.
    pub(super) unsafe fn recv_or_be_told(
        &self,
        waiter: Pin<&mut Waiter<Ticket<T>>>,
        waker: &Waker,
    ) -> Step<T> {
        // SAFETY: the caller promises it.
        unsafe { self.recv_or_enter(|state| &mut state.streams, waiter, waker) }
    }

    /// Receives a value, or leaves the waiter in one of the queues.
    ///
    /// # Safety
    /// [`leave`](Self::leave) is called before the waiter drops.
    unsafe fn recv_or_enter(
        &self,
        queue: impl FnOnce(&mut State<T>) -> &mut Queue<T>,
        waiter: Pin<&mut Waiter<Ticket<T>>>,
        waker: &Waker,
    ) -> Step<T> {
        // Not under the lock: it is foreign code.
        let waker = waker.clone();
        let mut state = self.lock();
        let (step, after) = state.recv();
        if matches!(step, Step::NotNow) {
            // SAFETY: the state does not move, and the caller promises the rest.
            unsafe { queue(&mut state).push_back(waiter, waker) };
            return step;
        }
        drop(state);
        self.finish(after);
        drop_quietly(waker);
        step
    }

    /// Does what a step left to do. No lock is held.
    #[inline]
    pub(crate) fn finish(&self, after: Aftermath) {
        if let Some(waker) = after.waker {
            wake(waker);
        }
        if after.tell_streams {
            self.tell_streams();
        }
    }

    /// Wakes all streams that wait.
    #[cold]
    fn tell_streams(&self) {
        let mut wakers = Vec::with_capacity(4);
        let mut state = self.lock();
        // All are taken out before the first is woken, which may come back at once.
        while !dismiss(&mut state.streams, &mut wakers) {
            drop(state);
            wakers.reserve(wakers.len());
            state = self.lock();
        }
        drop(state);
        wakers.into_iter().for_each(wake);
    }

    /// Makes `waker` the one to wake for a waiter that waits, in whichever queue.
    #[cold]
    pub(crate) fn rewake(&self, mut waiter: Pin<&mut Waiter<Ticket<T>>>, waker: &Waker) {
        let waker = waker.clone();
        let mut state = self.lock();
        let unneeded = state
            .receivers
            .rewake(waiter.as_mut(), waker)
            .and_then(|waker| state.senders.rewake(waiter.as_mut(), waker))
            .and_then(|waker| state.streams.rewake(waiter, waker));
        drop(state);
        drop_quietly(unneeded);
    }

    /// Takes a waiter out of whichever queue it waits in, if it does.
    pub(crate) fn leave(&self, mut waiter: Pin<&mut Waiter<Ticket<T>>>) {
        let mut state = self.lock();
        let unneeded = state
            .receivers
            .remove(waiter.as_mut())
            .or_else(|| state.senders.remove(waiter.as_mut()))
            .or_else(|| state.streams.remove(waiter));
        drop(state);
        drop_quietly(unneeded);
    }

    /// Takes back a value that was handed to a future which is dropped: it goes to the next
    /// receiver that waits, or lies ready for the next that comes.
    #[cold]
    pub(crate) fn give_back(&self, value: T) {
        let mut value = Some(value);
        let mut roomy = VecDeque::new();
        loop {
            let mut state = self.lock();
            let given = |theirs: &mut Option<T>| std::mem::swap(theirs, &mut value);
            let served = serve_front(&mut state.receivers, given);
            if let Some(((), waker)) = served {
                drop(state);
                waker.into_iter().for_each(wake);
                return;
            }
            if state.returned.len() == state.returned.capacity() {
                // Nothing is allocated under the lock, so it takes a second turn to make room.
                let needed = state.returned.len() + 1;
                if roomy.capacity() < needed {
                    drop(state);
                    roomy.reserve(needed);
                    continue;
                }
                roomy.append(&mut state.returned);
                std::mem::swap(&mut roomy, &mut state.returned);
            }
            state.returned.extend(value);
            let tell_streams = !state.streams.is_empty();
            drop(state);
            if tell_streams {
                self.tell_streams();
            }
            return;
        }
    }

    /// Closes the channel and wakes all who wait, in Go's order: it collects receivers, then
    /// senders, and readies the last collected first. `false` if it was closed.
    pub(crate) fn close(&self) -> bool {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        state.closed = true;
        while !state.dismiss_all(&mut wakers) {
            // Nobody enters a queue of a closed channel, so this ends.
            drop(state);
            wakers.reserve(wakers.len().max(4));
            state = self.lock();
        }
        drop(state);
        for waker in wakers.into_iter().rev() {
            wake(waker);
        }
        true
    }

    /// Drops what nobody can receive any more.
    fn discard(&self) {
        let mut state = self.lock();
        let values = std::mem::take(&mut state.buffer);
        let returned = std::mem::take(&mut state.returned);
        drop(state);
        drop_each(returned);
        drop_each(values);
    }

    pub(super) fn len(&self) -> usize {
        self.lock().buffer.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.lock().capacity
    }

    pub(super) fn is_closed(&self) -> bool {
        match self.state.marks() {
            Some(marks) => marks & CLOSED != 0,
            None => self.lock().closed,
        }
    }

    pub(super) fn add_sender(&self) {
        // Ordering: Relaxed; whoever adds has one already, or the channel to itself.
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_receiver(&self) {
        // Ordering: Relaxed, as for senders.
        self.receivers.fetch_add(1, Ordering::Relaxed);
    }

    /// The last sender closes the channel.
    pub(super) fn remove_sender(&self) {
        // Ordering: AcqRel pairs with itself: what the others did comes before the close.
        let ordering = order("chan.last_sender", Ordering::AcqRel);
        if self.senders.fetch_sub(1, ordering) == 1 {
            self.close();
        }
    }

    /// The last receiver closes the channel, and drops what is left in it.
    pub(super) fn remove_receiver(&self) {
        // Ordering: AcqRel, as for senders.
        let ordering = order("chan.last_receiver", Ordering::AcqRel);
        if self.receivers.fetch_sub(1, ordering) == 1 {
            self.close();
            self.discard();
        }
    }
}

impl<T> fmt::Debug for Channel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
