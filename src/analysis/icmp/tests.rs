use crate::analysis::{Analyzer, Fact, Note, Notes};
use crate::base::{MacAddr, Timestamp};
use crate::packet::{Meta, Packet, RawPacket};
use crate::wire::LinkType;
use crate::wire::build::{FrameBuilder, IcmpFields, Ipv4Fields, Ipv6Fields, UdpFields};

const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);
const ASKER: [u8; 4] = [192, 0, 2, 1];
const ASKED: [u8; 4] = [198, 51, 100, 2];
const ROUTER: [u8; 4] = [192, 0, 2, 254];

#[derive(Default)]
struct Bench {
    analyzer: Analyzer,
    notes: Notes,
    number: u64,
}

impl Bench {
    fn see(&mut self, at_ms: u64, bytes: &[u8]) {
        self.number += 1;
        let at = Timestamp::from_nanos(at_ms * 1_000_000);
        let meta = Meta::new(self.number, at, LinkType::ETHERNET, bytes.len() as u32);
        self.analyzer.observe(&Packet::decode(RawPacket { meta, bytes }), &mut self.notes);
    }

    fn echo(&mut self, at_ms: u64, is_request: bool, sequence: u16) {
        let (from, to, kind) = if is_request { (ASKER, ASKED, 8) } else { (ASKED, ASKER, 0) };
        let ip = Ipv4Fields::new(from, to).identification(self.number as u16 + 1);
        self.see(at_ms, &FrameBuilder::ethernet(A, B).ipv4(ip).icmp(IcmpFields::echo(kind, 7, sequence)).finish());
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
}

/// An ICMP error about `quoted`, a frame of Ethernet, of which 28 octets of the packet are quoted.
fn error(icmp_type: u8, code: u8, rest: u32, quoted: &[u8]) -> Vec<u8> {
    let end = quoted.len().min(14 + 28);
    FrameBuilder::ethernet(B, A)
        .ipv4(Ipv4Fields::new(ROUTER, ASKER).identification(999))
        .icmp(IcmpFields::new(icmp_type, code, rest))
        .payload(&quoted[14..end])
        .finish()
}

#[test]
fn i1_requests_and_replies_are_paired_and_losses_counted() {
    let mut bench = Bench::default();
    for (sequence, rtt) in [(1, 10), (2, 20), (4, 30)] {
        bench.echo(sequence * 1000, true, sequence as u16);
        bench.echo(sequence * 1000 + rtt, false, sequence as u16);
    }
    bench.echo(5000, true, 3);
    bench.analyzer.finish(&mut bench.notes);
    let report = bench.analyzer.report().icmp;
    assert_eq!(report.pings.len(), 1);
    let ping = &report.pings[0];
    assert_eq!((ping.sent, ping.answered, ping.lost, ping.duplicates), (4, 3, 1, 0));
    assert!((ping.loss - 0.25).abs() < 1e-9);
    let ms = |ms: u64| Some(ms * 1_000_000);
    assert_eq!((ping.least_rtt_ns, ping.mean_rtt_ns, ping.most_rtt_ns), (ms(10), ms(20), ms(30)));
    assert_eq!(bench.find("icmp-echo-lost").packet, 7);
    assert_eq!(bench.find("icmp-echo-answer").fact("request"), Some(&Fact::Packet(1)));
}

#[test]
fn i1_a_second_reply_and_one_without_request_are_told() {
    let mut bench = Bench::default();
    bench.echo(0, true, 1);
    bench.echo(1, false, 1);
    bench.echo(2, false, 1);
    bench.echo(3, false, 9);
    assert_eq!(bench.codes(), ["icmp-echo-answer", "icmp-echo-duplicate", "icmp-echo-unasked"]);
}

#[test]
fn i1_pings_of_ipv6_are_paired_too() {
    let end = |last| [0x2001, 0xdb8, 0, 0, 0, 0, 0, last];
    let mut bench = Bench::default();
    for (kind, from, to) in [(128, 1, 2), (129, 2, 1)] {
        let frame = FrameBuilder::ethernet(A, B).ipv6(Ipv6Fields::new(end(from), end(to)));
        bench.see(u64::from(kind), &frame.icmp(IcmpFields::echo(kind, 1, 1)).finish());
    }
    assert_eq!(bench.analyzer.report().icmp.pings[0].answered, 1);
}

#[test]
fn i2_an_error_names_flow_and_packet_that_it_quotes() {
    let question = FrameBuilder::ethernet(A, B)
        .ipv4(Ipv4Fields::new(ASKER, ASKED).identification(77))
        .udp(UdpFields::new(4000, 53))
        .payload(b"who")
        .finish();
    let mut bench = Bench::default();
    bench.see(0, &question);
    bench.see(5, &error(3, 1, 0, &question));
    let note = bench.find("icmp-unreachable");
    assert_eq!(note.fact("meaning"), Some(&Fact::Word("host unreachable")));
    assert_eq!(note.fact("flow"), Some(&Fact::Text("udp 192.0.2.1:4000 → 198.51.100.2:53".into())));
    assert_eq!(note.fact("about"), Some(&Fact::Packet(1)));
    assert_eq!(note.fact("age"), Some(&Fact::Nanos(5_000_000)));
    let errors = bench.analyzer.report().icmp.errors;
    assert_eq!((errors.len(), errors[0].about_packet, errors[0].packets), (1, Some(1), 1));
}

#[test]
fn u5_port_unreachable_is_linked_to_its_conversation() {
    let question = FrameBuilder::ethernet(A, B)
        .ipv4(Ipv4Fields::new(ASKER, ASKED).identification(77))
        .udp(UdpFields::new(4000, 9))
        .finish();
    let mut bench = Bench::default();
    bench.see(0, &question);
    bench.see(5, &error(3, 3, 0, &question));
    let udp = bench.analyzer.report().udp;
    assert_eq!((udp[0].refused, udp[0].refused_packet), (1, Some(2)));
}

#[test]
fn fr6_reassembly_time_exceeded_is_linked_to_its_datagram() {
    let pieces = FrameBuilder::ethernet(A, B)
        .ipv4(Ipv4Fields::new(ASKER, ASKED).identification(77))
        .udp(UdpFields::new(4000, 9))
        .payload(&[0; 2000])
        .fragments(1500, 0);
    let mut bench = Bench::default();
    bench.see(0, &pieces[0]);
    bench.see(30_000, &error(11, 1, 0, &pieces[0]));
    assert_eq!(bench.find("fragment-time-exceeded").fact("datagram"), Some(&Fact::Count(1)));
    bench.analyzer.finish(&mut bench.notes);
    assert_eq!(bench.analyzer.report().fragments[0].time_exceeded, Some(2));
}
