//! IGMP, versions 1 to 3 (RFC 1112 appendix I, RFC 2236 §2, RFC 3376 §4).
//!
//! ```text
//!  0       1           2               4               8
//! +-------+-----------+---------------+---------------+-------------------------------
//! | type  | max. resp.|   checksum    | group, or the | v3: query: S, QRV, QQIC, sources
//! |       | time      |               | record count  | v3: report: group records
//! +-------+-----------+---------------+---------------+-------------------------------
//! ```

use std::net::Ipv4Addr;

use super::layer::{Layer, LayerKind};
use super::walker::{Next, Walker, be16, be32};

/// An IGMP message: at least 8 octets on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Igmp<'a> {
    bytes: &'a [u8],
    len: u32,
}

impl<'a> Igmp<'a> {
    /// The captured octets of the message.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Octets of the message, captured or not.
    pub fn message_len(&self) -> u32 {
        self.len
    }

    /// Type: 0x11 query, 0x12, 0x16 and 0x22 reports of versions 1, 2 and 3, 0x17 leave.
    pub fn igmp_type(&self) -> u8 {
        self.bytes[0]
    }

    /// Version: for queries from length and response time (RFC 3376 §7.1); 0 for types of other protocols.
    pub fn version(&self) -> u8 {
        match self.igmp_type() {
            0x11 if self.len >= 12 => 3,
            0x11 if self.bytes.get(1) == Some(&0) => 1,
            0x11 | 0x16 | 0x17 => 2,
            0x12 => 1,
            0x22 => 3,
            _ => 0,
        }
    }

    /// Maximum response time as it stands: tenths of a second, and a small float in version 3 (RFC 3376 §4.1.1).
    pub fn max_response_code(&self) -> u8 {
        self.bytes.get(1).copied().unwrap_or_default()
    }

    /// Checksum as it stands.
    pub fn checksum(&self) -> u16 {
        be16(self.bytes, 2)
    }

    /// Group address of a query, report or leave; a version 3 report has its groups in [`Igmp::records`].
    pub fn group(&self) -> Option<Ipv4Addr> {
        (self.igmp_type() != 0x22 && self.bytes.len() >= 8).then(|| Ipv4Addr::from(be32(self.bytes, 4)))
    }

    /// Sources named by a version 3 query; empty for others.
    pub fn sources(&self) -> impl Iterator<Item = Ipv4Addr> + 'a {
        let count = if self.igmp_type() == 0x11 && self.version() == 3 { usize::from(be16(self.bytes, 10)) } else { 0 };
        self.bytes
            .get(12..)
            .unwrap_or_default()
            .chunks_exact(4)
            .take(count)
            .map(|octets| Ipv4Addr::from(be32(octets, 0)))
    }

    /// Group records of a version 3 report, as far as they were captured.
    pub fn records(&self) -> IgmpRecords<'a> {
        let count = if self.igmp_type() == 0x22 { be16(self.bytes, 6) } else { 0 };
        IgmpRecords { bytes: self.bytes, at: 8, left: count }
    }
}

/// A group record of a version 3 report (RFC 3376 §4.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IgmpRecord<'a> {
    /// 1 and 2 tell the current filter (include, exclude), 3 and 4 a change to it, 5 and 6 new or old sources.
    pub record_type: u8,
    /// The group.
    pub group: Ipv4Addr,
    /// Its sources, 4 octets each.
    pub sources: &'a [u8],
    /// Where the record begins, from the first octet of the message.
    pub at: usize,
}

/// Walks over group records; see [`Igmp::records`].
#[derive(Clone, Debug)]
pub struct IgmpRecords<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u16,
}

impl<'a> Iterator for IgmpRecords<'a> {
    type Item = IgmpRecord<'a>;

    fn next(&mut self) -> Option<IgmpRecord<'a>> {
        self.left = self.left.checked_sub(1)?;
        let fixed = self.bytes.get(self.at..self.at + 8)?;
        let sources_len = usize::from(be16(fixed, 2)) * 4;
        let sources = self.bytes.get(self.at + 8..self.at + 8 + sources_len)?;
        let at = self.at;
        self.at += 8 + sources_len + usize::from(fixed[1]) * 4;
        Some(IgmpRecord { record_type: fixed[0], group: Ipv4Addr::from(be32(fixed, 4)), sources, at })
    }
}

pub(super) fn walk(walker: &mut Walker<'_>) -> Next {
    if walker.rest().is_empty() || walker.rest().len() < 8 {
        walker.lacks(LayerKind::Igmp, 8);
        if walker.rest().is_empty() {
            return Next::Stop;
        }
    }
    let bytes = walker.rest();
    walker.push(Layer::Igmp(Igmp { bytes, len: walker.rest_len() as u32 }), bytes.len());
    Next::Payload
}
