//! The timers of the slot that the cursor stands in, in exact order.
//!
//! A 4-ary heap by (deadline, sequence number). Each timer knows its index, so that a cancelled one
//! can be taken out. Keys are kept beside the links: comparing touches no timer.

use super::timer::{Link, Place};
use crate::base::clock::Nanos;

const ARITY: usize = 4;

/// Grows to the fullest slot that was ever drained, and then allocates no more.
#[derive(Default)]
pub(super) struct Heap {
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    key: (Nanos, u64),
    timer: Link,
}

impl Heap {
    pub(super) fn push(&mut self, timer: Link, when: Nanos, seq: u64) {
        self.entries.push(Entry {
            key: (when, seq),
            timer,
        });
        self.sift_up(self.entries.len() - 1);
    }

    /// The earliest deadline.
    pub(super) fn earliest(&self) -> Option<Nanos> {
        self.entries.first().map(|entry| entry.key.0)
    }

    /// Takes out the earliest timer.
    pub(super) fn pop(&mut self) -> Option<Link> {
        let first = self.entries.first()?.timer;
        self.remove(0);
        Some(first)
    }

    /// Takes out the timer whose place is `index`.
    pub(super) fn remove(&mut self, index: usize) {
        self.entries.swap_remove(index);
        if index < self.entries.len() {
            // What came from the end may belong further up as well as further down.
            let index = self.sift_down(index);
            self.sift_up(index);
        }
    }

    fn sift_up(&mut self, mut index: usize) {
        let entry = self.entries[index];
        while index > 0 {
            let parent = (index - 1) / ARITY;
            if self.entries[parent].key <= entry.key {
                break;
            }
            self.put(index, self.entries[parent]);
            index = parent;
        }
        self.put(index, entry);
    }

    /// Returns where the entry came to rest.
    fn sift_down(&mut self, mut index: usize) -> usize {
        let entry = self.entries[index];
        while let Some(child) = self.least_child(index) {
            if entry.key <= self.entries[child].key {
                break;
            }
            self.put(index, self.entries[child]);
            index = child;
        }
        self.put(index, entry);
        index
    }

    fn least_child(&self, index: usize) -> Option<usize> {
        let first = index * ARITY + 1;
        let end = self.entries.len().min(first + ARITY);
        (first..end).min_by_key(|&child| self.entries[child].key)
    }

    fn put(&mut self, index: usize, entry: Entry) {
        self.entries[index] = entry;
        entry
            .timer
            .with(|links| links.place = Place::Heap(index as u32));
    }
}
