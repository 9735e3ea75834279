use super::*;
use crate::analysis::{Analyzer, Notes};
use crate::base::{MacAddr, Rng, Timestamp};
use crate::packet::{Meta, Packet, RawPacket};
use crate::wire::LinkType;
use crate::wire::build::{ArpFields, FrameBuilder, Ipv4Fields, Ipv6Fields, TcpFields, UdpFields};

fn mac(last: u64) -> MacAddr {
    MacAddr([0, 0, 0x5e, 0, 0x53, last as u8])
}

fn tcp(from: u64, to: u64, port: u16) -> FrameBuilder {
    let ip = Ipv4Fields::new([192, 0, 2, from as u8], [198, 51, 100, to as u8]);
    FrameBuilder::ethernet(mac(from), mac(to)).ipv4(ip).tcp(TcpFields::new(port, 80))
}

fn packet(bytes: &[u8], number: u64, at_us: u64) -> Packet<'_> {
    let meta = Meta::new(number, Timestamp::from_nanos(at_us * 1000), LinkType::ETHERNET, bytes.len() as u32);
    Packet::decode(RawPacket { meta, bytes })
}

#[test]
fn a_flow_finds_its_places_again_and_another_has_none() {
    let mut flows = Flows::default();
    let frames = [tcp(1, 2, 1).finish(), tcp(2, 1, 1).finish(), tcp(1, 2, 2).finish(), tcp(3, 2, 1).finish()];
    for (index, bytes) in frames.iter().enumerate() {
        let flow = flows.find(&packet(bytes, 1, 0).frame);
        assert_eq!(flows.places(flow).largest, NOWHERE);
        flows.places(flow).largest = index as u32;
    }
    for (index, bytes) in frames.iter().enumerate() {
        let flow = flows.find(&packet(bytes, 1, 0).frame);
        assert_eq!(flows.places(flow).largest, index as u32);
    }
}

#[test]
fn many_flows_make_the_table_grow_up_to_its_bound() {
    let mut flows = Flows::default();
    for port in 0..=u16::MAX {
        let bytes = tcp(1, 2, port).finish();
        let flow = flows.find(&packet(&bytes, 1, 0).frame);
        assert_eq!(flows.places(flow).largest, NOWHERE, "port {port}");
        flows.places(flow).largest = 1;
    }
    assert_eq!(flows.v4.slots.len(), MAX_FLOWS);
    assert_eq!(flows.v6.slots.len(), 0);
}

#[test]
fn flows_that_come_and_go_make_no_table_grow() {
    let mut flows = Flows::default();
    for port in 0..8 * LEAST_FLOWS as u16 {
        let bytes = tcp(1, 2, port).finish();
        for _ in 0..8 {
            flows.find(&packet(&bytes, 1, 0).frame);
        }
    }
    assert_eq!(flows.v4.slots.len(), LEAST_FLOWS);
}

#[test]
fn what_was_counted_of_a_flow_is_handed_on_once() {
    let mut flows = Flows::default();
    let frames: Vec<_> = (0..4 * LEAST_FLOWS as u16).map(|port| tcp(1, 2, port).finish()).collect();
    let (mut counted, mut handed_on) = (0, 0);
    for bytes in frames.iter().chain(&frames).chain(&frames) {
        let flow = flows.find(&packet(bytes, 1, 0).frame);
        while let Some(counted) = flows.next_pushed_out() {
            handed_on += counted.packets;
            assert_eq!(counted.octets, 100 * counted.packets);
        }
        assert!(!flows.has_pushed_out());
        // Now and then it was counted elsewhere.
        if counted % 7 == 3 {
            handed_on += flows.take_counted(flow).map_or(0, |counted| counted.packets);
        }
        counted += u64::from(flows.places(flow).count(100));
    }
    assert!(handed_on > 0);
    assert_eq!(handed_on + flows.counted().map(|counted| counted.packets).sum::<u64>(), counted);
}

#[test]
fn no_count_of_a_flow_overflows() {
    let mut places = Places::default();
    assert!(places.count(u32::MAX));
    assert!(!places.count(1));
    assert_eq!(places.count, Count { packets: 1, octets: u32::MAX });
}

/// One of all kinds of packets of a small network.
fn any(rng: &mut Rng) -> FrameBuilder {
    let (from, to) = (1 + rng.below(6), 1 + rng.below(6));
    let (source, destination) = ([192, 0, 2, from as u8], [192, 0, 2 + rng.below(2) as u8, to as u8]);
    let frame = FrameBuilder::ethernet(mac(from), if rng.below(20) == 0 { MacAddr::BROADCAST } else { mac(to) });
    let ip = Ipv4Fields::new(source, destination).identification(rng.below(0x1_0000) as u16);
    let (one, two) = (1024 + rng.below(3) as u16, 1024 + rng.below(3) as u16);
    let payload = vec![from as u8; rng.below(1200) as usize];
    let v6 = |last: u64| [0x2001, 0xdb8, 0, 0, 0, 0, 0, last as u16];
    match rng.below(12) {
        0 => frame.arp(ArpFields::request(mac(from), source, destination)),
        1 => frame.arp(ArpFields::reply(mac(from), source, mac(to), destination)),
        2 => frame.vlan(7).ipv4(ip).udp(UdpFields::new(one, two)).payload(&payload),
        3 => frame.ipv4(ip.fragment(0, true)).udp(UdpFields::new(one, two)).payload(&payload[..payload.len() / 8 * 8]),
        4 | 5 => frame.ipv4(ip).udp(UdpFields::new(one, two)).payload(&payload),
        6 => frame.ipv6(Ipv6Fields::new(v6(from), v6(to))).tcp(TcpFields::new(one, two)).payload(&payload),
        7 => frame.ipv6(Ipv6Fields::new(v6(from), v6(to))).udp(UdpFields::new(one, two)).payload(&payload),
        _ => {
            let tcp = TcpFields::new(one, two).sequence(rng.below(5000) as u32).acknowledgment(rng.below(5000) as u32);
            frame.ipv4(ip).tcp(tcp).payload(&payload)
        }
    }
}

#[test]
fn what_is_said_and_counted_does_not_depend_on_what_is_remembered_of_flows() {
    let mut rng = Rng::new(5);
    // The first remembers flows, the second none, and in the third they push each other out all the time.
    let mut analyzers = [Analyzer::new(), Analyzer::new(), Analyzer::new()];
    let mut said = [const { Vec::new() }; 3];
    let empty = Slot { key: [0; V4_WORDS], places: Places::default() };
    analyzers[2].by_packet.flows.v4.slots = vec![empty; 16];
    let mut remembered = 0;
    for number in 1..4000 {
        let bytes = any(&mut rng).finish();
        for (analyzer, said) in analyzers.iter_mut().zip(&mut said) {
            let mut notes = Notes::default();
            analyzer.observe(&packet(&bytes, number, number * 900), &mut notes);
            said.push(format!("{:?} {:?}", notes.fresh, notes.settled));
        }
        assert_eq!(said[0].last(), said[1].last(), "packet {number}");
        assert_eq!(said[0].last(), said[2].last(), "packet {number}");
        analyzers[1].by_packet.flows = Flows::default();
        let few = &mut analyzers[2].by_packet.flows;
        // It shall not grow.
        few.v4.strangers = 0;
        let next = few.foresee(&bytes);
        remembered += u32::from(few.places(next).count.packets > 1);
    }
    assert!(remembered > 20, "{remembered}");
    assert_eq!(analyzers[2].by_packet.flows.v4.slots.len(), 16);
    let lines = analyzers[0].report();
    let [one, other, third] = analyzers.map(|analyzer| serde_json::to_value(analyzer.into_report()).unwrap());
    assert_eq!(one, other);
    assert_eq!(one, third);
    assert_eq!(one["endpoints"], serde_json::to_value(lines.endpoints).unwrap(), "counted once");
    let listed = |name: &str| one[name].as_array().map_or(0, Vec::len);
    assert!(listed("masks") > 3 && listed("udp") > 30 && listed("connections") > 30, "{one}");
}
