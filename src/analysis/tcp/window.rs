//! Windows (rules W1–W6, K7, K11): how much room the receiver offers, and what the sender makes of it.

use super::connection::{INITIATOR, Judge, other};
use super::half::Closed;
use crate::analysis::catalogue::tcp as says;
use crate::analysis::note::{Confidence, Fact};

impl Judge<'_> {
    /// Takes the window of a segment that acknowledges up to `acknowledged`.
    pub fn take_window(&mut self, acknowledged: i64) {
        let segment = self.segment;
        let (packet, at, raw) = (segment.packet, segment.at, segment.window);
        let shift = self.connection.halves[self.from].shift;
        // No segment is larger than a window of this, so most windows need no further look.
        let is_narrow = shift.is_some_and(|shift| u32::from(raw) << shift < u32::from(u16::MAX));
        let (mss, path) = match is_narrow {
            true => (self.connection.mss(other(self.from)), self.connection.round_trip()),
            false => (0, None),
        };
        let half = &mut self.connection.halves[other(self.from)];
        let (before, had) = (half.raw_window, half.has_window);
        let old_window = half.window;
        let was_closed = half.rare.as_deref_mut().and_then(|rare| rare.closed.take_if(|_| raw != 0));
        half.raw_window = raw;
        half.has_window = true;
        half.window = u32::from(raw) << shift.unwrap_or(0);
        let window = half.window;
        let old_edge = half.edge;
        let edge = acknowledged + i64::from(window);
        // Windows are announced in steps of 1 << shift; losing less than a step is rounding (rule W5).
        let slop = 1i64 << shift.unwrap_or(0);
        let shrunk = had && shift.is_some() && edge + slop < old_edge && old_edge > 0;
        half.edge = if shrunk { edge } else { old_edge.max(edge) };
        let begins_closed = raw == 0 && (!had || before != 0) && !half.has_fin();
        if begins_closed {
            let rare = half.rare();
            rare.closed = Some(Closed { packet, at, probes: 0, last_probe: None });
            rare.counts.zero_window_episodes += 1;
        }
        let mut low = None;
        if shift.is_some() && raw != 0 && window < mss && !half.has_fin() && half.has_una && acknowledged > 1 {
            let rare = half.rare();
            let (_, since, said) = rare.low_since.get_or_insert((packet, at, false));
            let wait = at.nanos_since(*since);
            if !*said && path.is_some_and(|path| wait >= path.max(1)) {
                *said = true;
                low = Some(wait);
            }
        } else if let Some(rare) = half.rare.as_deref_mut() {
            rare.low_since = None;
        }
        if let Some(closed) = was_closed {
            let lasted = at.nanos_since(closed.at);
            let rare = half.rare();
            rare.counts.zero_window_nanos += lasted;
            rare.probe = None;
            rare.unanswered_probes = 0;
            let mut note = self.note(&says::WINDOW_UPDATE).by_rule("K7");
            note = note.with("window", Fact::Octets(u64::from(window)));
            note = note
                .with("closed", Fact::Nanos(lasted))
                .with("probes", Fact::Count(u64::from(closed.probes)))
                .with("since", Fact::Packet(closed.packet));
            self.say(note);
        } else if begins_closed {
            let note = self.note(&says::ZERO_WINDOW);
            self.say(note);
        } else if shrunk {
            let note = self.note(&says::WINDOW_SHRUNK).with("octets", Fact::Octets((old_edge - edge) as u64));
            self.say(note);
        } else if had && raw != before && segment.is_bare_ack() && self.is_update_only(acknowledged) {
            if raw > before {
                let scaled = shift.is_some();
                self.say_frequent(&says::WINDOW_UPDATE, |note| note.with("window", window_fact(window, raw, scaled)));
            } else {
                let less = u64::from(old_window.saturating_sub(window));
                self.say_frequent(&says::WINDOW_REDUCED, |note| note.with("octets", Fact::Octets(less)));
            }
        }
        if let Some(wait) = low {
            let note = self
                .note(&says::LOW_WINDOW)
                .with("window", Fact::Octets(u64::from(window)))
                .with("wait", Fact::Nanos(wait));
            self.say(note);
        }
    }

    /// True if the segment moved nothing: neither the acknowledgment nor a selective one, and is no duplicate.
    fn is_update_only(&self, acknowledged: i64) -> bool {
        let half = &self.connection.halves[other(self.from)];
        half.una == acknowledged
            && half.una_packet != self.segment.packet
            && self.segment.sacks.is_empty()
            && half.repeats == 0
    }

    /// Rules W1, W3 and D11: new octets `start..end` against the room announced.
    pub fn window_rules(&mut self, start: i64, end: i64) {
        let from = self.from;
        let [one, two] = &mut self.connection.halves;
        let (half, receiver) = if from == INITIATOR { (one, &*two) } else { (two, &*one) };
        if !half.has_window || !half.has_una {
            return;
        }
        if receiver.shift.is_none() && half.raw_window != 0 {
            let flight = half.max - half.una;
            while half.least_shift < 14 && i64::from(half.raw_window) << half.least_shift < flight {
                half.least_shift += 1;
            }
            return;
        }
        if half.raw_window == 0 && end - start <= 1 {
            return;
        }
        if end == half.edge {
            let (edge, window) = (half.edge, half.window);
            if half.rare().window_full_said != edge {
                half.rare().window_full_said = edge;
                let note = self.note(&says::WINDOW_FULL).with("window", Fact::Octets(u64::from(window)));
                self.say(note);
            }
        } else if end > half.edge && end - i64::from(self.segment.flags.fin()) > half.edge {
            let beyond = (end - half.edge) as u64;
            let is_weak = half.rare.as_deref().is_some_and(|rare| !rare.holes.is_empty());
            let confidence = if is_weak { Confidence::Probable } else { Confidence::Certain };
            let note = self.note(&says::BEYOND_WINDOW).sure(confidence).with("octets", Fact::Octets(beyond));
            self.say(note);
        }
    }

    /// Rule Q7: a small write that left exactly when the delayed acknowledgment of the one before came.
    pub fn nagle(&mut self) {
        let at = self.segment.at;
        let from = self.from;
        let half = &self.connection.halves[from];
        if half.una != half.max - i64::from(self.segment.len) - i64::from(self.segment.flags.fin()) {
            return;
        }
        let Some(record) = half.records.newest_acknowledged() else { return };
        let mss = i64::from(self.connection.mss(from));
        let held_for = record.acknowledged_at.nanos_since(record.first_at);
        let after = at.nanos_since(record.acknowledged_at);
        let back = self.connection.halves[other(from)].round_trip.smoothed;
        let least = half.round_trip.least;
        let is_small = i64::from(self.segment.len) < mss && record.end - record.start < mss;
        if is_small
            && record.sends == 1
            && record.start > 0
            && half.una_packet == record.acknowledged
            && (35_000_000..300_000_000).contains(&held_for)
            && held_for >= least + 30_000_000
            && after <= back + 2_000_000
            && self.connection.halves[other(from)].last_data_at < record.first_at
        {
            let note = self
                .note(&says::NAGLE)
                .sure(Confidence::Probable)
                .with("held", Fact::Nanos(held_for))
                .with("acknowledged", Fact::Packet(record.acknowledged));
            self.say(note);
        }
    }
}

fn window_fact(window: u32, raw: u16, is_scaled: bool) -> Fact {
    if is_scaled { Fact::Octets(u64::from(window)) } else { Fact::Text(format!("raw {raw}, scale unknown").into()) }
}
