//! The third step of a handshake, and openings of which parts were not captured (rules H2, H6–H8, H13, H17).

use super::connection::{INITIATOR, Judge, RESPONDER, letter, other};
use super::half::Origin;
use super::opening::OpeningKind;
use super::says;
use super::state::State;
use crate::analysis::note::{Confidence, Fact};

impl Judge<'_> {
    /// A segment without SYN while the handshake is not complete. True if it belongs to another connection and must
    /// not be taken into this one's account.
    pub fn third_step(&mut self) -> bool {
        let connection = &*self.connection;
        if connection.states[RESPONDER] != State::SynReceived && connection.states[INITIATOR] != State::SynReceived {
            return connection.states[INITIATOR] == State::SynSent && self.before_syn_ack();
        }
        self.complete();
        false
    }

    fn complete(&mut self) -> bool {
        let connection = &*self.connection;
        if connection.odd.as_deref().is_some_and(|odd| odd.crossing.is_some()) {
            return self.end_of_crossing();
        }
        if self.from != INITIATOR || !self.segment.flags.ack() {
            return false;
        }
        self.take_second_answer();
        let responder = &self.connection.halves[RESPONDER];
        let acknowledged = responder.position(self.segment.acknowledgment);
        if acknowledged < 1 || acknowledged > responder.max {
            return false;
        }
        let (packet, at, len) = (self.segment.packet, self.segment.at, self.segment.len);
        let initiator = &self.connection.halves[INITIATOR];
        let is_next = initiator.position(self.segment.sequence) == initiator.max
            || initiator.position(self.segment.sequence) == 1;
        self.connection.states[RESPONDER] = State::Established;
        self.leave_half_open(true);
        let opening = &mut self.connection.opening;
        if opening.kind == OpeningKind::HalfOpen {
            opening.kind = OpeningKind::ThreeWay;
        }
        let steps = opening.steps_mut();
        (steps.packets[2], steps.at[2]) = (packet, at);
        let [first_at, second_at, _] = steps.at;
        let were_sent_once = steps.syns == 1 && steps.syn_acks == 1;
        if were_sent_once && len == 0 {
            let half = &mut self.connection.halves[RESPONDER];
            half.round_trip.sample(at.nanos_since(second_at));
            half.round_trip.from_handshake = true;
            self.placed.round_trip = Some(at.nanos_since(second_at));
        }
        if !is_next {
            let note = self.note(&says::HANDSHAKE_COMPLETED).with("proof", Fact::Packet(packet));
            self.say(note);
            return false;
        }
        self.say_step(&says::HANDSHAKE_3, |judge| {
            let mut note = judge.note_with_states(&says::HANDSHAKE_3);
            if were_sent_once && len == 0 {
                note = note.with("rtt", Fact::Nanos(at.nanos_since(first_at)));
            }
            if len > 0 {
                // Merged with the data, or a bare ACK before it was not captured: nothing tells.
                note = note.by_rule("H2").with("octets", Fact::Octets(u64::from(len)));
            }
            note
        });
        true
    }

    /// Rule H6: if the client acknowledges the second answer, that one wins.
    fn take_second_answer(&mut self) {
        let acknowledgment = self.segment.acknowledgment;
        let Some((sequence, packet)) = self.connection.odd.as_deref_mut().and_then(|odd| odd.second_answer) else {
            return;
        };
        if acknowledgment == sequence.plus(1) {
            let half = &mut self.connection.halves[RESPONDER];
            half.begin(sequence, 0, Origin::Syn);
            half.max = 1;
            half.records.clear();
            self.connection.opening.steps_mut().packets[1] = packet;
        }
        self.connection.odd().second_answer = None;
    }

    /// After crossing SYNs: an ACK from the side that sent no SYN,ACK shows the split handshake.
    fn end_of_crossing(&mut self) -> bool {
        if !self.segment.flags.ack() {
            return false;
        }
        let side = self.from;
        let odd = self.connection.odd();
        let from = odd.syn_acks_from;
        if !from[INITIATOR] && !from[RESPONDER] {
            return false;
        }
        let kind = if from[other(side)] && !from[side] && side == RESPONDER {
            OpeningKind::Split
        } else {
            OpeningKind::Simultaneous
        };
        self.connection.states = [State::Established; 2];
        self.settle_crossing(kind);
        let rule = if kind == OpeningKind::Split { "H8" } else { "H7" };
        self.say_step(&says::HANDSHAKE_3, |judge| judge.note_with_states(&says::HANDSHAKE_3).by_rule(rule));
        true
    }

    /// Something without SYN after a SYN, before any SYN,ACK was seen.
    fn before_syn_ack(&mut self) -> bool {
        if !self.segment.flags.ack() {
            return true;
        }
        if self.from == INITIATOR {
            // Rule H2: only a SYN,ACK can have made the initiator go on, so it was sent and not captured.
            self.complete_unseen();
            return false;
        }
        let initiator = &self.connection.halves[INITIATOR];
        let acknowledged = initiator.position(self.segment.acknowledgment);
        if (1..=initiator.max).contains(&acknowledged) && self.segment.is_bare_ack() {
            // Rule H8: the server may acknowledge the SYN before it sends its own.
            if self.connection.halves[RESPONDER].origin == Origin::Unknown {
                let sequence = self.segment.sequence;
                self.connection.halves[RESPONDER].begin(sequence, 0, Origin::FirstSeen);
            }
            return true;
        }
        if (1..=initiator.max).contains(&acknowledged) {
            self.complete_unseen();
            return false;
        }
        // Rule H13: this side still believes in an older connection between the same sockets.
        let syn = self.connection.opening.steps().packets[0];
        let note = self.note(&says::CHALLENGE_ACK).by_rule("H13").with("challenged", Fact::Packet(syn));
        self.say(note);
        true
    }

    /// Rule H2 where even the SYN,ACK is missing.
    fn complete_unseen(&mut self) {
        let (packet, at) = (self.segment.packet, self.segment.at);
        self.connection.states = [State::Established; 2];
        let opening = &mut self.connection.opening;
        opening.kind = OpeningKind::ThreeWay;
        let steps = opening.steps_mut();
        (steps.packets[2], steps.at[2]) = (packet, at);
        let note = self.note(&says::HANDSHAKE_COMPLETED).with("proof", Fact::Packet(packet));
        self.say(note);
    }

    /// Rule H17: the connection was open before the first packet.
    pub fn begin_midway(&mut self) {
        self.connection.opening.kind = OpeningKind::NotCaptured;
        self.connection.states = [State::Established; 2];
        let note =
            self.note(&says::START_NOT_CAPTURED).sure(Confidence::Certain).with("guess", Fact::Word(letter(self.from)));
        self.say(note);
    }
}
