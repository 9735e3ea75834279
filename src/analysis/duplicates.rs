//! Packets that the capture recorded twice (rules P5 and P6), and the packet that an ICMP error quotes.
//!
//! A mirror port, a capture on both sides of a router, or the loopback interface shows one packet several times. Taken
//! for retransmissions, such copies spoil every number, so they are found first and kept away from the other trackers.
//! What is remembered is a fixed table of digests: nothing is allocated per packet.

use super::digest;
use crate::base::limits::RECENT_PACKETS;
use crate::base::{MacAddr, Timestamp};
use crate::packet::{Direction, Packet};
use crate::wire::checksum::Checksum;
use crate::wire::{Frame, IpView, Layer, PlainV4};

/// Copies lie this close to each other if the identification proves that they are one packet (rule P5).
const WINDOW_NS: u64 = 10_000_000;
/// And this close if only the timestamp option does.
const WINDOW_WITHOUT_ID_NS: u64 = 1_000_000;
/// Longer payloads with a right checksum are digested by their beginning and end only: the sum stands for the middle.
const DIGEST_WHOLE_LEN: usize = 80;
const DIGEST_FIRST_LEN: usize = 48;
const DIGEST_LAST_LEN: usize = 16;

/// How a copy came to be in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateKind {
    /// The same frame again: a mirror port that copies both directions, or two files merged.
    Identical,
    /// The same packet on the other side of a router: its hop limit is lower and its MAC addresses changed.
    Routed,
    /// The same packet with another VLAN tag.
    Retagged,
    /// The loopback interface hands over every packet twice, once as sent and once as received.
    Loopback,
}

impl DuplicateKind {
    /// The word for it in output.
    pub const fn name(self) -> &'static str {
        match self {
            DuplicateKind::Identical => "identical",
            DuplicateKind::Routed => "routed",
            DuplicateKind::Retagged => "retagged",
            DuplicateKind::Loopback => "loopback",
        }
    }
}

/// A packet that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// Number of the packet seen first.
    pub of: u64,
    /// Nanoseconds since then.
    pub gap_ns: u64,
    /// How the copy came to be.
    pub kind: DuplicateKind,
}

/// Remembers the last few thousand packets by digest.
#[derive(Debug, Default)]
pub struct Recent {
    slots: Vec<Seen>,
    packets: u64,
    identical: u64,
}

/// It fills no more than a line of the processor's cache.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Seen {
    number: u64,
    at: Timestamp,
    /// Of addresses, protocol, identification and the first 8 octets behind the IP header: what an ICMP error quotes.
    base: u64,
    /// Of everything that stays the same on the way.
    full: u64,
    /// Destination and source on the link.
    macs: [u8; 12],
    interface: u32,
    vlans: u32,
    hop_limit: u8,
    outbound: bool,
}

impl Seen {
    fn destination(&self) -> MacAddr {
        let [a, b, c, d, e, f, ..] = self.macs;
        MacAddr([a, b, c, d, e, f])
    }

    fn source(&self) -> MacAddr {
        let [.., a, b, c, d, e, f] = self.macs;
        MacAddr([a, b, c, d, e, f])
    }
}

impl Recent {
    /// Looks whether `packet` is a copy of one seen before, and remembers it if not. `sum` is what its transport
    /// checksum turned out to be. `min_rtt_ns` is asked only in doubt: the least round-trip time of the packet's
    /// connection.
    #[inline]
    pub fn observe(
        &mut self,
        packet: &Packet<'_>,
        sum: Checksum,
        min_rtt_ns: impl FnOnce() -> Option<u64>,
    ) -> Option<Duplicate> {
        match packet.frame.plain_v4() {
            Some(plain) => self.look(packet, Parts::of_plain(plain), sum, min_rtt_ns),
            None => self.observe_any(packet, sum, min_rtt_ns),
        }
    }

    #[inline(never)]
    fn observe_any(
        &mut self,
        packet: &Packet<'_>,
        sum: Checksum,
        min_rtt_ns: impl FnOnce() -> Option<u64>,
    ) -> Option<Duplicate> {
        let parts = Parts::of(&packet.frame)?;
        self.look(packet, parts, sum, min_rtt_ns)
    }

    /// The same with the parts of the packet: part of both its callers, so that nothing is made of the parts of most
    /// packets but their digests.
    #[inline(always)]
    fn look(
        &mut self,
        packet: &Packet<'_>,
        parts: Parts<'_>,
        sum: Checksum,
        min_rtt_ns: impl FnOnce() -> Option<u64>,
    ) -> Option<Duplicate> {
        self.packets += 1;
        let base = parts.base();
        let full = parts.full(base, sum);
        let index = base as usize % RECENT_PACKETS;
        if index >= self.slots.len() {
            self.slots = vec![Seen::default(); RECENT_PACKETS];
        }
        let slot = &mut self.slots[index];
        let seen = parts.seen(packet, base, full);
        if slot.full != full || slot.base != base || slot.number == 0 {
            *slot = seen;
            return None;
        }
        self.again(packet, index, seen, min_rtt_ns)
    }

    /// Judges a packet like one seen before, and remembers it if it is none.
    #[inline(never)]
    fn again(
        &mut self,
        packet: &Packet<'_>,
        index: usize,
        seen: Seen,
        min_rtt_ns: impl FnOnce() -> Option<u64>,
    ) -> Option<Duplicate> {
        let earlier = self.slots[index];
        let gap_ns = seen.at.signed_since(earlier.at).unsigned_abs();
        if gap_ns <= WINDOW_NS
            && let Some(kind) = self.judge(&earlier, &seen, packet, gap_ns, min_rtt_ns)
        {
            self.identical += u64::from(kind == DuplicateKind::Identical);
            return Some(Duplicate { of: earlier.number, gap_ns, kind });
        }
        self.slots[index] = seen;
        None
    }

    /// Number and time of the packet that an ICMP error quotes, if it was seen a moment ago.
    pub fn quoted(&self, quoted: &Frame<'_>) -> Option<(u64, Timestamp)> {
        let base = Parts::of(quoted)?.base();
        let seen = self.slots.get(base as usize % RECENT_PACKETS)?;
        (seen.number != 0 && seen.base == base).then_some((seen.number, seen.at))
    }

    fn judge(
        &self,
        earlier: &Seen,
        seen: &Seen,
        packet: &Packet<'_>,
        gap_ns: u64,
        min_rtt_ns: impl FnOnce() -> Option<u64>,
    ) -> Option<DuplicateKind> {
        let elsewhere = seen.interface != earlier.interface;
        if is_loopback(packet) && earlier.outbound && !seen.outbound && gap_ns <= WINDOW_WITHOUT_ID_NS {
            return Some(DuplicateKind::Loopback);
        }
        let kind = if seen.hop_limit != earlier.hop_limit {
            let new_macs = seen.source() != earlier.source() && seen.destination() != earlier.destination();
            let onwards = seen.hop_limit < earlier.hop_limit && (new_macs || elsewhere);
            // Two interfaces are read by turns, so the copy behind the router may come first.
            let backwards = seen.hop_limit > earlier.hop_limit && elsewhere;
            if !onwards && !backwards {
                return None;
            }
            DuplicateKind::Routed
        } else if seen.vlans != earlier.vlans {
            DuplicateKind::Retagged
        } else if seen.destination().is_group() {
            // Copies of a broadcast are frames of their own: a loop of bridges makes them (`broadcast`).
            return None;
        } else {
            DuplicateKind::Identical
        };
        let identified = packet.frame.ipv4().is_some_and(|ip| ip.identification() != 0);
        if identified {
            return Some(kind);
        }
        if gap_ns > WINDOW_WITHOUT_ID_NS {
            return None;
        }
        // Without an identification a quick repetition by the sender looks the same, so more proof is needed.
        let proved = kind != DuplicateKind::Identical
            || elsewhere
            || packet.frame.tcp().is_some_and(|tcp| {
                // Acknowledgments repeat each other by design; only where everything comes twice are they copies too.
                let doubled = self.identical >= 3 && self.identical * 4 >= self.packets;
                let dated = tcp.options().is_some_and(|options| options.timestamps().is_some());
                dated && (tcp.sequence_len() > 0 || doubled)
            });
        // Last, for this may have to wait for those who know it.
        (proved && min_rtt_ns().is_none_or(|rtt| gap_ns <= rtt / 4)).then_some(kind)
    }
}

/// The parts of an IP packet that stay the same on the way, and those that tell where on the way it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts<'a> {
    /// Digest of addresses, protocol and identification.
    network: u64,
    protocol: u8,
    total_len: u32,
    /// Flags and offset of IPv4, flow label of IPv6.
    numbers: u32,
    payload: &'a [u8],
    /// IP headers further out.
    outer: usize,
    /// Destination and source on the link; zeros without.
    macs: [u8; 12],
    vlans: u32,
    hop_limit: u8,
}

impl<'a> Parts<'a> {
    /// The parts of the innermost IP packet.
    fn of(frame: &Frame<'a>) -> Option<Parts<'a>> {
        let ip = frame.ip()?;
        let (network, protocol, numbers, payload) = match ip {
            IpView::V4(ip) => {
                // Of TTL, protocol and checksum before the addresses only the protocol stays.
                let addresses = eight(ip.bytes().get(12..).unwrap_or_default());
                let flags = u32::from(ip.more_fragments()) << 16 | u32::from(ip.dont_fragment()) << 17;
                let numbers = ip.fragment_offset() | flags;
                (v4_network(addresses, ip.identification(), ip.protocol()), ip.protocol(), numbers, ip.payload())
            }
            IpView::V6(ip) => {
                let addresses = ip.bytes().get(8..40).unwrap_or_default();
                let network = digest::of(u64::from(ip.next_header()), addresses);
                (network, ip.next_header(), ip.flow_label(), ip.payload())
            }
        };
        let is_ip = |layer: &Layer<'_>| matches!(layer, Layer::Ipv4(_) | Layer::Ipv6(_));
        let around = &frame.layers()[..frame.ip_index()?];
        let ethernet = frame.outer_ethernet();
        Some(Parts {
            network,
            protocol,
            total_len: ip.total_len(),
            numbers,
            payload,
            outer: around.iter().filter(|located| is_ip(&located.layer)).count(),
            macs: ethernet.and_then(|ethernet| ethernet.bytes().first_chunk().copied()).unwrap_or_default(),
            vlans: frame.vlans().fold(0, |all, vlan| (all << 12) | (u32::from(vlan.vid()) + 1)),
            hop_limit: ip.hop_limit(),
        })
    }

    /// The same, quicker.
    #[inline(always)]
    fn of_plain(plain: PlainV4<'a>) -> Parts<'a> {
        let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = *plain.octets();
        let addresses = u64::from_ne_bytes(plain.addresses());
        Parts {
            network: v4_network(addresses, plain.identification(), plain.protocol()),
            protocol: plain.protocol(),
            total_len: u32::from(plain.total_length()),
            numbers: u32::from(plain.dont_fragment()) << 17,
            payload: plain.payload(),
            outer: 0,
            macs: [a, b, c, d, e, f, g, h, i, j, k, l],
            vlans: 0,
            hop_limit: plain.ttl(),
        }
    }

    /// Digest of what an ICMP error quotes: addresses, protocol, identification and the first octets behind the IP header.
    #[inline(always)]
    fn base(&self) -> u64 {
        // The checksum of UDP stands in the last two of the eight: on the wire it is not what the sender's host showed.
        let stable = if self.protocol == 17 { 6 } else { 8 };
        let first = match self.payload.first_chunk::<8>() {
            Some(octets) => u64::from_be_bytes(*octets) >> (64 - 8 * stable),
            None => eight(&self.payload[..self.payload.len().min(stable)]),
        };
        digest::pair(self.network, first, 0)
    }

    /// Digest of everything that stays the same on the way.
    #[inline(always)]
    fn full(&self, base: u64, sum: Checksum) -> u64 {
        let payload = self.payload;
        let lengths = u64::from(self.total_len) << 32 | u64::from(self.numbers);
        let before = digest::pair(base, lengths, payload.len() as u64);
        let full = if sum == Checksum::Good
            && payload.len() > DIGEST_WHOLE_LEN
            && let (Some(first), Some(last)) =
                (payload.first_chunk::<DIGEST_FIRST_LEN>(), payload.last_chunk::<DIGEST_LAST_LEN>())
        {
            digest::of(digest::of(before, first), last)
        } else {
            digest::of(before, payload)
        };
        // Rule P7: the same packet inside and outside of a tunnel is two observations, not a copy.
        if self.outer > 0 { digest::pair(full, self.outer as u64, 0) } else { full }
    }

    #[inline(always)]
    fn seen(&self, packet: &Packet<'_>, base: u64, full: u64) -> Seen {
        Seen {
            number: packet.meta.number,
            at: packet.meta.at,
            base,
            full,
            macs: self.macs,
            interface: packet.meta.interface,
            vlans: self.vlans,
            hop_limit: self.hop_limit,
            outbound: is_outbound(packet),
        }
    }
}

#[inline]
fn v4_network(addresses: u64, identification: u16, protocol: u8) -> u64 {
    digest::pair(0, addresses, u64::from(identification) << 8 | u64::from(protocol))
}

/// The first eight octets as a number; zeros where there are fewer.
fn eight(octets: &[u8]) -> u64 {
    match octets.first_chunk::<8>() {
        Some(octets) => u64::from_ne_bytes(*octets),
        None => octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)),
    }
}

/// True if the capturing host sent the packet, as far as the capture says.
#[inline]
pub fn is_outbound(packet: &Packet<'_>) -> bool {
    if let Some(direction) = packet.meta.direction {
        return direction == Direction::Outbound;
    }
    if packet.frame.is_plain() {
        return false;
    }
    match packet.frame.layers().first().map(|located| &located.layer) {
        Some(Layer::Sll(sll)) => sll.packet_type() == 4,
        _ => false,
    }
}

/// True if the packet was captured on a loopback interface.
#[inline]
pub fn is_loopback(packet: &Packet<'_>) -> bool {
    // Nearly all frames have addresses.
    let has_address = packet.frame.is_plain() && eight(packet.frame.bytes()) != 0;
    !has_address && is_on_loopback(packet)
}

#[inline(never)]
fn is_on_loopback(packet: &Packet<'_>) -> bool {
    match packet.frame.layers().first().map(|located| located.layer) {
        Some(Layer::Ethernet(ethernet)) => {
            ethernet.source() == MacAddr::ZERO
                && ethernet.destination() == MacAddr::ZERO
                && packet.frame.ip().is_some_and(|ip| ip.source().is_loopback() || ip.source() == ip.destination())
        }
        Some(Layer::Sll(sll)) => sll.hardware_type() == 772,
        Some(Layer::Loopback(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Meta, RawPacket};
    use crate::wire::build::{FrameBuilder, Ipv4Fields, Ipv6Fields, TcpFields, TcpOption, UdpFields};
    use crate::wire::{LinkType, TcpFlags, checksum};

    const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
    const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);
    const C: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 3]);
    const D: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 4]);

    struct Bench {
        recent: Recent,
        number: u64,
    }

    impl Bench {
        fn new() -> Bench {
            Bench { recent: Recent::default(), number: 0 }
        }

        fn see(&mut self, at_us: u64, frame: &FrameBuilder) -> Option<DuplicateKind> {
            self.see_with(at_us, frame, |_| {}, None)
        }

        fn see_with(
            &mut self,
            at_us: u64,
            frame: &FrameBuilder,
            change: impl Fn(&mut Meta),
            min_rtt_ns: Option<u64>,
        ) -> Option<DuplicateKind> {
            self.number += 1;
            let bytes = frame.finish();
            let at = Timestamp::from_nanos(at_us * 1000);
            let mut meta = Meta::new(self.number, at, LinkType::ETHERNET, bytes.len() as u32);
            change(&mut meta);
            let packet = Packet::decode(RawPacket { meta, bytes: &bytes });
            let sum = checksum::transport(&packet.frame);
            self.recent.observe(&packet, sum, || min_rtt_ns).map(|duplicate| duplicate.kind)
        }
    }

    #[test]
    fn the_parts_of_a_plain_packet_are_those_of_its_layers() {
        let ip = || Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]).identification(0x1234);
        let plain = [
            segment((A, B), 5, 64, b"data"),
            FrameBuilder::ethernet(C, D).ipv4(ip()).udp(UdpFields::new(1, 2)).payload(b"data").padded(60),
        ];
        for frame in plain {
            let bytes = frame.finish();
            let frame = crate::wire::decode(LinkType::ETHERNET, &bytes, bytes.len() as u32);
            assert_eq!(Some(Parts::of_plain(frame.plain_v4().unwrap())), Parts::of(&frame));
        }
    }

    fn segment(macs: (MacAddr, MacAddr), identification: u16, ttl: u8, payload: &[u8]) -> FrameBuilder {
        FrameBuilder::ethernet(macs.0, macs.1)
            .ipv4(Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]).identification(identification).ttl(ttl))
            .tcp(TcpFields::new(40000, 80).sequence(7).acknowledgment(9).option(TcpOption::Timestamps(5, 6)))
            .payload(payload)
    }

    #[test]
    fn p5_the_same_frame_again_within_ten_milliseconds_is_a_copy() {
        let mut bench = Bench::new();
        assert_eq!(bench.see(0, &segment((A, B), 5, 64, b"data")), None);
        assert_eq!(bench.see(9_000, &segment((A, B), 5, 64, b"data")), Some(DuplicateKind::Identical));
        assert_eq!(bench.see(11_000, &segment((A, B), 5, 64, b"data")), None, "too late");
        assert_eq!(bench.see(11_500, &segment((A, B), 6, 64, b"data")), None, "another identification");
        assert_eq!(bench.see(11_600, &segment((A, B), 6, 64, b"DATA")), None, "other octets");
    }

    #[test]
    fn p5_a_packet_on_both_sides_of_a_router_is_routed() {
        let mut bench = Bench::new();
        bench.see(0, &segment((A, B), 5, 64, b"data"));
        assert_eq!(bench.see(40, &segment((C, D), 5, 63, b"data")), Some(DuplicateKind::Routed));
        assert_eq!(bench.see(50, &segment((A, B), 5, 62, b"data")), None, "no router keeps the MAC addresses");
    }

    #[test]
    fn p5_another_vlan_tag_makes_it_retagged_and_other_addresses_another_packet() {
        let tagged = |vid| {
            FrameBuilder::ethernet(A, B)
                .vlan(vid)
                .ipv4(Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]).identification(3))
                .tcp(TcpFields::new(1, 2))
        };
        let mut bench = Bench::new();
        bench.see(0, &tagged(10));
        assert_eq!(bench.see(5, &tagged(20)), Some(DuplicateKind::Retagged));
        let translated = FrameBuilder::ethernet(A, B)
            .vlan(10)
            .ipv4(Ipv4Fields::new([203, 0, 113, 1], [198, 51, 100, 2]).identification(3))
            .tcp(TcpFields::new(1, 2));
        assert_eq!(bench.see(6, &translated), None, "NAT makes another packet");
    }

    #[test]
    fn p5_without_identification_the_timestamp_proves_it_within_a_quarter_of_the_round_trip() {
        let data = segment((A, B), 0, 64, b"data");
        let mut bench = Bench::new();
        bench.see(0, &data);
        assert_eq!(bench.see(900, &data), Some(DuplicateKind::Identical));
        assert_eq!(
            bench.see_with(950, &data, |_| {}, Some(400_000)),
            None,
            "above 100 µs it may be the sender's doing"
        );
        let acknowledgment = segment((A, B), 0, 64, b"");
        bench.see(2000, &acknowledgment);
        assert_eq!(bench.see(2001, &acknowledgment), None, "acknowledgments repeat each other by design");
    }

    #[test]
    fn p6_the_loopback_interface_shows_every_packet_twice() {
        let frame = FrameBuilder::ethernet(MacAddr::ZERO, MacAddr::ZERO)
            .ipv6(Ipv6Fields::new([0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 1]))
            .tcp(TcpFields::new(1, 2).flags(TcpFlags::SYN));
        let mut bench = Bench::new();
        let direction = |direction| move |meta: &mut Meta| meta.direction = Some(direction);
        assert_eq!(bench.see_with(0, &frame, direction(Direction::Outbound), None), None);
        let second = bench.see_with(2, &frame, direction(Direction::Inbound), None);
        assert_eq!(second, Some(DuplicateKind::Loopback));
    }

    #[test]
    fn an_error_finds_the_packet_that_it_quotes() {
        let mut bench = Bench::new();
        bench.see(3, &segment((A, B), 5, 64, b"some data"));
        let original = segment((A, B), 5, 60, b"some data").finish();
        let quoted = crate::wire::decode(LinkType::RAW, &original[14..14 + 28], 60);
        assert_eq!(bench.recent.quoted(&quoted), Some((1, Timestamp::from_nanos(3000))));
        let other = segment((A, B), 6, 60, b"some data").finish();
        assert_eq!(bench.recent.quoted(&crate::wire::decode(LinkType::RAW, &other[14..42], 60)), None);
    }
}
