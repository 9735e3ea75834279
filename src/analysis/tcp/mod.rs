//! Every TCP connection explained, with evidence (rules C, H, E, T, R, D, K, W, Q of `docs/TCP.md`).
//!
//! [`TcpTracker::observe`] finds the connection of a segment, puts aside what does not count (packets captured twice,
//! wrong sums), and hands the rest to the judge, whose rules lie in one file each:
//!
//! | file | what it is about |
//! |---|---|
//! | `opening` | handshakes of every kind, and SYNs where none is expected |
//! | `ack`, `window` | what an acknowledgment says, and how much room there is |
//! | `data`, `evidence` | what a data segment is: new, late or again; and the evidence for it |
//! | `pending` | verdicts that a later packet may change |
//! | `closing`, `reset`, `state` | how a connection ends, and both ends' states |
//! | `timing` | round trips, timers, where the time went |
//! | `segment`, `half`, `ranges`, `connection` | what is remembered |
//! | `health` | what the capture itself did |
//!
//! The common path (the next segment in order, the next acknowledgment) makes no note and allocates nothing.

mod ack;
mod closing;
mod connection;
mod data;
mod evidence;
mod half;
mod health;
mod opening;
mod pending;
mod ranges;
mod report;
mod reset;
mod segment;
mod state;
mod stream;
mod timers;
mod timing;
mod window;
mod zeek;

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;

pub use health::TcpHealth;
pub use report::{
    BySide, ClosingReport, ConnectionReport, Endpoint, OpeningReport, OptionReport, RepairReport, RoundTripReport,
    TimeBudget, TimeReport, WindowReport, ZeekReport,
};

use super::Trust;
pub use stream::{Assembly, Chunk, Overlap, StreamPiece, Written};

use super::catalogue::tcp as says;
use super::note::{Context, Fact, Note, Notes, Settlement};
use crate::base::limits::{MAX_TCP_CONNECTIONS, TCP_CONTENT_RING};
use crate::base::{Seq, Timestamp};
use crate::packet::Packet;
use crate::wire::{IpView, Layer, Tcp};
use connection::{Connection, INITIATOR, Judge, Placed, RESPONDER, Side, Tentative, other};
use half::Origin;
use opening::OpeningKind;
use ranges::Contents;
use segment::{Key, Segment, Socket};
use state::State;
use timers::{Alarm, Timers};
use timing::Spent;

/// All TCP connections of a capture.
#[derive(Debug)]
pub struct TcpTracker {
    hasher: foldhash::fast::FixedState,
    /// Place of the latest connection between two sockets.
    index: HashTable<u32>,
    connections: Vec<Connection>,
    next_id: u64,
    /// Where the search for one to forget goes on.
    hand: usize,
    timers: Timers,
    contents: Contents,
    health: TcpHealth,
    /// Ports that were asked for with a SYN: what is later seen from the middle guesses its roles by them.
    asked_ports: Vec<u64>,
}

impl Default for TcpTracker {
    fn default() -> TcpTracker {
        TcpTracker::new()
    }
}

impl TcpTracker {
    /// A tracker that has seen nothing.
    pub fn new() -> TcpTracker {
        TcpTracker {
            hasher: foldhash::fast::FixedState::with_seed(0x7463_7021),
            index: HashTable::new(),
            connections: Vec::new(),
            next_id: 0,
            hand: 0,
            timers: Timers::default(),
            contents: Contents::new(TCP_CONTENT_RING),
            health: TcpHealth::default(),
            asked_ports: vec![0; 1024],
        }
    }

    /// Takes in a packet; what it means is added to `notes`.
    pub fn observe(&mut self, packet: &Packet<'_>, trust: Trust, notes: &mut Notes) {
        self.ring(packet.meta.at, notes);
        let frame = &packet.frame;
        let (Some(ip), Some(transport)) = (frame.ip(), frame.transport()) else { return };
        match transport {
            Layer::Tcp(tcp) if tcp.header_len() >= 20 && frame.fragment().is_none() => {
                self.segment(packet, &ip, &tcp, trust, notes);
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
        for slot in 0..self.connections.len() {
            self.conclude(slot as u32, true, notes);
        }
    }

    /// The connections, in the order of their first packets.
    pub fn connections(&self) -> Vec<ConnectionReport> {
        let mut order: Vec<&Connection> = self.connections.iter().collect();
        order.sort_by_key(|connection| connection.id);
        order.into_iter().map(Connection::report).collect()
    }

    /// What the segments tell of the capture's soundness.
    pub fn health(&self) -> TcpHealth {
        let mut health = self.health.clone();
        for connection in &self.connections {
            health.one_sided_connections += u64::from(connection.is_one_sided());
            health.midway_connections += u64::from(connection.opening.kind == OpeningKind::NotCaptured);
        }
        health
    }

    // ---- one segment ----

    fn segment<'a>(&mut self, packet: &Packet<'a>, ip: &IpView<'a>, tcp: &Tcp<'a>, trust: Trust, notes: &mut Notes) {
        let segment = Segment::new(packet, tcp, ip);
        let source = Socket::new(ip.source(), tcp.source_port());
        let destination = Socket::new(ip.destination(), tcp.destination_port());
        let tunnel = if packet.frame.ip_index() > Some(1) { Key::tunnel_of(&packet.frame) } else { 0 };
        let (key, from_low) = Key::new(source, destination, tunnel);
        let hash = self.hash(&key);
        let found = self.find(&key, hash);
        if trust.is_bad() {
            // Rule P3: its receiver throws it away, so it moves nothing here either.
            self.recognise(packet, notes);
            return;
        }

        self.health.segments += 1;
        let slot = self.slot_for(&segment, key, hash, from_low, found, notes);
        let connection = &mut self.connections[slot as usize];
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
            placed: Placed::default(),
        };
        judge.judge();
        let placed = judge.placed;
        let connection = &mut self.connections[slot as usize];
        notes.context = context(connection, from);
        if let Some(offset) = placed.offset
            && segment.len > 0
        {
            notes.context.piece = Some(StreamPiece { offset, len: segment.len, is_new: placed.is_new_data });
        }
    }

    /// The connection of a packet that changes nothing in it: a copy, or one with a wrong sum.
    pub fn recognise(&self, packet: &Packet<'_>, notes: &mut Notes) {
        if let Some((slot, from_low)) = self.lookup(packet) {
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

    /// The connection of a packet that an ICMP error quotes: its number, and true if its initiator sent the packet.
    pub fn quoted(&self, quoted: &crate::wire::Frame<'_>) -> Option<(u64, bool)> {
        let (source_port, destination_port) = quoted.ports()?;
        let ip = quoted.ip()?;
        let (source, destination) =
            (Socket::new(ip.source(), source_port), Socket::new(ip.destination(), destination_port));
        let (key, from_low) = Key::new(source, destination, 0);
        let connection = &self.connections[self.find(&key, self.hash(&key))? as usize];
        Some((connection.id, from_low == connection.initiator_is_low))
    }

    fn lookup(&self, packet: &Packet<'_>) -> Option<(u32, bool)> {
        let frame = &packet.frame;
        let (Some(Layer::Tcp(_) | Layer::CutTransport(_)), Some(ip)) = (frame.transport(), frame.ip()) else {
            return None;
        };
        let (source_port, destination_port) = frame.ports()?;
        let source = Socket::new(ip.source(), source_port);
        let destination = Socket::new(ip.destination(), destination_port);
        let (key, from_low) = Key::new(source, destination, Key::tunnel_of(frame));
        Some((self.find(&key, self.hash(&key))?, from_low))
    }

    // ---- the table (rules C1–C6) ----

    fn hash(&self, key: &Key) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u128(key.low.address);
        hasher.write_u128(key.high.address);
        hasher.write_u64(u64::from(key.low.port) << 48 | u64::from(key.high.port) << 32 | u64::from(key.tunnel));
        hasher.finish()
    }

    fn find(&self, key: &Key, hash: u64) -> Option<u32> {
        self.index.find(hash, |slot| self.connections[*slot as usize].key == *key).copied()
    }

    /// The connection that the segment belongs to: the one found, or a new one.
    fn slot_for(
        &mut self,
        segment: &Segment<'_>,
        key: Key,
        hash: u64,
        from_low: bool,
        found: Option<u32>,
        notes: &mut Notes,
    ) -> u32 {
        let Some(slot) = found else {
            return self.add(segment, key, hash, from_low, notes);
        };
        let flags = segment.flags;
        if !flags.syn() || flags.rst() || flags.fin() {
            return slot;
        }
        let connection = &self.connections[slot as usize];
        let from = if from_low == connection.initiator_is_low { INITIATOR } else { RESPONDER };
        let half = &connection.halves[from];
        let is_known = half.origin == Origin::Syn && half.base == segment.sequence;
        if is_known {
            return slot;
        }
        if !flags.ack() {
            let is_closed = connection.is_closed();
            // Rule C3 b: an attempt that nobody answered, tried again with another number.
            let unanswered = connection.opening.kind == OpeningKind::Unanswered
                && connection.halves[RESPONDER].packets == 0
                && from == INITIATOR;
            if is_closed || unanswered {
                let tentative = is_closed.then(|| acceptable(connection, from, segment));
                return self.succeed(segment, slot, from_low, tentative.flatten(), None, notes);
            }
            return slot;
        }
        // Rule C3 c: the peer agrees to the new number.
        let tentative = connection.odd.as_deref().and_then(|odd| odd.tentative).filter(|tentative| {
            let next = tentative.sequence.plus(1);
            let acknowledged = segment.acknowledgment.since(next);
            tentative.side == other(from) && (0..=tentative.len as i32).contains(&acknowledged)
        });
        if tentative.is_some() || connection.is_closed() {
            return self.succeed(segment, slot, !from_low, None, tentative, notes);
        }
        slot
    }

    /// A connection between sockets that had none.
    fn add(&mut self, segment: &Segment<'_>, key: Key, hash: u64, from_low: bool, notes: &mut Notes) -> u32 {
        let flags = segment.flags;
        let sender_asks = match (flags.syn(), flags.ack()) {
            (true, false) => true,
            // Rule C2: who is answered has asked.
            (true, true) => false,
            _ => {
                let [source, destination] = if from_low { [key.low, key.high] } else { [key.high, key.low] };
                self.guess_sender_asks(source.port, destination.port)
            }
        };
        let initiator_is_low = from_low == sender_asks;
        if flags.syn() {
            let port = if initiator_is_low { key.high.port } else { key.low.port };
            self.asked_ports[usize::from(port) / 64] |= 1 << (port % 64);
        }
        let slot = self.place(Connection::new(self.next_id, key, hash, initiator_is_low, segment), notes, segment);
        let connections = &self.connections;
        self.index.insert_unique(hash, slot, |slot| connections[*slot as usize].hash);
        slot
    }

    /// The next connection between sockets that had one: rule C3. `from_low` is the side that asks; `tentative` the SYN
    /// that waited for its answer.
    fn succeed(
        &mut self,
        segment: &Segment<'_>,
        old: u32,
        from_low: bool,
        acceptable: Option<&'static str>,
        tentative: Option<Tentative>,
        notes: &mut Notes,
    ) -> u32 {
        if tentative.is_some()
            && let Some(odd) = self.connections[old as usize].odd.as_deref_mut()
        {
            odd.tentative = None;
            odd.challenge = None;
        }
        self.conclude(old, false, notes);
        let former = &self.connections[old as usize];
        let (key, hash, former_id) = (former.key, former.hash, former.id);
        let mut connection = Connection::new(self.next_id, key, hash, from_low, segment);
        connection.odd().former = Some(former_id);
        let id = connection.id;
        let slot = self.place(connection, notes, segment);
        if let Some(place) = self.index.find_mut(hash, |slot| self.connections[*slot as usize].key == key) {
            *place = slot;
        } else {
            let connections = &self.connections;
            self.index.insert_unique(hash, slot, |slot| connections[*slot as usize].hash);
        }
        let (packet, at) = tentative.map_or((segment.packet, segment.at), |tentative| (tentative.packet, tentative.at));
        let mut note = Note::new(&says::PORT_REUSED, packet, at).in_connection(id).with("old", Fact::Count(former_id));
        if let Some(acceptable) = acceptable {
            note = note.with("acceptable", Fact::Word(acceptable));
        }
        self.connections[slot as usize].count(&says::PORT_REUSED, 1);
        match tentative {
            None => notes.say(note),
            Some(tentative) => {
                let note = note.with("decided_by", Fact::Packet(segment.packet));
                let entry = &says::HALF_OPEN_PEER;
                self.connections[old as usize].count(entry, -1);
                notes.settled.push(Settlement { packet: tentative.packet, entry, becomes: Some(note) });
                let mut judge = Judge {
                    connection: &mut self.connections[slot as usize],
                    slot,
                    segment,
                    from: INITIATOR,
                    notes,
                    contents: &mut self.contents,
                    timers: &mut self.timers,
                    health: &mut self.health,
                    placed: Placed::default(),
                };
                judge.adopt(&tentative);
            }
        }
        slot
    }

    /// Finds room for a connection; if there is none, the one silent longest among some is forgotten.
    fn place(&mut self, connection: Connection, notes: &mut Notes, segment: &Segment<'_>) -> u32 {
        self.next_id += 1;
        if self.connections.len() < MAX_TCP_CONNECTIONS {
            self.connections.push(connection);
            return self.connections.len() as u32 - 1;
        }
        let candidates = (0..64).map(|step| (self.hand + step) % self.connections.len());
        let victim = candidates
            .min_by_key(|slot| {
                let connection = &self.connections[*slot];
                (!connection.is_closed(), connection.last_at)
            })
            .unwrap_or(0);
        self.hand = (self.hand + 64) % self.connections.len();
        self.conclude(victim as u32, true, notes);
        let old = &self.connections[victim];
        let (hash, id) = (old.hash, old.id);
        if let Ok(entry) = self.index.find_entry(hash, |slot| *slot == victim as u32) {
            entry.remove();
        }
        self.health.forgotten_connections += 1;
        let count = self.health.forgotten_connections;
        if count.is_power_of_two() {
            let note = Note::new(&says::EVICTED, segment.packet, segment.at)
                .in_connection(id)
                .with("count", Fact::Count(count));
            notes.say(note);
        }
        self.connections[victim] = connection;
        victim as u32
    }

    /// Rule C2: without a SYN the lower, or the known, port is probably the one that was asked.
    fn guess_sender_asks(&self, source_port: u16, destination_port: u16) -> bool {
        let is_asked = |port: u16| self.asked_ports[usize::from(port) / 64] & 1 << (port % 64) != 0;
        match (is_asked(source_port), is_asked(destination_port)) {
            (true, false) => return false,
            (false, true) => return true,
            _ => {}
        }
        let (low, high) = (source_port.min(destination_port), source_port.max(destination_port));
        if low < 1024 && high >= 1024 || low < 16384 && high >= 32768 {
            return destination_port == low;
        }
        true
    }

    // ---- what waits ----

    /// Looks at everything whose time has come.
    fn ring(&mut self, now: Timestamp, notes: &mut Notes) {
        while let Some((slot, id, alarm)) = self.timers.due(now) {
            let Some(connection) = self.connections.get_mut(slot as usize).filter(|found| found.id == id) else {
                continue;
            };
            match alarm {
                Alarm::Pending => pending::settle_waited(connection, notes),
                Alarm::Unanswered => say_unanswered(connection, false, notes),
                Alarm::Reset => settle_reset(connection, notes),
            }
        }
    }

    /// The last word on a connection: it ends, is forgotten, or (`is_end`) the capture does.
    fn conclude(&mut self, slot: u32, is_end: bool, notes: &mut Notes) {
        let connection = &mut self.connections[slot as usize];
        pending::settle_all(connection, notes);
        say_unanswered(connection, is_end, notes);
        if connection.opening.kind == OpeningKind::HalfOpen
            && connection.states[RESPONDER] == State::SynReceived
            && !connection.counts.iter().any(|(entry, _)| std::ptr::eq(*entry, &says::HALF_OPEN))
        {
            let packet = connection.opening.packets[1];
            let note = Note::new(&says::HALF_OPEN, packet, connection.opening.at[1])
                .in_connection(connection.id)
                .with("since", Fact::Packet(packet));
            connection.count(&says::HALF_OPEN, 1);
            notes.say(note);
        }
        for side in [INITIATOR, RESPONDER] {
            let Some(rare) = connection.halves[side].rare.as_deref_mut() else { continue };
            let holes = std::mem::take(&mut rare.holes);
            let mut lost = Vec::new();
            for hole in holes {
                if hole.acknowledged.is_some() {
                    ack::give_up(connection, side, hole, notes, &mut self.health.delivered_unseen_octets);
                } else if !hole.is_older {
                    let note = Note::new(&says::LOST, hole.revealed, hole.at)
                        .in_connection(connection.id)
                        .sure(super::note::Confidence::Undecided)
                        .with("octets", Fact::Octets((hole.end - hole.start) as u64));
                    connection.count(&says::LOST, 1);
                    notes.say(note);
                    lost.push(hole);
                }
            }
            if let Some(rare) = connection.halves[side].rare.as_deref_mut() {
                rare.holes = lost;
            }
        }
    }

    // ---- ICMP about TCP (rule H12) ----

    fn unreachable(
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
        let about = if half.position(sequence.unwrap_or_default()) == 0 && connection.opening.packets[0] != 0 {
            connection.opening.packets[0]
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
            note = note.sure(super::note::Confidence::Undecided).with("doubt", Fact::Word("does not fit the flow"));
        }
        connection.count(&says::UNREACHABLE, 1);
        notes.say(note);
    }
}

impl Judge<'_> {
    /// Everything about one segment, rule after rule.
    fn judge(&mut self) {
        let flags = self.segment.flags;
        self.remember_letter();
        let is_odd = flags.syn() && (flags.fin() || flags.rst())
            || flags.rst() && flags.fin()
            || !flags.syn() && !flags.rst() && !flags.ack();
        if is_odd {
            self.odd_flags();
        } else if flags.rst() {
            self.reset();
        } else if flags.syn() {
            self.after_reset();
            if flags.ack() { self.syn_ack() } else { self.syn() }
        } else {
            self.after_reset();
            self.regular();
        }
        self.spend();
        let (packet, at, acknowledgment) = (self.segment.packet, self.segment.at, self.segment.acknowledgment);
        let has_ack = flags.ack();
        let half = self.sent();
        half.last_packet = packet;
        half.last_at = at;
        if has_ack {
            half.last_acknowledgment = acknowledgment;
        }
    }

    fn regular(&mut self) {
        let is_new = self.connection.halves.iter().all(|half| half.origin == Origin::Unknown)
            && self.connection.opening.packets[0] == 0;
        if is_new {
            self.begin_midway();
        }
        let is_foreign = self.third_step();
        if is_foreign {
            return;
        }
        self.acknowledge();
        self.fin_acknowledged();
        if self.segment.len > 0 {
            self.nagle();
        }
        self.data();
        self.fin();
        self.late_letters();
    }

    /// Repairs, gaps and closed windows in Zeek's history.
    fn late_letters(&mut self) {
        let side = self.from;
        if self.placed.is_resent
            && let Some(rare) = self.connection.halves[side].rare.as_deref()
        {
            let count = rare.counts.retransmitted_segments;
            self.letter_by_count(side, b't', count);
        }
        if self.segment.window == 0
            && let Some(rare) = self.connection.halves[other(side)].rare.as_deref()
            && rare.closed.is_some_and(|closed| closed.packet == self.segment.packet)
        {
            let count = rare.counts.zero_window_episodes;
            self.letter_by_count(side, b'w', count);
        }
        if self.placed.revealed_gap && self.segment.len == 0 {
            self.letter_by_count(other(side), b'g', 1);
        }
    }

    fn odd_flags(&mut self) {
        let names: Vec<&str> = self.segment.flags.names().collect();
        let names = if names.is_empty() { "none at all".to_owned() } else { names.join(",") };
        let note = self.note(&says::ODD_FLAGS).with("flags", Fact::Text(names.into()));
        self.say(note);
    }

    /// Rule Q6: the time since the connection's last packet goes to what each direction was doing meanwhile.
    fn spend(&mut self) {
        let at = self.segment.at;
        let from = self.from;
        let placed = self.placed;
        let carries_data = self.segment.len > 0 && placed.offset.is_some();
        let quick = least_round_trip(self.connection).map_or(1_000_000, |least| (least / 4).max(50_000));
        for side in [INITIATOR, RESPONDER] {
            let half = &mut self.connection.halves[side];
            let begins = side == from && carries_data && half.budget.is_none();
            if begins {
                half.budget = Some(Box::default());
            }
            let was = half.was;
            let Some(budget) = half.budget.as_deref_mut() else { continue };
            let spent = match () {
                () if placed.revealed_gap && (side == from) == (self.segment.len > 0) => Spent::CaptureGap,
                () if side == from && placed.is_timeout => Spent::Recovery,
                () if side == from
                    && placed.is_new_data
                    && was == Spent::RoundTrip
                    && at.nanos_since(budget.last) <= quick =>
                {
                    Spent::Sending
                }
                () => was,
            };
            budget.pass(at, spent);
            if side == from && carries_data {
                budget.data(at);
            }
        }
        let knows_window = [RESPONDER, INITIATOR].map(|side| self.connection.halves[side].shift.is_some());
        for side in [INITIATOR, RESPONDER] {
            let half = &mut self.connection.halves[side];
            if half.budget.is_none() {
                continue;
            }
            let is_recovering = half.recovery().is_some();
            half.was = match () {
                () if half.has_window && half.raw_window == 0 => Spent::ReceiverClosed,
                () if is_recovering => Spent::Recovery,
                () if half.flight() > 0 && half.max >= half.edge && knows_window[side] => Spent::WindowFull,
                () if half.flight() > 0 => Spent::RoundTrip,
                () => Spent::Idle,
            };
        }
    }
}

/// What lines and ladders print of the connection beside a packet.
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
    }
}

fn least_round_trip(connection: &Connection) -> Option<u64> {
    let [one, two] = &connection.halves;
    match (one.round_trip.is_known(), two.round_trip.is_known()) {
        (false, false) => None,
        _ => Some(one.round_trip.least + two.round_trip.least),
    }
}

/// Rule 3.5.4: may a new SYN take the place of the old connection in TIME-WAIT?
fn acceptable(connection: &Connection, from: Side, segment: &Segment<'_>) -> Option<&'static str> {
    let holder = connection.states.iter().position(|state| *state == State::TimeWait)?;
    let half = &connection.halves[from];
    if holder == from {
        return Some("asked for by the side that itself keeps TIME-WAIT");
    }
    let beyond = half.position(segment.sequence) >= half.max;
    let newer = half.has_timestamp
        && segment.timestamps.is_some_and(|(value, _)| value.wrapping_sub(half.timestamp) as i32 > 0);
    Some(match (beyond, newer) {
        (true, true) => "acceptable in TIME-WAIT: larger number and newer timestamp",
        (true, false) => "acceptable in TIME-WAIT: its number lies beyond the old connection's",
        (false, true) => "acceptable in TIME-WAIT: its timestamp is newer",
        (false, false) => "not acceptable in TIME-WAIT: expect an ACK with the old numbers, then a reset",
    })
}

/// Rule H14.
fn say_unanswered(connection: &mut Connection, is_end: bool, notes: &mut Notes) {
    let is_alone = connection.opening.kind == OpeningKind::Unanswered
        && connection.halves[RESPONDER].packets == 0
        && connection.opening.packets[0] != 0
        && connection.closing.reset == 0;
    if !is_alone || connection.counts.iter().any(|(entry, _)| std::ptr::eq(*entry, &says::UNANSWERED)) {
        return;
    }
    let waited = connection.last_at.nanos_since(connection.opening.at[0]);
    let mut note = Note::new(&says::UNANSWERED, connection.opening.packets[0], connection.opening.at[0])
        .in_connection(connection.id)
        .with("number", Fact::Count(u64::from(connection.opening.syns)));
    if waited > 0 {
        note = note.with("waited", Fact::Nanos(waited));
    }
    if is_end {
        note = note.with("end", Fact::Word("the end of the capture came first"));
    }
    connection.count(&says::UNANSWERED, 1);
    notes.say(note);
}

fn settle_reset(connection: &mut Connection, notes: &mut Notes) {
    if let Some(reset) = connection.odd.as_deref_mut().and_then(|odd| odd.reset.as_mut())
        && reset.is_pending
    {
        reset.is_pending = false;
        notes.settled.push(Settlement { packet: reset.packet, entry: &says::RESET, becomes: None });
    }
}

/// What an ICMPv4 message says of a TCP segment (RFC 792, RFC 1812 §5.2.7.1).
fn unreachable_v4(icmp_type: u8, code: u8) -> Option<&'static str> {
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
fn unreachable_v6(icmp_type: u8, code: u8) -> Option<&'static str> {
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
