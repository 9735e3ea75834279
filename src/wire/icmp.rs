//! ICMP for IPv4 (RFC 792) and IPv6 (RFC 4443). Both begin alike.
//!
//! ```text
//!  0       1       2               4               8
//! +-------+-------+---------------+---------------+-----------
//! | type  | code  |   checksum    | rest of header| data, or the packet that an error quotes
//! +-------+-------+---------------+---------------+-----------
//! ```

use super::frame::Frame;
use super::layer::{Layer, LayerKind};
use super::link::LinkType;
use super::walker::{Next, Walker, be16, be32};

macro_rules! icmp_view {
    ($name:ident, $version:literal, $errors:pat, $echo_request:literal, $echo_reply:literal) => {
        #[doc = concat!("An ICMP message of IPv", $version, ": at least 4 octets captured.")]
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a> {
            bytes: &'a [u8],
            len: u32,
        }

        impl<'a> $name<'a> {
            /// The captured octets of the message, header included.
            pub fn bytes(&self) -> &'a [u8] {
                self.bytes
            }

            /// Octets of the message, captured or not.
            pub fn message_len(&self) -> u32 {
                self.len
            }

            /// Type (IANA).
            pub fn icmp_type(&self) -> u8 {
                self.bytes[0]
            }

            /// Code: what it means depends on the type.
            pub fn code(&self) -> u8 {
                self.bytes[1]
            }

            /// Checksum as it stands.
            pub fn checksum(&self) -> u16 {
                be16(self.bytes, 2)
            }

            /// The four octets after the checksum as a number; 0 if they are cut.
            pub fn rest(&self) -> u32 {
                be32(self.bytes, 4)
            }

            /// Identifier and sequence of an echo request or reply.
            pub fn echo(&self) -> Option<(u16, u16)> {
                matches!(self.icmp_type(), $echo_request | $echo_reply)
                    .then(|| self.bytes.get(4..8))
                    .flatten()
                    .map(|octets| (be16(octets, 0), be16(octets, 2)))
            }

            /// True for an echo request.
            pub fn is_echo_request(&self) -> bool {
                self.icmp_type() == $echo_request
            }

            /// True for an echo reply.
            pub fn is_echo_reply(&self) -> bool {
                self.icmp_type() == $echo_reply
            }

            /// True if the message reports an error and quotes the packet that caused it.
            pub fn is_error(&self) -> bool {
                matches!(self.icmp_type(), $errors)
            }

            /// The octets of the packet that an error quotes; empty for other messages.
            pub fn quoted_bytes(&self) -> &'a [u8] {
                if self.is_error() { self.bytes.get(8..).unwrap_or_default() } else { &[] }
            }

            /// The packet that an error quotes, decoded. It is normally cut, so lengths come from its own headers.
            pub fn quoted(&self) -> Option<Frame<'a>> {
                let bytes = self.quoted_bytes();
                let wire_len = match bytes.first()? >> 4 {
                    4 => u32::from(be16(bytes, 2)),
                    6 => 40 + u32::from(be16(bytes, 4)),
                    _ => return None,
                };
                Some(super::decode(LinkType::RAW, bytes, wire_len.max(bytes.len() as u32)))
            }
        }
    };
}

icmp_view!(Icmpv4, "4", 3 | 4 | 5 | 11 | 12, 8, 0);
icmp_view!(Icmpv6, "6", 1..=127, 128, 129);

impl Icmpv4<'_> {
    /// Next-hop MTU of "fragmentation needed" (type 3 code 4, RFC 1191 §4); 0 if an old router did not say.
    pub fn next_hop_mtu(&self) -> Option<u16> {
        (self.icmp_type() == 3 && self.code() == 4).then(|| be16(self.bytes, 6))
    }
}

impl Icmpv6<'_> {
    /// MTU of "packet too big" (type 2, RFC 4443 §3.2).
    pub fn packet_too_big_mtu(&self) -> Option<u32> {
        (self.icmp_type() == 2).then(|| self.rest())
    }
}

pub(super) fn walk_v4<'a>(walker: &mut Walker<'a>) -> Next {
    walk(walker, LayerKind::Icmpv4, |bytes, len| Layer::Icmpv4(Icmpv4 { bytes, len }))
}

pub(super) fn walk_v6<'a>(walker: &mut Walker<'a>) -> Next {
    walk(walker, LayerKind::Icmpv6, |bytes, len| Layer::Icmpv6(Icmpv6 { bytes, len }))
}

fn walk<'a>(walker: &mut Walker<'a>, kind: LayerKind, view: impl Fn(&'a [u8], u32) -> Layer<'a>) -> Next {
    if walker.header(kind, 4).is_none() {
        return Next::Stop;
    }
    let bytes = walker.rest();
    if bytes.len() < 8 && walker.rest_len() >= 8 {
        walker.lacks(kind, 8);
    }
    let layer = view(bytes, walker.rest_len() as u32);
    // Neighbour discovery is all header: fields and options, and nothing that it carries (RFC 4861 §4).
    let is_all_header = kind == LayerKind::Icmpv6 && matches!(bytes[0], 133..=137);
    walker.push(layer, if is_all_header { bytes.len() } else { bytes.len().min(8) });
    Next::Payload
}
