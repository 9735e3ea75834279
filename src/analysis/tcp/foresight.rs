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

impl TcpTracker {
    /// Touches what is remembered of the connections of these packets, and remembers where it is.
    pub fn foresee(&mut self, packets: &[Packet<'_>]) {
        let mut foreseen = std::mem::take(&mut self.foreseen);
        foreseen.clear();
        foreseen.extend(packets.iter().filter_map(|packet| {
            let (key, _) = Key::of(&packet.frame)?;
            Some((packet.meta.number, self.find(&key, self.hash(&key))?))
        }));
        let found = || foreseen.iter().map(|(_, slot)| &self.connections[*slot as usize]);
        black_box(found().map(near).fold(0, u64::wrapping_add));
        black_box(found().map(far).fold(0, u64::wrapping_add));
        self.foreseen = foreseen;
    }

    /// Where the connection of a packet was foreseen, if it is still the latest between its sockets.
    pub(super) fn foreseen(&self, packet: u64, key: &Key) -> Option<u32> {
        let (_, slot) = self.foreseen.iter().find(|(number, _)| *number == packet)?;
        let connection = &self.connections[*slot as usize];
        (connection.key == *key && !connection.is_concluded).then_some(*slot)
    }
}

/// Something from every part of the record itself.
fn near(connection: &Connection) -> u64 {
    let (opening, closing) = (&connection.opening, &connection.closing);
    let halves = connection.halves.iter().map(|half| {
        half.packets as u64 ^ half.max as u64 ^ half.last_at.nanos() ^ half.round_trip.least ^ half.una as u64
    });
    connection.last_at.nanos()
        ^ connection.first_packet
        ^ connection.hash
        ^ u64::from(connection.history_bits[0])
        ^ opening.packets[0]
        ^ opening.at[2].nanos()
        ^ closing.fins[0]
        ^ closing.steps[0]
        ^ closing.reset
        ^ halves.fold(0, |all, half| all ^ half)
}

/// Something from what it points to.
fn far(connection: &Connection) -> u64 {
    let halves = connection.halves.iter().map(|half| {
        let record = half.records.back().map_or(0, |record| record.end as u64);
        let budget = half.budget.as_deref().map_or(0, |budget| budget.spent[0] ^ budget.most_in_flight);
        record ^ budget
    });
    let counted = connection.counts.first().map_or(0, |(_, count)| u64::from(*count));
    halves.fold(counted, |all, half| all ^ half)
}
