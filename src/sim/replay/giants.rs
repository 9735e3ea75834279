//! Offloaded giants: TCP segments and trains of UDP datagrams that the capturing host had not cut yet, or had joined
//! again, and that no link could carry (R8).

use std::net::SocketAddr;

use super::Map;
use super::captured::Capture;
use crate::base::limits;
use crate::sim::frame::{ETHERNET_HEADER_LEN, TAG_LEN};
use crate::sim::stack::octets::{checksum, transport_checksum};
use crate::wire::{self, Frame, Layer, LinkType};

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

/// The datagrams of ordinary length in each direction of a UDP conversation: a giant of it was made of such.
#[derive(Debug, Default)]
pub(super) struct DatagramLens(Map<(SocketAddr, SocketAddr), usize>);

impl DatagramLens {
    /// The longest payload that fits the MTU, by sender and receiver.
    pub fn of(capture: &Capture, mtu: u16) -> DatagramLens {
        let mut lens = DatagramLens::default();
        for frame in capture.frames.iter().filter(|frame| !is_too_long(frame.octets(), mtu)) {
            let decoded = frame.decode();
            let (Some(udp), Some(flow)) = (decoded.udp(), flow(&decoded)) else { continue };
            if decoded.fragment().is_some() {
                continue;
            }
            let has_room = lens.0.len() < limits::MAX_REPLAY_STATIONS;
            if has_room || lens.0.contains_key(&flow) {
                let longest = lens.0.entry(flow).or_default();
                *longest = (*longest).max(udp.payload_len() as usize);
            }
        }
        lens
    }

    /// How long the datagrams of this frame's conversation usually are.
    pub fn usual(&self, frame: &Frame<'_>) -> Option<usize> {
        self.0.get(&flow(frame)?).copied().filter(|len| *len > 0)
    }
}

fn flow(frame: &Frame<'_>) -> Option<(SocketAddr, SocketAddr)> {
    let (ip, ports) = (frame.ip()?, frame.ports()?);
    Some((SocketAddr::new(ip.source(), ports.0), SocketAddr::new(ip.destination(), ports.1)))
}

/// Where the headers of a giant stand.
#[derive(Clone, Copy, Debug)]
struct Headers {
    ip: usize,
    is_v4: bool,
    transport: usize,
    is_tcp: bool,
    /// Where what is to be cut begins, and where it ends.
    data: (usize, usize),
}

impl Headers {
    /// `None` for what no card cuts: fragments, tunnels, other protocols.
    fn of(frame: &Frame<'_>, len: usize) -> Option<Headers> {
        let mut ip = None;
        let mut found: Option<Headers> = None;
        for located in frame.layers() {
            let start = located.start as usize;
            match located.layer {
                Layer::Ipv4(view) if ip.is_none() && !view.is_fragment() => ip = Some((start, true)),
                Layer::Ipv6(_) if ip.is_none() => ip = Some((start, false)),
                Layer::Tcp(view) if found.is_none() => {
                    let (ip, is_v4) = ip?;
                    let data = start + view.header_len();
                    let end = data + view.payload().len();
                    (view.header_len() >= 20).then_some(())?;
                    found = Some(Headers { ip, is_v4, transport: start, is_tcp: true, data: (data, end) });
                }
                Layer::Udp(view) if found.is_none() => {
                    let (ip, is_v4) = ip?;
                    let data = (start + 8, start + 8 + view.payload().len());
                    found = Some(Headers { ip, is_v4, transport: start, is_tcp: false, data });
                }
                Layer::Ethernet(_) | Layer::Vlan(_) | Layer::Ipv6Extension(_) => {}
                _ => return None,
            }
        }
        found.filter(|found| frame.fragment().is_none() && found.data.0 < found.data.1 && found.data.1 <= len)
    }
}

/// Tells how long the datagrams of a frame's conversation usually are.
pub(super) type UsualLen<'a> = &'a mut dyn FnMut(&Frame<'_>) -> Option<usize>;

/// Cuts a giant into frames that fit the MTU, as a card does: IPv4 identifications go up; of TCP, sequence numbers go up,
/// FIN and PSH stay with the last one, CWR with the first; of UDP, each piece is a datagram, as long as others of its
/// conversation are (how long the sender wanted them, a giant does not say). `None` for what no card cuts.
pub(super) fn split(octets: &[u8], mtu: u16, usual: UsualLen<'_>) -> Option<Vec<Vec<u8>>> {
    let frame = wire::decode(LinkType::ETHERNET, octets, octets.len() as u32);
    let headers = Headers::of(&frame, octets.len())?;
    let Headers { ip: ip_at, is_v4, transport, is_tcp, data } = headers;
    let mut room = usize::from(mtu).checked_sub(data.0 - ip_at).filter(|room| *room > 0)?;
    if !is_tcp && let Some(usual) = usual(&frame) {
        room = room.min(usual);
    }
    let ends = frame.ip().map(|ip| (ip.source(), ip.destination()))?;
    let four = |at: usize| octets[at..at + 4].first_chunk::<4>().map_or(0, |four| u32::from_be_bytes(*four));
    let identification = u16::from_be_bytes([octets[ip_at + 4], octets[ip_at + 5]]);
    let payload = &octets[data.0..data.1];
    let count = payload.len().div_ceil(room);
    let mut pieces = Vec::with_capacity(count);
    for (index, chunk) in payload.chunks(room).enumerate() {
        let mut piece = octets[..data.0].to_vec();
        piece.extend_from_slice(chunk);
        let len = piece.len() - ip_at;
        if is_tcp {
            let sequence = four(transport + 4).wrapping_add((index * room) as u32);
            piece[transport + 4..transport + 8].copy_from_slice(&sequence.to_be_bytes());
            if index + 1 < count {
                piece[transport + 13] &= !0x09;
            }
            if index > 0 {
                piece[transport + 13] &= !0x80;
            }
        } else {
            let len = (chunk.len() + 8) as u16;
            piece[transport + 4..transport + 6].copy_from_slice(&len.to_be_bytes());
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
        // Giants are captured before their checksums are made, so the sums are made here. A UDP sum of 0 in IPv4 says
        // that the sender makes none (RFC 768).
        let (protocol, sum_at) = if is_tcp { (6, transport + 16) } else { (17, transport + 6) };
        if is_tcp || !is_v4 || piece[sum_at..sum_at + 2] != [0, 0] {
            piece[sum_at..sum_at + 2].fill(0);
            let mut sum = transport_checksum(ends.0, ends.1, protocol, &piece[transport..]);
            if !is_tcp && sum == 0 {
                sum = 0xffff;
            }
            piece[sum_at..sum_at + 2].copy_from_slice(&sum.to_be_bytes());
        }
        pieces.push(piece);
    }
    Some(pieces)
}
