//! The MTU of paths (rules M1 to M5): what routers tell, whether senders obey, and where large packets vanish silently.
//!
//! What is under way and the MSS that each side promised is asked of the TCP tracker. Here a connection is remembered only
//! while a segment of it is sent again and again, or a router's word about it is still to be judged: most never are.

use std::net::IpAddr;

use serde::Serialize;

use super::bounded::Bounded;
use super::catalogue::{fragments as fragment_entries, icmp as entries};
use super::flows::Places;
use super::fragments::FragmentReport;
use super::icmp::QuotedFlow;
use super::note::{Confidence, Fact, Note, Notes};
use super::tcp::TcpTracker;
use crate::base::limits::{MAX_ICMP_ROWS, MAX_PATH_FLOWS};
use crate::base::{Seq, Timestamp};
use crate::packet::Packet;
use crate::wire::{Frame, IpView, Layer, LayerKind, Tcp};

/// The least MTU of a link: RFC 791 for IPv4, RFC 8200 §5 for IPv6.
const LEAST_V4: u32 = 68;
/// See [`LEAST_V4`].
const LEAST_V6: u32 = 1280;
/// The plateaus of RFC 1191 §7, largest first.
const PLATEAUS: [u32; 11] = [65_535, 32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];
/// A packet below this length is small: every path carries it.
const SMALL: u32 = 700;
/// Sendings of the same full-size segment before a black hole is suspected: the first and two timeouts.
const STUCK_TIMES: u32 = 3;
/// Sendings closer together than this were not caused by a timeout (the least of Linux is 200 ms).
const TIMEOUT_NS: u64 = 150_000_000;
/// Packets larger than this may be several joined by the sender's system.
const LARGEST_WIRE: u32 = 9216;

/// What a router told of a path, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathMtuReport {
    /// The message.
    pub packet: u64,
    /// Who sent it.
    pub by: IpAddr,
    /// The flow whose packet was too large.
    pub flow: QuotedFlow,
    /// The MTU that it tells; 0 if it does not.
    pub mtu: u32,
    /// Length of the packet that was too large, as its header says.
    pub size: u32,
    /// `obeyed`, `ignored`, `open` (nothing followed), `unfit` (does not fit the flow) or `implausible`.
    pub effect: &'static str,
    /// How long the sender took to obey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obeyed_after_ns: Option<u64>,
}

/// A router's word whose effect is not known yet.
#[derive(Clone, Copy, Debug)]
struct Told {
    row: usize,
    packet: u64,
    at: Timestamp,
    mtu: u32,
    sequence: Seq,
}

/// A segment that is sent again and again.
#[derive(Clone, Copy, Debug, Default)]
struct Stuck {
    sequence: Seq,
    packet_len: u32,
    times: u32,
    last_at: Timestamp,
    suspected: bool,
    /// A smaller segment from the same place that was sent instead: its packet's length and its end.
    smaller: Option<(u32, Seq, u64)>,
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    stuck: Option<Stuck>,
    told: Option<Told>,
    said_mss: bool,
}

/// What the TCP tracker knows of one direction of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Underway {
    /// The connection's number.
    pub connection: u64,
    /// True if its initiator sends in this direction.
    pub from_initiator: bool,
    /// End of what was sent, if the sender was seen.
    pub max: Option<Seq>,
    /// The receiver's acknowledgment, if one was seen.
    pub una: Option<Seq>,
    /// What the receiver's SYN promised to take.
    pub receiver_mss: Option<u16>,
    /// True if small segments with data were acknowledged.
    pub small_passed: bool,
}

/// A segment that was sent before.
#[derive(Clone, Copy, Debug)]
pub struct Again {
    /// When its octets were sent first.
    pub first_at: Timestamp,
    /// How many of them were sent then at once.
    pub first_len: u32,
}

/// Watches for what paths carry.
#[derive(Debug)]
pub struct PathMtu {
    flows: Bounded<u64, [Side; 2]>,
    /// Words about flows other than TCP, by source and destination.
    told: Bounded<(IpAddr, IpAddr), Told>,
    rows: Vec<PathMtuReport>,
}

impl Default for PathMtu {
    fn default() -> PathMtu {
        PathMtu { flows: Bounded::new(MAX_PATH_FLOWS), told: Bounded::new(MAX_ICMP_ROWS), rows: Vec::new() }
    }
}

impl PathMtu {
    /// Takes in a whole packet or datagram, after the TCP tracker has. `about` is the packet that an ICMP error quotes.
    #[inline]
    pub fn observe(&mut self, packet: &Packet<'_>, about: Option<u64>, tracker: &TcpTracker, notes: &mut Notes) {
        // Most packets are TCP or UDP, and nothing is wrong with their paths.
        if !packet.frame.is_plain()
            || packet.frame.has(LayerKind::Tcp) && (!self.flows.is_empty() || tracker.again().is_some())
        {
            self.observe_any(packet, about, tracker, notes);
        }
    }

    #[inline(never)]
    fn observe_any(&mut self, packet: &Packet<'_>, about: Option<u64>, tracker: &TcpTracker, notes: &mut Notes) {
        let (Some(ip), Some(transport)) = (packet.frame.ip(), packet.frame.transport()) else { return };
        match transport {
            Layer::Tcp(tcp) if tracker.again().is_some() || !self.flows.is_empty() => {
                self.segment(packet, &tcp, ip, tracker, notes);
            }
            Layer::Icmpv4(icmp) if icmp.next_hop_mtu().is_some() => {
                let mtu = u32::from(icmp.next_hop_mtu().unwrap_or(0));
                if let Some(quoted) = icmp.quoted() {
                    self.too_large(packet, ip, mtu, &quoted, about, tracker.quoted(&quoted), notes);
                }
            }
            Layer::Icmpv6(icmp) if icmp.packet_too_big_mtu().is_some() => {
                let mtu = icmp.packet_too_big_mtu().unwrap_or(0);
                if let Some(quoted) = icmp.quoted() {
                    self.too_large(packet, ip, mtu, &quoted, about, tracker.quoted(&quoted), notes);
                }
            }
            _ => {}
        }
    }

    /// Takes in any packet, pieces included: its length shows whether a router's word about UDP and others was obeyed.
    #[inline]
    pub fn observe_len(&mut self, packet: &Packet<'_>, notes: &mut Notes) {
        if !self.told.is_empty() && packet.frame.tcp().is_none() {
            self.effect_on_datagrams(packet, notes);
        }
    }

    /// What routers told, in order.
    pub fn report(&self) -> &[PathMtuReport] {
        &self.rows
    }

    // ---- rule M1: what a router tells ----

    #[allow(clippy::too_many_arguments)]
    fn too_large(
        &mut self,
        packet: &Packet<'_>,
        ip: IpView<'_>,
        mtu: u32,
        quoted: &Frame<'_>,
        about: Option<u64>,
        underway: Option<Underway>,
        notes: &mut Notes,
    ) {
        let (Some(flow), Some(quoted_ip)) = (QuotedFlow::of(quoted), quoted.ip()) else { return };
        let size = quoted_ip.total_len();
        let (number, at, by) = (packet.meta.number, packet.meta.at, ip.source());
        let is_v6 = by.is_ipv6();
        let say = |entry| {
            let mut note = Note::new(entry, number, at).with("by", Fact::Ip(by));
            note.connection = underway.map(|underway| underway.connection);
            note.with("mtu", Fact::Octets(u64::from(mtu)))
        };
        let sequence = match quoted.transport() {
            Some(Layer::Tcp(tcp)) => Some(tcp.sequence()),
            Some(Layer::CutTransport(cut)) => cut.sequence(),
            _ => None,
        };
        let mut effect = "open";
        let least = if is_v6 { LEAST_V6 } else { LEAST_V4 };
        if mtu == 0 && !is_v6 {
            let plateau = PLATEAUS.into_iter().find(|plateau| *plateau < size).unwrap_or(LEAST_V4);
            let note = say(&entries::MTU_NOT_TOLD).with("size", Fact::Octets(u64::from(size)));
            notes.say(note.with("plateau", Fact::Octets(u64::from(plateau))));
        } else if mtu < least {
            effect = "implausible";
            notes.say(say(&entries::MTU_IMPLAUSIBLE).with("least", Fact::Octets(u64::from(least))));
        } else {
            let mut note = say(&entries::MTU_TOLD)
                .with("size", Fact::Octets(u64::from(size)))
                .with("flow", Fact::Text(flow.text().into()));
            if let Some(about) = about {
                note = note.with("about", Fact::Packet(about));
            }
            notes.say(note);
        }
        let row = self.rows.len();
        let mut told = Told { row, packet: number, at, mtu, sequence: Seq::default() };
        if effect == "open" && mtu != 0 {
            if let (Some(underway), Some(sequence)) = (underway, sequence) {
                told.sequence = sequence;
                if self.tell_flow(underway, told, notes, &say) {
                    effect = "unfit";
                }
            } else {
                self.told.insert((flow.source, flow.destination), told);
            }
        }
        if self.rows.len() < MAX_ICMP_ROWS {
            self.rows.push(PathMtuReport { packet: number, by, flow, mtu, size, effect, obeyed_after_ns: None });
        }
    }

    /// Tells the sending side of a connection; true if the quotation does not fit what is under way.
    fn tell_flow(
        &mut self,
        underway: Underway,
        told: Told,
        notes: &mut Notes,
        say: &impl Fn(&'static super::catalogue::Entry) -> Note,
    ) -> bool {
        let is_acknowledged = underway.una.is_some_and(|una| told.sequence.since(una) < 0);
        let is_not_sent = underway.max.is_some_and(|max| told.sequence.since(max) >= 0);
        if is_acknowledged || is_not_sent {
            notes.say(say(&entries::MTU_FORGED).with("sequence", Fact::Seq(told.sequence)).sure(Confidence::Probable));
            return true;
        }
        let sides = self.flows.entry(underway.connection, Default::default);
        let side = &mut sides[usize::from(!underway.from_initiator)];
        side.told = Some(told);
        if let Some(mss) = underway.receiver_mss
            && u32::from(mss) + 40 > told.mtu
            && !side.said_mss
        {
            side.said_mss = true;
            notes.say(say(&entries::MTU_AND_MSS).with("mss", Fact::Octets(u64::from(mss))));
        }
        false
    }

    // ---- rules M2 and M3: what the sender does ----

    fn segment(&mut self, packet: &Packet<'_>, tcp: &Tcp<'_>, ip: IpView<'_>, tracker: &TcpTracker, notes: &mut Notes) {
        let Some(underway) = tracker.underway() else { return };
        let connection = underway.connection;
        let again = tracker.again().filter(|_| tcp.payload_len() > 0);
        if again.is_none() && self.flows.get(&connection).is_none() {
            return;
        }
        let (len, side) = (ip.total_len(), usize::from(!underway.from_initiator));
        let say = |entry| Note::new(entry, packet.meta.number, packet.meta.at).in_connection(connection);
        let sides = self.flows.entry(connection, Default::default);
        if tcp.flags().ack() {
            sides[1 - side].acknowledged(tcp.acknowledgment(), &say, notes);
        }
        let sender = &mut sides[side];
        let (start, end) = (tcp.sequence(), tcp.sequence().plus(tcp.sequence_len()));
        let mut judged = None;
        if tcp.payload_len() > 0 {
            // What is larger than the receiver takes was not divided yet by the sender's card: its size says nothing.
            let is_giant = underway.receiver_mss.is_some_and(|mss| tcp.payload_len() > u32::from(mss));
            if let Some(again) = again.filter(|_| !is_giant && underway.una.is_none_or(|una| una == start)) {
                sender.sent_again(packet, again, (start, end, len), underway.small_passed, &say, notes);
            }
            let covers = |told: &Told| told.sequence.since(start) >= 0 && end.since(told.sequence) > 0;
            judged = sender.told.take_if(|told| covers(told) && !is_giant && packet.meta.number > told.packet);
        }
        if sides.iter().all(|side| side.stuck.is_none() && side.told.is_none() && !side.said_mss) {
            self.flows.remove(&connection);
        }
        if let Some(told) = judged {
            self.judge(told, len, packet, Some(connection), notes);
        }
    }

    /// The first packet after a router's word, with what was too large: does it fit now?
    fn judge(&mut self, told: Told, len: u32, packet: &Packet<'_>, connection: Option<u64>, notes: &mut Notes) {
        let wait = packet.meta.at.nanos_since(told.at);
        let obeyed = len <= told.mtu;
        let entry = if obeyed { &entries::MTU_OBEYED } else { &entries::MTU_IGNORED };
        let mut note = Note::new(entry, packet.meta.number, packet.meta.at)
            .with("size", Fact::Octets(u64::from(len)))
            .with("told", Fact::Packet(told.packet))
            .with("mtu", Fact::Octets(u64::from(told.mtu)))
            .with("wait", Fact::Nanos(wait));
        note.connection = connection;
        notes.say(note);
        if let Some(row) = self.rows.get_mut(told.row) {
            row.effect = if obeyed { "obeyed" } else { "ignored" };
            row.obeyed_after_ns = obeyed.then_some(wait);
        }
    }

    /// UDP and others: the next packet of that pair which is a piece, or as large as the path takes, obeys; one that is
    /// larger ignores.
    #[inline(never)]
    fn effect_on_datagrams(&mut self, packet: &Packet<'_>, notes: &mut Notes) {
        let Some(ip) = packet.frame.ip() else { return };
        let is_piece = packet.frame.fragment().is_some();
        let key = (ip.source(), ip.destination());
        let Some(told) = self.told.get(&key).copied() else { return };
        let len = ip.total_len();
        let tells = packet.meta.number > told.packet && (is_piece || len > told.mtu || len + 8 > told.mtu);
        if tells {
            self.told.remove(&key);
            self.judge(told, len, packet, None, notes);
        }
    }
}

/// The largest whole packet of each sender, for telling who cut a datagram.
#[derive(Debug)]
pub(super) struct LargestPackets {
    largest: Bounded<IpAddr, u32>,
    last: Option<(IpAddr, u32)>,
}

impl Default for LargestPackets {
    fn default() -> LargestPackets {
        LargestPackets { largest: Bounded::new(MAX_PATH_FLOWS), last: None }
    }
}

impl LargestPackets {
    /// Takes in any packet: its length shows what its sender's link takes.
    #[inline]
    pub fn observe(&mut self, packet: &Packet<'_>, places: &mut Places) {
        // No packet is longer than its frame, unless it was cut or sent by the piece, and then it is not plain.
        let frame = &packet.frame;
        if frame.wire_len().max(frame.bytes().len() as u32) > SMALL || !frame.is_plain() {
            self.observe_large(packet, places);
        }
    }

    #[inline(never)]
    fn observe_large(&mut self, packet: &Packet<'_>, places: &mut Places) {
        let Some(ip) = packet.frame.ip() else { return };
        let len = ip.total_len();
        // TCP above the Ethernet MTU is probably not divided yet.
        let is_doubtful = len > LARGEST_WIRE || len > 1500 && packet.frame.tcp().is_some();
        if is_doubtful || len <= SMALL || packet.frame.fragment().is_some() {
            return;
        }
        let source = ip.source();
        if self.last.is_some_and(|(last, largest)| last == source && largest >= len) {
            return;
        }
        let largest = self.largest.entry_near(&mut places.largest, source, || 0);
        *largest = len.max(*largest);
        self.last = Some((source, *largest));
    }

    /// Says of a datagram that became whole if it was not its sender who cut it (rule M4).
    pub fn datagram(&self, datagram: &FragmentReport, packet: &Packet<'_>, notes: &mut Notes) {
        let Some(mtu) = datagram.mtu else { return };
        let Some(largest) = self.largest.get(&datagram.source).copied() else { return };
        // The pieces of a sender with that MTU would be larger by at least one unit.
        if largest < mtu + 8 {
            return;
        }
        notes.say(
            Note::new(&fragment_entries::BY_ROUTER, packet.meta.number, packet.meta.at)
                .with("piece", Fact::Octets(u64::from(mtu)))
                .with("largest", Fact::Octets(u64::from(largest)))
                .sure(Confidence::Probable),
        );
    }
}

impl Side {
    /// The first segment that is not acknowledged is sent again: its beginning, its end and its packet's length.
    fn sent_again(
        &mut self,
        packet: &Packet<'_>,
        again: Again,
        (start, end, len): (Seq, Seq, u32),
        small_passed: bool,
        say: &impl Fn(&'static super::catalogue::Entry) -> Note,
        notes: &mut Notes,
    ) {
        let at = packet.meta.at;
        if self.stuck.is_none_or(|stuck| stuck.sequence != start) {
            let packet_len = (len + again.first_len).saturating_sub(end.since(start).unsigned_abs());
            self.stuck =
                Some(Stuck { sequence: start, packet_len, times: 1, last_at: again.first_at, ..Stuck::default() });
        }
        match &mut self.stuck {
            Some(stuck) if stuck.packet_len == len => {
                if at.nanos_since(stuck.last_at) < TIMEOUT_NS {
                    return;
                }
                stuck.times += 1;
                stuck.last_at = at;
                if stuck.times >= STUCK_TIMES && !stuck.suspected && small_passed && len > SMALL {
                    stuck.suspected = true;
                    notes.say(
                        say(&entries::MTU_BLACK_HOLE)
                            .with("size", Fact::Octets(u64::from(len)))
                            .with("times", Fact::Count(u64::from(stuck.times)))
                            .sure(Confidence::Probable),
                    );
                }
            }
            Some(stuck) if stuck.packet_len > len && stuck.times >= 2 => {
                stuck.smaller = Some((len, end, packet.meta.number));
            }
            _ => {}
        }
    }

    /// The other side acknowledged what this side sent.
    fn acknowledged(
        &mut self,
        acknowledgment: Seq,
        say: &impl Fn(&'static super::catalogue::Entry) -> Note,
        notes: &mut Notes,
    ) {
        let Some(stuck) = self.stuck else { return };
        if acknowledgment.since(stuck.sequence) <= 0 {
            return;
        }
        self.stuck = None;
        // Half the size or so at once, not a segment less: a smaller one alone is what any retransmission may be.
        if let Some((len, end, _)) = stuck.smaller
            && acknowledgment.since(end) >= 0
            && stuck.packet_len > SMALL
            && len * 10 <= stuck.packet_len * 9
        {
            notes.say(
                say(&entries::MTU_PROBED)
                    .with("size", Fact::Octets(u64::from(len)))
                    .with("before", Fact::Octets(u64::from(stuck.packet_len)))
                    .with("times", Fact::Count(u64::from(stuck.times)))
                    .sure(Confidence::Probable),
            );
        }
    }
}

#[cfg(test)]
mod tests;
