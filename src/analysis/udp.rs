//! UDP (rules U1 to U7): conversations, questions and their answers, datagrams that were refused.
//!
//! UDP has no connections: a conversation is two sockets that send to each other, and its first sender is called A. Which
//! answer belongs to which question is certain only where the application numbers them; else order and time must do.

mod pairing;

use std::net::IpAddr;

use serde::Serialize;

use super::bounded::Bounded;
use super::catalogue::udp as entries;
use super::flows::Places;
use super::note::{Fact, Note, Notes};
use super::{Trust, fragments};
use crate::base::Timestamp;
use crate::base::limits::MAX_UDP_CONVERSATIONS;
use crate::packet::Packet;
use crate::wire::{Frame, IpView, Layer, Udp as UdpView};

use pairing::Pairing;

/// The largest payload over IPv4: 65535 − 20 − 8 (rule U3).
pub const LARGEST_OVER_IPV4: u32 = 65_507;
/// The same over IPv6: 65535 − 8, for its length field does not count the IPv6 header.
pub const LARGEST_OVER_IPV6: u32 = 65_527;
/// What a beginner's `recvfrom(1024)` takes; the rest of a larger datagram is lost (rule U4).
const SHORT_RECEIVE: u32 = 1024;
/// Ports of tunnels whose outer UDP may go without a checksum over IPv6 (RFC 6935, RFC 6936): L2TP, GTP-U, LISP, VXLAN,
/// GRE, Geneve, MPLS.
const TUNNEL_PORTS: [u16; 8] = [1701, 2152, 4341, 4754, 4789, 4790, 6081, 6635];

/// A socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Socket {
    /// Address.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
}

/// A number for each side of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sides {
    /// What A did.
    pub a: u64,
    /// What B did.
    pub b: u64,
}

/// Two sockets that send to each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UdpReport {
    /// Its number, from 0, in order of first packets.
    pub id: u64,
    /// The first sender.
    pub a: Socket,
    /// The other side.
    pub b: Socket,
    /// Who probably serves: the side with a well-known port, a guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_guess: Option<&'static str>,
    /// Datagrams sent by each.
    pub packets: Sides,
    /// Octets of their messages.
    pub payload_octets: Sides,
    /// The largest message of each.
    pub largest: Sides,
    /// Messages of no octets: real datagrams.
    pub empty: u64,
    /// Datagrams without a checksum.
    pub without_checksum: u64,
    /// Time of the first datagram.
    pub first_ns: u64,
    /// Time of the last.
    pub last_ns: u64,
    /// The first datagram.
    pub first_packet: u64,
    /// The last.
    pub last_packet: u64,
    /// How questions and answers were told apart: by the application's own number, or by order.
    pub paired_by: &'static str,
    /// Questions.
    pub questions: u64,
    /// Questions that were answered within 5 s.
    pub answered: u64,
    /// Answers beyond the first to a question.
    pub more_answers: u64,
    /// Questions asked again with the same number.
    pub repeated: u64,
    /// The quickest answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_latency_ns: Option<u64>,
    /// The mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_latency_ns: Option<u64>,
    /// The slowest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_latency_ns: Option<u64>,
    /// ICMP messages that say nobody listens.
    pub refused: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_packet: Option<u64>,
    /// True if B got messages above 1024 octets and never answered with more than 1024: a hint, no more, that it may
    /// receive with too small a buffer.
    pub short_receive_hint: bool,
}

/// Unordered pair of sockets, and the tunnel around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    low: Socket,
    high: Socket,
    tunnel: u64,
}

/// What is remembered of two sockets: little, for there may be many.
#[derive(Debug)]
struct Conversation {
    id: u64,
    /// True if the first sender is the lower of the key's sockets.
    a_is_low: bool,
    /// By side, A first.
    packets: [u64; 2],
    payload_octets: [u64; 2],
    largest: [u32; 2],
    first_at: Timestamp,
    last_at: Timestamp,
    first_packet: u64,
    last_packet: u64,
    pairing: Pairing,
    rare: Option<Box<Rare>>,
}

/// What few conversations need.
#[derive(Debug, Default)]
struct Rare {
    empty: u64,
    without_checksum: u64,
    refused: u64,
    refused_packet: Option<u64>,
}

/// Watches UDP.
#[derive(Debug)]
pub struct Udp {
    conversations: Bounded<Key, Conversation>,
    started: u64,
}

impl Default for Udp {
    fn default() -> Udp {
        Udp { conversations: Bounded::new(MAX_UDP_CONVERSATIONS), started: 0 }
    }
}

impl Udp {
    /// Takes in a packet; does nothing unless its innermost transport is UDP.
    pub fn observe(&mut self, packet: &Packet<'_>, places: &mut Places, trust: Trust, notes: &mut Notes) {
        let (Some(Layer::Udp(udp)), Some(ip)) = (packet.frame.transport(), packet.frame.ip()) else { return };
        note_oddities(packet, &udp, ip, notes);
        let is_malformed = udp.length() < 8 || u32::from(udp.length()) > 8 + udp.payload_len();
        if trust.is_bad() || is_malformed && udp.length() != 0 {
            // The receiver throws it away, so it is no part of the conversation.
            return;
        }
        let source = Socket { address: ip.source(), port: udp.source_port() };
        let destination = Socket { address: ip.destination(), port: udp.destination_port() };
        let tunnel = fragments::tunnel_of(&packet.frame);
        let key = Key { low: source.min(destination), high: source.max(destination), tunnel };
        let started = &mut self.started;
        let conversation = self.conversations.entry_near(&mut places.conversation, key, || {
            *started += 1;
            Conversation {
                id: *started - 1,
                a_is_low: source == key.low,
                packets: [0; 2],
                payload_octets: [0; 2],
                largest: [0; 2],
                first_at: packet.meta.at,
                last_at: packet.meta.at,
                first_packet: packet.meta.number,
                last_packet: packet.meta.number,
                pairing: Pairing::of(source.port, destination.port),
                rare: None,
            }
        });
        let from_a = (source == key.low) == conversation.a_is_low;
        let (side, len) = (usize::from(!from_a), udp.payload_len());
        conversation.packets[side] += 1;
        conversation.payload_octets[side] += u64::from(len);
        conversation.largest[side] = len.max(conversation.largest[side]);
        if len == 0 || udp.checksum() == 0 {
            let rare = conversation.rare.get_or_insert_default();
            rare.empty += u64::from(len == 0);
            rare.without_checksum += u64::from(udp.checksum() == 0);
        }
        conversation.last_at = packet.meta.at.max(conversation.last_at);
        conversation.last_packet = packet.meta.number;
        conversation.pairing.observe(packet, &udp, from_a, ip.destination().is_multicast(), notes);
    }

    /// Something of the conversation at these places: what is asked for here is at hand when it is needed.
    #[inline]
    pub(super) fn touch(&self, places: &Places) -> u64 {
        let conversation = self.conversations.at(places.conversation);
        conversation
            .map_or(0, |conversation| conversation.packets[0] ^ conversation.last_packet ^ conversation.pairing.touch())
    }

    /// Links an ICMP "port unreachable" to the conversation that it quotes.
    pub fn refused(&mut self, quoted: &Frame<'_>, packet: u64) {
        let (Some(ip), Some((source_port, destination_port))) = (quoted.ip(), quoted.ports()) else { return };
        let source = Socket { address: ip.source(), port: source_port };
        let destination = Socket { address: ip.destination(), port: destination_port };
        let key = Key { low: source.min(destination), high: source.max(destination), tunnel: 0 };
        if let Some(conversation) = self.conversations.get_mut(&key) {
            let rare = conversation.rare.get_or_insert_default();
            rare.refused += 1;
            rare.refused_packet.get_or_insert(packet);
        }
    }

    /// Conversations that made room for later ones.
    pub fn not_listed(&self) -> u64 {
        self.conversations.evicted()
    }

    /// The conversations in order of their first datagrams.
    pub fn report(&self) -> Vec<UdpReport> {
        let conversations = self.conversations.iter();
        let mut reports: Vec<UdpReport> = conversations.map(|(key, conversation)| conversation.report(key)).collect();
        reports.sort_by_key(|report| report.id);
        reports
    }
}

impl Conversation {
    fn report(&self, key: &Key) -> UdpReport {
        let (a, b) = if self.a_is_low { (key.low, key.high) } else { (key.high, key.low) };
        let is_known = |port: u16| port < 1024 || matches!(port, 1900 | 3478 | 4500 | 5060 | 5353 | 5355);
        let server_guess = match (is_known(a.port), is_known(b.port)) {
            (false, true) => Some("b"),
            (true, false) => Some("a"),
            _ => None,
        };
        let sides = |[a, b]: [u64; 2]| Sides { a, b };
        let nothing = Rare::default();
        let rare = self.rare.as_deref().unwrap_or(&nothing);
        let pairs = self.pairing.pairs();
        UdpReport {
            id: self.id,
            a,
            b,
            server_guess,
            packets: sides(self.packets),
            payload_octets: sides(self.payload_octets),
            largest: sides(self.largest.map(u64::from)),
            empty: rare.empty,
            without_checksum: rare.without_checksum,
            first_ns: self.first_at.nanos(),
            last_ns: self.last_at.nanos(),
            first_packet: self.first_packet,
            last_packet: self.last_packet,
            paired_by: pairs.paired_by,
            questions: pairs.questions,
            answered: pairs.answered,
            more_answers: pairs.more_answers,
            repeated: pairs.repeated,
            least_latency_ns: pairs.least_latency_ns,
            mean_latency_ns: pairs.mean_latency_ns,
            most_latency_ns: pairs.most_latency_ns,
            refused: rare.refused,
            refused_packet: rare.refused_packet,
            short_receive_hint: self.largest[0] > SHORT_RECEIVE
                && self.packets[1] > 0
                && self.largest[1] <= SHORT_RECEIVE,
        }
    }
}

/// What a single datagram gives away (rules U1 to U3).
fn note_oddities(packet: &Packet<'_>, udp: &UdpView<'_>, ip: IpView<'_>, notes: &mut Notes) {
    let say = |entry| Note::new(entry, packet.meta.number, packet.meta.at);
    let len = udp.payload_len();
    if udp.surplus_len() > 0 {
        notes.say(say(&entries::SURPLUS).with("octets", Fact::Octets(u64::from(udp.surplus_len()))));
    }
    if len == 0 && udp.length() == 8 {
        notes.say(say(&entries::EMPTY));
    }
    let (is_v6, largest) = match ip {
        IpView::V4(_) => (false, LARGEST_OVER_IPV4),
        IpView::V6(_) => (true, LARGEST_OVER_IPV6),
    };
    let tunnel = TUNNEL_PORTS.contains(&udp.destination_port()) || TUNNEL_PORTS.contains(&udp.source_port());
    if is_v6 && udp.checksum() == 0 && !tunnel {
        notes.say(say(&entries::NO_CHECKSUM_V6));
    }
    if len == largest && udp.length() != 0 {
        notes.say(say(&entries::LIMIT).with("octets", Fact::Octets(u64::from(len))));
    }
}

/// How long a question waits for its answer (rule U5).
const PATIENCE_NS: u64 = 5_000_000_000;

fn is_in_time(asked: Timestamp, answered: Timestamp) -> bool {
    answered.nanos_since(asked) <= PATIENCE_NS
}

#[cfg(test)]
mod tests;
