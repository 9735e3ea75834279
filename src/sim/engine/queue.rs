//! What will happen: events in the order of time, and of scheduling where times are equal.
//!
//! As time only runs forward, a radix heap does it (Ahuja, Mehlhorn, Orlin and Tarjan, 1990): an event lies in the
//! bucket of the highest hexadecimal digit in which its time differs from the time last taken out, and of what that digit
//! is. Only the lowest bucket with anything in it is ever opened; what lay in it moves to lower ones and never up again, so
//! an event moves at most 16 times, however many there are, and by memory that is read in order. Events of equal time
//! always lie in the same bucket, in the order in which they came, so no number of scheduling is needed.

use super::super::frame::FrameRef;
use super::super::order::Order;
use super::super::outbox::TimerId;
use super::super::record::{DeviceId, PortId};

/// Something that will happen.
#[derive(Debug)]
pub(super) struct Event {
    /// When, in nanoseconds.
    pub at: u64,
    pub device: DeviceId,
    pub happening: Happening,
}

#[derive(Debug)]
pub(super) enum Happening {
    Frame { port: PortId, frame: FrameRef },
    Timer { timer: TimerId, background: bool },
    Order(Box<Order>),
    Plug { port: PortId, up: bool },
}

impl Happening {
    /// False for alarms that alone do not keep a run going: the ageing of a table, the next hello.
    pub const fn is_awaited(&self) -> bool {
        !matches!(self, Happening::Timer { background: true, .. })
    }
}

/// Digits of a time.
const LEVELS: usize = 16;

/// The queue.
#[derive(Debug)]
pub(super) struct EventQueue {
    /// The time that was last asked for or taken out; no event is earlier.
    last: u64,
    /// Events of exactly that time, the next one at the end.
    due: Vec<Event>,
    /// Events of exactly that time that came while those in `due` were being taken out.
    more: Vec<Event>,
    /// Bucket `16 l + d` holds events whose time has `d` as digit `l`, where `last` has a lower one, and agrees with it in
    /// all digits above.
    buckets: Box<[Vec<Event>]>,
    /// Bit `d` of number `l` is set if bucket `16 l + d` holds anything.
    filled: [u16; LEVELS],
    /// Bit `l` is set if any of these does.
    levels: u16,
    /// When the earliest event in the buckets is due, if that has been looked up since they changed.
    earliest: Option<u64>,
    /// Events that are worth waiting for.
    awaited: usize,
}

impl EventQueue {
    pub fn new() -> EventQueue {
        EventQueue {
            last: 0,
            due: Vec::new(),
            more: Vec::new(),
            buckets: std::iter::repeat_with(Vec::new).take(LEVELS * 16).collect(),
            filled: [0; LEVELS],
            levels: 0,
            earliest: None,
            awaited: 0,
        }
    }

    /// True if anything is left that is worth waiting for.
    pub const fn is_awaiting(&self) -> bool {
        self.awaited > 0
    }

    /// Adds an event; it is never earlier than the one last taken out.
    pub fn push(&mut self, event: Event) {
        debug_assert!(event.at >= self.last, "time runs forward");
        self.awaited += usize::from(event.happening.is_awaited());
        self.place(event);
    }

    fn place(&mut self, event: Event) {
        match event.at ^ self.last {
            0 => self.more.push(event),
            differs => {
                let level = (63 - differs.leading_zeros() as usize) / 4;
                let digit = (event.at >> (4 * level)) as usize & 15;
                self.levels |= 1 << level;
                self.filled[level] |= 1 << digit;
                self.earliest = self.earliest.map(|earliest| earliest.min(event.at));
                self.buckets[16 * level + digit].push(event);
            }
        }
    }

    /// Takes out the earliest event, the one scheduled first if there are several, unless it is later than `until`.
    pub fn pop_until(&mut self, until: u64) -> Option<Event> {
        if self.due.is_empty() && self.more.is_empty() {
            if self.look_up_next()? > until {
                return None;
            }
            self.advance();
        } else if self.last > until {
            return None;
        }
        if self.due.is_empty() {
            std::mem::swap(&mut self.due, &mut self.more);
            self.due.reverse();
        }
        let event = self.due.pop()?;
        self.awaited -= usize::from(event.happening.is_awaited());
        Some(event)
    }

    /// When the earliest event is due, remembered until that changes.
    pub fn look_up_next(&mut self) -> Option<u64> {
        if self.due.is_empty() && self.more.is_empty() && self.earliest.is_some() {
            return self.earliest;
        }
        let next = self.next_at();
        if self.due.is_empty() && self.more.is_empty() {
            self.earliest = next;
        }
        next
    }

    /// When the earliest event is due.
    pub fn next_at(&self) -> Option<u64> {
        if !self.due.is_empty() || !self.more.is_empty() {
            return Some(self.last);
        }
        let bucket = self.lowest()?;
        self.buckets[bucket].iter().map(|event| event.at).min()
    }

    /// The bucket with the earliest events.
    fn lowest(&self) -> Option<usize> {
        let level = self.levels.trailing_zeros() as usize;
        let digit = self.filled.get(level)?.trailing_zeros() as usize;
        Some(16 * level + digit)
    }

    /// Opens the lowest bucket: its earliest events become due, the others move down.
    fn advance(&mut self) {
        let Some(bucket) = self.lowest() else { return };
        let (level, digit) = (bucket / 16, bucket % 16);
        self.filled[level] &= !(1 << digit);
        if self.filled[level] == 0 {
            self.levels &= !(1 << level);
        }
        let mut events = std::mem::take(&mut self.buckets[bucket]);
        let earliest = self.earliest.take().or_else(|| events.iter().map(|event| event.at).min());
        self.last = earliest.unwrap_or(self.last);
        if level == 0 {
            // All of one time, in their order.
            std::mem::swap(&mut self.more, &mut events);
        } else {
            for event in events.drain(..) {
                self.place(event);
            }
        }
        // Its room serves again; nothing of it went back into the same bucket.
        self.buckets[bucket] = events;
    }

    /// Everything that is left, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.due.iter().chain(&self.more).chain(self.buckets.iter().flatten())
    }

    /// The frames under way: where each will arrive.
    pub fn frames(&self) -> impl Iterator<Item = (DeviceId, &FrameRef)> {
        self.iter().filter_map(|event| match &event.happening {
            Happening::Frame { frame, .. } => Some((event.device, frame)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::base::Rng;

    fn event(at: u64, number: u32) -> Event {
        Event { at, device: DeviceId(number), happening: Happening::Timer { timer: 0, background: false } }
    }

    #[test]
    fn events_come_by_time_and_those_of_one_time_as_they_were_scheduled() {
        let mut rng = Rng::new(5);
        let mut queue = EventQueue::new();
        // A model that is slow and plainly right.
        let mut model: BTreeMap<(u64, u32), ()> = BTreeMap::new();
        let mut now = 0;
        for number in 0..40_000u32 {
            if model.len() < 2 || rng.percent(52.0) {
                // Few different times, so that many are equal, over spans from nothing to hours.
                let span = 1u64 << rng.below(44);
                let at = now + rng.below(4) * span;
                queue.push(event(at, number));
                model.insert((at, number), ());
            } else {
                let ((at, expected), ()) = model.pop_first().expect("not empty");
                assert_eq!(queue.next_at(), Some(at));
                if at > now {
                    assert!(queue.pop_until(at - 1).is_none(), "too early");
                }
                let got = queue.pop_until(at).expect("an event");
                assert_eq!((got.at, got.device.0), (at, expected));
                now = at;
            }
            assert_eq!(queue.is_awaiting(), !model.is_empty());
        }
        assert_eq!(queue.iter().count(), model.len());
    }

    #[test]
    fn an_event_is_small() {
        assert!(size_of::<Event>() <= 32, "{} octets", size_of::<Event>());
    }
}
