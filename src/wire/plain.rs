//! The quick way through the frames that come most: Ethernet, an IP header without options and extension headers, TCP or
//! UDP, and nothing odd about any of them.
//!
//! It decides with a few comparisons what the walk in `decode.rs` finds layer by layer, and declines wherever the walk
//! would do anything else than add those three layers. The walk is the truth: tests hold that both yield the same.

use super::ethernet::Ethernet;
use super::frame::{Frame, bit};
use super::ipv4::Ipv4;
use super::ipv6::Ipv6;
use super::layer::{Layer, LayerKind, Located};
use super::tcp::Tcp;
use super::tunnel;
use super::udp::Udp;
use super::walker::{Next, bad_option, be16};
use crate::base::MacAddr;

/// Octets of an Ethernet header.
const ETHERNET: usize = 14;

/// Where the parts of a plain frame lie, in octets from its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain {
    is_v6: bool,
    is_tcp: bool,
    transport: usize,
    payload: usize,
    /// End of what the transport header announces, captured or not.
    payload_end: usize,
    /// End of the IP packet, captured or not.
    ip_end: usize,
}

impl Plain {
    /// Where the parts lie, if this is a plain frame.
    #[inline]
    pub(super) fn find(bytes: &[u8], wire_len: u32) -> Option<Plain> {
        let header = bytes.get(..ETHERNET + 20)?;
        let wire_end = (wire_len as usize).max(bytes.len());
        let (is_v6, transport, ip_len, protocol) = match (be16(header, 12), header[14]) {
            // Neither options nor a piece of a datagram.
            (0x0800, 0x45) if be16(header, 20) & 0x3fff == 0 => {
                (false, ETHERNET + 20, usize::from(be16(header, 16)), header[23])
            }
            // A payload length of 0 says something else.
            (0x86dd, 0x60..=0x6f) if be16(header, 18) != 0 => {
                (true, ETHERNET + 40, usize::from(be16(header, 18)) + 40, header[20])
            }
            _ => return None,
        };
        let ip_end = ETHERNET + ip_len;
        if ip_end > wire_end {
            return None;
        }
        let rest = bytes.get(transport..ip_end.min(bytes.len()))?;
        match protocol {
            6 if rest.len() >= 20 => {
                let header_len = usize::from(rest[12] >> 4) * 4;
                let options = rest.get(20..header_len)?;
                let is_good =
                    options.is_empty() || options.starts_with(&[1, 1, 8, 10]) || bad_option(options).is_none();
                let payload = transport + header_len;
                is_good.then_some(Plain { is_v6, is_tcp: true, transport, payload, payload_end: ip_end, ip_end })
            }
            17 if rest.len() >= 8 => {
                let len = usize::from(be16(rest, 4));
                let payload_end = transport + len;
                let message = rest.get(8..len.min(rest.len()))?;
                let is_summed = !is_v6 || be16(rest, 6) != 0;
                let is_plain =
                    payload_end <= ip_end && is_summed && tunnel::behind_udp(be16(rest, 2), message) == Next::Payload;
                is_plain.then_some(Plain {
                    is_v6,
                    is_tcp: false,
                    transport,
                    payload: transport + 8,
                    payload_end,
                    ip_end,
                })
            }
            _ => None,
        }
    }

    /// The frame whose parts lie so.
    #[inline]
    pub(crate) fn frame(self, bytes: &[u8], wire_len: u32) -> Frame<'_> {
        let Plain { is_v6, is_tcp, transport, payload, payload_end, ip_end } = self;
        let wire_end = (wire_len as usize).max(bytes.len());
        let cut = |end: usize| end.min(bytes.len());
        let part = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
        let located =
            |layer, start: usize, end: usize| Located { layer, start: start as u32, header_len: (end - start) as u32 };
        let ethernet = Layer::Ethernet(Ethernet::of(part(0, ETHERNET)));
        let (header, data) = (part(ETHERNET, transport), part(transport, cut(ip_end)));
        let len = (ip_end - transport) as u32;
        let network =
            if is_v6 { Layer::Ipv6(Ipv6::of(header, data, len)) } else { Layer::Ipv4(Ipv4::of(header, data, len)) };
        let (header, data) = (part(transport, payload), part(payload, cut(payload_end)));
        let len = (payload_end - payload) as u32;
        let upper = if is_tcp {
            Layer::Tcp(Tcp::of(header, data, len))
        } else {
            Layer::Udp(Udp::of(header, data, len, (ip_end - payload_end) as u32))
        };
        let kinds = bit(LayerKind::Ethernet) | bit(network.kind()) | bit(upper.kind());
        let layers =
            [located(ethernet, 0, ETHERNET), located(network, ETHERNET, transport), located(upper, transport, payload)];
        let range = payload as u32..cut(payload_end) as u32;
        Frame::plain(bytes, wire_len, layers, kinds, range, len, (wire_end - ip_end) as u32)
    }
}

/// The beginning of a plain frame over IPv4 (see [`Frame::is_plain`]), in which everything has a place of its own: for those
/// who look at every packet.
#[derive(Clone, Copy, Debug)]
pub struct PlainV4<'a> {
    bytes: &'a [u8],
    /// Ethernet, IPv4, and the eight octets that UDP has and TCP too.
    octets: &'a [u8; ETHERNET + 20 + 8],
}

impl<'a> PlainV4<'a> {
    /// The beginning of these octets of a plain frame over IPv4.
    #[inline]
    pub(super) fn of(bytes: &'a [u8]) -> Option<PlainV4<'a>> {
        Some(PlainV4 { bytes, octets: bytes.first_chunk()? })
    }

    /// The octets up to the end of the ports, and four or more behind them.
    #[inline]
    pub fn octets(&self) -> &'a [u8; 42] {
        self.octets
    }

    /// Source of the frame.
    #[inline]
    pub fn source_mac(&self) -> MacAddr {
        let [_, _, _, _, _, _, a, b, c, d, e, f, ..] = *self.octets;
        MacAddr([a, b, c, d, e, f])
    }

    /// Destination of the frame.
    #[inline]
    pub fn destination_mac(&self) -> MacAddr {
        let [a, b, c, d, e, f, ..] = *self.octets;
        MacAddr([a, b, c, d, e, f])
    }

    /// Total length of the IPv4 packet.
    #[inline]
    pub fn total_length(&self) -> u16 {
        u16::from_be_bytes([self.octets[16], self.octets[17]])
    }

    /// Identification of the IPv4 packet.
    #[inline]
    pub fn identification(&self) -> u16 {
        u16::from_be_bytes([self.octets[18], self.octets[19]])
    }

    /// The reserved flag.
    #[inline]
    pub fn has_reserved_flag(&self) -> bool {
        self.octets[20] & 0x80 != 0
    }

    /// The DF flag.
    #[inline]
    pub fn dont_fragment(&self) -> bool {
        self.octets[20] & 0x40 != 0
    }

    /// Time to live.
    #[inline]
    pub fn ttl(&self) -> u8 {
        self.octets[22]
    }

    /// 6 for TCP, 17 for UDP.
    #[inline]
    pub fn protocol(&self) -> u8 {
        self.octets[23]
    }

    /// Source and destination address, side by side.
    #[inline]
    pub fn addresses(&self) -> [u8; 8] {
        let [.., a, b, c, d, e, f, g, h, _, _, _, _, _, _, _, _] = *self.octets;
        [a, b, c, d, e, f, g, h]
    }

    /// Source and destination port.
    #[inline]
    pub fn ports(&self) -> (u16, u16) {
        let [.., a, b, c, d, _, _, _, _] = *self.octets;
        (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
    }

    /// The captured octets of the IPv4 payload, padding excluded.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        let end = (ETHERNET + usize::from(self.total_length())).min(self.bytes.len());
        self.bytes.get(ETHERNET + 20..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
