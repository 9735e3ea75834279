//! Descriptions become octets: a small vocabulary for tests, captures and the simulator.
//!
//! A frame is told from the outside in, each header naming only what is not plain; lengths, protocol numbers and
//! checksums follow from what lies inside. Everything can also be told wrongly on purpose: a field that is `Some` or a
//! [`Sum`] that is not [`Sum::Right`] is written as it stands, for a decoder must be shown bad frames too.
//!
//! ```
//! use netlab::base::MacAddr;
//! use netlab::wire::TcpFlags;
//! use netlab::wire::build::{FrameBuilder, Ipv4Fields, TcpFields, TcpOption};
//!
//! let octets = FrameBuilder::ethernet(MacAddr([2, 0, 0, 0, 0, 1]), MacAddr([2, 0, 0, 0, 0, 2]))
//!     .vlan(100)
//!     .ipv4(Ipv4Fields::new([192, 0, 2, 1], [192, 0, 2, 2]))
//!     .tcp(TcpFields::new(40000, 80).flags(TcpFlags::SYN).option(TcpOption::MaximumSegmentSize(1460)))
//!     .finish();
//! assert_eq!(octets.len(), 14 + 4 + 20 + 24);
//! ```
//!
//! etherparse's writers refuse fields that contradict each other, which is what is needed here; so the octets are
//! written by hand, and the tests hold them against etherparse's.

mod fields;
mod write;

use crate::base::MacAddr;

pub use fields::{ArpFields, IcmpFields, Ipv4Fields, Ipv6Fields, Sum, TcpFields, TcpOption, UdpFields};
use write::Part;

/// A frame in the making: its headers from the outermost on, then its payload.
#[derive(Clone, Debug)]
#[must_use]
pub struct FrameBuilder {
    parts: Vec<Part>,
    payload: Vec<u8>,
    pad_to: usize,
}

impl FrameBuilder {
    /// Begins with an Ethernet header. Its type follows from the next header; a frame that goes on with
    /// [`FrameBuilder::llc`] gets its length instead.
    pub fn ethernet(source: MacAddr, destination: MacAddr) -> FrameBuilder {
        FrameBuilder { parts: Vec::new(), payload: Vec::new(), pad_to: 0 }.inner_ethernet(source, destination)
    }

    /// Begins with an IP header: what link type RAW carries.
    pub fn raw() -> FrameBuilder {
        FrameBuilder { parts: Vec::new(), payload: Vec::new(), pad_to: 0 }
    }

    fn with(mut self, part: Part) -> FrameBuilder {
        self.parts.push(part);
        self
    }

    /// Goes on with an Ethernet header, as inside a tunnel.
    pub fn inner_ethernet(self, source: MacAddr, destination: MacAddr) -> FrameBuilder {
        self.with(Part::Ethernet { source, destination })
    }

    /// Goes on with an 802.1Q tag of this VLAN id, priority 0.
    pub fn vlan(self, vid: u16) -> FrameBuilder {
        self.vlan_tag(0x8100, 0, false, vid)
    }

    /// Goes on with a VLAN tag: its EtherType (0x8100, or 0x88a8 for a provider's), priority, drop eligibility, id.
    pub fn vlan_tag(self, tpid: u16, pcp: u8, drop_eligible: bool, vid: u16) -> FrameBuilder {
        let tci = u16::from(pcp & 7) << 13 | u16::from(drop_eligible) << 12 | vid & 0x0fff;
        self.with(Part::Vlan { tpid, tci })
    }

    /// Goes on with an 802.2 LLC header of an unnumbered information frame (control 3) for this service access point.
    pub fn llc(self, sap: u8) -> FrameBuilder {
        self.with(Part::Llc { sap })
    }

    /// Goes on with an ARP packet for IPv4 over Ethernet: 28 octets.
    pub fn arp(self, arp: ArpFields) -> FrameBuilder {
        self.with(Part::Arp(arp))
    }

    /// Goes on with an IPv4 header.
    pub fn ipv4(self, ip: Ipv4Fields) -> FrameBuilder {
        self.with(Part::Ipv4(ip))
    }

    /// Goes on with an IPv6 header.
    pub fn ipv6(self, ip: Ipv6Fields) -> FrameBuilder {
        self.with(Part::Ipv6(ip))
    }

    /// Goes on with an IPv6 extension header that has a length in units of 8 octets: 0 hop by hop, 43 routing,
    /// 60 destination options. `body` is what follows the length octet; it is filled up with zeros.
    pub fn ipv6_extension(self, number: u8, body: &[u8]) -> FrameBuilder {
        self.with(Part::Extension { number, body: body.to_vec() })
    }

    /// Goes on with an IPv6 fragment header; `offset` is in octets and a multiple of 8.
    pub fn ipv6_fragment(self, identification: u32, offset: u16, more_fragments: bool) -> FrameBuilder {
        self.with(Part::Fragment { identification, offset, more_fragments })
    }

    /// Goes on with an ICMP message of the version that the IP header around it has.
    pub fn icmp(self, icmp: IcmpFields) -> FrameBuilder {
        self.with(Part::Icmp(icmp))
    }

    /// Goes on with a UDP header.
    pub fn udp(self, udp: UdpFields) -> FrameBuilder {
        self.with(Part::Udp(udp))
    }

    /// Goes on with a TCP header.
    pub fn tcp(self, tcp: TcpFields) -> FrameBuilder {
        self.with(Part::Tcp(tcp))
    }

    /// Goes on with these octets, announced by `number`: an EtherType or IP protocol number, as the header around it
    /// needs. What follows them is written as it is, so octets that announce something themselves say it themselves.
    pub fn octets(self, number: u16, octets: &[u8]) -> FrameBuilder {
        self.with(Part::Octets { number, octets: octets.to_vec() })
    }

    /// Ends with this payload.
    pub fn payload(mut self, payload: &[u8]) -> FrameBuilder {
        self.payload = payload.to_vec();
        self
    }

    /// Fills the frame up with zeros to at least `len` octets; 60 is what Ethernet sends at least (IEEE 802.3 §3.2.8,
    /// without the FCS).
    pub fn padded(mut self, len: usize) -> FrameBuilder {
        self.pad_to = len;
        self
    }

    /// The octets of the frame.
    pub fn finish(&self) -> Vec<u8> {
        write::write(&self.parts, &self.payload, self.pad_to)
    }

    /// The frame cut into fragments, none with an IP packet above `mtu` octets, in the order of their offsets; one whole
    /// frame if it fits. IPv4 fragments bear the identification of the header (RFC 791 §2.3); IPv6 ones get a fragment
    /// header with `identification` behind the extension headers that stay with every fragment (RFC 8200 §4.5).
    pub fn fragments(&self, mtu: usize, identification: u32) -> Vec<Vec<u8>> {
        write::fragments(&self.parts, &self.payload, self.pad_to, mtu, identification)
    }
}

#[cfg(test)]
mod tests;
