use std::collections::HashSet;

use super::*;
use crate::wire::build::{
    ArpFields, FrameBuilder, IcmpFields, Ipv4Fields, Ipv6Fields, TcpFields, TcpOption, UdpFields,
};
use crate::wire::{LinkType, TcpFlags, decode};

const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);

/// Every field of `octets` as (name, start, len, text).
fn fields(link: LinkType, octets: &[u8]) -> Vec<(&'static str, u32, u32, String)> {
    let frame = decode(link, octets, octets.len() as u32);
    let mut all = Vec::new();
    for located in frame.layers() {
        visit(located, &mut |value| {
            assert!(std::ptr::eq(find(value.field.name).unwrap(), value.field), "{} is in its table", value.field.name);
            assert_eq!(value.field.layer, located.layer.kind(), "{}", value.field.name);
            assert!((value.start + value.len) as usize <= octets.len(), "{} lies in the frame", value.field.name);
            all.push((value.field.name, value.start, value.len, value.to_string()));
        });
    }
    all
}

fn text_of(link: LinkType, octets: &[u8], name: &str) -> String {
    let all = fields(link, octets);
    all.iter().find(|field| field.0 == name).unwrap_or_else(|| panic!("{name} is missing in {all:?}")).3.clone()
}

#[test]
fn names_are_unique_and_in_one_spelling() {
    let mut names = HashSet::new();
    for field in all() {
        assert!(names.insert(field.name), "{} is there twice", field.name);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
        assert!(field.name.contains('.') && field.name.chars().all(plain), "{}", field.name);
        assert!(!field.label.is_empty() && !field.section.is_empty(), "{}", field.name);
    }
    assert!(names.len() > 200, "{}", names.len());
}

#[test]
fn the_fields_of_a_tcp_segment_lie_where_the_standard_puts_them() {
    let tcp = TcpFields::new(40000, 80).sequence(7).flags(TcpFlags::SYN).option(TcpOption::MaximumSegmentSize(1460));
    let octets = FrameBuilder::ethernet(A, B).ipv4(Ipv4Fields::new([192, 0, 2, 1], [192, 0, 2, 2])).tcp(tcp).finish();
    let all = fields(LinkType::ETHERNET, &octets);
    for expected in [
        ("ethernet.ether_type", 12, 2, "0x0800 (ipv4)"),
        ("ipv4.header_length", 14, 1, "20 octets"),
        ("ipv4.total_length", 16, 2, "44 octets"),
        ("ipv4.protocol", 23, 1, "6 (tcp)"),
        ("ipv4.source", 26, 4, "192.0.2.1"),
        ("tcp.source_port", 34, 2, "40000"),
        ("tcp.sequence", 38, 4, "7"),
        ("tcp.flags", 46, 2, "0x002"),
        ("tcp.flags.syn", 47, 1, "set"),
        ("tcp.flags.ack", 47, 1, "not set"),
        ("tcp.options", 54, 4, "020405b4"),
        ("tcp.option.kind", 54, 1, "2 (maximum segment size)"),
        ("tcp.option.mss", 56, 2, "1460 octets"),
    ] {
        let expected = (expected.0, expected.1, expected.2, expected.3.to_owned());
        assert!(all.contains(&expected), "{expected:?} is missing in {all:#?}");
    }
}

#[test]
fn bits_are_counted_from_the_most_significant() {
    let octets =
        FrameBuilder::ethernet(A, B).vlan_tag(0x8100, 5, true, 100).arp(ArpFields::request(A, [0; 4], [0; 4])).finish();
    let frame = decode(LinkType::ETHERNET, &octets, octets.len() as u32);
    let mut bits = Vec::new();
    visit(&frame.layers()[1], &mut |value| bits.push((value.field.name, value.start, value.bits, value.value)));
    let range = |first, count| Some(BitRange { first, count });
    assert_eq!(bits[0], ("vlan.pcp", 14, range(0, 3), Value::Unsigned(5)));
    assert_eq!(bits[1], ("vlan.drop_eligible", 14, range(3, 1), Value::Boolean(true)));
    assert_eq!(bits[2], ("vlan.vid", 14, range(4, 12), Value::Unsigned(100)));
}

#[test]
fn a_cut_header_shows_the_fields_that_are_there() {
    let octets = FrameBuilder::raw()
        .ipv4(Ipv4Fields::new([192, 0, 2, 1], [192, 0, 2, 2]))
        .tcp(TcpFields::new(1, 2).sequence(3))
        .finish();
    let frame = decode(LinkType::RAW, &octets[..29], octets.len() as u32);
    let mut names = Vec::new();
    visit(&frame.layers()[1], &mut |value| names.push(value.field.name));
    assert_eq!(names, ["tcp.source_port", "tcp.destination_port", "tcp.sequence"]);
}

#[test]
fn numbers_are_explained() {
    let v6 = Ipv6Fields::new([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2]);
    let octets = FrameBuilder::raw().ipv6(v6).icmp(IcmpFields::new(1, 4, 0)).finish();
    assert_eq!(text_of(LinkType::RAW, &octets, "icmpv6.code"), "4 (port unreachable)");
    assert_eq!(text_of(LinkType::RAW, &octets, "ipv6.next_header"), "58 (icmpv6)");
    let octets = FrameBuilder::raw().ipv6(v6).ipv6_fragment(0xabcd, 1240, true).udp(UdpFields::new(1, 2)).finish();
    assert_eq!(text_of(LinkType::RAW, &octets, "ipv6.fragment.offset"), "1240 octets");
    assert_eq!(text_of(LinkType::RAW, &octets, "ipv6.fragment.identification"), "0x0000abcd");
}

#[test]
fn router_advertisements_are_read_down_to_their_options() {
    let prefix =
        [3, 4, 64, 0xc0, 0, 0, 0, 10, 0, 0, 0, 5, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let body = [&[0, 0, 0, 0, 0, 0, 0, 0][..], &[1, 1, 0, 0, 0x5e, 0, 0x53, 1], &prefix].concat();
    let v6 = Ipv6Fields::new([0xfe80, 0, 0, 0, 0, 0, 0, 1], [0xff02, 0, 0, 0, 0, 0, 0, 1]).hop_limit(255);
    let octets = FrameBuilder::raw().ipv6(v6).icmp(IcmpFields::new(134, 0, 0x4080_0708)).payload(&body).finish();
    let text = |name| text_of(LinkType::RAW, &octets, name);
    assert_eq!(text("icmpv6.router_lifetime"), "1800");
    assert_eq!(text("icmpv6.managed"), "set");
    assert_eq!(text("icmpv6.option.source_mac"), "00:00:5e:00:53:01");
    assert_eq!(text("icmpv6.option.prefix"), "2001:db8::");
    assert_eq!(text("icmpv6.option.prefix_len"), "64");
}

#[test]
fn every_layer_has_a_summary_that_is_one_line() {
    let octets = FrameBuilder::ethernet(A, MacAddr::BROADCAST)
        .arp(ArpFields::request(A, [192, 0, 2, 1], [192, 0, 2, 2]))
        .finish();
    let frame = decode(LinkType::ETHERNET, &octets, octets.len() as u32);
    let mut lines = Vec::new();
    for located in frame.layers() {
        let mut line = String::new();
        summary(&located.layer, &mut line).unwrap();
        lines.push(line);
    }
    assert_eq!(lines, ["00:00:5e:00:53:01 → ff:ff:ff:ff:ff:ff, arp", "who has 192.0.2.2? tell 192.0.2.1"]);
}
