//! Headers as octets: what the simulated boxes write and read. Independent of the decoder, so that what the boxes did
//! and what the inspector concludes are two witnesses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::base::MacAddr;
use crate::sim::mutation::{Mutation, made};
use crate::sim::reason::Reason;

/// EtherTypes and protocol numbers.
pub const ETHER_IPV4: u16 = 0x0800;
/// ARP.
pub const ETHER_ARP: u16 = 0x0806;
/// IPv6.
pub const ETHER_IPV6: u16 = 0x86dd;
/// ICMP.
pub const ICMP: u8 = 1;
/// TCP.
pub const TCP: u8 = 6;
/// UDP.
pub const UDP: u8 = 17;
/// ICMP for IPv6.
pub const ICMPV6: u8 = 58;
/// IPv6 fragment header.
pub const FRAGMENT_HEADER: u8 = 44;

/// The two octets at `at`; 0 if they are not there.
pub fn u16_at(octets: &[u8], at: usize) -> u16 {
    octets.get(at..at + 2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]))
}

/// The four octets at `at`; 0 if they are not there.
pub fn u32_at(octets: &[u8], at: usize) -> u32 {
    octets.get(at..at + 4).map_or(0, |four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
}

/// The ones'-complement sum of octets, on top of `sum` (RFC 1071).
pub fn add(sum: u32, octets: &[u8]) -> u32 {
    let mut sum = u64::from(sum);
    let mut pairs = octets.chunks_exact(2);
    for pair in &mut pairs {
        sum += u64::from(u16::from_be_bytes([pair[0], pair[1]]));
    }
    if let [last] = pairs.remainder() {
        sum += u64::from(*last) << 8;
    }
    fold(sum)
}

fn fold(mut sum: u64) -> u32 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u32
}

/// The checksum of octets (RFC 1071).
pub fn checksum(octets: &[u8]) -> u16 {
    !(add(0, octets) as u16)
}

/// The checksum of a transport message with its pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1).
pub fn transport_checksum(source: IpAddr, destination: IpAddr, protocol: u8, message: &[u8]) -> u16 {
    let mut sum = match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => add(add(0, &source.octets()), &destination.octets()),
        (IpAddr::V6(source), IpAddr::V6(destination)) => add(add(0, &source.octets()), &destination.octets()),
        _ => 0,
    };
    sum = add(sum, &(message.len() as u32).to_be_bytes());
    sum = add(sum, &[0, protocol]);
    !(add(sum, message) as u16)
}

/// The checksum after a field of `old` octets became `new`, without looking at the rest (RFC 1624 equation 3). Both
/// have an even number of octets at an even place.
pub fn update_checksum(stored: u16, old: &[u8], new: &[u8]) -> u16 {
    let mut sum = u64::from(!stored);
    for pair in old.chunks_exact(2) {
        sum += u64::from(!u16::from_be_bytes([pair[0], pair[1]]));
    }
    for pair in new.chunks_exact(2) {
        sum += u64::from(u16::from_be_bytes([pair[0], pair[1]]));
    }
    !(fold(sum) as u16)
}

/// An Ethernet frame around `payload`.
pub fn ethernet(destination: MacAddr, source: MacAddr, ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(14 + payload.len());
    frame.extend_from_slice(&destination.octets());
    frame.extend_from_slice(&source.octets());
    frame.extend_from_slice(&ether_type.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// An ARP message (RFC 826).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArpMessage {
    /// 1 asks, 2 answers.
    pub operation: u16,
    /// Sender.
    pub sender_mac: MacAddr,
    /// Sender.
    pub sender_ip: Ipv4Addr,
    /// Target.
    pub target_mac: MacAddr,
    /// Target.
    pub target_ip: Ipv4Addr,
}

impl ArpMessage {
    /// Reads a message; `None` if it is not about IPv4 over Ethernet.
    pub fn parse(octets: &[u8]) -> Option<ArpMessage> {
        let body = octets.strip_prefix(&[0, 1, 8, 0, 6, 4])?;
        if body.len() < 22 {
            return None;
        }
        let ip = |at: usize| Ipv4Addr::new(body[at], body[at + 1], body[at + 2], body[at + 3]);
        Some(ArpMessage {
            operation: u16_at(body, 0),
            sender_mac: MacAddr::from_slice(&body[2..])?,
            sender_ip: ip(8),
            target_mac: MacAddr::from_slice(&body[12..])?,
            target_ip: ip(18),
        })
    }

    /// Its 28 octets.
    pub fn octets(&self) -> [u8; 28] {
        let mut octets = [0; 28];
        octets[..6].copy_from_slice(&[0, 1, 8, 0, 6, 4]);
        octets[6..8].copy_from_slice(&self.operation.to_be_bytes());
        octets[8..14].copy_from_slice(&self.sender_mac.octets());
        octets[14..18].copy_from_slice(&self.sender_ip.octets());
        octets[18..24].copy_from_slice(&self.target_mac.octets());
        octets[24..28].copy_from_slice(&self.target_ip.octets());
        octets
    }
}

/// What the header of an IP packet says, whichever version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpHeader {
    /// Sender.
    pub source: IpAddr,
    /// Receiver.
    pub destination: IpAddr,
    /// What follows the headers.
    pub protocol: u8,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Identification of the datagram that fragments belong to.
    pub identification: u32,
    /// True if routers may not cut it; always so in IPv6.
    pub dont_fragment: bool,
    /// True if more fragments follow.
    pub more_fragments: bool,
    /// Where this piece begins in the datagram, in octets.
    pub offset: u32,
    /// Octets before the payload, extension headers included.
    pub header_len: usize,
    /// Octets of the packet.
    pub total_len: usize,
}

impl IpHeader {
    /// Reads the header of a packet (RFC 1812 §5.2.2, RFC 8200 §3).
    ///
    /// # Errors
    /// The reason to drop it: it contradicts itself or the octets there are, or its checksum is wrong.
    pub fn parse(octets: &[u8]) -> Result<IpHeader, Reason> {
        match octets.first().map(|first| first >> 4) {
            Some(4) => IpHeader::parse_v4(octets),
            Some(6) => IpHeader::parse_v6(octets),
            _ => Err(Reason::BadHeader),
        }
    }

    fn parse_v4(octets: &[u8]) -> Result<IpHeader, Reason> {
        if octets.len() < 20 {
            return Err(Reason::BadHeader);
        }
        let header_len = usize::from(octets[0] & 15) * 4;
        let total_len = usize::from(u16_at(octets, 2));
        if header_len < 20 || total_len < header_len || total_len > octets.len() {
            return Err(Reason::BadHeader);
        }
        if checksum(&octets[..header_len]) != 0 && !made(Mutation::ChecksumUnnoticed) {
            return Err(Reason::BadChecksum);
        }
        let bits = u16_at(octets, 6);
        Ok(IpHeader {
            source: IpAddr::V4(Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15])),
            destination: IpAddr::V4(Ipv4Addr::new(octets[16], octets[17], octets[18], octets[19])),
            protocol: octets[9],
            ttl: octets[8],
            identification: u32::from(u16_at(octets, 4)),
            dont_fragment: bits & 0x4000 != 0,
            more_fragments: bits & 0x2000 != 0,
            offset: u32::from(bits & 0x1fff) * 8,
            header_len,
            total_len,
        })
    }

    fn parse_v6(octets: &[u8]) -> Result<IpHeader, Reason> {
        if octets.len() < 40 {
            return Err(Reason::BadHeader);
        }
        let total_len = 40 + usize::from(u16_at(octets, 4));
        if total_len > octets.len() {
            return Err(Reason::BadHeader);
        }
        let address = |at: usize| {
            let sixteen: [u8; 16] = octets[at..at + 16].try_into().unwrap_or_default();
            IpAddr::V6(Ipv6Addr::from(sixteen))
        };
        let mut header = IpHeader {
            source: address(8),
            destination: address(24),
            protocol: octets[6],
            ttl: octets[7],
            identification: 0,
            dont_fragment: true,
            more_fragments: false,
            offset: 0,
            header_len: 40,
            total_len,
        };
        if header.protocol == FRAGMENT_HEADER {
            if total_len < 48 {
                return Err(Reason::BadHeader);
            }
            let bits = u16_at(octets, 42);
            header.protocol = octets[40];
            header.offset = u32::from(bits & !7);
            header.more_fragments = bits & 1 != 0;
            header.identification = u32_at(octets, 44);
            header.header_len = 48;
        }
        Ok(header)
    }

    /// True for a piece of a datagram.
    pub fn is_fragment(&self) -> bool {
        self.more_fragments || self.offset != 0
    }

    /// The payload of the packet that this is the header of.
    pub fn payload<'a>(&self, octets: &'a [u8]) -> &'a [u8] {
        &octets[self.header_len..self.total_len]
    }
}

/// What a packet's header shall say.
#[derive(Clone, Copy, Debug)]
pub struct NewHeader {
    /// Sender.
    pub source: IpAddr,
    /// Receiver, of the same version.
    pub destination: IpAddr,
    /// What follows.
    pub protocol: u8,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Identification.
    pub identification: u32,
    /// True to forbid fragments.
    pub dont_fragment: bool,
}

/// A packet around `payload`.
pub fn ip_packet(header: &NewHeader, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(40 + payload.len());
    match (header.source, header.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            packet.extend_from_slice(&[0x45, 0]);
            packet.extend_from_slice(&((20 + payload.len()) as u16).to_be_bytes());
            packet.extend_from_slice(&(header.identification as u16).to_be_bytes());
            packet.extend_from_slice(&[if header.dont_fragment { 0x40 } else { 0 }, 0]);
            packet.extend_from_slice(&[header.ttl, header.protocol, 0, 0]);
            packet.extend_from_slice(&source.octets());
            packet.extend_from_slice(&destination.octets());
            let sum = checksum(&packet);
            packet[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            packet.extend_from_slice(&[0x60, 0, 0, 0]);
            packet.extend_from_slice(&(payload.len() as u16).to_be_bytes());
            packet.extend_from_slice(&[header.protocol, header.ttl]);
            packet.extend_from_slice(&source.octets());
            packet.extend_from_slice(&destination.octets());
        }
        // Callers choose a source of the destination's version; a mixture has no octets.
        _ => return packet,
    }
    packet.extend_from_slice(payload);
    packet
}

/// A UDP datagram around `payload`, with its checksum (RFC 768).
pub fn udp_datagram(source: (IpAddr, u16), destination: (IpAddr, u16), payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::with_capacity(8 + payload.len());
    datagram.extend_from_slice(&source.1.to_be_bytes());
    datagram.extend_from_slice(&destination.1.to_be_bytes());
    datagram.extend_from_slice(&((8 + payload.len()) as u16).to_be_bytes());
    datagram.extend_from_slice(&[0, 0]);
    datagram.extend_from_slice(payload);
    let sum = match transport_checksum(source.0, destination.0, UDP, &datagram) {
        0 => 0xffff,
        sum => sum,
    };
    datagram[6..8].copy_from_slice(&sum.to_be_bytes());
    datagram
}

/// An ICMP message for IPv4.
pub fn icmp_message(kind: u8, code: u8, rest: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(8 + body.len());
    message.extend_from_slice(&[kind, code, 0, 0]);
    message.extend_from_slice(&rest);
    message.extend_from_slice(body);
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}

/// An ICMP message for IPv6, whose checksum covers the addresses.
pub fn icmpv6_message(source: IpAddr, destination: IpAddr, kind: u8, code: u8, rest: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(8 + body.len());
    message.extend_from_slice(&[kind, code, 0, 0]);
    message.extend_from_slice(&rest);
    message.extend_from_slice(body);
    let sum = transport_checksum(source, destination, ICMPV6, &message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}

/// Takes one from the TTL or hop limit and mends the checksum (RFC 1812 §5.3.1, RFC 1624).
pub fn decrement_ttl(packet: &mut [u8]) {
    if packet[0] >> 4 == 6 {
        packet[7] -= 1;
        return;
    }
    let old = [packet[8], packet[9]];
    packet[8] -= 1;
    let sum = update_checksum(u16_at(packet, 10), &old, &[packet[8], packet[9]]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    #[test]
    fn s36_the_incremental_checksum_equals_the_full_one() {
        let mut rng = Rng::new(3);
        for _ in 0..2000 {
            let header = NewHeader {
                source: IpAddr::V4(Ipv4Addr::from(rng.next_u32())),
                destination: IpAddr::V4(Ipv4Addr::from(rng.next_u32())),
                protocol: 17,
                ttl: 1 + rng.below(255) as u8,
                identification: rng.below(65536) as u32,
                dont_fragment: rng.percent(50.0),
            };
            let mut packet = ip_packet(&header, b"x");
            decrement_ttl(&mut packet);
            assert_eq!(packet[8], header.ttl - 1);
            assert_eq!(checksum(&packet[..20]), 0, "{packet:?}");
        }
    }

    #[test]
    fn arp_goes_there_and_back() {
        let message = ArpMessage {
            operation: 1,
            sender_mac: MacAddr([2, 0, 0, 0, 0, 1]),
            sender_ip: Ipv4Addr::new(192, 0, 2, 1),
            target_mac: MacAddr::ZERO,
            target_ip: Ipv4Addr::new(192, 0, 2, 2),
        };
        assert_eq!(ArpMessage::parse(&message.octets()), Some(message));
        assert_eq!(ArpMessage::parse(&message.octets()[..27]), None);
    }

    #[test]
    fn s36_headers_that_contradict_themselves_are_refused() {
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let header = NewHeader {
            source: address,
            destination: address,
            protocol: 17,
            ttl: 64,
            identification: 1,
            dont_fragment: false,
        };
        let good = ip_packet(&header, b"12345678");
        assert!(IpHeader::parse(&good).is_ok());
        for (at, value, reason) in [
            (0, 0x35, Reason::BadHeader),
            (0, 0x44, Reason::BadHeader),
            (3, 200, Reason::BadHeader),
            (3, 10, Reason::BadHeader),
            (8, 63, Reason::BadChecksum),
        ] {
            let mut bad = good.clone();
            bad[at] = value;
            assert_eq!(IpHeader::parse(&bad), Err(reason), "octet {at} = {value}");
        }
    }
}
