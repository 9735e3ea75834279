//! What must be looked at again when capture time has passed: trackers have no clock, so later packets ring.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

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

const KINDS: usize = 4;

/// When, the connection's place in the table, its id (the place may have been given away), and why.
type Set = (Timestamp, u32, u64, Alarm);

/// Alarms by time. Those of one kind are set for the same time ahead, mostly, and so they stand in the order in which they
/// were set; the others are sorted.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// Nothing rings before this: most packets ask in vain.
    earliest: Timestamp,
    in_order: [VecDeque<Set>; KINDS],
    others: BinaryHeap<Reverse<Set>>,
}

impl Timers {
    pub fn set(&mut self, at: Timestamp, slot: u32, id: u64, alarm: Alarm) {
        let set = (at, slot, id, alarm);
        self.earliest = self.earliest.min(at);
        let line = &mut self.in_order[alarm as usize];
        match line.back() {
            Some(last) if *last > set => self.others.push(Reverse(set)),
            _ => line.push_back(set),
        }
    }

    /// The next alarm due before `now`.
    pub fn due(&mut self, now: Timestamp) -> Option<(u32, u64, Alarm)> {
        if now <= self.earliest {
            return None;
        }
        let fronts = self.in_order.iter().filter_map(|line| line.front().copied());
        let next = fronts.chain(self.others.peek().map(|Reverse(set)| *set)).min();
        self.earliest = next.map_or(Timestamp::from_nanos(u64::MAX), |(at, ..)| at);
        let next = next.filter(|(at, ..)| *at < now)?;
        let (_, slot, id, alarm) = next;
        if self.in_order[alarm as usize].pop_front_if(|set| *set == next).is_none() {
            self.others.pop();
        }
        Some((slot, id, alarm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_ring_by_time_in_whichever_order_they_were_set() {
        let mut timers = Timers::default();
        let mut expected = Vec::new();
        let mut state = 7u64;
        for id in 0..3000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let alarm = [Alarm::Pending, Alarm::Unanswered, Alarm::Close, Alarm::Reset][(state >> 60) as usize % KINDS];
            // Mostly later than the one before, at times earlier or at the same moment.
            let at = Timestamp::from_nanos(id / 2 * 10 + (state >> 33) % 25);
            timers.set(at, id as u32, id, alarm);
            expected.push((at, id as u32, id, alarm));
        }
        expected.sort();
        let now = Timestamp::from_nanos(10_000);
        let rung: Vec<_> = std::iter::from_fn(|| timers.due(now)).collect();
        let early: Vec<_> = expected.iter().filter(|set| set.0 < now).map(|set| (set.1, set.2, set.3)).collect();
        assert!(early.len() > 1000 && !timers.others.is_empty(), "both ways are used");
        assert_eq!(rung, early);
        assert_eq!(std::iter::from_fn(|| timers.due(Timestamp::from_nanos(u64::MAX))).count(), 3000 - early.len());
    }
}
