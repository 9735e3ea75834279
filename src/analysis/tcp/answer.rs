//! The second step of a handshake: SYN,ACKs of every kind (rules H4–H7, H9, H17).

use super::connection::{INITIATOR, Judge, RESPONDER, other};
use super::half::Origin;
use super::opening::OpeningKind;
use super::says;
use super::state::State;
use crate::analysis::note::Fact;

impl Judge<'_> {
    /// A SYN,ACK.
    pub(super) fn syn_ack(&mut self) {
        let side = self.from;
        let sequence = self.segment.sequence;
        let [first, second] = &self.connection.halves;
        if side == RESPONDER && first.origin == Origin::Unknown && second.origin == Origin::Unknown {
            self.syn_ack_without_syn();
            return;
        }
        if first.origin == Origin::Syn
            && second.origin == Origin::Syn
            && self.connection.odd.as_deref().is_some_and(|odd| odd.crossing.is_some())
            && self.connection.halves[side].base == sequence
        {
            self.crossing_syn_ack();
            return;
        }
        if side == INITIATOR || first.origin != Origin::Syn {
            // A SYN,ACK from the wrong side, or into a connection whose beginning is unknown: answered by a challenge.
            let packet = self.segment.packet;
            self.connection.odd().challenge = Some((packet, side));
            let note = self.note(&says::HALF_OPEN_PEER);
            self.say(note);
            return;
        }
        let acknowledged = first.position(self.segment.acknowledgment);
        let known = second.origin == Origin::Syn;
        if known && second.base == sequence {
            self.same_syn_ack();
        } else if acknowledged < 1 || acknowledged > first.max {
            let expected = first.base.plus(1);
            let note = self
                .note(&says::WRONG_SYN_ACK)
                .with("acknowledged", Fact::Seq(self.segment.acknowledgment))
                .with("expected", Fact::Seq(expected));
            self.say(note);
        } else if known {
            let first = self.connection.opening.steps().packets[1];
            self.connection.odd().second_answer = Some((sequence, self.segment.packet));
            let note = self.note(&says::SECOND_ANSWER).with("first", Fact::Packet(first));
            self.say(note);
        } else {
            self.first_syn_ack(acknowledged);
        }
    }

    fn first_syn_ack(&mut self, acknowledged: i64) {
        let (packet, at, window) = (self.segment.packet, self.segment.at, self.segment.window);
        self.begin_with_syn(RESPONDER);
        let offered = self.connection.offers[INITIATOR];
        let answer = self.connection.offers[RESPONDER];
        self.agree_on_options();
        let connection = &mut *self.connection;
        connection.states = [State::Established, State::SynReceived];
        let opening = &mut connection.opening;
        opening.kind = OpeningKind::HalfOpen;
        let steps = opening.steps_mut();
        let rtt = at.nanos_since(steps.at[0]);
        (steps.packets[1], steps.at[1], steps.last_syn_ack_at) = (packet, at, at);
        steps.syn_acks = 1;
        let was_sent_once = steps.syns == 1;
        let syn_data = i64::from(steps.syn_data);
        let half = &mut connection.halves[INITIATOR];
        half.una = acknowledged;
        half.has_una = true;
        (half.una_packet, half.una_at) = (packet, at);
        (half.raw_window, half.window, half.has_window) = (window, u32::from(window), true);
        half.edge = acknowledged + i64::from(window);
        half.records.acknowledge_first(packet, at);
        if was_sent_once {
            half.round_trip.sample(rtt);
            half.round_trip.from_handshake = true;
            self.placed.round_trip = Some(rtt);
        }
        let refused = syn_data > 0 && acknowledged == 1;
        if refused {
            half.rare().refused_up_to = 1 + syn_data;
            half.max = 1;
            half.records.clear();
        }
        self.say_step(&says::HANDSHAKE_2, |judge| {
            let mut note = judge.note_with_states(&says::HANDSHAKE_2);
            if was_sent_once {
                note = note.with("rtt", Fact::Nanos(rtt));
            }
            if let Some(about) = judge.about_syn() {
                note = note.with("about", Fact::Word(about));
            }
            note
        });
        let fast_open = match (offered.fast_open, syn_data, acknowledged) {
            (Some(cookie), 1.., acknowledged) if cookie > 0 && acknowledged > 1 => {
                Some("the data in the SYN were accepted")
            }
            (Some(cookie), 1.., _) if cookie > 0 => Some("the data in the SYN were refused and must be sent again"),
            _ if answer.fast_open.is_some_and(|cookie| cookie > 0) => Some("a cookie was granted"),
            _ => None,
        };
        if let Some(what) = fast_open {
            let note = self.note(&says::FAST_OPEN).with("what", Fact::Word(what));
            self.say(note);
        }
        let unasked = match () {
            () if !offered.is_known || !answer.is_known => None,
            () if answer.scale.is_some() && offered.scale.is_none() => Some("a window scale"),
            () if answer.sack && !offered.sack => Some("SACK"),
            () if answer.timestamps && !offered.timestamps => Some("timestamps"),
            () => None,
        };
        if let Some(option) = unasked {
            let note = self.note(&says::ODD_OPTION).with("option", Fact::Word(option));
            self.say(note);
        }
        self.judge_server();
    }

    /// Rule H17: the SYN itself was not captured, but its answer was.
    fn syn_ack_without_syn(&mut self) {
        self.begin_with_syn(RESPONDER);
        let connection = &mut *self.connection;
        let half = &mut connection.halves[INITIATOR];
        half.begin(self.segment.acknowledgment, 1, Origin::Acknowledged);
        half.has_una = true;
        (half.raw_window, half.has_window) = (self.segment.window, true);
        half.edge = 1 + i64::from(self.segment.window);
        half.window = u32::from(self.segment.window);
        connection.roles_seen = true;
        connection.states = [State::Established, State::SynReceived];
        let opening = &mut connection.opening;
        opening.kind = OpeningKind::NotCaptured;
        let steps = opening.steps_mut();
        (steps.packets[1], steps.at[1]) = (self.segment.packet, self.segment.at);
        (steps.last_syn_ack_at, steps.syn_acks) = (self.segment.at, 1);
        // Without a scale in this SYN,ACK there is none in the connection; with one, the SYN must have offered its own,
        // which is not known.
        if connection.offers[RESPONDER].is_known {
            match connection.offers[RESPONDER].scale {
                None => connection.halves.iter_mut().for_each(|half| half.shift = Some(0)),
                Some(shift) => connection.halves[RESPONDER].shift = Some(shift.min(14)),
            }
        }
        self.say_step(&says::HANDSHAKE_2, |judge| {
            judge.note_with_states(&says::HANDSHAKE_2).by_rule("H17").with("about", Fact::Word("SYN not captured"))
        });
    }

    fn same_syn_ack(&mut self) {
        let at = self.segment.at;
        let steps = self.connection.opening.steps_mut();
        let wait = at.nanos_since(steps.last_syn_ack_at);
        steps.last_syn_ack_at = at;
        steps.syn_acks = steps.syn_acks.saturating_add(1);
        let (number, step) = (u64::from(steps.syn_acks) - 1, steps.packets[2]);
        let mut note = self
            .note(&says::SYN_ACK_RETRANSMISSION)
            .with("number", Fact::Count(number))
            .with("wait", Fact::Nanos(wait))
            .with("first", Fact::Packet(self.connection.opening.steps().packets[1]));
        if step != 0 {
            note = note.with("step", Fact::Packet(step));
        }
        self.say(note);
    }

    /// The SYN,ACKs after two crossing SYNs repeat the first numbers by design.
    fn crossing_syn_ack(&mut self) {
        let side = self.from;
        let odd = self.connection.odd();
        if odd.syn_acks_from[side] {
            self.same_syn_ack();
            return;
        }
        odd.syn_acks_from[side] = true;
        let both = odd.syn_acks_from == [true, true];
        self.connection.states[other(side)] = self.connection.states[other(side)].syn_acknowledged();
        let steps = self.connection.opening.steps_mut();
        if steps.packets[2] == 0 {
            (steps.packets[2], steps.at[2], steps.last_syn_ack_at) =
                (self.segment.packet, self.segment.at, self.segment.at);
        }
        steps.syn_acks += 1;
        self.take_handshake_acknowledgment();
        if both {
            self.settle_crossing(OpeningKind::Simultaneous);
        }
        self.say_step(&says::HANDSHAKE_3, |judge| judge.note_with_states(&says::HANDSHAKE_3).by_rule("H7"));
    }

    /// The acknowledgment and window of a SYN,ACK, or of a handshake's third step.
    pub(super) fn take_handshake_acknowledgment(&mut self) {
        let (packet, at) = (self.segment.packet, self.segment.at);
        let (acknowledgment, window) = (self.segment.acknowledgment, self.segment.window);
        let half = self.answered();
        let position = half.position(acknowledgment).clamp(0, half.max);
        half.una = half.una.max(position);
        half.has_una = true;
        (half.una_packet, half.una_at) = (packet, at);
        (half.raw_window, half.window, half.has_window) = (window, u32::from(window), true);
        half.edge = half.edge.max(half.una + i64::from(window));
    }

    pub(super) fn settle_crossing(&mut self, kind: OpeningKind) {
        let opening = &mut self.connection.opening;
        opening.kind = kind;
        let (syn, at) = (opening.steps().packets[0], opening.steps().at[1]);
        let Some(crossing) = self.connection.odd.as_deref_mut().and_then(|odd| odd.crossing.take()) else { return };
        let becomes = (kind == OpeningKind::Split).then(|| {
            let mut note = self.note(&says::SPLIT_HANDSHAKE).with("syn", Fact::Packet(crossing));
            (note.packet, note.at) = (crossing, at);
            note.with("first", Fact::Packet(syn))
        });
        self.settle(crossing, &says::SIMULTANEOUS_OPEN, becomes);
    }
}
