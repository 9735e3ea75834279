//! UDP (RFC 768).
//!
//! ```text
//!  0               2               4               6               8
//! +---------------+---------------+---------------+---------------+
//! |  source port  |  destination  |    length     |   checksum    |
//! +---------------+---------------+---------------+---------------+
//! ```

use super::issue::IssueCode;
use super::layer::{Layer, LayerKind};
use super::other::CutTransport;
use super::tunnel;
use super::walker::{Next, Walker, be16};

/// A UDP header: 8 octets.
#[derive(Clone, Copy, Debug)]
pub struct Udp<'a> {
    bytes: &'a [u8],
    payload: &'a [u8],
    payload_len: u32,
    surplus_len: u32,
}

impl<'a> Udp<'a> {
    /// The header in these 8 octets, and its message.
    #[inline]
    pub(super) fn of(bytes: &'a [u8], payload: &'a [u8], payload_len: u32, surplus_len: u32) -> Udp<'a> {
        Udp { bytes, payload, payload_len, surplus_len }
    }

    /// The octets of the header.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Source port; 0 means that no answer is wanted.
    #[inline]
    pub fn source_port(&self) -> u16 {
        be16(self.bytes, 0)
    }

    /// Destination port.
    #[inline]
    pub fn destination_port(&self) -> u16 {
        be16(self.bytes, 2)
    }

    /// Length as it stands, header included.
    #[inline]
    pub fn length(&self) -> u16 {
        be16(self.bytes, 4)
    }

    /// Checksum as it stands; 0 means that none was made.
    #[inline]
    pub fn checksum(&self) -> u16 {
        be16(self.bytes, 6)
    }

    /// The captured octets of the message.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Octets of the message: length − 8. In a first fragment, what of it lies in this packet.
    #[inline]
    pub fn payload_len(&self) -> u32 {
        self.payload_len
    }

    /// Octets of the IP payload beyond the length: they belong to no message.
    #[inline]
    pub fn surplus_len(&self) -> u32 {
        self.surplus_len
    }
}

/// Destination ports of tunnels that may leave out the checksum (RFC 6935 §5, RFC 7348 §4.1.1, RFC 8926 §3.3).
fn is_tunnel(destination_port: u16) -> bool {
    matches!(destination_port, 2152 | 4341 | 4342 | 4754 | 4789 | 4790 | 6080 | 6081 | 6635)
}

pub(super) fn walk(walker: &mut Walker<'_>) -> Next {
    if walker.rest().len() < 8 {
        walker.lacks(LayerKind::Udp, 8);
        return CutTransport::walk(walker, 17);
    }
    let length = usize::from(be16(walker.rest(), 4));
    let mut surplus_len = 0;
    let mut next = Next::Payload;
    if length < 8 && !(length == 0 && walker.rest_len() > 65535) {
        // A length of 0 in a packet that does not fit the field is a jumbogram (RFC 2675 §4).
        walker.issue(IssueCode::TooShort, LayerKind::Udp, 4, 8, length);
        next = Next::Stop;
    } else if length > walker.rest_len() {
        // The rest of a fragmented datagram is in other packets: no issue.
        if walker.frame.fragment().is_none() {
            walker.issue(IssueCode::TooLong, LayerKind::Udp, 4, length, walker.rest_len());
        }
    } else if length >= 8 {
        surplus_len = walker.rest_len() - length;
        walker.narrow(LayerKind::Udp, length);
    }
    let (bytes, payload) = walker.rest().split_at(8);
    if bytes[6..] == [0, 0] && walker.frame.ipv6().is_some() && !is_tunnel(be16(bytes, 2)) {
        walker.issue(IssueCode::NoChecksum, LayerKind::Udp, 6, 0, 0);
    }
    let udp = Udp { bytes, payload, payload_len: (walker.rest_len() - 8) as u32, surplus_len: surplus_len as u32 };
    walker.push(Layer::Udp(udp), 8);
    if next == Next::Stop { next } else { tunnel::behind_udp(udp.destination_port(), payload) }
}
