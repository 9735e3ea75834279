//! Captures of fragments (rules FR1 to FR18), of path MTU (M1 to M5), UDP and ICMP.

use netlab::base::MacAddr;
use netlab::wire::TcpFlags;
use netlab::wire::build::{FrameBuilder, IcmpFields, Ipv4Fields, Ipv6Fields, Sum, TcpFields, TcpOption, UdpFields};

use super::Made;
use super::scene::{self, Scene};

const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);
const HERE: [u8; 4] = [192, 0, 2, 1];
const THERE: [u8; 4] = [198, 51, 100, 2];
const ROUTER: [u8; 4] = [192, 0, 2, 254];
const SECOND: u64 = 1_000_000;

pub fn made() -> Vec<Made> {
    let mut scenes = pieces();
    scenes.extend(attacks());
    scenes.push(flood());
    scenes.extend(path_mtu());
    scenes.extend(datagrams());
    scene::made("fragments", &scenes)
}

fn here() -> Ipv4Fields {
    Ipv4Fields::new(HERE, THERE)
}

fn outgoing(ip: Ipv4Fields) -> FrameBuilder {
    FrameBuilder::ethernet(A, B).ipv4(ip)
}

fn end(last: u16) -> [u16; 8] {
    [0x2001, 0xdb8, 0, 0, 0, 0, 0, last]
}

/// A piece of IPv4 with this protocol.
fn piece(protocol: u8, identification: u16, offset: u16, data: &[u8], more: bool) -> Vec<u8> {
    outgoing(here().identification(identification).fragment(offset, more).protocol(protocol)).payload(data).finish()
}

fn piece_v6(identification: u32, offset: u16, number: u16, data: &[u8], more: bool) -> Vec<u8> {
    FrameBuilder::ethernet(A, B)
        .ipv6(Ipv6Fields::new(end(1), end(2)))
        .ipv6_fragment(identification, offset, more)
        .octets(number, data)
        .finish()
}

fn message(len: usize) -> Vec<u8> {
    (0..len).map(|index| b'a' + (index % 26) as u8).collect()
}

/// A datagram from port 40000 to 9000.
fn udp(identification: u16, len: usize) -> FrameBuilder {
    outgoing(here().identification(identification)).udp(UdpFields::new(40000, 9000)).payload(&message(len))
}

/// An ICMP error of the router about a frame, quoting 28 octets of its packet.
fn error(icmp_type: u8, code: u8, rest: u32, frame: &[u8]) -> Vec<u8> {
    FrameBuilder::ethernet(B, A)
        .ipv4(Ipv4Fields::new(ROUTER, HERE).identification(999))
        .icmp(IcmpFields::new(icmp_type, code, rest))
        .payload(&frame[14..42])
        .finish()
}

fn pieces() -> Vec<Scene> {
    let two_thousand = udp(7, 2000).fragments(1500, 0);
    let three = udp(7, 3000).fragments(1500, 0);
    let tiny = [1; 80];
    vec![
        Scene::new("fr18-two-pieces", "2000 octets of UDP in two pieces of an MTU of 1500, and the sums behind them")
            .frames(0, 10, two_thousand.clone())
            .label(1, "fragment", "FR2")
            .label(2, "fragment-complete", "FR11"),
        Scene::new("fr11-out-of-order", "the pieces come last first: the datagram is whole with the first in order")
            .frames(0, 10, three.iter().rev().cloned().collect())
            .label(3, "fragment-complete", "FR11"),
        Scene::new("fr1-protocols", "the same identification for UDP and another protocol: two datagrams (S-26)")
            .frame(0, piece(17, 5, 0, &tiny, true))
            .frame(10, piece(253, 5, 80, &tiny, false))
            .frame(20, piece(17, 5, 80, &tiny, false))
            .label(3, "fragment-complete", "FR11")
            .label(2, "fragment-incomplete", "FR6"),
        Scene::new(
            "fr2-atomic",
            "an IPv6 fragment header around a whole packet, between two pieces of the same number",
        )
        .frame(0, piece_v6(9, 1232, 253, &message(100), false))
        .frame(
            10,
            FrameBuilder::ethernet(A, B)
                .ipv6(Ipv6Fields::new(end(1), end(2)))
                .ipv6_fragment(9, 0, false)
                .udp(UdpFields::new(40000, 9000))
                .payload(b"alone")
                .finish(),
        )
        .frame(20, piece_v6(9, 0, 253, &message(1232), true))
        .label(2, "fragment-atomic", "FR2")
        .label(3, "fragment-complete", "FR11"),
        Scene::new("fr3-bad-length", "a piece with more to follow whose length is no multiple of 8")
            .frame(0, piece(253, 5, 0, &message(100), true))
            .label(1, "fragment-bad-length", "FR3"),
        Scene::new("fr6-one-missing", "one of three pieces never comes; the receiver says that it gave up (S-23)")
            .frame(0, three[0].clone())
            .frame(10, three[2].clone())
            .frame(30 * SECOND, error(11, 1, 0, &three[0]))
            .frame(61 * SECOND, udp(8, 10).finish())
            .label(3, "fragment-time-exceeded", "FR6")
            .label(1, "fragment-timed-out", "FR6"),
        Scene::new("fr6-late", "the last piece comes after 40 s: Linux had given up, others had not")
            .frame(0, two_thousand[0].clone())
            .frame(40 * SECOND, two_thousand[1].clone())
            .label(2, "fragment-complete", "FR11"),
        Scene::new("fr7-an-hour-later", "the identification comes again after an hour: nothing is joined (S-22)")
            .frame(0, two_thousand[0].clone())
            .frame(3600 * SECOND, two_thousand[1].clone())
            .label(1, "fragment-timed-out", "FR6")
            .label(2, "fragment-incomplete", "FR6")
            .never(&["fragment-complete", "fragment-id-reused"]),
        Scene::new("fr7-too-fast", "the identification comes again within a second, with another datagram")
            .frames(0, 10, two_thousand.clone())
            .frames(SECOND, 10, udp(7, 1999).fragments(1500, 0))
            .label(3, "fragment-id-reused", "FR7")
            .label(4, "fragment-complete", "FR11"),
        Scene::new("fr7-late-copy", "a copy of a piece comes after the datagram was whole")
            .frames(0, 10, two_thousand.clone())
            .frame(100, two_thousand[1].clone().tap(|copy| copy[22] -= 1, 0x0100))
            .label(3, "fragment-duplicate-late", "FR7"),
        Scene::new("fr10-first-missing", "the piece with the ports is not in the capture")
            .frame(0, three[1].clone())
            .frame(10, three[2].clone())
            .label(1, "fragment-incomplete", "FR6"),
        Scene::new("fr12-odd-flags", "pieces that are marked don't-fragment, one with the reserved flag")
            .frame(
                0,
                outgoing(Ipv4Fields {
                    reserved_flag: true,
                    dont_fragment: true,
                    ..here().identification(5).fragment(0, true).protocol(253)
                })
                .payload(&tiny)
                .finish(),
            )
            .label(1, "fragment-dont-fragment", "FR12")
            .label(1, "ip-reserved-flag", "FR12"),
        Scene::new("fr13-cut-twice", "a first router cut to 1500, a second one cut its pieces to 1400")
            .frame(0, piece(253, 5, 0, &message(1376), true))
            .frame(10, piece(253, 5, 1376, &message(104), true))
            .frame(20, piece(253, 5, 1480, &message(528), false))
            .label(3, "fragment-refragmented", "FR13"),
        Scene::new(
            "fr14-snap-length",
            "pieces of which 96 octets were kept: all places are covered, not all octets known",
        )
        .frame(0, two_thousand[0].clone())
        .cut(96)
        .frame(10, two_thousand[1].clone())
        .cut(96)
        .label(2, "fragment-complete", "FR11"),
        Scene::new(
            "fr15-congestion",
            "one piece says congestion experienced, the other that its sender knows no such marks",
        )
        .frame(
            0,
            outgoing(Ipv4Fields { ecn: 3, ..here().identification(5).fragment(80, false).protocol(253) })
                .payload(&tiny)
                .finish(),
        )
        .frame(10, piece(253, 5, 0, &tiny, true))
        .label(2, "fragment-ecn-mix", "FR15")
        .never(&["fragment-complete"]),
        Scene::new("fr17-ipv6", "3000 octets over IPv6 in pieces of an MTU of 1280")
            .frames(
                0,
                10,
                FrameBuilder::ethernet(A, B)
                    .ipv6(Ipv6Fields::new(end(1), end(2)))
                    .udp(UdpFields::new(40000, 9000))
                    .payload(&message(3000))
                    .fragments(1280, 77),
            )
            .label(3, "fragment-complete", "FR11"),
    ]
}

fn attacks() -> Vec<Scene> {
    const PUBLISHED: [(u16, usize); 17] = [
        (0, 24),
        (32, 16),
        (48, 24),
        (80, 8),
        (104, 16),
        (120, 24),
        (144, 16),
        (160, 16),
        (176, 8),
        (8, 32),
        (48, 24),
        (72, 24),
        (96, 24),
        (128, 8),
        (152, 8),
        (160, 8),
        (176, 16),
    ];
    let mut vector = Scene::new(
        "fr8-seventeen-pieces",
        "the published example of seventeen pieces: eight receivers, eight datagrams",
    );
    for (index, (offset, len)) in PUBLISHED.into_iter().enumerate() {
        let data = vec![b'A' + index as u8; len];
        vector = vector.frame(index as u64 * 10, piece(253, 5, offset, &data, index < 16));
    }
    vec![
        vector.label(10, "fragment-conflict", "FR8").never(&["fragment-complete"]),
        Scene::new("fr4-ping-of-death", "a last piece that ends beyond the largest packet")
            .frame(0, piece(1, 5, 0, &message(1480), true))
            .frame(10, piece(1, 5, 65528, &message(64), false))
            .label(2, "fragment-too-long", "FR4"),
        Scene::new("fr5-teardrop", "the last piece ends inside the first (S-25)")
            .frame(0, piece(17, 5, 0, &message(40), true))
            .frame(10, piece(17, 5, 24, &message(4), false))
            .label(2, "fragment-tail-conflict", "FR5")
            .never(&["fragment-complete"]),
        Scene::new("fr8-same-octets", "two pieces overlap in part with the same octets: Linux drops the datagram")
            .frame(0, piece(253, 5, 0, &[b'x'; 160], true))
            .frame(10, piece(253, 5, 80, &[b'x'; 160], true))
            .frame(20, piece(253, 5, 240, &[b'x'; 80], false))
            .label(2, "fragment-overlap", "FR8")
            .never(&["fragment-complete", "fragment-conflict"]),
        Scene::new("fr8-other-octets", "two pieces overlap in part with different octets (S-21)")
            .frame(0, piece(253, 5, 0, &[b'x'; 160], true))
            .frame(10, piece(253, 5, 80, &[b'y'; 160], true))
            .frame(20, piece(253, 5, 240, &[b'z'; 80], false))
            .label(2, "fragment-conflict", "FR8")
            .never(&["fragment-complete"]),
        Scene::new("fr8-inside", "a piece inside earlier octets: Linux ignores it and hands the datagram on")
            .frame(0, piece(253, 5, 0, &[b'x'; 240], true))
            .frame(10, piece(253, 5, 80, &[b'y'; 80], true))
            .frame(20, piece(253, 5, 240, &[b'z'; 80], false))
            .label(2, "fragment-conflict", "FR8")
            .label(3, "fragment-complete", "FR11"),
        Scene::new("fr8-copy", "an exact copy of a piece does no harm")
            .frame(0, piece(253, 5, 0, &[b'x'; 80], true))
            .frame(20_000, piece(253, 5, 0, &[b'x'; 80], true))
            .frame(20_010, piece(253, 5, 80, &[b'z'; 80], false))
            .label(2, "fragment-duplicate", "FR8")
            .label(3, "fragment-complete", "FR11"),
        Scene::new("fr8-ipv6", "any overlap ruins a datagram of IPv6")
            .frame(0, piece_v6(9, 0, 253, &[b'x'; 1232], true))
            .frame(10, piece_v6(9, 616, 253, &[b'x'; 616], true))
            .frame(20, piece_v6(9, 1232, 253, &[b'x'; 100], false))
            .label(2, "fragment-overlap", "FR8")
            .never(&["fragment-complete"]),
        Scene::new("fr9-tiny", "a first piece too small for the TCP flags, and a second that writes over them (S-24)")
            .frame(0, piece(6, 5, 0, &[0; 8], true))
            .frame(10, piece(6, 5, 8, &[0; 80], false))
            .label(1, "fragment-tiny", "FR9")
            .label(2, "fragment-tiny", "FR9"),
        Scene::new("fr9-header-chain", "a first piece of IPv6 that ends before the TCP header does")
            .frame(0, piece_v6(9, 0, 6, &[0; 16], true))
            .label(1, "fragment-header-chain", "FR9"),
    ]
}

/// A client that has connected, sent 100 octets and got them acknowledged; packets 1 to 4, until 60 ms.
fn connected(name: &'static str, shows: &'static str) -> Scene {
    let mss = TcpOption::MaximumSegmentSize(1460);
    let syn = TcpFields::new(40000, 80).sequence(1000).flags(TcpFlags::SYN).option(mss.clone());
    let answer = TcpFields::new(80, 40000).sequence(5000).acknowledgment(1001).flags(TcpFlags::SYN).option(mss);
    Scene::new(name, shows)
        .frame(0, tcp(true, 1, syn, 0))
        .frame(20_000, tcp(false, 1, answer, 0))
        .frame(40_000, data(2, 1001, 100))
        .frame(60_000, acknowledgment(2, 1101))
}

fn tcp(from_client: bool, identification: u16, tcp: TcpFields, len: usize) -> Vec<u8> {
    let (from, to, macs) = if from_client { (HERE, THERE, (A, B)) } else { (THERE, HERE, (B, A)) };
    let ip = Ipv4Fields::new(from, to).identification(identification).dont_fragment();
    FrameBuilder::ethernet(macs.0, macs.1).ipv4(ip).tcp(tcp).payload(&message(len)).padded(60).finish()
}

fn data(identification: u16, sequence: u32, len: usize) -> Vec<u8> {
    tcp(true, identification, TcpFields::new(40000, 80).sequence(sequence).acknowledgment(5001), len)
}

fn acknowledgment(identification: u16, number: u32) -> Vec<u8> {
    tcp(false, identification, TcpFields::new(80, 40000).sequence(5001).acknowledgment(number), 0)
}

/// More half-open datagrams of one source than netlab keeps of one source: the oldest gives way.
fn flood() -> Scene {
    let mut flood =
        Scene::new("fr16-flood", "2060 datagrams of one source of which one piece came: the oldest give way")
            .link(scene::RAW);
    for number in 0..2060 {
        let piece = here().identification(number).fragment(8, true).protocol(253);
        flood = flood.frame(u64::from(number) * 10, FrameBuilder::raw().ipv4(piece).payload(&[7; 8]).finish());
    }
    flood.label(1, "fragment-evicted", "FR16").reports("/fragment_counts/evicted", "12")
}

fn path_mtu() -> Vec<Scene> {
    let full = data(3, 1101, 1460);
    let mut forged = full.clone();
    forged[38..42].copy_from_slice(&90_000_u32.to_be_bytes());
    vec![
        connected("m2-obeyed", "a router tells an MTU of 1400, the sender obeys at once; the MSS had promised more")
            .frame(100_000, full.clone())
            .frame(101_000, error(3, 4, 1400, &full))
            .frame(103_000, data(4, 1101, 1360))
            .label(6, "path-mtu-told", "M1")
            .label(6, "path-mtu-mss", "M5")
            .label(7, "path-mtu-obeyed", "M2"),
        connected("m2-ignored", "a router tells an MTU of 1400, the sender sends the same size again")
            .frame(100_000, full.clone())
            .frame(101_000, error(3, 4, 1400, &full))
            .frame(400_000, data(4, 1101, 1460))
            .label(7, "path-mtu-ignored", "M2"),
        connected("m1-forged", "a message about a sequence number that is not under way")
            .frame(100_000, full.clone())
            .frame(101_000, error(3, 4, 600, &forged))
            .label(6, "path-mtu-unfit", "M1"),
        connected("m1-plateau", "an old router that does not tell the MTU")
            .frame(100_000, full.clone())
            .frame(101_000, error(3, 4, 0, &full))
            .label(6, "path-mtu-not-told", "M1"),
        connected("m1-implausible", "an MTU below the least that every link carries")
            .frame(100_000, full.clone())
            .frame(101_000, error(3, 4, 40, &full))
            .label(6, "path-mtu-implausible", "M1"),
        connected("m3-black-hole", "full packets vanish without a word until the sender tries smaller ones")
            .frame(100_000, data(3, 1101, 1460))
            .frame(400_000, data(4, 1101, 1460))
            .frame(1_000_000, data(5, 1101, 1460))
            .frame(2_200_000, data(6, 1101, 512))
            .frame(2_220_000, acknowledgment(3, 1613))
            .label(7, "path-mtu-black-hole", "M3")
            .label(9, "path-mtu-probed", "M3"),
        Scene::new("m4-by-router", "a sender of 1500 octets whose packets a router cuts to 1400")
            .frame(0, udp(1, 1472).finish())
            .frames(100, 10, udp(2, 1472).fragments(1400, 0))
            .label(3, "fragment-by-router", "M4"),
    ]
}

/// The head of a DNS message with a name, so that tools read it.
/// A datagram from port 9000 back to 40000.
fn back(identification: u16, payload: &[u8]) -> Vec<u8> {
    FrameBuilder::ethernet(B, A)
        .ipv4(Ipv4Fields::new(THERE, HERE).identification(identification))
        .udp(UdpFields::new(9000, 40000))
        .payload(payload)
        .finish()
}

fn dns(number: u16, is_answer: bool) -> Vec<u8> {
    let mut message = vec![0; 12];
    message[..2].copy_from_slice(&number.to_be_bytes());
    message[2] = if is_answer { 0x81 } else { 0x01 };
    message[5] = 1;
    message.extend(b"\x07example\x03com\x00\x00\x01\x00\x01");
    message
}

fn datagrams() -> Vec<Scene> {
    let question = |identification: u16, number: u16| {
        outgoing(here().identification(identification))
            .udp(UdpFields::new(40000, 53))
            .payload(&dns(number, false))
            .finish()
    };
    let answer = |identification: u16, number: u16| {
        FrameBuilder::ethernet(B, A)
            .ipv4(Ipv4Fields::new(THERE, HERE).identification(identification))
            .udp(UdpFields::new(53, 40000))
            .payload(&dns(number, true))
            .finish()
    };
    let echo = |identification: u16, is_request: bool, sequence: u16| {
        let (from, to, kind) = if is_request { (HERE, THERE, 8) } else { (THERE, HERE, 0) };
        FrameBuilder::ethernet(A, B)
            .ipv4(Ipv4Fields::new(from, to).identification(identification))
            .icmp(IcmpFields::echo(kind, 77, sequence))
            .payload(&message(56))
            .finish()
    };
    let closed = udp(9, 5).finish();
    vec![
        Scene::new("u5-dns", "two questions, answers in the other order, and a second answer")
            .frame(0, question(1, 1))
            .frame(1000, question(2, 2))
            .frame(9000, answer(1, 2))
            .frame(20_000, answer(2, 1))
            .frame(20_500, answer(3, 1))
            .label(3, "udp-answer", "U5")
            .label(4, "udp-answer", "U5")
            .label(5, "udp-another-answer", "U5"),
        Scene::new("u7-asked-again", "a question that its program repeats")
            .frame(0, question(1, 7))
            .frame(1_000_000, question(2, 7))
            .frame(1_030_000, answer(1, 7))
            .label(2, "udp-asked-again", "U7")
            .label(3, "udp-answer", "U5"),
        Scene::new("u1-empty", "a datagram of no octets, and one with octets behind its end")
            .frame(0, udp(1, 0).padded(60).finish())
            .frame(
                1000,
                outgoing(here().identification(2))
                    .udp(UdpFields::new(40000, 9000).length(12).checksum(Sum::Stored(0)))
                    .payload(b"four and more")
                    .finish(),
            )
            .label(1, "udp-empty", "U1")
            .label(2, "udp-surplus", "U1"),
        Scene::new("u2-no-checksum", "UDP over IPv6 without a checksum")
            .frame(
                0,
                FrameBuilder::ethernet(A, B)
                    .ipv6(Ipv6Fields::new(end(1), end(2)))
                    .udp(UdpFields::new(40000, 9000).checksum(Sum::Stored(0)))
                    .payload(b"unsummed")
                    .finish(),
            )
            .label(1, "udp-no-checksum-v6", "U2"),
        Scene::new("i2-port-unreachable", "nobody listens on the port of a datagram")
            .frame(0, closed.clone())
            .frame(500, error(3, 3, 0, &closed))
            .label(2, "icmp-unreachable", "I2"),
        Scene::new("u3-largest", "the largest message that UDP carries over IPv4: 65507 octets, in 45 pieces")
            .frames(0, 10, udp(1, 65_507).fragments(1500, 1))
            .label(45, "udp-limit", "U3")
            .label(45, "fragment-complete", "FR11")
            .reports("/udp/0/payload_octets/a", "65507"),
        Scene::new(
            "u4-short-receive",
            "a question of 1400 octets is answered with its first 1024: did the program ask recvfrom for no more?",
        )
        .frame(0, udp(1, 1400).finish())
        .frame(500, back(1, &message(1024)))
        .frame(10_000, udp(2, 1300).finish())
        .frame(10_400, back(2, &message(1024)))
        .reports("/udp/0/short_receive_hint", "true"),
        Scene::new(
            "u6-conversation",
            "the side with the well-known port speaks first: it is A of the conversation, and a server only by a guess",
        )
        .frame(
            0,
            FrameBuilder::ethernet(B, A)
                .ipv4(Ipv4Fields::new(THERE, HERE).identification(1))
                .udp(UdpFields::new(514, 40000))
                .payload(b"<13>first")
                .finish(),
        )
        .frame(2000, outgoing(here().identification(1)).udp(UdpFields::new(40000, 514)).payload(b"<13>second").finish())
        .reports("/udp/0/a/address", "\"198.51.100.2\"")
        .reports("/udp/0/a/port", "514")
        .reports("/udp/0/server_guess", "\"a\"")
        .never(&["tcp-handshake-1"]),
        Scene::new("i1-ping", "four echo requests, three replies, one of them twice")
            .frame(0, echo(1, true, 1))
            .frame(10_000, echo(1, false, 1))
            .frame(1_000_000, echo(2, true, 2))
            .frame(1_020_000, echo(2, false, 2))
            .frame(1_020_300, echo(3, false, 2))
            .frame(2_000_000, echo(3, true, 3))
            .frame(3_000_000, echo(4, true, 4))
            .frame(3_030_000, echo(4, false, 4))
            .label(2, "icmp-echo-answer", "I1")
            .label(5, "icmp-echo-duplicate", "I1")
            .label(6, "icmp-echo-lost", "I1"),
    ]
}

/// The same octets after a router: TTL lower by one, header checksum mended, so that the copy is another packet.
trait Tap {
    fn tap(self, change: impl Fn(&mut [u8]), sum: u16) -> Self;
}

impl Tap for Vec<u8> {
    fn tap(mut self, change: impl Fn(&mut [u8]), sum: u16) -> Vec<u8> {
        change(&mut self);
        let checksum = u32::from(u16::from_be_bytes([self[24], self[25]])) + u32::from(sum);
        let folded = ((checksum & 0xffff) + (checksum >> 16)) as u16;
        self[24..26].copy_from_slice(&folded.to_be_bytes());
        self
    }
}
