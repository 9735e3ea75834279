//! One direction of a connection: what its sender sent and what the other side said of it (rules, 3.0).
//!
//! Positions count octets from the sender's first sequence number, unwrapped to 64 bits: the SYN is at 0, the first
//! octet of data at 1. Without a SYN the first segment seen is at 1.

use super::pending::Pending;
use super::ranges::Ranges;
use super::records::{Record, Records};
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
///
/// A segment needs nearly all of it: what counts is how many lines of the cache that is. Hence the order, which leaves no
/// gaps, and no pointer to what most directions have.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Half {
    /// The highest position sent, not included.
    pub max: i64,
    /// The highest acknowledgment by the receiver.
    pub una: i64,
    /// The largest acknowledgment + window ever announced by the receiver.
    pub edge: i64,
    /// Position of the FIN, or [`NOWHERE`].
    pub fin: i64,
    /// The wire's number of position 0.
    pub base: Seq,
    /// The receiver's last window in octets, if its scale is known.
    pub window: u32,
    /// The same as it stood.
    pub raw_window: u16,
    /// Largest segment that the sender may send: what the receiver announced; 0 if unknown.
    pub mss: u16,
    pub origin: Origin,
    pub has_una: bool,
    /// True once the receiver announced a window outside a SYN, or in one if nothing is scaled.
    pub has_window: bool,
    /// What the sender was doing since the connection's last packet.
    pub was: Spent,
    /// True once it sent data: time is spent from then on.
    pub has_data: bool,
    /// True while the first segment of a direction is judged of which only acknowledgments were seen before.
    pub is_first_segment: bool,
    /// True once a small segment with data was acknowledged: what is small gets through.
    pub small_passed: bool,
    pub has_timestamp: bool,
    pub rare: Option<Box<Rare>>,
    /// Segments sent lately: those not acknowledged, and some before them.
    pub records: Records,
    /// Packets counted, data octets in them, and octets of the stream.
    pub payload_octets: u64,
    pub packets: u32,
    /// What the sender's last segment acknowledged.
    pub last_acknowledgment: Seq,
    /// The last segment's packet.
    pub last_packet: u64,
    /// The last new data.
    pub last_data_at: Timestamp,
    pub last_data_packet: u64,
    /// The acknowledgment that moved `una` last.
    pub una_packet: u64,
    pub una_at: Timestamp,
    pub budget: Budget,
    pub round_trip: RoundTrip,
    /// The last timestamp value sent.
    pub timestamp: u32,
    /// Acknowledgments that the receiver held back, and those of more than two segments: no trouble, and frequent.
    pub delayed_acks: u32,
    pub stretch_acks: u32,
    /// Duplicate ACKs since `una` last moved.
    pub duplicates: u16,
    /// The same ACK again with nothing outstanding.
    pub repeats: u16,
    /// Identification of the last packet in order, and how many steps in a row went up by 1 to 64.
    pub identification: u16,
    pub identification_run: u8,
    pub hop_limit: u8,
    /// Shift of the windows that the sender of this direction announces, if known.
    pub shift: Option<u8>,
    /// Smallest shift of the receiver's windows that fits what was in flight (rule W1).
    pub least_shift: u8,
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
            max: 0,
            una: 0,
            edge: 0,
            fin: NOWHERE,
            base: Seq(0),
            window: 0,
            raw_window: 0,
            mss: 0,
            origin: Origin::Unknown,
            has_una: false,
            has_window: false,
            was: Spent::Idle,
            has_data: false,
            is_first_segment: false,
            small_passed: false,
            has_timestamp: false,
            rare: None,
            records: Records::default(),
            payload_octets: 0,
            packets: 0,
            last_acknowledgment: Seq(0),
            last_packet: 0,
            last_data_at: Timestamp::ZERO,
            last_data_packet: 0,
            una_packet: 0,
            una_at: Timestamp::ZERO,
            budget: Budget::default(),
            round_trip: RoundTrip::default(),
            timestamp: 0,
            delayed_acks: 0,
            stretch_acks: 0,
            duplicates: 0,
            repeats: 0,
            identification: 0,
            identification_run: 0,
            hop_limit: 0,
            shift: None,
            least_shift: 0,
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
    #[inline]
    pub fn remember(&mut self, record: &Record) {
        let history = if self.rare.is_some() { TCP_HISTORY } else { TCP_SHORT_HISTORY };
        self.records.add(record, history);
    }

    /// Gives back the memory that a finished direction does not need any more.
    pub fn shrink(&mut self) {
        self.records = Records::default();
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
        assert!(size_of::<Half>() <= 288, "{}", size_of::<Half>());
    }
}
