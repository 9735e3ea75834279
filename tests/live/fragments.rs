//! Fragments of a real Linux sender and router, put together to what the receiver's socket got; and overlapping fragments,
//! delivered or thrown away by the kernel as predicted.

use std::net::UdpSocket;
use std::process::Command;
use std::thread;
use std::time::Duration;

use netlab::analysis::fragments::{Extent, Outcome, Policy};
use netlab::analysis::{Analyzer, Fragments, Note, Notes, Reassembly, Trust};
use netlab::base::{MacAddr, Rng, Timestamp};
use netlab::packet::{Meta, Packet, RawPacket};
use netlab::wire::LinkType;
use netlab::wire::build::{FrameBuilder, Ipv4Fields, Ipv6Fields, UdpFields};
use nix::sys::socket::{setsockopt, sockopt};

use crate::lab::{A, B, Lab, MAC_A, Record, recorded, wait_until};

const MAC_B: [u8; 6] = [0, 0, 0x5e, 0, 0x53, 2];
const PORT: u16 = 9000;
const A6: [u16; 8] = [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1];
const B6: [u16; 8] = [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2];

/// A third namespace that forwards between the two hosts, over links of its own; gone when dropped.
struct Router(String);

impl Router {
    /// The sender reaches the receiver at 203.0.113.2, over a last link of this MTU.
    fn between(lab: &Lab, mtu: usize) -> Router {
        let router = Router(format!("{}-router", lab.a));
        let name = &router.0;
        ip(&format!("netns add {name}"));
        ip(&format!("link add out0 netns {} type veth peer name left netns {name}", lab.a));
        ip(&format!("link add in0 netns {} type veth peer name right netns {name}", lab.b));
        for (namespace, nic, address, mtu) in [
            (&lab.a, "out0", "198.51.100.1", 1500),
            (name, "left", "198.51.100.254", 1500),
            (name, "right", "203.0.113.254", mtu),
            (&lab.b, "in0", "203.0.113.2", mtu),
        ] {
            ip(&format!("-n {namespace} addr add {address}/24 dev {nic}"));
            ip(&format!("-n {namespace} link set {nic} mtu {mtu} up"));
        }
        ip(&format!("-n {} route add 203.0.113.0/24 via 198.51.100.254", lab.a));
        ip(&format!("-n {} route add 198.51.100.0/24 via 203.0.113.254", lab.b));
        for (namespace, nic) in [(&lab.a, "out0"), (name, "left"), (name, "right"), (&lab.b, "in0")] {
            lab.wait_for_link(namespace, nic);
        }
        lab.run(name, "sysctl", &["-qw", "net.ipv4.ip_forward=1"]);
        // The sender does not forbid to cut.
        lab.run(&lab.a, "sysctl", &["-qw", "net.ipv4.ip_no_pmtu_disc=1"]);
        router
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // The links first: what goes with a namespace goes a while later, and the next router uses the same names.
        for link in ["left", "right"] {
            ip(&format!("-n {} link del {link}", self.0));
        }
        ip(&format!("netns del {}", self.0));
    }
}

fn ip(arguments: &str) {
    assert!(Command::new("ip").args(arguments.split(' ')).status().expect("ip runs").success(), "ip {arguments}");
}

/// What netlab puts together from packets: the UDP payloads of whole datagrams to `PORT`, in order.
fn reassembled(packets: &[Record]) -> Vec<Vec<u8>> {
    let mut fragments = Fragments::default();
    let mut notes = Notes::default();
    let mut payloads = Vec::new();
    for (index, record) in packets.iter().enumerate() {
        let meta = Meta::new(index as u64 + 1, record.at, LinkType::ETHERNET, record.wire_len);
        let packet = Packet::decode(RawPacket { meta, bytes: &record.octets });
        let mut take = |packet: &Packet<'_>| {
            if let Some(udp) = packet.frame.udp().filter(|udp| udp.destination_port() == PORT) {
                payloads.push(udp.payload().to_vec());
            }
        };
        match fragments.observe(&packet, Trust::FULL, &mut notes) {
            Reassembly::Whole => take(&packet),
            Reassembly::Waiting => {}
            Reassembly::Complete(assembled) => {
                take(&assembled.packet(&meta));
                fragments.give_back(assembled);
            }
        }
    }
    payloads
}

/// The message that ends a test: what has not arrived before it will not arrive.
const LAST: &[u8] = b"the last one";

/// Starts to receive messages on a host, until the last one.
fn receive(lab: &Lab, address: &'static str) -> thread::JoinHandle<Vec<Vec<u8>>> {
    let (ready, is_ready) = std::sync::mpsc::channel();
    let receiver = lab.spawn_on(&lab.b, move || {
        let socket = UdpSocket::bind((address, PORT)).expect("the address is ours");
        // However late this thread is, there is room for all that is sent.
        setsockopt(&socket, sockopt::RcvBufForce, &(32 << 20)).expect("root may");
        socket.set_read_timeout(Some(Duration::from_secs(100))).expect("a timeout");
        ready.send(()).expect("somebody waits");
        let mut buffer = vec![0; 70_000];
        let mut messages = Vec::new();
        loop {
            let len = socket.recv(&mut buffer).expect("the last message comes");
            if buffer[..len] == *LAST {
                return messages;
            }
            messages.push(buffer[..len].to_vec());
        }
    });
    is_ready.recv().expect("the receiver listens");
    receiver
}

/// The frame with the last message.
fn last(is_v6: bool) -> Vec<u8> {
    let frame = FrameBuilder::ethernet(MacAddr(MAC_A), MacAddr(MAC_B));
    let packet = if is_v6 { frame.ipv6(Ipv6Fields::new(A6, B6)) } else { frame.ipv4(Ipv4Fields::new(A, B)) };
    packet.udp(UdpFields::new(0x9c40, PORT)).payload(LAST).finish()
}

#[test]
fn fragments_of_a_linux_sender_and_router_become_what_the_receiver_got() {
    let Some(lab) = Lab::new(&["tcpdump"]) else { return };
    for mtu in [576, 1400] {
        let _router = Router::between(&lab, mtu);
        let file = lab.file(&format!("{mtu}.pcap"));
        let capture = lab.tcpdump(&lab.b, &file, &["-i", "in0", "udp"]);
        let sizes = [100, 1472, 2000, 8000, 30_000];
        let receiver = receive(&lab, "203.0.113.2");
        lab.on(&lab.a, move || {
            let socket = UdpSocket::bind("198.51.100.1:0").expect("a socket");
            let mut rng = Rng::new(mtu as u64);
            for size in sizes {
                let message: Vec<u8> = (0..size).map(|_| rng.next_u32() as u8).collect();
                socket.send_to(&message, ("203.0.113.2", PORT)).expect("it is sent");
                thread::sleep(Duration::from_millis(50));
            }
            socket.send_to(LAST, ("203.0.113.2", PORT)).expect("it is sent");
        });
        let received = receiver.join().expect("the receiver ends");
        let packets = || recorded(&file).packets;
        wait_until("the last packet is in the file", || {
            packets().last().is_some_and(|packet| packet.octets.ends_with(LAST))
        });
        capture.interrupt();
        let packets = packets();
        assert_eq!(received.len(), sizes.len(), "MTU {mtu}");
        let mut whole = reassembled(&packets);
        assert_eq!(whole.pop().as_deref(), Some(LAST), "MTU {mtu}");
        assert!(whole == received, "MTU {mtu}: other octets");
        let mut analyzer = Analyzer::new();
        let mut notes = Notes::default();
        let mut codes = Vec::new();
        for (index, record) in packets.iter().enumerate() {
            notes.clear();
            let meta = Meta::new(index as u64 + 1, record.at, LinkType::ETHERNET, record.wire_len);
            analyzer.observe(&Packet::decode(RawPacket { meta, bytes: &record.octets }), &mut notes);
            codes.extend(notes.fresh.iter().map(Note::code));
        }
        // The sender cut to 1500, the router cut these pieces again.
        assert!(codes.contains(&"fragment-refragmented"), "MTU {mtu}");
        let report = analyzer.report();
        assert!(report.fragments.iter().all(|row| row.outcome == Outcome::Complete && row.delivered));
        assert!(report.fragments.iter().all(|row| row.mtu.is_some_and(|found| found as usize <= mtu)));
        assert_eq!(report.health.checksums.bad, 0, "the sums of the whole datagrams fit");
    }
}

/// Pieces of one datagram in order of arrival, each filled with its own letter.
struct Set {
    is_v6: bool,
    identification: u16,
    /// Octets of the UDP datagram.
    total: u32,
    pieces: Vec<(Extent, u8)>,
}

impl Set {
    /// The datagram's octet at `at` as a piece filled with `letter` has it: every piece carries the same UDP header and
    /// number, where it covers them.
    fn octet(&self, at: u32, letter: u8) -> u8 {
        let [len_high, len_low] = (self.total as u16).to_be_bytes();
        let [port_high, port_low] = PORT.to_be_bytes();
        let [number_high, number_low] = self.identification.to_be_bytes();
        let mut head = vec![0x9c, 0x40, port_high, port_low, len_high, len_low, 0, 0, number_high, number_low];
        if self.is_v6 {
            head.extend([0, 0]);
            head[6..8].copy_from_slice(&self.sum());
        }
        match head.get(at as usize) {
            Some(octet) => *octet,
            // Without a sum (IPv4) the letter alone; with one, so that any mixture of pieces sums up to nothing.
            None if self.is_v6 && (at % 4 == 1 || at % 4 == 2) => !letter,
            None => letter,
        }
    }

    /// The checksum of UDP, which IPv6 demands; it is the same whichever pieces fill the datagram.
    fn sum(&self) -> [u8; 2] {
        let mut payload = self.identification.to_be_bytes().to_vec();
        payload.extend([0, 0]);
        payload.extend((12..self.total).map(|at| if at % 4 == 1 || at % 4 == 2 { !b'x' } else { b'x' }));
        let frame = FrameBuilder::ethernet(MacAddr(MAC_A), MacAddr(MAC_B))
            .ipv6(Ipv6Fields::new(A6, B6))
            .udp(UdpFields::new(0x9c40, PORT))
            .payload(&payload)
            .finish();
        [frame[14 + 40 + 6], frame[14 + 40 + 7]]
    }

    fn frames(&self) -> Vec<Vec<u8>> {
        self.pieces
            .iter()
            .map(|(extent, letter)| {
                let data: Vec<u8> = (extent.start..extent.end).map(|at| self.octet(at, *letter)).collect();
                let frame = FrameBuilder::ethernet(MacAddr(MAC_A), MacAddr(MAC_B));
                let more = extent.end < self.total;
                if self.is_v6 {
                    let frame = frame.ipv6(Ipv6Fields::new(A6, B6));
                    let number = u32::from(self.identification);
                    return frame.ipv6_fragment(number, extent.start as u16, more).octets(17, &data).finish();
                }
                let header = Ipv4Fields::new(A, B)
                    .identification(self.identification)
                    .fragment(extent.start as u16, more)
                    .protocol(17);
                frame.ipv4(header).payload(&data).finish()
            })
            .collect()
    }

    /// What today's Linux hands on: a packet that is no piece at once; pieces once they cover everything. A partial
    /// overlap throws everything away. Either way the next piece begins anew.
    fn predicted(&self) -> Vec<Vec<u8>> {
        self.by(Policy::LinuxNow)
    }

    fn by(&self, policy: Policy) -> Vec<Vec<u8>> {
        let mut kept: Vec<(Extent, u8)> = Vec::new();
        let mut messages = Vec::new();
        for piece in &self.pieces {
            if piece.0.len() == self.total {
                messages.push((8..self.total).map(|at| self.octet(at, piece.1)).collect());
                continue;
            }
            kept.push(*piece);
            let extents: Vec<Extent> = kept.iter().map(|(extent, _)| *extent).collect();
            let Some(shares) = policy.resolve(&extents) else {
                kept.clear();
                continue;
            };
            let covered: u32 = shares.iter().map(|share| share.end - share.start).sum();
            if extents.iter().any(|extent| extent.end == self.total) && covered == self.total {
                let octets = shares.iter().flat_map(|share| {
                    (share.start..share.end).map(|at| self.octet(at, kept[share.piece].1)).collect::<Vec<_>>()
                });
                messages.push(octets.skip(8).collect());
                kept.clear();
            }
        }
        messages
    }
}

fn set(identification: u16, total: u32, pieces: &[(u32, u32)]) -> Set {
    let pieces = pieces
        .iter()
        .enumerate()
        .map(|(index, (start, len))| (Extent { start: *start, end: start + len }, b'a' + index as u8))
        .collect();
    Set { is_v6: false, identification, total, pieces }
}

/// The cases that were tried by hand, and random ones.
fn sets() -> Vec<Set> {
    let mut sets = vec![
        set(1, 48, &[(0, 16), (16, 16), (32, 16)]),
        set(2, 48, &[(32, 16), (16, 16), (0, 16)]),
        set(3, 48, &[(0, 16), (0, 16), (16, 16), (32, 16)]),
        set(4, 48, &[(0, 32), (8, 8), (32, 16)]),
        set(5, 48, &[(0, 24), (16, 16), (32, 16)]),
        set(6, 48, &[(16, 8), (0, 32), (32, 16)]),
        // Two runs side by side, and a piece across their border.
        set(7, 48, &[(16, 16), (0, 16), (8, 16), (32, 16)]),
        set(8, 44, &[(0, 16), (32, 12), (16, 16)]),
    ];
    let mut rng = Rng::new(5722);
    for identification in 100..500 {
        let blocks = 3 + rng.below(6) as u32;
        let total = blocks * 8 - rng.below(8) as u32;
        let mut pieces = Vec::new();
        // A partition in random order, with some pieces more.
        let mut at = 0;
        while at < blocks {
            let len = (1 + rng.below(3) as u32).min(blocks - at);
            pieces.push((at, len));
            at += len;
        }
        for _ in 0..rng.below(3) {
            let start = rng.below(u64::from(blocks)) as u32;
            pieces.push((start, 1 + rng.below(u64::from(blocks - start).min(3)) as u32));
        }
        for index in (1..pieces.len()).rev() {
            pieces.swap(index, rng.below(index as u64 + 1) as usize);
        }
        let pieces: Vec<(u32, u32)> =
            pieces.iter().map(|(start, len)| (start * 8, (len * 8).min(total.saturating_sub(start * 8)))).collect();
        if pieces.iter().all(|(_, len)| *len > 0) {
            sets.push(set(identification, total, &pieces));
        }
    }
    sets
}

#[test]
fn fr8_the_kernel_delivers_and_drops_overlapping_fragments_as_predicted() {
    let Some(lab) = Lab::new(&[]) else { return };
    hold_against_the_kernel(&lab, "192.0.2.2", sets());
}

/// Of IPv6 the standards want any overlap to ruin the datagram (RFC 5722 §4, RFC 8200 §4.5). Linux does that where a piece
/// overlaps in part; one that lies inside of earlier octets it takes for a copy and ignores, whatever its octets are.
#[test]
fn fr8_overlaps_of_ipv6_ruin_the_datagram_in_the_kernel_too_but_for_pieces_inside_of_earlier_ones() {
    let Some(lab) = Lab::new(&[]) else { return };
    for (namespace, address) in [(&lab.a, A6), (&lab.b, B6)] {
        lab.run(namespace, "sysctl", &["-qw", "net.ipv6.conf.eth0.disable_ipv6=0"]);
        ip(&format!("-n {namespace} addr add {}/64 dev eth0 nodad", std::net::Ipv6Addr::from(address)));
    }
    let mut sets = sets();
    for set in &mut sets {
        set.is_v6 = true;
        // Whole words, so that the sum stays the same.
        set.total = set.total.next_multiple_of(8);
        let total = set.total;
        for (extent, _) in &mut set.pieces {
            extent.end = extent.end.next_multiple_of(8).min(total);
        }
    }
    let by_standard = |set: &Set| set.by(Policy::Rfc5722);
    let ruined = sets.iter().filter(|set| by_standard(set).is_empty()).count();
    let spared = sets.iter().filter(|set| by_standard(set).is_empty() && !set.predicted().is_empty()).count();
    assert!(ruined > 50 && spared > 5, "{ruined} ruined by the standard, {spared} of them handed on by Linux");
    hold_against_the_kernel(&lab, "2001:db8::2", sets);
}

fn hold_against_the_kernel(lab: &Lab, address: &'static str, sets: Vec<Set>) {
    let receiver = receive(lab, address);
    let is_v6 = address.contains(':');
    lab.send(&lab.a, sets.iter().flat_map(Set::frames).chain([last(is_v6)]).collect());
    let mut received: Vec<Vec<u8>> = receiver.join().expect("the receiver ends");
    let mut predicted: Vec<Vec<u8>> = sets.iter().flat_map(Set::predicted).collect();
    let dropped = sets.iter().filter(|set| set.predicted().is_empty()).count();
    assert!(dropped > 50 && predicted.len() > 50, "{dropped} dropped, {} delivered", predicted.len());
    received.sort();
    predicted.sort();
    let number = |message: &Vec<u8>| u16::from_be_bytes([message[0], message[1]]);
    let missing: Vec<_> = predicted.iter().filter(|message| !received.contains(message)).map(number).collect();
    let surplus: Vec<_> = received.iter().filter(|message| !predicted.contains(message)).map(number).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "not delivered: {missing:?}, not predicted: {surplus:?}");
}

#[test]
fn fr5_two_ends_of_different_length_deliver_nothing() {
    let Some(lab) = Lab::new(&[]) else { return };
    let receiver = receive(&lab, "192.0.2.2");
    let long = set(1, 48, &[(0, 16), (16, 32)]);
    let mut short = set(1, 32, &[(16, 16)]);
    short.identification = 1;
    let mut frames = long.frames();
    frames.insert(1, short.frames().remove(0));
    let records: Vec<Record> = frames
        .iter()
        .map(|octets| Record { at: Timestamp::ZERO, wire_len: octets.len() as u32, octets: octets.clone() })
        .collect();
    frames.push(last(false));
    lab.send(&lab.a, frames);
    assert!(receiver.join().expect("the receiver ends").is_empty(), "the length of UDP does not fit the short one");
    let mut fragments = Fragments::default();
    let mut notes = Notes::default();
    for (index, record) in records.iter().enumerate() {
        let meta = Meta::new(index as u64 + 1, record.at, LinkType::ETHERNET, record.wire_len);
        let _ = fragments.observe(&Packet::decode(RawPacket { meta, bytes: &record.octets }), Trust::FULL, &mut notes);
    }
    // netlab sees the short datagram become whole too; its UDP header then promises more than there is.
    assert_eq!(fragments.counts().complete, 1);
}
