//! The quick way through the frames that come most: Ethernet, an IP header without options and extension headers, TCP or
//! UDP, and nothing odd about any of them.
//!
//! It decides with a few comparisons what the walk in `decode.rs` finds layer by layer, and declines wherever the walk
//! would do anything else than add those three layers. The walk is the truth: tests hold that both yield the same.

use super::ethernet::Ethernet;
use super::frame::{Frame, IpView, Layers, bit};
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
    payload: usize,
    /// End of what the transport header announces, captured or not.
    payload_end: usize,
    /// End of the IP packet, captured or not.
    ip_end: usize,
}

impl Plain {
    /// Where the parts lie, if this is a plain frame.
    #[inline(always)]
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
                is_good.then_some(Plain { is_v6, is_tcp: true, payload, payload_end: ip_end, ip_end })
            }
            17 if rest.len() >= 8 => {
                let len = usize::from(be16(rest, 4));
                let payload_end = transport + len;
                let message = rest.get(8..len.min(rest.len()))?;
                let is_summed = !is_v6 || be16(rest, 6) != 0;
                let is_plain =
                    payload_end <= ip_end && is_summed && tunnel::behind_udp(be16(rest, 2), message) == Next::Payload;
                is_plain.then_some(Plain { is_v6, is_tcp: false, payload: transport + 8, payload_end, ip_end })
            }
            _ => None,
        }
    }

    /// The frame whose parts lie so.
    #[inline]
    pub(crate) fn frame(self, bytes: &[u8], wire_len: u32) -> Frame<'_> {
        let Plain { is_v6, is_tcp, payload, payload_end, ip_end } = self;
        let wire_end = (wire_len as usize).max(bytes.len());
        let network = if is_v6 { bit(LayerKind::Ipv6) } else { bit(LayerKind::Ipv4) };
        let upper = if is_tcp { bit(LayerKind::Tcp) } else { bit(LayerKind::Udp) };
        let kinds = bit(LayerKind::Ethernet) | network | upper;
        let range = payload as u32..payload_end.min(bytes.len()) as u32;
        Frame::plain(bytes, wire_len, kinds, range, (payload_end - payload) as u32, (wire_end - ip_end) as u32)
    }
}

// ---- the layers of a plain frame: where they lie follows from what the frame says of its payload and its end ----

/// Where the transport header begins.
#[inline]
fn transport_start(frame: &Frame<'_>) -> usize {
    if frame.has(LayerKind::Ipv6) { ETHERNET + 40 } else { ETHERNET + 20 }
}

/// End of the IP packet, captured or not.
#[inline]
pub(super) fn ip_end(frame: &Frame<'_>) -> usize {
    let wire_end = (frame.wire_len() as usize).max(frame.bytes().len());
    wire_end.saturating_sub(frame.trailer_len() as usize)
}

#[inline]
fn part<'a>(frame: &Frame<'a>, from: usize, to: usize) -> &'a [u8] {
    frame.bytes().get(from..to).unwrap_or_default()
}

/// The Ethernet header of a plain frame.
#[inline]
pub(super) fn ethernet<'a>(frame: &Frame<'a>) -> Ethernet<'a> {
    Ethernet::of(part(frame, 0, ETHERNET))
}

/// The IP header of a plain frame.
#[inline]
pub(super) fn ip<'a>(frame: &Frame<'a>) -> IpView<'a> {
    let (at, end) = (transport_start(frame), ip_end(frame));
    let (header, data) = (part(frame, ETHERNET, at), part(frame, at, end.min(frame.bytes().len())));
    let len = end.saturating_sub(at) as u32;
    if frame.has(LayerKind::Ipv6) {
        IpView::V6(Ipv6::of(header, data, len))
    } else {
        IpView::V4(Ipv4::of(header, data, len))
    }
}

/// The transport header of a plain frame.
#[inline]
pub(super) fn transport<'a>(frame: &Frame<'a>) -> Layer<'a> {
    if frame.has(LayerKind::Tcp) { Layer::Tcp(tcp(frame)) } else { Layer::Udp(udp(frame)) }
}

/// The TCP header of a plain frame that has one.
#[inline]
pub(super) fn tcp<'a>(frame: &Frame<'a>) -> Tcp<'a> {
    let header = part(frame, transport_start(frame), frame.payload_range().start);
    Tcp::of(header, frame.payload(), frame.payload_len())
}

/// The UDP header of a plain frame that has one.
#[inline]
pub(super) fn udp<'a>(frame: &Frame<'a>) -> Udp<'a> {
    let payload = frame.payload_range().start;
    let header = part(frame, transport_start(frame), payload);
    let surplus = ip_end(frame).saturating_sub(payload + frame.payload_len() as usize);
    Udp::of(header, frame.payload(), frame.payload_len(), surplus as u32)
}

/// The ports of a plain frame.
#[inline]
pub(super) fn ports(frame: &Frame<'_>) -> (u16, u16) {
    let at = transport_start(frame);
    match frame.bytes().get(at..at + 4) {
        Some(octets) => (be16(octets, 0), be16(octets, 2)),
        None => (0, 0),
    }
}

/// All layers of a plain frame.
#[cold]
#[inline(never)]
pub(super) fn layers<'a>(frame: &Frame<'a>) -> Layers<'a> {
    let network = match ip(frame) {
        IpView::V4(ip) => Layer::Ipv4(ip),
        IpView::V6(ip) => Layer::Ipv6(ip),
    };
    let (at, payload) = (transport_start(frame), frame.payload_range().start);
    let located =
        |layer, start: usize, end: usize| Located { layer, start: start as u32, header_len: (end - start) as u32 };
    let mut layers = Layers::new();
    layers.push(located(Layer::Ethernet(ethernet(frame)), 0, ETHERNET));
    layers.push(located(network, ETHERNET, at));
    layers.push(located(transport(frame), at, payload));
    layers
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
