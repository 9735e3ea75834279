//! Packets and octets by IP address, and by size.

use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;

use hashbrown::HashTable;
use serde::Serialize;

use super::flows::{Counted, Flows, NOWHERE, Places};
use crate::base::limits::MAX_ENDPOINTS;
use crate::packet::Packet;

/// What one address sent and received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// The address.
    pub address: IpAddr,
    /// Packets it sent.
    pub packets_sent: u64,
    /// Octets of these packets on the wire.
    pub octets_sent: u64,
    /// Packets sent to it.
    pub packets_received: u64,
    /// Octets of these packets on the wire.
    pub octets_received: u64,
}

/// Packets of a range of sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SizeRange {
    /// The smallest size of the range, in octets on the wire.
    pub from: u32,
    /// The largest.
    pub to: u32,
    /// Packets of such a size.
    pub packets: u64,
    /// Their octets.
    pub octets: u64,
}

/// Counts packets by address and by size.
#[derive(Debug)]
pub struct Endpoints {
    hasher: foldhash::fast::RandomState,
    index: HashTable<u32>,
    counts: Vec<Endpoint>,
    left_out: u64,
    sizes: [(u64, u64); 33],
}

impl Default for Endpoints {
    fn default() -> Endpoints {
        Endpoints {
            hasher: foldhash::fast::RandomState::default(),
            index: HashTable::new(),
            counts: Vec::new(),
            left_out: 0,
            sizes: [(0, 0); 33],
        }
    }
}

impl Endpoints {
    /// Counts the size of a packet.
    #[inline]
    pub(super) fn count_size(&mut self, len: u32) {
        let size = &mut self.sizes[range_of(len)];
        size.0 += 1;
        size.1 += u64::from(len);
    }

    /// Counts a packet with its source and destination, and looks for these unless that was done before.
    pub(super) fn observe(&mut self, packet: &Packet<'_>, places: &mut Places) {
        let [mut source, mut destination] = places.endpoints;
        if source == NOWHERE {
            [source, destination] = self.find_both(packet);
            // Nobody ever leaves the table; who found no room is looked for again.
            if source != NOWHERE && destination != NOWHERE {
                places.endpoints = [source, destination];
            }
        }
        add(&mut self.counts, [source, destination], 1, u64::from(packet.meta.wire_len));
    }

    /// Counts what was counted of a flow that was found before.
    pub(super) fn add(&mut self, counted: &Counted) {
        add(&mut self.counts, counted.endpoints, counted.packets, counted.octets);
    }

    fn find_both(&mut self, packet: &Packet<'_>) -> [u32; 2] {
        packet.frame.ip().map_or([NOWHERE; 2], |ip| [self.find(ip.source()), self.find(ip.destination())])
    }

    fn find(&mut self, address: IpAddr) -> u32 {
        let hash = hash_of(&self.hasher, address);
        let counts = &self.counts;
        if let Some(index) = self.index.find(hash, |index| counts[*index as usize].address == address) {
            return *index;
        }
        if self.counts.len() >= MAX_ENDPOINTS {
            self.left_out += 1;
            return NOWHERE;
        }
        let index = self.counts.len() as u32;
        self.counts.push(Endpoint {
            address,
            packets_sent: 0,
            octets_sent: 0,
            packets_received: 0,
            octets_received: 0,
        });
        let (hasher, counts) = (&self.hasher, &self.counts);
        self.index.insert_unique(hash, index, |index| hash_of(hasher, counts[*index as usize].address));
        index
    }

    /// The addresses, most octets first, with what flows still know alone.
    pub(super) fn endpoints(&self, flows: &Flows) -> Vec<Endpoint> {
        let mut endpoints = self.counts.clone();
        for counted in flows.counted() {
            add(&mut endpoints, counted.endpoints, counted.packets, counted.octets);
        }
        endpoints.sort_by_key(|endpoint| {
            (std::cmp::Reverse(endpoint.octets_sent + endpoint.octets_received), endpoint.address)
        });
        endpoints
    }

    /// Packets whose addresses found no room in the table.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Packets by size, in ranges from one power of two up to the next; ranges without packets are left out.
    pub fn sizes(&self) -> Vec<SizeRange> {
        let ranges = self.sizes.iter().enumerate().filter(|(_, (packets, _))| *packets > 0);
        ranges
            .map(|(bits, (packets, octets))| SizeRange {
                from: if bits == 0 { 0 } else { 1 << (bits - 1) },
                to: if bits == 0 { 0 } else { u32::MAX >> (32 - bits) },
                packets: *packets,
                octets: *octets,
            })
            .collect()
    }
}

/// Adds packets to those of their source and destination.
fn add(counts: &mut [Endpoint], [source, destination]: [u32; 2], packets: u64, octets: u64) {
    if let Some(endpoint) = counts.get_mut(source as usize) {
        endpoint.packets_sent += packets;
        endpoint.octets_sent += octets;
    }
    if let Some(endpoint) = counts.get_mut(destination as usize) {
        endpoint.packets_received += packets;
        endpoint.octets_received += octets;
    }
}

/// Digest of an address, without the detours of a derived one: this runs twice for every flow.
fn hash_of(hasher: &foldhash::fast::RandomState, address: IpAddr) -> u64 {
    let mut hasher = hasher.build_hasher();
    match address {
        IpAddr::V4(address) => hasher.write_u64(u64::from(address.to_bits())),
        IpAddr::V6(address) => hasher.write_u128(address.to_bits()),
    }
    hasher.finish()
}

/// The number of bits of a length: lengths of the same number of bits share a range.
fn range_of(len: u32) -> usize {
    (32 - len.leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_fall_into_ranges_between_powers_of_two() {
        let mut endpoints = Endpoints::default();
        for len in [0, 1, 63, 64, 127, 128, u32::MAX] {
            endpoints.sizes[range_of(len)].0 += 1;
        }
        let ranges: Vec<_> = endpoints.sizes().iter().map(|range| (range.from, range.to, range.packets)).collect();
        assert_eq!(ranges, [(0, 0, 1), (1, 1, 1), (32, 63, 1), (64, 127, 2), (128, 255, 1), (1 << 31, u32::MAX, 1)]);
    }
}
