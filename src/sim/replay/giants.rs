//! Offloaded giants: TCP segments that the capturing host had not cut yet, or had joined again, and that no link could
//! carry (R8).

use crate::sim::frame::{ETHERNET_HEADER_LEN, TAG_LEN};
use crate::sim::stack::octets::{checksum, transport_checksum};
use crate::wire::{self, Layer, LinkType};

/// What is done with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Offload {
    /// They are cut into segments as a card would do.
    #[default]
    Split,
    /// They enter as they are; the first link that cannot carry them drops them.
    Keep,
    /// They do not enter.
    Drop,
}

/// True if the frame is longer than a link of this MTU may carry.
pub(super) fn is_too_long(octets: &[u8], mtu: u16) -> bool {
    octets.len() > usize::from(mtu) + ETHERNET_HEADER_LEN && {
        let mut tags = 0;
        while matches!(octets.get(12 + tags..14 + tags), Some([0x81, 0x00] | [0x88, 0xa8])) {
            tags += TAG_LEN;
        }
        octets.len() > usize::from(mtu) + ETHERNET_HEADER_LEN + tags
    }
}

/// Cuts a TCP segment into several that fit the MTU, as a card with TCP segmentation does: sequence numbers and IPv4
/// identifications go up, FIN and PSH stay with the last one, CWR with the first. `None` if it is no TCP segment whose
/// headers can be followed.
pub(super) fn split(octets: &[u8], mtu: u16) -> Option<Vec<Vec<u8>>> {
    let frame = wire::decode(LinkType::ETHERNET, octets, octets.len() as u32);
    let mut ip = None;
    let mut tcp = None;
    for located in frame.layers() {
        match located.layer {
            Layer::Ipv4(view) if ip.is_none() && !view.is_fragment() => ip = Some((located.start as usize, true)),
            Layer::Ipv6(_) if ip.is_none() => ip = Some((located.start as usize, false)),
            Layer::Tcp(view) if tcp.is_none() && ip.is_some() => {
                tcp = Some((located.start as usize, view.header_len(), view.payload().len()));
            }
            Layer::Ethernet(_) | Layer::Vlan(_) | Layer::Ipv6Extension(_) => {}
            _ => return None,
        }
    }
    let ((ip_at, is_v4), (tcp_at, tcp_header, payload_len)) = (ip?, tcp?);
    let data_at = tcp_at + tcp_header;
    let room = (usize::from(mtu)).checked_sub(data_at - ip_at).filter(|room| *room > 0)?;
    if tcp_header < 20 || payload_len == 0 || data_at + payload_len > octets.len() {
        return None;
    }
    let ends = frame.ip().map(|ip| (ip.source(), ip.destination()))?;
    let sequence = u32::from_be_bytes(octets[tcp_at + 4..tcp_at + 8].try_into().ok()?);
    let identification = u16::from_be_bytes([octets[ip_at + 4], octets[ip_at + 5]]);
    let data = &octets[data_at..data_at + payload_len];
    let count = data.chunks(room).len();
    let mut pieces = Vec::with_capacity(count);
    for (index, chunk) in data.chunks(room).enumerate() {
        let mut piece = octets[..data_at].to_vec();
        piece.extend_from_slice(chunk);
        let len = piece.len() - ip_at;
        let offset = (index * room) as u32;
        piece[tcp_at + 4..tcp_at + 8].copy_from_slice(&sequence.wrapping_add(offset).to_be_bytes());
        if index + 1 < count {
            piece[tcp_at + 13] &= !0x09;
        }
        if index > 0 {
            piece[tcp_at + 13] &= !0x80;
        }
        if is_v4 {
            piece[ip_at + 2..ip_at + 4].copy_from_slice(&(len as u16).to_be_bytes());
            let own = identification.wrapping_add(index as u16);
            piece[ip_at + 4..ip_at + 6].copy_from_slice(&own.to_be_bytes());
            piece[ip_at + 10..ip_at + 12].fill(0);
            let header_len = usize::from(piece[ip_at] & 15) * 4;
            let sum = checksum(&piece[ip_at..ip_at + header_len]);
            piece[ip_at + 10..ip_at + 12].copy_from_slice(&sum.to_be_bytes());
        } else {
            piece[ip_at + 4..ip_at + 6].copy_from_slice(&((len - 40) as u16).to_be_bytes());
        }
        // Giants are captured before their checksums are made, so the sums are made here.
        piece[tcp_at + 16..tcp_at + 18].fill(0);
        let sum = transport_checksum(ends.0, ends.1, 6, &piece[tcp_at..]);
        piece[tcp_at + 16..tcp_at + 18].copy_from_slice(&sum.to_be_bytes());
        pieces.push(piece);
    }
    Some(pieces)
}
