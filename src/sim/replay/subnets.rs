//! Which subnets are on the link of a capture: told by DHCP, given by the user, or the smallest blocks that hold the
//! addresses of ARP (R1).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::dhcp::Lease;
use super::identity::Station;
use crate::sim::stack::route::Prefix;

/// Where a subnet is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A DHCP server told the mask.
    Dhcp,
    /// The user gave it.
    Given,
    /// The smallest block that holds the addresses of ARP.
    Arp,
    /// The smallest block that holds the addresses of hosts whose packets have crossed no router.
    Hosts,
    /// The length that the standard gives IPv6 links (RFC 4291 §2.5.1).
    Standard,
}

impl Origin {
    /// True if nobody said so.
    pub const fn is_guess(self) -> bool {
        matches!(self, Origin::Arp | Origin::Hosts | Origin::Standard)
    }

    /// Where it is known from, in words.
    pub const fn sentence(self) -> &'static str {
        match self {
            Origin::Dhcp => "told by DHCP",
            Origin::Given => "given",
            Origin::Arp => "guess: the smallest block that holds the addresses of ARP",
            Origin::Hosts => "guess: the smallest block that holds the hosts whose packets crossed no router",
            Origin::Standard => "guess: IPv6 links have /64",
        }
    }
}

/// A subnet on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalSubnet {
    /// The block.
    pub prefix: Prefix,
    /// Where it is known from.
    pub origin: Origin,
}

/// True if the address is on the link.
pub(super) fn is_local(subnets: &[LocalSubnet], address: IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unspecified(),
    };
    is_link_local || subnets.iter().any(|subnet| subnet.prefix.contains(address))
}

pub(super) fn infer(
    nets: &[Prefix],
    leases: &[Lease],
    arp: &BTreeSet<Ipv4Addr>,
    arp_senders: &BTreeSet<Ipv4Addr>,
    stations: &[Station],
) -> Vec<LocalSubnet> {
    let mut subnets: Vec<LocalSubnet> = Vec::new();
    let mut add = |prefix: Prefix, origin: Origin| {
        let is_new = subnets.iter().all(|known| known.prefix != prefix);
        if is_new {
            subnets.push(LocalSubnet { prefix, origin });
        }
    };
    for lease in leases {
        if let Some(len) = lease.prefix_len {
            add(Prefix::new(IpAddr::V4(lease.address), len), Origin::Dhcp);
        }
    }
    for net in nets {
        add(*net, Origin::Given);
    }
    let known: Vec<Prefix> = subnets.iter().map(|subnet| subnet.prefix).collect();
    let is_free = |address: &Ipv4Addr| {
        !address.is_link_local() && known.iter().all(|prefix| !prefix.contains(IpAddr::V4(*address)))
    };
    let free: Vec<Ipv4Addr> = arp.iter().copied().filter(is_free).collect();
    let mut blocks = Vec::new();
    smallest_blocks(&free, &mut blocks);
    // A block nobody spoke from holds only addresses that somebody asked for in vain.
    blocks.retain(|block| arp_senders.iter().any(|sender| block.contains(IpAddr::V4(*sender))));
    let mut origin = Origin::Arp;
    if blocks.is_empty() && known.is_empty() {
        origin = Origin::Hosts;
        blocks = of_hosts(stations);
    }
    subnets.extend(blocks.into_iter().map(|prefix| LocalSubnet { prefix, origin }));
    // IPv6: every block of 64 bits from which somebody claimed an address.
    for station in stations {
        for seen in &station.addresses {
            let IpAddr::V6(v6) = seen.address else { continue };
            let prefix = Prefix::new(seen.address, 64);
            let is_new = subnets.iter().all(|known| known.prefix != prefix);
            if seen.claimed && !v6.is_unicast_link_local() && is_new && subnets.len() < 256 {
                subnets.push(LocalSubnet { prefix, origin: Origin::Standard });
            }
        }
    }
    subnets
}

/// Without ARP: the addresses of stations that speak for one IPv4 address whose packets crossed no router.
fn of_hosts(stations: &[Station]) -> Vec<Prefix> {
    let mut all: Vec<Ipv4Addr> = Vec::new();
    for station in stations {
        let mut own = station.addresses.iter().filter_map(|seen| match seen.address {
            IpAddr::V4(v4) if !v4.is_link_local() => Some((v4, seen.has_crossed_routers())),
            _ => None,
        });
        if let (Some((address, false)), None) = (own.next(), own.next()) {
            all.push(address);
        }
    }
    all.sort_unstable();
    let mut blocks = Vec::new();
    smallest_blocks(&all, &mut blocks);
    // Where private and public addresses stand side by side, the public ones are beyond a router.
    let is_private = |block: &Prefix| matches!(block.network, IpAddr::V4(v4) if v4.is_private());
    if blocks.iter().any(is_private) {
        blocks.retain(is_private);
    }
    blocks
}

/// The shortest prefix that is believed of one subnet.
const SHORTEST: u8 = 16;

/// The smallest blocks that hold sorted addresses, none shorter than /16: what would need more is several subnets.
fn smallest_blocks(addresses: &[Ipv4Addr], blocks: &mut Vec<Prefix>) {
    let (Some(first), Some(last)) = (addresses.first(), addresses.last()) else { return };
    let (low, high) = (u32::from(*first), u32::from(*last));
    let mut len = (low ^ high).leading_zeros().min(30) as u8;
    if len < SHORTEST {
        let split = (high >> (31 - len)) << (31 - len);
        let at = addresses.partition_point(|address| u32::from(*address) < split);
        smallest_blocks(&addresses[..at], blocks);
        smallest_blocks(&addresses[at..], blocks);
        return;
    }
    // No host has the first or the last address of its block.
    loop {
        let prefix = Prefix::new(IpAddr::V4(*first), len);
        let is_end = |address: &Ipv4Addr| {
            prefix.network == IpAddr::V4(*address) || prefix.broadcast() == Some(IpAddr::V4(*address))
        };
        if len <= SHORTEST || !(is_end(first) || is_end(last)) {
            return blocks.push(prefix);
        }
        len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(addresses: &[&str]) -> Vec<String> {
        let mut addresses: Vec<Ipv4Addr> = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        addresses.sort_unstable();
        let mut blocks = Vec::new();
        smallest_blocks(&addresses, &mut blocks);
        blocks.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn r1_the_subnet_is_the_smallest_block_in_which_every_address_can_be_a_host() {
        assert_eq!(blocks(&["192.0.2.1", "192.0.2.2"]), ["192.0.2.0/30"]);
        assert_eq!(blocks(&["192.0.2.1", "192.0.2.3"]), ["192.0.2.0/29"]);
        assert_eq!(blocks(&["192.0.2.4", "192.0.2.5"]), ["192.0.2.0/29"]);
        assert_eq!(blocks(&["192.0.2.10", "192.0.2.200"]), ["192.0.2.0/24"]);
        assert_eq!(blocks(&["192.0.2.10"]), ["192.0.2.8/30"]);
        assert_eq!(blocks(&["10.0.0.1", "10.0.0.9", "192.168.7.1"]), ["10.0.0.0/28", "192.168.7.0/30"]);
        assert!(blocks(&[]).is_empty());
    }
}
