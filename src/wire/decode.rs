//! The walk through a frame: from the link type down, one protocol file after another.

use super::frame::{Frame, Layer, LayerKind};
use super::issue::IssueCode;
use super::link::LinkType;
use super::other::{Other, Registry};
use super::walker::{Next, Walker};
use super::{arp, ethernet, icmp, ipv4, ipv6, registry, tcp, udp, vlan};
use crate::base::limits::MAX_LAYERS;

/// Decodes the captured octets of a frame that had `wire_len` octets on its link.
///
/// Never fails and never panics: layers that could be read are there, and what stopped the walk is an issue. A
/// reassembled datagram is decoded with [`LinkType::RAW`].
pub fn decode(link: LinkType, bytes: &[u8], wire_len: u32) -> Frame<'_> {
    let mut walker = Walker::new(bytes, wire_len);
    let mut next = first(link, &mut walker);
    loop {
        if walker.frame.layers().len() >= MAX_LAYERS {
            walker.issue(IssueCode::TooDeep, LayerKind::Frame, 0, 0, 0);
            break;
        }
        next = match next {
            Next::EtherType(number) => ether_type(number, &mut walker),
            Next::IpProtocol(number) => ip_protocol(number, &mut walker),
            Next::Ip => ip(&mut walker),
            Next::Payload | Next::Stop => break,
        };
    }
    walker.finish()
}

fn first(link: LinkType, walker: &mut Walker<'_>) -> Next {
    match link {
        LinkType::ETHERNET => ethernet::walk(walker),
        LinkType::LINUX_SLL => ethernet::walk_sll(walker),
        LinkType::LINUX_SLL2 => ethernet::walk_sll2(walker),
        LinkType::NULL | LinkType::LOOP => ethernet::walk_loopback(walker, link),
        LinkType::RAW | LinkType(12) | LinkType(14) | LinkType::IPV4 | LinkType::IPV6 => Next::Ip,
        other => unknown(walker, Registry::LinkType, other.0, other.name()),
    }
}

fn ether_type(number: u16, walker: &mut Walker<'_>) -> Next {
    match number {
        0x0800 => ipv4::walk(walker),
        0x86dd => ipv6::walk(walker),
        0x0806 => arp::walk(walker),
        0x8100 | 0x88a8 | 0x9100 => vlan::walk(walker, number),
        _ => unknown(walker, Registry::EtherType, number, registry::ether_type_name(number)),
    }
}

fn ip_protocol(number: u8, walker: &mut Walker<'_>) -> Next {
    match number {
        6 => tcp::walk(walker),
        17 => udp::walk(walker),
        1 => icmp::walk_v4(walker),
        58 => icmp::walk_v6(walker),
        4 => ipv4::walk(walker),
        41 => ipv6::walk(walker),
        0 | 43 | 44 | 51 | 60 | 135 => ipv6::walk_extension(walker, number),
        59 => Next::Payload,
        _ => unknown(walker, Registry::IpProtocol, u16::from(number), registry::ip_protocol_name(number)),
    }
}

fn ip(walker: &mut Walker<'_>) -> Next {
    match walker.rest().first().map(|octet| octet >> 4) {
        Some(6) => ipv6::walk(walker),
        Some(4) => ipv4::walk(walker),
        Some(version) => {
            walker.issue(IssueCode::BadVersion, LayerKind::Frame, 0, usize::from(version), 1);
            Next::Stop
        }
        None => {
            walker.lacks(LayerKind::Frame, 1);
            Next::Stop
        }
    }
}

fn unknown(walker: &mut Walker<'_>, registry: Registry, number: u16, name: &'static str) -> Next {
    walker.push(Layer::Other(Other { registry, number, name }), 0);
    Next::Payload
}
