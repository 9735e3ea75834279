use super::*;
use crate::packet::{Meta, RawPacket};
use crate::wire::LinkType;
use crate::wire::build::{ArpFields, FrameBuilder, Ipv4Fields, UdpFields};

const fn mac(last: u8) -> MacAddr {
    MacAddr([0, 0, 0x5e, 0, 0x53, last])
}

const fn ip(last: u8) -> [u8; 4] {
    [192, 0, 2, last]
}

const MS: u64 = 1_000_000;

#[derive(Default)]
struct Bench {
    hosts: Hosts,
    arp: Arp,
    notes: Notes,
    number: u64,
}

impl Bench {
    fn see(&mut self, at_ms: u64, frame: FrameBuilder) {
        self.number += 1;
        let bytes = frame.finish();
        let at = Timestamp::from_nanos(at_ms * MS);
        let meta = Meta::new(self.number, at, LinkType::ETHERNET, bytes.len() as u32);
        let packet = Packet::decode(RawPacket { meta, bytes: &bytes });
        self.hosts.observe(&packet, &mut crate::analysis::flows::Places::default());
        self.arp.observe(&packet, &mut self.hosts, &mut self.notes);
    }

    fn ask(&mut self, at_ms: u64, asker: u8, target: u8) {
        let arp = ArpFields::request(mac(asker), ip(asker), ip(target));
        self.see(at_ms, FrameBuilder::ethernet(mac(asker), MacAddr::BROADCAST).arp(arp));
    }

    /// `machine` says to `to` that `address` is its own.
    fn reply(&mut self, at_ms: u64, machine: MacAddr, address: u8, to: u8) {
        let arp = ArpFields::reply(machine, ip(address), mac(to), ip(to));
        self.see(at_ms, FrameBuilder::ethernet(machine, mac(to)).arp(arp));
    }

    /// `machine` tells everybody that `address` is its own.
    fn announce(&mut self, at_ms: u64, machine: MacAddr, address: u8) {
        let arp = ArpFields::request(machine, ip(address), ip(address));
        self.see(at_ms, FrameBuilder::ethernet(machine, MacAddr::BROADCAST).arp(arp));
    }

    fn udp(&mut self, at_ms: u64, from: MacAddr, to: MacAddr, source: [u8; 4], destination: [u8; 4]) {
        let frame = FrameBuilder::ethernet(from, to).ipv4(Ipv4Fields::new(source, destination));
        self.see(at_ms, frame.udp(UdpFields::new(1000, 2000)));
    }

    fn codes(&self) -> Vec<&'static str> {
        self.notes.fresh.iter().map(Note::code).collect()
    }

    fn find(&self, code: &str) -> &Note {
        self.notes
            .fresh
            .iter()
            .find(|note| note.code() == code)
            .unwrap_or_else(|| panic!("no {code}: {:?}", self.codes()))
    }

    fn finish(mut self) -> Bench {
        self.arp.finish(&self.hosts, &mut self.notes);
        self
    }
}

#[test]
fn l1_a_reply_is_paired_with_its_question_and_dated() {
    let mut bench = Bench::default();
    bench.ask(0, 1, 2);
    bench.reply(1, mac(2), 2, 1);
    let note = bench.find("arp-answer");
    assert_eq!(note.fact("question"), Some(&Fact::Packet(1)));
    assert_eq!(note.fact("latency"), Some(&Fact::Nanos(MS)));
    let report = bench.finish().arp.report();
    assert_eq!(report.questions.len(), 1);
    assert_eq!((report.questions[0].asked, report.questions[0].answered), (1, 1));
    let owners: Vec<_> = report.bindings.iter().map(|binding| (binding.address, binding.mac)).collect();
    assert_eq!(owners, [(ip(1).into(), mac(1)), (ip(2).into(), mac(2))]);
}

#[test]
fn l1_latency_counts_from_the_last_repetition() {
    let mut bench = Bench::default();
    bench.ask(0, 1, 2);
    bench.ask(1000, 1, 2);
    bench.reply(1004, mac(2), 2, 1);
    let note = bench.find("arp-answer");
    assert_eq!(note.fact("latency"), Some(&Fact::Nanos(4 * MS)));
    assert_eq!(note.fact("times"), Some(&Fact::Count(2)));
    assert!(bench.codes().contains(&"arp-asked-again"));
}

#[test]
fn l1_after_three_seconds_nobody_answered() {
    let mut bench = Bench::default();
    for at_ms in [0, 1000, 2000] {
        bench.ask(at_ms, 1, 9);
    }
    assert!(!bench.codes().contains(&"arp-unanswered"));
    bench.udp(3001, mac(1), mac(2), ip(1), ip(2));
    let note = bench.find("arp-unanswered");
    assert_eq!((note.packet, note.fact("times")), (1, Some(&Fact::Count(3))));
    // The end of the capture ends the wait too.
    let mut bench = Bench::default();
    bench.ask(0, 1, 9);
    assert_eq!(bench.finish().codes(), ["arp-unanswered"]);
}

#[test]
fn l2_probe_announcement_and_gratuitous_reply_have_their_names() {
    let mut bench = Bench::default();
    let probe = ArpFields::request(mac(1), [0, 0, 0, 0], ip(1));
    for at_ms in [0, 1000, 2000] {
        bench.see(at_ms, FrameBuilder::ethernet(mac(1), MacAddr::BROADCAST).arp(probe));
    }
    bench.announce(4000, mac(1), 1);
    assert_eq!(bench.find("arp-announcement").fact("probes"), Some(&Fact::Count(3)));
    let gratuitous = ArpFields::reply(mac(1), ip(1), MacAddr::BROADCAST, ip(1));
    bench.see(5000, FrameBuilder::ethernet(mac(1), MacAddr::BROADCAST).arp(gratuitous));
    let codes = bench.finish().codes();
    assert_eq!(codes.iter().filter(|code| **code == "arp-probe").count(), 3);
    assert!(codes.contains(&"arp-gratuitous-reply"));
    assert!(!codes.contains(&"arp-unanswered"), "silence is what a probe hopes for");
}

#[test]
fn l2_one_machine_that_answers_for_many_is_a_proxy() {
    let mut bench = Bench::default();
    for target in 10..16 {
        bench.ask(u64::from(target), 1, target);
        bench.reply(u64::from(target), mac(99), target, 1);
    }
    let codes = bench.codes();
    assert_eq!(codes.iter().filter(|code| **code == "arp-proxy").count(), 1);
    let proxies = bench.finish().arp.report().proxies;
    assert_eq!((proxies.len(), proxies[0].addresses.len()), (1, 6));
}

#[test]
fn l3_vrrp_and_hsrp_take_over_without_suspicion() {
    for shared in [
        MacAddr([0, 0, 0x5e, 0, 1, 7]),
        MacAddr([0, 0, 0x5e, 0, 2, 7]),
        MacAddr([0, 0, 0x0c, 0x07, 0xac, 1]),
        MacAddr([0, 0, 0x0c, 0x9f, 0xf1, 2]),
    ] {
        let mut bench = Bench::default();
        bench.announce(0, mac(1), 254);
        bench.announce(1000, shared, 254);
        bench.announce(2000, mac(1), 254);
        let bench = bench.finish();
        assert!(bench.codes().contains(&"arp-virtual-router"), "{shared}");
        assert!(!bench.codes().iter().any(|code| matches!(*code, "arp-conflict" | "arp-spoofing" | "arp-moved")));
    }
}

#[test]
fn l3_a_machine_that_falls_silent_handed_its_address_over() {
    let mut bench = Bench::default();
    bench.announce(0, mac(1), 5);
    bench.announce(1000, mac(2), 5);
    bench.udp(2000, mac(2), mac(3), ip(5), ip(3));
    bench.udp(12_000, mac(3), mac(2), ip(3), ip(5));
    assert_eq!(bench.find("arp-fail-over").packet, 2);
    assert_eq!(bench.finish().arp.report().changes[0].kind, ChangeKind::FailOver);
}

#[test]
fn l3_a_machine_that_goes_on_sending_did_not_fail() {
    let mut bench = Bench::default();
    bench.announce(0, mac(1), 5);
    bench.announce(1000, mac(2), 5);
    bench.udp(2000, mac(1), mac(3), ip(6), ip(3));
    let bench = bench.finish();
    assert!(!bench.codes().contains(&"arp-fail-over"));
    assert_eq!(bench.arp.report().changes[0].kind, ChangeKind::Moved);
}

#[test]
fn l3_two_answers_to_one_question_are_a_conflict() {
    let mut bench = Bench::default();
    bench.ask(0, 1, 5);
    bench.reply(1, mac(5), 5, 1);
    bench.reply(2, mac(6), 5, 1);
    assert_eq!(bench.codes().iter().filter(|code| **code == "arp-conflict").count(), 1);
    // And it is said once, however long they go on.
    for round in 1..10 {
        bench.announce(round * 100, mac(5), 5);
        bench.announce(round * 100 + 50, mac(6), 5);
    }
    let bench = bench.finish();
    assert_eq!(bench.codes().iter().filter(|code| **code == "arp-conflict").count(), 1);
    let changes = bench.arp.report().changes;
    assert_eq!((changes.len(), changes[0].kind), (1, ChangeKind::Conflict));
    assert!(changes[0].flips > 10);
}

#[test]
fn l3_a_machine_that_claims_again_what_moved_makes_it_a_conflict() {
    let mut bench = Bench::default();
    bench.announce(0, mac(1), 5);
    bench.announce(5000, mac(2), 5);
    bench.announce(60_000, mac(1), 5);
    assert!(bench.finish().codes().contains(&"arp-conflict"));
}

#[test]
fn l3_telling_one_host_unasked_that_its_router_moved_is_spoofing() {
    let mut bench = Bench::default();
    // The router: asked for, and seen to hand on packets from outside.
    bench.ask(0, 1, 254);
    bench.reply(1, mac(254), 254, 1);
    bench.udp(10, mac(254), mac(1), [198, 51, 100, 7], ip(1));
    bench.reply(5000, mac(66), 254, 1);
    let note = bench.find("arp-spoofing");
    assert_eq!(note.fact("from"), Some(&Fact::Mac(mac(254))));
    assert_eq!(note.fact("to"), Some(&Fact::Mac(mac(66))));
    // A router that takes over tells everybody.
    let mut bench = Bench::default();
    bench.ask(0, 1, 254);
    bench.reply(1, mac(254), 254, 1);
    bench.udp(10, mac(254), mac(1), [198, 51, 100, 7], ip(1));
    bench.announce(5000, mac(253), 254);
    let bench = bench.finish();
    assert!(!bench.codes().contains(&"arp-spoofing"));
    assert!(bench.codes().contains(&"arp-fail-over"));
}

#[test]
fn l4_the_sender_in_the_frame_and_in_arp_are_the_same_or_it_is_said() {
    let mut bench = Bench::default();
    let arp = ArpFields::reply(mac(5), ip(5), mac(1), ip(1));
    bench.see(0, FrameBuilder::ethernet(mac(6), mac(1)).arp(arp));
    assert_eq!(bench.find("arp-sender-mismatch").fact("sent"), Some(&Fact::Mac(mac(6))));
    let shared = MacAddr([0, 0, 0x5e, 0, 1, 7]);
    let mut bench = Bench::default();
    let arp = ArpFields::reply(shared, ip(5), mac(1), ip(1));
    bench.see(0, FrameBuilder::ethernet(mac(6), mac(1)).arp(arp));
    assert!(!bench.codes().contains(&"arp-sender-mismatch"), "routers of a group answer from their own card");
}

#[test]
fn l5_thirty_two_different_addresses_in_ten_seconds_are_a_sweep() {
    let mut bench = Bench::default();
    for target in 100..150 {
        bench.ask(u64::from(target) * 100, 1, target);
    }
    let note = bench.find("arp-sweep");
    assert_eq!((note.packet, note.fact("time")), (32, Some(&Fact::Nanos(3100 * MS))));
    assert_eq!(bench.codes().iter().filter(|code| **code == "arp-sweep").count(), 1);
    assert_eq!(bench.finish().arp.report().sweeps[0].addresses, 50);
    // The same number of questions for few addresses, or over a long time, is none.
    let mut bench = Bench::default();
    for round in 0..100 {
        bench.ask(round * 10, 1, 100 + (round % 20) as u8);
    }
    for target in 100..150 {
        bench.ask(20_000 + u64::from(target) * 1000, 2, target);
    }
    assert!(!bench.codes().contains(&"arp-sweep"));
}
