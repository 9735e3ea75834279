//! Where the headers lie: per link type, and moved by the words `vlan`, `mpls`, `pppoes` and `geneve`, each of which is
//! about the packet inside for all that follows it in the filter.

use super::values::{Place, Val, Values};
use crate::wire::LinkType;

/// The EtherType of a whole Ethernet frame in a tunnel (RFC 8926 §3.4, "Trans Ether Bridging").
pub(super) const TRANSPARENT_ETHERNET: u32 = 0x6558;

/// The kind of link header that a filter sees at one point of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Ethernet,
    /// BSD loopback, in either byte order.
    Null,
    /// BSD loopback in network byte order.
    Loop,
    /// IPv4 or IPv6, told apart by the version.
    Raw,
    Ipv4,
    Ipv6,
    Sll,
    Sll2,
    /// PPP in a PPPoE session.
    Ppp,
}

impl Link {
    /// The link of a capture; `None` for those that have no capture filters here.
    pub(super) fn of(link: LinkType) -> Option<Link> {
        Some(match link {
            LinkType::ETHERNET => Link::Ethernet,
            LinkType::NULL => Link::Null,
            LinkType::LOOP => Link::Loop,
            // 12 and 14 are what BSD systems write into files for the same thing.
            LinkType::RAW | LinkType(12 | 14) => Link::Raw,
            LinkType::IPV4 => Link::Ipv4,
            LinkType::IPV6 => Link::Ipv6,
            LinkType::LINUX_SLL => Link::Sll,
            LinkType::LINUX_SLL2 => Link::Sll2,
            _ => return None,
        })
    }

    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Link::Ethernet => "Ethernet",
            Link::Null | Link::Loop => "BSD loopback",
            Link::Raw => "raw IP",
            Link::Ipv4 => "raw IPv4",
            Link::Ipv6 => "raw IPv6",
            Link::Sll => "Linux cooked",
            Link::Sll2 => "Linux cooked (v2)",
            Link::Ppp => "PPP",
        }
    }
}

/// Where the headers begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub link: Link,
    /// Start of the link header.
    pub link_header: Place,
    /// The field that says which protocol follows; on raw links the first octet.
    pub link_type: Place,
    /// End of the link header (where an LLC header would begin).
    pub payload: Place,
    /// The network header, counted from `payload`: moved by MPLS labels.
    pub network: u32,
    /// The network header behind an LLC header without SNAP, counted from `payload`.
    pub network_after_llc: u32,
    /// VLAN tags passed so far.
    pub vlans: u32,
    /// MPLS labels passed so far.
    pub labels: u32,
    /// The protocol field of the Geneve header that was passed last. What it carries may have an Ethernet header, or none.
    pub geneve_protocol: Option<Val>,
    /// True as long as nothing is passed but tags and labels: the headers are those of the captured link itself.
    pub is_outermost: bool,
}

impl Layout {
    pub(super) fn of(link: Link) -> Layout {
        let (link_type, payload, network_after_llc) = match link {
            Link::Ethernet => (12, 14, 3),
            Link::Null | Link::Loop => (0, 4, 0),
            Link::Raw | Link::Ipv4 | Link::Ipv6 => (0, 0, 0),
            Link::Sll => (14, 16, 0),
            Link::Sll2 => (0, 20, 0),
            Link::Ppp => (0, 2, 0),
        };
        Layout {
            link,
            link_header: 0.into(),
            link_type: u32::into(link_type),
            payload: u32::into(payload),
            network: 0,
            network_after_llc,
            vlans: 0,
            labels: 0,
            geneve_protocol: None,
            is_outermost: true,
        }
    }

    /// The network header.
    pub(super) fn ip(&self) -> Place {
        self.payload + self.network
    }

    /// One VLAN tag further in.
    pub(super) fn enter_vlan(&mut self) {
        self.link_type = self.link_type + 4;
        self.payload = self.payload + 4;
        self.vlans += 1;
    }

    /// One MPLS label further in.
    pub(super) fn enter_mpls(&mut self) {
        self.network += 4;
        self.network_after_llc += 4;
        self.labels += 1;
    }

    /// Into the PPP frame of a PPPoE session: six octets of PPPoE header, then two of protocol (RFC 2516 §4).
    pub(super) fn enter_pppoe(&mut self) {
        let ppp = self.payload + self.network + 6;
        *self =
            Layout { link_header: ppp, link_type: ppp, payload: ppp + 2, is_outermost: false, ..Layout::of(Link::Ppp) };
    }

    /// Into what the Geneve header at `geneve` carries. Its protocol field is an EtherType, and so is all that can follow:
    /// where it announces an Ethernet frame, that frame's own EtherType counts (RFC 8926 §3.4).
    pub(super) fn enter_geneve(&mut self, values: &mut Values, geneve: Place) {
        let first = values.load(1, geneve);
        let words = values.masked(first, 0x3f);
        let options_len = values.times(words, 4);
        let end = values.behind(geneve + 8, options_len);
        let link_header = values.kept(end);
        let protocol = values.load(2, geneve + 2);
        let mut choose = |with: Place, without: Place| {
            let (with, without) = (values.number_of(with), values.number_of(without));
            let chosen = values.choose(protocol, TRANSPARENT_ETHERNET, with, without);
            values.kept(Place { base: Some(chosen), offset: 0 })
        };
        let link_type = choose(link_header + 12, geneve + 2);
        let payload = choose(link_header + 14, link_header);
        *self = Layout {
            link_header,
            link_type,
            payload,
            geneve_protocol: Some(protocol),
            is_outermost: false,
            ..Layout::of(Link::Ethernet)
        };
    }
}
