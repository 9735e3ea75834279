//! Everything that can be said about one block.

use std::net::IpAddr;

use serde::Serialize;

use super::ipv6::Ipv6Facts;
use super::registry::{self, Row};
use super::{AndStep, Block, Count, Family, Parsed, and_steps, bits, pointer_name, reverse_zones};
use crate::base::MacAddr;

/// A block with everything that follows from it. The JSON of `netlab subnet ADDRESS`.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    /// What was typed.
    pub input: String,
    /// IPv4 or IPv6.
    pub family: Family,
    /// The address, with its host bits.
    pub address: IpAddr,
    /// Bits of the network part.
    pub prefix_len: u8,
    /// Bits of the host part.
    pub host_bits: u8,
    /// Ones over the network part.
    pub netmask: IpAddr,
    /// Ones over the host part.
    pub wildcard: IpAddr,
    /// The first address.
    pub network: IpAddr,
    /// The last address.
    pub last: IpAddr,
    /// The last address if it is a broadcast address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<IpAddr>,
    /// The first address for a host. Absent for multicast, which has no hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_host: Option<IpAddr>,
    /// The last address for a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_host: Option<IpAddr>,
    /// All addresses.
    pub addresses: Count,
    /// Addresses for hosts.
    pub usable: Count,
    /// The address's place in the block, counted from 0; a decimal string like the other numbers of this size.
    pub offset: Count,
    /// What the block is for, in one word; `mixed` if it holds several kinds.
    pub kind: &'static str,
    /// The row that says so; absent if the kind is mixed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<&'static Row>,
    /// Blocks inside that are for something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<&'static Row>,
    /// The class that the address had before 1993.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<char>,
    /// The prefix length that went with the class; classes D and E had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_prefix_len: Option<u8>,
    /// The zones that are delegated to the block's holder.
    pub reverse_zones: Vec<String>,
    /// The name of the address's PTR record.
    pub reverse_name: String,
    /// The bits.
    pub binary: Binary,
    /// Hexadecimal.
    pub hexadecimal: Forms,
    /// The address as one decimal number.
    pub decimal: Count,
    /// The address in octal octets, of IPv4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub octal: Option<String>,
    /// The AND, octet by octet.
    pub and: Vec<AndStep>,
    /// The block of twice the size around this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supernet: Option<Block>,
    /// The block of the same size before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Block>,
    /// The block of the same size after this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Block>,
    /// The MAC address of the group, of an IPv4 multicast address (RFC 1112 §6.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multicast_mac: Option<MacAddr>,
    /// What only IPv6 has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Ipv6Facts>,
    /// Sentences about the input and the block.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// The bits of address, mask and network, 32 or 128 digits each; the border lies after `prefix_len` of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Binary {
    /// Of the address.
    pub address: String,
    /// Of the mask.
    pub netmask: String,
    /// Of the network: address AND mask.
    pub network: String,
}

/// Address, mask and network in hexadecimal after `0x`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forms {
    /// The address.
    pub address: String,
    /// The mask.
    pub netmask: String,
    /// The network.
    pub network: String,
}

impl Description {
    /// Works everything out.
    pub fn of(parsed: Parsed) -> Description {
        let Parsed { input, block, has_mask, mut remarks } = parsed;
        let family = block.family();
        let kind = kind_of(block, &mut remarks);
        let is_multicast = kind.kind == "multicast" || block.address().is_multicast();
        remark_on_ends(block, has_mask, is_multicast, &mut remarks);
        let (class, class_prefix_len) = class_of(block.address()).unzip();
        let octal = match block.address() {
            IpAddr::V4(address) => Some(address.octets().map(|octet| format!("0{octet:o}")).join(".")),
            IpAddr::V6(_) => None,
        };
        let hosts = |address: IpAddr| (!is_multicast).then_some(address);
        Description {
            input,
            family,
            address: block.address(),
            prefix_len: block.prefix_len(),
            host_bits: block.host_bits(),
            netmask: block.netmask(),
            wildcard: block.wildcard(),
            network: block.network(),
            last: block.last(),
            broadcast: block.broadcast().and_then(hosts),
            first_host: hosts(block.first_host()),
            last_host: hosts(block.last_host()),
            addresses: block.addresses(),
            usable: if is_multicast { Count::ZERO } else { block.usable() },
            offset: Count::new(block.offset()),
            kind: kind.kind,
            registry: kind.row,
            holds: kind.holds,
            class,
            class_prefix_len: class_prefix_len.flatten(),
            reverse_zones: reverse_zones(block),
            reverse_name: pointer_name(block.address()),
            binary: Binary {
                address: bits(block.address()),
                netmask: bits(block.netmask()),
                network: bits(block.network()),
            },
            hexadecimal: Forms {
                address: hexadecimal(block.address()),
                netmask: hexadecimal(block.netmask()),
                network: hexadecimal(block.network()),
            },
            decimal: Count::new(Family::number(block.address())),
            octal,
            and: and_steps(block),
            supernet: block.supernet(),
            previous: block.previous(),
            next: block.next(),
            multicast_mac: ipv4_group_mac(block.address()),
            ipv6: Ipv6Facts::of(block),
            remarks,
        }
    }

    /// The address with its prefix length.
    pub fn block(&self) -> Block {
        Block::new(self.address, self.prefix_len).unwrap_or_else(|| Block::host(self.address))
    }
}

struct Kind {
    kind: &'static str,
    row: Option<&'static Row>,
    holds: Vec<&'static Row>,
}

/// What the block is for. If it reaches over several kinds, a host's address in it still has its own.
fn kind_of(block: Block, remarks: &mut Vec<String>) -> Kind {
    let row = registry::row_of(block);
    let holds = registry::rows_inside(block);
    let is_everything = row.block.prefix_len() == 0;
    if !is_everything || holds.is_empty() {
        return Kind { kind: row.kind, row: Some(row), holds };
    }
    if block.has_host_bits() {
        let own = registry::row_of(Block::host(block.address()));
        if own.block.prefix_len() > 0 {
            remarks.push(format!(
                "the kind is that of {}; the block reaches beyond {} and holds other kinds too",
                block.address(),
                own.block
            ));
            return Kind { kind: own.kind, row: Some(own), holds };
        }
    }
    Kind { kind: "mixed", row: None, holds }
}

/// What deserves to be said about the first and the last address, and about blocks that have no such ends.
fn remark_on_ends(block: Block, has_mask: bool, is_multicast: bool, remarks: &mut Vec<String>) {
    if is_multicast {
        remarks.push(
            "multicast addresses name groups: there are no hosts, no network and no broadcast address".to_owned(),
        );
        return;
    }
    let (address, network) = (block.address(), block.network());
    match (block.family(), block.prefix_len()) {
        (Family::Ipv4, 31) => remarks.push(
            "a /31 is a point-to-point link: both addresses are for hosts, and there is no broadcast address (RFC 3021)"
                .to_owned(),
        ),
        (Family::Ipv4, 32) if has_mask => {
            remarks.push("a /32 is one single address, as in a host route: no network or broadcast address".to_owned());
        }
        (Family::Ipv6, 127) => remarks.push(
            "a /127 is a point-to-point link: both addresses are for routers, without Subnet-Router anycast (RFC 6164)"
                .to_owned(),
        ),
        (Family::Ipv6, 128) if has_mask => remarks.push("a /128 is one single address, as in a host route".to_owned()),
        (Family::Ipv4, 32) | (Family::Ipv6, 128) => {}
        (Family::Ipv4, _) if address == network => {
            remarks.push(format!("{address} is the network's own address: no host can have it"));
        }
        (Family::Ipv4, _) if block.broadcast() == Some(address) => {
            remarks.push(format!("{address} is the broadcast address: no host can have it, all hosts of the network listen to it"));
        }
        (Family::Ipv6, _) if block.subnet_router_anycast() == Some(address) => remarks.push(format!(
            "{address} is the Subnet-Router anycast address: every router of the subnet answers to it, no host has it (RFC 4291 section 2.6.1)"
        )),
        _ => {}
    }
}

/// The class of an IPv4 address and its prefix length (RFC 791 §3.2, RFC 1112 §4). History since RFC 1519 (1993).
fn class_of(address: IpAddr) -> Option<(char, Option<u8>)> {
    let IpAddr::V4(address) = address else { return None };
    Some(match address.octets()[0].leading_ones() {
        0 => ('A', Some(8)),
        1 => ('B', Some(16)),
        2 => ('C', Some(24)),
        3 => ('D', None),
        _ => ('E', None),
    })
}

/// 01:00:5e and the low 23 bits (RFC 1112 §6.4).
fn ipv4_group_mac(address: IpAddr) -> Option<MacAddr> {
    let IpAddr::V4(address) = address else { return None };
    let [_, b, c, d] = address.octets();
    address.is_multicast().then_some(MacAddr([0x01, 0x00, 0x5e, b & 0x7f, c, d]))
}

fn hexadecimal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("0x{:08x}", address.to_bits()),
        IpAddr::V6(address) => format!("0x{:032x}", address.to_bits()),
    }
}
