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
    /// Nanoseconds, of all samples.
    pub least: u64,
    pub smoothed: u64,
    pub variation: u64,
}

impl RoundTrip {
    pub fn sample(&mut self, nanos: u64) {
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
    /// Segment after segment: only of a packet with data.
    Sending,
    /// Data went past uncaptured.
    CaptureGap,
}

/// Nanoseconds by what they were spent on, between the first and the last data of a direction. What nearly all time is
/// spent on stands in one line of the cache, the rest elsewhere.
#[derive(Debug, Default)]
pub(super) struct Budget {
    pub last: Timestamp,
    /// The most octets that were under way at once, as seen here (rule W6).
    pub most_in_flight: u64,
    /// Idle and waiting for acknowledgments since the last data: counts only if more data come.
    idle_since: u64,
    round_trip_since: u64,
    /// Up to the last data.
    idle: u64,
    round_trip: u64,
    sending: u64,
    others: Option<Box<Others>>,
}

/// The same of everything that time is spent on more rarely.
#[derive(Debug, Default)]
struct Others {
    spent: [u64; KINDS],
    since: [u64; KINDS],
}

/// How many things time is spent on.
const KINDS: usize = 7;

impl Budget {
    /// Takes in a packet of the connection, once there were data: the time since the one before goes to `spent`.
    #[inline]
    pub fn pass(&mut self, at: Timestamp, spent: Spent) {
        let nanos = at.nanos_since(self.last);
        self.last = self.last.max(at);
        match spent {
            Spent::Idle => self.idle_since += nanos,
            Spent::RoundTrip => self.round_trip_since += nanos,
            _ if nanos == 0 => {}
            _ => self.others.get_or_insert_default().since[spent as usize] += nanos,
        }
    }

    /// The same of a packet with data that followed the one before at once.
    #[inline]
    fn pass_sending(&mut self, at: Timestamp) {
        self.sending += at.nanos_since(self.last);
        self.last = self.last.max(at);
    }

    /// The packet just passed carried data of this direction.
    #[inline]
    pub fn data(&mut self) {
        self.idle += std::mem::take(&mut self.idle_since);
        self.round_trip += std::mem::take(&mut self.round_trip_since);
        if let Some(others) = self.others.as_deref_mut() {
            for (sum, more) in others.spent.iter_mut().zip(&mut others.since) {
                *sum += std::mem::take(more);
            }
        }
    }

    /// All of it, in the order of [`Spent`].
    pub fn spent(&self) -> [u64; KINDS] {
        let mut spent = self.others.as_deref().map_or([0; KINDS], |others| others.spent);
        spent[Spent::Idle as usize] += self.idle;
        spent[Spent::RoundTrip as usize] += self.round_trip;
        spent[Spent::Sending as usize] += self.sending;
        spent
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
        let knows_window = [RESPONDER, INITIATOR].map(|side| self.connection.halves[side].shift.is_some());
        for side in [INITIATOR, RESPONDER] {
            let half = &mut self.connection.halves[side];
            let brings_data = side == from && carries_data;
            if half.has_data {
                let was = half.was;
                let spent = match () {
                    // A hole that data leave may be a loss of the network; what is acknowledged unseen is one of the capture.
                    () if placed.acknowledged_unseen && side != from => Spent::CaptureGap,
                    () if side == from && placed.is_timeout => Spent::Recovery,
                    () if side == from
                        && placed.is_new_data
                        && was == Spent::RoundTrip
                        && at.nanos_since(half.budget.last) <= quick =>
                    {
                        Spent::Sending
                    }
                    () => was,
                };
                match spent {
                    Spent::Sending if brings_data => half.budget.pass_sending(at),
                    spent => half.budget.pass(at, spent),
                }
            } else if brings_data {
                half.has_data = true;
                half.budget.last = at;
            } else {
                continue;
            }
            if brings_data {
                half.budget.data();
                half.budget.most_in_flight = half.budget.most_in_flight.max(half.in_flight());
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
        let mut budget = Budget { last: at(5), ..Budget::default() };
        budget.pass(at(7), Spent::RoundTrip);
        budget.pass(at(10), Spent::Idle);
        budget.data();
        budget.pass(at(14), Spent::Recovery);
        budget.pass_sending(at(15));
        budget.data();
        budget.pass(at(90), Spent::Idle);
        budget.pass(at(95), Spent::WindowFull);
        assert_eq!(budget.spent().iter().sum::<u64>(), 10 * MS);
        assert_eq!(budget.spent(), [3, 0, 0, 4, 2, 1, 0].map(|spent| spent * MS));
        assert_eq!(size_of::<Budget>(), 64);
    }
}
