//! Captures of ARP and the link (rules L1 to L8), of masks (N4), and of what capturing itself does (P5, P6, P9).

use netlab::base::MacAddr;
use netlab::wire::build::{ArpFields, FrameBuilder, Ipv4Fields, Sum, TcpFields, TcpOption, UdpFields};

use super::Made;
use super::scene::{self, Scene};

const MS: u64 = 1000;

pub fn made() -> Vec<Made> {
    let mut scenes = questions();
    scenes.extend(changes());
    scenes.extend(link());
    scenes.extend(health());
    scene::made("link", &scenes)
}

const fn mac(last: u8) -> MacAddr {
    MacAddr([0, 0, 0x5e, 0, 0x53, last])
}

const fn ip(last: u8) -> [u8; 4] {
    [192, 0, 2, last]
}

/// A virtual router's address: VRRP, group 7.
const SHARED: MacAddr = MacAddr([0, 0, 0x5e, 0, 1, 7]);
const OUTSIDE: [u8; 4] = [198, 51, 100, 9];

fn ask(asker: u8, target: u8) -> Vec<u8> {
    to_all(mac(asker), ArpFields::request(mac(asker), ip(asker), ip(target)))
}

fn to_all(from: MacAddr, arp: ArpFields) -> Vec<u8> {
    FrameBuilder::ethernet(from, MacAddr::BROADCAST).arp(arp).padded(60).finish()
}

/// `machine` says to `to` that `address` is its own.
fn reply(machine: MacAddr, address: u8, to: u8) -> Vec<u8> {
    let arp = ArpFields::reply(machine, ip(address), mac(to), ip(to));
    FrameBuilder::ethernet(machine, mac(to)).arp(arp).padded(60).finish()
}

fn announce(machine: MacAddr, address: u8) -> Vec<u8> {
    to_all(machine, ArpFields::request(machine, ip(address), ip(address)))
}

fn udp(from: MacAddr, to: MacAddr, source: [u8; 4], destination: [u8; 4], identification: u16) -> Vec<u8> {
    FrameBuilder::ethernet(from, to)
        .ipv4(Ipv4Fields::new(source, destination).identification(identification))
        .udp(UdpFields::new(40000, 9000))
        .payload(b"twenty octets of it.")
        .finish()
}

fn questions() -> Vec<Scene> {
    let mut proxy = Scene::new("l2-proxy", "one machine answers for six addresses");
    for (index, target) in (10..16).enumerate() {
        let at = index as u64 * 100 * MS;
        proxy = proxy.frame(at, ask(1, target)).frame(at + MS, reply(mac(99), target, 1));
    }
    let mut sweep = Scene::new("l5-sweep", "a scanner asks for forty addresses in two seconds");
    for (index, target) in (100..140).enumerate() {
        sweep = sweep.frame(index as u64 * 50 * MS, ask(1, target));
    }
    let probe = ArpFields::request(mac(1), [0, 0, 0, 0], ip(1));
    vec![
        Scene::new("l1-answer", "a question and its answer").frame(0, ask(1, 2)).frame(300, reply(mac(2), 2, 1)).label(
            2,
            "arp-answer",
            "L1",
        ),
        Scene::new("l1-nobody", "Linux asks three times, a second apart, and nobody answers")
            .frame(0, ask(1, 9))
            .frame(1000 * MS, ask(1, 9))
            .frame(2000 * MS, ask(1, 9))
            .frame(4000 * MS, udp(mac(1), mac(2), ip(1), ip(2), 1))
            .label(2, "arp-asked-again", "L1")
            .label(1, "arp-unanswered", "L1"),
        Scene::new("l2-probe-and-announce", "a host asks three times whether its address is free, then announces it")
            .frame(0, to_all(mac(1), probe))
            .frame(1500 * MS, to_all(mac(1), probe))
            .frame(3000 * MS, to_all(mac(1), probe))
            .frame(5000 * MS, announce(mac(1), 1))
            .frame(7000 * MS, to_all(mac(1), ArpFields::reply(mac(1), ip(1), MacAddr::BROADCAST, ip(1))))
            .label(1, "arp-probe", "L2")
            .label(4, "arp-announcement", "L2")
            .label(5, "arp-gratuitous-reply", "L2")
            .never(&["arp-unanswered"]),
        proxy.label(10, "arp-proxy", "L2"),
        sweep.label(32, "arp-sweep", "L5"),
        Scene::new("l4-mismatch", "a reply whose frame comes from another machine than it names")
            .frame(0, ask(1, 5))
            .frame(
                300,
                FrameBuilder::ethernet(mac(6), mac(1))
                    .arp(ArpFields::reply(mac(5), ip(5), mac(1), ip(1)))
                    .padded(60)
                    .finish(),
            )
            .label(2, "arp-sender-mismatch", "L4"),
    ]
}

/// A host has resolved its router .254 and got a packet from outside through it; packets 1 to 3.
fn with_router(name: &'static str, shows: &'static str) -> Scene {
    Scene::new(name, shows)
        .frame(0, ask(1, 254))
        .frame(MS, reply(mac(254), 254, 1))
        .frame(10 * MS, udp(mac(254), mac(1), OUTSIDE, ip(1), 1))
}

fn changes() -> Vec<Scene> {
    vec![
        Scene::new("l3-vrrp", "routers of a group share an address: one takes over, no attack (S-40)")
            .frame(0, announce(mac(1), 254))
            .frame(1000 * MS, announce(SHARED, 254))
            .label(2, "arp-virtual-router", "L3")
            .never(&["arp-conflict", "arp-spoofing", "arp-moved"]),
        with_router("l3-spoofing", "one host is told, unasked, that its router moved (S-40)")
            .frame(5000 * MS, reply(mac(66), 254, 1))
            .label(4, "arp-spoofing", "L3"),
        with_router("l3-fail-over", "another router announces the address, and the first falls silent")
            .frame(5000 * MS, announce(mac(253), 254))
            .frame(5010 * MS, udp(mac(253), mac(1), OUTSIDE, ip(1), 2))
            .frame(16_000 * MS, udp(mac(253), mac(1), OUTSIDE, ip(1), 3))
            .label(4, "arp-moved", "L3")
            .label(4, "arp-fail-over", "L3")
            .never(&["arp-spoofing", "arp-conflict"]),
        Scene::new("l3-conflict", "two machines answer one question")
            .frame(0, ask(1, 5))
            .frame(300, reply(mac(5), 5, 1))
            .frame(500, reply(mac(6), 5, 1))
            .label(3, "arp-conflict", "L3"),
    ]
}

fn link() -> Vec<Scene> {
    let mut storm =
        Scene::new("l6-loop", "a question goes round between two switches: thirty copies in three milliseconds");
    for copy in 0..30 {
        storm = storm.frame(copy * 100, ask(1, 9));
    }
    let mut flooded =
        Scene::new("l7-flooded", "frames for a machine that the switch does not know, among others' talk")
            .frame(0, udp(mac(1), mac(2), ip(1), ip(2), 1))
            .frame(100, udp(mac(2), mac(1), ip(2), ip(1), 1))
            .frame(200, udp(mac(1), mac(2), ip(1), ip(2), 2));
    for number in 0..15 {
        flooded = flooded.frame(300 + number * 100, udp(mac(3), mac(4), ip(3), ip(4), number as u16 + 1));
    }
    let mut masks = Scene::new(
        "n4-masks",
        "three hosts with a mask of 24 bits, and one with 25 that sends its neighbour by the router",
    );
    let mut at = 0;
    for host in [1, 2, 3] {
        for target in [254, 200] {
            masks = masks.frame(at, ask(host, target)).frame(at + MS, reply(mac(target), target, host));
            at += 10 * MS;
        }
        masks = masks.frame(at, udp(mac(host), mac(254), ip(host), [192, 0, 3, 9], u16::from(host)));
        at += 10 * MS;
    }
    let router_asks = to_all(mac(254), ArpFields::request(mac(254), ip(254), ip(4)));
    masks = masks
        .frame(at, ask(4, 100))
        .frame(at + MS, reply(mac(100), 100, 4))
        .frame(at + 2 * MS, router_asks)
        .frame(at + 3 * MS, reply(mac(4), 4, 254))
        .frame(at + 4 * MS, udp(mac(4), mac(254), ip(4), ip(200), 44));
    vec![
        storm.label(5, "broadcast-loop", "L6"),
        flooded.label(14, "unicast-flooded", "L7"),
        masks.label(20, "mask-disagrees", "N4"),
    ]
}

fn segment(macs: (MacAddr, MacAddr), ttl: u8, identification: u16, sum: Sum) -> Vec<u8> {
    FrameBuilder::ethernet(macs.0, macs.1)
        .ipv4(Ipv4Fields::new(ip(1), OUTSIDE).identification(identification).ttl(ttl))
        .tcp(
            TcpFields::new(40000, 80)
                .sequence(1000 + u32::from(identification) * 20)
                .acknowledgment(7)
                .option(TcpOption::Timestamps(5, 6))
                .checksum(sum),
        )
        .payload(b"twenty octets of it.")
        .finish()
}

/// A segment of more octets than any link carries.
fn giant(ip: Ipv4Fields) -> Vec<u8> {
    let tcp = TcpFields::new(40000, 80).sequence(1000).acknowledgment(7).checksum(Sum::Partial);
    FrameBuilder::ethernet(mac(1), mac(254)).ipv4(ip).tcp(tcp).payload(&[7; 20_000]).finish()
}

/// [`segment`] within a tunnel of IP in IP.
fn in_tunnel() -> Vec<u8> {
    FrameBuilder::ethernet(mac(1), mac(254))
        .ipv4(Ipv4Fields::new(ip(1), ip(254)).identification(77))
        .ipv4(Ipv4Fields::new(ip(1), OUTSIDE).identification(1).ttl(63))
        .tcp(TcpFields::new(40000, 80).sequence(1020).acknowledgment(7).option(TcpOption::Timestamps(5, 6)))
        .payload(b"twenty octets of it.")
        .finish()
}

fn in_vlan(vid: u16, is_question: bool) -> Vec<u8> {
    let (macs, ends, ports) = match is_question {
        true => ((mac(1), mac(2)), (ip(1), ip(2)), (40000, 80)),
        false => ((mac(2), mac(1)), (ip(2), ip(1)), (80, 40000)),
    };
    let (sequence, acknowledgment) = if is_question { (1, 1) } else { (1, 9) };
    FrameBuilder::ethernet(macs.0, macs.1)
        .vlan(vid)
        .ipv4(Ipv4Fields::new(ends.0, ends.1).identification(vid))
        .tcp(TcpFields::new(ports.0, ports.1).sequence(sequence).acknowledgment(acknowledgment))
        .payload(b"of eight")
        .finish()
}

/// What the loopback interface shows of two datagrams: each once as sent and once as received, with the direction in a
/// cooked header (LINKTYPE_LINUX_SLL).
fn looped() -> Scene {
    let mut looped =
        Scene::new("p6-loopback", "the loopback interface hands each packet over twice: sent, then received")
            .link(scene::COOKED);
    for number in 1..=2 {
        let datagram = FrameBuilder::raw()
            .ipv4(Ipv4Fields::new([127, 0, 0, 1], [127, 0, 0, 1]).identification(number))
            .udp(UdpFields::new(40000, 9000))
            .payload(b"to myself")
            .finish();
        for (at, packet_type) in [(0, 4), (3, 0)] {
            let mut frame = vec![0, packet_type, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0];
            frame.extend(&datagram);
            looped = looped.frame(u64::from(number) * MS + at, frame);
        }
    }
    looped
        .label(2, "capture-duplicate", "P6")
        .reports("/health/duplicates/loopback", "2")
        .reports("/udp/0/packets/a", "2")
}

fn health() -> Vec<Scene> {
    let (inside, outside) = ((mac(1), mac(254)), (mac(253), mac(9)));
    vec![
        Scene::new("p5-mirror", "a mirror port that copies every frame twice (S-28)")
            .frame(0, segment(inside, 64, 1, Sum::Right))
            .frame(3, segment(inside, 64, 1, Sum::Right))
            .frame(1000, segment(inside, 64, 2, Sum::Right))
            .frame(1003, segment(inside, 64, 2, Sum::Right))
            .label(2, "capture-duplicate", "P5")
            .label(4, "capture-duplicate", "P5")
            .never(&["tcp-retransmission"]),
        Scene::new("p5-both-sides", "the same packets on both sides of a router (S-28)")
            .frame(0, segment(inside, 64, 1, Sum::Right))
            .frame(40, segment(outside, 63, 1, Sum::Right))
            .label(2, "capture-duplicate", "P5")
            .never(&["tcp-retransmission"]),
        Scene::new("p5-no-identification", "copies without an identification: the timestamp option proves them")
            .frame(0, segment(inside, 64, 0, Sum::Right))
            .frame(80, segment(inside, 64, 0, Sum::Right))
            .label(2, "capture-duplicate", "P5")
            .reports("/health/duplicates/identical", "1")
            .never(&["tcp-retransmission"]),
        Scene::new("p2-snap-length", "54 octets of each packet were kept: lengths count, contents are unknown")
            .frame(0, segment(inside, 64, 1, Sum::Right))
            .cut(54)
            .frame(1000, segment(inside, 64, 2, Sum::Stored(1)))
            .cut(54)
            .reports("/health/cut", "2")
            .reports("/health/checksums/bad", "0")
            .reports("/connections/0/payload_octets/initiator", "40"),
        Scene::new("p4-giant", "a packet of 20000 octets: the system joined segments before they were captured")
            .frame(0, giant(Ipv4Fields::new(ip(1), OUTSIDE).identification(1)))
            .frame(
                1000,
                giant(Ipv4Fields { total_length: Some(0), ..Ipv4Fields::new(ip(1), OUTSIDE).identification(2) }),
            )
            .reports("/health/giants", "2"),
        looped(),
        Scene::new(
            "p7-tunnel",
            "one segment in a tunnel and the same outside of it: two connections, nothing repeated",
        )
        .frame(0, in_tunnel())
        .frame(300, segment(inside, 63, 1, Sum::Right))
        .reports("/connections/0/packets/initiator", "1")
        .reports("/connections/1/packets/initiator", "1")
        .never(&["tcp-retransmission", "capture-duplicate"]),
        Scene::new("p8-two-vlans", "question and answer in different VLANs: one connection")
            .frame(0, in_vlan(10, true))
            .frame(800, in_vlan(20, false))
            .reports("/connections/0/packets/initiator", "1")
            .reports("/connections/0/packets/responder", "1"),
        Scene::new(
            "l8-lengths",
            "below 0x0600 the type of a frame is its length; and a frame of less than 60 octets, not yet filled up",
        )
        .frame(0, FrameBuilder::ethernet(mac(1), mac(2)).llc(0x42).payload(&[0; 35]).padded(60).finish())
        .frame(2000, udp(mac(1), mac(2), ip(1), ip(2), 1))
        .frame(3000, FrameBuilder::ethernet(mac(1), mac(2)).arp(ArpFields::request(mac(1), ip(1), ip(2))).finish())
        .reports("/protocols/2/path", "\"ethernet/llc/stp\"")
        .reports("/health/unpadded", "1"),
        Scene::new("p3-offload", "every sum of one sender is left to its network card (S-29)")
            .frame(0, segment(inside, 64, 1, Sum::Partial))
            .frame(1000, segment(inside, 64, 2, Sum::PartialWithoutLength))
            .never(&["checksum-bad"]),
        Scene::new("p3-bad", "one wrong sum among right ones")
            .frame(0, segment(inside, 64, 1, Sum::Right))
            .frame(1000, segment(inside, 64, 2, Sum::Stored(0x1234)))
            .label(2, "checksum-bad", "P3"),
        Scene::new("p9-time-backwards", "times that run backwards (S-41)")
            .frame(2000, segment(inside, 64, 1, Sum::Right))
            .frame(1000, segment(inside, 64, 2, Sum::Right))
            .label(2, "time-backwards", "P9"),
    ]
}
