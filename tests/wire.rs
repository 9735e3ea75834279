//! Two witnesses: of whole frames netlab's views and etherparse's slices say the same.

mod wire_corpus;

use std::net::IpAddr;

use etherparse::{LaxPacketHeaders, LinkExtSlice, LinkSlice, NetSlice, SlicedPacket, TcpOptionElement, TransportSlice};
use netlab::base::{Rng, Seq};
use netlab::wire::build::{FrameBuilder, IcmpFields, TcpFields, TcpOption, UdpFields};
use netlab::wire::{Frame, Layer, LinkType, TcpFlags, decode};
use wire_corpus::{A, B, frames, v4, v6};

/// Everything of `octets` that both know.
fn agree(name: &str, octets: &[u8]) {
    let frame = decode(LinkType::ETHERNET, octets, octets.len() as u32);
    let sliced = SlicedPacket::from_ethernet(octets).unwrap_or_else(|error| panic!("{name}: {error}"));
    let Some(LinkSlice::Ethernet2(ethernet)) = &sliced.link else { panic!("{name} has no Ethernet header") };
    let ours = frame.outer_ethernet().unwrap();
    assert_eq!(ours.source().octets(), ethernet.source(), "{name}");
    assert_eq!(ours.destination().octets(), ethernet.destination(), "{name}");
    assert_eq!(ours.type_or_len(), ethernet.ether_type().0, "{name}");
    let mut tags = frame.vlans();
    for extension in &sliced.link_exts {
        let LinkExtSlice::Vlan(vlan) = extension else { continue };
        let tag = tags.next().unwrap_or_else(|| panic!("{name} lacks a tag"));
        assert_eq!(
            (tag.vid(), tag.pcp()),
            (vlan.vlan_identifier().value(), vlan.priority_code_point().value()),
            "{name}"
        );
        assert_eq!(tag.is_drop_eligible(), vlan.drop_eligible_indicator(), "{name}");
    }
    assert!(tags.next().is_none(), "{name} has a tag too many");
    match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => {
            let (header, ours) = (ip.header(), outer_ipv4(&frame));
            assert_eq!(
                (ours.source(), ours.destination()),
                (header.source_addr(), header.destination_addr()),
                "{name}"
            );
            assert_eq!((ours.ttl(), ours.protocol()), (header.ttl(), header.protocol().0), "{name}");
            assert_eq!((ours.total_length(), ours.identification()), (header.total_len(), header.identification()));
            assert_eq!((ours.dscp(), ours.ecn()), (header.dcp().value(), header.ecn().value()), "{name}");
            assert_eq!(ours.fragment_offset(), u32::from(header.fragments_offset().value()) * 8, "{name}");
            assert_eq!(
                (ours.more_fragments(), ours.dont_fragment()),
                (header.more_fragments(), header.dont_fragment())
            );
            assert_eq!((ours.options(), ours.checksum()), (header.options(), header.header_checksum()), "{name}");
            assert_eq!(frame.payload_range().end.min(ours.payload().len() + 14), ours.payload().len() + 14, "{name}");
        }
        Some(NetSlice::Ipv6(ip)) => {
            let (header, ours) = (ip.header(), outer_ipv6(&frame));
            assert_eq!(
                (ours.source(), ours.destination()),
                (header.source_addr(), header.destination_addr()),
                "{name}"
            );
            assert_eq!((ours.hop_limit(), ours.next_header()), (header.hop_limit(), header.next_header().0), "{name}");
            assert_eq!(
                (ours.payload_length(), ours.traffic_class()),
                (header.payload_length(), header.traffic_class())
            );
            assert_eq!(ours.flow_label(), header.flow_label().value(), "{name}");
            assert_eq!(ip.is_payload_fragmented(), frame.fragment().is_some(), "{name}");
        }
        Some(NetSlice::Arp(arp)) => {
            let ours = frame.arp().unwrap();
            assert_eq!(ours.operation_number(), arp.operation().0, "{name}");
            assert_eq!(ours.sender_hardware(), arp.sender_hw_addr(), "{name}");
            assert_eq!(ours.target_protocol(), arp.target_protocol_addr(), "{name}");
        }
        _ => {}
    }
    transport(name, &frame, sliced.transport.as_ref());
}

fn outer_ipv4<'a>(frame: &Frame<'a>) -> netlab::wire::Ipv4<'a> {
    let find = |layer: &Layer<'a>| if let Layer::Ipv4(ip) = layer { Some(*ip) } else { None };
    frame.layers().iter().find_map(|located| find(&located.layer)).expect("IPv4")
}

fn outer_ipv6<'a>(frame: &Frame<'a>) -> netlab::wire::Ipv6<'a> {
    let find = |layer: &Layer<'a>| if let Layer::Ipv6(ip) = layer { Some(*ip) } else { None };
    frame.layers().iter().find_map(|located| find(&located.layer)).expect("IPv6")
}

fn transport(name: &str, frame: &Frame<'_>, theirs: Option<&TransportSlice<'_>>) {
    // etherparse looks no further than the outermost IP packet.
    let is_outermost =
        frame.layers().iter().filter(|located| matches!(located.layer, Layer::Ipv4(_) | Layer::Ipv6(_))).count() == 1;
    match theirs {
        Some(TransportSlice::Tcp(tcp)) if is_outermost => {
            let ours = frame.tcp().unwrap_or_else(|| panic!("{name} has TCP"));
            assert_eq!(
                (ours.source_port(), ours.destination_port()),
                (tcp.source_port(), tcp.destination_port()),
                "{name}"
            );
            assert_eq!(ours.sequence(), Seq(tcp.sequence_number()), "{name}");
            assert_eq!(ours.acknowledgment(), Seq(tcp.acknowledgment_number()), "{name}");
            assert_eq!((ours.window(), ours.checksum()), (tcp.window_size(), tcp.checksum()), "{name}");
            assert_eq!((ours.payload(), ours.urgent_pointer()), (tcp.payload(), tcp.urgent_pointer()), "{name}");
            let flags = ours.flags();
            assert_eq!(
                [
                    flags.fin(),
                    flags.syn(),
                    flags.rst(),
                    flags.psh(),
                    flags.ack(),
                    flags.urg(),
                    flags.ece(),
                    flags.cwr()
                ],
                [tcp.fin(), tcp.syn(), tcp.rst(), tcp.psh(), tcp.ack(), tcp.urg(), tcp.ece(), tcp.cwr()],
                "{name}"
            );
            options(name, ours.options().unwrap(), tcp);
        }
        Some(TransportSlice::Udp(udp)) if is_outermost => {
            let ours = frame.udp().unwrap_or_else(|| panic!("{name} has UDP"));
            assert_eq!(
                (ours.source_port(), ours.destination_port()),
                (udp.source_port(), udp.destination_port()),
                "{name}"
            );
            assert_eq!(
                (ours.length(), ours.checksum(), ours.payload()),
                (udp.length(), udp.checksum(), udp.payload()),
                "{name}"
            );
        }
        Some(TransportSlice::Icmpv4(icmp)) => {
            let ours = frame.icmpv4().unwrap_or_else(|| panic!("{name} has ICMP"));
            assert_eq!(
                (ours.icmp_type(), ours.code(), ours.checksum()),
                (icmp.type_u8(), icmp.code_u8(), icmp.checksum())
            );
            assert_eq!(ours.bytes(), icmp.slice(), "{name}");
        }
        Some(TransportSlice::Icmpv6(icmp)) => {
            let ours = frame.icmpv6().unwrap_or_else(|| panic!("{name} has ICMPv6"));
            assert_eq!(
                (ours.icmp_type(), ours.code(), ours.checksum()),
                (icmp.type_u8(), icmp.code_u8(), icmp.checksum())
            );
            assert_eq!(ours.bytes(), icmp.slice(), "{name}");
        }
        _ => {}
    }
}

fn options(name: &str, ours: netlab::wire::TcpOptions<'_>, tcp: &etherparse::TcpSlice<'_>) {
    let iterator = etherparse::TcpOptionsIterator::from_slice(tcp.options());
    for element in iterator {
        match element.unwrap_or_else(|error| panic!("{name}: {error}")) {
            TcpOptionElement::MaximumSegmentSize(size) => assert_eq!(ours.maximum_segment_size(), Some(size), "{name}"),
            TcpOptionElement::WindowScale(shift) => assert_eq!(ours.window_scale(), Some(shift), "{name}"),
            TcpOptionElement::SelectiveAcknowledgementPermitted => assert!(ours.sack_permitted(), "{name}"),
            TcpOptionElement::Timestamp(value, echo) => assert_eq!(ours.timestamps(), Some((value, echo)), "{name}"),
            TcpOptionElement::SelectiveAcknowledgement(first, more) => {
                let theirs: Vec<_> = std::iter::once(first).chain(more.into_iter().flatten()).collect();
                let ours: Vec<_> = ours.sack_blocks().iter().map(|(left, right)| (left.0, right.0)).collect();
                assert_eq!(ours, theirs, "{name}");
            }
            TcpOptionElement::Noop => {}
        }
    }
}

#[test]
fn the_frames_of_the_corpus_are_read_alike() {
    let mut compared = 0;
    for (name, link, octets) in frames() {
        // etherparse reads neither lengths in place of types nor more than three tags.
        let is_llc =
            decode(link, &octets, octets.len() as u32).outer_ethernet().is_some_and(|ethernet| ethernet.has_len());
        if link == LinkType::ETHERNET && !is_llc {
            agree(&name, &octets);
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared}");
}

#[test]
fn random_frames_are_read_alike() {
    let mut rng = Rng::new(11);
    for round in 0..3000 {
        let mut frame = FrameBuilder::ethernet(A, B);
        for _ in 0..rng.below(3) {
            frame = frame.vlan_tag(0x8100, rng.below(8) as u8, rng.below(2) == 1, rng.below(4096) as u16);
        }
        let is_v4 = rng.below(2) == 0;
        frame = if is_v4 {
            let mut ip = v4().ttl(rng.next_u32() as u8).identification(rng.next_u32() as u16);
            (ip.dscp, ip.ecn, ip.dont_fragment) = (rng.below(64) as u8, rng.below(4) as u8, rng.below(2) == 1);
            frame.ipv4(ip)
        } else {
            let mut ip = v6().hop_limit(rng.next_u32() as u8);
            (ip.traffic_class, ip.flow_label) = (rng.next_u32() as u8, rng.next_u32() & 0xf_ffff);
            frame.ipv6(ip)
        };
        frame = match rng.below(3) {
            0 => {
                let mut tcp = TcpFields::new(rng.next_u32() as u16, rng.next_u32() as u16)
                    .sequence(rng.next_u32())
                    .flags(TcpFlags(rng.below(256) as u16))
                    .window(rng.next_u32() as u16);
                (tcp.acknowledgment, tcp.urgent_pointer) = (rng.next_u32(), rng.next_u32() as u16);
                for _ in 0..rng.below(3) {
                    tcp = tcp.option(match rng.below(5) {
                        0 => TcpOption::NoOperation,
                        1 => TcpOption::MaximumSegmentSize(rng.next_u32() as u16),
                        2 => TcpOption::WindowScale(rng.below(15) as u8),
                        3 => TcpOption::SackPermitted,
                        _ => TcpOption::Timestamps(rng.next_u32(), rng.next_u32()),
                    });
                }
                // Of an option that comes twice the first counts; etherparse hands out both.
                if tcp.options.len() > 12 {
                    frame.tcp(TcpFields { options: Vec::new(), ..tcp })
                } else {
                    frame.tcp(first_of_each(tcp))
                }
            }
            1 => frame.udp(UdpFields::new(rng.next_u32() as u16, 1 + rng.below(1000) as u16)),
            _ => {
                frame.icmp(IcmpFields::echo(if is_v4 { 8 } else { 128 }, rng.next_u32() as u16, rng.next_u32() as u16))
            }
        };
        let payload: Vec<u8> = (0..rng.below(80)).map(|_| rng.next_u32() as u8).collect();
        agree(&format!("frame {round}"), &frame.payload(&payload).padded(60).finish());
    }
}

/// The header without its options if one of them comes twice.
fn first_of_each(tcp: TcpFields) -> TcpFields {
    let kinds: Vec<u8> = etherparse::TcpOptionsIterator::from_slice(&tcp.options)
        .filter_map(|element| {
            element.ok().map(|element| match element {
                TcpOptionElement::Noop => 1,
                TcpOptionElement::MaximumSegmentSize(_) => 2,
                TcpOptionElement::WindowScale(_) => 3,
                TcpOptionElement::SelectiveAcknowledgementPermitted => 4,
                TcpOptionElement::SelectiveAcknowledgement(..) => 5,
                TcpOptionElement::Timestamp(..) => 8,
            })
        })
        .filter(|kind| *kind != 1)
        .collect();
    let is_twice = kinds.iter().enumerate().any(|(index, kind)| kinds[..index].contains(kind));
    if is_twice { TcpFields { options: Vec::new(), ..tcp } } else { tcp }
}

#[test]
fn the_lax_reader_of_the_other_side_finds_no_more_addresses_in_cut_frames() {
    for (name, link, octets) in frames().into_iter().filter(|(_, link, _)| *link == LinkType::ETHERNET) {
        for len in 0..octets.len() {
            let frame = decode(link, &octets[..len], octets.len() as u32);
            let Ok(theirs) = LaxPacketHeaders::from_ethernet(&octets[..len]) else { continue };
            let ours = frame.layers().iter().find_map(|located| match located.layer {
                Layer::Ipv4(ip) => Some((IpAddr::V4(ip.source()), IpAddr::V4(ip.destination()))),
                Layer::Ipv6(ip) => Some((IpAddr::V6(ip.source()), IpAddr::V6(ip.destination()))),
                _ => None,
            });
            let theirs = match &theirs.net {
                Some(etherparse::NetHeaders::Ipv4(ip, _)) => {
                    Some((IpAddr::from(ip.source), IpAddr::from(ip.destination)))
                }
                Some(etherparse::NetHeaders::Ipv6(ip, _)) => {
                    Some((IpAddr::from(ip.source), IpAddr::from(ip.destination)))
                }
                _ => None,
            };
            if theirs.is_some() {
                assert_eq!(ours, theirs, "{name} cut to {len}");
            }
        }
    }
}
