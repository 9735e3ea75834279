use super::*;
use crate::wire::build::{FrameBuilder, IcmpFields, Ipv4Fields, Ipv6Fields, Sum, TcpFields, TcpOption, UdpFields};
use crate::wire::{LinkType, decode};

fn v4() -> Ipv4Fields {
    Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 7])
}

fn v6() -> Ipv6Fields {
    Ipv6Fields::new([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2])
}

/// The verdict on the innermost transport of an IP packet.
fn judge(octets: &[u8]) -> Checksum {
    transport(&decode(LinkType::RAW, octets, octets.len() as u32))
}

fn tcp(sum: Sum, payload: &[u8]) -> Vec<u8> {
    FrameBuilder::raw().ipv4(v4()).tcp(TcpFields::new(1, 2).checksum(sum)).payload(payload).finish()
}

fn udp(sum: Sum, payload: &[u8]) -> Vec<u8> {
    FrameBuilder::raw().ipv4(v4()).udp(UdpFields::new(1, 2).checksum(sum)).payload(payload).finish()
}

#[test]
fn p3_even_and_odd_lengths_are_summed_alike() {
    for len in 0..70 {
        let payload: Vec<u8> = (0..len).map(|i| 3 * i + 1).collect();
        assert_eq!(judge(&tcp(Sum::Right, &payload)), Checksum::Good, "TCP with {len}");
        assert_eq!(judge(&udp(Sum::Right, &payload)), Checksum::Good, "UDP with {len}");
    }
}

#[test]
fn p3_a_long_payload_is_summed_as_etherparse_sums_it() {
    let mut state = 7u64;
    let octets: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // Many octets of all ones, for their carries.
        if state >> 62 == 0 { 0xff } else { (state >> 40) as u8 }
    })
    .take(70_000)
    .collect();
    let ones = vec![0xff; 65_535 * 4];
    for octets in [&octets[..], &ones] {
        for len in (0..200).chain([1460, 9000, 65_535, octets.len()]) {
            let stored = Sum16BitWords::new().add_slice(&octets[..len]).ones_complement();
            let sum = Sum16BitWords::new().add_2bytes(stored.to_ne_bytes());
            assert_eq!(verdict(sum, &[], &octets[..len]), Checksum::Good, "{len}");
            let wrong = Sum16BitWords::new().add_2bytes((stored ^ 1).to_ne_bytes());
            assert_eq!(verdict(wrong, &[], &octets[..len]), Checksum::Bad, "{len}");
        }
    }
}

#[test]
fn p3_the_quick_way_through_plain_frames_finds_what_their_layers_say() {
    let mac = |last| crate::base::MacAddr([0, 0, 0x5e, 0, 0x53, last]);
    let link = || FrameBuilder::ethernet(mac(1), mac(2));
    let dated = || TcpFields::new(40000, 80).option(TcpOption::Timestamps(1, 2));
    let samples = [
        link().ipv4(v4()).tcp(dated()).payload(b"some data"),
        link().ipv4(v4()).tcp(dated().checksum(Sum::Partial)).payload(&[0xff; 150]),
        link().ipv4(v4()).tcp(TcpFields::new(1, 2)).padded(60),
        link().ipv4(v4()).udp(UdpFields::new(1, 2)).payload(b"odd").padded(60),
        link().ipv4(v4()).udp(UdpFields::new(1, 2).length(9)).payload(b"with a surplus"),
        link().ipv4(v4()).udp(UdpFields::new(1, 2).checksum(Sum::Stored(0))).payload(b"x"),
        link().ipv6(v6()).tcp(dated()).payload(b"some data"),
        link().ipv6(v6()).udp(UdpFields::new(1, 2)).payload(&[1; 100]).padded(200),
    ];
    let mut seen = std::collections::BTreeMap::new();
    let mut compare = |octets: &[u8], wire_len: usize| {
        let frame = decode(LinkType::ETHERNET, octets, wire_len as u32);
        if let Some(quick) = plain::of_packet(&frame) {
            assert_eq!(quick, (ipv4_header(&frame), transport(&frame)), "{octets:02x?} of {wire_len}");
            *seen.entry(format!("{quick:?}")).or_insert(0) += 1;
        }
    };
    for builder in samples {
        let octets = builder.finish();
        for at in 12..octets.len() {
            for bit in 0..8 {
                let mut wrong = octets.clone();
                wrong[at] ^= 1 << bit;
                compare(&wrong, octets.len());
            }
        }
        for len in 34..=octets.len() {
            compare(&octets[..len], octets.len());
            compare(&octets[..len], len);
        }
    }
    let kinds = ["(Good, Good)", "(Good, Absent)", "(Good, Partial)", "(Good, Bad)", "(Bad, Good)", "(Absent, Good)"];
    assert!(kinds.iter().all(|kind| seen.contains_key(*kind)), "{seen:?}");
}

#[test]
fn p3_every_wrong_bit_is_seen() {
    let octets = udp(Sum::Right, b"payload");
    for at in 20..octets.len() {
        for bit in 0..8 {
            let mut wrong = octets.clone();
            wrong[at] ^= 1 << bit;
            let verdict = judge(&wrong);
            // A changed length makes another datagram of it: too short for its packet, or too long.
            let is_length = (24..26).contains(&at);
            assert!(
                verdict == Checksum::Bad || is_length && verdict != Checksum::Good,
                "octet {at} bit {bit}: {verdict:?}"
            );
        }
    }
}

#[test]
fn p3_a_partial_sum_is_told_from_a_wrong_one_with_and_without_its_length() {
    for payload in [&b""[..], b"x", b"four", &[0x5a; 1460]] {
        assert_eq!(judge(&tcp(Sum::Partial, payload)), Checksum::Partial);
        assert_eq!(judge(&tcp(Sum::PartialWithoutLength, payload)), Checksum::Partial);
        assert_eq!(judge(&udp(Sum::Partial, payload)), Checksum::Partial);
        assert_eq!(judge(&tcp(Sum::Stored(0x1234), payload)), Checksum::Bad);
    }
    let octets =
        FrameBuilder::raw().ipv6(v6()).tcp(TcpFields::new(1, 2).checksum(Sum::Partial)).payload(b"odd").finish();
    assert_eq!(judge(&octets), Checksum::Partial);
}

#[test]
fn u2_udp_without_a_checksum_is_absent_over_ipv4_and_an_issue_over_ipv6() {
    assert_eq!(judge(&udp(Sum::Stored(0), b"ab")), Checksum::Absent);
    let over_v6 = |port| {
        let udp = UdpFields::new(1, port).checksum(Sum::Stored(0));
        FrameBuilder::raw().ipv6(v6()).udp(udp).payload(b"ab").finish()
    };
    let issues = |octets: &[u8]| {
        let frame = decode(LinkType::RAW, octets, octets.len() as u32);
        frame.issues().iter().map(|issue| (issue.code.name(), issue.at)).collect::<Vec<_>>()
    };
    assert_eq!(issues(&over_v6(9)), [("no-checksum", 46)]);
    assert_eq!(issues(&over_v6(4789)), [], "tunnels may leave it out (RFC 6935 §5)");
    assert_eq!(issues(&udp(Sum::Stored(0), b"ab")), []);
}

#[test]
fn u2_a_sum_that_comes_out_as_zero_is_sent_as_ffff_and_good() {
    // The payload is chosen so that the sum is 0; the receiver takes ffff for the same number.
    let base = udp(Sum::Stored(0), &[0, 0]);
    let around = pseudo_header((IpAddr::from([192, 0, 2, 1]), IpAddr::from([198, 51, 100, 7])), 17, 10);
    let filler = around.add_slice(&base[20..]).ones_complement().to_ne_bytes();
    let octets = udp(Sum::Right, &filler);
    assert_eq!(octets[26..28], [0xff, 0xff]);
    assert_eq!(judge(&octets), Checksum::Good);
}

#[test]
fn icmp_for_ipv4_has_no_pseudo_header_and_icmpv6_has() {
    for len in [0, 1, 56, 57] {
        let payload = vec![0xa5; len];
        let octets = FrameBuilder::raw().ipv4(v4()).icmp(IcmpFields::echo(8, 1, 2)).payload(&payload).finish();
        assert_eq!(judge(&octets), Checksum::Good);
        let mut octets = FrameBuilder::raw().ipv6(v6()).icmp(IcmpFields::echo(128, 1, 2)).payload(&payload).finish();
        assert_eq!(judge(&octets), Checksum::Good);
        octets[23] ^= 1;
        assert_eq!(judge(&octets), Checksum::Bad, "another source address");
    }
}

#[test]
fn a_known_echo_request_is_good() {
    // Made by hand: 0800 + abcd + 0001 = b3ce, whose complement is 4c31.
    let octets =
        [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 8, 0, 0x4c, 0x31, 0xab, 0xcd, 0, 1];
    assert_eq!(judge(&octets), Checksum::Good);
}

#[test]
fn the_length_of_the_pseudo_header_leaves_extension_headers_out() {
    let udp = || UdpFields::new(1, 2);
    let octets = FrameBuilder::raw()
        .ipv6(v6())
        .ipv6_extension(0, &[1, 4])
        .ipv6_extension(60, &[1, 4])
        .udp(udp())
        .payload(b"abc");
    assert_eq!(judge(&octets.finish()), Checksum::Good);
}

#[test]
fn a_routing_header_with_stops_left_names_the_final_destination() {
    let [last, next]: [[u8; 16]; 2] = [
        [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
        [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5],
    ];
    // Summed as the receiver at the last stop will see it, then put behind the stops that are still to come.
    let to_last = Ipv6Fields { destination: last.into(), ..v6() };
    let segment = FrameBuilder::raw().ipv6(to_last).tcp(TcpFields::new(1, 2)).payload(b"ab").finish()[40..].to_vec();
    for (routing_type, list) in [(0, [next, last]), (4, [last, next])] {
        let mut body = vec![routing_type, 1, 0, 0, 0, 0];
        body.extend_from_slice(&list.concat());
        let octets = FrameBuilder::raw()
            .ipv6(Ipv6Fields { destination: next.into(), ..v6() })
            .ipv6_extension(43, &body)
            .octets(6, &segment)
            .finish();
        assert_eq!(judge(&octets), Checksum::Good, "routing type {routing_type}");
    }
}

#[test]
fn what_is_cut_or_a_fragment_is_not_judged() {
    let octets = tcp(Sum::Right, b"0123456789");
    let cut = decode(LinkType::RAW, &octets[..octets.len() - 1], octets.len() as u32);
    assert_eq!(transport(&cut), Checksum::Absent);
    let fragment = FrameBuilder::raw().ipv4(v4().fragment(0, true)).udp(UdpFields::new(1, 2)).payload(b"ab").finish();
    assert_eq!(judge(&fragment), Checksum::Absent);
    let fragment = FrameBuilder::raw().ipv6(v6()).ipv6_fragment(1, 0, true).udp(UdpFields::new(1, 2)).finish();
    assert_eq!(judge(&fragment), Checksum::Absent);
    let atomic = FrameBuilder::raw().ipv6(v6()).ipv6_fragment(1, 0, false).udp(UdpFields::new(1, 2)).finish();
    assert_eq!(judge(&atomic), Checksum::Good, "an atomic fragment is whole (RFC 6946)");
}

#[test]
fn a_packet_shorter_than_it_says_is_not_judged() {
    let octets = tcp(Sum::Right, b"0123456789");
    let short = &octets[..octets.len() - 4];
    assert_eq!(judge(short), Checksum::Absent);
    let octets = FrameBuilder::raw().ipv4(v4()).udp(UdpFields::new(1, 2).length(500)).payload(b"ab").finish();
    assert_eq!(judge(&octets), Checksum::Absent);
}

#[test]
fn options_belong_to_the_sum() {
    let tcp = TcpFields::new(1, 2).option(TcpOption::Timestamps(1, 2)).option(TcpOption::WindowScale(7));
    let mut octets = FrameBuilder::raw().ipv4(v4()).tcp(tcp).payload(b"x").finish();
    assert_eq!(judge(&octets), Checksum::Good);
    octets[42] ^= 1;
    assert_eq!(judge(&octets), Checksum::Bad);
}

#[test]
fn the_ipv4_header_has_its_own_sum() {
    let judge = |octets: &[u8]| ipv4_header(&decode(LinkType::RAW, octets, octets.len() as u32));
    let ip = Ipv4Fields { options: vec![7, 7, 4, 0, 0, 0, 0], ..v4() };
    let mut octets = FrameBuilder::raw().ipv4(ip).udp(UdpFields::new(1, 2)).finish();
    assert_eq!(judge(&octets), Checksum::Good);
    octets[8] -= 1;
    assert_eq!(judge(&octets), Checksum::Bad, "TTL changed and the sum did not");
    assert_eq!(judge(&octets[..22]), Checksum::Absent, "options cut");
}

#[test]
fn every_layer_of_a_tunnel_is_judged_by_its_own_addresses() {
    let inner = Ipv4Fields::new([10, 0, 0, 1], [10, 0, 0, 2]);
    let octets = FrameBuilder::raw().ipv6(v6()).ipv4(inner).tcp(TcpFields::new(1, 2)).payload(b"q").finish();
    let frame = decode(LinkType::RAW, &octets, octets.len() as u32);
    let verdicts: Vec<_> = (0..frame.layers().len()).map(|index| of_layer(&frame, index)).collect();
    assert_eq!(verdicts, [None, Some(Checksum::Good), Some(Checksum::Good)]);
}
