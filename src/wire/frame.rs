//! A decoded frame: its layers from the outermost to the innermost, and quick ways to the ones that are asked for most.

use std::cell::OnceCell;
use std::net::IpAddr;
use std::ops::Range;

use smallvec::SmallVec;

use super::layer::{Layer, LayerKind, Located};
use super::plain;
use super::{Arp, Ethernet, Icmpv4, Icmpv6, Igmp, Ipv4, Ipv6, Issue, PlainV4, Stp, Tcp, Udp, Vlan};

/// Index of a layer that is not there.
const NONE: u8 = u8::MAX;

/// The layers of one frame. Every layer borrows from `bytes`.
#[derive(Debug)]
pub struct Frame<'a> {
    bytes: &'a [u8],
    wire_len: u32,
    /// Those of a plain frame are made when somebody asks for them: what is asked most is told without.
    layers: OnceCell<Layers<'a>>,
    issues: SmallVec<[Issue; 1]>,
    payload: Range<u32>,
    payload_len: u32,
    trailer_len: u32,
    ip: u8,
    transport: u8,
    /// A bit for each [`LayerKind`] that is there: most questions are about layers that most frames do not have.
    kinds: u32,
    /// True if an IPv4 header says that it carries a piece of a datagram.
    has_ipv4_piece: bool,
    is_plain: bool,
}

/// The layers of one frame.
pub(super) type Layers<'a> = SmallVec<[Located<'a>; 6]>;

pub(super) const fn bit(kind: LayerKind) -> u32 {
    1 << kind as u32
}

/// The innermost IP header, whichever version.
#[derive(Clone, Copy, Debug)]
pub enum IpView<'a> {
    /// IPv4.
    V4(Ipv4<'a>),
    /// IPv6.
    V6(Ipv6<'a>),
}

/// What a packet says of its place in a fragmented datagram (RFC 791 §3.1, RFC 8200 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpFragment {
    /// Identification: 16 bits in IPv4, 32 in IPv6.
    pub identification: u32,
    /// Offset of this piece in octets.
    pub offset: u32,
    /// True unless this is the last piece.
    pub more_fragments: bool,
    /// Octets of this piece, as its headers say.
    pub len: u32,
}

impl IpView<'_> {
    /// Source address.
    #[inline]
    pub fn source(&self) -> IpAddr {
        match self {
            IpView::V4(ip) => IpAddr::V4(ip.source()),
            IpView::V6(ip) => IpAddr::V6(ip.source()),
        }
    }

    /// Destination address.
    #[inline]
    pub fn destination(&self) -> IpAddr {
        match self {
            IpView::V4(ip) => IpAddr::V4(ip.destination()),
            IpView::V6(ip) => IpAddr::V6(ip.destination()),
        }
    }

    /// TTL or hop limit.
    #[inline]
    pub fn hop_limit(&self) -> u8 {
        match self {
            IpView::V4(ip) => ip.ttl(),
            IpView::V6(ip) => ip.hop_limit(),
        }
    }

    /// Octets of the whole packet, header included, as the header says.
    #[inline]
    pub fn total_len(&self) -> u32 {
        match self {
            IpView::V4(ip) => ip.header_len() as u32 + ip.payload_len(),
            IpView::V6(ip) => 40 + ip.payload_len(),
        }
    }
}

impl<'a> Frame<'a> {
    /// A frame of which only the octets are known.
    #[inline]
    pub(crate) fn empty(bytes: &'a [u8], wire_len: u32) -> Frame<'a> {
        Frame {
            bytes,
            wire_len,
            layers: OnceCell::from(SmallVec::new()),
            issues: SmallVec::new(),
            payload: 0..bytes.len() as u32,
            payload_len: wire_len,
            trailer_len: 0,
            ip: NONE,
            transport: NONE,
            kinds: 0,
            has_ipv4_piece: false,
            is_plain: false,
        }
    }

    /// A frame of the kind that comes most, see [`Frame::is_plain`].
    #[inline]
    pub(super) fn plain(
        bytes: &'a [u8],
        wire_len: u32,
        kinds: u32,
        payload: Range<u32>,
        payload_len: u32,
        trailer_len: u32,
    ) -> Frame<'a> {
        Frame {
            bytes,
            wire_len,
            layers: OnceCell::new(),
            issues: SmallVec::new(),
            payload,
            payload_len,
            trailer_len,
            ip: 1,
            transport: 2,
            kinds,
            has_ipv4_piece: false,
            is_plain: true,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, located: Located<'a>) {
        let Some(layers) = self.layers.get_mut() else { return };
        let index = layers.len() as u8;
        self.kinds |= bit(located.layer.kind());
        match located.layer {
            Layer::Ipv4(ip) => {
                self.ip = index;
                self.transport = NONE;
                self.has_ipv4_piece |= ip.is_fragment();
            }
            Layer::Ipv6(_) => {
                self.ip = index;
                self.transport = NONE;
            }
            Layer::Tcp(_) | Layer::Udp(_) | Layer::Icmpv4(_) | Layer::Icmpv6(_) | Layer::CutTransport(_) => {
                self.transport = index;
            }
            _ => {}
        }
        layers.push(located);
    }

    pub(super) fn push_issue(&mut self, issue: Issue) {
        if self.issues.len() < crate::base::limits::MAX_ISSUES {
            self.issues.push(issue);
        }
    }

    #[inline]
    pub(super) fn set_payload(&mut self, range: Range<u32>, payload_len: u32) {
        self.payload = range;
        self.payload_len = payload_len;
    }

    #[inline]
    pub(super) fn set_trailer(&mut self, trailer_len: u32) {
        self.trailer_len = trailer_len;
    }

    /// True for frames of the kind that comes most: their layers are exactly Ethernet, IPv4 without options or IPv6, and TCP
    /// or UDP; none of the headers is cut, none holds a piece of a datagram, and there are no issues. Whoever has little to
    /// do for those asks this first.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// The beginning of a plain frame, if it is one over IPv4.
    #[inline]
    pub fn plain_v4(&self) -> Option<PlainV4<'a>> {
        if self.is_plain && self.has(LayerKind::Ipv4) { PlainV4::of(self.bytes) } else { None }
    }

    /// All captured octets of the frame.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Octets the frame had on the wire.
    #[inline]
    pub fn wire_len(&self) -> u32 {
        self.wire_len
    }

    /// True if fewer octets were captured than there were on the wire.
    #[inline]
    pub fn was_cut(&self) -> bool {
        (self.bytes.len() as u64) < u64::from(self.wire_len)
    }

    /// The layers, outermost first.
    #[inline]
    pub fn layers(&self) -> &[Located<'a>] {
        self.layers.get_or_init(|| plain::layers(self))
    }

    /// What was wrong, in the order it was met.
    #[inline]
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// Captured octets of the innermost payload; fewer than [`Frame::payload_len`] if they were cut.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.bytes.get(self.payload.start as usize..self.payload.end as usize).unwrap_or_default()
    }

    /// Where the captured octets of the innermost payload lie in the frame.
    #[inline]
    pub fn payload_range(&self) -> Range<usize> {
        self.payload.start as usize..self.payload.end as usize
    }

    /// Octets of the innermost payload as the headers say, captured or not.
    #[inline]
    pub fn payload_len(&self) -> u32 {
        self.payload_len
    }

    /// Octets of the frame after the end of the network packet: Ethernet padding and trailers, never payload.
    #[inline]
    pub fn trailer_len(&self) -> u32 {
        self.trailer_len
    }

    /// True if there is a layer of that kind, whole or cut.
    #[inline]
    pub fn has(&self, kind: LayerKind) -> bool {
        self.kinds & bit(kind) != 0
    }

    /// True if some IP header, not only the innermost, may carry a piece of a datagram.
    #[inline]
    pub fn may_be_piece(&self) -> bool {
        self.has_ipv4_piece || self.has(LayerKind::Ipv6Extension)
    }

    /// The innermost layer that `pick` accepts.
    fn last<T>(&self, pick: impl Fn(&Layer<'a>) -> Option<T>) -> Option<T> {
        self.layers().iter().rev().find_map(|located| pick(&located.layer))
    }

    /// The innermost Ethernet header.
    #[inline]
    pub fn ethernet(&self) -> Option<Ethernet<'a>> {
        if self.is_plain {
            return Some(plain::ethernet(self));
        }
        self.last(|layer| match layer {
            Layer::Ethernet(ethernet) => Some(*ethernet),
            _ => None,
        })
    }

    /// The outermost Ethernet header: the one of the link that was captured.
    #[inline]
    pub fn outer_ethernet(&self) -> Option<Ethernet<'a>> {
        if self.is_plain {
            return Some(plain::ethernet(self));
        }
        match &self.layers().first()?.layer {
            Layer::Ethernet(ethernet) => Some(*ethernet),
            _ => None,
        }
    }

    /// The VLAN tags, outermost first.
    #[inline]
    pub fn vlans(&self) -> impl Iterator<Item = Vlan<'a>> + '_ {
        let layers = if self.has(LayerKind::Vlan) { self.layers() } else { &[] };
        layers.iter().filter_map(|located| match located.layer {
            Layer::Vlan(vlan) => Some(vlan),
            _ => None,
        })
    }

    /// The innermost ARP packet.
    #[inline]
    pub fn arp(&self) -> Option<Arp<'a>> {
        if !self.has(LayerKind::Arp) {
            return None;
        }
        self.last(|layer| match layer {
            Layer::Arp(arp) => Some(*arp),
            _ => None,
        })
    }

    /// The innermost spanning tree BPDU.
    #[inline]
    pub fn stp(&self) -> Option<Stp<'a>> {
        self.last(|layer| match layer {
            Layer::Stp(stp) => Some(*stp),
            _ => None,
        })
    }

    /// The IGMP message of the innermost IP packet.
    #[inline]
    pub fn igmp(&self) -> Option<Igmp<'a>> {
        self.last(|layer| match layer {
            Layer::Igmp(igmp) => Some(*igmp),
            _ => None,
        })
    }

    /// The innermost IP header.
    #[inline]
    pub fn ip(&self) -> Option<IpView<'a>> {
        if self.is_plain {
            return Some(plain::ip(self));
        }
        match &self.layers().get(usize::from(self.ip))?.layer {
            Layer::Ipv4(ip) => Some(IpView::V4(*ip)),
            Layer::Ipv6(ip) => Some(IpView::V6(*ip)),
            _ => None,
        }
    }

    /// The outermost IP header: the one that the link carries.
    #[inline]
    pub fn outer_ip(&self) -> Option<IpView<'a>> {
        if self.is_plain {
            return Some(plain::ip(self));
        }
        self.layers().iter().find_map(|located| match located.layer {
            Layer::Ipv4(ip) => Some(IpView::V4(ip)),
            Layer::Ipv6(ip) => Some(IpView::V6(ip)),
            _ => None,
        })
    }

    /// Index in [`Frame::layers`] of the innermost IP header.
    #[inline]
    pub fn ip_index(&self) -> Option<usize> {
        (self.ip != NONE).then_some(usize::from(self.ip))
    }

    /// The innermost IPv4 header, unless an IPv6 header lies further in.
    #[inline]
    pub fn ipv4(&self) -> Option<Ipv4<'a>> {
        match self.ip()? {
            IpView::V4(ip) => Some(ip),
            IpView::V6(_) => None,
        }
    }

    /// The innermost IPv6 header, unless an IPv4 header lies further in.
    #[inline]
    pub fn ipv6(&self) -> Option<Ipv6<'a>> {
        match self.ip()? {
            IpView::V6(ip) => Some(ip),
            IpView::V4(_) => None,
        }
    }

    /// The transport or ICMP layer of the innermost IP packet.
    #[inline]
    pub fn transport(&self) -> Option<Layer<'a>> {
        if self.is_plain { Some(plain::transport(self)) } else { self.upper().copied() }
    }

    /// The same of a frame that is not plain.
    #[inline]
    fn upper(&self) -> Option<&Layer<'a>> {
        self.layers().get(usize::from(self.transport)).map(|located| &located.layer)
    }

    /// Index in [`Frame::layers`] of the transport or ICMP layer of the innermost IP packet.
    #[inline]
    pub fn transport_index(&self) -> Option<usize> {
        (self.transport != NONE).then_some(usize::from(self.transport))
    }

    /// The TCP header of the innermost IP packet.
    #[inline]
    pub fn tcp(&self) -> Option<Tcp<'a>> {
        if self.is_plain {
            return self.has(LayerKind::Tcp).then(|| plain::tcp(self));
        }
        match self.upper()? {
            Layer::Tcp(tcp) => Some(*tcp),
            _ => None,
        }
    }

    /// The UDP header of the innermost IP packet.
    #[inline]
    pub fn udp(&self) -> Option<Udp<'a>> {
        if self.is_plain {
            return self.has(LayerKind::Udp).then(|| plain::udp(self));
        }
        match self.upper()? {
            Layer::Udp(udp) => Some(*udp),
            _ => None,
        }
    }

    /// The ICMP message of the innermost IP packet.
    #[inline]
    pub fn icmpv4(&self) -> Option<Icmpv4<'a>> {
        if !self.has(LayerKind::Icmpv4) {
            return None;
        }
        match self.upper()? {
            Layer::Icmpv4(icmp) => Some(*icmp),
            _ => None,
        }
    }

    /// The ICMPv6 message of the innermost IP packet.
    #[inline]
    pub fn icmpv6(&self) -> Option<Icmpv6<'a>> {
        if !self.has(LayerKind::Icmpv6) {
            return None;
        }
        match self.upper()? {
            Layer::Icmpv6(icmp) => Some(*icmp),
            _ => None,
        }
    }

    /// Source and destination port of the innermost TCP or UDP header, also of one that is cut short.
    #[inline]
    pub fn ports(&self) -> Option<(u16, u16)> {
        if self.is_plain {
            return Some(plain::ports(self));
        }
        match self.upper()? {
            Layer::Tcp(tcp) => Some((tcp.source_port(), tcp.destination_port())),
            Layer::Udp(udp) => Some((udp.source_port(), udp.destination_port())),
            Layer::CutTransport(cut) => cut.ports(),
            _ => None,
        }
    }

    /// What the innermost IP packet says of its place in a fragmented datagram: `None` for a whole packet, and for an
    /// IPv6 atomic fragment (RFC 6946), which is whole too.
    #[inline]
    pub fn fragment(&self) -> Option<IpFragment> {
        if !self.may_be_piece() {
            return None;
        }
        match self.ip()? {
            IpView::V4(ip) if ip.is_fragment() => Some(IpFragment {
                identification: u32::from(ip.identification()),
                offset: ip.fragment_offset(),
                more_fragments: ip.more_fragments(),
                len: ip.payload_len(),
            }),
            IpView::V4(_) => None,
            IpView::V6(_) => self.layers()[usize::from(self.ip)..]
                .iter()
                .find_map(|located| match located.layer {
                    Layer::Ipv6Extension(extension) => extension.fragment(),
                    _ => None,
                })
                .filter(|fragment| fragment.offset != 0 || fragment.more_fragments),
        }
    }
}
