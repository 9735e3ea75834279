//! The packet in the translator's hands: which flow it belongs to, and putting other addresses and ports into it, also
//! into a packet that an ICMP error quotes. Checksums are mended, not computed anew (RFC 1624).

use std::net::{IpAddr, Ipv4Addr};

use super::End;
use crate::sim::stack::octets::{self, ICMP, IpHeader, TCP, UDP, u16_at, update_checksum};

/// What a packet says that matters for translation.
#[derive(Clone, Copy)]
pub(super) struct Flow {
    pub protocol: u8,
    pub source: End,
    pub destination: End,
    pub syn: bool,
    pub closes: bool,
    /// ICMP: an echo reply, which belongs to the flow of the request that came the other way.
    pub is_reply: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Destination,
}

fn v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(_) => None,
    }
}

pub(super) fn flow_of(packet: &[u8], header: &IpHeader) -> Option<Flow> {
    let payload = header.payload(packet);
    let (source, destination) = (v4(header.source)?, v4(header.destination)?);
    if payload.len() < 8 || header.offset != 0 {
        return None;
    }
    let (ports, syn, closes) = match header.protocol {
        UDP => ((u16_at(payload, 0), u16_at(payload, 2)), false, false),
        TCP => {
            let flags = payload.get(13).copied().unwrap_or(0);
            ((u16_at(payload, 0), u16_at(payload, 2)), flags & 2 != 0, flags & 5 != 0)
        }
        // Echo requests and replies have one identifier, which stands for the port of the inside.
        ICMP if matches!(payload[0], 0 | 8) => ((u16_at(payload, 4), u16_at(payload, 4)), false, false),
        _ => return None,
    };
    Some(Flow {
        protocol: header.protocol,
        source: (source, ports.0),
        destination: (destination, ports.1),
        syn,
        closes,
        is_reply: header.protocol == ICMP && payload[0] == 0,
    })
}

pub(super) fn is_icmp_error(packet: &[u8], header: &IpHeader) -> bool {
    header.protocol == ICMP && matches!(header.payload(packet).first(), Some(3 | 4 | 5 | 11 | 12))
}

pub(super) struct Quoted {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub protocol: u8,
    pub source_port: u16,
    pub destination_port: u16,
    pub header_len: usize,
}

/// The packet quoted in an ICMP error, and where it begins.
pub(super) fn quoted(packet: &[u8], header: &IpHeader) -> Option<(usize, Quoted)> {
    let at = header.header_len + 8;
    let quote = packet.get(at..)?;
    let header_len = usize::from(quote.first()? & 15) * 4;
    if quote.len() < header_len + 8 || header_len < 20 {
        return None;
    }
    let address = |at: usize| Ipv4Addr::new(quote[at], quote[at + 1], quote[at + 2], quote[at + 3]);
    let protocol = quote[9];
    let (source_port, destination_port) = match protocol {
        ICMP => (u16_at(quote, header_len + 4), u16_at(quote, header_len + 4)),
        _ => (u16_at(quote, header_len), u16_at(quote, header_len + 2)),
    };
    Some((
        at,
        Quoted { source: address(12), destination: address(16), protocol, source_port, destination_port, header_len },
    ))
}

/// Puts another address and port into a packet and mends its checksums without looking at the rest (RFC 1624).
pub(super) fn rewrite(packet: &mut [u8], header: &IpHeader, side: Side, to: End) {
    let old_address = rewrite_address(packet, side, to.0);
    let payload = &mut packet[header.header_len..];
    let port_at = match (header.protocol, side) {
        (ICMP, _) => 4,
        (_, Side::Source) => 0,
        (_, Side::Destination) => 2,
    };
    let old_port = [payload[port_at], payload[port_at + 1]];
    payload[port_at..port_at + 2].copy_from_slice(&to.1.to_be_bytes());
    let sum_at = match header.protocol {
        UDP => 6,
        TCP => 16,
        _ => 2,
    };
    if payload.len() < sum_at + 2 {
        return;
    }
    let stored = u16_at(payload, sum_at);
    // A UDP checksum of 0 says that there is none, and stays so (RFC 3022 §4.1).
    if header.protocol == UDP && stored == 0 {
        return;
    }
    let mut sum = update_checksum(stored, &old_port, &to.1.to_be_bytes());
    if header.protocol != ICMP {
        sum = update_checksum(sum, &old_address, &to.0.octets());
    }
    if header.protocol == UDP && sum == 0 {
        sum = 0xffff;
    }
    payload[sum_at..sum_at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// Puts another address into an IP header; returns the old one.
pub(super) fn rewrite_address(packet: &mut [u8], side: Side, to: Ipv4Addr) -> [u8; 4] {
    let at = if side == Side::Source { 12 } else { 16 };
    let old = [packet[at], packet[at + 1], packet[at + 2], packet[at + 3]];
    packet[at..at + 4].copy_from_slice(&to.octets());
    let sum = update_checksum(u16_at(packet, 10), &old, &to.octets());
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    old
}

/// The same inside of a quoted packet, whose transport checksum is left as it was if it is not there.
pub(super) fn rewrite_quoted(quote: &mut [u8], header_len: usize, protocol: u8, side: Side, to: End) {
    rewrite_address(quote, side, to.0);
    let port_at = header_len
        + match (protocol, side) {
            (ICMP, _) => 4,
            (_, Side::Source) => 0,
            (_, Side::Destination) => 2,
        };
    quote[port_at..port_at + 2].copy_from_slice(&to.1.to_be_bytes());
}

/// Computes the checksum of an ICMP message anew.
pub(super) fn mend_icmp(packet: &mut [u8], header: &IpHeader) {
    let message = &mut packet[header.header_len..header.total_len];
    message[2..4].copy_from_slice(&[0, 0]);
    let sum = octets::checksum(message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
}
