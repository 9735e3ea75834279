//! Every TCP connection explained, with evidence (rules C, H, E, T, R, D, K, W, Q of `docs/TCP.md`).
//!
//! [`TcpTracker::observe`] finds the connection of a segment, puts aside what does not count (packets captured twice,
//! wrong sums), and hands the rest to the judge, whose rules lie in one file each:
//!
//! | file | what it is about |
//! |---|---|
//! | `table` | which packets form a connection, and which is forgotten when room runs out |
//! | `judge` | the order of the rules for one segment |
//! | `ordinary` | the short way for the segments that most connections consist of |
//! | `opening`, `offer`, `answer`, `third_step` | handshakes of every kind, and SYNs where none is expected |
//! | `ack`, `window` | what an acknowledgment says, and how much room there is |
//! | `data`, `evidence` | what a data segment is: new, late or again; and the evidence for it |
//! | `pending`, `waiting` | verdicts that a later packet, or the time, may change |
//! | `closing`, `reset`, `state` | how a connection ends, and both ends' states |
//! | `timing` | round trips, timers, where the time went |
//! | `icmp` | what routers say of segments |
//! | `segment`, `half`, `records`, `ranges`, `connection` | what is remembered |
//! | `servers`, `bursts`, `health` | what many connections together tell: of a server, of the capture |
//! | `stream` | the octets in order |
//! | `foresight` | memory asked for before it is needed |
//! | `report`, `zeek` | what is told of a connection in the end |
//!
//! The common path (the next segment in order, the next acknowledgment) makes no note and allocates nothing.

mod ack;
mod answer;
mod bursts;
mod closing;
mod connection;
mod data;
mod evidence;
mod foresight;
mod half;
mod health;
mod icmp;
mod judge;
mod offer;
mod opening;
mod ordinary;
mod pending;
mod ranges;
mod records;
mod report;
mod reset;
mod segment;
mod servers;
mod state;
mod stream;
mod table;
mod third_step;
mod timers;
mod timing;
mod waiting;
mod window;
mod zeek;

use std::collections::{HashSet, VecDeque};

use hashbrown::HashTable;

pub(crate) use foresight::FORESEEN_PACKETS;
pub use health::TcpHealth;
pub use report::{
    BySide, ClosingReport, ConnectionReport, Endpoint, OpeningReport, OptionReport, RepairReport, RoundTripReport,
    TimeBudget, TimeReport, WindowReport, ZeekReport,
};

pub use stream::{Assembly, Chunk, Overlap, StreamPiece, Written};

use super::catalogue::tcp as says;
use super::note::{Context, Notes, Wanted};
use super::path_mtu::{Again, Underway};
use crate::base::Seq;
use crate::base::limits::{MAX_TCP_CONNECTIONS, TCP_CONTENT_RING};
use crate::packet::Packet;
use crate::wire::{IpView, Layer, Tcp};
use bursts::Bursts;
use connection::{Connection, INITIATOR, Judge, Placed, RESPONDER, Side, other};
use foresight::Foreseen;
use half::{Half, Origin};
use icmp::{unreachable_v4, unreachable_v6};
use ranges::Contents;
use segment::{Key, Segment, Socket};
use servers::Servers;
use timers::Timers;

/// All TCP connections of a capture.
#[derive(Debug)]
pub struct TcpTracker {
    hasher: foldhash::fast::FixedState,
    /// Place of the latest connection between two sockets.
    index: HashTable<u32>,
    connections: Vec<Connection>,
    next_id: u64,
    /// Most connections remembered at once.
    room: usize,
    /// Where the search for one to forget goes on.
    hand: usize,
    timers: Timers,
    contents: Contents,
    health: TcpHealth,
    servers: Servers,
    bursts: Bursts,
    /// Ports that were asked for with a SYN: what is later seen from the middle guesses its roles by them.
    asked_ports: Vec<u64>,
    /// Sockets of connections that began before the capture: one with several peers is probably a server's.
    midway_sockets: HashSet<Socket>,
    /// Place of the last segment's connection and its sender, and its first sending if it was sent before.
    last: Option<(u32, Side)>,
    again: Option<Again>,
    /// Where the next packets' connections are.
    foreseen: Foreseen,
    next_foreseen: usize,
    /// Connections that are over, in that order.
    over: VecDeque<(u32, u64)>,
    /// A report will list the connections with ids below this one; the others give their places to new connections some
    /// time after they have ended, and these are counted.
    listed: u64,
    not_listed: usize,
    /// True if even ordinary segments go the long way.
    is_thorough: bool,
    /// How many went the short one.
    #[cfg(test)]
    ordinary: u64,
}

impl Default for TcpTracker {
    fn default() -> TcpTracker {
        TcpTracker::new()
    }
}

impl TcpTracker {
    /// A tracker that has seen nothing.
    pub fn new() -> TcpTracker {
        TcpTracker::with_room(MAX_TCP_CONNECTIONS)
    }

    /// A tracker that remembers so many connections at most.
    pub fn with_room(connections: usize) -> TcpTracker {
        TcpTracker {
            room: connections.max(1),
            hasher: foldhash::fast::FixedState::with_seed(0x7463_7021),
            index: HashTable::new(),
            connections: Vec::new(),
            next_id: 0,
            hand: 0,
            timers: Timers::default(),
            contents: Contents::new(TCP_CONTENT_RING),
            health: TcpHealth::default(),
            servers: Servers::default(),
            bursts: Bursts::default(),
            asked_ports: vec![0; 1024],
            midway_sockets: HashSet::new(),
            last: None,
            again: None,
            foreseen: Foreseen::new(),
            next_foreseen: 0,
            over: VecDeque::new(),
            listed: u64::MAX,
            not_listed: 0,
            is_thorough: false,
            #[cfg(test)]
            ordinary: 0,
        }
    }

    /// A tracker of which [`TcpTracker::take_connections`] reports the first `most` connections only. It says the same of
    /// every segment.
    pub fn listing(most: u64) -> TcpTracker {
        TcpTracker { listed: most, ..TcpTracker::new() }
    }

    /// Takes in a packet; what it means is added to `notes`. A bad one is thrown away by its receiver.
    pub fn observe(&mut self, packet: &Packet<'_>, is_bad: bool, notes: &mut Notes) {
        self.ring(packet.meta.at, notes);
        (self.last, self.again) = (None, None);
        let frame = &packet.frame;
        let (Some(ip), Some(transport)) = (frame.ip(), frame.transport()) else { return };
        match transport {
            Layer::Tcp(tcp) if tcp.header_len() >= 20 && frame.fragment().is_none() => {
                self.segment(packet, &ip, &tcp, is_bad, notes);
            }
            Layer::CutTransport(cut) if cut.protocol == 6 => {
                self.health.cut_headers += 1;
                self.recognise(packet, notes);
            }
            Layer::Icmpv4(icmp) if icmp.is_error() => {
                let reason = unreachable_v4(icmp.icmp_type(), icmp.code());
                if let (Some(reason), Some(quoted)) = (reason, icmp.quoted()) {
                    self.unreachable(packet, &quoted, reason, notes);
                }
            }
            Layer::Icmpv6(icmp) if icmp.is_error() => {
                let reason = unreachable_v6(icmp.icmp_type(), icmp.code());
                if let (Some(reason), Some(quoted)) = (reason, icmp.quoted()) {
                    self.unreachable(packet, &quoted, reason, notes);
                }
            }
            _ => {}
        }
    }

    /// The end of the capture: everything that waited is settled.
    pub fn finish(&mut self, notes: &mut Notes) {
        // In the order of their first packets, whichever places they have got.
        let mut slots: Vec<usize> = (0..self.connections.len()).collect();
        slots.sort_by_key(|slot| self.connections[*slot].id);
        for slot in slots {
            self.conclude(slot as u32, true, notes);
            self.connections[slot].halves.iter_mut().for_each(Half::shrink);
        }
    }

    /// The connections that are to be listed, in the order of their first packets.
    pub fn connections(&self) -> Vec<ConnectionReport> {
        let mut order: Vec<_> = self.connections.iter().filter(|connection| connection.id < self.listed).collect();
        order.sort_by_key(|connection| connection.id);
        order.into_iter().map(Connection::report).collect()
    }

    /// The same, taking the connections out: a few thousand at a time, so that they are hardly in memory twice. Also how
    /// many more there were that were not to be listed.
    pub fn take_connections(&mut self) -> (Vec<ConnectionReport>, usize) {
        const AT_ONCE: usize = 4096;
        self.index.clear();
        let remembered = self.connections.len();
        self.connections.retain(|connection| connection.id < self.listed);
        let left_out = self.not_listed + remembered - self.connections.len();
        let mut reports = Vec::with_capacity(self.connections.len());
        while !self.connections.is_empty() {
            let rest = self.connections.len().saturating_sub(AT_ONCE);
            reports.extend(self.connections.drain(rest..).map(|connection| connection.report()));
            self.connections.shrink_to_fit();
        }
        reports.sort_by_key(|report: &ConnectionReport| report.id);
        (reports, left_out)
    }

    /// What the segments tell of the capture's soundness.
    pub fn health(&self) -> TcpHealth {
        let mut health = self.health.clone();
        self.connections.iter().for_each(|connection| connection.tell(&mut health));
        health
    }

    fn segment<'a>(&mut self, packet: &Packet<'a>, ip: &IpView<'a>, tcp: &Tcp<'a>, is_bad: bool, notes: &mut Notes) {
        if is_bad {
            // Rule P3: its receiver throws it away, so it moves nothing here either.
            self.recognise(packet, notes);
            return;
        }
        let segment = Segment::new(packet, tcp, ip);
        let (key, from_low) = Key::of_ends(&packet.frame, ip, (tcp.source_port(), tcp.destination_port()));
        let found = self.foreseen(segment.packet, &key).or_else(|| self.find(&key, self.hash(&key)));

        self.health.segments += 1;
        let slot = self.slot_for(&segment, key, from_low, found, notes);
        let connection = &mut self.connections[slot as usize];
        let was_over = connection.is_closed();
        let from = if from_low == connection.initiator_is_low { INITIATOR } else { RESPONDER };
        if segment.at < connection.last_at {
            self.health.time_backwards += 1;
        }
        connection.last_at = connection.last_at.max(segment.at);
        let half = &mut connection.halves[from];
        half.packets = half.packets.saturating_add(1);
        half.payload_octets += u64::from(segment.len);

        let mut judge = Judge {
            connection,
            slot,
            segment: &segment,
            from,
            notes,
            contents: &mut self.contents,
            timers: &mut self.timers,
            health: &mut self.health,
            servers: &mut self.servers,
            bursts: &mut self.bursts,
            placed: Placed::default(),
            is_thorough: self.is_thorough,
        };
        judge.judge();
        let placed = judge.placed;
        #[cfg(test)]
        {
            self.ordinary += u64::from(placed.is_ordinary);
        }
        let connection = &mut self.connections[slot as usize];
        let piece = placed.offset.filter(|_| segment.len > 0);
        if let Some(offset) = piece.filter(|_| !placed.is_new_data) {
            self.again = Some(first_sending(&connection.halves[from], offset + 1, &segment));
        }
        if notes.wanted == Wanted::All {
            notes.context = context(connection, from);
            notes.context.round_trip = placed.round_trip;
            notes.context.piece =
                piece.map(|offset| StreamPiece { offset, len: segment.len, is_new: placed.is_new_data });
        }
        self.last = Some((slot, from));
        // An ordinary segment ends nothing.
        if !placed.is_ordinary && !was_over && connection.is_closed() {
            let id = connection.id;
            self.over.push_back((slot, id));
        }
    }

    /// The connection of a packet that changes nothing in it: a copy, or one with a wrong sum.
    pub fn recognise(&self, packet: &Packet<'_>, notes: &mut Notes) {
        if notes.wanted == Wanted::All
            && let Some((slot, from_low)) = self.lookup(packet)
        {
            let connection = &self.connections[slot as usize];
            let from = if from_low == connection.initiator_is_low { INITIATOR } else { RESPONDER };
            notes.context = context(connection, from);
        }
    }

    /// The least round-trip time known of a packet's connection, in nanoseconds.
    pub fn least_round_trip(&self, packet: &Packet<'_>) -> Option<u64> {
        let (slot, _) = self.lookup(packet)?;
        least_round_trip(&self.connections[slot as usize])
    }

    /// What is known of the direction of a packet that an ICMP error quotes.
    pub fn quoted(&self, quoted: &crate::wire::Frame<'_>) -> Option<Underway> {
        let (source_port, destination_port) = quoted.ports()?;
        let ip = quoted.ip()?;
        let (source, destination) =
            (Socket::new(ip.source(), source_port), Socket::new(ip.destination(), destination_port));
        let (key, from_low) = Key::new(source, destination, 0);
        let connection = &self.connections[self.find(&key, self.hash(&key))? as usize];
        let from = if from_low == connection.initiator_is_low { INITIATOR } else { RESPONDER };
        Some(underway(connection, from))
    }

    /// What is known of the direction of the last packet, if that was a segment that counted.
    pub fn underway(&self) -> Option<Underway> {
        self.last.map(|(slot, from)| underway(&self.connections[slot as usize], from))
    }

    /// How the octets of the last packet were sent first, if it was a segment that brought nothing new.
    pub fn again(&self) -> Option<Again> {
        self.again
    }

    fn lookup(&self, packet: &Packet<'_>) -> Option<(u32, bool)> {
        let (key, from_low) = Key::of(&packet.frame)?;
        Some((self.find(&key, self.hash(&key))?, from_low))
    }
}

/// What lines and ladders print of the connection beside a packet.
fn underway(connection: &Connection, from: Side) -> Underway {
    let half = &connection.halves[from];
    let promised = connection.offers[other(from)].mss;
    Underway {
        connection: connection.id,
        from_initiator: from == INITIATOR,
        max: half.was_seen().then(|| half.base.plus(half.max as u32)),
        una: half.has_una.then(|| half.base.plus(half.una as u32)),
        receiver_mss: (promised != 0).then_some(promised),
        small_passed: half.small_passed,
    }
}

/// When the octet at `start` was sent first, and with how many others; this segment itself if that is forgotten.
fn first_sending(half: &Half, start: i64, segment: &Segment<'_>) -> Again {
    let index = half.records.overlapping(start, start + 1).start;
    let record = half.records.get(index).filter(|record| record.start == start);
    record.map_or(Again { first_at: segment.at, first_len: segment.len }, |record| Again {
        first_at: record.first_at,
        first_len: (record.end - record.start) as u32,
    })
}

fn context(connection: &Connection, from: Side) -> Context {
    let half = &connection.halves[from];
    let back = &connection.halves[other(from)];
    let known = |half: &half::Half, fallback: Seq| if half.origin == Origin::Unknown { fallback } else { half.base };
    Context {
        connection: Some(connection.id),
        from_initiator: from == INITIATOR,
        bases: Some((known(half, Seq(0)), known(back, Seq(0)))),
        states: Some((connection.state_name(INITIATOR), connection.state_name(RESPONDER))),
        piece: None,
        round_trip: None,
    }
}

fn least_round_trip(connection: &Connection) -> Option<u64> {
    let [one, two] = &connection.halves;
    match (one.round_trip.is_known(), two.round_trip.is_known()) {
        (false, false) => None,
        _ => Some(one.round_trip.least + two.round_trip.least),
    }
}
