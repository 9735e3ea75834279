//! Packets and octets by IP address, and by size.

use std::net::IpAddr;

use hashbrown::HashMap;
use serde::Serialize;

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
    index: HashMap<IpAddr, u32, foldhash::fast::RandomState>,
    counts: Vec<Endpoint>,
    /// The last packet's source and destination: the next one often has the same, or the other way round.
    recent: [(Option<IpAddr>, u32); 2],
    left_out: u64,
    sizes: [(u64, u64); 33],
}

impl Default for Endpoints {
    fn default() -> Endpoints {
        Endpoints {
            index: HashMap::default(),
            counts: Vec::new(),
            recent: [(None, 0); 2],
            left_out: 0,
            sizes: [(0, 0); 33],
        }
    }
}

impl Endpoints {
    /// Counts a packet.
    pub fn observe(&mut self, packet: &Packet<'_>) {
        let octets = u64::from(packet.meta.wire_len);
        let size = &mut self.sizes[range_of(packet.meta.wire_len)];
        size.0 += 1;
        size.1 += octets;
        let Some(ip) = packet.frame.ip() else { return };
        let (source, destination) = (self.find(ip.source(), 0), self.find(ip.destination(), 1));
        if let Some(endpoint) = source.and_then(|index| self.counts.get_mut(index)) {
            endpoint.packets_sent += 1;
            endpoint.octets_sent += octets;
        }
        if let Some(endpoint) = destination.and_then(|index| self.counts.get_mut(index)) {
            endpoint.packets_received += 1;
            endpoint.octets_received += octets;
        }
    }

    fn find(&mut self, address: IpAddr, place: usize) -> Option<usize> {
        for (recent, index) in self.recent {
            if recent == Some(address) {
                return Some(index as usize);
            }
        }
        let index = match self.index.get(&address) {
            Some(index) => *index,
            None if self.counts.len() < MAX_ENDPOINTS => {
                let index = self.counts.len() as u32;
                self.index.insert(address, index);
                self.counts.push(Endpoint {
                    address,
                    packets_sent: 0,
                    octets_sent: 0,
                    packets_received: 0,
                    octets_received: 0,
                });
                index
            }
            None => {
                self.left_out += 1;
                return None;
            }
        };
        self.recent[place] = (Some(address), index);
        Some(index as usize)
    }

    /// The addresses, most octets first.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let mut endpoints = self.counts.clone();
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
