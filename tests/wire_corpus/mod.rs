//! Whole, well-formed frames of every protocol that netlab walks through, each with its name and link type.

use netlab::base::MacAddr;
use netlab::wire::build::{
    ArpFields, FrameBuilder, IcmpFields, Ipv4Fields, Ipv6Fields, TcpFields, TcpOption, UdpFields,
};
use netlab::wire::{LinkType, TcpFlags};

pub const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
pub const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);

pub fn v4() -> Ipv4Fields {
    Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]).identification(7)
}

pub fn v6() -> Ipv6Fields {
    Ipv6Fields::new([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2])
}

pub fn syn() -> TcpFields {
    TcpFields::new(40000, 80)
        .sequence(0x0102_0304)
        .flags(TcpFlags::SYN)
        .option(TcpOption::MaximumSegmentSize(1460))
        .option(TcpOption::SackPermitted)
        .option(TcpOption::Timestamps(1000, 0))
        .option(TcpOption::NoOperation)
        .option(TcpOption::WindowScale(7))
}

pub fn data() -> TcpFields {
    TcpFields::new(40000, 80)
        .sequence(5)
        .acknowledgment(9)
        .flags(TcpFlags::PSH)
        .option(TcpOption::NoOperation)
        .option(TcpOption::NoOperation)
        .option(TcpOption::Timestamps(1, 2))
}

/// Ethernet from A to B.
pub fn ethernet() -> FrameBuilder {
    FrameBuilder::ethernet(A, B)
}

/// Adds what IP carries to a frame.
type Carry = fn(FrameBuilder) -> FrameBuilder;

/// What IP carries in these frames, by name.
fn transports() -> Vec<(&'static str, Carry)> {
    vec![
        ("tcp-syn", |frame| frame.tcp(syn())),
        ("tcp-data", |frame| frame.tcp(data()).payload(b"hello, network")),
        ("tcp-sack", |frame| frame.tcp(data().option(TcpOption::Sack(vec![(20, 30), (40, 50)])))),
        ("udp", |frame| frame.udp(UdpFields::new(5000, 6000)).payload(b"datagram")),
        ("udp-empty", |frame| frame.udp(UdpFields::new(5000, 6000))),
    ]
}

fn raw(octets: Vec<u8>, prefix: &[u8]) -> Vec<u8> {
    [prefix, &octets].concat()
}

/// The frames.
pub fn frames() -> Vec<(String, LinkType, Vec<u8>)> {
    let mut all: Vec<(String, LinkType, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, link: LinkType, octets: Vec<u8>| all.push((name.to_owned(), link, octets));
    for (name, transport) in transports() {
        add(&format!("ipv4/{name}"), LinkType::ETHERNET, transport(ethernet().ipv4(v4())).padded(60).finish());
        add(&format!("ipv6/{name}"), LinkType::ETHERNET, transport(ethernet().ipv6(v6())).finish());
        add(&format!("vlan/ipv4/{name}"), LinkType::ETHERNET, transport(ethernet().vlan(100).ipv4(v4())).finish());
    }
    let ping =
        |frame: FrameBuilder, icmp_type| frame.icmp(IcmpFields::echo(icmp_type, 3, 4)).payload(b"abcdefgh").finish();
    add("icmpv4", LinkType::ETHERNET, ping(ethernet().ipv4(v4()), 8));
    add("icmpv6", LinkType::ETHERNET, ping(ethernet().ipv6(v6()), 128));
    let quoted = FrameBuilder::raw().ipv4(v4()).udp(UdpFields::new(1, 2)).payload(b"x").finish();
    let unreachable = ethernet().ipv4(v4()).icmp(IcmpFields::new(3, 3, 0)).payload(&quoted).finish();
    add("icmpv4-error", LinkType::ETHERNET, unreachable);
    let advertisement = [&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1][..], &[2, 1], &A.octets()].concat();
    let neighbour = ethernet().ipv6(v6().hop_limit(255)).icmp(IcmpFields::new(136, 0, 0x6000_0000));
    add("ndp", LinkType::ETHERNET, neighbour.payload(&advertisement).finish());
    add(
        "arp",
        LinkType::ETHERNET,
        ethernet().arp(ArpFields::request(A, [192, 0, 2, 1], [192, 0, 2, 2])).padded(60).finish(),
    );
    let options = Ipv4Fields { options: vec![7, 7, 4, 1, 2, 3, 4, 0], ..v4() };
    add("ipv4-options", LinkType::ETHERNET, ethernet().ipv4(options).tcp(syn()).finish());
    let extended = ethernet().ipv6(v6()).ipv6_extension(0, &[5, 2, 0, 0, 1, 0]).ipv6_extension(60, &[1, 4, 0, 0, 0, 0]);
    add("ipv6-extensions", LinkType::ETHERNET, extended.tcp(data()).payload(b"tail").finish());
    let routing = [&[4, 0, 0, 0, 0, 0][..], &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]].concat();
    add(
        "ipv6-routing",
        LinkType::ETHERNET,
        ethernet().ipv6(v6()).ipv6_extension(43, &routing).udp(UdpFields::new(1, 2)).finish(),
    );
    for (name, builder) in [
        ("ipv4-fragment", ethernet().ipv4(v4()).udp(UdpFields::new(5000, 6000)).payload(&[7; 100])),
        ("ipv6-fragment", ethernet().ipv6(v6()).udp(UdpFields::new(5000, 6000)).payload(&[7; 100])),
    ] {
        for (index, octets) in builder.fragments(if name.contains('4') { 68 } else { 100 }, 9).into_iter().enumerate() {
            add(&format!("{name}-{index}"), LinkType::ETHERNET, octets);
        }
    }
    let provider = ethernet().vlan_tag(0x88a8, 3, false, 30).vlan(100).vlan(200);
    add("vlan-3", LinkType::ETHERNET, provider.ipv4(v4()).udp(UdpFields::new(1, 2)).finish());
    for (name, bpdu) in [("stp", &BPDU[..]), ("stp-change", &[0, 0, 0, 0x80]), ("rstp", &RAPID[..])] {
        add(name, LinkType::ETHERNET, ethernet().llc(0x42).payload(bpdu).padded(60).finish());
    }
    let snap = |organization: [u8; 3], protocol: [u8; 2], inside: &[u8]| {
        ethernet().llc(0xaa).payload(&[&organization[..], &protocol, inside].concat()).padded(60).finish()
    };
    let packet = FrameBuilder::raw().ipv4(v4()).udp(UdpFields::new(1, 2)).payload(b"snap").finish();
    add("snap-ipv4", LinkType::ETHERNET, snap([0; 3], [8, 0], &packet));
    add("snap-cdp", LinkType::ETHERNET, snap([0, 0, 0xc], [0x20, 0], &[2, 180, 0, 0]));
    for (name, message) in [
        ("igmp-v2", &[0x16, 0, 0x08, 0x04, 239, 1, 2, 3][..]),
        ("igmp-v3-query", &[0x11, 100, 0, 0, 239, 1, 2, 3, 2, 125, 0, 1, 192, 0, 2, 9]),
        ("igmp-v3-report", &[0x22, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 1, 239, 1, 2, 3, 192, 0, 2, 9]),
    ] {
        add(name, LinkType::ETHERNET, ethernet().ipv4(v4().ttl(1)).octets(2, message).finish());
    }
    let labels = ethernet().octets(0x8847, &[0, 0x01, 0x40, 64, 0, 0x01, 0x51, 64]);
    add("mpls", LinkType::ETHERNET, labels.ipv4(v4()).tcp(syn()).finish());
    let pseudowire = ethernet().octets(0x8847, &[0, 0x01, 0x51, 64, 0, 0, 0, 1]).inner_ethernet(B, A);
    add("mpls-ethernet", LinkType::ETHERNET, pseudowire.ipv4(v4()).udp(UdpFields::new(1, 2)).finish());
    let session = |protocol: [u8; 2], inside: &[u8]| {
        let len = (inside.len() + 2) as u16;
        let header = [&[0x11, 0, 0, 7][..], &len.to_be_bytes(), &protocol, inside].concat();
        ethernet().octets(0x8864, &header).padded(60).finish()
    };
    add("pppoe-ipv4", LinkType::ETHERNET, session([0, 0x21], &packet));
    add("pppoe-lcp", LinkType::ETHERNET, session([0xc0, 0x21], &[9, 1, 0, 8, 1, 2, 3, 4]));
    let gre = |flags: [u8; 2], rest: &[u8]| ethernet().ipv4(v4()).octets(47, &[&flags[..], rest].concat());
    add("gre-ipv4", LinkType::ETHERNET, gre([0, 0], &[8, 0]).ipv4(v4()).tcp(data()).payload(b"inside").finish());
    let keyed = gre([0x30, 0], &[0x65, 0x58, 0, 0, 0, 9, 0, 0, 0, 1]).inner_ethernet(B, A);
    add("gre-ethernet", LinkType::ETHERNET, keyed.ipv6(v6()).udp(UdpFields::new(1, 2)).finish());
    let vxlan = ethernet().ipv4(v4()).udp(UdpFields::new(49152, 4789)).octets(0, &[8, 0, 0, 0, 0, 0, 42, 0]);
    add("vxlan", LinkType::ETHERNET, vxlan.inner_ethernet(B, A).ipv4(v4()).tcp(syn()).finish());
    let geneve =
        ethernet().ipv6(v6()).udp(UdpFields::new(49152, 6081)).octets(0, &[1, 0, 0x65, 0x58, 0, 0, 42, 0, 1, 2, 3, 0]);
    add(
        "geneve",
        LinkType::ETHERNET,
        geneve.inner_ethernet(B, A).arp(ArpFields::request(B, [10, 0, 0, 1], [10, 0, 0, 2])).finish(),
    );
    add("ip-in-ip", LinkType::ETHERNET, ethernet().ipv4(v4()).ipv4(v4()).tcp(syn()).finish());
    add("6in4", LinkType::ETHERNET, ethernet().ipv4(v4()).ipv6(v6()).udp(UdpFields::new(1, 2)).finish());
    add(
        "etherip",
        LinkType::ETHERNET,
        ethernet().ipv4(v4()).octets(97, &[0x30, 0]).inner_ethernet(B, A).ipv4(v4()).tcp(syn()).finish(),
    );
    add(
        "lldp",
        LinkType::ETHERNET,
        ethernet().octets(0x88cc, &[2, 7, 4, 0, 0, 0x5e, 0, 0x53, 1, 0, 0]).padded(60).finish(),
    );
    add("raw-ipv4", LinkType::RAW, packet.clone());
    add("raw-ipv6", LinkType::RAW, FrameBuilder::raw().ipv6(v6()).tcp(syn()).finish());
    add("null", LinkType::NULL, raw(packet.clone(), &[2, 0, 0, 0]));
    add("loop", LinkType::LOOP, raw(packet.clone(), &[0, 0, 0, 2]));
    add("sll", LinkType::LINUX_SLL, raw(packet.clone(), &[0, 4, 0, 1, 0, 6, 0, 0, 0x5e, 0, 0x53, 1, 0, 0, 8, 0]));
    add(
        "sll2",
        LinkType::LINUX_SLL2,
        raw(packet.clone(), &[8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 0, 0, 0x5e, 0, 0x53, 1, 0, 0]),
    );
    add("ppp", LinkType::PPP, raw(packet.clone(), &[0xff, 3, 0, 0x21]));
    add("ppp-hdlc", LinkType::PPP_HDLC, raw(packet.clone(), &[0xff, 3, 0x21]));
    add("cisco-hdlc", LinkType::CISCO_HDLC, raw(packet, &[0x0f, 0, 8, 0]));
    all
}

/// A configuration BPDU.
const BPDU: [u8; 35] = [
    0, 0, 0, 0, 1, 0x80, 0x64, 0, 0, 0x5e, 0, 0x53, 1, 0, 0, 0, 4, 0x80, 0x64, 0, 0, 0x5e, 0, 0x53, 2, 0x80, 2, 1, 0,
    20, 0, 2, 0, 15, 0,
];

/// A rapid BPDU: designated, learning and forwarding.
const RAPID: [u8; 36] = [
    0, 0, 2, 2, 0x3c, 0x80, 0x64, 0, 0, 0x5e, 0, 0x53, 1, 0, 0, 0, 4, 0x80, 0x64, 0, 0, 0x5e, 0, 0x53, 2, 0x80, 2, 1,
    0, 20, 0, 2, 0, 15, 0, 0,
];
