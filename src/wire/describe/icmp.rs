//! Fields of ICMP for both IP versions, neighbour discovery, and IGMP.

use super::visit::Visit;
use super::{fields, names};
use crate::wire::{Icmpv4, Icmpv6, Igmp};

fields! { ICMPV4 = Icmpv4, "RFC 792";
    V4_TYPE "icmpv4.type" "type" Unsigned Plain;
    V4_CODE "icmpv4.code" "code" Unsigned Plain;
    V4_CHECKSUM "icmpv4.checksum" "checksum" Unsigned Hex;
    V4_IDENTIFIER "icmpv4.identifier" "identifier" Unsigned Plain;
    V4_SEQUENCE "icmpv4.sequence" "sequence number" Unsigned Plain;
    V4_MTU "icmpv4.next_hop_mtu" "next-hop MTU" Unsigned Octets see "RFC 1191 §4";
    V4_GATEWAY "icmpv4.gateway" "gateway" Ipv4 Plain;
    V4_POINTER "icmpv4.pointer" "pointer to the octet at fault" Unsigned Plain;
    V4_REST "icmpv4.rest" "rest of the header" Octets Plain;
    V4_ORIGINATE "icmpv4.originate_timestamp" "originate timestamp" Unsigned Plain;
    V4_RECEIVE "icmpv4.receive_timestamp" "receive timestamp" Unsigned Plain;
    V4_TRANSMIT "icmpv4.transmit_timestamp" "transmit timestamp" Unsigned Plain;
}

/// The fields of a message cut within its first four octets.
pub(super) fn icmpv4_octets<'a>(bytes: &'a [u8], out: &mut Visit<'a, '_>) {
    out.named(&V4_TYPE, bytes, 0, 1, names::icmpv4_type);
    out.named(&V4_CODE, bytes, 1, 1, |code| names::icmpv4_code(bytes[0], code as u8));
}

pub(super) fn icmpv4<'a>(icmp: Icmpv4<'a>, out: &mut Visit<'a, '_>) {
    let bytes = icmp.bytes();
    let icmp_type = icmp.icmp_type();
    out.named(&V4_TYPE, bytes, 0, 1, names::icmpv4_type);
    out.named(&V4_CODE, bytes, 1, 1, |code| names::icmpv4_code(icmp_type, code as u8));
    out.number(&V4_CHECKSUM, bytes, 2, 2);
    match (icmp_type, icmp.code()) {
        (0 | 8 | 13..=18, _) => {
            out.number(&V4_IDENTIFIER, bytes, 4, 2);
            out.number(&V4_SEQUENCE, bytes, 6, 2);
        }
        (3, 4) => out.number(&V4_MTU, bytes, 6, 2),
        (5, _) => out.ipv4(&V4_GATEWAY, bytes, 4),
        (12, _) => out.number(&V4_POINTER, bytes, 4, 1),
        _ => out.octets(&V4_REST, bytes, 4, 4, ""),
    }
    if matches!(icmp_type, 13 | 14) {
        for (at, field) in [(8, &V4_ORIGINATE), (12, &V4_RECEIVE), (16, &V4_TRANSMIT)] {
            out.number(field, bytes, at, 4);
        }
    }
}

fields! { ICMPV6 = Icmpv6, "RFC 4443 §2.1";
    V6_TYPE "icmpv6.type" "type" Unsigned Plain;
    V6_CODE "icmpv6.code" "code" Unsigned Plain;
    V6_CHECKSUM "icmpv6.checksum" "checksum" Unsigned Hex see "RFC 4443 §2.3";
    V6_IDENTIFIER "icmpv6.identifier" "identifier" Unsigned Plain see "RFC 4443 §4.1";
    V6_SEQUENCE "icmpv6.sequence" "sequence number" Unsigned Plain see "RFC 4443 §4.1";
    V6_MTU "icmpv6.mtu" "MTU" Unsigned Octets see "RFC 4443 §3.2";
    V6_POINTER "icmpv6.pointer" "pointer to the octet at fault" Unsigned Plain see "RFC 4443 §3.4";
    RA_HOP_LIMIT "icmpv6.hop_limit" "hop limit for hosts" Unsigned Plain see "RFC 4861 §4.2";
    RA_MANAGED "icmpv6.managed" "managed addresses (DHCPv6)" Boolean Plain see "RFC 4861 §4.2";
    RA_OTHER "icmpv6.other" "other configuration (DHCPv6)" Boolean Plain see "RFC 4861 §4.2";
    RA_LIFETIME "icmpv6.router_lifetime" "router lifetime in seconds" Unsigned Plain see "RFC 4861 §4.2";
    RA_REACHABLE "icmpv6.reachable_time" "reachable time in milliseconds" Unsigned Plain see "RFC 4861 §4.2";
    RA_RETRANSMISSION "icmpv6.retransmission_time" "time between solicitations in milliseconds" Unsigned Plain see "RFC 4861 §4.2";
    NA_ROUTER "icmpv6.router" "router" Boolean Plain see "RFC 4861 §4.4";
    NA_SOLICITED "icmpv6.solicited" "solicited" Boolean Plain see "RFC 4861 §4.4";
    NA_OVERRIDE "icmpv6.override" "override" Boolean Plain see "RFC 4861 §4.4";
    ND_TARGET "icmpv6.target" "target" Ipv6 Plain see "RFC 4861 §4.3";
    ND_DESTINATION "icmpv6.destination" "redirected destination" Ipv6 Plain see "RFC 4861 §4.5";
    ND_OPTION "icmpv6.option.type" "option" Unsigned Plain see "RFC 4861 §4.6";
    ND_SOURCE_MAC "icmpv6.option.source_mac" "source link-layer address" Mac Plain depth 1 see "RFC 4861 §4.6.1";
    ND_TARGET_MAC "icmpv6.option.target_mac" "target link-layer address" Mac Plain depth 1 see "RFC 4861 §4.6.1";
    ND_PREFIX_LEN "icmpv6.option.prefix_len" "prefix length" Unsigned Plain depth 1 see "RFC 4861 §4.6.2";
    ND_ON_LINK "icmpv6.option.on_link" "on-link" Boolean Plain depth 1 see "RFC 4861 §4.6.2";
    ND_AUTONOMOUS "icmpv6.option.autonomous" "autonomous configuration" Boolean Plain depth 1 see "RFC 4861 §4.6.2";
    ND_VALID "icmpv6.option.valid_lifetime" "valid lifetime in seconds" Unsigned Plain depth 1 see "RFC 4861 §4.6.2";
    ND_PREFERRED "icmpv6.option.preferred_lifetime" "preferred lifetime in seconds" Unsigned Plain depth 1 see "RFC 4861 §4.6.2";
    ND_PREFIX "icmpv6.option.prefix" "prefix" Ipv6 Plain depth 1 see "RFC 4861 §4.6.2";
    ND_MTU "icmpv6.option.mtu" "MTU" Unsigned Octets depth 1 see "RFC 4861 §4.6.4";
    ND_SERVERS_LIFETIME "icmpv6.option.lifetime" "lifetime in seconds" Unsigned Plain depth 1 see "RFC 8106 §5.1";
    ND_SERVER "icmpv6.option.dns_server" "DNS server" Ipv6 Plain depth 1 see "RFC 8106 §5.1";
    ND_BODY "icmpv6.option.value" "value" Octets Plain depth 1 see "RFC 4861 §4.6";
}

/// The fields of a message cut within its first four octets.
pub(super) fn icmpv6_octets<'a>(bytes: &'a [u8], out: &mut Visit<'a, '_>) {
    out.named(&V6_TYPE, bytes, 0, 1, names::icmpv6_type);
    out.named(&V6_CODE, bytes, 1, 1, |code| names::icmpv6_code(bytes[0], code as u8));
}

pub(super) fn icmpv6<'a>(icmp: Icmpv6<'a>, out: &mut Visit<'a, '_>) {
    let bytes = icmp.bytes();
    let icmp_type = icmp.icmp_type();
    out.named(&V6_TYPE, bytes, 0, 1, names::icmpv6_type);
    out.named(&V6_CODE, bytes, 1, 1, |code| names::icmpv6_code(icmp_type, code as u8));
    out.number(&V6_CHECKSUM, bytes, 2, 2);
    match icmp_type {
        128 | 129 => {
            out.number(&V6_IDENTIFIER, bytes, 4, 2);
            out.number(&V6_SEQUENCE, bytes, 6, 2);
        }
        2 => out.number(&V6_MTU, bytes, 4, 4),
        4 => out.number(&V6_POINTER, bytes, 4, 4),
        134 => {
            out.number(&RA_HOP_LIMIT, bytes, 4, 1);
            out.flag(&RA_MANAGED, bytes, 5, 0);
            out.flag(&RA_OTHER, bytes, 5, 1);
            out.number(&RA_LIFETIME, bytes, 6, 2);
            out.number(&RA_REACHABLE, bytes, 8, 4);
            out.number(&RA_RETRANSMISSION, bytes, 12, 4);
        }
        136 => {
            out.flag(&NA_ROUTER, bytes, 4, 0);
            out.flag(&NA_SOLICITED, bytes, 4, 1);
            out.flag(&NA_OVERRIDE, bytes, 4, 2);
        }
        _ => {}
    }
    let Some(ndp) = icmp.ndp() else { return };
    if icmp_type >= 135 {
        out.ipv6(&ND_TARGET, bytes, 8);
    }
    if icmp_type == 137 {
        out.ipv6(&ND_DESTINATION, bytes, 24);
    }
    for option in ndp.options() {
        let at = option.at;
        out.named(&ND_OPTION, bytes, at, 1, names::ndp_option);
        match (option.option_type, option.bytes.len()) {
            (1, 8) => out.mac(&ND_SOURCE_MAC, bytes, at + 2),
            (2, 8) => out.mac(&ND_TARGET_MAC, bytes, at + 2),
            (3, 32) => {
                out.number(&ND_PREFIX_LEN, bytes, at + 2, 1);
                out.flag(&ND_ON_LINK, bytes, at + 3, 0);
                out.flag(&ND_AUTONOMOUS, bytes, at + 3, 1);
                out.number(&ND_VALID, bytes, at + 4, 4);
                out.number(&ND_PREFERRED, bytes, at + 8, 4);
                out.ipv6(&ND_PREFIX, bytes, at + 16);
            }
            (5, 8) => out.number(&ND_MTU, bytes, at + 4, 4),
            (25, len) if len >= 24 => {
                out.number(&ND_SERVERS_LIFETIME, bytes, at + 4, 4);
                for server in (at + 8..at + len).step_by(16).filter(|server| server + 16 <= at + len) {
                    out.ipv6(&ND_SERVER, bytes, server);
                }
            }
            (_, len) => out.octets(&ND_BODY, bytes, at + 2, len - 2, ""),
        }
    }
}

fields! { IGMP = Igmp, "RFC 3376 §4";
    IGMP_TYPE "igmp.type" "type" Unsigned Hex;
    IGMP_VERSION "igmp.version" "version" Unsigned Plain see "RFC 3376 §7.1";
    IGMP_MAX_RESPONSE "igmp.max_response_code" "maximum response code" Unsigned Plain see "RFC 3376 §4.1.1";
    IGMP_CHECKSUM "igmp.checksum" "checksum" Unsigned Hex see "RFC 3376 §4.1.2";
    IGMP_GROUP "igmp.group" "group" Ipv4 Plain see "RFC 2236 §2.4";
    IGMP_SUPPRESS "igmp.suppress" "suppress router processing" Boolean Plain see "RFC 3376 §4.1.5";
    IGMP_ROBUSTNESS "igmp.robustness" "robustness" Unsigned Plain see "RFC 3376 §4.1.6";
    IGMP_INTERVAL "igmp.query_interval_code" "query interval code" Unsigned Plain see "RFC 3376 §4.1.7";
    IGMP_SOURCES "igmp.sources" "sources" Unsigned Plain see "RFC 3376 §4.1.8";
    IGMP_SOURCE "igmp.source" "source" Ipv4 Plain depth 1 see "RFC 3376 §4.1.9";
    IGMP_RECORDS "igmp.records" "group records" Unsigned Plain see "RFC 3376 §4.2";
    IGMP_RECORD_TYPE "igmp.record.type" "record" Unsigned Plain depth 1 see "RFC 3376 §4.2.12";
    IGMP_RECORD_GROUP "igmp.record.group" "group" Ipv4 Plain depth 2 see "RFC 3376 §4.2.9";
    IGMP_RECORD_SOURCE "igmp.record.source" "source" Ipv4 Plain depth 2 see "RFC 3376 §4.2.10";
}

pub(super) fn igmp<'a>(igmp: Igmp<'a>, out: &mut Visit<'a, '_>) {
    let bytes = igmp.bytes();
    out.named(&IGMP_TYPE, bytes, 0, 1, names::igmp_type);
    if igmp.version() != 0 {
        out.derived(&IGMP_VERSION, u64::from(igmp.version()));
    }
    out.number(&IGMP_MAX_RESPONSE, bytes, 1, 1);
    out.number(&IGMP_CHECKSUM, bytes, 2, 2);
    if igmp.igmp_type() == 0x22 {
        out.number(&IGMP_RECORDS, bytes, 6, 2);
        for record in igmp.records() {
            out.named(&IGMP_RECORD_TYPE, bytes, record.at, 1, names::igmp_record);
            out.ipv4(&IGMP_RECORD_GROUP, bytes, record.at + 4);
            for at in (0..record.sources.len()).step_by(4) {
                out.ipv4(&IGMP_RECORD_SOURCE, bytes, record.at + 8 + at);
            }
        }
        return;
    }
    out.ipv4(&IGMP_GROUP, bytes, 4);
    if igmp.igmp_type() == 0x11 && igmp.version() == 3 {
        out.flag(&IGMP_SUPPRESS, bytes, 8, 4);
        out.bits(&IGMP_ROBUSTNESS, bytes, (8, 1), (5, 3), |_| "");
        out.number(&IGMP_INTERVAL, bytes, 9, 1);
        out.number(&IGMP_SOURCES, bytes, 10, 2);
        for index in 0..igmp.sources().count() {
            out.ipv4(&IGMP_SOURCE, bytes, 12 + index * 4);
        }
    }
}
