//! TCP options: read by etherparse where it knows them, by their kind where it does not.

use smallvec::SmallVec;

use super::walker::{be16, be32};
use crate::base::Seq;

/// The option octets of a whole TCP header: 0 to 40.
#[derive(Clone, Copy, Debug)]
pub struct TcpOptions<'a> {
    bytes: &'a [u8],
}

/// SACK blocks in the order of the header, each from its first octet up to but not including its last (RFC 2018 §3).
pub type SackBlocks = SmallVec<[(Seq, Seq); 4]>;

impl<'a> TcpOptions<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> TcpOptions<'a> {
        TcpOptions { bytes }
    }

    /// The octets.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Every option as (kind, octets after kind and length); stops at the end-of-list option and at a bad length.
    pub fn iter(&self) -> TcpOptionIter<'a> {
        TcpOptionIter { rest: self.bytes }
    }

    /// The octets of the first option of `kind` (IANA, "TCP Option Kind Numbers").
    pub fn find(&self, kind: u8) -> Option<&'a [u8]> {
        self.iter().find(|(found, _)| *found == kind).map(|(_, body)| body)
    }

    /// Maximum segment size the sender accepts (RFC 9293 §3.7.1).
    pub fn maximum_segment_size(&self) -> Option<u16> {
        self.find(2).filter(|body| body.len() == 2).map(|body| be16(body, 0))
    }

    /// Window scale shift (RFC 7323 §2), as it stands: values above 14 are used as 14.
    pub fn window_scale(&self) -> Option<u8> {
        self.find(3).filter(|body| body.len() == 1).map(|body| body[0])
    }

    /// True if SACK is permitted (RFC 2018 §2).
    pub fn sack_permitted(&self) -> bool {
        self.find(4).is_some_and(<[u8]>::is_empty)
    }

    /// SACK blocks; empty if there are none.
    pub fn sack_blocks(&self) -> SackBlocks {
        let body = self.find(5).unwrap_or_default();
        body.chunks_exact(8).map(|block| (Seq(be32(block, 0)), Seq(be32(block, 4)))).collect()
    }

    /// Timestamp value and echo reply (RFC 7323 §3).
    pub fn timestamps(&self) -> Option<(u32, u32)> {
        // The layout that nearly every segment has: two no-operations, then the option.
        if let [1, 1, 8, 10, body @ ..] = self.bytes
            && body.len() >= 8
        {
            return Some((be32(body, 0), be32(body, 4)));
        }
        self.find(8).filter(|body| body.len() == 8).map(|body| (be32(body, 0), be32(body, 4)))
    }

    /// The Fast Open cookie (RFC 7413 §4.1.1): empty if one is asked for; also under the experimental kind 254.
    pub fn fast_open_cookie(&self) -> Option<&'a [u8]> {
        self.find(34).or_else(|| {
            self.iter().find(|(kind, body)| *kind == 254 && body.starts_with(&[0xf9, 0x89])).map(|(_, body)| &body[2..])
        })
    }

    /// True if an option has a length that cannot be.
    pub fn is_malformed(&self) -> bool {
        let mut options = self.iter();
        options.by_ref().for_each(drop);
        !options.rest.is_empty() && options.rest[0] != 0
    }
}

/// Walks over options; see [`TcpOptions::iter`].
#[derive(Clone, Debug)]
pub struct TcpOptionIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for TcpOptionIter<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        match *self.rest {
            [] | [0, ..] => None,
            [1, ..] => {
                self.rest = &self.rest[1..];
                Some((1, &[]))
            }
            [kind, len, ..] if usize::from(len) >= 2 && usize::from(len) <= self.rest.len() => {
                let body = &self.rest[2..usize::from(len)];
                self.rest = &self.rest[usize::from(len)..];
                Some((kind, body))
            }
            _ => None,
        }
    }
}
