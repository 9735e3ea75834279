//! Fields of ARP, IPv4 and IPv6 with its extension headers.

use super::visit::Visit;
use super::{fields, names};
use crate::wire::registry::{ether_type_name, ip_protocol_name};
use crate::wire::walker::be16;
use crate::wire::{Arp, Ipv4, Ipv6, Ipv6Extension, Ipv6ExtensionKind};

fields! { ARP = Arp, "RFC 826";
    ARP_HARDWARE "arp.hardware_type" "hardware type" Unsigned Plain;
    ARP_PROTOCOL "arp.protocol_type" "protocol type" Unsigned Hex;
    ARP_HARDWARE_LEN "arp.hardware_len" "hardware address length" Unsigned Octets;
    ARP_PROTOCOL_LEN "arp.protocol_len" "protocol address length" Unsigned Octets;
    ARP_OPERATION "arp.operation" "operation" Unsigned Plain;
    ARP_SENDER_MAC "arp.sender_mac" "sender MAC address" Mac Plain;
    ARP_SENDER_HARDWARE "arp.sender_hardware" "sender hardware address" Octets Plain;
    ARP_SENDER_IP "arp.sender_ip" "sender IP address" Ipv4 Plain;
    ARP_SENDER_PROTOCOL "arp.sender_protocol" "sender protocol address" Octets Plain;
    ARP_TARGET_MAC "arp.target_mac" "target MAC address" Mac Plain;
    ARP_TARGET_HARDWARE "arp.target_hardware" "target hardware address" Octets Plain;
    ARP_TARGET_IP "arp.target_ip" "target IP address" Ipv4 Plain;
    ARP_TARGET_PROTOCOL "arp.target_protocol" "target protocol address" Octets Plain;
}

pub(super) fn arp<'a>(arp: Arp<'a>, out: &mut Visit<'a, '_>) {
    arp_octets(arp.bytes(), out);
}

pub(super) fn arp_octets<'a>(bytes: &'a [u8], out: &mut Visit<'a, '_>) {
    out.named(&ARP_HARDWARE, bytes, 0, 2, names::hardware_type);
    out.named(&ARP_PROTOCOL, bytes, 2, 2, |number| ether_type_name(number as u16));
    out.number(&ARP_HARDWARE_LEN, bytes, 4, 1);
    out.number(&ARP_PROTOCOL_LEN, bytes, 5, 1);
    out.named(&ARP_OPERATION, bytes, 6, 2, names::arp_operation);
    let &[_, _, _, _, hardware_len, protocol_len, _, _, ..] = bytes else { return };
    let (hardware_len, protocol_len) = (usize::from(hardware_len), usize::from(protocol_len));
    let is_ipv4 = be16(bytes, 2) == 0x0800 && protocol_len == 4;
    let is_mac = matches!(be16(bytes, 0), 1 | 6) && hardware_len == 6;
    let mut at = 8;
    for (mac, hardware, ip, protocol) in [
        (&ARP_SENDER_MAC, &ARP_SENDER_HARDWARE, &ARP_SENDER_IP, &ARP_SENDER_PROTOCOL),
        (&ARP_TARGET_MAC, &ARP_TARGET_HARDWARE, &ARP_TARGET_IP, &ARP_TARGET_PROTOCOL),
    ] {
        if is_mac {
            out.mac(mac, bytes, at);
        } else {
            out.octets(hardware, bytes, at, hardware_len, "");
        }
        at += hardware_len;
        if is_ipv4 {
            out.ipv4(ip, bytes, at);
        } else {
            out.octets(protocol, bytes, at, protocol_len, "");
        }
        at += protocol_len;
    }
}

fields! { IPV4 = Ipv4, "RFC 791 §3.1";
    IPV4_VERSION "ipv4.version" "version" Unsigned Plain;
    IPV4_HEADER_LEN "ipv4.header_length" "header length" Unsigned Octets;
    IPV4_DSCP "ipv4.dscp" "differentiated services" Unsigned Plain see "RFC 2474 §3";
    IPV4_ECN "ipv4.ecn" "congestion notification" Unsigned Plain see "RFC 3168 §5";
    IPV4_TOTAL_LENGTH "ipv4.total_length" "total length" Unsigned Octets;
    IPV4_IDENTIFICATION "ipv4.identification" "identification" Unsigned Hex see "RFC 6864 §4";
    IPV4_RESERVED "ipv4.reserved_flag" "reserved flag" Boolean Plain;
    IPV4_DONT_FRAGMENT "ipv4.dont_fragment" "don't fragment" Boolean Plain;
    IPV4_MORE_FRAGMENTS "ipv4.more_fragments" "more fragments" Boolean Plain;
    IPV4_FRAGMENT_OFFSET "ipv4.fragment_offset" "fragment offset" Unsigned Octets;
    IPV4_TTL "ipv4.ttl" "time to live" Unsigned Plain;
    IPV4_PROTOCOL "ipv4.protocol" "protocol" Unsigned Plain;
    IPV4_CHECKSUM "ipv4.checksum" "header checksum" Unsigned Hex;
    IPV4_SOURCE "ipv4.source" "source" Ipv4 Plain;
    IPV4_DESTINATION "ipv4.destination" "destination" Ipv4 Plain;
    IPV4_OPTIONS "ipv4.options" "options" Octets Plain;
    IPV4_OPTION "ipv4.option.type" "option" Unsigned Plain depth 1;
    IPV4_OPTION_BODY "ipv4.option.body" "value" Octets Plain depth 2;
}

pub(super) fn ipv4<'a>(ip: Ipv4<'a>, out: &mut Visit<'a, '_>) {
    let bytes = ip.bytes();
    ipv4_octets(bytes, out);
    out.octets(&IPV4_OPTIONS, bytes, 20, ip.header_len() - 20, "");
    let mut at = 20;
    while let Some(&kind) = bytes.get(at) {
        out.named(&IPV4_OPTION, bytes, at, 1, names::ipv4_option);
        match kind {
            0 => break,
            1 => at += 1,
            _ => match bytes.get(at + 1) {
                Some(&len) if len >= 2 => {
                    out.octets(&IPV4_OPTION_BODY, bytes, at + 2, usize::from(len) - 2, "");
                    at += usize::from(len);
                }
                _ => break,
            },
        }
    }
}

/// The fields of the fixed part, as far as it is there: at least one octet.
pub(super) fn ipv4_octets<'a>(bytes: &'a [u8], out: &mut Visit<'a, '_>) {
    out.bits(&IPV4_VERSION, bytes, (0, 1), (0, 4), |_| "");
    let header_len = u64::from(bytes[0] & 15) * 4;
    out.scaled_bits(&IPV4_HEADER_LEN, (0, 1), (4, 4), header_len, "");
    out.bits(&IPV4_DSCP, bytes, (1, 1), (0, 6), names::dscp);
    out.bits(&IPV4_ECN, bytes, (1, 1), (6, 2), names::ecn);
    out.number(&IPV4_TOTAL_LENGTH, bytes, 2, 2);
    out.number(&IPV4_IDENTIFICATION, bytes, 4, 2);
    out.flag(&IPV4_RESERVED, bytes, 6, 0);
    out.flag(&IPV4_DONT_FRAGMENT, bytes, 6, 1);
    out.flag(&IPV4_MORE_FRAGMENTS, bytes, 6, 2);
    if bytes.len() >= 8 {
        let offset = u64::from(be16(bytes, 6) & 0x1fff) * 8;
        out.scaled_bits(&IPV4_FRAGMENT_OFFSET, (6, 2), (3, 13), offset, "");
    }
    out.number(&IPV4_TTL, bytes, 8, 1);
    out.named(&IPV4_PROTOCOL, bytes, 9, 1, |number| ip_protocol_name(number as u8));
    out.number(&IPV4_CHECKSUM, bytes, 10, 2);
    out.ipv4(&IPV4_SOURCE, bytes, 12);
    out.ipv4(&IPV4_DESTINATION, bytes, 16);
}

fields! { IPV6 = Ipv6, "RFC 8200 §3";
    IPV6_VERSION "ipv6.version" "version" Unsigned Plain;
    IPV6_DSCP "ipv6.dscp" "differentiated services" Unsigned Plain see "RFC 2474 §3";
    IPV6_ECN "ipv6.ecn" "congestion notification" Unsigned Plain see "RFC 3168 §5";
    IPV6_FLOW_LABEL "ipv6.flow_label" "flow label" Unsigned Hex see "RFC 6437";
    IPV6_PAYLOAD_LENGTH "ipv6.payload_length" "payload length" Unsigned Octets;
    IPV6_NEXT_HEADER "ipv6.next_header" "next header" Unsigned Plain;
    IPV6_HOP_LIMIT "ipv6.hop_limit" "hop limit" Unsigned Plain;
    IPV6_SOURCE "ipv6.source" "source" Ipv6 Plain;
    IPV6_DESTINATION "ipv6.destination" "destination" Ipv6 Plain;
}

pub(super) fn ipv6<'a>(ip: Ipv6<'a>, out: &mut Visit<'a, '_>) {
    ipv6_octets(ip.bytes(), out);
}

pub(super) fn ipv6_octets<'a>(bytes: &'a [u8], out: &mut Visit<'a, '_>) {
    out.bits(&IPV6_VERSION, bytes, (0, 1), (0, 4), |_| "");
    out.bits(&IPV6_DSCP, bytes, (0, 2), (4, 6), names::dscp);
    out.bits(&IPV6_ECN, bytes, (1, 1), (2, 2), names::ecn);
    out.bits(&IPV6_FLOW_LABEL, bytes, (1, 3), (4, 20), |_| "");
    out.number(&IPV6_PAYLOAD_LENGTH, bytes, 4, 2);
    out.named(&IPV6_NEXT_HEADER, bytes, 6, 1, |number| ip_protocol_name(number as u8));
    out.number(&IPV6_HOP_LIMIT, bytes, 7, 1);
    out.ipv6(&IPV6_SOURCE, bytes, 8);
    out.ipv6(&IPV6_DESTINATION, bytes, 24);
}

fields! { IPV6_EXTENSION = Ipv6Extension, "RFC 8200 §4";
    HOP_NEXT "ipv6.hop_by_hop.next_header" "next header" Unsigned Plain see "RFC 8200 §4.3";
    HOP_LEN "ipv6.hop_by_hop.length" "length" Unsigned Octets see "RFC 8200 §4.3";
    HOP_OPTION "ipv6.hop_by_hop.option" "option" Unsigned Plain see "RFC 8200 §4.2";
    HOP_OPTION_BODY "ipv6.hop_by_hop.option_value" "value" Octets Plain depth 1 see "RFC 8200 §4.2";
    DESTINATION_NEXT "ipv6.destination_options.next_header" "next header" Unsigned Plain see "RFC 8200 §4.6";
    DESTINATION_LEN "ipv6.destination_options.length" "length" Unsigned Octets see "RFC 8200 §4.6";
    DESTINATION_OPTION "ipv6.destination_options.option" "option" Unsigned Plain see "RFC 8200 §4.2";
    DESTINATION_OPTION_BODY "ipv6.destination_options.option_value" "value" Octets Plain depth 1 see "RFC 8200 §4.2";
    ROUTING_NEXT "ipv6.routing.next_header" "next header" Unsigned Plain see "RFC 8200 §4.4";
    ROUTING_LEN "ipv6.routing.length" "length" Unsigned Octets see "RFC 8200 §4.4";
    ROUTING_TYPE "ipv6.routing.type" "routing type" Unsigned Plain see "RFC 8200 §4.4";
    ROUTING_LEFT "ipv6.routing.segments_left" "segments left" Unsigned Plain see "RFC 8200 §4.4";
    ROUTING_ADDRESS "ipv6.routing.address" "address" Ipv6 Plain see "RFC 8754 §2";
    ROUTING_DATA "ipv6.routing.data" "type-specific data" Octets Plain see "RFC 8200 §4.4";
    FRAGMENT_NEXT "ipv6.fragment.next_header" "next header" Unsigned Plain see "RFC 8200 §4.5";
    FRAGMENT_OFFSET "ipv6.fragment.offset" "fragment offset" Unsigned Octets see "RFC 8200 §4.5";
    FRAGMENT_MORE "ipv6.fragment.more_fragments" "more fragments" Boolean Plain see "RFC 8200 §4.5";
    FRAGMENT_ID "ipv6.fragment.identification" "identification" Unsigned Hex see "RFC 8200 §4.5";
    MOBILITY_NEXT "ipv6.mobility.next_header" "next header" Unsigned Plain see "RFC 6275 §6.1.1";
    MOBILITY_LEN "ipv6.mobility.length" "length" Unsigned Octets see "RFC 6275 §6.1.1";
    MOBILITY_TYPE "ipv6.mobility.type" "type" Unsigned Plain see "RFC 6275 §6.1.1";
    MOBILITY_CHECKSUM "ipv6.mobility.checksum" "checksum" Unsigned Hex see "RFC 6275 §6.1.1";
    MOBILITY_DATA "ipv6.mobility.data" "data" Octets Plain see "RFC 6275 §6.1.1";
    AH_NEXT "ah.next_header" "next header" Unsigned Plain see "RFC 4302 §2.1";
    AH_LEN "ah.length" "length" Unsigned Octets see "RFC 4302 §2.2";
    AH_SPI "ah.spi" "security parameters index" Unsigned Hex see "RFC 4302 §2.4";
    AH_SEQUENCE "ah.sequence" "sequence number" Unsigned Plain see "RFC 4302 §2.5";
    AH_ICV "ah.icv" "integrity check value" Octets Plain see "RFC 4302 §2.6";
}

pub(super) fn ipv6_extension<'a>(extension: Ipv6Extension<'a>, out: &mut Visit<'a, '_>) {
    use Ipv6ExtensionKind as Kind;
    let bytes = extension.bytes();
    let (next, len) = match extension.kind {
        Kind::HopByHop => (&HOP_NEXT, Some(&HOP_LEN)),
        Kind::Routing => (&ROUTING_NEXT, Some(&ROUTING_LEN)),
        Kind::Fragment => (&FRAGMENT_NEXT, None),
        Kind::Authentication => (&AH_NEXT, Some(&AH_LEN)),
        Kind::DestinationOptions => (&DESTINATION_NEXT, Some(&DESTINATION_LEN)),
        Kind::Mobility => (&MOBILITY_NEXT, Some(&MOBILITY_LEN)),
    };
    out.named(next, bytes, 0, 1, |number| ip_protocol_name(number as u8));
    if let Some(len) = len {
        out.worked_out(len, (1, 1), extension.header_len() as u64, "");
    }
    match extension.kind {
        Kind::HopByHop => options(&HOP_OPTION, &HOP_OPTION_BODY, bytes, out),
        Kind::DestinationOptions => options(&DESTINATION_OPTION, &DESTINATION_OPTION_BODY, bytes, out),
        Kind::Routing => {
            out.named(&ROUTING_TYPE, bytes, 2, 1, names::routing_type);
            out.number(&ROUTING_LEFT, bytes, 3, 1);
            // Source routes, mobility and segment routing all carry a list of addresses behind 8 octets.
            if matches!(bytes[2], 0 | 2 | 4) {
                for at in (8..bytes.len()).step_by(16) {
                    out.ipv6(&ROUTING_ADDRESS, bytes, at);
                }
            } else {
                out.octets(&ROUTING_DATA, bytes, 4, bytes.len(), "");
            }
        }
        Kind::Fragment => {
            let offset = u64::from(be16(bytes, 2) & !7);
            out.scaled_bits(&FRAGMENT_OFFSET, (2, 2), (0, 13), offset, "");
            out.flag(&FRAGMENT_MORE, bytes, 3, 7);
            out.number(&FRAGMENT_ID, bytes, 4, 4);
        }
        Kind::Mobility => {
            out.number(&MOBILITY_TYPE, bytes, 2, 1);
            out.number(&MOBILITY_CHECKSUM, bytes, 4, 2);
            out.octets(&MOBILITY_DATA, bytes, 6, bytes.len(), "");
        }
        Kind::Authentication => {
            out.number(&AH_SPI, bytes, 4, 4);
            out.number(&AH_SEQUENCE, bytes, 8, 4);
            out.octets(&AH_ICV, bytes, 12, bytes.len(), "");
        }
    }
}

/// The options of a hop-by-hop or destination header, padding of one octet included (RFC 8200 §4.2).
fn options<'a>(kind: &'static super::Field, body: &'static super::Field, bytes: &'a [u8], out: &mut Visit<'a, '_>) {
    let mut at = 2;
    while let Some(&number) = bytes.get(at) {
        out.named(kind, bytes, at, 1, names::ipv6_option);
        if number == 0 {
            at += 1;
            continue;
        }
        let Some(&len) = bytes.get(at + 1) else { break };
        out.octets(body, bytes, at + 2, usize::from(len), "");
        at += 2 + usize::from(len);
    }
}
