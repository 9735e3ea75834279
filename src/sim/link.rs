//! Links: what happens to a frame between two ports. Each direction has its own rate, delay, queue and faults.

use std::collections::VecDeque;
use std::time::Duration;

use super::frame::MIN_FRAME_LEN;
use super::mutation::{Mutation, made};
use crate::base::Rng;

/// Octets that a frame costs on the wire besides itself: check sequence 4, preamble 8, gap 12 (IEEE 802.3, B7).
pub const WIRE_OVERHEAD_LEN: u64 = 24;

/// What one direction of a link does to frames.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkOptions {
    /// Bits a second; 0 sends at once.
    pub rate_bps: u64,
    /// Time on the way after the last bit has left.
    pub delay: Duration,
    /// Random extra delay, up to this; frames may overtake each other by it.
    pub jitter: Duration,
    /// Largest IP packet carried.
    pub mtu: u16,
    /// Frames that may wait for the wire, the one on the wire not counted.
    pub queue_frames: usize,
    /// Chance that a frame is lost, in percent.
    pub loss_percent: f64,
    /// Chance that a frame arrives twice, in percent.
    pub duplicate_percent: f64,
    /// Chance that a frame is held back so that later ones overtake it, in percent.
    pub reorder_percent: f64,
    /// How long a held frame is held.
    pub reorder_delay: Duration,
    /// Chance that a bit of a frame is flipped, in percent.
    pub corrupt_percent: f64,
    /// Frames lost for certain, by their place in this direction, counted from 1.
    pub lose_frames: Vec<u64>,
}

impl Default for LinkOptions {
    /// 100 Mbit/s over 100 metres of copper, MTU 1500, without faults.
    fn default() -> LinkOptions {
        LinkOptions {
            rate_bps: 100_000_000,
            delay: Duration::from_nanos(500),
            jitter: Duration::ZERO,
            mtu: 1500,
            queue_frames: 100,
            loss_percent: 0.0,
            duplicate_percent: 0.0,
            reorder_percent: 0.0,
            reorder_delay: Duration::from_millis(1),
            corrupt_percent: 0.0,
            lose_frames: Vec::new(),
        }
    }
}

impl LinkOptions {
    fn has_faults(&self) -> bool {
        !self.jitter.is_zero()
            || self.loss_percent > 0.0
            || self.duplicate_percent > 0.0
            || self.reorder_percent > 0.0
            || self.corrupt_percent > 0.0
            || !self.lose_frames.is_empty()
    }

    /// Time that a frame of `len` octets occupies the wire: (max(len, 60) + 24) × 8 / rate (B7).
    pub fn wire_nanos(&self, len: usize) -> u64 {
        let bits = (len.max(MIN_FRAME_LEN) as u64 + WIRE_OVERHEAD_LEN) * 8;
        match self.rate_bps {
            0 => 0,
            rate => (bits * 1_000_000_000).div_ceil(rate),
        }
    }
}

/// What a direction of a link has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounters {
    /// Frames put on the wire.
    pub frames: u64,
    /// Their octets, check sequences not counted.
    pub octets: u64,
    /// Time that the wire was occupied.
    pub busy_nanos: u64,
    /// Most frames that ever waited.
    pub queue_peak: usize,
    /// Frames for which the queue had no room.
    pub queue_drops: u64,
    /// Frames lost, duplicated, held back and corrupted by the faults of the link.
    pub lost: u64,
    /// Frames that arrived twice.
    pub duplicated: u64,
    /// Frames held back.
    pub reordered: u64,
    /// Frames with a flipped bit.
    pub corrupted: u64,
}

/// One direction of a link, as the sending port sees it.
#[derive(Clone, Debug)]
pub(super) struct Direction {
    pub options: LinkOptions,
    pub counters: LinkCounters,
    pub up: bool,
    faulty: bool,
    /// Wire times of the two frame lengths seen last; most traffic has two.
    wire_cache: [(usize, u64); 2],
    busy_until: u64,
    /// When each waiting frame begins to leave.
    starts: VecDeque<u64>,
    rng: Rng,
}

/// What the link decided about a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It arrives then; `leaves_at` is when its first bit leaves.
    Arrives { leaves_at: u64, at: u64, again_at: Option<u64>, flipped_bit: Option<u64> },
    /// The queue has no room.
    QueueFull,
    /// The wire lost it.
    Lost { leaves_at: u64 },
}

impl Direction {
    pub fn new(options: LinkOptions, rng: Rng) -> Direction {
        Direction {
            faulty: options.has_faults(),
            options,
            counters: LinkCounters::default(),
            up: true,
            wire_cache: [(usize::MAX, 0); 2],
            busy_until: 0,
            starts: VecDeque::new(),
            rng,
        }
    }

    /// Lets its faults strike no more. True if it had any.
    pub fn spare(&mut self) -> bool {
        std::mem::take(&mut self.faulty)
    }

    /// Takes a frame of `len` octets to the wire at `now`.
    pub fn carry(&mut self, now: u64, len: usize) -> Verdict {
        let wire = self.wire_nanos(len);
        let leaves_at = now.max(self.busy_until);
        if leaves_at > now {
            while self.starts.front().is_some_and(|start| *start <= now) {
                self.starts.pop_front();
            }
            if self.starts.len() >= self.options.queue_frames && !made(Mutation::QueueWithoutEnd) {
                self.counters.queue_drops += 1;
                return Verdict::QueueFull;
            }
            self.starts.push_back(leaves_at);
            self.counters.queue_peak = self.counters.queue_peak.max(self.starts.len());
        } else {
            self.starts.clear();
        }
        self.busy_until = leaves_at + wire;
        self.counters.frames += 1;
        self.counters.octets += len as u64;
        self.counters.busy_nanos += wire;
        let at = self.busy_until + self.options.delay.as_nanos() as u64;
        if self.faulty { self.faults(leaves_at, at, len) } else { plain(leaves_at, at) }
    }

    fn wire_nanos(&mut self, len: usize) -> u64 {
        for (cached, wire) in self.wire_cache {
            if cached == len {
                return wire;
            }
        }
        let wire = self.options.wire_nanos(len);
        self.wire_cache = [(len, wire), self.wire_cache[0]];
        wire
    }

    fn faults(&mut self, leaves_at: u64, mut at: u64, len: usize) -> Verdict {
        // Every fault draws its number whether or not it strikes, so that changing one leaves the others as they were.
        let lost = self.rng.percent(self.options.loss_percent);
        let twice = self.rng.percent(self.options.duplicate_percent);
        let held = self.rng.percent(self.options.reorder_percent);
        let flipped = self.rng.percent(self.options.corrupt_percent);
        let jitter = self.rng.below(self.options.jitter.as_nanos() as u64 + 1);
        let bit = self.rng.below(len as u64 * 8);
        if lost || self.options.lose_frames.contains(&self.counters.frames) {
            self.counters.lost += 1;
            return Verdict::Lost { leaves_at };
        }
        at += jitter;
        if held {
            self.counters.reordered += 1;
            at += self.options.reorder_delay.as_nanos() as u64;
        }
        let again_at = twice.then(|| {
            self.counters.duplicated += 1;
            at + self.wire_nanos(len)
        });
        let flipped_bit = flipped.then(|| {
            self.counters.corrupted += 1;
            bit
        });
        Verdict::Arrives { leaves_at, at, again_at, flipped_bit }
    }
}

const fn plain(leaves_at: u64, at: u64) -> Verdict {
    Verdict::Arrives { leaves_at, at, again_at: None, flipped_bit: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direction(options: LinkOptions) -> Direction {
        Direction::new(options, Rng::new(1))
    }

    #[test]
    fn b7_a_frame_occupies_the_wire_with_check_sequence_preamble_and_gap() {
        let options = LinkOptions { rate_bps: 10_000_000, ..LinkOptions::default() };
        assert_eq!(options.wire_nanos(60), 84 * 8 * 100);
        assert_eq!(options.wire_nanos(42), 84 * 8 * 100, "short frames are padded");
        assert_eq!(options.wire_nanos(1514), 1538 * 8 * 100);
        assert_eq!(LinkOptions { rate_bps: 0, ..options }.wire_nanos(1514), 0);
    }

    #[test]
    fn b7_frames_wait_for_the_wire_and_overflow_the_queue() {
        let mut link = direction(LinkOptions {
            rate_bps: 1_000_000_000,
            delay: Duration::from_nanos(100),
            queue_frames: 2,
            ..LinkOptions::default()
        });
        assert_eq!(link.carry(0, 60), plain(0, 772));
        assert_eq!(link.carry(0, 60), plain(672, 1444));
        assert_eq!(link.carry(0, 60), plain(1344, 2116));
        assert_eq!(link.carry(0, 60), Verdict::QueueFull);
        assert_eq!(link.carry(672, 60), plain(2016, 2788), "one has left the queue");
        assert_eq!(link.counters.queue_peak, 2);
        assert_eq!(link.counters.frames, 4);
    }

    #[test]
    fn faults_strike_about_as_often_as_they_are_asked_to() {
        let mut link = direction(LinkOptions {
            rate_bps: 0,
            loss_percent: 10.0,
            duplicate_percent: 5.0,
            corrupt_percent: 2.0,
            reorder_percent: 1.0,
            ..LinkOptions::default()
        });
        for now in 0..20_000 {
            link.carry(now, 100);
        }
        let counters = link.counters;
        assert!((1800..2200).contains(&counters.lost), "{counters:?}");
        assert!((750..1050).contains(&counters.duplicated), "{counters:?}");
        assert!((280..450).contains(&counters.corrupted), "{counters:?}");
        assert!((120..250).contains(&counters.reordered), "{counters:?}");
    }
}
