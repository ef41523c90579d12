//! What is known of the panics that are under way on a thread, from the hook to the catch.
//!
//! Where a panic happened is told to the panic hook only, and whoever catches it gets the payload
//! only. In between the knowledge waits here, marked with what can be told of a payload from
//! outside: its type, and where its text lies. (Not its address: it is boxed after the hook.) A
//! mark need not be unique. The catch looks from the newest on, and a panic that was caught by
//! somebody else, and left its entry here, is older than any that is under way.
//!
//! A panic that is raised again, by [`raise`], leaves its knowledge here as well, so it arrives at
//! the next catch as the same panic.

use super::panic::Seen;
use super::payload::text_of;
use super::{Panic, hook, print};
use crate::base::wake_list::drop_quietly;
use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::panic::resume_unwind;

/// How many are remembered; an entry beyond them pushes the oldest out.
const IN_FLIGHT_MAX: usize = 16;

thread_local! {
    /// Pushed by the hook and by [`raise`], taken by [`take`], on this thread.
    static IN_FLIGHT: RefCell<Vec<InFlight>> = const { RefCell::new(Vec::new()) };
}

/// One panic that is under way.
struct InFlight {
    mark: Mark,
    known: Known,
    /// Whether the goroutine was exiting when the panic began.
    exiting: bool,
}

enum Known {
    /// The payload is under way alone.
    Apart(Seen),
    /// A copy of the payload is; this is the panic itself, which has clones.
    Whole(Panic),
}

/// What can be told of a payload from outside.
#[derive(PartialEq, Eq)]
struct Mark {
    type_id: TypeId,
    /// Where the text begins and how long it is; zeros for what is no text.
    text: (usize, usize),
}

impl Mark {
    fn of(payload: &(dyn Any + Send)) -> Self {
        let text = text_of(payload).map_or((0, 0), |text| (text.as_ptr().addr(), text.len()));
        Self {
            type_id: payload.type_id(),
            text,
        }
    }
}

/// Remembers what the hook saw of a panic.
pub(super) fn begin(payload: &(dyn Any + Send), seen: Seen) {
    push(InFlight {
        mark: Mark::of(payload),
        known: Known::Apart(seen),
        exiting: false,
    });
}

fn push(entry: InFlight) {
    let pushed_out = IN_FLIGHT.try_with(|in_flight| {
        let mut in_flight = in_flight.borrow_mut();
        let oldest = (in_flight.len() >= IN_FLIGHT_MAX).then(|| in_flight.remove(0));
        in_flight.push(entry);
        oldest
    });
    // After the borrow: what it held may have a destructor of the user's.
    drop_quietly(pushed_out);
}

/// The panic with this payload, and whether its goroutine was exiting.
pub(super) fn take(payload: Box<dyn Any + Send>) -> (Panic, bool) {
    let payload = match payload.downcast::<Panic>() {
        // Raised whole, because it has clones; the entry only tells of the exit.
        Ok(panic) => {
            let exiting = find(&*panic).is_some_and(|entry| entry.exiting);
            return (*panic, exiting);
        }
        Err(payload) => payload,
    };
    let Some(entry) = find(&*payload) else {
        return (Panic::new(payload, Seen::nothing()), false);
    };
    let panic = match entry.known {
        Known::Apart(seen) => Panic::new(payload, seen),
        Known::Whole(panic) => {
            drop_quietly(payload);
            panic
        }
    };
    (panic, entry.exiting)
}

/// Takes the entry of a payload, and ends those of panics that somebody else has caught.
fn find(payload: &(dyn Any + Send)) -> Option<InFlight> {
    let mark = Mark::of(payload);
    let (found, stale) = IN_FLIGHT
        .try_with(|in_flight| {
            let mut in_flight = in_flight.borrow_mut();
            let at = in_flight.iter().rposition(|entry| entry.mark == mark);
            let first_newer = at.unwrap_or(in_flight.len());
            let mut newer = in_flight.split_off(first_newer);
            let found = at.map(|_| newer.remove(0));
            if !std::thread::panicking() {
                // None is under way below.
                newer.append(&mut in_flight);
            }
            (found, newer)
        })
        .unwrap_or_default();
    drop_quietly(stale);
    found
}

/// Lets `panic` go on from here, without the hook.
///
/// If nothing above can recover it, it is printed now if it has not been.
pub(crate) fn raise(panic: Panic, exiting: bool) -> ! {
    if !hook::is_quiet() {
        print::all(&panic);
    }
    let (payload, known) = match panic.into_parts() {
        Ok((payload, seen)) => (payload, Known::Apart(seen)),
        Err(shared) => (shared.clone().stand_in(), Known::Whole(shared)),
    };
    push(InFlight {
        mark: Mark::of(&*payload),
        known,
        exiting,
    });
    resume_unwind(payload)
}
