//! Packets to try filters on: a few of every kind that a capture filter can tell apart, whole, changed and cut short.

use netlab::base::Rng;

/// One packet: what was captured, and how long it was on the wire.
#[derive(Clone)]
pub struct Packet {
    pub bytes: Vec<u8>,
    pub wire_len: u32,
}

/// Addresses and ports that the packets use, for the filters to ask about.
pub const V4: [&str; 4] = ["192.0.2.1", "192.0.2.77", "198.51.100.7", "203.0.113.255"];
pub const V6: [&str; 3] = ["2001:db8::1", "2001:db8::1:0:7", "fe80::5"];
pub const MAC: [&str; 3] = ["00:00:5e:00:53:01", "00:00:5e:00:53:02", "ff:ff:ff:ff:ff:ff"];
pub const PORTS: [u16; 6] = [22, 53, 80, 443, 8080, 40000];

/// What stands before the network packet on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    Ethernet,
    Null,
    Loop,
    Raw,
    Ipv4,
    Ipv6,
    Sll,
    Sll2,
}

/// The link types with their numbers in files.
pub const LINKS: [(u16, Head); 8] = [
    (1, Head::Ethernet),
    (0, Head::Null),
    (108, Head::Loop),
    (101, Head::Raw),
    (228, Head::Ipv4),
    (229, Head::Ipv6),
    (113, Head::Sll),
    (276, Head::Sll2),
];

fn v4(text: &str) -> [u8; 4] {
    text.parse::<std::net::Ipv4Addr>().expect("an address").octets()
}

fn v6(text: &str) -> [u8; 16] {
    text.parse::<std::net::Ipv6Addr>().expect("an address").octets()
}

fn mac(text: &str) -> Vec<u8> {
    text.split(':').map(|part| u8::from_str_radix(part, 16).expect("hexadecimal")).collect()
}

fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.below(from.len() as u64) as usize]
}

fn transport(rng: &mut Rng) -> (u8, Vec<u8>) {
    let (source, destination) = (pick(rng, &PORTS).to_be_bytes(), pick(rng, &PORTS).to_be_bytes());
    match rng.below(8) {
        0..=2 => {
            let flags = pick(rng, &[0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x14, 0x29]);
            let mut tcp = [source, destination].concat();
            tcp.extend_from_slice(&rng.next_u64().to_be_bytes());
            tcp.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
            tcp.extend(std::iter::repeat_n(0x61, rng.below(30) as usize));
            (6, tcp)
        }
        3 | 4 => {
            let payload = rng.below(40) as usize;
            let len = (8 + payload) as u16;
            let mut udp = [source, destination, len.to_be_bytes(), [0, 0]].concat();
            udp.extend((0..payload).map(|i| i as u8));
            (17, udp)
        }
        5 => (132, [source, destination, [0, 0], [0, 1], [0, 0], [0, 0]].concat()),
        6 => (1, vec![pick(rng, &[0, 3, 5, 8, 11]), pick(rng, &[0, 1, 4]), 0, 0, 0, 1, 0, 1]),
        _ => (pick(rng, &[2, 9, 47, 50, 51, 89, 103, 112, 58]), rng.next_u64().to_be_bytes().repeat(2)),
    }
}

fn ipv4(rng: &mut Rng) -> Vec<u8> {
    let (protocol, payload) = transport(rng);
    let options = pick(rng, &[0, 0, 0, 4, 12]);
    let fragment: u16 = pick(rng, &[0, 0, 0x4000, 0x2000, 0x2001, 0x00b9]);
    let len = (20 + options + payload.len()) as u16;
    let mut ip = vec![0x45 + (options / 4) as u8, pick(rng, &[0, 0xb8])];
    ip.extend_from_slice(&len.to_be_bytes());
    ip.extend_from_slice(&[0, 7]);
    ip.extend_from_slice(&fragment.to_be_bytes());
    ip.extend_from_slice(&[pick(rng, &[1, 64, 128]), protocol, 0, 0]);
    ip.extend_from_slice(&v4(pick(rng, &V4)));
    let destination = pick(rng, &["192.0.2.1", "192.0.2.77", "224.0.0.5", "255.255.255.255", "0.0.0.0", "10.1.2.3"]);
    ip.extend_from_slice(&v4(destination));
    ip.extend(std::iter::repeat_n(1, options));
    ip.extend_from_slice(&payload);
    ip
}

fn ipv6(rng: &mut Rng) -> Vec<u8> {
    let (mut protocol, mut payload) = transport(rng);
    if protocol == 1 {
        protocol = 58;
        payload[0] = pick(rng, &[1, 128, 129, 135, 136]);
    }
    match rng.below(6) {
        0 => {
            payload = [vec![protocol, 0, 0, pick(rng, &[0, 1, 9]), 0, 0, 0, 3], payload].concat();
            protocol = 44;
        }
        1 => {
            payload = [vec![protocol, 0, 1, 4, 0, 0, 0, 0], payload].concat();
            protocol = pick(rng, &[0, 60, 51]);
        }
        _ => {}
    }
    let mut ip = vec![0x60, 0, 0, 0];
    ip.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    ip.extend_from_slice(&[protocol, 64]);
    ip.extend_from_slice(&v6(pick(rng, &V6)));
    ip.extend_from_slice(&v6(pick(rng, &["2001:db8::1", "ff02::1", "fe80::5", "2001:db8:1::9"])));
    ip.extend_from_slice(&payload);
    ip
}

fn arp(rng: &mut Rng) -> Vec<u8> {
    let mut arp = vec![0, 1, 8, 0, 6, 4, 0, pick(rng, &[1, 2])];
    arp.extend(mac(pick(rng, &MAC)));
    arp.extend_from_slice(&v4(pick(rng, &V4)));
    arp.extend_from_slice(&[0; 6]);
    arp.extend_from_slice(&v4(pick(rng, &V4)));
    arp
}

/// A network packet and the EtherType that announces it.
fn network(rng: &mut Rng) -> (u16, Vec<u8>) {
    match rng.below(12) {
        0..=5 => (0x0800, ipv4(rng)),
        6..=8 => (0x86dd, ipv6(rng)),
        9 => (pick(rng, &[0x0806, 0x8035]), arp(rng)),
        _ => {
            let types =
                [0x88cc, 0x9000, 0x809b, 0x80f3, 0x6001, 0x6002, 0x6003, 0x6004, 0x6007, 0x8137, 0x8863, 0x888e];
            let mut body = rng.next_u64().to_be_bytes().repeat(5);
            if rng.below(2) == 0 {
                // A DECnet routing header.
                body[2] = pick(rng, &[0x02, 0x06, 0x81]);
                body[3] = 0x02;
                body[5..7].copy_from_slice(&[0x02, 0x04]);
                body[19..21].copy_from_slice(&[0x02, 0x04]);
            }
            (pick(rng, &types), body)
        }
    }
}

/// What follows the Ethernet addresses: a type or length, and its packet, perhaps behind tags, labels or sessions.
fn ethernet_payload(rng: &mut Rng, depth: u32) -> Vec<u8> {
    let choice = if depth > 3 { 9 } else { rng.below(16) };
    match choice {
        0..=2 => {
            let tag: u16 = pick(rng, &[0x8100, 0x8100, 0x88a8, 0x9100]);
            let control: u16 = pick(rng, &[100, 200, 0x6064, 5]);
            [&tag.to_be_bytes()[..], &control.to_be_bytes(), &ethernet_payload(rng, depth + 1)].concat()
        }
        3 => {
            let labels = 1 + rng.below(3);
            let mut out = 0x8847_u16.to_be_bytes().to_vec();
            for label in 0..labels {
                let bottom = u32::from(label + 1 == labels);
                let entry = pick(rng, &[4_u32, 5, 1000]) << 12 | bottom << 8 | 64;
                out.extend_from_slice(&entry.to_be_bytes());
            }
            out.extend(if rng.below(2) == 0 { ipv4(rng) } else { ipv6(rng) });
            out
        }
        4 => {
            let (protocol, packet) = match rng.below(4) {
                0 => (0x0057_u16, ipv6(rng)),
                1 => (0x0281, [vec![0, 0, 0x41, 64], ipv4(rng)].concat()),
                2 => (pick(rng, &[0xc021, 0x0031, 0x8021]), vec![1, 2, 0, 4]),
                _ => (0x0021, ipv4(rng)),
            };
            let session = pick(rng, &[1_u16, 4, 77]);
            let mut out = vec![0x88, 0x64, 0x11, 0];
            out.extend_from_slice(&session.to_be_bytes());
            out.extend_from_slice(&((packet.len() + 2) as u16).to_be_bytes());
            out.extend_from_slice(&protocol.to_be_bytes());
            out.extend(packet);
            out
        }
        5 => {
            let body = match rng.below(6) {
                0 => vec![0x42, 0x42, 3, 0, 0, 0, 0],
                1 => vec![
                    0xfe,
                    0xfe,
                    3,
                    pick(rng, &[0x81, 0x82, 0x83]),
                    27,
                    1,
                    0,
                    pick(rng, &[15, 16, 17, 18, 20, 24, 27]),
                ],
                2 => vec![0xaa, 0xaa, 3, 8, 0, 7, 0x80, 0x9b],
                3 => vec![0xaa, 0xaa, 3, 0, 0, 0, pick(rng, &[0x81, 0x80]), pick(rng, &[0x37, 0xf3])],
                4 => vec![0xff, 0xff, 0, 40],
                _ => vec![pick(rng, &[0xe0, 0xf0, 0x06, 5]), pick(rng, &[0xf0, 0x06]), 3, 0],
            };
            [&(body.len() as u16).to_be_bytes()[..], &body, &[0; 30]].concat()
        }
        _ => {
            let (ether_type, packet) = network(rng);
            [&ether_type.to_be_bytes()[..], &packet].concat()
        }
    }
}

fn frame(rng: &mut Rng, head: Head) -> Vec<u8> {
    let ip = |rng: &mut Rng| if rng.below(3) == 0 { (6, ipv6(rng)) } else { (4, ipv4(rng)) };
    match head {
        Head::Ethernet => {
            let destination = pick(rng, &["00:00:5e:00:53:01", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:05"]);
            [mac(destination), mac(pick(rng, &MAC)), ethernet_payload(rng, 0)].concat()
        }
        Head::Null | Head::Loop => {
            let (version, packet) = ip(rng);
            let families: &[u32] = if version == 4 { &[2] } else { &[24, 28, 30] };
            let family = pick(rng, families);
            let octets = if head == Head::Null { family.to_le_bytes() } else { family.to_be_bytes() };
            [octets.to_vec(), packet].concat()
        }
        Head::Raw => ip(rng).1,
        Head::Ipv4 => ipv4(rng),
        Head::Ipv6 => ipv6(rng),
        Head::Sll => {
            let (protocol, packet) = match rng.below(5) {
                0 => (
                    4_u16,
                    vec![
                        pick(rng, &[0x42, 0xfe, 0xf0, 0xe0, 0xaa]),
                        pick(rng, &[0xfe, 0xf0, 0xaa]),
                        3,
                        0x83,
                        0,
                        0,
                        0,
                        17,
                    ],
                ),
                1 => (1, vec![0xff, 0xff, 0, 40]),
                _ => network(rng),
            };
            let kind = pick(rng, &[0_u16, 1, 2, 3, 4]);
            let mut out = [kind.to_be_bytes(), [0, 1], [0, 6]].concat();
            out.extend(mac(pick(rng, &MAC)));
            out.extend_from_slice(&[0, 0]);
            out.extend_from_slice(&protocol.to_be_bytes());
            out.extend(packet);
            out
        }
        Head::Sll2 => {
            let (protocol, packet) = network(rng);
            let mut out = protocol.to_be_bytes().to_vec();
            out.extend_from_slice(&[0, 0, 0, 0, 0, pick(rng, &[1, 2, 3]), 0, 1, pick(rng, &[0, 1, 4]), 6]);
            out.extend(mac(pick(rng, &MAC)));
            out.extend_from_slice(&[0, 0]);
            out.extend(packet);
            out
        }
    }
}

/// `count` packets of a link: most as they should be, some with an octet changed, some cut short.
pub fn packets(seed: u64, head: Head, count: usize) -> Vec<Packet> {
    let mut rng = Rng::new(seed);
    (0..count)
        .map(|_| {
            let mut bytes = frame(&mut rng, head);
            if rng.below(8) == 0 && !bytes.is_empty() {
                let at = rng.below(bytes.len().min(60) as u64) as usize;
                bytes[at] = rng.next_u32() as u8;
            }
            let wire_len = bytes.len() as u32;
            if rng.below(5) == 0 {
                bytes.truncate(rng.below(bytes.len() as u64 + 1) as usize);
            }
            Packet { bytes, wire_len }
        })
        .collect()
}

/// `count` packets of a link as they should be.
#[allow(dead_code)]
pub fn whole(seed: u64, head: Head, count: usize) -> Vec<Packet> {
    let mut rng = Rng::new(seed);
    (0..count)
        .map(|_| {
            let bytes = frame(&mut rng, head);
            Packet { wire_len: bytes.len() as u32, bytes }
        })
        .collect()
}

/// What Geneve carries, with the protocol type that announces it: frames, bare packets, Geneve again.
fn carried(rng: &mut Rng, depth: u32) -> (u16, Vec<u8>) {
    match rng.below(8) {
        0 | 1 => (0x0800, ipv4(rng)),
        2 => (0x86dd, ipv6(rng)),
        3 => network(rng),
        4 => (0x8847, [vec![0, 0, 0x51, 64], ipv4(rng)].concat()),
        kind => {
            let payload = if kind == 5 && depth < 2 {
                let (ether_type, packet) = geneve(rng, depth + 1);
                [&ether_type.to_be_bytes()[..], &packet].concat()
            } else {
                ethernet_payload(rng, 1)
            };
            let destination = pick(rng, &MAC);
            (0x6558, [mac(destination), mac(pick(rng, &MAC)), payload].concat())
        }
    }
}

/// A Geneve packet over IPv4 (with options too) or IPv6; now and then one that only looks like it.
fn geneve(rng: &mut Rng, depth: u32) -> (u16, Vec<u8>) {
    let (protocol, inner) = carried(rng, depth);
    let options = pick(rng, &[0_u8, 0, 1, 2, 7, 63]);
    let version = pick(rng, &[0_u8, 0, 0, 0, 0, 0, 0, 1]);
    let network = pick(rng, &[5_u32, 5, 0x12_3456, 0]);
    let mut udp = [pick(rng, &PORTS), pick(rng, &[6081, 6081, 6081, 6081, 6081, 53])].map(u16::to_be_bytes).concat();
    let len = 16 + 4 * usize::from(options) + inner.len();
    udp.extend_from_slice(&(len as u16).to_be_bytes());
    udp.extend_from_slice(&[0, 0, version << 6 | options, pick(rng, &[0, 0x40])]);
    udp.extend_from_slice(&protocol.to_be_bytes());
    udp.extend_from_slice(&(network << 8).to_be_bytes());
    udp.extend((0..4 * usize::from(options)).map(|at| at as u8));
    udp.extend(inner);
    if rng.below(3) == 0 {
        return (0x86dd, ipv6_with(17, &udp, rng));
    }
    (0x0800, ipv4_with(pick(rng, &[17, 17, 17, 17, 6]), &udp, rng))
}

fn ipv6_with(next: u8, payload: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut ip = vec![0x60, 0, 0, 0];
    ip.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    ip.extend_from_slice(&[next, 64]);
    ip.extend_from_slice(&v6(pick(rng, &V6)));
    ip.extend_from_slice(&v6(pick(rng, &V6)));
    ip.extend_from_slice(payload);
    ip
}

fn ipv4_with(protocol: u8, payload: &[u8], rng: &mut Rng) -> Vec<u8> {
    let options = pick(rng, &[0_usize, 0, 4, 40]);
    let fragment: u16 = pick(rng, &[0, 0, 0, 0, 0x2000, 0x0001]);
    let mut ip = vec![0x45 + (options / 4) as u8, 0];
    ip.extend_from_slice(&((20 + options + payload.len()) as u16).to_be_bytes());
    ip.extend_from_slice(&[0, 7]);
    ip.extend_from_slice(&fragment.to_be_bytes());
    ip.extend_from_slice(&[64, protocol, 0, 0]);
    ip.extend_from_slice(&v4(pick(rng, &V4)));
    ip.extend_from_slice(&v4(pick(rng, &V4)));
    ip.extend(std::iter::repeat_n(1, options));
    ip.extend_from_slice(payload);
    ip
}

/// A packet with headers between IP and what it carries, up to six of them.
fn chained(rng: &mut Rng) -> (u16, Vec<u8>) {
    let (mut next, mut payload) = transport(rng);
    let is_ipv6 = rng.below(4) != 0;
    for _ in 0..rng.below(7) {
        let header = if is_ipv6 { pick(rng, &[0, 60, 43, 44, 51, 51]) } else { 51 };
        let units = if header == 44 { 0 } else { pick(rng, &[0_u8, 1, 2]) };
        let len = if header == 51 { 4 * (usize::from(units) + 2) } else { 8 * (usize::from(units) + 1) };
        let mut octets = vec![next, units];
        octets.resize(len, 0);
        octets.extend(payload);
        (next, payload) = (header, octets);
    }
    match is_ipv6 {
        true => (0x86dd, ipv6_with(next, &payload, rng)),
        false => (0x0800, ipv4_with(next, &payload, rng)),
    }
}

/// `count` packets of a link with headers whose place the packet itself tells; a part of them changed or cut short.
#[allow(dead_code)]
pub fn nested(seed: u64, head: Head, count: usize) -> Vec<Packet> {
    let mut rng = Rng::new(seed);
    (0..count)
        .map(|_| {
            let rng = &mut rng;
            let mut made = if rng.below(3) == 0 { chained(rng) } else { geneve(rng, 0) };
            while matches!((head, made.0), (Head::Ipv4, 0x86dd) | (Head::Ipv6, 0x0800)) {
                made = if rng.below(3) == 0 { chained(rng) } else { geneve(rng, 0) };
            }
            let (ether_type, packet) = made;
            let mut bytes = match head {
                Head::Ethernet => {
                    let mut bytes = [mac(MAC[0]), mac(MAC[1])].concat();
                    match rng.below(8) {
                        0 => bytes.extend_from_slice(&[0x81, 0, 0, pick(rng, &[100, 5])]),
                        1 => bytes.extend_from_slice(&[0x88, 0x47, 0, 0, 0x51, 64]),
                        2 => {
                            let len = (packet.len() + 2) as u16;
                            bytes.extend_from_slice(&[0x88, 0x64, 0x11, 0, 0, 4]);
                            bytes.extend_from_slice(&len.to_be_bytes());
                        }
                        _ => {}
                    }
                    match &bytes[12..] {
                        [0x88, 0x47, ..] => {}
                        [0x88, 0x64, ..] if ether_type == 0x0800 => bytes.extend_from_slice(&[0, 0x21]),
                        [0x88, 0x64, ..] => bytes.extend_from_slice(&[0, 0x57]),
                        _ => bytes.extend_from_slice(&ether_type.to_be_bytes()),
                    }
                    bytes
                }
                Head::Null => if ether_type == 0x0800 { 2_u32 } else { 30 }.to_le_bytes().to_vec(),
                Head::Loop => if ether_type == 0x0800 { 2_u32 } else { 30 }.to_be_bytes().to_vec(),
                Head::Raw | Head::Ipv4 | Head::Ipv6 => Vec::new(),
                Head::Sll => {
                    [&[0, 4, 0, 1, 0, 6, 0, 0, 0x5e, 0, 0x53, 1, 0, 0][..], &ether_type.to_be_bytes()].concat()
                }
                Head::Sll2 => [&ether_type.to_be_bytes()[..], &[0; 18]].concat(),
            };
            bytes.extend(packet);
            if rng.below(8) == 0 {
                let at = rng.below(bytes.len().min(90) as u64) as usize;
                bytes[at] = rng.next_u32() as u8;
            }
            let wire_len = bytes.len() as u32;
            if rng.below(6) == 0 {
                bytes.truncate(rng.below(bytes.len() as u64 + 1) as usize);
            }
            Packet { bytes, wire_len }
        })
        .collect()
}

/// The packets as a pcap file.
pub fn pcap(link: u16, packets: &[Packet]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend_from_slice(&0xa1b2_c3d4_u32.to_le_bytes());
    file.extend_from_slice(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend_from_slice(&262_144_u32.to_le_bytes());
    file.extend_from_slice(&u32::from(link).to_le_bytes());
    for (number, packet) in packets.iter().enumerate() {
        for word in [number as u32, 0, packet.bytes.len() as u32, packet.wire_len] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(&packet.bytes);
    }
    file
}

/// The packets of a pcap file in little-endian order, and its link type.
pub fn unpack(file: &[u8]) -> Option<(u16, Vec<Packet>)> {
    let word = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?));
    if !matches!(word(0)?, 0xa1b2_c3d4 | 0xa1b2_3c4d) {
        return None;
    }
    let link = word(20)? as u16;
    let mut packets = Vec::new();
    let mut at = 24;
    while let (Some(len), Some(wire_len)) = (word(at + 8), word(at + 12)) {
        let Some(bytes) = file.get(at + 16..at + 16 + len as usize) else { break };
        packets.push(Packet { bytes: bytes.to_vec(), wire_len });
        at += 16 + len as usize;
    }
    Some((link, packets))
}
