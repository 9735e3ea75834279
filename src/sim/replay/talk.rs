//! Conversations of a capture as scripts: who opens, who says how much when, who closes (R9).

use std::net::SocketAddr;

use super::Map;
use super::captured::{Capture, CapturedFrame};
use crate::base::{Timestamp, limits};
use crate::sim::reason::Reason;
use crate::sim::stack::fragment::{Outcome, Reassembly};
use crate::sim::stack::octets::IpHeader;
use crate::wire::{self, Frame, Layer, LinkType, Tcp};

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who opened the connection, or spoke first.
    Initiator,
    /// The other.
    Responder,
}

impl Side {
    pub(super) const fn index(self) -> usize {
        match self {
            Side::Initiator => 0,
            Side::Responder => 1,
        }
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Side::Initiator => "initiator",
            Side::Responder => "responder",
        }
    }

    pub(super) const fn other(self) -> Side {
        match self {
            Side::Initiator => Side::Responder,
            Side::Responder => Side::Initiator,
        }
    }
}

/// What a side does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It says so many octets; of UDP, a datagram.
    Say(u64),
    /// It has said all.
    Close,
    /// It breaks off.
    Reset,
}

/// A deed at a moment, as seen where the capture was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// The packet of the capture in which it begins.
    pub number: u64,
    pub by: Side,
    pub at: Timestamp,
    pub deed: Deed,
}

/// What can be measured of a conversation, in the capture and in the simulation alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Segments or datagrams of the initiator and of the responder.
    pub segments: [u64; 2],
    /// Segments that bring nothing new, by the same.
    pub retransmits: [u64; 2],
    /// From the first SYN to the acknowledgment of the answer.
    pub handshake_nanos: Option<u64>,
    /// From the first packet to the last.
    pub duration_nanos: u64,
}

/// Follows one conversation packet by packet.
#[derive(Clone, Debug, Default)]
pub(super) struct Follower {
    pub measure: Measure,
    first: Option<Timestamp>,
    syn: Option<Timestamp>,
    syn_ack: Option<Timestamp>,
    /// The acknowledgment that completes the handshake.
    pub opened: Option<Timestamp>,
    /// Round trips from here to the initiator and to the responder.
    pub rtt: [u64; 2],
    /// The next new sequence number of each side.
    next: [Option<u32>; 2],
    /// Octets of each side's stream up to there, those that the capture missed in between included.
    said: [u64; 2],
    largest: [u64; 2],
}

/// What a segment brings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct News {
    /// New octets of its side's stream, those between the segment before and this one that were never seen included.
    pub octets: u64,
    /// Where in the stream its payload begins; negative for what came before the first segment seen.
    pub at: i64,
    /// True if it has a FIN that is new.
    pub ends: bool,
}

impl Follower {
    /// Takes a segment.
    pub fn tcp(&mut self, at: Timestamp, by: Side, tcp: &Tcp<'_>) -> News {
        let side = by.index();
        let flags = tcp.flags();
        let first = *self.first.get_or_insert(at);
        self.measure.segments[side] += 1;
        self.measure.duration_nanos = at.nanos_since(first);
        let len = u64::from(tcp.payload_len());
        match (by, flags.syn(), flags.ack()) {
            (Side::Initiator, true, false) => {
                self.syn.get_or_insert(at);
                // A later SYN is nearer to its answer: the round trip is measured from there.
                self.rtt[1] = 0;
                self.syn_ack = None;
            }
            (Side::Responder, true, true) if self.syn_ack.is_none() => {
                self.syn_ack = Some(at);
                self.rtt[1] = self.syn.map_or(0, |syn| at.nanos_since(syn));
            }
            (Side::Initiator, false, true) if self.opened.is_none() => {
                if let (Some(syn), Some(answer)) = (self.syn, self.syn_ack) {
                    self.opened = Some(at);
                    self.rtt[0] = at.nanos_since(answer);
                    self.measure.handshake_nanos = Some(at.nanos_since(syn));
                }
            }
            _ => {}
        }
        let occupied = tcp.sequence_len();
        if occupied == 0 {
            return News::default();
        }
        let start = tcp.sequence().0;
        let end = start.wrapping_add(occupied);
        let next = *self.next[side].get_or_insert(start);
        // A SYN occupies a number and is no octet of the stream.
        let data = start.wrapping_add(u32::from(flags.syn()));
        let ahead = i64::from(data.wrapping_sub(next) as i32);
        let place = self.said[side] as i64 + if flags.syn() { 0 } else { ahead };
        if end.wrapping_sub(next) as i32 <= 0 {
            self.measure.retransmits[side] += 1;
            return News { octets: 0, at: place, ends: false };
        }
        self.next[side] = Some(end);
        self.largest[side] = self.largest[side].max(len);
        let mut news = News { octets: 0, at: place, ends: flags.fin() };
        if !flags.syn() && ahead > limits::MAX_DRIVEN_GAP {
            // So much is not missing: the stream goes on here.
            news.at = self.said[side] as i64;
        }
        news.octets = u64::try_from(news.at + len as i64 - self.said[side] as i64).unwrap_or(0);
        self.said[side] += news.octets;
        news
    }

    /// True if the responder answered the SYN by a reset and never by a SYN of its own.
    fn was_refused(&self) -> bool {
        self.syn.is_some() && self.syn_ack.is_none() && self.measure.segments[1] > 0
    }

    pub fn udp(&mut self, at: Timestamp, by: Side) {
        let first = *self.first.get_or_insert(at);
        self.measure.segments[by.index()] += 1;
        self.measure.duration_nanos = at.nanos_since(first);
    }
}

/// One conversation of the capture.
#[derive(Clone, Debug)]
pub struct Talk {
    /// True for TCP, false for UDP.
    pub is_tcp: bool,
    /// Initiator and responder.
    pub ends: [SocketAddr; 2],
    /// The number of its first packet.
    pub first_packet: u64,
    /// When that was.
    pub first_at: Timestamp,
    /// True if its SYN was seen.
    pub was_opened: bool,
    /// What was measured in the capture.
    pub measure: Measure,
    pub(super) follower: Follower,
    pub(super) turns: Vec<Turn>,
    /// What each side says, in the order of its turns: a stream, or one datagram after another. What the capture has not
    /// is zeros, and what goes beyond [`limits::MAX_DRIVEN_OCTETS`] is left out.
    pub(super) contents: [Vec<u8>; 2],
    /// True if it goes to a group or to everybody: nobody in particular receives it.
    pub to_group: bool,
    /// True for a side whose datagrams routers may cut: their "don't fragment" is not set.
    pub(super) may_be_cut: [bool; 2],
    /// True if the other side said by ICMP that nobody listens there.
    pub(super) is_unreachable: bool,
    /// The segment before, by side: whether it was as large as they come, so that the next one continues it.
    continues: [bool; 2],
    over: [bool; 2],
}

/// Who speaks with whom, from the frames of a capture.
#[derive(Debug, Default)]
pub(super) struct Talks {
    pub talks: Vec<Talk>,
    open: Map<(bool, SocketAddr, SocketAddr), usize>,
    /// Packets of conversations beyond those kept.
    pub not_kept: u64,
    /// Datagrams of hosts that had no address yet, as those that ask for one.
    pub without_source: u64,
    /// Datagrams of which the capture does not have every fragment.
    pub fragments: u64,
    /// Octets of contents kept.
    kept: usize,
}

impl Talks {
    pub fn of(capture: &Capture) -> Talks {
        let mut talks = Talks::default();
        let mut reassembly = Reassembly::default();
        for frame in &capture.frames {
            let decoded = frame.decode();
            match decoded.fragment() {
                None => talks.see(frame.number, frame.at, &decoded),
                Some(_) => talks.see_fragment(frame, &decoded, &mut reassembly),
            }
        }
        talks.fragments += reassembly.len() as u64;
        for talk in &mut talks.talks {
            talk.measure = talk.follower.measure;
            if !talk.is_tcp {
                // UDP has no handshake to measure the way by: the quickest answer counts as the round trip.
                let answers =
                    talk.turns.windows(2).filter(|two| two[0].by != two[1].by && two[1].by == Side::Responder);
                let gaps = answers.map(|two| two[1].at.nanos_since(two[0].at));
                talk.follower.rtt[1] = gaps.min().unwrap_or(0);
            }
        }
        talks
    }

    fn see(&mut self, number: u64, at: Timestamp, frame: &Frame<'_>) {
        let Some(ip) = frame.ip() else { return };
        let Some((source_port, destination_port)) = frame.ports() else { return self.see_error(frame) };
        let source = SocketAddr::new(ip.source(), source_port);
        let destination = SocketAddr::new(ip.destination(), destination_port);
        if let Some(tcp) = frame.tcp() {
            let flags = tcp.flags();
            let opens = flags.syn() && !flags.ack();
            // Of a connection that is joined late, the answer to a SYN, or the lower port, tells who was called.
            let backwards = flags.syn() && flags.ack() || !flags.syn() && source_port < destination_port;
            let found = self.find(true, (source, destination), opens, backwards, (number, at));
            let Some((index, by)) = found else { return };
            let talk = &mut self.talks[index];
            let news = talk.tcp(number, at, by, &tcp);
            self.kept += keep(&mut talk.contents[by.index()], news.at, tcp.payload(), self.kept);
        } else if let Some(udp) = frame.udp() {
            if source.ip().is_unspecified() {
                self.without_source += 1;
                return;
            }
            let Some((index, by)) = self.find(false, (source, destination), false, false, (number, at)) else { return };
            let talk = &mut self.talks[index];
            talk.follower.udp(at, by);
            let len = u64::from(udp.payload_len());
            talk.turns.push(Turn { number, by, at, deed: Deed::Say(len) });
            talk.may_be_cut[by.index()] |= frame.ipv4().is_some_and(|ip| !ip.dont_fragment());
            let place = talk.follower.said[by.index()];
            talk.follower.said[by.index()] += len;
            self.kept += keep(&mut talk.contents[by.index()], place as i64, udp.payload(), self.kept);
        }
    }

    /// "Port unreachable" about a datagram (RFC 792; RFC 4443 §3.1).
    fn see_error(&mut self, frame: &Frame<'_>) {
        let about = match (frame.icmpv4(), frame.icmpv6()) {
            (Some(icmp), _) if (icmp.icmp_type(), icmp.code()) == (3, 3) => icmp.quoted(),
            (_, Some(icmp)) if (icmp.icmp_type(), icmp.code()) == (1, 4) => icmp.quoted(),
            _ => return,
        };
        let Some(about) = about else { return };
        let (Some(ip), Some((source_port, destination_port))) = (about.ip(), about.ports()) else { return };
        let ends = [(ip.source(), source_port), (ip.destination(), destination_port)].map(SocketAddr::from);
        if about.tcp().is_none()
            && let Some(index) = self.open.get(&(false, ends[0], ends[1]))
        {
            self.talks[*index].is_unreachable = true;
        }
    }

    /// A datagram that went in fragments is said when the last of them passes.
    fn see_fragment(&mut self, frame: &CapturedFrame, decoded: &Frame<'_>, reassembly: &mut Reassembly) {
        let is_ip = |layer: &Layer<'_>| matches!(layer, Layer::Ipv4(_) | Layer::Ipv6(_));
        let Some(located) = decoded.layers().iter().find(|located| is_ip(&located.layer)) else { return };
        let packet = &frame.octets()[located.start as usize..];
        let Ok(header) = IpHeader::parse(packet) else { return };
        for (_, _) in reassembly.expire(frame.at) {
            self.fragments += 1;
        }
        match reassembly.take(&header, packet, frame.at) {
            Outcome::Whole { packet, .. } => {
                let whole = wire::decode(LinkType::RAW, &packet, packet.len() as u32);
                self.see(frame.number, frame.at, &whole);
            }
            Outcome::Refused(Reason::FragmentDuplicate) | Outcome::Waits { .. } => {}
            Outcome::Refused(_) => self.fragments += 1,
        }
    }

    /// The conversation of a packet and who speaks in it; a new one if there is none. `backwards` says that a new one
    /// was opened by the other side.
    fn find(
        &mut self,
        is_tcp: bool,
        (source, destination): (SocketAddr, SocketAddr),
        opens: bool,
        backwards: bool,
        (number, at): (u64, Timestamp),
    ) -> Option<(usize, Side)> {
        let there = (is_tcp, source, destination);
        if let Some(index) = self.open.get(&there) {
            let talk = &self.talks[*index];
            // The same ports again after the end are another connection; a SYN while it lives is a retransmission.
            let is_new = opens && (talk.over != [false; 2] || !talk.was_opened);
            if !is_new {
                return Some((*index, Side::Initiator));
            }
        } else if let Some(index) = self.open.get(&(is_tcp, destination, source))
            && !(opens && self.talks[*index].over != [false; 2])
        {
            return Some((*index, Side::Responder));
        }
        if self.talks.len() >= limits::MAX_DRIVEN_TALKS {
            self.not_kept += 1;
            return None;
        }
        let ends = if backwards { [destination, source] } else { [source, destination] };
        self.open.remove(&(is_tcp, ends[1], ends[0]));
        self.open.insert((is_tcp, ends[0], ends[1]), self.talks.len());
        let group = ends[1].ip();
        let is_all = matches!(group, std::net::IpAddr::V4(v4) if v4.is_broadcast());
        self.talks.push(Talk {
            is_tcp,
            ends,
            to_group: group.is_multicast() || is_all,
            may_be_cut: [false; 2],
            is_unreachable: false,
            contents: [Vec::new(), Vec::new()],
            first_packet: number,
            first_at: at,
            was_opened: opens || !is_tcp,
            measure: Measure::default(),
            follower: Follower::default(),
            turns: Vec::new(),
            continues: [false; 2],
            over: [false; 2],
        });
        Some((self.talks.len() - 1, if backwards { Side::Responder } else { Side::Initiator }))
    }
}

/// Writes octets to their place in what a side says; returns by how much that grew. `kept` is how much there is of all.
fn keep(contents: &mut Vec<u8>, at: i64, octets: &[u8], kept: usize) -> usize {
    let Ok(at) = usize::try_from(at) else { return 0 };
    let (before, end) = (contents.len(), at + octets.len());
    if end > before {
        if kept + (end - before) > limits::MAX_DRIVEN_OCTETS {
            return 0;
        }
        contents.resize(end, 0);
    }
    contents[at..end].copy_from_slice(octets);
    contents.len() - before
}

impl Talk {
    /// True if the capture shows that nobody listened.
    pub(super) fn was_refused(&self) -> bool {
        match self.is_tcp {
            true => self.follower.was_refused(),
            false => self.is_unreachable && self.turns.iter().all(|turn| turn.by == Side::Initiator),
        }
    }

    fn tcp(&mut self, number: u64, at: Timestamp, by: Side, tcp: &Tcp<'_>) -> News {
        let largest_before = self.follower.largest[by.index()];
        let news = self.follower.tcp(at, by, tcp);
        let News { octets, ends, .. } = news;
        let side = by.index();
        if octets > 0 {
            // What follows a segment as large as they come was very likely said in the same breath.
            let last = self.turns.last_mut().filter(|last| last.by == by && self.continues[side]);
            match last.map(|last| &mut last.deed) {
                Some(Deed::Say(said)) => *said += octets,
                _ => self.turns.push(Turn { number, by, at, deed: Deed::Say(octets) }),
            }
            let is_large = octets >= 536 && octets >= largest_before;
            self.continues[side] = is_large && !tcp.flags().fin();
        }
        if ends && !self.over[side] {
            self.over[side] = true;
            self.turns.push(Turn { number, by, at, deed: Deed::Close });
        }
        if tcp.flags().rst() {
            let is_first = !self.turns.iter().any(|turn| turn.deed == Deed::Reset);
            if is_first && self.over != [true; 2] {
                self.turns.push(Turn { number, by, at, deed: Deed::Reset });
            }
            self.over = [true; 2];
        }
        news
    }
}
