//! IPv4 (RFC 791).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------+-------+-----------+---+-------------------------------+
//! |version|  IHL  |   DSCP    |ECN|         total length          |
//! +-------+-------+-----------+---+-----+-------------------------+
//! |        identification         |0|D|M|     fragment offset     |
//! +---------------+---------------+-----+-------------------------+
//! |      TTL      |   protocol    |        header checksum        |
//! +---------------+---------------+-------------------------------+
//! |                        source address                         |
//! |                      destination address                      |
//! |                    options (0 to 40 octets)                   |
//! +---------------------------------------------------------------+
//! ```

use std::net::Ipv4Addr;

use super::issue::IssueCode;
use super::layer::{Layer, LayerKind};
use super::walker::{Next, Walker, be16, be32};

/// An IPv4 header: 20 to 60 octets, of which the options may be cut.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4<'a> {
    bytes: &'a [u8],
    payload: &'a [u8],
    payload_len: u32,
}

impl<'a> Ipv4<'a> {
    /// The header in these octets, 20 at least, and what it carries.
    #[inline]
    pub(super) fn of(bytes: &'a [u8], payload: &'a [u8], payload_len: u32) -> Ipv4<'a> {
        Ipv4 { bytes, payload, payload_len }
    }

    /// The captured octets of the header.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The captured octets of the payload, padding excluded.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Octets of the payload, captured or not, as the header says; what the frame had if the total length is 0.
    #[inline]
    pub fn payload_len(&self) -> u32 {
        self.payload_len
    }

    /// Header length in octets: 20 to 60.
    #[inline]
    pub fn header_len(&self) -> usize {
        usize::from(self.bytes[0] & 15) * 4
    }

    /// Differentiated services code point (RFC 2474).
    #[inline]
    pub fn dscp(&self) -> u8 {
        self.bytes[1] >> 2
    }

    /// Explicit congestion notification: 0 not capable, 1 and 2 capable, 3 congestion experienced (RFC 3168).
    #[inline]
    pub fn ecn(&self) -> u8 {
        self.bytes[1] & 3
    }

    /// Total length as it stands in the header.
    #[inline]
    pub fn total_length(&self) -> u16 {
        be16(self.bytes, 2)
    }

    /// Identification.
    #[inline]
    pub fn identification(&self) -> u16 {
        be16(self.bytes, 4)
    }

    /// True if the reserved flag is set (RFC 791 says it must be zero).
    #[inline]
    pub fn has_reserved_flag(&self) -> bool {
        self.bytes[6] & 0x80 != 0
    }

    /// The DF flag.
    #[inline]
    pub fn dont_fragment(&self) -> bool {
        self.bytes[6] & 0x40 != 0
    }

    /// The MF flag.
    #[inline]
    pub fn more_fragments(&self) -> bool {
        self.bytes[6] & 0x20 != 0
    }

    /// Fragment offset in octets: 8 × the field.
    #[inline]
    pub fn fragment_offset(&self) -> u32 {
        u32::from(be16(self.bytes, 6) & 0x1fff) * 8
    }

    /// True if this is a piece of a datagram and not a whole one.
    #[inline]
    pub fn is_fragment(&self) -> bool {
        be16(self.bytes, 6) & 0x3fff != 0
    }

    /// Time to live.
    #[inline]
    pub fn ttl(&self) -> u8 {
        self.bytes[8]
    }

    /// Protocol of the payload (IANA).
    #[inline]
    pub fn protocol(&self) -> u8 {
        self.bytes[9]
    }

    /// Header checksum as it stands.
    #[inline]
    pub fn checksum(&self) -> u16 {
        be16(self.bytes, 10)
    }

    /// Source address.
    #[inline]
    pub fn source(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(be32(self.bytes, 12))
    }

    /// Destination address.
    #[inline]
    pub fn destination(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(be32(self.bytes, 16))
    }

    /// The captured octets of the options: 0 to 40.
    #[inline]
    pub fn options(&self) -> &'a [u8] {
        &self.bytes[20..]
    }
}

pub(super) fn walk(walker: &mut Walker<'_>) -> Next {
    let Some(fixed) = walker.header(LayerKind::Ipv4, 20) else {
        return Next::Stop;
    };
    if fixed[0] >> 4 != 4 {
        walker.issue(IssueCode::BadVersion, LayerKind::Ipv4, 0, usize::from(fixed[0] >> 4), 4);
        // Announced wrongly is not read wrongly: the version field tells what it is.
        return if fixed[0] >> 4 == 6 { Next::Ip } else { Next::Stop };
    }
    let header_len = usize::from(fixed[0] & 15) * 4;
    if header_len < 20 {
        walker.issue(IssueCode::BadHeaderLength, LayerKind::Ipv4, 0, 20, header_len);
        return Next::Stop;
    }
    let total = usize::from(be16(fixed, 2));
    let mut stop = false;
    if total == 0 && walker.rest_len() > header_len {
        // Segmentation offload leaves 0 for packets that do not fit the field (BIG TCP).
        walker.issue(IssueCode::LengthZero, LayerKind::Ipv4, 2, walker.rest_len(), 0);
    } else if total < header_len {
        walker.issue(IssueCode::TooShort, LayerKind::Ipv4, 2, header_len, total);
        stop = true;
    } else {
        walker.narrow(LayerKind::Ipv4, total);
    }
    let whole = walker.rest();
    if whole.len() < header_len {
        walker.lacks(LayerKind::Ipv4, header_len);
        stop = true;
    }
    let split = header_len.min(whole.len());
    if split == header_len && header_len > 20 {
        walker.check_options(LayerKind::Ipv4, 20, &whole[20..split]);
    }
    let payload_len = if total < header_len && total != 0 { 0 } else { walker.rest_len().saturating_sub(header_len) };
    let ip = Ipv4 { bytes: &whole[..split], payload: &whole[split..], payload_len: payload_len as u32 };
    walker.push(Layer::Ipv4(ip), split);
    if stop {
        Next::Stop
    } else if ip.fragment_offset() != 0 {
        Next::Payload
    } else {
        Next::IpProtocol(ip.protocol())
    }
}
