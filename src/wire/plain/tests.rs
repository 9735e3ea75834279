use super::*;
use crate::base::{MacAddr, Rng};
use crate::wire::build::{FrameBuilder, Ipv4Fields, Ipv6Fields, Sum, TcpFields, TcpOption, UdpFields};
use crate::wire::{LinkType, decode::walk};

const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);

/// True if the frame is plain; the walk must find the same.
fn agrees(bytes: &[u8], wire_len: u32) -> bool {
    let Some(plain) = Plain::find(bytes, wire_len) else { return false };
    let quick = plain.frame(bytes, wire_len);
    assert!(quick.is_plain());
    let slow = walk(LinkType::ETHERNET, bytes, wire_len);
    // First what is told without making the layers, then the layers themselves.
    let told = |frame: &Frame<'_>| {
        let link = (frame.ethernet(), frame.outer_ethernet(), frame.vlans().count(), frame.arp());
        let network = (frame.ip(), frame.outer_ip(), frame.ipv4(), frame.ipv6(), frame.fragment());
        let upper = (frame.transport(), frame.tcp(), frame.udp(), frame.icmpv4(), frame.icmpv6(), frame.ports());
        format!("{link:?} {network:?} {upper:?}")
    };
    assert_eq!(told(&quick), told(&slow), "{bytes:02x?} of {wire_len}");
    assert_eq!(quick.layers().len(), 3);
    let quick = format!("{quick:?}").replace("is_plain: true", "is_plain: false");
    assert_eq!(quick, format!("{slow:?}"), "{bytes:02x?} of {wire_len}");
    true
}

fn samples() -> Vec<Vec<u8>> {
    let v4 = || FrameBuilder::ethernet(A, B).ipv4(Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 7]).identification(9));
    let [one, two] = [1, 2].map(|last| [0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
    let v6 = || FrameBuilder::ethernet(A, B).ipv6(Ipv6Fields::new(one, two));
    let dated = || TcpFields::new(40000, 80).option(TcpOption::Timestamps(1, 2));
    let odd = || TcpFields::new(40000, 80).option(TcpOption::WindowScale(7)).option(TcpOption::Timestamps(1, 2));
    let udp = || UdpFields::new(5353, 53);
    let builders = [
        v4().tcp(TcpFields::new(1, 2)).payload(b"some data"),
        v4().tcp(dated()).payload(b"some data"),
        v4().tcp(odd()),
        v4().tcp(TcpFields::new(1, 2)).padded(60),
        v4().udp(udp()).payload(b"question"),
        v4().udp(UdpFields::new(1, 4789)).payload(&[8, 0, 0, 0, 0, 0, 1, 0]),
        v4().udp(udp().checksum(Sum::Stored(0))).padded(60),
        v6().tcp(dated()).payload(b"some data"),
        v6().udp(udp()).payload(b"question").padded(90),
        v6().udp(udp().checksum(Sum::Stored(0))).payload(b"x"),
    ];
    builders.iter().map(FrameBuilder::finish).collect()
}

#[test]
fn ordinary_frames_are_plain_and_what_the_walk_finds() {
    let plain = samples().iter().filter(|bytes| agrees(bytes, bytes.len() as u32)).count();
    assert_eq!(plain, samples().len() - 2, "all but the tunnel and the lack of a checksum over IPv6");
}

#[test]
fn what_has_a_place_of_its_own_is_what_the_layers_say() {
    let mut seen = 0;
    for bytes in samples() {
        let frame = crate::wire::decode(LinkType::ETHERNET, &bytes, bytes.len() as u32);
        let Some(plain) = frame.plain_v4() else { continue };
        let (ethernet, ip) = (frame.outer_ethernet().unwrap(), frame.ipv4().unwrap());
        assert_eq!((plain.source_mac(), plain.destination_mac()), (ethernet.source(), ethernet.destination()));
        assert_eq!((plain.total_length(), plain.identification()), (ip.total_length(), ip.identification()));
        let flags = (plain.has_reserved_flag(), plain.dont_fragment());
        assert_eq!(flags, (ip.has_reserved_flag(), ip.dont_fragment()));
        assert_eq!((plain.ttl(), plain.protocol()), (ip.ttl(), ip.protocol()));
        assert_eq!(plain.addresses()[..], [ip.source().octets(), ip.destination().octets()].concat());
        assert_eq!(plain.payload(), ip.payload());
        seen += 1;
    }
    assert_eq!(seen, 6);
}

#[test]
fn cut_frames_are_what_the_walk_finds() {
    let mut plain = 0;
    for bytes in samples() {
        for len in 0..=bytes.len() {
            for wire_len in [0, len, bytes.len(), bytes.len() + 1, 70_000] {
                plain += usize::from(agrees(&bytes[..len], wire_len as u32));
            }
        }
    }
    assert!(plain > 100, "frames whose data are cut are plain too: {plain}");
}

#[test]
fn hostile_frames_are_what_the_walk_finds() {
    let mut plain = 0;
    for bytes in samples() {
        // Every value of every octet of the headers.
        for at in 12..bytes.len().min(90) {
            for value in 0..=255 {
                let mut bytes = bytes.clone();
                bytes[at] = value;
                plain += usize::from(agrees(&bytes, bytes.len() as u32));
            }
        }
    }
    let mut rng = Rng::new(11);
    for round in 0..20_000 {
        let samples = samples();
        let mut bytes = samples[round % samples.len()].clone();
        for _ in 0..=rng.below(4) {
            let at = 12 + rng.below(bytes.len() as u64 - 12) as usize;
            bytes[at] = rng.below(256) as u8;
        }
        let len = bytes.len() - rng.below(20) as usize;
        plain += usize::from(agrees(&bytes[..len], (bytes.len() + rng.below(9) as usize) as u32));
    }
    assert!(plain > 10_000, "{plain}");
}
