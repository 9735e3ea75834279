//! Neighbour discovery: what router and neighbour messages of ICMPv6 carry (RFC 4861 §4).
//!
//! ```text
//!  0               4                               8                    24
//! +---------------+-------------------------------+--------------------+---------------------------
//! | ICMPv6 header | flags, limits, or reserved    | target (133 and    | options: type, length in
//! |               |                               | 134 have none)     | units of 8 octets, value
//! +---------------+-------------------------------+--------------------+---------------------------
//! ```

use std::net::Ipv6Addr;

use super::icmp::Icmpv6;
use super::walker::be16;
use crate::base::MacAddr;

/// A neighbour discovery message: types 133 to 137 of ICMPv6.
#[derive(Clone, Copy, Debug)]
pub struct Ndp<'a> {
    bytes: &'a [u8],
}

/// An option of neighbour discovery (RFC 4861 §4.6): its type, all its octets, and where it begins in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NdpOption<'a> {
    /// Type: 1 and 2 link-layer addresses of sender and target, 3 prefix, 4 redirected packet, 5 MTU.
    pub option_type: u8,
    /// Its octets, type and length included: a multiple of 8.
    pub bytes: &'a [u8],
    /// Its offset from the first octet of the ICMPv6 message.
    pub at: usize,
}

impl<'a> Icmpv6<'a> {
    /// The message as neighbour discovery, if it is (RFC 4861 §4).
    pub fn ndp(&self) -> Option<Ndp<'a>> {
        matches!(self.icmp_type(), 133..=137).then(|| Ndp { bytes: self.bytes() })
    }
}

impl<'a> Ndp<'a> {
    /// The address that a neighbour message or a redirect is about.
    pub fn target(&self) -> Option<Ipv6Addr> {
        matches!(self.bytes[0], 135..=137).then(|| address(self.bytes, 8)).flatten()
    }

    /// The destination that a redirect is about.
    pub fn redirected_destination(&self) -> Option<Ipv6Addr> {
        (self.bytes[0] == 137).then(|| address(self.bytes, 24)).flatten()
    }

    /// Router, solicited and override flag of a neighbour advertisement (RFC 4861 §4.4).
    pub fn advertisement_flags(&self) -> Option<(bool, bool, bool)> {
        let octet = *self.bytes.get(4)?;
        (self.bytes[0] == 136).then_some((octet & 0x80 != 0, octet & 0x40 != 0, octet & 0x20 != 0))
    }

    /// Seconds for which a router advertisement offers its sender as default router (RFC 4861 §4.2).
    pub fn router_lifetime(&self) -> Option<u16> {
        (self.bytes[0] == 134 && self.bytes.len() >= 8).then(|| be16(self.bytes, 6))
    }

    /// The options, as far as they were captured; stops at one of length 0.
    pub fn options(&self) -> NdpOptions<'a> {
        let at = match self.bytes[0] {
            133 => 8,
            134 => 16,
            137 => 40,
            _ => 24,
        };
        NdpOptions { bytes: self.bytes, at }
    }

    /// Link-layer address of the sender (option 1), if it has six octets.
    pub fn source_mac(&self) -> Option<MacAddr> {
        self.link_address(1)
    }

    /// Link-layer address of the target (option 2), if it has six octets.
    pub fn target_mac(&self) -> Option<MacAddr> {
        self.link_address(2)
    }

    fn link_address(&self, option_type: u8) -> Option<MacAddr> {
        let option = self.options().find(|option| option.option_type == option_type && option.bytes.len() == 8)?;
        MacAddr::from_slice(&option.bytes[2..])
    }
}

/// Walks over options; see [`Ndp::options`].
#[derive(Clone, Debug)]
pub struct NdpOptions<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for NdpOptions<'a> {
    type Item = NdpOption<'a>;

    fn next(&mut self) -> Option<NdpOption<'a>> {
        let at = self.at;
        let len = usize::from(*self.bytes.get(at + 1)?) * 8;
        let bytes = self.bytes.get(at..at + len).filter(|_| len != 0)?;
        self.at += len;
        Some(NdpOption { option_type: bytes[0], bytes, at })
    }
}

fn address(bytes: &[u8], at: usize) -> Option<Ipv6Addr> {
    Some(Ipv6Addr::from(*bytes.get(at..)?.first_chunk::<16>()?))
}
