//! What is known only in part: protocols by name, and transport headers of which too little is there.

use super::layer::{Layer, LayerKind};
use super::tcp::TcpFlags;
use super::walker::{Next, Walker, be16, be32};
use crate::base::Seq;

/// A protocol that netlab knows by name and does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Other {
    /// Where the number comes from.
    pub registry: Registry,
    /// The number that announced the protocol.
    pub number: u16,
    /// Its name; `unknown` if there is none.
    pub name: &'static str,
}

impl Other {
    /// Adds the protocol as a layer whose header, not read further, has `header_len` octets, and goes on with `next`.
    pub(super) fn walk(
        walker: &mut Walker<'_>,
        registry: Registry,
        number: u16,
        name: &'static str,
        header_len: usize,
        next: Next,
    ) -> Next {
        if walker.header(LayerKind::Other, header_len).is_none() {
            return Next::Stop;
        }
        walker.push(Layer::Other(Other { registry, number, name }), header_len);
        next
    }
}

/// The registries that number protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Registry {
    LinkType,
    EtherType,
    IpProtocol,
    LlcSap,
    Snap,
    Ppp,
    LinuxProtocol,
    AddressFamily,
    Port,
    /// No number announced it: its octets look like it.
    Guess,
}

/// The beginning of a TCP header of fewer than 20 octets, or of a UDP header of fewer than 8.
#[derive(Clone, Copy, Debug)]
pub struct CutTransport<'a> {
    /// 6 for TCP, 17 for UDP.
    pub protocol: u8,
    bytes: &'a [u8],
}

/// The beginning of a header whose fixed part is not all there: at least one octet, and too few for the fields that
/// netlab's views read.
#[derive(Clone, Copy, Debug)]
pub struct CutHeader<'a> {
    /// What it is the beginning of.
    pub kind: LayerKind,
    bytes: &'a [u8],
}

impl<'a> CutHeader<'a> {
    pub(super) fn new(kind: LayerKind, bytes: &'a [u8]) -> CutHeader<'a> {
        CutHeader { kind, bytes }
    }

    /// The octets that are there.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> CutTransport<'a> {
    /// The octets that are there.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Source and destination port, if they are there.
    pub fn ports(&self) -> Option<(u16, u16)> {
        (self.bytes.len() >= 4).then(|| (be16(self.bytes, 0), be16(self.bytes, 2)))
    }

    /// TCP sequence number, if it is there.
    pub fn sequence(&self) -> Option<Seq> {
        (self.protocol == 6 && self.bytes.len() >= 8).then(|| Seq(be32(self.bytes, 4)))
    }

    /// TCP acknowledgment number, if it is there.
    pub fn acknowledgment(&self) -> Option<Seq> {
        (self.protocol == 6 && self.bytes.len() >= 12).then(|| Seq(be32(self.bytes, 8)))
    }

    /// TCP control bits, if they are there (rule P2: 14 octets).
    pub fn flags(&self) -> Option<TcpFlags> {
        (self.protocol == 6 && self.bytes.len() >= 14).then(|| TcpFlags(be16(self.bytes, 12) & 0x0fff))
    }

    /// TCP window, if it is there, not scaled.
    pub fn window(&self) -> Option<u16> {
        (self.protocol == 6 && self.bytes.len() >= 16).then(|| be16(self.bytes, 14))
    }

    pub(super) fn walk(walker: &mut Walker<'a>, protocol: u8) -> Next {
        let bytes = walker.rest();
        walker.push(Layer::CutTransport(CutTransport { protocol, bytes }), bytes.len());
        Next::Stop
    }
}
