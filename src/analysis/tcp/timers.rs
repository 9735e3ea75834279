//! What must be looked at again when capture time has passed: trackers have no clock, so later packets ring.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::base::Timestamp;

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// Verdicts of a connection that wait for a report of duplicates.
    Pending,
    /// A SYN without an answer.
    Unanswered,
    /// A first FIN whose close may have three segments or four.
    Close,
    /// A reset that may turn out to be ignored.
    Reset,
}

/// Alarms by time: connection's place in the table, its id (the place may have been given away), and why.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Timestamp, u32, u64, Alarm)>>,
}

impl Timers {
    pub fn set(&mut self, at: Timestamp, slot: u32, id: u64, alarm: Alarm) {
        self.heap.push(Reverse((at, slot, id, alarm)));
    }

    /// The next alarm due before `now`.
    pub fn due(&mut self, now: Timestamp) -> Option<(u32, u64, Alarm)> {
        match self.heap.peek() {
            Some(Reverse((at, ..))) if *at < now => {
                self.heap.pop().map(|Reverse((_, slot, id, alarm))| (slot, id, alarm))
            }
            _ => None,
        }
    }
}
