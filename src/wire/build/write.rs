//! Writes the parts of a frame from the innermost outwards, so that every length and sum is known when it is needed.

use std::net::{Ipv4Addr, Ipv6Addr};

use etherparse::checksum::Sum16BitWords;

use super::fields::{ArpFields, IcmpFields, Ipv4Fields, Ipv6Fields, Sum, TcpFields, UdpFields};
use crate::base::MacAddr;

/// One header of a frame.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Ethernet { source: MacAddr, destination: MacAddr },
    Vlan { tpid: u16, tci: u16 },
    Llc { sap: u8 },
    Arp(ArpFields),
    Ipv4(Ipv4Fields),
    Ipv6(Ipv6Fields),
    Extension { number: u8, body: Vec<u8> },
    Fragment { identification: u32, offset: u16, more_fragments: bool },
    Icmp(IcmpFields),
    Udp(UdpFields),
    Tcp(TcpFields),
    Octets { number: u16, octets: Vec<u8> },
}

impl Part {
    fn len(&self) -> usize {
        match self {
            Part::Ethernet { .. } => 14,
            Part::Vlan { .. } => 4,
            Part::Llc { .. } => 3,
            Part::Arp(_) => 28,
            Part::Ipv4(ip) => ip.header_len(),
            Part::Ipv6(_) => 40,
            Part::Extension { body, .. } => (2 + body.len()).next_multiple_of(8),
            Part::Fragment { .. } | Part::Icmp(_) | Part::Udp(_) => 8,
            Part::Tcp(tcp) => tcp.header_len(),
            Part::Octets { octets, .. } => octets.len(),
        }
    }

    /// The EtherType that announces this part; `None` for one that has a length there.
    fn ether_type(&self) -> Option<u16> {
        Some(match self {
            Part::Ethernet { .. } => 0x6558,
            Part::Vlan { tpid, .. } => *tpid,
            Part::Llc { .. } => return None,
            Part::Arp(_) => 0x0806,
            Part::Ipv4(_) => 0x0800,
            Part::Ipv6(_) => 0x86dd,
            Part::Octets { number, .. } => *number,
            _ => 0xffff,
        })
    }

    /// The IP protocol number that announces this part.
    fn protocol(&self, version: IpVersion) -> u8 {
        match self {
            Part::Ipv4(_) => 4,
            Part::Ipv6(_) => 41,
            Part::Extension { number, .. } => *number,
            Part::Fragment { .. } => 44,
            Part::Icmp(_) if version == IpVersion::V6 => 58,
            Part::Icmp(_) => 1,
            Part::Udp(_) => 17,
            Part::Tcp(_) => 6,
            Part::Octets { number, .. } => *number as u8,
            _ => 143,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum IpVersion {
    V4,
    V6,
}

/// The addresses that a transport checksum covers.
enum Around {
    V4(Ipv4Addr, Ipv4Addr),
    V6(Ipv6Addr, Ipv6Addr),
    Nothing,
}

fn around(parts: &[Part]) -> Around {
    for part in parts.iter().rev() {
        match part {
            Part::Ipv4(ip) => return Around::V4(ip.source, ip.destination),
            Part::Ipv6(ip) => return Around::V6(ip.source, ip.destination),
            _ => {}
        }
    }
    Around::Nothing
}

impl Around {
    fn version(&self) -> IpVersion {
        if matches!(self, Around::V6(..)) { IpVersion::V6 } else { IpVersion::V4 }
    }

    /// The sum over the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1).
    fn sum(&self, protocol: u8, len: usize) -> Sum16BitWords {
        let mut sum = Sum16BitWords::new().add_2bytes([0, protocol]).add_4bytes((len as u32).to_be_bytes());
        match self {
            Around::V4(a, b) => sum.add_4bytes(a.octets()).add_4bytes(b.octets()),
            Around::V6(a, b) => sum.add_16bytes(a.octets()).add_16bytes(b.octets()),
            Around::Nothing => sum,
        }
    }
}

/// The octets of `parts` around `payload`, padded with zeros.
pub(super) fn write(parts: &[Part], payload: &[u8], pad_to: usize) -> Vec<u8> {
    let len = parts.iter().map(Part::len).sum::<usize>() + payload.len();
    let mut out = vec![0; len.max(pad_to)];
    let mut at = len - payload.len();
    out[at..len].copy_from_slice(payload);
    for (index, part) in parts.iter().enumerate().rev() {
        at -= part.len();
        write_part(part, &parts[..index], parts.get(index + 1), &mut out[at..len]);
    }
    out
}

/// Writes `part` at the beginning of `octets`, which hold it and everything inside it.
fn write_part(part: &Part, outer: &[Part], inner: Option<&Part>, octets: &mut [u8]) {
    let (header, body) = octets.split_at_mut(part.len());
    // LLC is announced by its length, everything else by its EtherType.
    let ether_type = match inner {
        None => 0xffff,
        Some(inner) => inner.ether_type().unwrap_or(body.len() as u16),
    };
    let protocol = |version| inner.map_or(59, |inner| inner.protocol(version));
    match part {
        Part::Ethernet { source, destination } => {
            header[..6].copy_from_slice(&destination.octets());
            header[6..12].copy_from_slice(&source.octets());
            header[12..].copy_from_slice(&ether_type.to_be_bytes());
        }
        Part::Vlan { tci, .. } => {
            header[..2].copy_from_slice(&tci.to_be_bytes());
            header[2..].copy_from_slice(&ether_type.to_be_bytes());
        }
        Part::Llc { sap } => header.copy_from_slice(&[*sap, *sap, 3]),
        Part::Arp(arp) => {
            header[..6].copy_from_slice(&[0, 1, 8, 0, 6, 4]);
            header[6..8].copy_from_slice(&arp.operation.to_be_bytes());
            header[8..14].copy_from_slice(&arp.sender_mac.octets());
            header[14..18].copy_from_slice(&arp.sender_ip.octets());
            header[18..24].copy_from_slice(&arp.target_mac.octets());
            header[24..].copy_from_slice(&arp.target_ip.octets());
        }
        Part::Ipv4(ip) => write_ipv4(ip, protocol(IpVersion::V4), header, body.len()),
        Part::Ipv6(ip) => write_ipv6(ip, protocol(IpVersion::V6), header, body.len()),
        Part::Extension { body: content, .. } => {
            header[0] = protocol(IpVersion::V6);
            header[1] = (header.len() / 8 - 1) as u8;
            header[2..2 + content.len()].copy_from_slice(content);
        }
        Part::Fragment { identification, offset, more_fragments } => {
            header[0] = protocol(IpVersion::V6);
            header[2..4].copy_from_slice(&(offset & !7 | u16::from(*more_fragments)).to_be_bytes());
            header[4..].copy_from_slice(&identification.to_be_bytes());
        }
        Part::Icmp(icmp) => {
            header[0] = icmp.icmp_type;
            header[1] = icmp.code;
            header[4..].copy_from_slice(&icmp.rest.to_be_bytes());
            let around = around(outer);
            // ICMP for IPv4 has no pseudo-header (RFC 792).
            let around = if around.version() == IpVersion::V4 { Around::Nothing } else { around };
            let number = if matches!(around, Around::Nothing) { 0 } else { 58 };
            let covered = if number == 0 { 0 } else { octets.len() };
            store_sum(octets, 2, icmp.checksum, &around, number, covered);
        }
        Part::Udp(udp) => {
            header[..2].copy_from_slice(&udp.source_port.to_be_bytes());
            header[2..4].copy_from_slice(&udp.destination_port.to_be_bytes());
            let length = udp.length.unwrap_or((8 + body.len()) as u16);
            header[4..6].copy_from_slice(&length.to_be_bytes());
            let covered = octets.len();
            store_sum(octets, 6, udp.checksum, &around(outer), 17, covered);
            // A sum of 0 is sent as its other name, for 0 means "none" (RFC 768).
            if udp.checksum == Sum::Right && octets[6..8] == [0, 0] {
                octets[6..8].copy_from_slice(&[0xff, 0xff]);
            }
        }
        Part::Tcp(tcp) => {
            header[..2].copy_from_slice(&tcp.source_port.to_be_bytes());
            header[2..4].copy_from_slice(&tcp.destination_port.to_be_bytes());
            header[4..8].copy_from_slice(&tcp.sequence.to_be_bytes());
            header[8..12].copy_from_slice(&tcp.acknowledgment.to_be_bytes());
            let words = tcp.header_words.unwrap_or((header.len() / 4) as u8);
            header[12..14].copy_from_slice(&(u16::from(words) << 12 | tcp.flags.0 & 0x0fff).to_be_bytes());
            header[14..16].copy_from_slice(&tcp.window.to_be_bytes());
            header[18..20].copy_from_slice(&tcp.urgent_pointer.to_be_bytes());
            header[20..20 + tcp.options.len()].copy_from_slice(&tcp.options);
            let covered = octets.len();
            store_sum(octets, 16, tcp.checksum, &around(outer), 6, covered);
        }
        Part::Octets { octets, .. } => header.copy_from_slice(octets),
    }
}

fn write_ipv4(ip: &Ipv4Fields, protocol: u8, header: &mut [u8], body_len: usize) {
    header[0] = ip.version << 4 | ip.header_words.unwrap_or((header.len() / 4) as u8) & 15;
    header[1] = ip.dscp << 2 | ip.ecn & 3;
    let total = ip.total_length.unwrap_or((header.len() + body_len) as u16);
    header[2..4].copy_from_slice(&total.to_be_bytes());
    header[4..6].copy_from_slice(&ip.identification.to_be_bytes());
    let flags =
        u16::from(ip.reserved_flag) << 15 | u16::from(ip.dont_fragment) << 14 | u16::from(ip.more_fragments) << 13;
    header[6..8].copy_from_slice(&(flags | (ip.fragment_offset / 8)).to_be_bytes());
    header[8] = ip.ttl;
    header[9] = ip.protocol.unwrap_or(protocol);
    header[12..16].copy_from_slice(&ip.source.octets());
    header[16..20].copy_from_slice(&ip.destination.octets());
    header[20..20 + ip.options.len()].copy_from_slice(&ip.options);
    store_sum(header, 10, ip.checksum, &Around::Nothing, 0, 0);
}

fn write_ipv6(ip: &Ipv6Fields, next_header: u8, header: &mut [u8], body_len: usize) {
    let first = u32::from(ip.version) << 28 | u32::from(ip.traffic_class) << 20 | ip.flow_label & 0x000f_ffff;
    header[..4].copy_from_slice(&first.to_be_bytes());
    header[4..6].copy_from_slice(&ip.payload_length.unwrap_or(body_len as u16).to_be_bytes());
    header[6] = ip.next_header.unwrap_or(next_header);
    header[7] = ip.hop_limit;
    header[8..24].copy_from_slice(&ip.source.octets());
    header[24..].copy_from_slice(&ip.destination.octets());
}

/// Stores the sum over `octets`, whose two octets at `at` are zero, and over the pseudo-header.
fn store_sum(octets: &mut [u8], at: usize, wanted: Sum, around: &Around, protocol: u8, len: usize) {
    let value = match wanted {
        Sum::Stored(value) => value.to_be_bytes(),
        Sum::Right => around.sum(protocol, len).add_slice(octets).ones_complement().to_ne_bytes(),
        Sum::Partial => (!around.sum(protocol, len).ones_complement()).to_ne_bytes(),
        Sum::PartialWithoutLength => (!around.sum(protocol, 0).ones_complement()).to_ne_bytes(),
    };
    octets[at..at + 2].copy_from_slice(&value);
}

/// The frame in fragments; see [`super::FrameBuilder::fragments`].
pub(super) fn fragments(
    parts: &[Part],
    payload: &[u8],
    pad_to: usize,
    mtu: usize,
    identification: u32,
) -> Vec<Vec<u8>> {
    let Some(ip) = parts.iter().position(|part| matches!(part, Part::Ipv4(_) | Part::Ipv6(_))) else {
        return vec![write(parts, payload, pad_to)];
    };
    let packet_len = parts[ip..].iter().map(Part::len).sum::<usize>() + payload.len();
    if packet_len <= mtu {
        return vec![write(parts, payload, pad_to)];
    }
    // Hop-by-hop and routing headers, and destination options before a routing header, stay with every fragment.
    let version = if matches!(parts[ip], Part::Ipv6(_)) { IpVersion::V6 } else { IpVersion::V4 };
    let kept = ip
        + 1
        + parts[ip + 1..]
            .iter()
            .rposition(|part| matches!(part, Part::Extension { number: 0 | 43, .. }))
            .map_or(0, |last| last + 1);
    let whole = write(parts, payload, 0);
    let cut_from: usize = parts[..kept].iter().map(Part::len).sum();
    let (octets, number) = (&whole[cut_from..], parts.get(kept).map_or(59, |part| part.protocol(version)));
    let header_len: usize =
        parts[ip..kept].iter().map(Part::len).sum::<usize>() + if version == IpVersion::V6 { 8 } else { 0 };
    let step = (mtu.saturating_sub(header_len) & !7).max(8);
    let mut frames = Vec::new();
    for (index, piece) in octets.chunks(step).enumerate() {
        let (offset, more_fragments) = ((index * step) as u16, (index + 1) * step < octets.len());
        let mut pieces = parts[..kept].to_vec();
        if let Part::Ipv4(header) = &mut pieces[ip] {
            (header.fragment_offset, header.more_fragments) = (offset, more_fragments);
        } else {
            pieces.push(Part::Fragment { identification, offset, more_fragments });
        }
        pieces.push(Part::Octets { number: u16::from(number), octets: piece.to_vec() });
        frames.push(write(&pieces, &[], pad_to));
    }
    frames
}
