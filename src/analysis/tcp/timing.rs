//! Round trips, timeouts, and where the time went (rules Q1–Q7).

use super::connection::{INITIATOR, Judge, RESPONDER};
use super::least_round_trip;
use crate::base::Timestamp;
use crate::base::limits::{TCP_INITIAL_TIMEOUT_NANOS, TCP_LEAST_TIMEOUT_NANOS, TCP_LONGEST_TIMEOUT_NANOS};

/// Round trips from the capture point to one side and back, smoothed as RFC 6298 §2 says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RoundTrip {
    pub samples: u32,
    /// True if the first sample came from the handshake, which no delayed ACK can inflate.
    pub from_handshake: bool,
    /// Nanoseconds, of the last sample and of all.
    pub newest: u64,
    pub least: u64,
    pub smoothed: u64,
    pub variation: u64,
}

impl RoundTrip {
    pub fn sample(&mut self, nanos: u64) {
        self.newest = nanos;
        if self.samples == 0 {
            (self.least, self.smoothed, self.variation) = (nanos, nanos, nanos / 2);
        } else {
            self.least = self.least.min(nanos);
            self.variation = (3 * self.variation + self.smoothed.abs_diff(nanos)) / 4;
            self.smoothed = (7 * self.smoothed + nanos) / 8;
        }
        self.samples = self.samples.saturating_add(1);
    }

    pub fn is_known(&self) -> bool {
        self.samples > 0
    }
}

/// What a sender's retransmission timer is about (rule Q5): both halves of the path together.
pub(super) fn timeout(one: &RoundTrip, other: &RoundTrip) -> u64 {
    if !one.is_known() && !other.is_known() {
        return TCP_INITIAL_TIMEOUT_NANOS;
    }
    let smoothed = one.smoothed + other.smoothed;
    let variation = one.variation + other.variation;
    (smoothed + (4 * variation).max(TCP_LEAST_TIMEOUT_NANOS)).min(TCP_LONGEST_TIMEOUT_NANOS)
}

/// The full path's smoothed round trip, if anything is known of it.
pub(super) fn full_path(one: &RoundTrip, other: &RoundTrip) -> Option<u64> {
    (one.is_known() || other.is_known()).then(|| one.smoothed + other.smoothed)
}

/// What a stretch of time was spent on (rule Q6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Spent {
    /// All acknowledged, window open, nothing sent: the program had nothing to say.
    Idle,
    /// The receiver's window was closed.
    ReceiverClosed,
    /// All of the window was used.
    WindowFull,
    /// A loss was being repaired.
    Recovery,
    /// Data were under way, and nothing else held the sender back: congestion window or pacing.
    RoundTrip,
    /// Segment after segment.
    Sending,
    /// Data went past uncaptured.
    CaptureGap,
}

/// Nanoseconds by what they were spent on, between the first and the last data of a direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Budget {
    /// Up to the last data.
    pub spent: [u64; 7],
    /// Since the last data: counts only if more data come.
    since: [u64; 7],
    pub last: Timestamp,
    pub has_data: bool,
    /// The most octets that were under way at once, as seen here (rule W6).
    pub most_in_flight: u64,
}

impl Budget {
    /// Takes in a packet of the connection: the time since the one before goes to `spent`.
    pub fn pass(&mut self, at: Timestamp, spent: Spent) {
        if self.has_data {
            self.since[spent as usize] += at.nanos_since(self.last);
            self.last = self.last.max(at);
        }
    }

    /// The packet just passed carried data of this direction.
    pub fn data(&mut self, at: Timestamp) {
        if !self.has_data {
            (self.last, self.has_data) = (at, true);
        }
        for (sum, more) in self.spent.iter_mut().zip(&mut self.since) {
            *sum += std::mem::take(more);
        }
    }
}

impl Judge<'_> {
    /// Rule Q6: the time since the connection's last packet goes to what each direction was doing meanwhile.
    pub(super) fn spend(&mut self) {
        let at = self.segment.at;
        let from = self.from;
        let placed = self.placed;
        let carries_data = self.segment.len > 0 && placed.offset.is_some();
        // Only new data of a sender that waited for acknowledgments is asked whether it came quickly.
        let may_be_quick = placed.is_new_data && self.connection.halves[from].was == Spent::RoundTrip;
        let least = if may_be_quick { least_round_trip(self.connection) } else { None };
        let quick = least.map_or(1_000_000, |least| (least / 4).max(50_000));
        for side in [INITIATOR, RESPONDER] {
            let half = &mut self.connection.halves[side];
            let begins = side == from && carries_data && half.budget.is_none();
            if begins {
                half.budget = Some(Box::default());
            }
            let was = half.was;
            let in_flight = half.in_flight();
            let Some(budget) = half.budget.as_deref_mut() else { continue };
            let spent = match () {
                // A hole that data leave may be a loss of the network; what is acknowledged unseen is one of the capture.
                () if placed.acknowledged_unseen && side != from => Spent::CaptureGap,
                () if side == from && placed.is_timeout => Spent::Recovery,
                () if side == from
                    && placed.is_new_data
                    && was == Spent::RoundTrip
                    && at.nanos_since(budget.last) <= quick =>
                {
                    Spent::Sending
                }
                () => was,
            };
            budget.pass(at, spent);
            if side == from && carries_data {
                budget.data(at);
                budget.most_in_flight = budget.most_in_flight.max(in_flight);
            }
        }
        let knows_window = [RESPONDER, INITIATOR].map(|side| self.connection.halves[side].shift.is_some());
        for side in [INITIATOR, RESPONDER] {
            let half = &mut self.connection.halves[side];
            if half.budget.is_none() {
                continue;
            }
            let is_recovering = half.recovery().is_some();
            half.was = match () {
                () if half.has_window && half.raw_window == 0 => Spent::ReceiverClosed,
                () if is_recovering => Spent::Recovery,
                () if half.flight() > 0 && half.max >= half.edge && knows_window[side] => Spent::WindowFull,
                () if half.flight() > 0 => Spent::RoundTrip,
                () => Spent::Idle,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn q5_the_timeout_has_a_floor_and_grows_with_variation() {
        let mut near = RoundTrip::default();
        assert_eq!(timeout(&near, &RoundTrip::default()), 1000 * MS);
        near.sample(10 * MS);
        assert_eq!(timeout(&near, &RoundTrip::default()), 210 * MS);
        near.sample(400 * MS);
        assert!(timeout(&near, &RoundTrip::default()) > 400 * MS);
    }

    #[test]
    fn q6_every_moment_is_spent_once_and_only_up_to_the_last_data() {
        let at = |ms: u64| Timestamp::from_nanos(ms * MS);
        let mut budget = Budget::default();
        budget.pass(at(0), Spent::Idle);
        budget.data(at(5));
        budget.pass(at(7), Spent::RoundTrip);
        budget.pass(at(10), Spent::Idle);
        budget.data(at(10));
        budget.pass(at(90), Spent::Idle);
        assert_eq!(budget.spent.iter().sum::<u64>(), 5 * MS);
        assert_eq!(budget.spent[Spent::RoundTrip as usize], 2 * MS);
    }
}
