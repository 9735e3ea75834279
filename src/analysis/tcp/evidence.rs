//! Why octets pass a second time, or late (rules D15–D31), and whether they are the same octets (3.7.5).

use super::connection::{Judge, other};
use super::half::{Hole, Recovery};
use super::pending::Pending;
use super::records::Record;
use crate::analysis::catalogue::{Entry, tcp as says};
use crate::analysis::note::{Confidence, Fact, Note};

const MS: u64 = 1_000_000;

impl Judge<'_> {
    /// Rules D15–D21: a segment that fills (a part of) `hole`. Reordered on the way, or the second copy of a lost one?
    pub fn fill(&mut self, hole: Hole, start: i64, end: i64) {
        let segment = self.segment;
        let from = self.from;
        let delay = segment.at.nanos_since(hole.at);
        let half = &self.connection.halves[from];
        let back = &self.connection.halves[other(from)];
        // The way from here to the sender and back: it cannot know of a loss earlier.
        let towards_sender = back.round_trip;
        let asked =
            half.duplicates >= 3 || half.rare.as_deref().is_some_and(|rare| rare.sacked.count_above(hole.end) > 0);
        let answered_since = back.last_packet > hole.revealed;
        let climbs = half.identification_run >= 8 && segment.identification != 0;
        let after = segment.identification.wrapping_sub(hole.identification) as i16;
        let before = segment.identification.wrapping_sub(hole.identification_before) as i16;
        let timestamp = segment.timestamps.map(|(value, _)| value).zip(hole.timestamp);
        let age = timestamp.map_or(0, |(value, revealed)| value.wrapping_sub(revealed) as i32);
        let path = self.connection.round_trip();

        if let Some((packet, at)) = hole.acknowledged {
            let since = segment.at.nanos_since(at);
            let near = half.round_trip;
            let limit = if near.is_known() { near.least.min(5 * MS) } else { 5 * MS };
            if since < limit || since == 0 {
                self.sent().rare().counts.captured_late += 1;
                self.health.captured_late += 1;
                let note = self
                    .note(&says::CAPTURED_LATE)
                    .with("acknowledged", Fact::Packet(packet))
                    .with("wait", Fact::Nanos(since));
                self.say(note);
            } else {
                self.resent_octets(start, end);
                self.sent().rare().counts.unneeded_segments += 1;
                let note = self
                    .note(&says::UNNEEDED)
                    .by_rule("D17")
                    .with("octets", Fact::Octets((end - start) as u64))
                    .with("proof", Fact::Word("acknowledged before, the first copy was not captured"))
                    .with("acknowledged", Fact::Packet(packet))
                    .with("wait", Fact::Nanos(since));
                self.say(note);
            }
            return;
        }
        let reordered = |evidence, rule, confidence| Some((false, evidence, rule, confidence));
        let resent = |evidence, rule, confidence| Some((true, evidence, rule, confidence));
        use Confidence::{Certain, Probable};
        let verdict = if climbs && after > 0 {
            resent("its IP identification comes after that of the packet that left the hole", "D15", Certain)
        } else if climbs && before > 0 {
            reordered("its IP identification lies between its neighbours'", "D15", Certain)
        } else if age < 0 {
            reordered("its timestamp is older than that of the packet that left the hole", "D16", Certain)
        } else if age > 0 {
            resent("its timestamp is newer than that of the packet that left the hole", "D16", Certain)
        } else if towards_sender.is_known() && delay < towards_sender.least {
            reordered("the sender could not know of a loss yet", "D18", Probable)
        } else if !answered_since && delay < 200 * MS {
            reordered("no acknowledgment passed that could have asked for it", "D18", Probable)
        } else if asked && (!towards_sender.is_known() || delay >= towards_sender.least) {
            resent("duplicate ACKs or SACK asked for it before", "D19", Probable)
        } else if delay >= (200 * MS).max(2 * path.unwrap_or(0)) {
            resent("it came as late as after a timeout", "D20", Probable)
        } else {
            None
        };
        let (entry, note) = match verdict {
            Some((false, evidence, rule, confidence)) => {
                self.sent().rare().counts.out_of_order += 1;
                let note = self.note(&says::OUT_OF_ORDER).with("evidence", Fact::Word(evidence));
                (&says::OUT_OF_ORDER, note.by_rule(rule).sure(confidence))
            }
            Some((true, evidence, rule, confidence)) => {
                self.resent_octets(start, end);
                let note = self
                    .note(&says::FIRST_COPY_LOST)
                    .with("octets", Fact::Octets((end - start) as u64))
                    .with("evidence", Fact::Word(evidence));
                (&says::FIRST_COPY_LOST, note.by_rule(rule).sure(confidence))
            }
            None => {
                self.sent().rare().counts.undecided += 1;
                (&says::LATE_OR_RESENT, self.note(&says::LATE_OR_RESENT).sure(Confidence::Undecided))
            }
        };
        let mut note = note.with("revealed", Fact::Packet(hole.revealed)).with("wait", Fact::Nanos(delay));
        if std::ptr::eq(entry, &says::FIRST_COPY_LOST) {
            let duplicates = u64::from(self.connection.halves[from].duplicates);
            if duplicates > 0 {
                note = note.with("duplicates", Fact::Count(duplicates));
            }
        }
        self.say(note);
    }

    /// Octets that pass again are counted, and their records marked, so that they give no sample (rule Q2).
    pub fn resent_octets(&mut self, start: i64, end: i64) {
        let at = self.segment.at;
        let len = self.segment.len;
        self.placed.is_resent = true;
        let half = self.sent();
        let range = half.records.overlapping(start, end);
        half.records.resent(range, at);
        if len > 0 {
            let counts = &mut half.rare().counts;
            counts.retransmitted_segments += 1;
            counts.retransmitted_octets += (end - start).min(i64::from(len)).max(0) as u64;
        }
    }

    /// Rules D22–D31: octets that were seen before, wholly.
    pub fn again(&mut self, start: i64, end: i64) {
        let from = self.from;
        let at = self.segment.at;
        let half = &self.connection.halves[from];
        let range = half.records.overlapping(start, end);
        // The part of the segment that decides: what is not acknowledged yet, if there is any.
        let records = || half.records.range(range.clone());
        let first = records().next();
        let last_sent = records().map(|record| record.at).max();
        let wait = at.nanos_since(last_sent.unwrap_or(half.last_data_at));
        self.compare(start, first);

        if self.segment.flags.fin() && self.segment.len == 0 && !self.is_unneeded(start, end) {
            let packet = self.connection.closing().fins[from];
            let note = self
                .note(&says::FIN_RETRANSMISSION)
                .with("wait", Fact::Nanos(wait))
                .with("first", Fact::Packet(packet));
            self.resent_octets(start, end);
            self.hold(note, start, end, first);
            return;
        }
        let half = &self.connection.halves[from];
        if half.has_una && half.has_window && half.raw_window == 0 && start == half.una && end - start <= 1 {
            self.window_probe_again(start, end);
            return;
        }
        if self.is_unneeded(start, end) {
            self.unneeded(start, end, first);
            return;
        }
        let (entry, rule) = self.cause(start, end, wait, first);
        let number = self.incident(entry, wait);
        let half = &self.connection.halves[from];
        let mut note = self.note(entry).by_rule(rule).with("octets", Fact::Octets((end - start) as u64));
        if let Some(record) = first {
            note = note.with("first", Fact::Packet(record.packet));
        }
        note = note.with("wait", Fact::Nanos(wait));
        if std::ptr::eq(entry, &says::TIMEOUT_RETRANSMISSION) {
            let (times, before) = number;
            note = note.with("number", Fact::Count(times)).with("timeout", Fact::Nanos(self.connection.timeout()));
            if before > 0 {
                note = note.with("ratio", Fact::Text(ratio(wait, before)));
            }
            self.placed.is_timeout = true;
        } else if std::ptr::eq(entry, &says::FAST_RETRANSMISSION) {
            if half.duplicates > 0 {
                note = note
                    .with("duplicates", Fact::Count(u64::from(half.duplicates)))
                    .with("since", Fact::Packet(half.una_packet));
            } else {
                note = note.with("evidence", Fact::Word("data further on were selectively acknowledged"));
            }
        } else if std::ptr::eq(entry, &says::TAIL_LOSS_PROBE) {
            self.placed.is_timeout = true;
        } else if let Some(recovery) = half.recovery() {
            note = note.with("began", Fact::Packet(recovery.began));
        }
        if !half.has_una {
            note = note.with("evidence", Fact::Word("the other direction was not captured"));
        }
        self.resent_octets(start, end);
        self.hold(note, start, end, first);
    }

    fn window_probe_again(&mut self, start: i64, end: i64) {
        let (packet, at) = (self.segment.packet, self.segment.at);
        let rare = self.sent().rare();
        rare.probe = Some((packet, at));
        rare.counts.window_probes += 1;
        let mut number = 1;
        if let Some(closed) = &mut rare.closed {
            closed.probes += 1;
            closed.last_probe = Some(at);
            number = closed.probes;
        }
        let note = self.note(&says::WINDOW_PROBE).by_rule("D22").with("number", Fact::Count(u64::from(number)));
        self.resent_octets(start, end);
        self.say(note);
    }

    fn is_unneeded(&self, start: i64, end: i64) -> bool {
        let half = &self.connection.halves[self.from];
        half.has_una && end <= half.una || half.rare.as_deref().is_some_and(|rare| rare.sacked.contain(start, end))
    }

    /// Rules D23 and D24: the receiver had said that it has these octets.
    fn unneeded(&mut self, start: i64, end: i64, first: Option<Record>) {
        let at = self.segment.at;
        let half = &self.connection.halves[self.from];
        let towards_sender = self.connection.halves[other(self.from)].round_trip;
        let by_una = half.has_una && end <= half.una;
        let known = first.filter(|record| record.acknowledged != 0);
        let (packet, acknowledged_at) =
            known.map_or((half.una_packet, half.una_at), |record| (record.acknowledged, record.acknowledged_at));
        let wait = at.nanos_since(acknowledged_at);
        let (rule, proof) =
            if by_una { ("D23", "already acknowledged") } else { ("D24", "already selectively acknowledged") };
        let mut note = self
            .note(&says::UNNEEDED)
            .by_rule(rule)
            .with("octets", Fact::Octets((end - start) as u64))
            .with("proof", Fact::Word(proof));
        if by_una {
            note = note.with("acknowledged", Fact::Packet(packet)).with("wait", Fact::Nanos(wait));
            let crossed = towards_sender.is_known() && wait < towards_sender.least;
            note = note.with(
                "detail",
                Fact::Word(if crossed {
                    "acknowledgment and second copy crossed on the way"
                } else {
                    "that acknowledgment was lost behind this point, or came too late for the sender's timer"
                }),
            );
        }
        if self.segment.flags.fin() {
            note = note.with("fin", Fact::Word("the FIN again (T10)"));
        }
        self.resent_octets(start, end);
        self.sent().rare().counts.unneeded_segments += 1;
        self.say(note);
    }

    /// Rules D25–D31: why octets that are not acknowledged are sent again.
    fn cause(&self, start: i64, end: i64, wait: u64, first: Option<Record>) -> (&'static Entry, &'static str) {
        let half = &self.connection.halves[self.from];
        if !half.has_una {
            return (&says::RETRANSMISSION, "D31");
        }
        let timeout = self.connection.timeout();
        let path = self.connection.round_trip().unwrap_or(timeout);
        let rare = half.rare.as_deref();
        let sends = first.map_or(1, |record| record.sends);
        let mss = i64::from(self.connection.mss(self.from));
        let sacked_above = rare.map_or(0, |rare| rare.sacked.len_above(end));
        let ranges_above = rare.map_or(0, |rare| rare.sacked.count_above(end));
        let since_progress = self.segment.at.nanos_since(half.una_at);
        let recovery = half.recovery().filter(|recovery| half.una < recovery.point);
        // The timer starts anew whenever an acknowledgment moves on (RFC 6298 §5.3); the capture point is off by a part
        // of the way, hence the margin.
        let is_first = start <= half.una || first.is_some_and(|record| record.start <= half.una);
        let waited_out = is_first && wait.min(since_progress.max(wait / 2)) >= timeout / 10 * 9;
        let tail_probe = rare.and_then(|rare| rare.tail_probe);
        let asked = half.duplicates >= 3 && is_first || ranges_above >= 3 || sacked_above > 2 * mss;

        if recovery.is_none() && asked {
            return (&says::FAST_RETRANSMISSION, "D25");
        }
        if let Some(recovery) = recovery {
            // A timeout inside a recovery: the first unacknowledged octets once more, after a full timer.
            if waited_out && sends >= 2 {
                return (&says::TIMEOUT_RETRANSMISSION, "D28");
            }
            if recovery.is_timeout {
                return (&says::RESEND_AFTER_TIMEOUT, "D29");
            }
            return (&says::RECOVERY_RETRANSMISSION, "D26");
        }
        let quiet = half.duplicates == 0 && sacked_above == 0 && tail_probe.is_none() && sends == 1;
        let probe_timer = wait >= (2 * path / 10 * 9).max(2 * MS) && wait <= timeout / 10 * 12 + 10 * MS;
        if end == half.max && quiet && self.connection.may_sack() && probe_timer {
            return (&says::TAIL_LOSS_PROBE, "D27");
        }
        if waited_out {
            return (&says::TIMEOUT_RETRANSMISSION, "D28");
        }
        let reordering_timer = wait >= path / 10 * 8 && wait <= path / 10 * 14 + 2 * MS;
        if sacked_above > 0 && reordering_timer {
            return (&says::RACK_RETRANSMISSION, "D30");
        }
        (&says::RETRANSMISSION, "D31")
    }

    /// What the verdict changes in the direction's state; for a timeout its number and the wait before it.
    fn incident(&mut self, entry: &'static Entry, wait: u64) -> (u64, u64) {
        let (packet, max) = (self.segment.packet, self.connection.halves[self.from].max);
        let rare = self.sent().rare();
        match entry.code {
            "tcp-fast-retransmission" | "tcp-rack-retransmission" => {
                rare.recovery = Some(Recovery { point: max, began: packet, is_timeout: false });
                rare.counts.fast += 1;
            }
            "tcp-tail-loss-probe" => {
                rare.tail_probe = Some(packet);
                rare.counts.tail_probes += 1;
            }
            "tcp-timeout-retransmission" => {
                rare.recovery = Some(Recovery { point: max, began: packet, is_timeout: true });
                rare.counts.timeouts += 1;
                rare.timeouts = rare.timeouts.saturating_add(1);
                let before = std::mem::replace(&mut rare.last_wait, wait);
                let before = if rare.timeouts == 1 { 0 } else { before };
                return (u64::from(rare.timeouts), before);
            }
            _ => {}
        }
        (0, 0)
    }

    /// Says the verdict, pending until a proof that it was unneeded can no longer come (3.7.6).
    fn hold(&mut self, mut note: Note, start: i64, end: i64, first: Option<Record>) {
        let half = &self.connection.halves[self.from];
        if half.has_una {
            note.pending = true;
            let pending = Pending {
                packet: self.segment.packet,
                at: self.segment.at,
                start,
                end,
                timestamp: self.segment.timestamps.map(|(value, _)| value),
                first_timestamp: first.map(|record| record.timestamp),
                was_first: start <= half.una,
                entry: note.entry,
                octets: (end - start) as u64,
                covered: false,
                too_soon: None,
            };
            self.await_proof(pending);
        }
        self.say(note);
    }

    /// Holds resent octets against those seen first, where both were captured and the first are still kept.
    fn compare(&mut self, start: i64, first: Option<Record>) {
        if first.is_none() {
            return;
        }
        let half = &self.connection.halves[self.from];
        let range = half.records.overlapping(start, start + self.segment.payload.len() as i64);
        let mut conflict = None;
        for record in half.records.range(range) {
            let low = record.start.max(start);
            // A SYN stands before the data of its record.
            let shift = i64::from(record.start == 0 && half.origin == super::half::Origin::Syn);
            let low = low.max(record.start + shift);
            let high =
                (record.start + shift + i64::from(record.captured)).min(start + self.segment.payload.len() as i64);
            if low >= high {
                continue;
            }
            let len = (high - low) as usize;
            let Some(kept) = self.contents.find(record.content, (low - record.start - shift) as usize, len) else {
                continue;
            };
            let now = &self.segment.payload[(low - start) as usize..][..len];
            if let Some(at) = kept.iter().zip(now).position(|(kept, now)| kept != now) {
                let shown = |octets: &[u8]| {
                    let end = octets.len().min(at + 16);
                    Fact::Text(crate::base::text::harmless_octets(&octets[at..end]).into())
                };
                conflict = Some((record.packet, low - 1 + at as i64, shown(kept), shown(now)));
                break;
            }
        }
        if let Some((packet, offset, was, now)) = conflict {
            let octets = self.segment.len;
            let note = self
                .note(&says::CONFLICT)
                .with("first", Fact::Packet(packet))
                .with("offset", Fact::Count(offset as u64))
                .with("octets", Fact::Octets(u64::from(octets)))
                .with("was", was)
                .with("now", now);
            self.say(note);
        }
    }
}

/// How many times longer, to one digit.
fn ratio(now: u64, before: u64) -> Box<str> {
    format!("{:.1}", now as f64 / before.max(1) as f64).into()
}
