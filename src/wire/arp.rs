//! ARP (RFC 826).
//!
//! ```text
//!  0               2               4       5       6               8
//! +---------------+---------------+-------+-------+---------------+--------------------------------------------
//! | hardware type | protocol type | hlen  | plen  |   operation   | sender hw, sender proto, target hw, target proto
//! +---------------+---------------+-------+-------+---------------+--------------------------------------------
//! ```

use std::net::Ipv4Addr;

use super::layer::{Layer, LayerKind};
use super::walker::{Next, Walker, be16};
use crate::base::MacAddr;

/// An ARP packet of any address lengths; 28 octets for IPv4 over Ethernet.
#[derive(Clone, Copy, Debug)]
pub struct Arp<'a> {
    bytes: &'a [u8],
}

/// What an ARP packet asks or says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ArpOperation {
    Request,
    Reply,
    /// RARP and others, by number.
    Other(u16),
}

impl<'a> Arp<'a> {
    /// The captured octets of the packet.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Hardware type (IANA): 1 is Ethernet.
    pub fn hardware_type(&self) -> u16 {
        be16(self.bytes, 0)
    }

    /// Protocol type, an EtherType: 0x0800 is IPv4.
    pub fn protocol_type(&self) -> u16 {
        be16(self.bytes, 2)
    }

    /// Octets of a hardware address.
    pub fn hardware_len(&self) -> u8 {
        self.bytes[4]
    }

    /// Octets of a protocol address.
    pub fn protocol_len(&self) -> u8 {
        self.bytes[5]
    }

    /// Operation as it stands: 1 request, 2 reply, 3 and 4 reverse ARP (RFC 903), 8 and 9 inverse ARP (RFC 2390).
    pub fn operation_number(&self) -> u16 {
        be16(self.bytes, 6)
    }

    /// Operation.
    pub fn operation(&self) -> ArpOperation {
        match self.operation_number() {
            1 => ArpOperation::Request,
            2 => ArpOperation::Reply,
            other => ArpOperation::Other(other),
        }
    }

    /// Octets of the address number `index`: sender hardware, sender protocol, target hardware, target protocol.
    fn address(&self, index: usize) -> &'a [u8] {
        let (hardware, protocol) = (usize::from(self.bytes[4]), usize::from(self.bytes[5]));
        let start = 8 + (index / 2) * (hardware + protocol) + (index % 2) * hardware;
        let len = if index.is_multiple_of(2) { hardware } else { protocol };
        self.bytes.get(start..start + len).unwrap_or_default()
    }

    /// Sender hardware address as octets.
    pub fn sender_hardware(&self) -> &'a [u8] {
        self.address(0)
    }

    /// Sender protocol address as octets.
    pub fn sender_protocol(&self) -> &'a [u8] {
        self.address(1)
    }

    /// Target hardware address as octets.
    pub fn target_hardware(&self) -> &'a [u8] {
        self.address(2)
    }

    /// Target protocol address as octets.
    pub fn target_protocol(&self) -> &'a [u8] {
        self.address(3)
    }

    /// True if hardware addresses are MAC addresses: of Ethernet or another IEEE 802 network, six octets long.
    pub fn has_mac_addresses(&self) -> bool {
        matches!(self.hardware_type(), 1 | 6) && self.hardware_len() == 6
    }

    /// Sender MAC address, if that is what hardware addresses are.
    pub fn sender_mac(&self) -> Option<MacAddr> {
        self.mac(0)
    }

    /// Target MAC address, if that is what hardware addresses are.
    pub fn target_mac(&self) -> Option<MacAddr> {
        self.mac(2)
    }

    /// Sender IPv4 address, if that is the protocol.
    pub fn sender_ip(&self) -> Option<Ipv4Addr> {
        self.ipv4(1)
    }

    /// Target IPv4 address, if that is the protocol.
    pub fn target_ip(&self) -> Option<Ipv4Addr> {
        self.ipv4(3)
    }

    fn mac(&self, index: usize) -> Option<MacAddr> {
        let octets = self.address(index);
        if self.has_mac_addresses() { MacAddr::from_slice(octets) } else { None }
    }

    fn ipv4(&self, index: usize) -> Option<Ipv4Addr> {
        if self.protocol_type() != 0x0800 {
            return None;
        }
        <[u8; 4]>::try_from(self.address(index)).ok().map(Ipv4Addr::from)
    }
}

pub(super) fn walk(walker: &mut Walker<'_>) -> Next {
    let Some(fixed) = walker.header(LayerKind::Arp, 8) else {
        return Next::Stop;
    };
    let len = 8 + 2 * (usize::from(fixed[4]) + usize::from(fixed[5]));
    // The sender's half alone is still worth showing, so a cut packet keeps what it has.
    if walker.rest().len() < len {
        walker.lacks(LayerKind::Arp, len);
    }
    let bytes = &walker.rest()[..len.min(walker.rest().len())];
    if walker.rest_len() >= len {
        walker.narrow(LayerKind::Arp, len);
    }
    walker.push(Layer::Arp(Arp { bytes }), bytes.len());
    Next::Stop
}
