//! What one TCP segment says, read once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::base::{Seq, Timestamp};
use crate::packet::Packet;
use crate::wire::{Frame, IpView, Layer, SackBlocks, Tcp, TcpFlags, TcpOptions};

/// A segment with what the rules ask of its packet.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    pub packet: u64,
    pub at: Timestamp,
    pub sequence: Seq,
    pub acknowledgment: Seq,
    pub flags: TcpFlags,
    /// As it stands, not scaled.
    pub window: u16,
    /// Octets of data by the headers, captured or not (rule P1).
    pub len: u32,
    /// The captured octets of the data.
    pub payload: &'a [u8],
    pub options: Option<TcpOptions<'a>>,
    pub timestamps: Option<(u32, u32)>,
    pub sacks: SackBlocks,
    /// 0 for IPv6, which has none.
    pub identification: u16,
    pub hop_limit: u8,
}

impl<'a> Segment<'a> {
    pub fn new(packet: &Packet<'a>, tcp: &Tcp<'a>, ip: &IpView<'a>) -> Segment<'a> {
        let options = tcp.options();
        let has_options = tcp.header_len() > 20;
        let timestamps = if has_options { options.and_then(|options| options.timestamps()) } else { None };
        // Timestamps alone fill 12 octets; only a longer header can hold SACK blocks beside them.
        let may_sack = has_options && (timestamps.is_none() || tcp.header_len() > 32);
        let sacks =
            if may_sack { options.map(|options| options.sack_blocks()).unwrap_or_default() } else { SackBlocks::new() };
        Segment {
            packet: packet.meta.number,
            at: packet.meta.at,
            sequence: tcp.sequence(),
            acknowledgment: tcp.acknowledgment(),
            flags: tcp.flags(),
            window: tcp.window(),
            len: tcp.payload_len(),
            payload: tcp.payload(),
            options,
            timestamps,
            sacks,
            identification: match ip {
                IpView::V4(ip) => ip.identification(),
                IpView::V6(_) => 0,
            },
            hop_limit: ip.hop_limit(),
        }
    }

    /// Sequence numbers it occupies.
    pub fn sequence_len(&self) -> i64 {
        i64::from(self.len) + i64::from(self.flags.syn()) + i64::from(self.flags.fin())
    }

    /// True if it carries nothing but an acknowledgment.
    pub fn is_bare_ack(&self) -> bool {
        self.len == 0 && self.flags.ack() && !self.flags.syn() && !self.flags.fin() && !self.flags.rst()
    }
}

/// The key of a connection (rule C1): both sockets, the lower first, and the tunnel around them. The addresses lie in
/// halves of 64 bits and the ports side by side, so that a key takes 40 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    low: [u64; 2],
    high: [u64; 2],
    /// The low socket's port in the upper half.
    ports: u32,
    /// 0 outside any tunnel; otherwise a digest of the outer addresses and protocols (rule P7).
    tunnel: u32,
}

/// What stands before an IPv4 address in its mapped form (RFC 4291 §2.5.5.2).
const MAPPED: u64 = 0xffff_0000_0000;

/// One end: address, IPv4 mapped into IPv6, and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Socket {
    /// The address as 128 bits; IPv4 in the mapped form.
    pub address: u128,
    pub port: u16,
}

impl Socket {
    pub fn new(address: IpAddr, port: u16) -> Socket {
        let address = match address {
            // The mapped form (RFC 4291 §2.5.5.2) put together by hand: this runs for every packet.
            IpAddr::V4(v4) => u128::from(MAPPED) | u128::from(v4.to_bits()),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        Socket { address, port }
    }

    pub fn ip(self) -> IpAddr {
        let v6 = Ipv6Addr::from_bits(self.address);
        v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)
    }
}

impl Key {
    /// The key of a packet between these sockets, and true if it went from the low to the high one.
    pub fn new(source: Socket, destination: Socket, tunnel: u32) -> (Key, bool) {
        let (low, high) = if source <= destination { (source, destination) } else { (destination, source) };
        let halves = |address: u128| [(address >> 64) as u64, address as u64];
        let ports = u32::from(low.port) << 16 | u32::from(high.port);
        (Key { low: halves(low.address), high: halves(high.address), ports, tunnel }, source <= destination)
    }

    /// The lower socket.
    pub fn low(&self) -> Socket {
        Socket { address: whole(self.low), port: (self.ports >> 16) as u16 }
    }

    /// The higher socket.
    pub fn high(&self) -> Socket {
        Socket { address: whole(self.high), port: self.ports as u16 }
    }

    /// True if it is one of IPv6.
    pub fn is_ipv6(&self) -> bool {
        self.high().ip().is_ipv6()
    }

    /// All of it, for a hash.
    pub fn hash_into(&self, hasher: &mut impl std::hash::Hasher) {
        hasher.write_u128(whole(self.low));
        hasher.write_u128(whole(self.high));
        hasher.write_u64(u64::from(self.ports) << 32 | u64::from(self.tunnel));
    }

    /// The key of a frame's connection, as far as it has one, and true if it goes from the low to the high socket.
    pub fn of(frame: &Frame<'_>) -> Option<(Key, bool)> {
        let (Some(Layer::Tcp(_) | Layer::CutTransport(_)), Some(ip)) = (frame.transport(), frame.ip()) else {
            return None;
        };
        Some(Key::of_ends(frame, &ip, frame.ports()?))
    }

    /// The same of a frame whose innermost addresses and ports are known already.
    pub fn of_ends(frame: &Frame<'_>, ip: &IpView<'_>, (source_port, destination_port): (u16, u16)) -> (Key, bool) {
        let tunnel = if frame.ip_index() > Some(1) { Key::tunnel_of(frame) } else { 0 };
        match ip {
            IpView::V4(ip) => {
                // The same for IPv4, where an address and a port fit one word.
                let end = |address: Ipv4Addr, port: u16| u64::from(address.to_bits()) << 16 | u64::from(port);
                let (source, destination) = (end(ip.source(), source_port), end(ip.destination(), destination_port));
                let (low, high) = (source.min(destination), source.max(destination));
                let ports = (low as u32) << 16 | high as u32 & 0xffff;
                let [low, high] = [low, high].map(|end| [0, MAPPED | end >> 16]);
                (Key { low, high, ports, tunnel }, source <= destination)
            }
            IpView::V6(_) => {
                Key::new(Socket::new(ip.source(), source_port), Socket::new(ip.destination(), destination_port), tunnel)
            }
        }
    }

    /// Digest of the layers around the innermost IP header: 0 if there is only the link and VLAN tags, which are not
    /// part of the key (rule P8).
    pub fn tunnel_of(frame: &Frame<'_>) -> u32 {
        let Some(innermost) = frame.ip_index() else { return 0 };
        let mut digest = 0u32;
        let mut mix = |value: u32| digest = (digest ^ value).wrapping_mul(0x9e37_79b1).rotate_left(13);
        for located in &frame.layers()[..innermost] {
            match located.layer {
                Layer::Ethernet(_) | Layer::Sll(_) | Layer::Loopback(_) | Layer::Vlan(_) => {}
                // Both directions of a tunnel are one path, so the addresses go in without an order.
                Layer::Ipv4(ip) => mix(ip.source().to_bits().wrapping_add(ip.destination().to_bits()) | 1),
                Layer::Ipv6(ip) => {
                    let sum = ip.source().to_bits().wrapping_add(ip.destination().to_bits());
                    mix((sum ^ sum >> 64) as u32 | 1);
                }
                layer => mix(layer.kind() as u32 + 1),
            }
        }
        digest
    }
}

/// An address from its halves.
const fn whole(halves: [u64; 2]) -> u128 {
    (halves[0] as u128) << 64 | halves[1] as u128
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{MacAddr, Rng};
    use crate::packet::{Meta, RawPacket};
    use crate::wire::LinkType;
    use crate::wire::build::{FrameBuilder, Ipv4Fields, TcpFields};

    #[test]
    fn c1_a_key_is_the_same_by_whichever_way_it_is_made_and_in_both_directions() {
        let mut random = Rng::new(5);
        for _ in 0..500 {
            // Few values, so that addresses and ports are often the same.
            let mut end = || ([10, 200, 0, random.below(3) as u8], [1, 80, 65_535][random.below(3) as usize]);
            let ((source, source_port), (destination, destination_port)) = (end(), end());
            let bytes = FrameBuilder::ethernet(MacAddr([2; 6]), MacAddr([4; 6]))
                .ipv4(Ipv4Fields::new(source, destination))
                .tcp(TcpFields::new(source_port, destination_port))
                .finish();
            let meta = Meta::new(1, Timestamp::ZERO, LinkType::ETHERNET, bytes.len() as u32);
            let packet = Packet::decode(RawPacket { meta, bytes: &bytes });
            let socket = |address: [u8; 4], port| Socket::new(IpAddr::from(address), port);
            let (one, two) = (socket(source, source_port), socket(destination, destination_port));
            assert_eq!(Key::of(&packet.frame), Some(Key::new(one, two, 0)));
            let key = Key::new(two, one, 0).0;
            assert_eq!((key, key.low(), key.high()), (Key::new(one, two, 0).0, one.min(two), one.max(two)));
        }
    }
}
