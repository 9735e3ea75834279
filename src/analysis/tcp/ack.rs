//! What an acknowledgment says of the other direction (rules K1–K14).

use super::connection::{Judge, other};
use super::half::{FARTHEST, Hole, Origin};
use crate::analysis::catalogue::tcp as says;
use crate::analysis::note::{Confidence, Fact};

/// Longer than this without a second segment, an acknowledgment was delayed on purpose (RFC 9293 §3.8.6.3).
const DELAYED_NANOS: u64 = 40_000_000;
/// The standard asks for less than this (RFC 9293 §3.8.6.3).
const LONGEST_DELAY_NANOS: u64 = 500_000_000;
/// So many acknowledgments of more than two segments are a habit.
const STRETCH_HABIT: u32 = 3;

impl Judge<'_> {
    /// Takes in the acknowledgment, the SACK blocks and the window of a segment that is neither SYN nor RST.
    pub fn acknowledge(&mut self) {
        let segment = self.segment;
        let (packet, at) = (segment.packet, segment.at);
        let half = self.answered();
        if half.origin == Origin::Unknown {
            half.begin(segment.acknowledgment, 1, Origin::Acknowledged);
            half.has_una = true;
            (half.una_packet, half.una_at) = (packet, at);
            self.take_window(1);
            return;
        }
        let acknowledged = half.position(segment.acknowledgment);
        let ahead = acknowledged - half.max;
        if ahead.abs() > FARTHEST {
            let note =
                self.note(&says::IMPOSSIBLE_ACK).with("octets", Fact::Octets(ahead.unsigned_abs())).by_rule("K2");
            self.say(note);
            return;
        }
        if ahead > 0 && !self.beyond_what_was_sent(acknowledged, ahead) {
            return;
        }
        self.holes_acknowledged(acknowledged);
        let half = self.answered();
        if !half.has_una {
            // The first acknowledgment of a direction whose beginning was not seen sets the scene (rule 3.11).
            half.una = acknowledged;
            half.has_una = true;
            (half.una_packet, half.una_at) = (packet, at);
            half.records.count_as_acknowledged(acknowledged);
            self.take_window(acknowledged);
        } else if acknowledged > half.una {
            self.progress(acknowledged);
            self.selective(acknowledged);
            self.take_window(acknowledged);
        } else if acknowledged < half.una {
            let behind = (half.una - acknowledged) as u64;
            let has_duplicate = self.selective(half_una(self));
            if segment.is_bare_ack() && !has_duplicate {
                self.say_frequent(&says::OLD_ACK, |note| note.with("octets", Fact::Octets(behind)));
            }
        } else {
            self.the_same_again(acknowledged);
        }
    }

    /// Rules K1, K2 and 3.11: more is acknowledged than was seen. False if it cannot be.
    fn beyond_what_was_sent(&mut self, acknowledged: i64, ahead: i64) -> bool {
        let segment = self.segment;
        let (packet, at) = (segment.packet, segment.at);
        let half = self.answered();
        if half.origin == Origin::Acknowledged {
            half.max = acknowledged;
            let rare_said = self.connection.odd.as_deref().is_some_and(|odd| odd.one_direction_said);
            if !rare_said {
                self.connection.odd().one_direction_said = true;
                let shown = if self.from == 0 { "A to B" } else { "B to A" };
                let note = self.note(&says::ONE_DIRECTION).by_rule("K1").with("shown", Fact::Word(shown));
                self.say(note);
            }
            return true;
        }
        if half.has_fin() && acknowledged > half.fin + 1 {
            let note = self.note(&says::IMPOSSIBLE_ACK).with("octets", Fact::Octets(ahead as u64));
            self.say(note);
            return false;
        }
        let hole = Hole {
            start: half.max,
            end: acknowledged,
            revealed: packet,
            at,
            identification_before: half.identification,
            identification: half.identification,
            timestamp: None,
            is_older: false,
            acknowledged: Some((packet, at)),
        };
        half.rare().holes.push(hole);
        half.max = acknowledged;
        self.placed.revealed_gap = true;
        self.placed.acknowledged_unseen = true;
        let note = self.note(&says::ACK_UNSEEN).with("octets", Fact::Octets(ahead as u64));
        self.say(note);
        self.burst();
        true
    }

    /// Holes below the acknowledgment were delivered. If they do not turn up soon, the capture missed them.
    fn holes_acknowledged(&mut self, acknowledged: i64) {
        let (packet, at) = (self.segment.packet, self.segment.at);
        if self.answered().holes().is_empty() {
            return;
        }
        let path = self.connection.round_trip().unwrap_or(0);
        let patience = (4 * path).max(1_000_000_000);
        let Some(rare) = self.answered().rare.as_deref_mut() else { return };
        let mut given_up = Vec::new();
        rare.holes.retain_mut(|hole| {
            if hole.end <= acknowledged && hole.acknowledged.is_none() {
                hole.acknowledged = Some((packet, at));
            }
            let waited = hole.acknowledged.is_some_and(|(_, since)| at.nanos_since(since) > patience);
            if waited {
                given_up.push(*hole);
            }
            !waited
        });
        for hole in given_up {
            let side = other(self.from);
            give_up(self.connection, side, hole, self.notes, &mut self.health.delivered_unseen_octets);
        }
    }

    /// Rule K3, with the samples of rules Q1–Q3.
    pub(super) fn progress(&mut self, acknowledged: i64) {
        let segment = self.segment;
        let (packet, at) = (segment.packet, segment.at);
        let half = self.answered();
        let mut delayed = None;
        let covered = half.records.acknowledge(acknowledged, packet, at);
        half.small_passed |= covered.has_small;
        let mut round_trip = None;
        if let Some((start, end, sent_at)) = covered.newest
            && !covered.has_resent
            && start > 0
        {
            let took = at.nanos_since(sent_at);
            let has_handshake = half.round_trip.is_known();
            half.round_trip.sample(took);
            round_trip = Some(took);
            if end == acknowledged
                && covered.segments == 1
                && took >= DELAYED_NANOS.saturating_add(half.round_trip.least)
                && has_handshake
            {
                half.delayed_acks = half.delayed_acks.saturating_add(1);
                delayed = Some((took, half.round_trip.least));
            }
        }
        let mut stretch = None;
        if covered.segments > 2 {
            half.stretch_acks = half.stretch_acks.saturating_add(1);
            // Once may be an acknowledgment that was lost; a habit is said, once.
            stretch = (half.stretch_acks == STRETCH_HABIT).then_some(covered.segments);
        }
        half.una = acknowledged;
        (half.una_packet, half.una_at) = (packet, at);
        half.duplicates = 0;
        half.repeats = 0;
        let mut missing = None;
        if let Some(rare) = half.rare.as_deref_mut() {
            rare.timeouts = 0;
            rare.tail_probe = None;
            rare.unanswered_probes = 0;
            rare.probe = None;
            rare.keep_alive = None;
            rare.sacked.forget_below(acknowledged);
            if let Some(recovery) = rare.recovery {
                if acknowledged >= recovery.point {
                    rare.recovery = None;
                } else if !recovery.is_timeout {
                    missing = Some((recovery.point - acknowledged, recovery.began));
                }
            }
        }
        if round_trip.is_some() {
            self.placed.round_trip = round_trip;
        }
        if let Some((took, least)) = delayed {
            self.say_frequent(&says::DELAYED_ACK, |note| {
                let note =
                    note.sure(Confidence::Probable).with("wait", Fact::Nanos(took)).with("least", Fact::Nanos(least));
                if took - least > LONGEST_DELAY_NANOS {
                    return note.with("beyond", Fact::Word("longer than the 500 ms that the standard allows"));
                }
                note
            });
        }
        if let Some(segments) = stretch {
            let note = self.note(&says::STRETCH_ACK).with("segments", Fact::Count(u64::from(segments)));
            self.say(note);
        }
        if let Some((octets, began)) = missing {
            let note = self
                .note(&says::PARTIAL_ACK)
                .with("octets", Fact::Octets(octets as u64))
                .with("began", Fact::Packet(began));
            self.say(note);
        }
        self.settle_covered(acknowledged);
    }

    /// Takes in SACK blocks; true if the first is a report of a duplicate (rule K8).
    fn selective(&mut self, una: i64) -> bool {
        if self.segment.sacks.is_empty() {
            return false;
        }
        let blocks = self.segment.sacks.clone();
        let acknowledgment = self.segment.acknowledgment;
        let half = self.answered();
        let place = |(left, right)| (half.position(left), half.position(right));
        let ranges: smallvec::SmallVec<[(i64, i64); 4]> = blocks.iter().copied().map(place).collect();
        let first = ranges[0];
        let acknowledged = half.position(acknowledgment);
        let inside_second =
            ranges.get(1).is_some_and(|second| second.0 <= first.0 && first.1 <= second.1 && first != *second);
        let is_duplicate = first.1 > first.0 && (first.1 <= acknowledged || inside_second);
        let skip = usize::from(is_duplicate);
        let max = half.max;
        for (start, end) in ranges.iter().copied().skip(skip) {
            if start < end && end <= max + FARTHEST && start >= una {
                half.rare().sacked.add(start, end);
            }
        }
        if is_duplicate {
            let octets = (first.1 - first.0) as u64;
            let note = self.note(&says::DUPLICATE_ARRIVAL).with("octets", Fact::Octets(octets));
            self.say(note);
            self.settle_duplicate(first.0, first.1);
        }
        is_duplicate
    }

    /// Rules K5–K13: the acknowledgment number is the last one again.
    fn the_same_again(&mut self, acknowledged: i64) {
        let sacked_before =
            self.connection.halves[other(self.from)].rare.as_deref().map_or(0, |rare| rare.sacked.len());
        let is_duplicate_report = self.selective(acknowledged);
        let segment = self.segment;
        let half = &self.connection.halves[other(self.from)];
        let sacked_after = half.rare.as_deref().map_or(0, |rare| rare.sacked.len());
        let (before, now) = (half.raw_window, segment.window);
        let had_window = half.has_window;
        // A probe repeats its acknowledgment too, but it is a question, not an answer.
        let own = &self.connection.halves[self.from];
        let is_probe = own.was_seen() && own.position(segment.sequence) < own.max;
        if !segment.is_bare_ack() || is_probe {
            self.take_window(acknowledged);
            return;
        }
        let at = segment.at;
        let path = self.connection.round_trip().unwrap_or(0);
        let rare = half.rare.as_deref();
        let keep_alive =
            rare.and_then(|rare| rare.keep_alive).filter(|(_, since)| at.nanos_since(*since) <= path + 1_000_000_000);
        let probe = rare.and_then(|rare| rare.probe);
        let challenged = self
            .connection
            .odd
            .as_deref()
            .and_then(|odd| odd.challenge)
            .filter(|(_, offender)| *offender == other(self.from));
        let outstanding = half.max > half.una;
        if let Some((probe, _)) = keep_alive.filter(|_| now == before) {
            self.probe_answered();
            let note = self.note(&says::KEEP_ALIVE_ANSWER).with("probe", Fact::Packet(probe));
            self.say(note);
        } else if let Some((probe, _)) = probe.filter(|_| now == 0) {
            self.probe_answered();
            let note = self.note(&says::WINDOW_PROBE_ANSWER).with("probe", Fact::Packet(probe));
            self.say(note);
        } else if had_window && before == 0 && now > 0 {
            // Rule K7, said by the window rules.
        } else if is_duplicate_report {
            // Rule K8, said with the blocks.
        } else if let Some((challenged, _)) = challenged {
            self.connection.odd().challenge = None;
            let note = self.note(&says::CHALLENGE_ACK).with("challenged", Fact::Packet(challenged));
            self.say(note);
        } else if half.origin == Origin::Acknowledged {
            let half = self.answered();
            half.repeats = half.repeats.saturating_add(1);
            let number = u64::from(half.repeats);
            let note = self
                .note(&says::REPEATED_ACK)
                .by_rule("K13")
                .sure(Confidence::Undecided)
                .with("number", Fact::Count(number))
                .with("why", Fact::Word("the other direction was not captured"));
            self.say(note);
        } else if outstanding && (now == before || sacked_after > sacked_before) {
            self.duplicate_ack();
        } else if now == before {
            let half = self.answered();
            half.repeats = half.repeats.saturating_add(1);
            let number = u64::from(half.repeats);
            self.say_frequent(&says::REPEATED_ACK, |note| {
                note.with("number", Fact::Count(number))
                    .with("why", Fact::Word("nothing was outstanding: no sign of loss"))
            });
        }
        self.take_window(acknowledged);
    }

    fn probe_answered(&mut self) {
        let rare = self.answered().rare();
        rare.unanswered_probes = 0;
        rare.keep_alive = None;
        rare.probe = None;
    }

    /// Rule K10.
    fn duplicate_ack(&mut self) {
        let half = self.answered();
        half.duplicates = half.duplicates.saturating_add(1);
        let (number, una) = (u64::from(half.duplicates), half.una);
        let first_sacked = half.rare.as_deref().and_then(|rare| rare.sacked.iter().next());
        self.say_frequent(&says::DUPLICATE_ACK, |note| {
            let mut note = note.with("number", Fact::Count(number));
            if number == 3 {
                note = note.with("expected", Fact::Word("fast retransmission expected next"));
            }
            match first_sacked {
                Some((start, end)) => note
                    .with("missing", Fact::Octets((start - una) as u64))
                    .with("sacked", Fact::Octets((end - start) as u64)),
                None => note,
            }
        });
    }
}

fn half_una(judge: &Judge<'_>) -> i64 {
    judge.connection.halves[other(judge.from)].una
}

/// A hole that was acknowledged and did not turn up: the capture missed it (rule 3.7.6).
pub(super) fn give_up(
    connection: &mut super::connection::Connection,
    side: super::connection::Side,
    hole: Hole,
    notes: &mut crate::analysis::note::Notes,
    in_all: &mut u64,
) {
    let octets = (hole.end - hole.start) as u64;
    if !hole.is_older {
        connection.halves[side].rare().counts.delivered_unseen_octets += octets;
        *in_all += octets;
    }
    let Some((acknowledged, _)) = hole.acknowledged.filter(|_| !hole.is_older) else { return };
    // Of a hole that only the acknowledgment showed, everything was said when it did.
    if acknowledged != hole.revealed {
        let note = crate::analysis::note::Note::new(&says::DELIVERED_UNSEEN, hole.revealed, hole.at)
            .in_connection(connection.id)
            .with("octets", Fact::Octets(octets))
            .with("acknowledged", Fact::Packet(acknowledged));
        connection.count(&says::DELIVERED_UNSEEN, 1);
        notes.say(note);
    }
}
