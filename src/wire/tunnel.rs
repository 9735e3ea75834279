//! Headers that carry one network through another: MPLS, GRE, VXLAN, Geneve, and EtherIP by name.
//!
//! ```text
//! MPLS (RFC 3032 §2.1)                         GRE (RFC 2784 §2.1, RFC 2890 §2)
//! +---------------------+----+-+--------+      +-+-+-+-+---------+---+-----------------+
//! |  label (20)         | TC |S| TTL    |      |C|R|K|S| 0       |ver|  protocol type  |
//! +---------------------+----+-+--------+      +-+-+-+-+---------+---+-----------------+
//!                                              | checksum, reserved; key; sequence,    |
//! VXLAN (RFC 7348 §5)                          | each only if its flag is set          |
//! +---------+---------------------------+      +---------------------------------------+
//! | flags   | group policy, next (GPE)  |      Geneve (RFC 8926 §3.4)
//! +---------+-----------------+---------+      +---+--------+-+-+----+-----------------+
//! |  network id (24)          |    0    |      |ver|opt len |O|C| 0  |  protocol type  |
//! +---------------------------+---------+      |  network id (24)              |   0   |
//!                                              |  options                              |
//!                                              +---------------------------------------+
//! ```

use super::issue::IssueCode;
use super::layer::{Layer, LayerKind};
use super::other::{Other, Registry};
use super::registry::ether_type_name;
use super::walker::{Next, Walker, be16, be32};

/// An MPLS label stack entry: 4 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mpls {
    word: u32,
}

impl Mpls {
    /// Label; 0 to 15 are special (RFC 3032 §2.1, RFC 7274).
    pub fn label(&self) -> u32 {
        self.word >> 12
    }

    /// Traffic class (RFC 5462).
    pub fn traffic_class(&self) -> u8 {
        (self.word >> 9 & 7) as u8
    }

    /// True for the last entry of the stack.
    pub fn is_bottom(&self) -> bool {
        self.word & 0x100 != 0
    }

    /// Time to live.
    pub fn ttl(&self) -> u8 {
        self.word as u8
    }
}

pub(super) fn walk_mpls(walker: &mut Walker<'_>) -> Next {
    let Some(bytes) = walker.header(LayerKind::Mpls, 4) else {
        return Next::Stop;
    };
    let mpls = Mpls { word: be32(bytes, 0) };
    walker.push(Layer::Mpls(mpls), 4);
    if !mpls.is_bottom() { Next::Mpls } else { below_labels(walker) }
}

/// Nothing in a label says what it carries; the first octets do, well enough (RFC 4928 §2, RFC 4385 §3).
fn below_labels(walker: &mut Walker<'_>) -> Next {
    let rest = walker.rest();
    match rest.first().map(|octet| octet >> 4) {
        Some(4) if rest[0] & 15 >= 5 => Next::EtherType(0x0800),
        Some(6) => Next::EtherType(0x86dd),
        Some(1) => Other::walk(walker, Registry::Guess, 1, "pseudowire-ach", 4, Next::Payload),
        Some(0) if is_ethernet(rest.get(4..).unwrap_or_default()) => {
            Other::walk(walker, Registry::Guess, 0, "pseudowire-control", 4, Next::Ethernet)
        }
        _ if is_ethernet(rest) => Next::Ethernet,
        _ => Next::Payload,
    }
}

/// True if these octets look like an Ethernet header: a known type or a fitting length, and a source that is no group.
fn is_ethernet(octets: &[u8]) -> bool {
    let Some(header) = octets.first_chunk::<14>() else {
        return false;
    };
    let number = be16(header, 12);
    let fits =
        if number < 0x0600 { usize::from(number) + 14 <= octets.len() } else { ether_type_name(number) != "unknown" };
    header[6] & 1 == 0 && fits
}

/// A GRE header: 4 octets, and 4 for each optional field.
#[derive(Clone, Copy, Debug)]
pub struct Gre<'a> {
    bytes: &'a [u8],
}

impl<'a> Gre<'a> {
    /// The octets of the header.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The first 16 bits: flags and version.
    pub fn flags(&self) -> u16 {
        be16(self.bytes, 0)
    }

    /// Version: 0, or 1 of PPTP (RFC 2637 §4.1).
    pub fn version(&self) -> u8 {
        (self.flags() & 7) as u8
    }

    /// EtherType of what follows.
    pub fn protocol_type(&self) -> u16 {
        be16(self.bytes, 2)
    }

    /// Checksum, if there is one.
    pub fn checksum(&self) -> Option<u16> {
        self.checksum_at().map(|at| be16(self.bytes, at))
    }

    /// Key, if there is one; in version 1 the upper half is the payload's length and the lower the call id.
    pub fn key(&self) -> Option<u32> {
        self.key_at().map(|at| be32(self.bytes, at))
    }

    /// Sequence number, if there is one.
    pub fn sequence(&self) -> Option<u32> {
        self.sequence_at().map(|at| be32(self.bytes, at))
    }

    /// Acknowledgment number of version 1, if there is one.
    pub fn acknowledgment(&self) -> Option<u32> {
        self.acknowledgment_at().map(|at| be32(self.bytes, at))
    }

    pub(super) fn checksum_at(&self) -> Option<usize> {
        (self.flags() & 0x8000 != 0).then_some(4)
    }

    pub(super) fn key_at(&self) -> Option<usize> {
        (self.flags() & 0x2000 != 0).then_some(if self.flags() & 0xc000 != 0 { 8 } else { 4 })
    }

    pub(super) fn sequence_at(&self) -> Option<usize> {
        (self.flags() & 0x1000 != 0).then(|| {
            4 + if self.flags() & 0xc000 != 0 { 4 } else { 0 } + if self.flags() & 0x2000 != 0 { 4 } else { 0 }
        })
    }

    pub(super) fn acknowledgment_at(&self) -> Option<usize> {
        (self.version() == 1 && self.flags() & 0x0080 != 0)
            .then(|| 4 + (self.flags() & 0x3000).count_ones() as usize * 4)
    }
}

pub(super) fn walk_gre(walker: &mut Walker<'_>) -> Next {
    let Some(fixed) = walker.header(LayerKind::Gre, 4) else {
        return Next::Stop;
    };
    let flags = be16(fixed, 0);
    let version = flags & 7;
    if version > 1 {
        walker.issue(IssueCode::BadVersion, LayerKind::Gre, 1, usize::from(version), 0);
        return Next::Stop;
    }
    let mut len = 4 + if flags & 0xc000 != 0 { 4 } else { 0 } + (flags & 0x3000).count_ones() as usize * 4;
    if version == 1 && flags & 0x0080 != 0 {
        len += 4;
    }
    if flags & 0x4000 != 0 {
        // Source route entries follow, each with its length, the last empty (RFC 1701).
        loop {
            let Some(entry) = walker.rest().get(len..len + 4) else {
                walker.lacks(LayerKind::Gre, len + 4);
                return Next::Stop;
            };
            len += 4 + usize::from(entry[3]);
            if be16(entry, 0) == 0 && entry[3] == 0 {
                break;
            }
        }
    }
    let Some(bytes) = walker.header(LayerKind::Gre, len) else {
        return Next::Stop;
    };
    let gre = Gre { bytes };
    if version == 1 && gre.key().is_some() {
        let payload_len = gre.key().unwrap_or_default() >> 16;
        walker.narrow(LayerKind::Gre, len + payload_len as usize);
    }
    walker.push(Layer::Gre(gre), len);
    let protocol = gre.protocol_type();
    match protocol {
        0x880b if version == 1 && walker.rest_len() == 0 => Next::Payload,
        0x880b => Next::Ppp,
        // Type II has a header of 8 octets and numbers its packets; type I has neither (draft-foschiano-erspan).
        0x88be if gre.sequence().is_some() => {
            Other::walk(walker, Registry::EtherType, protocol, "erspan", 8, Next::Ethernet)
        }
        0x88be => Other::walk(walker, Registry::EtherType, protocol, "erspan", 0, Next::Ethernet),
        0x22eb => {
            // Type III: 12 octets, 8 more if their last bit is set; 5 bits of the eleventh tell what follows.
            let (kind, last) = walker.rest().get(10..12).map_or((0, 0), |octets| (octets[0] >> 2 & 31, octets[1]));
            let next = match kind {
                0 => Next::Ethernet,
                2 => Next::Ip,
                _ => Next::Payload,
            };
            Other::walk(walker, Registry::EtherType, protocol, "erspan", if last & 1 == 1 { 20 } else { 12 }, next)
        }
        // WCCP redirects packets, its second version with a header in front that no IP header looks like.
        0x883e if walker.rest().first().is_some_and(|octet| octet >> 4 == 4) => Next::EtherType(0x0800),
        0x883e => Other::walk(walker, Registry::EtherType, protocol, "wccp", 4, Next::EtherType(0x0800)),
        0x0600.. => Next::EtherType(protocol),
        _ => Other::walk(walker, Registry::EtherType, protocol, ether_type_name(protocol), 0, Next::Payload),
    }
}

/// A VXLAN header: 8 octets.
#[derive(Clone, Copy, Debug)]
pub struct Vxlan<'a> {
    bytes: &'a [u8],
}

impl<'a> Vxlan<'a> {
    /// The octets of the header.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Flags; 0x08 says that the network id counts.
    pub fn flags(&self) -> u8 {
        self.bytes[0]
    }

    /// VXLAN network identifier, 24 bits.
    pub fn vni(&self) -> u32 {
        be32(self.bytes, 4) >> 8
    }
}

/// True if a UDP payload looks like VXLAN: the network id counts and the reserved octet behind it is 0 (RFC 7348 §5).
fn is_vxlan(octets: &[u8]) -> bool {
    octets.len() >= 8 && octets[0] & 0x08 != 0 && octets[7] == 0
}

/// A Geneve header: 8 to 260 octets.
#[derive(Clone, Copy, Debug)]
pub struct Geneve<'a> {
    bytes: &'a [u8],
}

impl<'a> Geneve<'a> {
    /// The octets of the header, options included.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Octets of the options.
    pub fn options_len(&self) -> usize {
        usize::from(self.bytes[0] & 0x3f) * 4
    }

    /// True if the packet is for the end point itself (O).
    pub fn is_control(&self) -> bool {
        self.bytes[1] & 0x80 != 0
    }

    /// True if an option must be understood (C).
    pub fn has_critical_options(&self) -> bool {
        self.bytes[1] & 0x40 != 0
    }

    /// EtherType of what follows.
    pub fn protocol_type(&self) -> u16 {
        be16(self.bytes, 2)
    }

    /// Virtual network identifier, 24 bits.
    pub fn vni(&self) -> u32 {
        be32(self.bytes, 4) >> 8
    }
}

/// True if a UDP payload looks like MPLS (RFC 7510 §3): entries that are alive, of which one ends the stack.
fn is_labelled(octets: &[u8]) -> bool {
    let mut entries = octets.chunks_exact(4);
    entries.by_ref().take_while(|entry| entry[3] != 0).any(|entry| entry[2] & 1 == 1)
}

/// What a UDP datagram to this port carries, if it is a tunnel whose header is really there.
pub(super) fn behind_udp(destination_port: u16, payload: &[u8]) -> Next {
    match destination_port {
        4789 if is_vxlan(payload) => Next::Vxlan,
        6081 if payload.len() >= 8 && payload[0] >> 6 == 0 && be16(payload, 2) >= 0x0600 => Next::Geneve,
        6635 if is_labelled(payload) => Next::Mpls,
        _ => Next::Payload,
    }
}

pub(super) fn walk_vxlan(walker: &mut Walker<'_>) -> Next {
    let Some(bytes) = walker.header(LayerKind::Vxlan, 8) else {
        return Next::Stop;
    };
    walker.push(Layer::Vxlan(Vxlan { bytes }), 8);
    Next::Ethernet
}

pub(super) fn walk_geneve(walker: &mut Walker<'_>) -> Next {
    let len = walker.rest().first().map_or(8, |first| 8 + usize::from(first & 0x3f) * 4);
    let Some(bytes) = walker.header(LayerKind::Geneve, len) else {
        return Next::Stop;
    };
    let geneve = Geneve { bytes };
    walker.push(Layer::Geneve(geneve), len);
    Next::EtherType(geneve.protocol_type())
}

/// EtherIP (RFC 3378): two octets, then an Ethernet frame.
pub(super) fn walk_etherip(walker: &mut Walker<'_>) -> Next {
    Other::walk(walker, Registry::IpProtocol, 97, "etherip", 2, Next::Ethernet)
}
