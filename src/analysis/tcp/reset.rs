//! Resets (rules R1–R10, 3.6): why one was sent, whether it counts, and whether it is genuine.

use super::connection::{INITIATOR, Judge, RESPONDER, Side, other};
use super::half::Origin;
use super::opening::OpeningKind;
use super::state::State;
use super::timers::Alarm;
use crate::analysis::catalogue::tcp as says;
use crate::analysis::note::{Confidence, Fact, Note};
use crate::base::Timestamp;
use crate::base::limits::TCP_RESET_WATCH_NANOS;

/// How far a sender's clock may have gone on between a segment and a reset: a day of milliseconds.
const FARTHEST_TIMESTAMP: i64 = 86_400_000;

/// A reset that was taken as the end, until traffic shows otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResetRecord {
    pub packet: u64,
    pub at: Timestamp,
    pub by: Side,
    pub states: [State; 2],
    pub opening: OpeningKind,
    pub is_pending: bool,
    /// True if its number was the one expected.
    pub is_exact: bool,
    /// Where it stands in its direction.
    pub position: i64,
    /// True once something spoke against its sender.
    pub is_suspected: bool,
    /// Both sides' segments after it that are no resets.
    pub after: [u64; 2],
}

/// What the shape of a reset tells.
struct Cause {
    rule: &'static str,
    words: &'static str,
    detail: Option<(&'static str, Fact)>,
}

fn cause(rule: &'static str, words: &'static str) -> Cause {
    Cause { rule, words, detail: None }
}

impl Judge<'_> {
    /// A segment with RST.
    pub fn reset(&mut self) {
        let side = self.from;
        let was_closed = self.connection.halves.iter().all(|half| half.is_fin_acknowledged());
        let found = self.why();
        let place = self.place();
        if was_closed {
            // The close keeps its class, but TIME-WAIT ends with the reset.
            self.connection.states = [State::Closed; 2];
            let note = if found.rule == "R9" {
                self.note_with_states(&says::RESET).by_rule("R9").sure(Confidence::Probable)
            } else {
                self.note(&says::RESET_AFTER_CLOSE)
            };
            self.say(note.with("cause", Fact::Word(found.words)));
            return;
        }
        let before = self.connection.states;
        let opening = self.connection.opening.kind;
        let is_first = self.connection.reset == 0;
        let counts = place != Place::Outside && !self.is_aside(&found);
        if counts && is_first {
            self.connection.reset = self.segment.packet;
            self.connection.reset_by = side as u8;
            self.connection.states = [State::Closed; 2];
            self.leave_half_open(false);
            match found.rule {
                "R1" => self.connection.opening.kind = OpeningKind::Refused,
                "R2" => self.connection.opening.kind = OpeningKind::Withdrawn,
                _ => {}
            }
        }
        if !counts || place == Place::InWindow {
            self.connection.odd().challenge = Some((self.segment.packet, side));
        }
        let mut note = self.note_with_states(&says::RESET).by_rule(found.rule).with("cause", Fact::Word(found.words));
        note.confidence = match found.rule {
            "R1" | "R2" | "R3" => Confidence::Certain,
            "R10" => Confidence::Undecided,
            _ => Confidence::Probable,
        };
        if let Some((name, fact)) = found.detail {
            note = note.with(name, fact);
        }
        if let Some(program) = program_sees(found.rule).filter(|_| counts) {
            note = note.with("program", Fact::Word(program));
        }
        note = match place {
            Place::Exact => note,
            Place::InWindow => note.with(
                "detail",
                Fact::Word("not at the number expected: a modern stack answers with a challenge ACK instead of ending"),
            ),
            Place::Outside => note.with("detail", Fact::Word("outside the window: the receiver ignores it")),
        };
        if self.connection.closing().first.is_some() && counts {
            note = note.with("turned", Fact::Word("a close turned into an abort (T8)"));
        }
        if self.segment.len > 0 {
            let text = crate::base::text::harmless_octets(&self.segment.payload[..self.segment.payload.len().min(64)]);
            note = note.with("text", Fact::Text(text.into()));
        }
        let watch = is_first && before.iter().any(|state| state.is_synchronised());
        if watch {
            note.pending = true;
            let record = ResetRecord {
                packet: self.segment.packet,
                at: self.segment.at,
                by: side,
                states: before,
                opening,
                is_pending: true,
                is_exact: place == Place::Exact,
                position: self.connection.halves[side].position(self.segment.sequence),
                is_suspected: false,
                after: [0; 2],
            };
            self.connection.odd().reset = Some(record);
            let deadline = self.segment.at.after_nanos(TCP_RESET_WATCH_NANOS);
            self.timers.set(deadline, self.slot, self.connection.id, Alarm::Reset);
        }
        self.say(note);
        self.suspicion();
    }

    /// A reset that answers the newcomer's challenge or a wrong SYN,ACK does not end the attempt it belongs to.
    fn is_aside(&self, found: &Cause) -> bool {
        found.rule == "R7" && self.connection.states[INITIATOR] == State::SynSent
    }

    fn place(&self) -> Place {
        let side = self.from;
        let half = &self.connection.halves[side];
        // The answer to a SYN is judged by its acknowledgment, whatever its number (RFC 9293 §3.10.7.3).
        if self.connection.states[other(side)] == State::SynSent && side == RESPONDER {
            let first = &self.connection.halves[INITIATOR];
            let acknowledged = first.position(self.segment.acknowledgment);
            let fits = self.segment.flags.ack() && (1..=first.max).contains(&acknowledged);
            return if fits { Place::Exact } else { Place::Outside };
        }
        if half.origin == Origin::Unknown {
            return Place::Exact;
        }
        let start = half.position(self.segment.sequence);
        let expected = if half.has_una { half.una } else { half.max };
        if (expected.min(half.max)..=half.max).contains(&start) || start == expected {
            Place::Exact
        } else if start > half.max && start < half.edge.max(half.max) {
            Place::InWindow
        } else if start == half.max - 1 && half.has_fin() {
            Place::Exact
        } else {
            Place::Outside
        }
    }

    /// The first rule whose shape fits.
    fn why(&self) -> Cause {
        let side = self.from;
        let connection = &*self.connection;
        let half = &connection.halves[side];
        let peer = &connection.halves[other(side)];
        let segment = self.segment;
        let has_ack = segment.flags.ack();
        let closing = connection.closing();
        let answers_last = !has_ack && peer.last_packet != 0 && segment.sequence == peer.last_acknowledgment;
        let steps = connection.opening.steps();

        if side == RESPONDER && connection.states[INITIATOR] == State::SynSent && half.origin != Origin::Syn {
            return if self.place() == Place::Exact {
                cause("R1", "refused: nothing listens on that port (or a firewall rejects with a reset)")
            } else {
                cause("R10", "does not fit the SYN: the client ignores it")
            };
        }
        if side == INITIATOR && connection.states[INITIATOR] == State::SynSent && answers_last {
            return cause("R7", "half-open recovery: the newcomer rejects the old connection's numbers");
        }
        if side == INITIATOR && steps.packets[2] == 0 && steps.packets[1] != 0 && !has_ack {
            return cause("R2", "the client withdrew: a SYN scan, or its kernel has no such socket");
        }
        if connection.states[side] == State::TimeWait
            || connection.states[other(side)] == State::TimeWait
                && answers_last
                && peer.last_packet > closing.steps[3].max(1)
        {
            return cause(
                "R9",
                "an old segment hit TIME-WAIT, and this answer ends it early (TIME-WAIT assassination)",
            );
        }
        let tentative = connection.odd.as_deref().and_then(|odd| odd.tentative);
        if tentative.is_some_and(|tentative| tentative.side == side) && answers_last {
            return cause("R7", "half-open recovery: this side was restarted and rejects the old connection's numbers");
        }
        let unanswered = half.rare.as_deref().map_or(0, |rare| rare.unanswered_probes.max(rare.timeouts));
        let sent_fin = closing.fins[side] != 0;
        if answers_last && sent_fin && peer.last_packet > closing.fins[side] {
            return cause("R3", "the application had already closed, and these octets came too late");
        }
        if unanswered >= 3 {
            let mut found = cause("R5", "gave up: nobody answered its probes or retransmissions");
            found.detail = Some(("unanswered", Fact::Count(u64::from(unanswered))));
            return found;
        }
        let at_next = half.was_seen() && half.position(segment.sequence) == half.max;
        if has_ack && at_next && !sent_fin {
            let since = half.last_data_packet;
            let unread = peer
                .records
                .iter()
                .filter(|record| record.packet > since && record.acknowledged != 0)
                .map(|record| record.end - record.start)
                .sum::<i64>();
            let mut found = cause("R4", "abort: the program closed with unread data, or set linger to 0");
            if unread > 0 {
                found.detail = Some(("unread", Fact::Octets(unread as u64)));
            } else {
                found.words = "abort by the program or its system: linger 0, or the process was killed";
            }
            return found;
        }
        let was_silent = half.origin < Origin::Syn && half.packets <= 1 && closing.fins[side] == 0;
        if answers_last && (was_silent || !half.was_seen()) {
            return cause("R6", "this host has no such connection: restarted, a NAT entry gone, or the wrong host");
        }
        if answers_last && closing.fins[side] == 0 && half.origin != Origin::Syn {
            return cause("R6", "this host has no such connection any more");
        }
        if !has_ack && half.was_seen() && sent_fin {
            return cause("R3", "the application had already closed, and these octets came too late");
        }
        cause("R10", "cause not visible")
    }

    /// Rule R8: does the reset look like its sender's other segments?
    fn suspicion(&mut self) {
        let side = self.from;
        let segment = self.segment;
        let another = self.another_number();
        let half = &self.connection.halves[side];
        // A first packet has nothing to be compared with.
        if half.packets <= 2 || half.hop_limit == 0 || !half.was_seen() {
            return;
        }
        let mut differences: Vec<String> = Vec::new();
        let (usual, now) = (half.hop_limit, segment.hop_limit);
        if usual.abs_diff(now) > 1 {
            differences.push(format!("TTL {now}, the sender's other segments have {usual}"));
        }
        // Stacks reset from outside any connection with an identification of 0, so 0 tells nothing (RFC 6864 §4.1).
        let step = segment.identification.wrapping_sub(half.identification);
        if half.identification_run >= 8 && segment.identification != 0 && !(1..=4096).contains(&step) {
            let (now, usual) = (segment.identification, half.identification);
            differences.push(format!("IP identification {now}, the sender counts up and was at {usual}"));
        }
        if let Some((value, _)) = segment.timestamps {
            let ahead = i64::from(value.wrapping_sub(half.timestamp) as i32);
            if half.origin == Origin::Syn && !self.connection.offers[side].timestamps {
                differences.push("it has timestamps, which this connection does not use".to_owned());
            } else if half.has_timestamp && !(-1..=FARTHEST_TIMESTAMP).contains(&ahead) {
                differences.push(format!("timestamp {value}, the sender's last was {}", half.timestamp));
            }
        }
        if let Some(packet) = another {
            differences.push(format!("another number than in the reset in packet {packet}, and nobody asked for it"));
        }
        if differences.is_empty() {
            return;
        }
        let mut note = self
            .note(&says::RESET_INJECTED)
            .sure(Confidence::Probable)
            .with("difference", Fact::Text(differences.join("; ").into()));
        if usual.abs_diff(now) > 1 {
            note = note.with("ttl", Fact::Count(u64::from(now))).with("usual", Fact::Count(u64::from(usual)));
        }
        self.say(note);
    }

    /// A reset before this one, of the same side and within a second, with another number: a stack has one number to
    /// give, unless it answers a segment and takes that from it. Forgers guess several.
    fn another_number(&mut self) -> Option<u64> {
        let (side, segment) = (self.from, self.segment);
        let answers = segment.sequence == self.connection.halves[other(side)].last_acknowledgment;
        let latest = (segment.packet, segment.at, side, segment.sequence);
        let before = self.connection.odd().latest_reset.replace(latest)?;
        let (packet, at, by, sequence) = before;
        (by == side && sequence != segment.sequence && !answers && segment.at.nanos_since(at) <= 1_000_000_000)
            .then_some(packet)
    }

    /// Rule R8: who really sent a reset has no connection any more, and sends nothing in it.
    fn goes_on(&mut self, record: ResetRecord) {
        let segment = self.segment;
        let half = &self.connection.halves[record.by];
        let is_later = half.position(segment.sequence) >= record.position;
        // An empty segment at the same number may have left just before the reset and been captured after it.
        let is_sure = segment.len > 0 || segment.at.nanos_since(record.at) >= 10_000_000;
        if !is_later || !is_sure {
            return;
        }
        if let Some(reset) = self.connection.odd.as_deref_mut().and_then(|odd| odd.reset.as_mut()) {
            reset.is_suspected = true;
        }
        let words = format!("its alleged sender goes on in packet {} as if nothing had happened", segment.packet);
        let note = Note::new(&says::RESET_INJECTED, record.packet, record.at)
            .in_connection(self.connection.id)
            .sure(Confidence::Probable)
            .with("difference", Fact::Text(words.into()));
        self.say(note);
    }

    /// Whatever comes after an accepted reset: if both sides go on, it was ignored (3.6).
    pub fn after_reset(&mut self) {
        let from = self.from;
        let packet = self.segment.packet;
        let Some(record) = self.connection.odd.as_deref_mut().and_then(|odd| odd.reset.as_mut()) else { return };
        if !record.is_pending {
            return;
        }
        if from == record.by && !record.is_suspected && !self.segment.flags.syn() {
            let record = *record;
            self.goes_on(record);
        }
        let Some(record) = self.connection.odd.as_deref_mut().and_then(|odd| odd.reset.as_mut()) else { return };
        // What the receiver had sent before the reset reached it does not count, until the other side has gone on too.
        if (from == record.by || record.after[record.by] != 0) && record.after[from] == 0 {
            record.after[from] = packet;
        }
        if record.after.contains(&0) {
            return;
        }
        let record = *record;
        if let Some(odd) = self.connection.odd.as_deref_mut() {
            odd.reset = None;
        }
        if self.connection.reset == record.packet {
            self.connection.reset = 0;
            self.connection.states = record.states;
            self.connection.opening.kind = record.opening;
        }
        let place = if record.is_exact { "at the number expected" } else { "beside the number expected" };
        let becomes = Note::new(&says::RESET_IGNORED, record.packet, record.at)
            .in_connection(self.connection.id)
            .by_rule("3.6")
            .with("proof", Fact::Packet(packet))
            .with("place", Fact::Word(place));
        self.settle(record.packet, &says::RESET, Some(becomes));
    }
}

/// What the programs on both sides get to see of a reset, by its cause (POSIX names).
const fn program_sees(rule: &str) -> Option<&'static str> {
    Some(match rule.as_bytes() {
        b"R1" => "connect fails with ECONNREFUSED",
        b"R3" => "the late writer's next read fails with ECONNRESET, its next write with EPIPE",
        b"R4" => "the other side's next read fails with ECONNRESET, its next write with EPIPE",
        b"R5" => "ETIMEDOUT where it was given up, ECONNRESET on the other side if it still lives",
        b"R6" => "the sender's next read fails with ECONNRESET, its next write with EPIPE",
        _ => return None,
    })
}

/// Where a reset's number lies for its receiver (RFC 9293 §3.10.7.4, RFC 5961 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Exact,
    InWindow,
    Outside,
}
