//! What only IPv6 addresses have: identifiers made of MAC addresses, groups for neighbour discovery, unique local
//! fields, and IPv4 addresses inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::Block;
use crate::base::MacAddr;

/// What an IPv6 address shows beyond its network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ipv6Facts {
    /// All eight groups with all their digits.
    pub expanded: String,
    /// The low 64 bits (RFC 4291 §2.5.1), of unicast addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface_identifier: Option<String>,
    /// The MAC address if the interface identifier was made of one (modified EUI-64, RFC 4291 appendix A).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<MacAddr>,
    /// The group in which neighbours ask for this address (RFC 4291 §2.7.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solicited_node: Option<Ipv6Addr>,
    /// The MAC address of that group, or of the address itself if it is a group (RFC 2464 §7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multicast_mac: Option<MacAddr>,
    /// The Subnet-Router anycast address of the block (RFC 4291 §2.6.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_router_anycast: Option<IpAddr>,
    /// The fields of a unique local address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_local: Option<UniqueLocal>,
    /// Flags and scope of a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multicast: Option<Multicast>,
    /// The IPv4 block inside: mapped, translated or tunnelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedded_ipv4: Option<Embedded>,
}

/// The fields of a unique local address (RFC 4193 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UniqueLocal {
    /// True if the L bit is set: the global ID was chosen locally. The other half, fc00::/8, is not defined yet.
    pub locally_assigned: bool,
    /// 40 bits that should be random, in hexadecimal.
    pub global_id: String,
    /// 16 bits for the site's own subnets, in hexadecimal.
    pub subnet_id: String,
}

/// The fields of a multicast address (RFC 4291 §2.7, RFC 7346 §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Multicast {
    /// How far packets to the group may go: the number of the scope.
    pub scope: u8,
    /// Its name.
    pub scope_name: &'static str,
    /// True for groups that IANA assigned, false for transient ones.
    pub well_known: bool,
    /// True if the group's prefix is made of a unicast prefix (RFC 3306).
    pub based_on_prefix: bool,
    /// True if the address of the rendezvous point is inside (RFC 3956).
    pub rendezvous_inside: bool,
}

/// An IPv4 address or block inside an IPv6 one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Embedded {
    /// `mapped`, `compatible`, `6to4`, `teredo` or `nat64`.
    pub form: &'static str,
    /// The document that defines it.
    pub source: &'static str,
    /// The IPv4 address; of a Teredo address, the client's outside the NAT.
    pub address: Ipv4Addr,
    /// The IPv4 network, if the prefix reaches into the IPv4 part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Block>,
    /// Of a Teredo address, the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Ipv4Addr>,
    /// Of a Teredo address, the client's UDP port outside the NAT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

impl Ipv6Facts {
    /// What can be said of an address with its prefix; `None` for IPv4.
    pub fn of(block: Block) -> Option<Ipv6Facts> {
        let IpAddr::V6(address) = block.address() else { return None };
        let number = address.to_bits();
        let unicast = !address.is_multicast();
        // ::/3 has no identifiers of 64 bits (RFC 4291 §2.5.1), loopback and mapped addresses among them.
        let has_identifier = unicast && number >> 125 != 0;
        let has_neighbours = unicast && !address.is_unspecified() && !address.is_loopback() && number >> 32 != 0xffff;
        let solicited = has_neighbours.then(|| solicited_node(address));
        let groups = address.segments();
        Some(Ipv6Facts {
            expanded: groups.map(|group| format!("{group:04x}")).join(":"),
            interface_identifier: has_identifier
                .then(|| groups[4..].iter().map(|group| format!("{group:04x}")).collect::<Vec<_>>().join(":")),
            mac: has_identifier.then(|| mac_inside(address)).flatten(),
            solicited_node: solicited,
            multicast_mac: solicited.or_else(|| address.is_multicast().then_some(address)).map(group_mac),
            subnet_router_anycast: block.subnet_router_anycast(),
            unique_local: (number >> 121 == 0x7e).then(|| UniqueLocal {
                locally_assigned: number >> 120 & 1 == 1,
                global_id: format!("{:010x}", number >> 80 & 0xff_ffff_ffff),
                subnet_id: format!("{:04x}", groups[3]),
            }),
            multicast: address.is_multicast().then(|| multicast(groups[0])),
            embedded_ipv4: embedded(block, address),
        })
    }
}

/// The interface identifier that a host makes of its MAC address (modified EUI-64, RFC 4291 appendix A): ff:fe in the
/// middle, and the universal/local bit turned over.
pub fn interface_identifier(mac: MacAddr) -> u64 {
    let [a, b, c, d, e, f] = mac.octets();
    u64::from_be_bytes([a ^ 2, b, c, 0xff, 0xfe, d, e, f])
}

/// The solicited-node group of an address: ff02::1:ff00:0/104 with the low 24 bits (RFC 4291 §2.7.1).
pub fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let low = address.to_bits() & 0xff_ffff;
    Ipv6Addr::from_bits(0xff02_0000_0000_0000_0000_0001_ff00_0000 | low)
}

/// The MAC address in a modified EUI-64 identifier.
fn mac_inside(address: Ipv6Addr) -> Option<MacAddr> {
    let [a, b, c, middle_1, middle_2, d, e, f] = (address.to_bits() as u64).to_be_bytes();
    // A group address would not have been an interface's own.
    (middle_1 == 0xff && middle_2 == 0xfe && a & 1 == 0).then_some(MacAddr([a ^ 2, b, c, d, e, f]))
}

/// 33:33 and the low four octets (RFC 2464 §7).
fn group_mac(group: Ipv6Addr) -> MacAddr {
    let [.., a, b, c, d] = group.octets();
    MacAddr([0x33, 0x33, a, b, c, d])
}

fn multicast(first_group: u16) -> Multicast {
    let flags = first_group >> 4 & 0xf;
    let scope = (first_group & 0xf) as u8;
    Multicast {
        scope,
        scope_name: match scope {
            1 => "interface-local",
            2 => "link-local",
            3 => "realm-local",
            4 => "admin-local",
            5 => "site-local",
            8 => "organization-local",
            14 => "global",
            0 | 15 => "reserved",
            _ => "unassigned",
        },
        well_known: flags & 1 == 0,
        based_on_prefix: flags & 2 != 0,
        rendezvous_inside: flags & 4 != 0,
    }
}

fn embedded(block: Block, address: Ipv6Addr) -> Option<Embedded> {
    let number = address.to_bits();
    let low = Ipv4Addr::from_bits(number as u32);
    let at = |form, source, address: Ipv4Addr, start: u8| {
        let len = block.prefix_len().checked_sub(start).filter(|len| *len <= 32);
        let network = len.and_then(|len| Block::new(IpAddr::V4(address), len)).map(Block::truncated);
        Some(Embedded { form, source, address, network, server: None, port: None })
    };
    if number >> 32 == 0xffff {
        at("mapped", "RFC 4291 section 2.5.5.2", low, 96)
    } else if number >> 32 == 0x64_ff9b << 64 {
        at("nat64", "RFC 6052 section 2.1", low, 96)
    } else if number >> 112 == 0x2002 {
        at("6to4", "RFC 3056 section 2", Ipv4Addr::from_bits((number >> 80) as u32), 16)
    } else if number >> 96 == 0x2001_0000 {
        Some(Embedded {
            form: "teredo",
            source: "RFC 4380 section 4",
            // Client and port are stored inverted, so that NATs that rewrite what looks like an address miss them.
            address: Ipv4Addr::from_bits(!(number as u32)),
            network: None,
            server: Some(Ipv4Addr::from_bits((number >> 64) as u32)),
            port: Some(!((number >> 32) as u16)),
        })
    } else if number >> 32 == 0 && number > 0xffff {
        at("compatible", "RFC 4291 section 2.5.5.1, deprecated", low, 96)
    } else {
        None
    }
}
