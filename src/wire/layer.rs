//! The layers of a frame: what each can be, and what it is called.

use super::{
    Arp, CutHeader, CutTransport, Ethernet, Geneve, Gre, Icmpv4, Icmpv6, Igmp, Ipv4, Ipv6, Ipv6Extension, Llc,
    Loopback, Mpls, Other, Ppp, Pppoe, Sll, Stp, Tcp, Udp, Vlan, Vxlan,
};

/// A layer and where its header lies.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// The layer.
    pub layer: Layer<'a>,
    /// First octet of its header, from the start of the frame.
    pub start: u32,
    /// Octets of its header that were captured.
    pub header_len: u32,
}

/// One layer of a frame.
#[derive(Clone, Copy, Debug)]
pub enum Layer<'a> {
    /// Ethernet II or 802.3 header.
    Ethernet(Ethernet<'a>),
    /// Linux cooked header, either version.
    Sll(Sll<'a>),
    /// BSD loopback header, NULL or LOOP.
    Loopback(Loopback),
    /// 802.1Q or 802.1ad tag.
    Vlan(Vlan<'a>),
    /// 802.2 LLC header, with SNAP if there is one.
    Llc(Llc<'a>),
    /// Spanning tree BPDU.
    Stp(Stp<'a>),
    /// PPPoE header.
    Pppoe(Pppoe<'a>),
    /// PPP protocol number.
    Ppp(Ppp),
    /// MPLS label stack entry.
    Mpls(Mpls),
    /// ARP packet.
    Arp(Arp<'a>),
    /// IPv4 header.
    Ipv4(Ipv4<'a>),
    /// IPv6 header.
    Ipv6(Ipv6<'a>),
    /// IPv6 extension header, or an authentication header of IPv4.
    Ipv6Extension(Ipv6Extension<'a>),
    /// ICMP message.
    Icmpv4(Icmpv4<'a>),
    /// ICMPv6 message.
    Icmpv6(Icmpv6<'a>),
    /// IGMP message.
    Igmp(Igmp<'a>),
    /// UDP header.
    Udp(Udp<'a>),
    /// TCP header.
    Tcp(Tcp<'a>),
    /// GRE header.
    Gre(Gre<'a>),
    /// VXLAN header.
    Vxlan(Vxlan<'a>),
    /// Geneve header.
    Geneve(Geneve<'a>),
    /// The beginning of a TCP or UDP header of which too little is there.
    CutTransport(CutTransport<'a>),
    /// The beginning of some other header of which too little is there.
    CutHeader(CutHeader<'a>),
    /// A protocol known by name only.
    Other(Other),
}

/// The kind of a layer, for names and comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum LayerKind {
    Frame,
    Ethernet,
    Sll,
    Loopback,
    Vlan,
    Llc,
    Stp,
    Pppoe,
    Ppp,
    Mpls,
    Arp,
    Ipv4,
    Ipv6,
    Ipv6Extension,
    Icmpv4,
    Icmpv6,
    Igmp,
    Udp,
    Tcp,
    Gre,
    Vxlan,
    Geneve,
    Other,
}

impl LayerKind {
    /// The stable name, as in `layers` of the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            LayerKind::Frame => "frame",
            LayerKind::Ethernet => "ethernet",
            LayerKind::Sll => "linux-sll",
            LayerKind::Loopback => "loopback",
            LayerKind::Vlan => "vlan",
            LayerKind::Llc => "llc",
            LayerKind::Stp => "stp",
            LayerKind::Pppoe => "pppoe",
            LayerKind::Ppp => "ppp",
            LayerKind::Mpls => "mpls",
            LayerKind::Arp => "arp",
            LayerKind::Ipv4 => "ipv4",
            LayerKind::Ipv6 => "ipv6",
            LayerKind::Ipv6Extension => "ipv6-extension",
            LayerKind::Icmpv4 => "icmpv4",
            LayerKind::Icmpv6 => "icmpv6",
            LayerKind::Igmp => "igmp",
            LayerKind::Udp => "udp",
            LayerKind::Tcp => "tcp",
            LayerKind::Gre => "gre",
            LayerKind::Vxlan => "vxlan",
            LayerKind::Geneve => "geneve",
            LayerKind::Other => "other",
        }
    }
}

impl Layer<'_> {
    /// The kind of this layer.
    #[inline]
    pub const fn kind(&self) -> LayerKind {
        match self {
            Layer::Ethernet(_) => LayerKind::Ethernet,
            Layer::Sll(_) => LayerKind::Sll,
            Layer::Loopback(_) => LayerKind::Loopback,
            Layer::Vlan(_) => LayerKind::Vlan,
            Layer::Llc(_) => LayerKind::Llc,
            Layer::Stp(_) => LayerKind::Stp,
            Layer::Pppoe(_) => LayerKind::Pppoe,
            Layer::Ppp(_) => LayerKind::Ppp,
            Layer::Mpls(_) => LayerKind::Mpls,
            Layer::Arp(_) => LayerKind::Arp,
            Layer::Ipv4(_) => LayerKind::Ipv4,
            Layer::Ipv6(_) => LayerKind::Ipv6,
            Layer::Ipv6Extension(_) => LayerKind::Ipv6Extension,
            Layer::Icmpv4(_) => LayerKind::Icmpv4,
            Layer::Icmpv6(_) => LayerKind::Icmpv6,
            Layer::Igmp(_) => LayerKind::Igmp,
            Layer::Udp(_) => LayerKind::Udp,
            Layer::Tcp(_) => LayerKind::Tcp,
            Layer::Gre(_) => LayerKind::Gre,
            Layer::Vxlan(_) => LayerKind::Vxlan,
            Layer::Geneve(_) => LayerKind::Geneve,
            Layer::CutTransport(cut) => {
                if cut.protocol == 6 {
                    LayerKind::Tcp
                } else {
                    LayerKind::Udp
                }
            }
            Layer::CutHeader(cut) => cut.kind,
            Layer::Other(_) => LayerKind::Other,
        }
    }

    /// The name of this layer, as in `layers` of the JSON; names a protocol that is known by name only.
    pub const fn name(&self) -> &'static str {
        match self {
            Layer::Other(other) => other.name,
            Layer::Ipv6Extension(extension) => extension.kind.name(),
            _ => self.kind().name(),
        }
    }
}
