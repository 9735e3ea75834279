//! Internet checksums (RFC 1071), and what a wrong one tells.

use std::net::{IpAddr, Ipv6Addr};

use etherparse::checksum::Sum16BitWords;

use super::frame::Frame;
use super::ipv6::{Ipv6Extension, Ipv6ExtensionKind};
use super::layer::{Layer, Located};

/// What a stored checksum turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// It fits.
    Good,
    /// There is none, or it cannot be computed: UDP over IPv4 with 0, a cut packet, a fragment.
    Absent,
    /// It holds the sum of the pseudo-header only: the card fills in the rest later (checksum offload).
    Partial,
    /// It does not fit.
    Bad,
}

/// Checks the header checksum of the innermost IPv4 header, and the one of the TCP, UDP or ICMP part of its packet: as
/// [`ipv4_header`] and [`transport`] do, and quicker for most packets.
#[inline]
pub fn of_packet(frame: &Frame<'_>) -> (Checksum, Checksum) {
    let Some(sums) = plain::of_packet(frame) else {
        return (ipv4_header(frame), transport(frame));
    };
    sums
}

/// Checks the header checksum of the innermost IPv4 header.
pub fn ipv4_header(frame: &Frame<'_>) -> Checksum {
    match frame.ip_index() {
        Some(index) => of_layer(frame, index).unwrap_or(Checksum::Absent),
        None => Checksum::Absent,
    }
}

/// Checks the checksum of the TCP, UDP or ICMP part of the innermost IP packet.
pub fn transport(frame: &Frame<'_>) -> Checksum {
    match frame.transport_index() {
        Some(index) => of_layer(frame, index).unwrap_or(Checksum::Absent),
        None => Checksum::Absent,
    }
}

/// Checks the checksum of the layer at `index`; `None` for layers that have none.
pub fn of_layer(frame: &Frame<'_>, index: usize) -> Option<Checksum> {
    let (outer, located) = (frame.layers().get(..index)?, frame.layers().get(index)?);
    let sum = Sum16BitWords::new();
    Some(match located.layer {
        Layer::Ipv4(ip) if ip.bytes().len() == ip.header_len() => verdict(sum, ip.bytes(), &[]),
        Layer::Ipv4(_) => Checksum::Absent,
        Layer::Igmp(igmp) => whole(outer, igmp.bytes(), &[], igmp.message_len())
            .map_or(Checksum::Absent, |_| verdict(sum, igmp.bytes(), &[])),
        Layer::Icmpv4(icmp) => whole(outer, icmp.bytes(), &[], icmp.message_len())
            .map_or(Checksum::Absent, |_| verdict(sum, icmp.bytes(), &[])),
        Layer::Icmpv6(icmp) => over_ip(outer, 58, icmp.bytes(), &[], icmp.message_len(), None),
        Layer::Tcp(tcp) if tcp.header_len() >= 20 => {
            let len = tcp.header_len() as u32 + tcp.payload_len();
            over_ip(outer, 6, tcp.bytes(), tcp.payload(), len, Some(tcp.checksum()))
        }
        Layer::Udp(udp) if udp.checksum() != 0 && u32::from(udp.length()) <= 8 + udp.payload_len() => {
            over_ip(outer, 17, udp.bytes(), udp.payload(), 8 + udp.payload_len(), Some(udp.checksum()))
        }
        Layer::Tcp(_) | Layer::Udp(_) => Checksum::Absent,
        _ => return None,
    })
}

fn verdict(sum: Sum16BitWords, header: &[u8], payload: &[u8]) -> Checksum {
    // Sums are of 16-bit words; headers are even, so the payload begins at a word.
    let sum = sum.add_slice(header).add_8bytes(plain::sum_of(payload).to_le_bytes());
    if sum.ones_complement() == 0 { Checksum::Good } else { Checksum::Bad }
}

/// The index of the IP header around the last layer, if all `len` octets of its message are here.
fn whole(outer: &[Located<'_>], header: &[u8], payload: &[u8], len: u32) -> Option<usize> {
    if (header.len() + payload.len()) as u64 != u64::from(len) {
        return None;
    }
    let index = outer.iter().rposition(|located| matches!(located.layer, Layer::Ipv4(_) | Layer::Ipv6(_)))?;
    let is_whole = match outer[index].layer {
        Layer::Ipv4(ip) => {
            !ip.is_fragment() && u64::from(ip.total_length()) <= ip.header_len() as u64 + u64::from(ip.payload_len())
        }
        Layer::Ipv6(ip) => {
            let is_piece = outer[index..].iter().any(|located| match located.layer {
                Layer::Ipv6Extension(extension) => {
                    extension.fragment().is_some_and(|fragment| fragment.offset != 0 || fragment.more_fragments)
                }
                _ => false,
            });
            !is_piece && u32::from(ip.payload_length()) <= ip.payload_len()
        }
        _ => false,
    };
    is_whole.then_some(index)
}

/// Checks a sum that covers the pseudo-header too. `stored` is given for protocols whose sums are offloaded.
fn over_ip(
    outer: &[Located<'_>],
    protocol: u8,
    header: &[u8],
    payload: &[u8],
    len: u32,
    stored: Option<u16>,
) -> Checksum {
    let Some(index) = whole(outer, header, payload, len) else {
        return Checksum::Absent;
    };
    let addresses = addresses(&outer[index..]);
    if verdict(pseudo_header(addresses, protocol, len), header, payload) == Checksum::Good {
        return Checksum::Good;
    }
    // TSO drivers store the pseudo-header's sum without the length term, others with it.
    let folded = |len| u16::from_be(!pseudo_header(addresses, protocol, len).ones_complement());
    if stored.is_some_and(|stored| stored == folded(len) || stored == folded(0)) {
        return Checksum::Partial;
    }
    Checksum::Bad
}

/// The sum over the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1).
fn pseudo_header((source, destination): (IpAddr, IpAddr), protocol: u8, len: u32) -> Sum16BitWords {
    let mut sum = Sum16BitWords::new().add_2bytes([0, protocol]).add_4bytes(len.to_be_bytes());
    for address in [source, destination] {
        sum = match address {
            IpAddr::V4(address) => sum.add_4bytes(address.octets()),
            IpAddr::V6(address) => sum.add_16bytes(address.octets()),
        };
    }
    sum
}

/// The addresses that the pseudo-header covers: those of the ends, which extension headers can hold (RFC 8200 §8.1).
fn addresses(layers: &[Located<'_>]) -> (IpAddr, IpAddr) {
    let (mut source, mut destination) = match layers[0].layer {
        Layer::Ipv4(ip) => return (IpAddr::V4(ip.source()), IpAddr::V4(ip.destination())),
        Layer::Ipv6(ip) => (ip.source(), ip.destination()),
        _ => (Ipv6Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED),
    };
    for located in &layers[1..] {
        if let Layer::Ipv6Extension(extension) = located.layer {
            destination = final_destination(extension).unwrap_or(destination);
            source = home_address(extension).unwrap_or(source);
        }
    }
    (IpAddr::V6(source), IpAddr::V6(destination))
}

/// The last stop of a routing header that has stops left.
fn final_destination(extension: Ipv6Extension<'_>) -> Option<Ipv6Addr> {
    let bytes = extension.bytes();
    if extension.kind != Ipv6ExtensionKind::Routing || bytes[3] == 0 {
        return None;
    }
    let at = match bytes[2] {
        // RFC 5095 took type 0 back; type 2 is the home address of a mobile node (RFC 6275 §6.4).
        0 | 2 => bytes.len().checked_sub(16).filter(|at| *at >= 8)?,
        // Segment routing lists the last segment first (RFC 8754 §2).
        4 => 8,
        _ => return None,
    };
    Some(Ipv6Addr::from(*bytes.get(at..)?.first_chunk::<16>()?))
}

/// The home address that a mobile node away from home sends along (RFC 6275 §6.3).
fn home_address(extension: Ipv6Extension<'_>) -> Option<Ipv6Addr> {
    if extension.kind != Ipv6ExtensionKind::DestinationOptions {
        return None;
    }
    let bytes = extension.bytes();
    let mut at = 2;
    while let Some(&option) = bytes.get(at) {
        match option {
            0 => at += 1,
            0xc9 if bytes.get(at + 1) == Some(&16) => {
                return Some(Ipv6Addr::from(*bytes.get(at + 2..)?.first_chunk::<16>()?));
            }
            _ => at += 2 + usize::from(*bytes.get(at + 1)?),
        }
    }
    None
}

mod plain;

#[cfg(test)]
mod tests;
