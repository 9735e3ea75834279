use etherparse::{PacketBuilder, SlicedPacket, TcpOptionElement, TransportSlice};

use super::*;
use crate::wire::{LinkType, TcpFlags, decode};

const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);
const V6: [[u16; 8]; 2] = [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2]];

fn v6() -> Ipv6Fields {
    Ipv6Fields::new(V6[0], V6[1])
}

fn v4() -> Ipv4Fields {
    Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2])
}

#[test]
fn tcp_over_ipv4_is_what_etherparse_writes() {
    let ours = FrameBuilder::ethernet(A, B)
        .ipv4(v4().ttl(9))
        .tcp(
            TcpFields::new(1000, 80)
                .sequence(5)
                .acknowledgment(77)
                .flags(TcpFlags::PSH)
                .window(400)
                .option(TcpOption::MaximumSegmentSize(1460)),
        )
        .payload(b"odd")
        .finish();
    let mut theirs = Vec::new();
    PacketBuilder::ethernet2(A.octets(), B.octets())
        .ipv4([192, 0, 2, 1], [198, 51, 100, 2], 9)
        .tcp(1000, 80, 5, 400)
        .ack(77)
        .psh()
        .options(&[TcpOptionElement::MaximumSegmentSize(1460)])
        .unwrap()
        .write(&mut theirs, b"odd")
        .unwrap();
    // etherparse sets DF by itself.
    theirs[20] &= !0x40;
    theirs[24..26].copy_from_slice(&ours[24..26]);
    assert_eq!(ours, theirs);
    assert!(SlicedPacket::from_ethernet(&ours).is_ok());
}

#[test]
fn udp_over_ipv6_is_what_etherparse_writes() {
    let ours = FrameBuilder::ethernet(A, B).vlan(7).ipv6(v6()).udp(UdpFields::new(53, 4000)).payload(b"hello").finish();
    let address = |index: usize| std::net::Ipv6Addr::from(V6[index]).octets();
    let mut theirs = Vec::new();
    PacketBuilder::ethernet2(A.octets(), B.octets())
        .single_vlan(etherparse::VlanId::try_new(7).unwrap())
        .ipv6(address(0), address(1), 64)
        .udp(53, 4000)
        .write(&mut theirs, b"hello")
        .unwrap();
    assert_eq!(ours, theirs);
}

#[test]
fn icmp_of_both_versions_is_what_etherparse_writes() {
    let mut theirs = Vec::new();
    PacketBuilder::ipv4([192, 0, 2, 1], [198, 51, 100, 2], 64)
        .icmpv4_echo_request(3, 4)
        .write(&mut theirs, b"x")
        .unwrap();
    let ours = FrameBuilder::raw().ipv4(v4().dont_fragment()).icmp(IcmpFields::echo(8, 3, 4)).payload(b"x").finish();
    assert_eq!(ours, theirs);
    theirs.clear();
    let address = |index: usize| std::net::Ipv6Addr::from(V6[index]).octets();
    PacketBuilder::ipv6(address(0), address(1), 64).icmpv6_echo_request(3, 4).write(&mut theirs, b"x").unwrap();
    let ours = FrameBuilder::raw().ipv6(v6()).icmp(IcmpFields::echo(128, 3, 4)).payload(b"x").finish();
    assert_eq!(ours, theirs);
}

#[test]
fn an_arp_request_is_padded_to_sixty_octets() {
    let request = ArpFields::request(A, [192, 0, 2, 1], [192, 0, 2, 2]);
    let octets = FrameBuilder::ethernet(A, MacAddr::BROADCAST).arp(request).padded(60).finish();
    assert_eq!(octets.len(), 60);
    let frame = decode(LinkType::ETHERNET, &octets, 60);
    let arp = frame.arp().unwrap();
    assert_eq!((arp.sender_mac(), arp.target_ip()), (Some(A), Some([192, 0, 2, 2].into())));
    assert!(frame.issues().is_empty());
}

#[test]
fn the_length_of_an_llc_frame_stands_where_a_type_would() {
    let octets = FrameBuilder::ethernet(A, B).llc(0x42).payload(&[0; 35]).padded(60).finish();
    assert_eq!(octets[12..17], [0, 38, 0x42, 0x42, 3]);
}

#[test]
fn fields_told_wrongly_are_written_as_told() {
    let ip = Ipv4Fields { total_length: Some(7), header_words: Some(3), version: 5, ..v4() };
    let octets = FrameBuilder::raw().ipv4(ip).udp(UdpFields::new(1, 2).length(4).checksum(Sum::Stored(9))).finish();
    assert_eq!((octets[0], &octets[2..4], &octets[24..28]), (0x53, &[0, 7][..], &[0, 4, 0, 9][..]));
}

#[test]
fn fragments_join_to_the_datagram_they_were_cut_from() {
    let payload: Vec<u8> = (0..3000).map(|i| i as u8).collect();
    let builder = FrameBuilder::ethernet(A, B).ipv4(v4().identification(9)).udp(UdpFields::new(1, 2)).payload(&payload);
    let pieces = builder.fragments(1500, 0);
    assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [1514, 1514, 14 + 20 + 48]);
    let mut joined = Vec::new();
    for piece in &pieces {
        let sliced = SlicedPacket::from_ethernet(piece).unwrap();
        let Some(etherparse::NetSlice::Ipv4(ip)) = sliced.net else { panic!("IPv4 expected") };
        assert_eq!(usize::from(ip.header().fragments_offset().value()) * 8, joined.len());
        joined.extend_from_slice(ip.payload().payload);
    }
    assert_eq!(joined, builder.finish()[34..]);
}

#[test]
fn ipv6_fragments_keep_the_hop_by_hop_header_in_front() {
    let builder =
        FrameBuilder::raw().ipv6(v6()).ipv6_extension(0, &[5, 2, 0, 0]).udp(UdpFields::new(1, 2)).payload(&[7; 1500]);
    let pieces = builder.fragments(1280, 0xabcd);
    assert_eq!(pieces.len(), 2);
    for piece in &pieces {
        assert_eq!((piece[6], piece[40], piece[48]), (0, 44, 17));
        assert_eq!(usize::from(u16::from_be_bytes([piece[4], piece[5]])) + 40, piece.len());
    }
}

#[test]
fn partial_sums_are_those_of_the_pseudo_header() {
    let octets = |sum| FrameBuilder::raw().ipv4(v4()).udp(UdpFields::new(1, 2).checksum(sum)).payload(b"ab").finish();
    // 192.0.2.1 + 198.51.100.2 + 17 + 10, folded by hand: c000+0201+c633+6402 = 1ec36, +11 +a.
    assert_eq!(octets(Sum::Partial)[26..28], [0xec, 0x52]);
    assert_eq!(octets(Sum::PartialWithoutLength)[26..28], [0xec, 0x48]);
    assert!(matches!(SlicedPacket::from_ip(&octets(Sum::Right)).unwrap().transport, Some(TransportSlice::Udp(_))));
}
