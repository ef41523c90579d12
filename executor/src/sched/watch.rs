//! What sysmon sees of who holds a permit, from one look to the next.

use super::p::P;
use super::permits::Holder;
use super::thread_state::{ThreadFiles, ThreadState};
use std::time::{Duration, Instant};

/// How long a poll of a P whose goroutines are fine may last before its surplus is shared.
const SLICE: Duration = Duration::from_millis(10);
/// How long a poll of another P may last before what waits behind it is shared. It is longer than
/// the kernel lets another thread run, since an M that is not on a processor is not stuck.
const STUCK: Duration = Duration::from_millis(5);
/// A poll that takes longer than this is not fine, whatever was measured before.
const SLOW_POLL: Duration = Duration::from_micros(64);
/// How long a poll must have lasted before the kernel is asked what its thread does.
const ASK_AFTER: Duration = Duration::from_micros(500);

/// What the holder of a permit did between the last two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// The permit is free, or its holder has begun another poll.
    Moves,
    /// It was in one poll.
    Lasts,
    /// It was in one call that is declared to block.
    Calls,
    /// It was in one poll, and its thread waited in the kernel.
    Waits,
}

/// The holder of one permit.
#[derive(Debug)]
pub(super) struct Watch {
    holder: Option<Holder<P>>,
    poll: Poll,
    /// Since when it has been in this poll, as far as was seen.
    since: Instant,
    doing: Doing,
    /// Whether it was asked for its time slice in this poll.
    asked: bool,
    /// Whether it has begun or ended a declared call since the look before.
    called: bool,
    /// A count of polls and when it was taken, to tell how long they last.
    counted: (u32, Instant),
    /// Whether the polls since then were slow.
    slow: bool,
    /// The kernel's account of the thread with this number.
    files: Option<(u32, ThreadFiles)>,
    /// What it said at the last look, if that was in this poll.
    state: Option<ThreadState>,
}

/// What tells one poll from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Poll {
    turns: u32,
    tick: u32,
    calls: u32,
}

impl Poll {
    fn is_same(self, other: Self) -> bool {
        (self.turns, self.tick) == (other.turns, other.tick)
    }

    fn is_in_call(self) -> bool {
        self.calls % 2 == 1
    }
}

impl Watch {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            holder: None,
            poll: Poll {
                turns: 0,
                tick: 0,
                calls: 0,
            },
            since: now,
            doing: Doing::Moves,
            asked: false,
            called: false,
            counted: (0, now),
            slow: false,
            files: None,
            state: None,
        }
    }

    /// Who held the permit at the last look.
    pub(super) fn holder(&self) -> Option<Holder<P>> {
        self.holder
    }

    /// Its P, if it has one.
    pub(super) fn p(&self) -> Option<&P> {
        self.holder?.p()
    }

    /// What it did between the last two looks.
    pub(super) fn doing(&self) -> Doing {
        self.doing
    }

    /// Whether it was in a call that is declared to block when it was looked at last.
    pub(super) fn is_in_call(&self) -> bool {
        self.poll.is_in_call()
    }

    /// Whether it has made such a call since the look before.
    pub(super) fn has_called(&self) -> bool {
        self.called
    }

    /// For how long it has been in the poll of the last look, as far as was seen.
    pub(super) fn lasted(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    /// Whether it gets through so few polls that what waits behind it should be shared.
    pub(super) fn is_slow(&self) -> bool {
        self.slow
    }

    /// Whether its time slice is over.
    pub(super) fn is_slice_over(&self, now: Instant) -> bool {
        self.doing == Doing::Lasts && self.lasted(now) >= SLICE
    }

    /// Asks its goroutine to let others run; tells whether it was asked before, in this very poll,
    /// and so computes without an await.
    pub(super) fn ask_for_slice(&mut self) -> bool {
        let before = std::mem::replace(&mut self.asked, true);
        if let Some(p) = self.p().filter(|_| !before) {
            p.slice.ask();
        }
        before
    }

    /// The poll is over, or its P has another permit: its goroutine need not hear any more that it
    /// was asked for its time slice.
    fn take_back_question(&mut self) {
        if std::mem::replace(&mut self.asked, false) {
            if let Some(p) = self.p() {
                p.slice.settle();
            }
        }
    }

    /// The permit was retaken, and somebody else watches its holder: what the kernel says of the
    /// thread, and what it said last. Whether it was asked for its slice goes along.
    pub(super) fn hand_over(&mut self) -> (Option<ThreadFiles>, Option<ThreadState>) {
        self.asked = false;
        (self.files.take().map(|(_, files)| files), self.state.take())
    }

    /// Looks at the holder of the permit.
    pub(super) fn look(&mut self, now: Instant, held: Option<(Holder<P>, u32)>) {
        let Some((holder, turns)) = held else {
            self.take_back_question();
            *self = Self {
                files: self.files.take(),
                ..Self::new(now)
            };
            return;
        };
        let p = holder.p();
        let poll = Poll {
            turns,
            tick: p.map_or(0, P::tick),
            calls: p.map_or(0, P::calls),
        };
        let same_holder = self.holder == Some(holder);
        let before = self.poll;
        if !same_holder || !poll.is_same(before) {
            self.take_back_question();
        }
        (self.holder, self.poll) = (Some(holder), poll);
        self.called = same_holder && poll.calls != before.calls;
        if !same_holder {
            self.counted = (poll.tick, now);
        }
        if !same_holder || !poll.is_same(before) {
            (self.since, self.doing, self.state) = (now, Doing::Moves, None);
        } else if poll.is_in_call() && poll.calls == before.calls {
            self.doing = Doing::Calls;
        } else {
            self.doing = self.ask(now, holder.thread());
        }
        self.slow = p.is_some_and(|p| self.count(now, p));
    }

    /// Asks the kernel whether the thread of a poll that lasts has waited since it was asked last.
    fn ask(&mut self, now: Instant, thread: u32) -> Doing {
        if self.lasted(now) < ASK_AFTER || thread == 0 {
            return Doing::Lasts;
        }
        if self.files.as_ref().is_none_or(|(of, _)| *of != thread) {
            self.files = ThreadFiles::open(thread).map(|files| (thread, files));
        }
        let state = self.files.as_ref().and_then(|(_, files)| files.look());
        let before = std::mem::replace(&mut self.state, state);
        match (before, state) {
            (Some(before), Some(now)) if now.has_waited_since(before) => Doing::Waits,
            _ => Doing::Lasts,
        }
    }

    /// Whether the polls of `p` have been few, over long enough a time to judge.
    fn count(&mut self, now: Instant, p: &P) -> bool {
        let (then, since) = self.counted;
        let (polls, time) = (self.poll.tick.wrapping_sub(then), now - since);
        if time < window(p) {
            return false;
        }
        if polls > 0 {
            self.counted = (self.poll.tick, now);
        }
        time >= SLOW_POLL * polls
    }
}

/// For how long the polls of a P are counted before they are judged. Goroutines that are fine often
/// wait behind the one that spawns them all, so those have a time slice.
fn window(p: &P) -> Duration {
    if p.is_fine() { SLICE } else { STUCK }
}
