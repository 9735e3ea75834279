use super::*;
use crate::analysis::{Analyzer, Confidence};
use crate::base::MacAddr;
use crate::packet::{Meta, RawPacket};
use crate::wire::LinkType;
use crate::wire::build::{FrameBuilder, Ipv4Fields, Ipv6Fields, Sum, UdpFields};

const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);

#[derive(Default)]
struct Bench {
    analyzer: Analyzer,
    notes: Notes,
    number: u64,
}

impl Bench {
    fn see(&mut self, at_ms: u64, frame: &FrameBuilder) {
        self.number += 1;
        let bytes = frame.finish();
        let at = Timestamp::from_nanos(at_ms * 1_000_000);
        let meta = Meta::new(self.number, at, LinkType::ETHERNET, bytes.len() as u32);
        self.analyzer.observe(&Packet::decode(RawPacket { meta, bytes: &bytes }), &mut self.notes);
    }

    /// A datagram from or to the asker's port 40000.
    fn send(&mut self, at_ms: u64, to_server: bool, port: u16, payload: &[u8]) {
        let identification = self.number as u16 + 1;
        let (from, to) =
            if to_server { ([192, 0, 2, 1], [198, 51, 100, 2]) } else { ([198, 51, 100, 2], [192, 0, 2, 1]) };
        let ports = if to_server { (40000, port) } else { (port, 40000) };
        let ip = Ipv4Fields::new(from, to).identification(identification);
        self.see(at_ms, &FrameBuilder::ethernet(A, B).ipv4(ip).udp(UdpFields::new(ports.0, ports.1)).payload(payload));
    }

    fn codes(&self) -> Vec<&'static str> {
        self.notes.fresh.iter().map(Note::code).collect()
    }

    fn only(&self) -> UdpReport {
        let mut reports = self.analyzer.report().udp;
        assert_eq!(reports.len(), 1);
        reports.remove(0)
    }
}

/// The head of a DNS message with this number.
fn dns(number: u16, is_answer: bool) -> Vec<u8> {
    let mut message = vec![0; 12];
    message[..2].copy_from_slice(&number.to_be_bytes());
    message[2] = if is_answer { 0x80 } else { 0 };
    message
}

fn v4() -> FrameBuilder {
    FrameBuilder::ethernet(A, B).ipv4(Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]).identification(9))
}

#[test]
fn u1_one_datagram_is_one_message_and_an_empty_one_is_real() {
    let mut bench = Bench::default();
    bench.send(0, true, 9000, b"hello");
    bench.send(1, true, 9000, b"");
    let report = bench.only();
    assert_eq!((report.packets.a, report.payload_octets.a, report.empty), (2, 5, 1));
    assert_eq!(bench.codes(), ["udp-empty"]);
}

#[test]
fn u1_a_length_below_eight_or_beyond_the_packet_is_malformed_and_surplus_is_shown() {
    for length in [7, 100] {
        let mut bench = Bench::default();
        bench.see(0, &v4().udp(UdpFields::new(1, 2).length(length)).payload(b"four"));
        assert!(bench.analyzer.report().udp.is_empty());
        assert_eq!(bench.analyzer.report().health.malformed, 1);
    }
    let mut bench = Bench::default();
    // The sum covers the message alone, so it is left out.
    bench.see(0, &v4().udp(UdpFields::new(1, 2).length(12).checksum(Sum::Stored(0))).payload(b"four and more"));
    assert_eq!(bench.codes(), ["udp-surplus"]);
    assert_eq!(bench.only().payload_octets.a, 4);
}

#[test]
fn u2_no_checksum_is_allowed_over_ipv4_and_in_tunnels_over_ipv6() {
    let v6 = |port: u16| {
        let end = |last| [0x2001, 0xdb8, 0, 0, 0, 0, 0, last];
        FrameBuilder::ethernet(A, B)
            .ipv6(Ipv6Fields::new(end(1), end(2)))
            .udp(UdpFields::new(50000, port).checksum(Sum::Stored(0)))
            .payload(&[0; 4])
    };
    let mut bench = Bench::default();
    bench.see(0, &v4().udp(UdpFields::new(1, 2).checksum(Sum::Stored(0))));
    assert_eq!(bench.only().without_checksum, 1);
    let mut bench = Bench::default();
    bench.see(0, &v6(2152));
    assert!(!bench.codes().contains(&"udp-no-checksum-v6"));
    bench.see(1, &v6(53));
    assert!(bench.codes().contains(&"udp-no-checksum-v6"));
}

#[test]
fn u3_the_largest_message_is_65507_octets_and_travels_in_45_pieces() {
    let mut bench = Bench::default();
    for piece in v4().udp(UdpFields::new(1, 2)).payload(&vec![7; 65507]).fragments(1500, 0) {
        bench.number += 1;
        let meta = Meta::new(bench.number, Timestamp::ZERO, LinkType::ETHERNET, piece.len() as u32);
        bench.analyzer.observe(&Packet::decode(RawPacket { meta, bytes: &piece }), &mut bench.notes);
    }
    assert!(bench.codes().contains(&"udp-limit"));
    let report = bench.only();
    assert_eq!((report.packets.a, report.payload_octets.a, report.last_packet), (1, 65507, 45));
    assert!(crate::analysis::catalogue::find("udp-limit").is_some_and(|entry| entry.explanation.contains("EMSGSIZE")));
}

#[test]
fn u4_large_messages_and_small_answers_are_a_hint_and_no_more() {
    let mut bench = Bench::default();
    bench.send(0, true, 9000, &[1; 1400]);
    bench.send(1, false, 9000, &[1; 1024]);
    assert!(bench.only().short_receive_hint);
    bench.send(2, false, 9000, &[1; 1400]);
    assert!(!bench.only().short_receive_hint);
}

#[test]
fn u5_an_answer_within_five_seconds_is_paired_by_order() {
    let mut bench = Bench::default();
    bench.send(0, true, 9000, b"question");
    bench.send(30, false, 9000, b"answer");
    let note = &bench.notes.fresh[0];
    assert_eq!((note.code(), note.confidence), ("udp-answer", Confidence::Probable));
    assert_eq!(note.fact("latency"), Some(&Fact::Nanos(30_000_000)));
    bench.send(10_000, true, 9000, b"question");
    bench.send(15_001, false, 9000, b"too late");
    let report = bench.only();
    assert_eq!((report.questions, report.answered, report.paired_by), (3, 1, "order"));
}

#[test]
fn u5_dns_numbers_pair_answers_in_any_order_and_show_second_ones() {
    let mut bench = Bench::default();
    bench.send(0, true, 53, &dns(1, false));
    bench.send(1, true, 53, &dns(2, false));
    bench.send(9, false, 53, &dns(2, true));
    bench.send(20, false, 53, &dns(1, true));
    bench.send(21, false, 53, &dns(1, true));
    let pairs: Vec<_> = bench.notes.fresh.iter().map(|note| (note.code(), note.fact("question").cloned())).collect();
    assert_eq!(
        pairs,
        [
            ("udp-answer", Some(Fact::Packet(2))),
            ("udp-answer", Some(Fact::Packet(1))),
            ("udp-another-answer", Some(Fact::Packet(1))),
        ]
    );
    let report = bench.only();
    assert_eq!((report.questions, report.answered, report.more_answers), (2, 2, 1));
    assert_eq!((report.paired_by, report.server_guess), ("dns-id", Some("b")));
}

#[test]
fn u5_ntp_answers_repeat_the_time_of_their_question() {
    let ntp = |mode: u8, origin: u64, transmit: u64| {
        let mut message = vec![0; 48];
        message[0] = 0x20 | mode;
        message[24..32].copy_from_slice(&origin.to_be_bytes());
        message[40..48].copy_from_slice(&transmit.to_be_bytes());
        message
    };
    let mut bench = Bench::default();
    bench.send(0, true, 123, &ntp(3, 0, 111));
    bench.send(1, true, 123, &ntp(3, 0, 222));
    bench.send(5, false, 123, &ntp(4, 222, 333));
    assert_eq!(bench.notes.fresh[0].fact("question"), Some(&Fact::Packet(2)));
}

#[test]
fn u6_a_conversation_has_sides_a_and_b_and_a_server_only_as_a_guess() {
    let mut bench = Bench::default();
    bench.send(0, false, 9000, b"first");
    bench.send(1, true, 9000, b"second");
    let report = bench.only();
    assert_eq!((report.a.port, report.b.port, report.server_guess), (9000, 40000, None));
}

#[test]
fn u7_repetition_is_claimed_only_where_the_application_proves_it() {
    let mut bench = Bench::default();
    bench.send(0, true, 53, &dns(7, false));
    bench.send(1000, true, 53, &dns(7, false));
    assert_eq!(bench.codes(), ["udp-asked-again"]);
    assert_eq!(bench.only().repeated, 1);
    let mut bench = Bench::default();
    bench.send(0, true, 9000, b"same");
    bench.send(1000, true, 9000, b"same");
    assert!(bench.codes().is_empty(), "two equal messages may be meant");
}

#[test]
fn u7_a_stream_is_not_taken_for_questions() {
    let mut bench = Bench::default();
    for number in 0..50 {
        bench.send(number * 20, true, 9000, &[number as u8; 160]);
        if number % 10 == 9 {
            bench.send(number * 20 + 1, false, 9000, b"report");
        }
    }
    assert!(bench.codes().is_empty(), "{:?}", bench.codes());
    assert_eq!(bench.only().paired_by, "none");
}

#[test]
fn a_datagram_with_a_wrong_sum_is_no_part_of_the_conversation() {
    let mut bench = Bench::default();
    bench.send(0, true, 9000, b"right");
    bench.see(1, &v4().udp(UdpFields::new(40000, 9000).checksum(Sum::Stored(77))).payload(b"wrong"));
    assert_eq!(bench.only().packets.a, 1);
}
