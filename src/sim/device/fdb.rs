//! The filtering database of a bridge: which address lives behind which port (IEEE 802.1D-2004 §7.9).

use std::time::Duration;

use hashbrown::HashMap;

use crate::base::{MacAddr, Timestamp, limits};
use crate::sim::mutation::{Mutation, made};
use crate::sim::record::PortId;

/// An address of one VLAN, as one number: 16 bits of VLAN and 48 of address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u64);

impl Key {
    /// The key of the address in these six octets.
    pub fn new(vlan: u16, octets: &[u8]) -> Key {
        let mut number = u64::from(vlan);
        for octet in &octets[..6] {
            number = number << 8 | u64::from(*octet);
        }
        Key(number)
    }

    /// The VLAN; 0 in a bridge without VLANs.
    pub fn vlan(self) -> u16 {
        (self.0 >> 48) as u16
    }

    /// The address.
    pub fn mac(self) -> MacAddr {
        let octets = self.0.to_be_bytes();
        MacAddr([octets[2], octets[3], octets[4], octets[5], octets[6], octets[7]])
    }
}

#[derive(Clone, Copy, Debug)]
struct Place {
    port: PortId,
    seen: Timestamp,
    is_static: bool,
}

/// What became of the source address of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learnt {
    /// It is new.
    New,
    /// It was known behind this port; its age begins again.
    Refreshed,
    /// It was known behind another port.
    Moved {
        /// That port.
        from: PortId,
    },
    /// A static entry stays as it is.
    Static,
    /// The table is full; nothing was learned (B5).
    Full,
}

/// One entry, for people who look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// VLAN and address.
    pub key: Key,
    /// The port.
    pub port: PortId,
    /// When the address was last seen as a source.
    pub seen: Timestamp,
    /// True if it was entered by hand.
    pub is_static: bool,
}

/// The table.
#[derive(Debug)]
pub struct FilteringDatabase {
    places: HashMap<Key, Place, foldhash::fast::FixedState>,
    ageing: Duration,
    capacity: usize,
}

impl FilteringDatabase {
    /// An empty table whose entries live for `ageing` after they were last seen.
    pub fn new(ageing: Duration, capacity: usize) -> FilteringDatabase {
        let capacity = capacity.min(limits::MAX_FDB_ENTRIES);
        FilteringDatabase { places: HashMap::with_hasher(foldhash::fast::FixedState::default()), ageing, capacity }
    }

    /// Sets how long entries live from now on: shorter after a change of topology (B5).
    pub fn set_ageing(&mut self, ageing: Duration) {
        self.ageing = ageing;
    }

    /// Notes that the address was seen as a source behind `port` (B2).
    pub fn learn(&mut self, key: Key, port: PortId, now: Timestamp) -> Learnt {
        if let Some(place) = self.places.get_mut(&key) {
            if place.is_static {
                return Learnt::Static;
            }
            let expired = now.since(place.seen) >= self.ageing;
            place.seen = now;
            if place.port == port || made(Mutation::NothingMoves) {
                return if expired { Learnt::New } else { Learnt::Refreshed };
            }
            let from = std::mem::replace(&mut place.port, port);
            return if expired { Learnt::New } else { Learnt::Moved { from } };
        }
        if self.places.len() >= self.capacity || made(Mutation::NothingLearned) {
            return Learnt::Full;
        }
        self.places.insert(key, Place { port, seen: now, is_static: false });
        Learnt::New
    }

    /// Enters an address by hand; it neither ages nor moves.
    pub fn insert_static(&mut self, key: Key, port: PortId) {
        self.places.insert(key, Place { port, seen: Timestamp::ZERO, is_static: true });
    }

    /// The port behind which the address lives; looking it up does not make it younger (B5).
    pub fn look_up(&self, key: Key, now: Timestamp) -> Option<PortId> {
        let place = self.places.get(&key)?;
        let is_valid = place.is_static || now.since(place.seen) < self.ageing || made(Mutation::AgeingIgnored);
        is_valid.then_some(place.port)
    }

    /// Removes what is older than it may be; returns it in a fixed order.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Entry> {
        let ageing = self.ageing;
        self.remove(|place| !place.is_static && now.since(place.seen) >= ageing && !made(Mutation::AgeingIgnored))
    }

    /// Removes what was learned behind `port`, or everything that was learned; returns it in a fixed order (B6).
    pub fn flush(&mut self, port: Option<PortId>) -> Vec<Entry> {
        self.remove(|place| !place.is_static && port.is_none_or(|port| place.port == port))
    }

    fn remove(&mut self, which: impl Fn(&Place) -> bool) -> Vec<Entry> {
        let mut removed: Vec<Entry> =
            self.places.iter().filter(|(_, place)| which(place)).map(|(key, place)| entry(*key, *place)).collect();
        removed.sort_by_key(|entry| entry.key);
        for entry in &removed {
            self.places.remove(&entry.key);
        }
        removed
    }

    /// When the oldest entry reaches its age.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        let oldest = self.places.values().filter(|place| !place.is_static).map(|place| place.seen).min()?;
        Some(oldest.after(self.ageing))
    }

    /// The valid entries by VLAN and address.
    pub fn entries(&self, now: Timestamp) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self
            .places
            .iter()
            .filter(|(_, place)| place.is_static || now.since(place.seen) < self.ageing)
            .map(|(key, place)| entry(*key, *place))
            .collect();
        entries.sort_by_key(|entry| entry.key);
        entries
    }
}

fn entry(key: Key, place: Place) -> Entry {
    Entry { key, port: place.port, seen: place.seen, is_static: place.is_static }
}
