use super::*;
use crate::packet::{Meta, RawPacket};
use crate::wire::LinkType;
use crate::wire::build::{ArpFields, FrameBuilder, Ipv4Fields, UdpFields};

const fn mac(last: u8) -> MacAddr {
    MacAddr([0, 0, 0x5e, 0, 0x53, last])
}

#[derive(Default)]
struct Bench {
    hosts: Hosts,
    broadcasts: Broadcasts,
    notes: Notes,
    number: u64,
}

impl Bench {
    fn see(&mut self, at_us: u64, bytes: &[u8]) {
        self.number += 1;
        let at = Timestamp::from_nanos(1_000_000_000 + at_us * 1000);
        let meta = Meta::new(self.number, at, LinkType::ETHERNET, bytes.len() as u32);
        let packet = Packet::decode(RawPacket { meta, bytes });
        let mut places = Places::default();
        self.hosts.observe(&packet, &mut places);
        self.broadcasts.observe(&packet, &places, &self.hosts, &mut self.notes);
    }

    fn codes(&self) -> Vec<&'static str> {
        self.notes.fresh.iter().map(Note::code).collect()
    }
}

fn question(target: u8) -> Vec<u8> {
    let arp = ArpFields::request(mac(1), [192, 0, 2, 1], [192, 0, 2, target]);
    FrameBuilder::ethernet(mac(1), MacAddr::BROADCAST).arp(arp).finish()
}

fn udp(from: u8, to: u8, port: u16) -> Vec<u8> {
    FrameBuilder::ethernet(mac(from), mac(to))
        .ipv4(Ipv4Fields::new([192, 0, 2, from], [192, 0, 2, to]))
        .udp(UdpFields::new(port, 9))
        .finish()
}

#[test]
fn l6_the_same_broadcast_more_than_three_times_again_goes_round() {
    let mut bench = Bench::default();
    bench.see(0, &question(9));
    for round in 1..=3 {
        bench.see(round * 20_000, &question(9));
    }
    assert!(bench.codes().is_empty(), "three times again may be an impatient sender");
    bench.see(80_000, &question(9));
    assert_eq!(bench.codes(), ["broadcast-loop"]);
    let note = &bench.notes.fresh[0];
    assert_eq!(note.fact("first"), Some(&Fact::Packet(1)));
    for copy in 0..1000 {
        bench.see(81_000 + copy, &question(9));
    }
    let report = bench.broadcasts.report();
    assert_eq!((report.storms.len(), report.storms[0].copies, report.storms[0].factor), (1, 1005, 1005));
    assert_eq!(bench.codes().len(), 1, "said once");
}

#[test]
fn l6_the_same_question_every_second_is_no_loop() {
    let mut bench = Bench::default();
    for round in 0..20 {
        bench.see(round * 1_000_000, &question(9));
    }
    assert!(bench.codes().is_empty());
}

#[test]
fn l6_ten_times_the_usual_rate_is_said() {
    let mut bench = Bench::default();
    for second in 0..5 {
        for frame in 0..5 {
            bench.see(second * 1_000_000 + frame, &question(10 + frame as u8));
        }
    }
    for frame in 0..150 {
        bench.see(5_000_000 + frame, &question(frame as u8));
    }
    assert_eq!(bench.codes(), ["broadcast-rate"]);
    assert_eq!(bench.broadcasts.report().peak_per_second, 150);
}

#[test]
fn l7_frames_for_a_machine_that_never_sends_are_flooded() {
    let mut bench = Bench::default();
    // The machines of this port answer each other.
    bench.see(0, &udp(1, 2, 1));
    bench.see(10, &udp(2, 1, 1));
    bench.see(20, &udp(1, 2, 1));
    for port in 0..20 {
        bench.see(100 + u64::from(port), &udp(3, 4, port));
    }
    assert_eq!(bench.codes(), ["unicast-flooded"]);
    let report = bench.broadcasts.report();
    assert_eq!((report.flooded[0].destination, report.flooded[0].frames), (mac(4), 20));
    // A machine that answers is not flooded to.
    let mut bench = Bench::default();
    for port in 0..20 {
        bench.see(100 + u64::from(port), &udp(1, 2, port));
        bench.see(100 + u64::from(port), &udp(2, 1, port));
    }
    assert!(bench.codes().is_empty());
}
