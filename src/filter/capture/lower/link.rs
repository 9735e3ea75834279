//! Tests of the link header: which protocol follows, tags and labels, broadcast and multicast.

use super::{Lowering, VlanTag};
use crate::filter::FilterError;
use crate::filter::capture::ast::Proto;
use crate::filter::capture::cond::{Comparison, Cond};
use crate::filter::capture::layout::{Link, TRANSPARENT_ETHERNET};
use crate::filter::capture::values::Place;
use crate::filter::capture::{Target, ancillary};

/// Largest value of the Ethernet field that is a length (IEEE 802.3); above begin the EtherTypes.
const MAX_LENGTH: u32 = 1500;

pub(super) const IPV4: u32 = 0x0800;
const IPV6: u32 = 0x86dd;
const PPPOE_SESSION: u32 = 0x8864;

/// Service access points of the LLC header (IEEE 802.2).
mod sap {
    pub(super) const IP: u32 = 0x06;
    pub(super) const SPANNING_TREE: u32 = 0x42;
    pub(super) const IPX: u32 = 0xe0;
    pub(super) const NETBEUI: u32 = 0xf0;
    pub(super) const ISO: u32 = 0xfe;
}

const APPLETALK: u32 = 0x809b;
const APPLETALK_ARP: u32 = 0x80f3;

/// Protocol types of the Linux cooked header that are no EtherTypes.
const SLL_802_3: u32 = 1;
const SLL_802_2: u32 = 4;

impl Lowering<'_> {
    /// True if the link header says that `protocol` follows: an EtherType, or an LLC service access point.
    pub(in crate::filter::capture) fn link_type(&mut self, protocol: u32) -> Result<Cond, FilterError> {
        if self.layout.labels > 0 {
            return self.below_mpls(protocol);
        }
        let at = self.layout.link_type;
        Ok(match self.layout.link {
            Link::Ethernet => self.ethernet_type(protocol),
            Link::Sll => self.cooked_type(protocol),
            Link::Sll2 => self.equal(2, at, protocol, "protocol type"),
            Link::Ppp => self.equal(2, at, ppp_type(protocol), "PPP protocol"),
            Link::Raw => match protocol {
                IPV4 => self.equal_masked(1, at, 0x40, 0xf0, "IP version"),
                IPV6 => self.equal_masked(1, at, 0x60, 0xf0, "IP version"),
                _ => Cond::Const(false),
            },
            Link::Ipv4 => Cond::Const(protocol == IPV4),
            Link::Ipv6 => Cond::Const(protocol == IPV6),
            Link::Null | Link::Loop => self.address_family(protocol),
        })
    }

    /// True if there is an Ethernet header. Only what Geneve carries may have none.
    pub(super) fn has_link_header(&mut self) -> Cond {
        match self.layout.geneve_protocol {
            Some(protocol) => self.compare(protocol, Comparison::Equal, TRANSPARENT_ETHERNET, "Geneve protocol type"),
            None => Cond::Const(true),
        }
    }

    /// The families of BSD loopback headers. AF_INET is 2 everywhere; AF_INET6 depends on the system that captured: 24 on
    /// NetBSD, OpenBSD and BSD/OS, 28 on FreeBSD, 30 on Darwin, 10 on Linux. A NULL header is in the byte order of that
    /// system, so both orders count.
    fn address_family(&mut self, protocol: u32) -> Cond {
        let families: &[u32] = match protocol {
            IPV4 => &[2],
            IPV6 => &[24, 28, 30, 10],
            _ => return Cond::Const(false),
        };
        let swapped = self.layout.link == Link::Null;
        let at = self.layout.link_type;
        let mut any = Vec::new();
        for &family in families {
            if swapped {
                any.push(self.equal(4, at, family.swap_bytes(), "address family"));
            }
            any.push(self.equal(4, at, family, "address family"));
        }
        Cond::Any(any)
    }

    fn ethernet_type(&mut self, protocol: u32) -> Cond {
        let (at, llc) = (self.layout.link_type, self.layout.payload);
        match protocol {
            sap::ISO | sap::NETBEUI | sap::IP => {
                Cond::All(vec![self.is_length(), self.equal(2, llc, protocol << 8 | protocol, "LLC access points")])
            }
            sap::IPX => {
                let ether_type = self.equal(2, at, 0x8137, "EtherType");
                let snap = self.snap(llc, 0x000000, 0x8137);
                let service = self.equal(1, llc, sap::IPX, "LLC access point");
                let raw = self.equal(2, llc, 0xffff, "LLC access points");
                let length = self.is_length();
                Cond::Any(vec![ether_type, Cond::All(vec![length, Cond::Any(vec![snap, service, raw])])])
            }
            APPLETALK | APPLETALK_ARP => {
                let organization = if protocol == APPLETALK { 0x080007 } else { 0 };
                let ether_type = self.equal(2, at, protocol, "EtherType");
                let snap = self.snap(llc, organization, protocol);
                Cond::Any(vec![ether_type, Cond::All(vec![self.is_length(), snap])])
            }
            0..=MAX_LENGTH => Cond::All(vec![self.is_length(), self.equal(1, llc, protocol, "LLC access point")]),
            _ => self.equal(2, at, protocol, "EtherType"),
        }
    }

    fn cooked_type(&mut self, protocol: u32) -> Cond {
        let (at, llc) = (self.layout.link_type, self.layout.payload);
        let is_llc = self.equal(2, at, SLL_802_2, "protocol type");
        match protocol {
            sap::ISO | sap::NETBEUI | sap::IP => {
                Cond::All(vec![is_llc, self.equal(2, llc, protocol << 8 | protocol, "LLC access points")])
            }
            sap::IPX => {
                let ether_type = self.equal(2, at, 0x8137, "protocol type");
                let raw = self.equal(2, at, SLL_802_3, "protocol type");
                let service = self.equal(1, llc, sap::IPX, "LLC access point");
                let snap = self.snap(llc, 0x000000, 0x8137);
                Cond::Any(vec![ether_type, raw, Cond::All(vec![is_llc, Cond::Any(vec![service, snap])])])
            }
            APPLETALK | APPLETALK_ARP => {
                let organization = if protocol == APPLETALK { 0x080007 } else { 0 };
                let ether_type = self.equal(2, at, protocol, "protocol type");
                let snap = self.snap(llc, organization, protocol);
                Cond::Any(vec![ether_type, Cond::All(vec![is_llc, snap])])
            }
            0..=MAX_LENGTH => Cond::All(vec![is_llc, self.equal(1, llc, protocol, "LLC access point")]),
            _ => self.equal(2, at, protocol, "protocol type"),
        }
    }

    fn is_length(&mut self) -> Cond {
        let value = self.values.load(2, self.layout.link_type);
        self.compare(value, Comparison::Greater, MAX_LENGTH, "EtherType or length").not()
    }

    /// A SNAP header: LLC aa-aa-03, organization, type.
    fn snap(&mut self, at: Place, organization: u32, protocol: u32) -> Cond {
        let mut octets = [0xaa, 0xaa, 0x03, 0, 0, 0, 0, 0];
        octets[3..6].copy_from_slice(&organization.to_be_bytes()[1..]);
        octets[6..8].copy_from_slice(&(protocol as u16).to_be_bytes());
        self.equal_octets(at, &octets, "SNAP header")
    }

    /// Below MPLS no field says what follows; the last label and the version of IP do (RFC 4928 §3).
    fn below_mpls(&mut self, protocol: u32) -> Result<Cond, FilterError> {
        let version = match protocol {
            IPV4 => 0x40,
            IPV6 => 0x60,
            _ => return Err(self.error("behind `mpls` only IP can be recognised")),
        };
        let ip = self.layout.ip();
        let bottom = self.equal_masked(1, ip - 2, 1, 1, "bottom of the label stack");
        Ok(Cond::All(vec![bottom, self.equal_masked(1, ip, version, 0xf0, "IP version")]))
    }

    pub(super) fn protocol(&mut self, proto: Proto) -> Result<Cond, FilterError> {
        match proto {
            Proto::Link => Err(self
                .error("the link layer alone is no condition")
                .hint("write `ether host ADDRESS`, `ether proto NUMBER` or `ether[index] = value`")),
            Proto::Radio => {
                Err(self.error("`radio` belongs to 802.11 captures, for which netlab has no capture filters"))
            }
            Proto::Ip => self.link_type(IPV4),
            Proto::Ip6 => self.link_type(IPV6),
            Proto::Arp => self.link_type(0x0806),
            Proto::Rarp => self.link_type(0x8035),
            Proto::Atalk => self.link_type(APPLETALK),
            Proto::Aarp => self.link_type(APPLETALK_ARP),
            Proto::Decnet => self.link_type(0x6003),
            Proto::Lat => self.link_type(0x6004),
            Proto::Sca => self.link_type(0x6007),
            Proto::Mopdl => self.link_type(0x6001),
            Proto::Moprc => self.link_type(0x6002),
            Proto::Iso => self.link_type(sap::ISO),
            Proto::Stp => self.link_type(sap::SPANNING_TREE),
            Proto::Ipx => self.link_type(sap::IPX),
            Proto::Netbeui => self.link_type(sap::NETBEUI),
            Proto::Tcp => self.protocol_number(None, 6),
            Proto::Udp => self.protocol_number(None, 17),
            Proto::Sctp => self.protocol_number(None, 132),
            Proto::Pim => self.protocol_number(None, 103),
            Proto::Ah => self.protocol_number(None, 51),
            Proto::Esp => self.protocol_number(None, 50),
            Proto::Icmp => self.protocol_number(Some(Proto::Ip), 1),
            Proto::Igmp => self.protocol_number(Some(Proto::Ip), 2),
            Proto::Igrp => self.protocol_number(Some(Proto::Ip), 9),
            Proto::Vrrp | Proto::Carp => self.protocol_number(Some(Proto::Ip), 112),
            Proto::Icmp6 => self.protocol_number(Some(Proto::Ip6), 58),
            Proto::Clnp => self.protocol_number(Some(Proto::Iso), 0x81),
            Proto::Esis => self.protocol_number(Some(Proto::Iso), 0x82),
            Proto::Isis => self.protocol_number(Some(Proto::Iso), 0x83),
            Proto::IsisLevel1 => self.isis_types(&[26, 24, 18, 15, 17]),
            Proto::IsisLevel2 => self.isis_types(&[27, 25, 20, 16, 17]),
            Proto::IsisHello => self.isis_types(&[17, 15, 16]),
            Proto::IsisLsp => self.isis_types(&[18, 20]),
            Proto::IsisSnp => self.isis_types(&[27, 26, 24, 25]),
            Proto::IsisCsnp => self.isis_types(&[24, 25]),
            Proto::IsisPsnp => self.isis_types(&[26, 27]),
        }
    }

    fn isis_types(&mut self, types: &[u32]) -> Result<Cond, FilterError> {
        let any =
            types.iter().map(|number| self.protocol_number(Some(Proto::Isis), *number)).collect::<Result<_, _>>()?;
        Ok(Cond::Any(any))
    }

    /// `proto`: the protocol number of an IP header, the type of a link header, or that of the ISO protocols.
    pub(super) fn protocol_number(&mut self, proto: Option<Proto>, number: u32) -> Result<Cond, FilterError> {
        let ip = self.layout.ip();
        let after_llc = self.layout.payload + self.layout.network_after_llc;
        Ok(match proto {
            None => Cond::Any(vec![
                self.protocol_number(Some(Proto::Ip), number)?,
                self.protocol_number(Some(Proto::Ip6), number)?,
            ]),
            Some(Proto::Ip) => Cond::All(vec![self.link_type(IPV4)?, self.equal(1, ip + 9, number, "IPv4 protocol")]),
            Some(Proto::Ip6) => {
                let first = self.equal(1, ip + 6, number, "next header");
                let fragment = self.equal(1, ip + 6, 44, "next header");
                let behind = self.equal(1, ip + 40, number, "next header of the fragment header");
                let either = Cond::Any(vec![first, Cond::All(vec![fragment, behind])]);
                Cond::All(vec![self.link_type(IPV6)?, either])
            }
            Some(Proto::Iso) => {
                Cond::All(vec![self.link_type(sap::ISO)?, self.equal(1, after_llc, number, "ISO protocol")])
            }
            Some(Proto::Isis) => {
                let isis = self.protocol_number(Some(Proto::Iso), 0x83)?;
                Cond::All(vec![isis, self.equal(1, after_llc + 4, number, "IS-IS type")])
            }
            Some(_) => self.link_type(number)?,
        })
    }

    pub(super) fn broadcast(&mut self, proto: Option<Proto>) -> Result<Cond, FilterError> {
        match proto {
            None | Some(Proto::Link) if self.layout.link == Link::Ethernet => {
                let has_header = self.has_link_header();
                let destination = self.equal_octets(self.layout.link_header, &[0xff; 6], "Ethernet destination");
                Ok(Cond::All(vec![has_header, destination]))
            }
            None | Some(Proto::Link) => Err(self.no_such_on_link("there is no broadcast address")),
            Some(Proto::Ip) => {
                // The netmask of the captured network is not known, so only the addresses that are broadcasts anywhere
                // count, as with tcpdump on files.
                let ip = self.link_type(IPV4)?;
                let at = self.layout.ip() + 16;
                let old = self.equal(4, at, 0, "IPv4 destination");
                let limited = self.equal(4, at, u32::MAX, "IPv4 destination");
                Ok(Cond::All(vec![ip, Cond::Any(vec![old, limited])]))
            }
            Some(proto) => Err(self
                .error(format!("`{} broadcast` has no meaning", proto.word()))
                .hint("`ether broadcast` and `ip broadcast` have")),
        }
    }

    pub(super) fn multicast(&mut self, proto: Option<Proto>) -> Result<Cond, FilterError> {
        let ip = self.layout.ip();
        match proto {
            None | Some(Proto::Link) if self.layout.link == Link::Ethernet => {
                let has_header = self.has_link_header();
                let first = self.values.load(1, self.layout.link_header);
                let is_group = self.compare(first, Comparison::AnyBit, 1, "group bit of the Ethernet destination");
                Ok(Cond::All(vec![has_header, is_group]))
            }
            None | Some(Proto::Link) => Err(self.no_such_on_link("there are no multicast addresses")),
            Some(Proto::Ip) => {
                let first = self.values.load(1, ip + 16);
                let above = self.compare(first, Comparison::GreaterOrEqual, 224, "first octet of the IPv4 destination");
                Ok(Cond::All(vec![self.link_type(IPV4)?, above]))
            }
            Some(Proto::Ip6) => {
                let first = self.equal(1, ip + 24, 255, "first octet of the IPv6 destination");
                Ok(Cond::All(vec![self.link_type(IPV6)?, first]))
            }
            Some(proto) => Err(self
                .error(format!("`{} multicast` has no meaning", proto.word()))
                .hint("`ether multicast`, `ip multicast` and `ip6 multicast` have")),
        }
    }

    pub(super) fn vlan(&mut self, id: Option<u32>) -> Result<Cond, FilterError> {
        if self.layout.labels > 0 {
            return Err(self.error("no VLAN tag comes after MPLS labels"));
        }
        if self.layout.link != Link::Ethernet {
            return Err(self.no_such_on_link("there are no VLAN tags"));
        }
        if self.vlan_tag == VlanTag::InMetadata && self.layout.vlans == 0 && self.layout.is_outermost {
            // The kernel took the tag out, so that the octets after it are where they would be without one.
            self.layout.vlans += 1;
            let Some(id) = id else { return Ok(Cond::Const(true)) };
            return Ok(self.equal_masked(2, ancillary::VLAN_TAG, id, 0xfff, "VLAN identifier"));
        }
        let any = [0x8100, 0x88a8, 0x9100].map(|tag| self.ethernet_type(tag));
        let mut parts = vec![Cond::Any(any.into())];
        if let Some(id) = id {
            parts.push(self.equal_masked(2, self.layout.payload, id, 0xfff, "VLAN identifier"));
        }
        self.layout.enter_vlan();
        Ok(Cond::All(parts))
    }

    pub(super) fn mpls(&mut self, label: Option<u32>) -> Result<Cond, FilterError> {
        let mut parts = Vec::new();
        if self.layout.labels > 0 {
            let flags = self.values.load(1, self.layout.ip() - 2);
            parts.push(self.compare(flags, Comparison::AnyBit, 1, "bottom of the label stack").not());
        } else {
            match self.layout.link {
                Link::Ethernet => parts.push(self.link_type(0x8847)?),
                Link::Ppp => parts.push(self.equal(2, self.layout.link_type, 0x0281, "PPP protocol")),
                _ => return Err(self.no_such_on_link("there are no MPLS labels")),
            }
        }
        if let Some(label) = label {
            parts.push(self.equal_masked(4, self.layout.ip(), label << 12, 0xffff_f000, "MPLS label"));
        }
        self.layout.enter_mpls();
        Ok(Cond::All(parts))
    }

    pub(super) fn pppoe_session(&mut self, session: Option<u32>) -> Result<Cond, FilterError> {
        let mut parts = vec![self.link_type(PPPOE_SESSION)?];
        if let Some(session) = session {
            let value = self.values.load(4, self.layout.ip());
            let masked = self.values.masked(value, 0xffff);
            parts.push(self.compare(masked, Comparison::Equal, session, "PPPoE session"));
        }
        self.layout.enter_pppoe();
        Ok(Cond::All(parts))
    }

    /// True if the kernel took a VLAN tag out of the packet; only where that can be.
    pub(in crate::filter::capture) fn tag_in_metadata(&mut self) -> Cond {
        debug_assert_eq!(self.target, Target::Kernel);
        let present = self.values.load(1, ancillary::VLAN_TAG_PRESENT);
        self.compare(present, Comparison::Equal, 0, "VLAN tag").not()
    }
}

/// The PPP protocol number (RFC 1661, IANA) for an EtherType or LLC service access point.
fn ppp_type(protocol: u32) -> u32 {
    match protocol {
        IPV4 => 0x0021,
        IPV6 => 0x0057,
        0x6003 => 0x0027,
        APPLETALK => 0x0029,
        0x0600 => 0x0025,
        sap::ISO => 0x0023,
        sap::SPANNING_TREE => 0x0031,
        sap::IPX => 0x002b,
        other => other,
    }
}
