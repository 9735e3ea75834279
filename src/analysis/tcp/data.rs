//! What a data segment is (rules D1–D31): new, late, or again, and why.
//!
//! The first question is where it lies: beyond everything seen (new), in a hole (late or resent), or on octets seen
//! before (resent). The evidence for the second and the cause of the third are in [`super::evidence`].

use super::connection::{INITIATOR, Judge, RESPONDER, other};
use super::half::{FARTHEST, Hole, NOWHERE, Origin};
use super::records::Record;
use crate::analysis::catalogue::tcp as says;
use crate::analysis::note::{Confidence, Fact};
use crate::base::Timestamp;

/// The most that the largest Ethernet frames in use (9216 octets) carry of TCP.
const LARGEST_JUMBO_LEN: u32 = 9216 - 40;
/// Full segments on Ethernet: with and without timestamps, in IPv4 and IPv6.
const USUAL_LENS: [u32; 4] = [1460, 1448, 1440, 1428];

impl Judge<'_> {
    /// Judges what the segment says of its own direction: anything but SYN and RST.
    pub fn data(&mut self) {
        let (sequence, len, fin) = (self.segment.sequence, i64::from(self.segment.len), self.segment.flags.fin());
        self.sent().is_first_segment = self.sent().origin == Origin::Acknowledged;
        match self.sent().origin {
            Origin::Unknown => {
                self.sent().begin(sequence, 1, Origin::FirstSeen);
            }
            // The other side acknowledged octets of this direction before any of it was seen.
            Origin::Acknowledged => self.sent().origin = Origin::FirstSeen,
            Origin::FirstSeen | Origin::Syn => {}
        }
        let half = &self.connection.halves[self.from];
        let start = half.position(sequence);
        let end = start + len + i64::from(fin);
        let max = half.max;
        if (start - max).abs() > FARTHEST {
            let note = self.note(&says::IMPOSSIBLE_NUMBER).with("distance", Fact::Octets((start - max).unsigned_abs()));
            self.say(note);
            return;
        }
        if start == end {
            self.without_data(start);
        } else if len == 1 && !fin && start == max - 1 {
            self.one_octet_at_the_edge(start);
        } else if start >= max {
            self.new_data(start, end);
        } else if end > max {
            self.partly_new(start, end);
        } else {
            self.below(start, end);
        }
        if len > 0 {
            self.data_facts();
        }
    }

    /// Rules D1–D6.
    fn without_data(&mut self, start: i64) {
        let half = &self.connection.halves[self.from];
        let max = half.max;
        if start == max {
            self.in_order_marks();
            return;
        }
        if start > max {
            self.open_hole(max, start, "D6");
            self.sent().max = start;
            self.placed.revealed_gap = true;
            return;
        }
        if start < max - 1 || half.is_fin_acknowledged() {
            return;
        }
        let receiver_closed = half.has_window && half.raw_window == 0;
        let acknowledged = half.has_una && half.una == max;
        if receiver_closed {
            self.window_probe("D2");
        } else if acknowledged {
            self.keep_alive("D3", None);
        } else if half.has_una && half.una < max && !half.has_fin() {
            let outstanding = (max - half.una) as u64;
            let note = self.note(&says::PROBE_OUTSTANDING).with("octets", Fact::Octets(outstanding));
            self.say(note);
        }
    }

    /// Rules D7–D10.
    fn one_octet_at_the_edge(&mut self, start: i64) {
        let at = self.segment.at;
        let half = &self.connection.halves[self.from];
        let (max, una, has_una) = (half.max, half.una, half.has_una);
        let closed = half.has_window && half.raw_window == 0;
        if closed && una <= start {
            self.window_probe("D7");
            self.resent_octets(start, max);
            return;
        }
        if !has_una || una < max {
            self.below(start, max);
            return;
        }
        let record = half.records.last().filter(|record| record.end == max);
        let same = record.and_then(|record| {
            let kept = self.contents.find(record.content, (start - record.start) as usize, 1)?;
            Some(kept.first() == self.segment.payload.first())
        });
        let was_one_octet =
            record.is_some_and(|record| record.start == start && at.nanos_since(record.at) < 1_000_000_000);
        if was_one_octet && same != Some(false) {
            self.below(start, max);
        } else {
            let filler = self.segment.payload.first().copied();
            self.keep_alive("D8", filler);
        }
    }

    fn keep_alive(&mut self, rule: &'static str, filler: Option<u8>) {
        let (packet, at) = (self.segment.packet, self.segment.at);
        let rare = self.sent().rare();
        rare.keep_alive = Some((packet, at));
        rare.unanswered_probes = rare.unanswered_probes.saturating_add(1);
        let mut note = self.note(&says::KEEP_ALIVE).by_rule(rule);
        if let Some(filler) = filler {
            note = note.with("filler", Fact::Count(u64::from(filler)));
        }
        self.say(note);
    }

    /// A question for room: rules D2, D7, D11 and D22.
    fn window_probe(&mut self, rule: &'static str) {
        let (packet, at) = (self.segment.packet, self.segment.at);
        let rare = self.sent().rare();
        rare.probe = Some((packet, at));
        rare.unanswered_probes = rare.unanswered_probes.saturating_add(1);
        rare.counts.window_probes += 1;
        let mut note = None;
        if let Some(closed) = &mut rare.closed {
            closed.probes += 1;
            let wait = closed.last_probe.replace(at).unwrap_or(closed.at);
            note = Some((u64::from(closed.probes), at.nanos_since(wait)));
        }
        let (number, wait) = note.unwrap_or((1, 0));
        let mut note = self.note(&says::WINDOW_PROBE).by_rule(rule).with("number", Fact::Count(number));
        if wait > 0 {
            note = note.with("wait", Fact::Nanos(wait));
        }
        self.say(note);
    }

    /// Rules D11, D12 and D14: everything lies beyond what was seen.
    fn new_data(&mut self, start: i64, end: i64) {
        let half = &self.connection.halves[self.from];
        let max = half.max;
        if half.has_fin() && !self.fits_fin(start, end) {
            return;
        }
        if start > max {
            self.open_hole(max, start, "D12");
            self.placed.revealed_gap = true;
        } else {
            self.in_order_marks();
        }
        let half = &self.connection.halves[self.from];
        let is_probe = half.has_window
            && half.raw_window == 0
            && end - start == 1
            && self.segment.len == 1
            && half.rare.as_deref().is_some_and(|rare| rare.closed.is_some());
        self.take(start, end);
        if is_probe {
            self.window_probe("D11");
        }
    }

    /// Rules T6 and D14 where a FIN is known: false if the segment contradicts it.
    fn fits_fin(&mut self, start: i64, end: i64) -> bool {
        let fin = self.connection.halves[self.from].fin;
        let packet = self.connection.closing().fins[self.from];
        let data_end = start + i64::from(self.segment.len);
        if self.segment.len > 0 && data_end > fin {
            let beyond = (data_end - start.max(fin)) as u64;
            let note =
                self.note(&says::DATA_AFTER_FIN).with("octets", Fact::Octets(beyond)).with("fin", Fact::Packet(packet));
            self.say(note);
            self.connection.odd().challenge = Some((self.segment.packet, self.from));
            return false;
        }
        if self.segment.flags.fin() && end - 1 != fin {
            let distance = (end - 1 - fin).unsigned_abs();
            let note =
                self.note(&says::SECOND_FIN).with("distance", Fact::Octets(distance)).with("fin", Fact::Packet(packet));
            self.say(note);
            return false;
        }
        true
    }

    /// Takes new octets into the direction's account.
    pub(super) fn take(&mut self, start: i64, end: i64) {
        let content = self.contents.keep(self.segment.payload);
        let segment = self.segment;
        let (packet, at) = (segment.packet, segment.at);
        let half = &mut self.connection.halves[self.from];
        half.remember(&Record {
            start,
            end,
            packet,
            first_at: at,
            at,
            content,
            captured: segment.payload.len() as u32,
            timestamp: segment.timestamps.map_or(0, |(value, _)| value),
            acknowledged: 0,
            acknowledged_at: Timestamp::ZERO,
            sends: 1,
        });
        let before = half.max;
        half.max = half.max.max(end);
        if segment.flags.fin() && half.fin == NOWHERE {
            half.fin = end - 1;
        }
        if segment.len > 0 {
            half.last_data_at = at;
            half.last_data_packet = packet;
            self.placed.offset = Some(start - 1);
            self.placed.is_new_data = true;
            self.window_rules(start.max(before), end);
        }
    }

    /// Rule D13: octets seen before and new ones in one segment.
    fn partly_new(&mut self, start: i64, end: i64) {
        let max = self.connection.halves[self.from].max;
        if self.connection.halves[self.from].has_fin() && !self.fits_fin(start, end) {
            return;
        }
        if start < 1 && max <= 1 {
            // Only the SYN's number lies below: nothing of the data was seen.
            self.new_data(start, end);
            return;
        }
        let is_fin_alone = self.segment.flags.fin() && end - 1 == max;
        self.below(start, max);
        if !is_fin_alone || self.segment.len > 0 {
            let new = (start + i64::from(self.segment.len) - max).max(0) as u64;
            if new > 0 {
                let note = self.note(&says::PARTLY_NEW).with("octets", Fact::Octets(new));
                self.say(note);
            }
        }
        self.take_tail(max, end, (max - start) as usize);
        self.placed.is_new_data = true;
    }

    /// The part of a segment from `start` on, which lies `skip` octets inside it, is new.
    fn take_tail(&mut self, start: i64, end: i64, skip: usize) {
        let segment = self.segment;
        let tail = segment.payload.get(skip..).unwrap_or_default();
        let content = self.contents.keep(tail);
        let half = &mut self.connection.halves[self.from];
        half.remember(&Record {
            start,
            end,
            packet: segment.packet,
            first_at: segment.at,
            at: segment.at,
            content,
            captured: tail.len() as u32,
            timestamp: segment.timestamps.map_or(0, |(value, _)| value),
            acknowledged: 0,
            acknowledged_at: Timestamp::ZERO,
            sends: 1,
        });
        half.max = end;
        if segment.flags.fin() && half.fin == NOWHERE {
            half.fin = end - 1;
        }
        half.last_data_at = segment.at;
        half.last_data_packet = segment.packet;
        self.window_rules(start, end);
    }

    /// Everything lies below what was seen: in a hole, or again.
    fn below(&mut self, start: i64, end: i64) {
        let half = &self.connection.halves[self.from];
        if half.rare.as_deref().is_some_and(|rare| end <= rare.refused_up_to && start >= 1) {
            // Data that a refused Fast Open SYN carried (rule H9): this is their first regular sending.
            self.placed.offset = Some(start - 1);
            self.placed.is_new_data = true;
            return;
        }
        if self.segment.len > 0 {
            self.placed.offset = Some(start - 1);
        }
        if half.has_fin() && self.segment.flags.fin() && half.fin != start + i64::from(self.segment.len) {
            self.fits_fin(start, start + self.segment.sequence_len());
            return;
        }
        let hole = half.holes().iter().find(|hole| hole.start < end && hole.end > start).copied();
        match hole {
            Some(hole) => {
                // The oldest octets give the segment its name (rule D13).
                if start < hole.start && start >= half.records.start().unwrap_or(i64::MAX) {
                    self.again(start, hole.start);
                } else {
                    self.fill(hole, start, end);
                }
                self.close_holes(start, end);
            }
            // Numbers from before the capture began: nobody knows whether they were sent before (rule 3.11).
            None if half.origin == Origin::FirstSeen && start < 1 => {
                let note = self
                    .note(&says::LATE_OR_RESENT)
                    .with("revealed", Fact::Packet(self.connection.first_packet))
                    .with("wait", Fact::Nanos(self.segment.at.nanos_since(self.connection.first_at)));
                self.say(note.sure(crate::analysis::note::Confidence::Undecided));
            }
            None => self.again(start, end),
        }
    }

    /// Notes a hole: `from..to` was skipped.
    fn open_hole(&mut self, from: i64, to: i64, rule: &'static str) {
        let segment = self.segment;
        let (packet, at) = (segment.packet, segment.at);
        let half = &mut self.connection.halves[self.from];
        let is_older = half.is_first_segment;
        let hole = Hole {
            start: from,
            end: to,
            revealed: packet,
            at,
            identification_before: half.identification,
            identification: segment.identification,
            timestamp: segment.timestamps.map(|(value, _)| value),
            is_older,
            acknowledged: None,
        };
        let holes = &mut half.rare().holes;
        if holes.len() >= crate::base::limits::MAX_TCP_RANGES {
            holes.remove(0);
        }
        holes.push(hole);
        if segment.identification != 0 {
            half.identification = segment.identification;
        }
        if is_older {
            return;
        }
        let note = self.note(&says::HOLE).by_rule(rule).with("octets", Fact::Octets((to - from) as u64));
        self.say(note);
        self.burst();
    }

    /// Takes `start..end` out of the holes, and remembers it as seen.
    fn close_holes(&mut self, start: i64, end: i64) {
        let content = self.contents.keep(self.segment.payload);
        let segment = self.segment;
        let half = &mut self.connection.halves[self.from];
        let Some(rare) = half.rare.as_deref_mut() else { return };
        let mut filled = Vec::new();
        let mut left = Vec::with_capacity(rare.holes.len());
        for hole in rare.holes.drain(..) {
            let (low, high) = (hole.start.max(start), hole.end.min(end));
            if low >= high {
                left.push(hole);
                continue;
            }
            filled.push((low, high));
            if hole.start < low {
                left.push(Hole { end: low, ..hole });
            }
            if high < hole.end {
                left.push(Hole { start: high, ..hole });
            }
        }
        rare.holes = left;
        for (low, high) in filled {
            let data_end = start + i64::from(segment.len);
            let captured = (segment.payload.len() as i64 - (low - start)).clamp(0, high.min(data_end) - low);
            half.remember(&Record {
                start: low,
                end: high,
                packet: segment.packet,
                first_at: segment.at,
                at: segment.at,
                content: content + (low - start) as u64,
                captured: captured as u32,
                timestamp: segment.timestamps.map_or(0, |(value, _)| value),
                acknowledged: 0,
                acknowledged_at: Timestamp::ZERO,
                // A late first copy or a second one: never a sample of the round trip (rule Q2).
                sends: 2,
            });
        }
        if segment.flags.fin() && half.fin == NOWHERE {
            half.fin = end - 1;
        }
    }

    /// Marks of an in-order segment that later evidence compares with.
    pub(super) fn in_order_marks(&mut self) {
        let (identification, timestamps, hop_limit) =
            (self.segment.identification, self.segment.timestamps, self.segment.hop_limit);
        let half = self.sent();
        if identification != 0 {
            let step = identification.wrapping_sub(half.identification);
            half.identification_run =
                if (1..=64).contains(&step) { half.identification_run.saturating_add(1) } else { 0 };
            half.identification = identification;
        }
        if let Some((value, _)) = timestamps {
            half.timestamp = value;
            half.has_timestamp = true;
        }
        half.hop_limit = hop_limit;
    }

    /// Facts that hold beside any label: giants, and data behind the other side's FIN.
    fn data_facts(&mut self) {
        let from = self.from;
        let mss = self.connection.mss(from);
        let knows_mss = self.connection.offers[other(from)].is_known;
        if self.segment.len > mss && mss > 0 && (knows_mss || self.is_giant()) {
            self.health.aggregated += 1;
            let mut note = self
                .note(&says::AGGREGATED)
                .with("octets", Fact::Octets(u64::from(self.segment.len)))
                .with("mss", Fact::Octets(u64::from(mss)))
                .with("segments", Fact::Count(u64::from(self.segment.len.div_ceil(mss))));
            if !knows_mss {
                note = note.sure(Confidence::Probable).with("guess", Fact::Word("as far as Ethernet carries"));
            }
            self.say(note);
        }
        if self.placed.is_new_data && self.connection.halves[other(from)].has_fin() {
            self.half_close();
        }
    }

    /// Rule P4 where the handshake was not captured: no Ethernet frame carries so much, or it is a whole number of the
    /// usual full segments. What stays within one host has no link that could limit it.
    fn is_giant(&self) -> bool {
        let len = self.segment.len;
        let is_local = [INITIATOR, RESPONDER].iter().all(|side| self.connection.socket(*side).ip().is_loopback());
        !is_local
            && (len > LARGEST_JUMBO_LEN || USUAL_LENS.iter().any(|usual| len > *usual && len.is_multiple_of(*usual)))
    }
}
