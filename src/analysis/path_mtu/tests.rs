use crate::analysis::{Analyzer, Fact, Note, Notes};
use crate::base::{MacAddr, Timestamp};
use crate::packet::{Meta, Packet, RawPacket};
use crate::wire::build::{FrameBuilder, IcmpFields, Ipv4Fields, Ipv6Fields, TcpFields, TcpOption, UdpFields};
use crate::wire::{LinkType, TcpFlags};

const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);
const CLIENT: [u8; 4] = [192, 0, 2, 1];
const SERVER: [u8; 4] = [198, 51, 100, 2];
const ROUTER: [u8; 4] = [192, 0, 2, 254];

/// A client that has connected and sent a small request, captured on its side.
struct Bench {
    analyzer: Analyzer,
    notes: Notes,
    number: u64,
    last: Vec<u8>,
}

impl Bench {
    fn new() -> Bench {
        let mut bench = Bench { analyzer: Analyzer::new(), notes: Notes::default(), number: 0, last: Vec::new() };
        let mss = TcpOption::MaximumSegmentSize(1460);
        bench.tcp(0, true, TcpFields::new(40000, 80).sequence(1000).flags(TcpFlags::SYN).option(mss.clone()), 0);
        let answer = TcpFields::new(80, 40000).sequence(5000).acknowledgment(1001).flags(TcpFlags::SYN).option(mss);
        bench.tcp(20, false, answer, 0);
        bench.data(40, 1001, 100);
        bench.acknowledge(60, 1101);
        bench.notes.clear();
        bench
    }

    fn see(&mut self, at_ms: u64, bytes: Vec<u8>) {
        self.number += 1;
        let at = Timestamp::from_nanos(at_ms * 1_000_000);
        let meta = Meta::new(self.number, at, LinkType::ETHERNET, bytes.len() as u32);
        self.notes.context = Default::default();
        self.analyzer.observe(&Packet::decode(RawPacket { meta, bytes: &bytes }), &mut self.notes);
        self.last = bytes;
    }

    fn tcp(&mut self, at_ms: u64, from_client: bool, tcp: TcpFields, len: usize) {
        let (from, to) = if from_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let ip = Ipv4Fields::new(from, to).identification(self.number as u16 + 1).dont_fragment();
        self.see(at_ms, FrameBuilder::ethernet(A, B).ipv4(ip).tcp(tcp).payload(&vec![7; len]).finish());
    }

    /// The client sends `len` octets from `sequence` on.
    fn data(&mut self, at_ms: u64, sequence: u32, len: usize) {
        self.tcp(at_ms, true, TcpFields::new(40000, 80).sequence(sequence).acknowledgment(5001), len);
    }

    fn acknowledge(&mut self, at_ms: u64, acknowledgment: u32) {
        self.tcp(at_ms, false, TcpFields::new(80, 40000).sequence(5001).acknowledgment(acknowledgment), 0);
    }

    /// The router says that `packet` (a frame) is too large.
    fn too_large(&mut self, at_ms: u64, packet: &[u8], mtu: u32) {
        let frame = FrameBuilder::ethernet(B, A)
            .ipv4(Ipv4Fields::new(ROUTER, CLIENT).identification(7))
            .icmp(IcmpFields::new(3, 4, mtu))
            .payload(&packet[14..42]);
        self.see(at_ms, frame.finish());
    }

    fn said(&self, code: &str) -> bool {
        self.notes.fresh.iter().any(|note| note.code() == code)
    }

    fn find(&self, code: &str) -> &Note {
        let codes: Vec<_> = self.notes.fresh.iter().map(Note::code).collect();
        self.notes.fresh.iter().find(|note| note.code() == code).unwrap_or_else(|| panic!("no {code}: {codes:?}"))
    }
}

#[test]
fn m1_the_router_names_flow_packet_and_size() {
    let mut bench = Bench::new();
    bench.data(100, 1101, 1460);
    let full = bench.last.clone();
    bench.too_large(101, &full, 1400);
    let note = bench.find("path-mtu-told");
    assert_eq!(note.fact("mtu"), Some(&Fact::Octets(1400)));
    assert_eq!(note.fact("size"), Some(&Fact::Octets(1500)));
    assert_eq!(note.fact("about"), Some(&Fact::Packet(5)));
    assert_eq!(note.connection, Some(0));
    assert!(!bench.said("path-mtu-unfit"));
}

#[test]
fn m1_an_old_router_leaves_the_sender_to_the_plateaus() {
    let mut bench = Bench::new();
    bench.data(100, 1101, 1460);
    let full = bench.last.clone();
    bench.too_large(101, &full, 0);
    assert_eq!(bench.find("path-mtu-not-told").fact("plateau"), Some(&Fact::Octets(1492)));
}

#[test]
fn m1_less_than_every_link_carries_is_implausible() {
    let mut bench = Bench::new();
    bench.data(100, 1101, 1460);
    let full = bench.last.clone();
    bench.too_large(101, &full, 67);
    assert!(bench.said("path-mtu-implausible"));
    bench.too_large(102, &full, 68);
    assert!(bench.said("path-mtu-told"));
    // IPv6 carries 1280 everywhere.
    let end = |last| [0x2001, 0xdb8, 0, 0, 0, 0, 0, last];
    let mut bench = Bench::new();
    let big = FrameBuilder::ethernet(A, B)
        .ipv6(Ipv6Fields::new(end(1), end(2)))
        .udp(UdpFields::new(1, 2))
        .payload(&[0; 1400]);
    let told = |mtu| {
        FrameBuilder::ethernet(B, A)
            .ipv6(Ipv6Fields::new(end(9), end(1)))
            .icmp(IcmpFields::new(2, 0, mtu))
            .payload(&big.finish()[14..])
            .finish()
    };
    bench.see(200, told(1279));
    assert!(bench.said("path-mtu-implausible"));
    bench.see(201, told(1280));
    assert!(bench.said("path-mtu-told"));
}

#[test]
fn m1_a_quotation_that_is_not_under_way_does_not_fit_the_flow() {
    for sequence in [900, 9000] {
        let mut bench = Bench::new();
        bench.data(100, 1101, 1460);
        let mut quoted = bench.last.clone();
        quoted[38..42].copy_from_slice(&u32::to_be_bytes(sequence));
        bench.too_large(101, &quoted, 1400);
        assert!(bench.said("path-mtu-unfit"), "{sequence}");
        bench.data(300, 1101, 1460);
        assert!(!bench.said("path-mtu-ignored"), "a false word need not be obeyed");
        assert_eq!(bench.analyzer.report().path_mtu[0].effect, "unfit");
    }
}

#[test]
fn m2_smaller_packets_with_the_same_octets_obey() {
    let mut bench = Bench::new();
    bench.data(100, 1101, 1460);
    let full = bench.last.clone();
    bench.too_large(101, &full, 1400);
    bench.data(103, 1101, 1360);
    let note = bench.find("path-mtu-obeyed");
    assert_eq!(note.fact("wait"), Some(&Fact::Nanos(2_000_000)));
    let row = &bench.analyzer.report().path_mtu[0];
    assert_eq!((row.effect, row.obeyed_after_ns), ("obeyed", Some(2_000_000)));
}

#[test]
fn m2_the_same_size_again_ignores() {
    let mut bench = Bench::new();
    bench.data(100, 1101, 1460);
    let full = bench.last.clone();
    bench.too_large(101, &full, 1400);
    bench.data(300, 1101, 1460);
    assert!(bench.said("path-mtu-ignored"));
    assert_eq!(bench.analyzer.report().path_mtu[0].effect, "ignored");
}

#[test]
fn m2_a_udp_sender_obeys_by_fragments() {
    let mut bench = Bench::new();
    let udp = |len: usize| {
        FrameBuilder::ethernet(A, B)
            .ipv4(Ipv4Fields::new(CLIENT, SERVER).identification(70))
            .udp(UdpFields::new(4000, 9000))
            .payload(&vec![1; len])
    };
    let mut whole = udp(1472).finish();
    whole[20] |= 0x40;
    let sum = u16::from_be_bytes([whole[24], whole[25]]) - 0x4000;
    whole[24..26].copy_from_slice(&sum.to_be_bytes());
    bench.see(100, whole.clone());
    bench.too_large(101, &whole, 1400);
    let pieces = udp(1472).fragments(1400, 0);
    bench.see(110, pieces[0].clone());
    assert!(bench.said("path-mtu-obeyed"));
}

#[test]
fn m3_full_packets_that_vanish_while_small_ones_pass_are_a_black_hole() {
    let mut bench = Bench::new();
    for at_ms in [100, 400, 1000] {
        bench.data(at_ms, 1101, 1460);
    }
    let note = bench.find("path-mtu-black-hole");
    assert_eq!(note.fact("times"), Some(&Fact::Count(3)));
    // Half the size passes: the sender has found out by itself.
    bench.data(1800, 1101, 512);
    bench.acknowledge(1820, 1613);
    assert!(bench.said("path-mtu-probed"));
}

#[test]
fn m3_a_segment_lost_once_or_twice_is_no_black_hole() {
    let mut bench = Bench::new();
    bench.data(100, 1101, 1460);
    bench.data(400, 1101, 1460);
    bench.acknowledge(420, 2561);
    for at_ms in [500, 800] {
        bench.data(at_ms, 2561, 1460);
    }
    assert!(!bench.said("path-mtu-black-hole"));
}

#[test]
fn m4_pieces_smaller_than_what_the_sender_sends_were_cut_by_a_router() {
    let udp = |identification, len: usize| {
        FrameBuilder::ethernet(A, B)
            .ipv4(Ipv4Fields::new(CLIENT, SERVER).identification(identification))
            .udp(UdpFields::new(4000, 9000))
            .payload(&vec![1; len])
    };
    let mut bench = Bench::new();
    bench.see(100, udp(1, 1472).finish());
    for piece in udp(2, 1472).fragments(1400, 0) {
        bench.see(101, piece);
    }
    assert_eq!(bench.find("fragment-by-router").fact("largest"), Some(&Fact::Octets(1500)));
    // Pieces as large as what the sender sends are its own.
    let mut bench = Bench::new();
    bench.see(100, udp(1, 1472).finish());
    for piece in udp(2, 3000).fragments(1500, 0) {
        bench.see(101, piece);
    }
    assert!(!bench.said("fragment-by-router"));
}

#[test]
fn m5_an_mss_that_the_path_does_not_take_is_told() {
    let mut bench = Bench::new();
    bench.data(100, 1101, 1460);
    let full = bench.last.clone();
    bench.too_large(101, &full, 1400);
    assert_eq!(bench.find("path-mtu-mss").fact("mss"), Some(&Fact::Octets(1460)));
}
