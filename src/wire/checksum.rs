//! Internet checksums (RFC 1071), and what a wrong one tells.

use etherparse::checksum::Sum16BitWords;

use super::frame::{Frame, IpView};
use super::layer::Layer;

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

/// Checks the header checksum of the innermost IPv4 header.
pub fn ipv4_header(frame: &Frame<'_>) -> Checksum {
    match frame.ipv4() {
        Some(ip) if ip.bytes().len() == ip.header_len() => {
            if Sum16BitWords::new().add_slice(ip.bytes()).ones_complement() == 0 {
                Checksum::Good
            } else {
                Checksum::Bad
            }
        }
        _ => Checksum::Absent,
    }
}

/// Checks the checksum of the TCP, UDP or ICMP part of the innermost IP packet.
pub fn transport(frame: &Frame<'_>) -> Checksum {
    let (Some(ip), Some(layer)) = (frame.ip(), frame.transport()) else {
        return Checksum::Absent;
    };
    if frame.fragment().is_some() {
        return Checksum::Absent;
    }
    let (protocol, header, payload, len, stored) = match layer {
        Layer::Tcp(tcp) if tcp.header_len() >= 20 => {
            let len = tcp.header_len() as u32 + tcp.payload_len();
            (6, tcp.bytes(), tcp.payload(), len, tcp.checksum())
        }
        Layer::Udp(udp) => {
            if udp.checksum() == 0 {
                return Checksum::Absent;
            }
            (17, udp.bytes(), udp.payload(), 8 + udp.payload_len(), udp.checksum())
        }
        Layer::Icmpv4(icmp) => (1, icmp.bytes(), &[][..], icmp.message_len(), icmp.checksum()),
        Layer::Icmpv6(icmp) => (58, icmp.bytes(), &[][..], icmp.message_len(), icmp.checksum()),
        _ => return Checksum::Absent,
    };
    if (header.len() + payload.len()) as u64 != u64::from(len) {
        return Checksum::Absent;
    }
    let sum = match protocol {
        1 => Sum16BitWords::new(),
        _ => pseudo_header(ip, protocol, len),
    };
    if sum.add_slice(header).add_slice(payload).ones_complement() == 0 {
        return Checksum::Good;
    }
    // TSO drivers store the pseudo-header's sum without the length term, others with it.
    let folded = |len| u16::from_be(!pseudo_header(ip, protocol, len).ones_complement());
    if matches!(protocol, 6 | 17) && (stored == folded(len) || stored == folded(0)) {
        return Checksum::Partial;
    }
    Checksum::Bad
}

/// The sum over the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1).
fn pseudo_header(ip: IpView<'_>, protocol: u8, len: u32) -> Sum16BitWords {
    let mut sum = Sum16BitWords::new().add_2bytes([0, protocol]);
    sum = sum.add_4bytes(len.to_be_bytes());
    match ip {
        IpView::V4(ip) => sum.add_4bytes(ip.source().octets()).add_4bytes(ip.destination().octets()),
        IpView::V6(ip) => sum.add_16bytes(ip.source().octets()).add_16bytes(ip.destination().octets()),
    }
}
