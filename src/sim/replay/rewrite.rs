//! Addresses of the capture replaced by those of the topology, everywhere where they stand (R3): MAC and IP headers, ARP
//! bodies, neighbour discovery, quotes in ICMP errors. Checksums are updated by the difference, so that right ones stay
//! right and wrong ones stay wrong by the same amount.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::captured::group_mac;
use super::identity::Identities;
use super::mapping::{Mapping, Seat};
use crate::base::MacAddr;
use crate::sim::frame::{ETHERNET_HEADER_LEN, TAG_LEN};
use crate::sim::stack::octets::update_checksum;

/// What is replaced by what.
#[derive(Clone, Debug, Default)]
pub struct Rewriter {
    macs: BTreeMap<MacAddr, MacAddr>,
    v4: BTreeMap<Ipv4Addr, Ipv4Addr>,
    v6: BTreeMap<Ipv6Addr, Ipv6Addr>,
}

impl Rewriter {
    /// Stations get the addresses of the boxes they were placed on.
    pub(super) fn new(identities: &Identities, mapping: &Mapping, seats: &[Seat]) -> Rewriter {
        let mut rewriter = Rewriter::default();
        for (mac, place) in mapping.places() {
            let seat = seats.iter().find(|seat| (seat.device, seat.port) == (place.device, place.port));
            let (Some(seat), Some(station)) = (seat, identities.station(mac)) else { continue };
            rewriter.macs.insert(mac, seat.mac);
            let own: Vec<IpAddr> = station
                .own_addresses(&identities.subnets)
                .chain(station.address_by_others(&identities.subnets))
                .collect();
            let old4 = own.iter().filter_map(|own| if let IpAddr::V4(v4) = own { Some(*v4) } else { None });
            let new4 =
                seat.addresses.iter().filter_map(|(own, _)| if let IpAddr::V4(v4) = own { Some(*v4) } else { None });
            rewriter.v4.extend(old4.zip(new4));
            let old6 = own.iter().filter_map(|own| if let IpAddr::V6(v6) = own { Some(*v6) } else { None });
            let new6 =
                seat.addresses.iter().filter_map(|(own, _)| if let IpAddr::V6(v6) = own { Some(*v6) } else { None });
            rewriter.v6.extend(old6.zip(new6));
        }
        rewriter.macs.retain(|old, new| old != new);
        rewriter.v4.retain(|old, new| old != new);
        rewriter.v6.retain(|old, new| old != new);
        rewriter
    }

    /// A rewriter of single addresses, for tests and tools.
    pub fn of(macs: &[(MacAddr, MacAddr)], addresses: &[(IpAddr, IpAddr)]) -> Rewriter {
        let mut rewriter = Rewriter { macs: macs.iter().copied().collect(), ..Rewriter::default() };
        for pair in addresses {
            match pair {
                (IpAddr::V4(old), IpAddr::V4(new)) => drop(rewriter.v4.insert(*old, *new)),
                (IpAddr::V6(old), IpAddr::V6(new)) => drop(rewriter.v6.insert(*old, *new)),
                _ => {}
            }
        }
        rewriter
    }

    /// True if there is nothing to replace.
    pub fn is_empty(&self) -> bool {
        self.macs.is_empty() && self.v4.is_empty() && self.v6.is_empty()
    }

    /// Rewrites a frame of which `captured_len` octets are real; returns how many values were replaced.
    pub fn apply(&self, octets: &mut [u8], captured_len: usize) -> u64 {
        let mut count = self.mac(octets, 0) + self.mac(octets, 6);
        let mut at = ETHERNET_HEADER_LEN;
        let mut ether_type = two(octets, 12);
        while matches!(ether_type, 0x8100 | 0x88a8) && octets.len() >= at + TAG_LEN {
            ether_type = two(octets, at + 2);
            at += TAG_LEN;
        }
        let end = captured_len.min(octets.len());
        match ether_type {
            0x0806 if octets[..end].get(at..at + 28).is_some_and(|arp| arp[..6] == [0, 1, 8, 0, 6, 4]) => {
                count += self.mac(octets, at + 8) + self.mac(octets, at + 18);
                count += self.v4(octets, at + 14) + self.v4(octets, at + 24);
            }
            0x0800 => count += self.ip(&mut octets[..end], at),
            0x86dd => {
                count += self.ip(&mut octets[..end], at);
                count += group_again(octets, at);
            }
            _ => {}
        }
        count
    }

    fn mac(&self, octets: &mut [u8], at: usize) -> u64 {
        let Some(place) = octets.get_mut(at..at + 6) else { return 0 };
        let Some(new) = MacAddr::from_slice(place).and_then(|old| self.macs.get(&old)) else { return 0 };
        place.copy_from_slice(&new.octets());
        1
    }

    fn v4(&self, octets: &mut [u8], at: usize) -> u64 {
        let Some(place) = octets.get_mut(at..at + 4) else { return 0 };
        let old = Ipv4Addr::new(place[0], place[1], place[2], place[3]);
        let Some(new) = self.v4.get(&old) else { return 0 };
        place.copy_from_slice(&new.octets());
        1
    }

    fn v6(&self, octets: &mut [u8], at: usize) -> u64 {
        let Some(old) = octets.get(at..at + 16).and_then(|place| place.first_chunk::<16>()) else { return 0 };
        let old = Ipv6Addr::from(*old);
        let new = match self.v6.get(&old) {
            Some(new) => *new,
            // The group of solicited nodes of an address follows the address (RFC 4291 §2.7.1).
            None if old.octets()[..13] == SOLICITED => {
                let tail = &old.octets()[13..];
                let mut owners = self.v6.iter().filter(|(own, _)| own.octets()[13..] == *tail);
                let Some((_, new)) = owners.next() else { return 0 };
                let mut group = old.octets();
                group[13..].copy_from_slice(&new.octets()[13..]);
                group.into()
            }
            None => return 0,
        };
        octets[at..at + 16].copy_from_slice(&new.octets());
        1
    }

    /// An IP packet at `at`, with what it carries; also one quoted in an ICMP error.
    fn ip(&self, octets: &mut [u8], at: usize) -> u64 {
        match octets.get(at).map(|first| first >> 4) {
            Some(4) if octets.len() >= at + 20 => self.ipv4(octets, at),
            Some(6) if octets.len() >= at + 40 => self.ipv6(octets, at),
            _ => 0,
        }
    }

    fn ipv4(&self, octets: &mut [u8], at: usize) -> u64 {
        let header_len = usize::from(octets[at] & 15) * 4;
        let old: [u8; 8] = octets[at + 12..at + 20].try_into().unwrap_or_default();
        let mut count = self.v4(octets, at + 12) + self.v4(octets, at + 16);
        let new: [u8; 8] = octets[at + 12..at + 20].try_into().unwrap_or_default();
        if old != new {
            update(octets, at + 10, &old, &new, false);
        }
        let is_first = two(octets, at + 6) & 0x1fff == 0;
        if is_first && header_len >= 20 {
            count += self.transport(octets, at + header_len, octets[at + 9], &old, &new);
        }
        count
    }

    fn ipv6(&self, octets: &mut [u8], at: usize) -> u64 {
        let old: [u8; 32] = octets[at + 8..at + 40].try_into().unwrap_or([0; 32]);
        let mut count = self.v6(octets, at + 8) + self.v6(octets, at + 24);
        let new: [u8; 32] = octets[at + 8..at + 40].try_into().unwrap_or([0; 32]);
        // Extension headers before the transport header: type, length in units of 8 octets (RFC 8200 §4).
        let mut next = octets[at + 6];
        let mut place = at + 40;
        for _ in 0..8 {
            match (next, octets.get(place..place + 8)) {
                (0 | 43 | 60, Some(head)) => {
                    let len = 8 + usize::from(head[1]) * 8;
                    next = head[0];
                    place += len;
                }
                (44, Some(head)) => {
                    if u16::from_be_bytes([head[2], head[3]]) & 0xfff8 != 0 {
                        return count;
                    }
                    next = head[0];
                    place += 8;
                }
                _ => break,
            }
        }
        count += self.transport(octets, place, next, &old, &new);
        count
    }

    /// The checksum of what an IP packet carries, and addresses inside of ICMP.
    fn transport(&self, octets: &mut [u8], at: usize, protocol: u8, old: &[u8], new: &[u8]) -> u64 {
        match protocol {
            6 => {
                update(octets, at + 16, old, new, false);
                0
            }
            17 => {
                // A sum of 0 says that there is none; one that becomes 0 is written as all ones (RFC 768).
                if two(octets, at + 6) != 0 {
                    update(octets, at + 6, old, new, true);
                }
                0
            }
            1 => {
                let is_error = matches!(octets.get(at), Some(3 | 4 | 5 | 11 | 12));
                if is_error { self.icmp_body(octets, at, at + 8, at + 2) } else { 0 }
            }
            58 => {
                update(octets, at + 2, old, new, false);
                match octets.get(at) {
                    Some(1..=4) => self.icmp_body(octets, at, at + 8, at + 2),
                    Some(133..=137) => self.neighbour_discovery(octets, at),
                    _ => 0,
                }
            }
            _ => 0,
        }
    }

    /// The packet quoted in an ICMP error; the sum of the error follows every octet that changes.
    fn icmp_body(&self, octets: &mut [u8], at: usize, quote: usize, sum_at: usize) -> u64 {
        let Some(before) = octets.get(at..).map(<[u8]>::to_vec) else { return 0 };
        let count = self.ip(octets, quote);
        self.follow(octets, at, sum_at, &before);
        count
    }

    fn neighbour_discovery(&self, octets: &mut [u8], at: usize) -> u64 {
        let Some(before) = octets.get(at..).map(<[u8]>::to_vec) else { return 0 };
        let icmp_type = octets[at];
        let mut count = 0;
        let mut option = match icmp_type {
            133 => at + 8,
            134 => at + 16,
            137 => {
                count += self.v6(octets, at + 8) + self.v6(octets, at + 24);
                at + 40
            }
            _ => {
                count += self.v6(octets, at + 8);
                at + 24
            }
        };
        // Options 1 and 2 hold link-layer addresses (RFC 4861 §4.6.1).
        while let Some([kind, len]) = octets.get(option..option + 2) {
            let (kind, len) = (*kind, usize::from(*len) * 8);
            if len == 0 {
                break;
            }
            if matches!(kind, 1 | 2) && len == 8 {
                count += self.mac(octets, option + 2);
            }
            option += len;
        }
        self.follow(octets, at, at + 2, &before);
        count
    }

    fn follow(&self, octets: &mut [u8], at: usize, sum_at: usize, before: &[u8]) {
        let mut old = before.to_vec();
        let mut new = octets[at..].to_vec();
        // The sum itself is not part of what it sums; an odd last octet counts as a word with a zero (RFC 1071).
        for copy in [&mut old, &mut new] {
            copy[sum_at - at..sum_at - at + 2].fill(0);
            if copy.len() % 2 == 1 {
                copy.push(0);
            }
        }
        if old != new {
            update(octets, sum_at, &old, &new, false);
        }
    }
}

/// ff02::1:ff00:0/104.
const SOLICITED: [u8; 13] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff];

fn two(octets: &[u8], at: usize) -> u16 {
    octets.get(at..at + 2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]))
}

fn update(octets: &mut [u8], at: usize, old: &[u8], new: &[u8], never_zero: bool) {
    let Some(place) = octets.get_mut(at..at + 2) else { return };
    let stored = u16::from_be_bytes([place[0], place[1]]);
    if old == new {
        return;
    }
    let mut sum = update_checksum(stored, old, new);
    if never_zero && sum == 0 {
        sum = 0xffff;
    }
    place.copy_from_slice(&sum.to_be_bytes());
}

/// The MAC address of an IPv6 group follows the group.
fn group_again(octets: &mut [u8], at: usize) -> u64 {
    let Some(group) = octets.get(at + 24..at + 40).and_then(|place| place.first_chunk::<16>()) else { return 0 };
    let group = Ipv6Addr::from(*group);
    let mac = group_mac(IpAddr::V6(group)).octets();
    if !group.is_multicast() || octets[..2] != [0x33, 0x33] || octets[..6] == mac {
        return 0;
    }
    octets[..6].copy_from_slice(&mac);
    1
}
