//! A fragment as it stands in a packet: its key, its place in the datagram, and its octets.

use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;

use foldhash::fast::FixedState;

use crate::packet::Packet;
use crate::wire::{Frame, IpFragment, IpView, Layer, Located};

use super::policy::Extent;

/// What the pieces of one datagram have in common (rule FR1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) identification: u32,
    /// IPv4 tells datagrams of different protocols apart (RFC 791 §3.2), IPv6 does not (RFC 8200 §4.5).
    pub(super) protocol: Option<u8>,
    /// Private addresses may be used once in every VLAN.
    pub(super) vlan: u16,
    /// Digest of the addresses of the IP headers further out; 0 if there is none.
    pub(super) tunnel: u64,
}

/// A fragment of a packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) key: Key,
    pub(super) ip: IpView<'a>,
    /// Protocol of the datagram, as this piece says.
    pub(super) protocol: u8,
    pub(super) extent: Extent,
    pub(super) more_fragments: bool,
    /// Captured octets of the piece; fewer than its extent if they were cut.
    pub(super) data: &'a [u8],
    /// What stands before the piece and stays with the whole datagram: the IP header, and in IPv6 the extension headers
    /// up to the fragment header.
    pub(super) header: &'a [u8],
    /// In IPv6, where in `header` the number of the fragment header stands.
    pub(super) next_header_at: usize,
    /// True if the IP header of the fragment is the innermost one, so that the frame's transport belongs to it.
    pub(super) is_innermost: bool,
}

/// The outermost IP header that says it carries a piece.
pub(super) fn find<'a>(packet: &Packet<'a>) -> Option<Seen<'a>> {
    let frame = &packet.frame;
    if !frame.may_be_piece() {
        return None;
    }
    let layers = frame.layers();
    let mut ip_index = None;
    for (index, located) in layers.iter().enumerate() {
        match located.layer {
            Layer::Ipv4(ip) if ip.is_fragment() => {
                let fragment = IpFragment {
                    identification: u32::from(ip.identification()),
                    offset: ip.fragment_offset(),
                    more_fragments: ip.more_fragments(),
                    len: ip.payload_len(),
                };
                let view = IpView::V4(ip);
                let key = key(frame, index, view, fragment, Some(ip.protocol()));
                return Some(Seen {
                    key,
                    ip: view,
                    protocol: ip.protocol(),
                    extent: extent(fragment),
                    more_fragments: fragment.more_fragments,
                    data: ip.payload(),
                    header: ip.bytes(),
                    next_header_at: 9,
                    is_innermost: frame.ip_index() == Some(index),
                });
            }
            Layer::Ipv4(_) => ip_index = Some(index),
            Layer::Ipv6(_) => ip_index = Some(index),
            Layer::Ipv6Extension(extension) => {
                let (Some(fragment), Some(ip_at)) = (extension.fragment(), ip_index) else { continue };
                let Layer::Ipv6(ip) = layers[ip_at].layer else { continue };
                if fragment.offset == 0 && !fragment.more_fragments {
                    // Atomic: whole, and never joined with others of the same identification (RFC 6946).
                    continue;
                }
                let view = IpView::V6(ip);
                let (ip_start, start) = (layers[ip_at].start as usize, located.start as usize);
                let data_start = start + 8;
                let data_end = (data_start + fragment.len as usize).min(frame.bytes().len());
                return Some(Seen {
                    key: key(frame, ip_at, view, fragment, None),
                    ip: view,
                    protocol: extension.next_header(),
                    extent: extent(fragment),
                    more_fragments: fragment.more_fragments,
                    data: frame.bytes().get(data_start..data_end).unwrap_or_default(),
                    header: frame.bytes().get(ip_start..start).unwrap_or_default(),
                    next_header_at: next_header_at(&layers[ip_at..index], ip_start),
                    is_innermost: frame.ip_index() == Some(ip_at),
                });
            }
            _ => {}
        }
    }
    None
}

/// The key of the fragment that an ICMP error quotes.
pub(super) fn quoted_key(quoted: &Frame<'_>) -> Option<Key> {
    let fragment = quoted.fragment()?;
    let index = quoted.ip_index()?;
    let ip = quoted.ip()?;
    let protocol = match ip {
        IpView::V4(ip) => Some(ip.protocol()),
        IpView::V6(_) => None,
    };
    Some(key(quoted, index, ip, fragment, protocol))
}

fn extent(fragment: IpFragment) -> Extent {
    Extent { start: fragment.offset, end: fragment.offset + fragment.len }
}

fn key(frame: &Frame<'_>, index: usize, ip: IpView<'_>, fragment: IpFragment, protocol: Option<u8>) -> Key {
    let outer = &frame.layers()[..index];
    let is_private = match ip {
        IpView::V4(ip) => ip.source().is_private() || ip.destination().is_private(),
        IpView::V6(_) => false,
    };
    let vlan = outer.iter().rev().find_map(|located| match located.layer {
        Layer::Vlan(vlan) => Some(vlan.vid()),
        _ => None,
    });
    Key {
        source: ip.source(),
        destination: ip.destination(),
        identification: fragment.identification,
        protocol,
        vlan: vlan.filter(|_| is_private).unwrap_or(0),
        tunnel: tunnel(outer),
    }
}

/// Digest of the addresses of the IP headers around the innermost one; 0 if there is none.
pub(super) fn tunnel_of(frame: &Frame<'_>) -> u64 {
    if frame.is_plain() {
        return 0;
    }
    frame.ip_index().map_or(0, |index| tunnel(&frame.layers()[..index]))
}

fn tunnel(outer: &[Located<'_>]) -> u64 {
    let addresses = outer.iter().filter_map(|located| match located.layer {
        Layer::Ipv4(ip) => ip.bytes().get(12..20),
        Layer::Ipv6(ip) => ip.bytes().get(8..40),
        _ => None,
    });
    let mut hasher = None;
    for octets in addresses {
        hasher.get_or_insert_with(|| FixedState::default().build_hasher()).write(octets);
    }
    hasher.map_or(0, |hasher| hasher.finish() | 1)
}

/// Where the header before the fragment header names it: octet 6 of the IPv6 header, or the first octet of the last
/// extension header in between.
fn next_header_at(before: &[Located<'_>], ip_start: usize) -> usize {
    match before.last() {
        Some(located) if before.len() > 1 => located.start as usize - ip_start,
        _ => 6,
    }
}
