//! A capture filter in words.

use std::net::Ipv4Addr;

use super::ast::{Address, Arith, ByteTest, Expr, PortProtocol, Primitive, Proto, Relation, Side};
use super::names;
use crate::base::MacAddr;
use crate::base::limits::MAX_CHAINED_HEADERS;

/// A line of an explanation and how deep it lies below the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// 0 for the first line, 1 for a part of it, and so on.
    pub depth: usize,
    /// What it says.
    pub text: String,
}

/// The lines that say what an expression asks for.
pub(super) fn explain(expr: &Expr) -> Vec<Line> {
    let mut lines = Vec::new();
    add(expr, 0, "", &mut lines);
    lines
}

fn add(expr: &Expr, depth: usize, before: &str, lines: &mut Vec<Line>) {
    let mut say = |text: String| lines.push(Line { depth, text: format!("{before}{text}") });
    match expr {
        Expr::Primitive(primitive, _) => say(words(primitive)),
        Expr::Not(inner, _) => add(inner, depth, &format!("{before}not: "), lines),
        Expr::And(parts) => {
            say("all of these hold:".to_owned());
            parts.iter().for_each(|part| add(part, depth + 1, "", lines));
        }
        Expr::Or(parts) => {
            say("one of these holds:".to_owned());
            parts.iter().for_each(|part| add(part, depth + 1, "", lines));
        }
    }
}

/// One primitive in words.
pub(super) fn words(primitive: &Primitive) -> String {
    match primitive {
        Primitive::Protocol(proto) => protocol(*proto).to_owned(),
        Primitive::Host { proto, side, address } => host(*proto, *side, *address),
        Primitive::Port { protocol, side, first, last, .. } => {
            let transport = match protocol {
                PortProtocol::Any => "TCP, UDP or SCTP",
                PortProtocol::Tcp => "TCP",
                PortProtocol::Udp => "UDP",
                PortProtocol::Sctp => "SCTP",
            };
            let ports = if first == last {
                let name = names::service_at(*first).map(|name| format!(" ({name})")).unwrap_or_default();
                format!("port is {first}{name}")
            } else {
                format!("port is from {first} to {last}")
            };
            format!("it is {transport} and {} {ports}", sides(*side))
        }
        Primitive::ProtocolNumber { proto, number } => match proto {
            Some(Proto::Link) => format!("the link layer carries protocol {number:#06x}{}", ether_type(*number)),
            Some(Proto::Iso) => format!("it is ISO protocol {number:#x}"),
            Some(Proto::Isis) => format!("it is IS-IS of type {number}"),
            Some(Proto::Ip) => format!("it is IPv4 and its protocol is {number}{}", ip_protocol(*number)),
            Some(Proto::Ip6) => format!(
                "it is IPv6 and its next header (or the one behind a fragment header) is {number}{}",
                ip_protocol(*number)
            ),
            _ => format!("it is IPv4 or IPv6 and carries protocol {number}{}", ip_protocol(*number)),
        },
        Primitive::ProtocolChain { proto, number } => {
            let (of, between) = match proto {
                Some(Proto::Ip) => ("IPv4", "authentication headers"),
                Some(_) => ("IPv6", "extension headers"),
                None => ("IPv4 or IPv6", "extension headers"),
            };
            format!(
                "it is {of} and one of its headers, at most {MAX_CHAINED_HEADERS} {between} in, is of protocol {number}{}",
                ip_protocol(*number)
            )
        }
        Primitive::Broadcast(Some(Proto::Ip)) => {
            "it is IPv4 and the destination is 255.255.255.255 or 0.0.0.0".to_owned()
        }
        Primitive::Broadcast(_) => "the Ethernet destination is the broadcast address".to_owned(),
        Primitive::Multicast(Some(Proto::Ip)) => {
            "it is IPv4 and the first octet of the destination is 224 or more".to_owned()
        }
        Primitive::Multicast(Some(Proto::Ip6)) => "it is IPv6 and the destination begins with ff".to_owned(),
        Primitive::Multicast(_) => "the Ethernet destination is a group (multicast or broadcast)".to_owned(),
        Primitive::Less(len) => format!("it was at most {len} octets long on the wire"),
        Primitive::Greater(len) => format!("it was at least {len} octets long on the wire"),
        Primitive::Byte { offset, test, value } => match test {
            ByteTest::Equal => format!("octet {offset} of the packet is {value}"),
            ByteTest::Less => format!("octet {offset} of the packet is less than {value}"),
            ByteTest::Greater => format!("octet {offset} of the packet is greater than {value}"),
            ByteTest::And => format!("octet {offset} of the packet has one of the bits of {value:#x} set"),
            ByteTest::Or => format!("octet {offset} of the packet, or {value:#x}, has a bit set"),
        },
        Primitive::Compare(relation, left, right) => compare(*relation, left, right),
        Primitive::Inbound => "this host received it".to_owned(),
        Primitive::Outbound => "this host sent it".to_owned(),
        Primitive::Ifindex(number) => format!("it crossed the interface with index {number}"),
        Primitive::Vlan(None) => "it has a VLAN tag (all that follows looks behind the tag)".to_owned(),
        Primitive::Vlan(Some(id)) => {
            format!("it has a VLAN tag with identifier {id} (all that follows looks behind it)")
        }
        Primitive::Mpls(None) => "it has an MPLS label (all that follows looks behind the label)".to_owned(),
        Primitive::Mpls(Some(label)) => format!("it has the MPLS label {label} (all that follows looks behind it)"),
        Primitive::PppoeDiscovery => "it is PPPoE discovery".to_owned(),
        Primitive::PppoeSession(None) => "it belongs to a PPPoE session (all that follows looks inside)".to_owned(),
        Primitive::PppoeSession(Some(id)) => {
            format!("it belongs to PPPoE session {id} (all that follows looks inside)")
        }
        Primitive::Geneve(None) => {
            "it is Geneve, over UDP port 6081 (all that follows looks at what Geneve carries)".to_owned()
        }
        Primitive::Geneve(Some(vni)) => {
            format!("it is Geneve of the network {vni} (all that follows looks at what Geneve carries)")
        }
    }
}

fn sides(side: Side) -> &'static str {
    match side {
        Side::Source => "the source",
        Side::Destination => "the destination",
        Side::Either => "the source or the destination",
        Side::Both => "both the source and the destination",
    }
}

fn host(proto: Option<Proto>, side: Side, address: Address) -> String {
    let side = sides(side);
    match address {
        Address::V4 { address, mask } => {
            let of = match proto {
                None => "IPv4 (or the sender or target of ARP or RARP)",
                Some(Proto::Ip) => "IPv4",
                Some(Proto::Arp) => "ARP (sender or target)",
                Some(_) => "RARP (sender or target)",
            };
            match mask {
                u32::MAX => format!("{side} address of {of} is {address}"),
                0 => format!("it has {side} address of {of}, whichever"),
                _ => format!("{side} address of {of} is in {address}{}", prefix_or_mask(mask)),
            }
        }
        Address::V6 { address, mask } => match mask {
            u128::MAX => format!("{side} address of IPv6 is {address}"),
            _ => format!("{side} address of IPv6 is in {address}/{}", mask.leading_ones()),
        },
        Address::Mac(octets) => format!("{side} address of Ethernet is {}", MacAddr(octets)),
        Address::Decnet(address) => format!("{side} address of DECnet is {}.{}", address >> 10, address & 0x3ff),
    }
}

fn prefix_or_mask(mask: u32) -> String {
    if mask.leading_ones() + mask.trailing_zeros() == 32 {
        format!("/{}", mask.leading_ones())
    } else {
        format!(" under the mask {}", Ipv4Addr::from(mask))
    }
}

fn protocol(proto: Proto) -> &'static str {
    match proto {
        Proto::Link => "link layer",
        Proto::Ip => "it is IPv4",
        Proto::Ip6 => "it is IPv6",
        Proto::Arp => "it is ARP",
        Proto::Rarp => "it is RARP",
        Proto::Tcp => "it is TCP, over IPv4 or IPv6",
        Proto::Udp => "it is UDP, over IPv4 or IPv6",
        Proto::Sctp => "it is SCTP, over IPv4 or IPv6",
        Proto::Icmp => "it is ICMP (of IPv4)",
        Proto::Icmp6 => "it is ICMPv6",
        Proto::Igmp => "it is IGMP",
        Proto::Igrp => "it is IGRP",
        Proto::Pim => "it is PIM, over IPv4 or IPv6",
        Proto::Vrrp => "it is VRRP (IPv4 protocol 112)",
        Proto::Carp => "it is CARP (IPv4 protocol 112)",
        Proto::Ah => "it is an authentication header, over IPv4 or IPv6",
        Proto::Esp => "it is ESP (encrypted), over IPv4 or IPv6",
        Proto::Atalk => "it is AppleTalk",
        Proto::Aarp => "it is AppleTalk ARP",
        Proto::Decnet => "it is DECnet",
        Proto::Lat => "it is DEC LAT",
        Proto::Sca => "it is DEC SCA",
        Proto::Mopdl => "it is DEC MOP dump or load",
        Proto::Moprc => "it is DEC MOP remote console",
        Proto::Iso => "it is of the ISO protocols (CLNP, ES-IS, IS-IS)",
        Proto::Clnp => "it is CLNP",
        Proto::Esis => "it is ES-IS",
        Proto::Isis => "it is IS-IS",
        Proto::IsisLevel1 => "it is IS-IS of level 1",
        Proto::IsisLevel2 => "it is IS-IS of level 2",
        Proto::IsisHello => "it is an IS-IS hello",
        Proto::IsisLsp => "it is an IS-IS link state packet",
        Proto::IsisSnp => "it is an IS-IS sequence number packet",
        Proto::IsisCsnp => "it is a complete IS-IS sequence number packet",
        Proto::IsisPsnp => "it is a partial IS-IS sequence number packet",
        Proto::Stp => "it is a spanning tree BPDU",
        Proto::Ipx => "it is IPX",
        Proto::Netbeui => "it is NetBEUI",
        Proto::Radio => "it has radio information",
    }
}

fn compare(relation: Relation, left: &Arith, right: &Arith) -> String {
    // The flags of TCP are what most comparisons are about.
    if let (Relation::NotEqual, Arith::Binary(super::ast::Operation::And, load, mask, _), Arith::Number(0)) =
        (relation, left, right)
        && let (Arith::Load { proto: Proto::Tcp, index, size: 1, .. }, Arith::Number(bits)) = (&**load, &**mask)
        && **index == Arith::Number(13)
    {
        return format!("it is TCP over IPv4 and has a flag of {} set", flags(*bits));
    }
    let relation = match relation {
        Relation::Equal => "is",
        Relation::NotEqual => "is not",
        Relation::Greater => "is more than",
        Relation::GreaterOrEqual => "is at least",
        Relation::Less => "is less than",
        Relation::LessOrEqual => "is at most",
    };
    format!("{} {relation} {}", arith(left), arith(right))
}

/// The names of TCP flags.
fn flags(bits: u32) -> String {
    let all = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    let set: Vec<&str> = (0..8).filter(|bit| bits >> bit & 1 == 1).map(|bit| all[bit]).collect();
    if set.is_empty() { "none".to_owned() } else { set.join(", ") }
}

/// A number in words.
fn arith(value: &Arith) -> String {
    match value {
        Arith::Number(number) if *number > 9 => format!("{number} ({number:#x})"),
        Arith::Number(number) => number.to_string(),
        Arith::Length => "the length on the wire".to_owned(),
        Arith::Load { proto, index, size, .. } => {
            let (protocol, header) = match proto {
                Proto::Link => ("the packet", "the link header"),
                Proto::Tcp => ("TCP over IPv4", "the header"),
                Proto::Udp => ("UDP over IPv4", "the header"),
                Proto::Sctp => ("SCTP over IPv4", "the header"),
                Proto::Icmp6 => ("ICMPv6", "the header"),
                other => (protocol(*other).trim_start_matches("it is "), "the header"),
            };
            match (&**index, size) {
                (Arith::Number(index), 1) => format!("octet {index} of {protocol}"),
                (Arith::Number(index), size) => {
                    format!(
                        "the number in octets {index} to {} of {protocol}",
                        u64::from(*index) + u64::from(*size) - 1
                    )
                }
                (index, 1) => {
                    format!("the octet of {protocol} that lies behind {header}'s start by ({})", arith(index))
                }
                (index, size) => {
                    format!("the {size} octets of {protocol} that lie behind {header}'s start by ({})", arith(index))
                }
            }
        }
        Arith::Negate(inner) => format!("minus ({})", arith(inner)),
        Arith::Binary(operation, left, right, _) => {
            format!("({} {} {})", arith(left), operation.symbol(), arith(right))
        }
    }
}

fn ip_protocol(number: u32) -> String {
    match u8::try_from(number).map(crate::wire::ip_protocol_name) {
        Ok("unknown") | Err(_) => String::new(),
        Ok(name) => format!(" ({name})"),
    }
}

fn ether_type(number: u32) -> String {
    match u16::try_from(number).map(crate::wire::ether_type_name) {
        Ok("unknown") | Err(_) => String::new(),
        Ok(name) => format!(" ({name})"),
    }
}
