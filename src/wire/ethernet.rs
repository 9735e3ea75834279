//! Ethernet, and the headers that captures have in its place: Linux cooked and BSD loopback.
//!
//! ```text
//!  0                   6                  12      14
//! +-------------------+-------------------+-------+----------
//! |    destination    |      source       | type  |  payload   (IEEE 802.3 §3.1.1; below 0x0600 it is a length)
//! +-------------------+-------------------+-------+----------
//! ```

use super::layer::{Layer, LayerKind};
use super::link::LinkType;
use super::other::{Other, Registry};
use super::walker::{Next, Walker, be16, be32};
use crate::base::MacAddr;

/// An Ethernet II or IEEE 802.3 header: 14 octets.
#[derive(Clone, Copy, Debug)]
pub struct Ethernet<'a> {
    bytes: &'a [u8],
}

impl<'a> Ethernet<'a> {
    /// The header in these 14 octets.
    #[inline]
    pub(super) fn of(bytes: &'a [u8]) -> Ethernet<'a> {
        Ethernet { bytes }
    }

    /// The octets of the header.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Destination address.
    #[inline]
    pub fn destination(&self) -> MacAddr {
        MacAddr::from_slice(self.bytes).unwrap_or_default()
    }

    /// Source address.
    #[inline]
    pub fn source(&self) -> MacAddr {
        self.bytes.get(6..).and_then(MacAddr::from_slice).unwrap_or_default()
    }

    /// EtherType from 0x0600 on, length of the LLC frame below (IEEE 802.3 §3.2.6).
    #[inline]
    pub fn type_or_len(&self) -> u16 {
        be16(self.bytes, 12)
    }

    /// True if the frame has a length in place of an EtherType.
    #[inline]
    pub fn has_len(&self) -> bool {
        self.type_or_len() < 0x0600
    }
}

pub(super) fn walk(walker: &mut Walker<'_>) -> Next {
    let Some(bytes) = walker.header(LayerKind::Ethernet, 14) else {
        return Next::Stop;
    };
    let ethernet = Ethernet { bytes };
    walker.push(Layer::Ethernet(ethernet), 14);
    Next::TypeOrLen(ethernet.type_or_len())
}

/// A Linux cooked header (link types LINUX_SLL: 16 octets, LINUX_SLL2: 20 octets).
#[derive(Clone, Copy, Debug)]
pub struct Sll<'a> {
    bytes: &'a [u8],
    version: u8,
}

impl<'a> Sll<'a> {
    /// The octets of the header.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// 1 or 2.
    #[inline]
    pub fn version(&self) -> u8 {
        self.version
    }

    /// 0 to us, 1 broadcast, 2 multicast, 3 to another host, 4 sent by us.
    #[inline]
    pub fn packet_type(&self) -> u8 {
        if self.version == 1 { be16(self.bytes, 0) as u8 } else { self.bytes[10] }
    }

    /// Kind of hardware (ARPHRD_ of Linux): 1 Ethernet, 772 loopback.
    #[inline]
    pub fn hardware_type(&self) -> u16 {
        be16(self.bytes, if self.version == 1 { 2 } else { 8 })
    }

    /// Link address of the sender, if it has six octets.
    #[inline]
    pub fn source(&self) -> Option<MacAddr> {
        let (len, at) = if self.version == 1 { (be16(self.bytes, 4), 6) } else { (u16::from(self.bytes[11]), 12) };
        (len == 6).then(|| self.bytes.get(at..).and_then(MacAddr::from_slice)).flatten()
    }

    /// Index of the interface; only version 2 has it.
    #[inline]
    pub fn interface_index(&self) -> Option<u32> {
        (self.version == 2).then(|| be32(self.bytes, 4))
    }

    /// EtherType of what follows.
    #[inline]
    pub fn protocol(&self) -> u16 {
        be16(self.bytes, if self.version == 1 { 14 } else { 0 })
    }
}

pub(super) fn walk_sll(walker: &mut Walker<'_>) -> Next {
    sll(walker, 16, 1)
}

pub(super) fn walk_sll2(walker: &mut Walker<'_>) -> Next {
    sll(walker, 20, 2)
}

fn sll(walker: &mut Walker<'_>, len: usize, version: u8) -> Next {
    let Some(bytes) = walker.header(LayerKind::Sll, len) else {
        return Next::Stop;
    };
    let sll = Sll { bytes, version };
    walker.push(Layer::Sll(sll), len);
    match (sll.hardware_type(), sll.protocol()) {
        // Netlink messages and CAN frames bring no network packet (ARPHRD_NETLINK, ARPHRD_CAN).
        (824, number) => Other::walk(walker, Registry::LinkType, number, "netlink", 0, Next::Payload),
        (280, number) => Other::walk(walker, Registry::LinkType, number, "can", 0, Next::Payload),
        // Numbers below 0x0600 are Linux's own (linux/if_ether.h): 1 is Novell's raw 802.3, 4 is 802.2.
        (_, 0x0001) => Other::walk(walker, Registry::LinuxProtocol, 1, "ipx", 0, Next::Payload),
        (_, 0x0004) => Next::Llc,
        (_, 0x000c) => Other::walk(walker, Registry::LinuxProtocol, 0x0c, "can", 0, Next::Payload),
        (_, number @ 0..0x0600) => Other::walk(walker, Registry::LinuxProtocol, number, "unknown", 0, Next::Payload),
        (_, number) => Next::EtherType(number),
    }
}

/// A BSD loopback header: the address family, 4 octets.
#[derive(Clone, Copy, Debug)]
pub struct Loopback {
    /// Address family: 2 is IPv4; 24, 28 and 30 are IPv6 on different systems, 10 on Linux.
    pub family: u32,
}

pub(super) fn walk_loopback(walker: &mut Walker<'_>, link: LinkType) -> Next {
    let Some(bytes) = walker.header(LayerKind::Loopback, 4) else {
        return Next::Stop;
    };
    let big = be32(bytes, 0);
    // NULL is in the byte order of the capturing host, which nothing records: a family is a small number.
    let family = if link == LinkType::NULL && big > 0xffff { big.swap_bytes() } else { big };
    walker.push(Layer::Loopback(Loopback { family }), 4);
    match family {
        2 => Next::EtherType(0x0800),
        10 | 24 | 28 | 30 => Next::EtherType(0x86dd),
        7 => Other::walk(walker, Registry::AddressFamily, 7, "osi", 0, Next::Payload),
        16 => Other::walk(walker, Registry::AddressFamily, 16, "appletalk", 0, Next::Payload),
        23 => Other::walk(walker, Registry::AddressFamily, 23, "ipx", 0, Next::Payload),
        // Some programs put an EtherType here.
        0x0600..=0xffff => Next::EtherType(family as u16),
        _ => Other::walk(walker, Registry::AddressFamily, family.min(0xffff) as u16, "unknown", 0, Next::Payload),
    }
}
