//! PPP (RFC 1661), its frames on serial links (RFC 1662) and over Ethernet (RFC 2516), and Cisco's HDLC.
//!
//! ```text
//! PPPoE:  0               1       2               4               6
//!        +-------+-------+-------+---------------+---------------+---------------------------
//!        |version| type  | code  |  session id   |    length     | PPP, or tags of discovery
//!        +-------+-------+-------+---------------+---------------+---------------------------
//! PPP:   +----------------+--------------------+---------
//!        | ff 03, or left | protocol: 1 or 2   | payload
//!        | out            | octets             |
//!        +----------------+--------------------+---------
//! ```

use super::layer::{Layer, LayerKind};
use super::other::{Other, Registry};
use super::registry::ppp_protocol_name;
use super::walker::{Next, Walker, be16};

/// A PPPoE header: 6 octets.
#[derive(Clone, Copy, Debug)]
pub struct Pppoe<'a> {
    bytes: &'a [u8],
}

impl<'a> Pppoe<'a> {
    /// The octets of the header.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Version, 1.
    pub fn version(&self) -> u8 {
        self.bytes[0] >> 4
    }

    /// Type, 1.
    pub fn pppoe_type(&self) -> u8 {
        self.bytes[0] & 15
    }

    /// Code: 0 in a session; 9 PADI, 7 PADO, 0x19 PADR, 0x65 PADS, 0xa7 PADT (RFC 2516 §5).
    pub fn code(&self) -> u8 {
        self.bytes[1]
    }

    /// Session id.
    pub fn session_id(&self) -> u16 {
        be16(self.bytes, 2)
    }

    /// Octets that follow the header.
    pub fn length(&self) -> u16 {
        be16(self.bytes, 4)
    }
}

/// The beginning of a PPP frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ppp {
    /// Protocol number (IANA, "PPP Numbers"): 0x0021 IPv4, 0x0057 IPv6, 0xc021 LCP.
    pub protocol: u16,
    /// True if address and control (ff 03) stand in front.
    pub has_address: bool,
    /// Octets of the protocol field: 1 if it is compressed (RFC 1661 §6.5), else 2.
    pub protocol_len: u8,
}

pub(super) fn walk_pppoe(walker: &mut Walker<'_>, discovery: bool) -> Next {
    let Some(bytes) = walker.header(LayerKind::Pppoe, 6) else {
        return Next::Stop;
    };
    let length = usize::from(be16(bytes, 4));
    walker.narrow(LayerKind::Pppoe, 6 + length);
    walker.push(Layer::Pppoe(Pppoe { bytes }), 6);
    if discovery { Next::Payload } else { Next::Ppp }
}

pub(super) fn walk(walker: &mut Walker<'_>) -> Next {
    let rest = walker.rest();
    let has_address = rest.starts_with(&[0xff, 3]);
    let at = if has_address { 2 } else { 0 };
    // Of an address alone nothing can be told: it is no protocol number.
    if rest == [0xff] && walker.header(LayerKind::Ppp, 2).is_none() {
        return Next::Stop;
    }
    // A protocol number ends with its first odd octet.
    let protocol_len = if rest.get(at).is_some_and(|first| first & 1 == 1) { 1 } else { 2 };
    let Some(header) = walker.header(LayerKind::Ppp, at + protocol_len) else {
        return Next::Stop;
    };
    let protocol = if protocol_len == 1 { u16::from(header[at]) } else { be16(header, at) };
    walker.push(Layer::Ppp(Ppp { protocol, has_address, protocol_len: protocol_len as u8 }), at + protocol_len);
    match protocol {
        0x0021 => Next::EtherType(0x0800),
        0x0057 => Next::EtherType(0x86dd),
        0x0281 | 0x0283 => Next::Mpls,
        0x0201 | 0x0203 => Next::Stp,
        _ => Other::walk(walker, Registry::Ppp, protocol, ppp_protocol_name(protocol), 0, Next::Payload),
    }
}

/// PPP on a serial link, where the first octet tells Cisco's frames apart.
pub(super) fn walk_serial(walker: &mut Walker<'_>) -> Next {
    match walker.rest() {
        [0x0f | 0x8f, ..] => walk_cisco(walker),
        _ => walk(walker),
    }
}

/// Cisco HDLC: address, control and an EtherType.
pub(super) fn walk_cisco(walker: &mut Walker<'_>) -> Next {
    let Some(header) = walker.header(LayerKind::Other, 4) else {
        return Next::Stop;
    };
    let protocol = be16(header, 2);
    let (registry, number, name, next) = match protocol {
        0x8035 => (Registry::EtherType, protocol, "cisco-slarp", Next::Payload),
        // Below 0x0600 these are Cisco's own numbers, not lengths.
        0..0x0600 => (Registry::LinkType, 104, "cisco-hdlc", Next::Payload),
        _ => (Registry::LinkType, 104, "cisco-hdlc", Next::EtherType(protocol)),
    };
    Other::walk(walker, registry, number, name, 4, next)
}
