//! What ICMP errors say of TCP segments (rule H12).

use super::connection::{INITIATOR, RESPONDER};
use super::opening::OpeningKind;
use super::segment::{Key, Socket};
use super::state::State;
use super::{TcpTracker, says};
use crate::analysis::note::{Confidence, Fact, Note, Notes};
use crate::packet::Packet;
use crate::wire::Layer;

impl TcpTracker {
    pub(super) fn unreachable(
        &mut self,
        packet: &Packet<'_>,
        quoted: &crate::wire::Frame<'_>,
        reason: &'static str,
        notes: &mut Notes,
    ) {
        let sequence = match quoted.transport() {
            Some(Layer::Tcp(tcp)) => Some(tcp.sequence()),
            Some(Layer::CutTransport(cut)) if cut.protocol == 6 => cut.sequence(),
            _ => return,
        };
        let (Some(ip), Some((source_port, destination_port))) = (quoted.ip(), quoted.ports()) else { return };
        let source = Socket::new(ip.source(), source_port);
        let destination = Socket::new(ip.destination(), destination_port);
        let (key, from_low) = Key::new(source, destination, 0);
        let Some(slot) = self.find(&key, self.hash(&key)) else { return };
        let connection = &mut self.connections[slot as usize];
        let from = if from_low == connection.initiator_is_low { INITIATOR } else { RESPONDER };
        let half = &connection.halves[from];
        // A quotation that does not fit the flow may be forged (RFC 5927).
        let fits = sequence.is_some_and(|sequence| {
            let position = half.position(sequence);
            half.was_seen() && position >= half.una.min(half.max) - 1 && position <= half.max
        });
        let about = if half.position(sequence.unwrap_or_default()) == 0 && connection.opening.steps().packets[0] != 0 {
            connection.opening.steps().packets[0]
        } else {
            half.last_packet
        };
        let is_syn = connection.states[INITIATOR] == State::SynSent && from == INITIATOR;
        if fits && is_syn && connection.opening.kind == OpeningKind::Unanswered {
            connection.opening.kind = OpeningKind::Rejected;
            connection.odd().rejected = Some(reason);
        }
        let by = packet.frame.ip().map_or(source.ip(), |ip| ip.source());
        let mut note = Note::new(&says::UNREACHABLE, packet.meta.number, packet.meta.at)
            .in_connection(connection.id)
            .with("by", Fact::Ip(by))
            .with("about_packet", Fact::Packet(about))
            .with("reason", Fact::Word(reason));
        if !fits {
            note = note.sure(Confidence::Undecided).with("doubt", Fact::Word("does not fit the flow"));
        }
        connection.count(&says::UNREACHABLE, 1);
        notes.say(note);
    }
}

/// What an ICMPv4 message says of a TCP segment (RFC 792, RFC 1812 §5.2.7.1).
pub(super) fn unreachable_v4(icmp_type: u8, code: u8) -> Option<&'static str> {
    Some(match (icmp_type, code) {
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => "too large for the next link, and DF is set",
        (3, 9 | 10 | 13) => "administratively prohibited",
        (3, _) => "unreachable",
        (11, 0) => "TTL used up on the way",
        _ => return None,
    })
}

/// The same in ICMPv6 (RFC 4443 §3).
pub(super) fn unreachable_v6(icmp_type: u8, code: u8) -> Option<&'static str> {
    Some(match (icmp_type, code) {
        (1, 0) => "no route to the destination",
        (1, 1) => "administratively prohibited",
        (1, 3) => "address unreachable",
        (1, 4) => "port unreachable",
        (1, _) => "unreachable",
        (2, _) => "too large for the next link",
        (3, 0) => "hop limit used up on the way",
        _ => return None,
    })
}
