//! The walk through a frame: from the link type down, one protocol file after another.

use super::frame::Frame;
use super::issue::IssueCode;
use super::layer::LayerKind;
use super::link::LinkType;
use super::other::{Other, Registry};
use super::plain::Plain;
use super::registry::{ether_type_name, ip_protocol_name};
use super::walker::{Next, Walker};
use super::{arp, ethernet, icmp, igmp, ipv4, ipv6, llc, ppp, stp, tcp, tunnel, udp, vlan};
use crate::base::limits::MAX_LAYERS;

/// Decodes the captured octets of a frame that had `wire_len` octets on its link.
///
/// Never fails and never panics: layers that could be read are there, and what stopped the walk is an issue. A
/// reassembled datagram is decoded with [`LinkType::RAW`].
#[inline]
pub fn decode(link: LinkType, bytes: &[u8], wire_len: u32) -> Frame<'_> {
    match plain(link, bytes, wire_len) {
        Some(plain) => plain.frame(bytes, wire_len),
        None => walk(link, bytes, wire_len),
    }
}

/// Where the parts lie of a frame of the kind that comes most.
#[inline]
pub(crate) fn plain(link: LinkType, bytes: &[u8], wire_len: u32) -> Option<Plain> {
    if link == LinkType::ETHERNET { Plain::find(bytes, wire_len) } else { None }
}

/// The walk itself, for frames of every kind.
#[inline(never)]
pub(crate) fn walk(link: LinkType, bytes: &[u8], wire_len: u32) -> Frame<'_> {
    let mut walker = Walker::new(bytes, wire_len);
    let mut next = first(link, &mut walker);
    loop {
        if matches!(next, Next::Payload | Next::Stop) {
            break;
        }
        if walker.frame.layers().len() >= MAX_LAYERS {
            walker.issue(IssueCode::TooDeep, LayerKind::Frame, 0, 0, 0);
            break;
        }
        next = match next {
            Next::TypeOrLen(len @ 0..0x0600) => llc::walk_with_len(&mut walker, len),
            Next::EtherType(number) | Next::TypeOrLen(number) => ether_type(number, &mut walker),
            Next::IpProtocol(number) => ip_protocol(number, &mut walker),
            Next::Ip => ip(&mut walker),
            Next::Ethernet => ethernet::walk(&mut walker),
            Next::Llc => llc::walk(&mut walker),
            Next::Stp => stp::walk(&mut walker),
            Next::Ppp => ppp::walk(&mut walker),
            Next::Mpls => tunnel::walk_mpls(&mut walker),
            Next::Vxlan => tunnel::walk_vxlan(&mut walker),
            Next::Geneve => tunnel::walk_geneve(&mut walker),
            Next::Payload | Next::Stop => break,
        };
    }
    walker.finish()
}

fn first(link: LinkType, walker: &mut Walker<'_>) -> Next {
    match link {
        LinkType::ETHERNET => Next::Ethernet,
        LinkType::LINUX_SLL => ethernet::walk_sll(walker),
        LinkType::LINUX_SLL2 => ethernet::walk_sll2(walker),
        LinkType::NULL | LinkType::LOOP => ethernet::walk_loopback(walker, link),
        LinkType::RAW | LinkType(12) | LinkType(14) => Next::Ip,
        LinkType::IPV4 => Next::EtherType(0x0800),
        LinkType::IPV6 => Next::EtherType(0x86dd),
        LinkType::PPP => Next::Ppp,
        LinkType::PPP_HDLC => ppp::walk_serial(walker),
        LinkType::PPPOE => Next::EtherType(0x8864),
        LinkType::CISCO_HDLC => ppp::walk_cisco(walker),
        LinkType::MPLS => Next::Mpls,
        LinkType::ATM_RFC1483 => Next::Llc,
        other => unknown(walker, Registry::LinkType, other.0, other.name()),
    }
}

fn ether_type(number: u16, walker: &mut Walker<'_>) -> Next {
    match number {
        0x0800 => ipv4::walk(walker),
        0x86dd => ipv6::walk(walker),
        0x0806 | 0x8035 => arp::walk(walker),
        0x8100 | 0x88a8 | 0x9100 | 0x9200 => vlan::walk(walker, number),
        0x8847 | 0x8848 => Next::Mpls,
        0x8863 => ppp::walk_pppoe(walker, true),
        0x8864 => ppp::walk_pppoe(walker, false),
        0x880b => Next::Ppp,
        0x6558 => Next::Ethernet,
        _ => unknown(walker, Registry::EtherType, number, ether_type_name(number)),
    }
}

fn ip_protocol(number: u8, walker: &mut Walker<'_>) -> Next {
    match number {
        6 => tcp::walk(walker),
        17 => udp::walk(walker),
        1 => icmp::walk_v4(walker),
        58 => icmp::walk_v6(walker),
        2 => igmp::walk(walker),
        4 => ipv4::walk(walker),
        41 => ipv6::walk(walker),
        47 => tunnel::walk_gre(walker),
        51 => ipv6::walk_extension(walker, number),
        // In IPv4 these numbers announce nothing that could be walked over.
        0 | 43 | 44 | 60 | 135 if walker.frame.ipv6().is_some() => ipv6::walk_extension(walker, number),
        59 => Next::Payload,
        97 => tunnel::walk_etherip(walker),
        137 => Next::Mpls,
        // Segment routing carries Ethernet frames so (RFC 8986 §10.1).
        143 => Next::Ethernet,
        _ => unknown(walker, Registry::IpProtocol, u16::from(number), ip_protocol_name(number)),
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
    Other::walk(walker, registry, number, name, 0, Next::Payload)
}
