//! IPv6 and its extension headers (RFC 8200).
//!
//! ```text
//!  0       4              12                     32
//! +-------+---------------+----------------------+
//! |version| traffic class |      flow label      |
//! +-------+---------------+------+-------+-------+
//! |    payload length     | next | hop limit     |
//! +-----------------------+------+---------------+
//! |            source address (16)               |
//! |         destination address (16)             |
//! +----------------------------------------------+
//! ```

use std::net::Ipv6Addr;

use super::frame::IpFragment;
use super::issue::IssueCode;
use super::layer::{Layer, LayerKind};
use super::walker::{Next, Walker, be16, be32};

/// An IPv6 header: 40 octets.
#[derive(Clone, Copy, Debug)]
pub struct Ipv6<'a> {
    bytes: &'a [u8],
    payload: &'a [u8],
    payload_len: u32,
}

impl<'a> Ipv6<'a> {
    /// The header in these 40 octets, and what it carries.
    #[inline]
    pub(super) fn of(bytes: &'a [u8], payload: &'a [u8], payload_len: u32) -> Ipv6<'a> {
        Ipv6 { bytes, payload, payload_len }
    }

    /// The octets of the header.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The captured octets after the header: extension headers and payload.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Octets after the header, captured or not; what the frame had if the payload length is 0 (jumbogram, offload).
    #[inline]
    pub fn payload_len(&self) -> u32 {
        self.payload_len
    }

    /// Traffic class: DSCP and ECN.
    #[inline]
    pub fn traffic_class(&self) -> u8 {
        (be16(self.bytes, 0) >> 4) as u8
    }

    /// Explicit congestion notification, as in IPv4.
    #[inline]
    pub fn ecn(&self) -> u8 {
        self.traffic_class() & 3
    }

    /// Flow label, 20 bits.
    #[inline]
    pub fn flow_label(&self) -> u32 {
        be32(self.bytes, 0) & 0x000f_ffff
    }

    /// Payload length as it stands.
    #[inline]
    pub fn payload_length(&self) -> u16 {
        be16(self.bytes, 4)
    }

    /// What follows: an extension header or the protocol of the payload (IANA).
    #[inline]
    pub fn next_header(&self) -> u8 {
        self.bytes[6]
    }

    /// Hop limit.
    #[inline]
    pub fn hop_limit(&self) -> u8 {
        self.bytes[7]
    }

    /// Source address.
    #[inline]
    pub fn source(&self) -> Ipv6Addr {
        address(self.bytes, 8)
    }

    /// Destination address.
    #[inline]
    pub fn destination(&self) -> Ipv6Addr {
        address(self.bytes, 24)
    }
}

fn address(bytes: &[u8], at: usize) -> Ipv6Addr {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<16>())
        .map_or(Ipv6Addr::UNSPECIFIED, |octets| Ipv6Addr::from(*octets))
}

pub(super) fn walk(walker: &mut Walker<'_>) -> Next {
    let Some(bytes) = walker.header(LayerKind::Ipv6, 40) else {
        return Next::Stop;
    };
    if bytes[0] >> 4 != 6 {
        walker.issue(IssueCode::BadVersion, LayerKind::Ipv6, 0, usize::from(bytes[0] >> 4), 6);
        return if bytes[0] >> 4 == 4 { Next::Ip } else { Next::Stop };
    }
    let length = usize::from(be16(bytes, 4));
    // Zero stands for a jumbogram (RFC 2675) or an offloaded giant: the frame tells the length. With nothing behind the
    // header it is simply true.
    if length != 0 || bytes[6] == 59 {
        walker.narrow(LayerKind::Ipv6, 40 + length);
    } else if walker.rest_len() > 40 {
        walker.issue(IssueCode::LengthZero, LayerKind::Ipv6, 4, walker.rest_len() - 40, 0);
    }
    let ip = Ipv6 {
        bytes,
        payload: walker.rest().get(40..).unwrap_or_default(),
        payload_len: walker.rest_len().saturating_sub(40) as u32,
    };
    walker.push(Layer::Ipv6(ip), 40);
    Next::IpProtocol(ip.next_header())
}

/// The kinds of extension header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Ipv6ExtensionKind {
    HopByHop,
    Routing,
    Fragment,
    Authentication,
    DestinationOptions,
    Mobility,
}

impl Ipv6ExtensionKind {
    /// The stable name, as in `layers` of the JSON.
    #[inline]
    pub const fn name(self) -> &'static str {
        match self {
            Ipv6ExtensionKind::HopByHop => "ipv6-hop-by-hop",
            Ipv6ExtensionKind::Routing => "ipv6-routing",
            Ipv6ExtensionKind::Fragment => "ipv6-fragment",
            Ipv6ExtensionKind::Authentication => "ah",
            Ipv6ExtensionKind::DestinationOptions => "ipv6-destination-options",
            Ipv6ExtensionKind::Mobility => "ipv6-mobility",
        }
    }
}

/// An extension header: at least 8 octets, of which those after the eighth may be cut.
#[derive(Clone, Copy, Debug)]
pub struct Ipv6Extension<'a> {
    /// Which one.
    pub kind: Ipv6ExtensionKind,
    bytes: &'a [u8],
    following_len: u32,
}

impl<'a> Ipv6Extension<'a> {
    /// Its captured octets.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Octets of the header as it says, captured or not.
    #[inline]
    pub fn header_len(&self) -> usize {
        match self.kind {
            Ipv6ExtensionKind::Fragment => 8,
            // RFC 4302 §2.2: in 32-bit words, less two; the others count 8 octets, less the first (RFC 8200 §4.3).
            Ipv6ExtensionKind::Authentication => (usize::from(self.bytes[1]) + 2) * 4,
            _ => (usize::from(self.bytes[1]) + 1) * 8,
        }
    }

    /// What follows it.
    #[inline]
    pub fn next_header(&self) -> u8 {
        self.bytes[0]
    }

    /// What a fragment header says (RFC 8200 §4.5); `None` for the other kinds.
    #[inline]
    pub fn fragment(&self) -> Option<IpFragment> {
        (self.kind == Ipv6ExtensionKind::Fragment).then(|| IpFragment {
            identification: be32(self.bytes, 4),
            offset: u32::from(be16(self.bytes, 2) & !7),
            more_fragments: self.bytes[3] & 1 != 0,
            len: self.following_len,
        })
    }
}

pub(super) fn walk_extension(walker: &mut Walker<'_>, number: u8) -> Next {
    use Ipv6ExtensionKind as Kind;
    let kind = match number {
        0 => Kind::HopByHop,
        43 => Kind::Routing,
        44 => Kind::Fragment,
        51 => Kind::Authentication,
        135 => Kind::Mobility,
        _ => Kind::DestinationOptions,
    };
    let Some(fixed) = walker.header(LayerKind::Ipv6Extension, 8) else {
        return Next::Stop;
    };
    let len = Ipv6Extension { kind, bytes: fixed, following_len: 0 }.header_len();
    if len < 8 {
        walker.issue(IssueCode::BadHeaderLength, LayerKind::Ipv6Extension, 1, 8, len);
        return Next::Stop;
    }
    let is_cut = walker.rest().len() < len;
    if is_cut {
        walker.lacks(LayerKind::Ipv6Extension, len);
    }
    let bytes = &walker.rest()[..len.min(walker.rest().len())];
    if matches!(kind, Kind::HopByHop | Kind::DestinationOptions) && !is_cut {
        check_options(walker, bytes);
    }
    let following_len = walker.rest_len().saturating_sub(len) as u32;
    let extension = Ipv6Extension { kind, bytes, following_len };
    walker.push(Layer::Ipv6Extension(extension), bytes.len());
    if is_cut {
        return Next::Stop;
    }
    match extension.fragment() {
        Some(fragment) if fragment.offset != 0 => Next::Payload,
        _ => Next::IpProtocol(extension.next_header()),
    }
}

/// Notes the first option whose length cannot be; all but the padding of one octet say their length (RFC 8200 §4.2).
fn check_options(walker: &mut Walker<'_>, bytes: &[u8]) {
    let mut at = 2;
    while let Some(&option) = bytes.get(at) {
        let len = if option == 0 { 1 } else { 2 + bytes.get(at + 1).map_or(0, |len| usize::from(*len)) };
        let present = bytes.len() - at;
        if len > present {
            walker.issue(IssueCode::BadOption, LayerKind::Ipv6Extension, at, len, present);
            return;
        }
        at += len;
    }
}
