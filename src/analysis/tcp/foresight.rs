//! What the next packets will need, asked for before they are judged.
//!
//! Where hundreds of thousands of connections are mixed, nearly every segment finds its connection outside the processor's
//! caches, and rule after rule waits for another part of it. Asked for together, for several packets at once, these parts
//! arrive at the same time. Nothing is decided here.

use std::hint::black_box;

use smallvec::SmallVec;

use super::TcpTracker;
use super::connection::Connection;
use super::segment::Key;
use crate::packet::Packet;

/// The most packets that are looked at together: enough to fill the time that memory takes, and few enough that what came
/// first is still in the nearest cache when it is needed.
pub(crate) const FORESEEN_PACKETS: usize = 8;

/// The packets that were looked at last, by number, and the places of their connections.
pub(super) type Foreseen = SmallVec<[(u64, u32); FORESEEN_PACKETS]>;

/// A packet whose connection may be at a place.
struct Asked {
    packet: u64,
    key: Key,
    hash: u64,
    candidate: u32,
}

impl TcpTracker {
    /// Where the index says that a packet's connection may be, which the key there will tell.
    fn ask(&self, packet: &Packet<'_>) -> Option<Asked> {
        let (key, _) = Key::of(&packet.frame)?;
        let hash = self.hash(&key);
        let candidate = *self.index.find(hash, |_| true)?;
        Some(Asked { packet: packet.meta.number, key, hash, candidate })
    }

    /// Touches what is remembered of the connections of these packets, and remembers where it is.
    pub fn foresee(&mut self, packets: &[Packet<'_>]) {
        let mut foreseen = std::mem::take(&mut self.foreseen);
        foreseen.clear();
        // First the places that the index names, then the keys there: neither waits for the one before it to arrive.
        let asked: SmallVec<[Asked; FORESEEN_PACKETS]> = packets.iter().filter_map(|packet| self.ask(packet)).collect();
        foreseen.extend(asked.iter().filter_map(|asked| {
            let is_it = self.connections[asked.candidate as usize].key == asked.key;
            let slot = if is_it { Some(asked.candidate) } else { self.find(&asked.key, asked.hash) };
            Some((asked.packet, slot?))
        }));
        let found = || foreseen.iter().map(|(_, slot)| &self.connections[*slot as usize]);
        black_box(found().map(near).fold(0, u64::wrapping_add));
        black_box(found().map(far).fold(0, u64::wrapping_add));
        self.foreseen = foreseen;
        self.next_foreseen = 0;
    }

    /// Where the connection of a packet was foreseen, if it is still the latest between its sockets.
    pub(super) fn foreseen(&mut self, packet: u64, key: &Key) -> Option<u32> {
        // Packets come in order, and those between are none of TCP.
        while self.foreseen.get(self.next_foreseen).is_some_and(|(number, _)| *number < packet) {
            self.next_foreseen += 1;
        }
        let (_, slot) = self.foreseen.get(self.next_foreseen).filter(|(number, _)| *number == packet)?;
        let connection = &self.connections[*slot as usize];
        (connection.key == *key && !connection.is_concluded).then_some(*slot)
    }
}

/// Something from every line of what a segment needs of the record itself.
fn near(connection: &Connection) -> u64 {
    let halves = connection.halves.iter().map(|half| {
        half.max as u64
            ^ half.payload_octets
            ^ half.una_packet
            ^ half.budget.last.nanos()
            ^ half.round_trip.least
            ^ u64::from(half.identification)
    });
    connection.last_at.nanos() ^ connection.counts.len() as u64 ^ halves.fold(0, |all, half| all ^ half)
}

/// Something from what it points to.
fn far(connection: &Connection) -> u64 {
    connection.halves.iter().map(|half| half.records.touch()).fold(0, |all, record| all ^ record)
}
