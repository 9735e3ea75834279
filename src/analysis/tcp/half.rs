//! One direction of a connection: what its sender sent and what the other side said of it (rules, 3.0).
//!
//! Positions count octets from the sender's first sequence number, unwrapped to 64 bits: the SYN is at 0, the first
//! octet of data at 1. Without a SYN the first segment seen is at 1.

use std::collections::VecDeque;

use super::pending::Pending;
use super::ranges::{Handle, Ranges};
use super::timing::{Budget, RoundTrip, Spent};
use crate::base::limits::{TCP_HISTORY, TCP_SHORT_HISTORY};
use crate::base::{Seq, Timestamp};

/// How the numbers of a direction came to be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Only from the other side's acknowledgments: this direction was never seen.
    Acknowledged,
    /// From the first segment seen, the connection being open already.
    FirstSeen,
    /// From the SYN.
    Syn,
}

/// No position: a FIN that was not sent.
pub(super) const NOWHERE: i64 = i64::MIN;

/// Octets of data of a segment that every path carries.
pub(super) const SMALL: i64 = 640;

/// The largest distance that any window allows (RFC 7323 §2.3).
pub(super) const FARTHEST: i64 = 1 << 30;

/// What flows from one side to the other. "Sender" and "receiver" are the two sides of this direction.
#[derive(Debug)]
pub(super) struct Half {
    /// The wire's number of position 0.
    pub base: Seq,
    pub origin: Origin,
    /// True while the first segment of a direction is judged of which only acknowledgments were seen before.
    pub is_first_segment: bool,
    /// The highest position sent, not included.
    pub max: i64,
    /// The highest acknowledgment by the receiver.
    pub una: i64,
    pub has_una: bool,
    /// True once a small segment with data was acknowledged: what is small gets through.
    pub small_passed: bool,
    /// The largest acknowledgment + window ever announced by the receiver.
    pub edge: i64,
    /// The receiver's last window in octets, if its scale is known.
    pub window: u32,
    /// The same as it stood.
    pub raw_window: u16,
    /// True once the receiver announced a window outside a SYN, or in one if nothing is scaled.
    pub has_window: bool,
    /// Shift of the windows that the sender of this direction announces, if known.
    pub shift: Option<u8>,
    /// Smallest shift of the receiver's windows that fits what was in flight (rule W1).
    pub least_shift: u8,
    /// Largest segment that the sender may send: what the receiver announced; 0 if unknown.
    pub mss: u16,
    /// Position of the FIN, or [`NOWHERE`].
    pub fin: i64,
    /// Duplicate ACKs since `una` last moved.
    pub duplicates: u16,
    /// The same ACK again with nothing outstanding.
    pub repeats: u16,
    /// Identification of the last packet in order, and how many steps in a row went up by 1 to 64.
    pub identification: u16,
    pub identification_run: u8,
    pub hop_limit: u8,
    /// The last timestamp value sent.
    pub timestamp: u32,
    pub has_timestamp: bool,
    /// The last segment's packet, and what it acknowledged.
    pub last_packet: u64,
    pub last_at: Timestamp,
    pub last_acknowledgment: Seq,
    /// The last new data.
    pub last_data_at: Timestamp,
    pub last_data_packet: u64,
    /// The acknowledgment that moved `una` last.
    pub una_packet: u64,
    pub una_at: Timestamp,
    pub round_trip: RoundTrip,
    /// Packets counted, data octets in them, and octets of the stream.
    pub packets: u32,
    pub payload_octets: u64,
    /// Acknowledgments that the receiver held back, and those of more than two segments: no trouble, and frequent.
    pub delayed_acks: u32,
    pub stretch_acks: u32,
    /// Segments sent lately: those not acknowledged, and some before them.
    pub records: VecDeque<Record>,
    /// Records at the front that are acknowledged.
    pub acknowledged_records: u32,
    pub rare: Option<Box<Rare>>,
    pub budget: Option<Box<Budget>>,
    /// What the sender was doing since the connection's last packet.
    pub was: Spent,
}

/// What most directions never need.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// Ranges below `max` never seen, ascending.
    pub holes: Vec<Hole>,
    /// Selectively acknowledged ranges above `una`.
    pub sacked: Ranges,
    pub recovery: Option<Recovery>,
    /// Timeouts in a row, and the wait before the last one.
    pub timeouts: u16,
    pub last_wait: u64,
    /// The tail-loss probe sent since `una` moved.
    pub tail_probe: Option<u64>,
    pub pending: Vec<Pending>,
    /// The receiver's closed window, while it lasts.
    pub closed: Option<Closed>,
    /// Since when the window is below one segment, and whether it was said.
    pub low_since: Option<(u64, Timestamp, bool)>,
    /// A keep-alive or window probe that waits for its answer.
    pub keep_alive: Option<(u64, Timestamp)>,
    pub probe: Option<(u64, Timestamp)>,
    /// Keep-alives since the receiver last said anything.
    pub unanswered_probes: u16,
    pub window_full_said: i64,
    pub counts: RareCounts,
    /// Data of a Fast Open SYN that was refused reaches up to here: sending it again is no retransmission.
    pub refused_up_to: i64,
    pub half_close_said: bool,
}

/// What is counted of the rarer things, for the report.
#[derive(Clone, Debug, Default)]
pub(super) struct RareCounts {
    pub retransmitted_segments: u64,
    pub retransmitted_octets: u64,
    pub unneeded_segments: u64,
    pub fast: u64,
    pub timeouts: u64,
    pub tail_probes: u64,
    pub out_of_order: u64,
    pub undecided: u64,
    pub delivered_unseen_octets: u64,
    pub captured_late: u64,
    pub zero_window_episodes: u64,
    pub zero_window_nanos: u64,
    pub window_probes: u64,
}

/// A segment that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub start: i64,
    pub end: i64,
    /// First time it was sent, and last time.
    pub packet: u64,
    pub first_at: Timestamp,
    pub at: Timestamp,
    pub content: Handle,
    /// Octets of data that were captured; their content is known.
    pub captured: u32,
    pub timestamp: u32,
    /// The packet that acknowledged it, and when; 0 while nothing did.
    pub acknowledged: u64,
    pub acknowledged_at: Timestamp,
    pub sends: u8,
}

/// A range that was skipped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hole {
    pub start: i64,
    pub end: i64,
    /// The packet that showed it, and its marks.
    pub revealed: u64,
    pub at: Timestamp,
    pub identification_before: u16,
    pub identification: u16,
    pub timestamp: Option<u32>,
    /// True if its octets were under way before the capture began (rule 3.11): no loss, and no finding.
    pub is_older: bool,
    /// The packet that acknowledged it although it was never seen.
    pub acknowledged: Option<(u64, Timestamp)>,
}

/// A loss being repaired.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recovery {
    /// It ends when everything below is acknowledged.
    pub point: i64,
    pub began: u64,
    pub is_timeout: bool,
}

/// A window of zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed {
    pub packet: u64,
    pub at: Timestamp,
    pub probes: u32,
    pub last_probe: Option<Timestamp>,
}

impl Default for Half {
    fn default() -> Half {
        Half {
            base: Seq(0),
            origin: Origin::Unknown,
            is_first_segment: false,
            max: 0,
            una: 0,
            has_una: false,
            small_passed: false,
            edge: 0,
            window: 0,
            raw_window: 0,
            has_window: false,
            shift: None,
            least_shift: 0,
            mss: 0,
            fin: NOWHERE,
            duplicates: 0,
            repeats: 0,
            identification: 0,
            identification_run: 0,
            hop_limit: 0,
            timestamp: 0,
            has_timestamp: false,
            last_packet: 0,
            last_at: Timestamp::ZERO,
            last_acknowledgment: Seq(0),
            last_data_at: Timestamp::ZERO,
            last_data_packet: 0,
            una_packet: 0,
            una_at: Timestamp::ZERO,
            round_trip: RoundTrip::default(),
            packets: 0,
            payload_octets: 0,
            delayed_acks: 0,
            stretch_acks: 0,
            records: VecDeque::new(),
            acknowledged_records: 0,
            rare: None,
            budget: None,
            was: Spent::Idle,
        }
    }
}

impl Half {
    /// Begins to count: `sequence` is at `position`.
    pub fn begin(&mut self, sequence: Seq, position: i64, origin: Origin) {
        self.base = sequence.minus(position as u32);
        self.origin = origin;
        self.max = position;
        self.una = position;
        self.edge = position;
    }

    /// The position of a wire number, the one nearest to what was sent last.
    pub fn position(&self, sequence: Seq) -> i64 {
        self.max + i64::from(sequence.since(self.base.plus(self.max as u32)))
    }

    /// Octets sent and not acknowledged; nothing if no acknowledgment was seen.
    pub fn flight(&self) -> i64 {
        if self.has_una { self.max - self.una } else { 0 }
    }

    /// The same less what was selectively acknowledged (rule W6).
    pub fn in_flight(&self) -> u64 {
        let sacked = self.rare.as_deref().map_or(0, |rare| rare.sacked.len());
        (self.flight() - sacked).max(0) as u64
    }

    /// True if the sender itself was seen.
    pub fn was_seen(&self) -> bool {
        self.origin >= Origin::FirstSeen
    }

    pub fn has_fin(&self) -> bool {
        self.fin != NOWHERE
    }

    pub fn is_fin_acknowledged(&self) -> bool {
        self.has_fin() && self.has_una && self.una > self.fin
    }

    /// Octets of the stream up to the highest position, SYN and FIN not counted.
    pub fn stream_len(&self) -> u64 {
        let end = if self.has_fin() { self.max.min(self.fin) } else { self.max };
        (end - 1).max(0) as u64
    }

    pub fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub fn holes(&self) -> &[Hole] {
        self.rare.as_deref().map_or(&[], |rare| &rare.holes)
    }

    pub fn recovery(&self) -> Option<Recovery> {
        self.rare.as_deref().and_then(|rare| rare.recovery)
    }

    /// True if no hole lies below `position` that the receiver has not acknowledged.
    pub fn is_whole_below(&self, position: i64) -> bool {
        !self.holes().iter().any(|hole| hole.start < position && hole.acknowledged.is_none())
    }

    /// Remembers a segment that was sent; beyond the history the oldest acknowledged one is forgotten.
    pub fn remember(&mut self, record: Record) {
        let place = match self.records.back() {
            Some(last) if last.start > record.start => self.records.partition_point(|other| other.start < record.start),
            _ => self.records.len(),
        };
        if place == self.records.len() {
            self.records.push_back(record);
        } else {
            self.records.insert(place, record);
            if place < self.acknowledged_records as usize {
                self.acknowledged_records += 1;
            }
        }
        let history = if self.rare.is_some() { TCP_HISTORY } else { TCP_SHORT_HISTORY };
        while self.records.len() > history && self.acknowledged_records > 0 || self.records.len() > TCP_HISTORY * 256 {
            self.records.pop_front();
            self.acknowledged_records = self.acknowledged_records.saturating_sub(1);
        }
    }

    /// The records that share octets with `start..end`, by their index.
    pub fn overlapping(&self, start: i64, end: i64) -> std::ops::Range<usize> {
        let first = self.records.partition_point(|record| record.end <= start);
        let past = self.records.partition_point(|record| record.start < end);
        first..past.max(first)
    }

    /// Takes over the memory of a direction that is forgotten.
    pub fn take_memory(&mut self, former: Half) {
        if former.records.capacity() <= TCP_HISTORY {
            self.records = former.records;
            self.records.clear();
        }
    }

    /// Forgets the segments that were sent. Their memory serves the next connection.
    pub fn forget_records(&mut self) {
        self.records.clear();
        self.acknowledged_records = 0;
    }

    /// Gives back the memory that a finished direction does not need any more.
    pub fn shrink(&mut self) {
        self.records = VecDeque::new();
        self.acknowledged_records = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_go_on_across_the_wrap() {
        let mut half = Half::default();
        half.begin(Seq(u32::MAX - 1), 0, Origin::Syn);
        assert_eq!(half.position(Seq(u32::MAX)), 1);
        half.max = 1 << 33;
        let number = half.base.plus(((1i64 << 33) + 100) as u32);
        assert_eq!(half.position(number), (1 << 33) + 100);
        assert_eq!(half.position(number.minus(300)), (1 << 33) - 200);
    }

    #[test]
    fn a_half_is_small() {
        assert!(size_of::<Half>() <= 240, "{}", size_of::<Half>());
    }
}
