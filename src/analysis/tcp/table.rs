//! Which packets form a connection (rules C1–C6), and room for all of them.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use super::connection::{Connection, INITIATOR, Judge, Placed, RESPONDER, Side, Tentative, other};
use super::half::{Half, Origin};
use super::opening::OpeningKind;
use super::segment::{Key, Segment, Socket};
use super::state::State;
use super::{TcpTracker, says};
use crate::analysis::note::{Fact, Note, Notes, Settlement};
use crate::base::limits::{MAX_TCP_CONNECTIONS_OVER, MAX_TCP_SERVERS};

impl TcpTracker {
    pub(super) fn hash(&self, key: &Key) -> u64 {
        hash(&self.hasher, key)
    }

    /// Enters a connection into the index.
    fn enter(&mut self, hash_of_key: u64, slot: u32) {
        let (connections, hasher) = (&self.connections, &self.hasher);
        self.index.insert_unique(hash_of_key, slot, |slot| hash(hasher, &connections[*slot as usize].key));
    }

    pub(super) fn find(&self, key: &Key, hash: u64) -> Option<u32> {
        self.index.find(hash, |slot| self.connections[*slot as usize].key == *key).copied()
    }

    /// The connection that the segment belongs to: the one found, or a new one.
    pub(super) fn slot_for(
        &mut self,
        segment: &Segment<'_>,
        key: Key,
        from_low: bool,
        found: Option<u32>,
        notes: &mut Notes,
    ) -> u32 {
        let Some(slot) = found else {
            return self.add(segment, key, self.hash(&key), from_low, notes);
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
                let [source, destination] = if from_low { [key.low(), key.high()] } else { [key.high(), key.low()] };
                self.guess_sender_asks(source, destination)
            }
        };
        let initiator_is_low = from_low == sender_asks;
        if flags.syn() {
            let port = if initiator_is_low { key.high().port } else { key.low().port };
            self.asked_ports[usize::from(port) / 64] |= 1 << (port % 64);
        }
        let slot = self.place(Connection::new(self.next_id, key, initiator_is_low, segment), notes, segment);
        self.enter(hash, slot);
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
        let (key, former_id) = (former.key, former.id);
        let hash = self.hash(&key);
        let connection = Connection::new(self.next_id, key, from_low, segment).after(former_id);
        let id = connection.id;
        let slot = self.place(connection, notes, segment);
        if let Some(place) = self.index.find_mut(hash, |slot| self.connections[*slot as usize].key == key) {
            *place = slot;
        } else {
            self.enter(hash, slot);
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
                    servers: &mut self.servers,
                    bursts: &mut self.bursts,
                    placed: Placed::default(),
                    is_thorough: self.is_thorough,
                };
                judge.adopt(&tentative);
            }
        }
        slot
    }

    /// Finds room for a connection; if there is none, the one silent longest among some is forgotten.
    fn place(&mut self, connection: Connection, notes: &mut Notes, segment: &Segment<'_>) -> u32 {
        self.next_id += 1;
        if let Some(slot) = self.take_over(notes) {
            let place = &mut self.connections[slot as usize];
            let former = std::mem::replace(place, connection);
            for (half, former) in place.halves.iter_mut().zip(former.halves) {
                half.records.take_memory(former.records);
            }
            return slot;
        }
        if self.connections.len() < self.room {
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
        let id = self.connections[victim].id;
        self.take_out(victim as u32);
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

    /// Forgets the connection that has been over for longest, if more than enough are, and nothing came since: its place.
    /// Where a report will list it, it keeps that and gives back what only later segments would be compared with.
    fn take_over(&mut self, notes: &mut Notes) -> Option<u32> {
        while self.over.len() > MAX_TCP_CONNECTIONS_OVER {
            let (slot, id) = self.over.pop_front()?;
            let found = self.connections.get(slot as usize);
            if found.is_none_or(|found| found.id != id || !found.is_closed()) {
                continue;
            }
            self.conclude(slot, true, notes);
            self.take_out(slot);
            let connection = &mut self.connections[slot as usize];
            if id < self.listed {
                connection.halves.iter_mut().for_each(Half::shrink);
                continue;
            }
            connection.tell(&mut self.health);
            self.not_listed += 1;
            return Some(slot);
        }
        None
    }

    /// Takes a connection out of the index; its place is still to be filled.
    fn take_out(&mut self, slot: u32) {
        let hash = self.hash(&self.connections[slot as usize].key);
        if let Ok(entry) = self.index.find_entry(hash, |found| *found == slot) {
            entry.remove();
        }
    }

    /// Rule C2: without a SYN, the side whose port was asked for before, or that has several peers, or whose port is the
    /// lower one, is probably the one that was asked.
    fn guess_sender_asks(&mut self, source: Socket, destination: Socket) -> bool {
        let is_asked = |port: u16| self.asked_ports[usize::from(port) / 64] & 1 << (port % 64) != 0;
        match (is_asked(source.port), is_asked(destination.port)) {
            (true, false) => return false,
            (false, true) => return true,
            _ => {}
        }
        if self.midway_sockets.len() >= MAX_TCP_SERVERS {
            self.midway_sockets.clear();
        }
        let source_is_new = self.midway_sockets.insert(source);
        let destination_is_new = self.midway_sockets.insert(destination);
        let (low, high) = (source.port.min(destination.port), source.port.max(destination.port));
        let has_known_port = low < 1024 && high >= 1024;
        match (source_is_new, destination_is_new) {
            _ if has_known_port => destination.port == low,
            (false, true) => false,
            (true, false) => true,
            _ if low < 16384 && high >= 32768 => destination.port == low,
            _ => true,
        }
    }
}

fn hash(hasher: &FixedState, key: &Key) -> u64 {
    let mut hasher = hasher.build_hasher();
    key.hash_into(&mut hasher);
    hasher.finish()
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
