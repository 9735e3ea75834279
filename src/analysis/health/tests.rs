use super::*;
use crate::packet::{Meta, RawPacket};
use crate::wire::LinkType;
use crate::wire::build::{FrameBuilder, IcmpFields, Ipv4Fields, Sum, TcpFields, UdpFields};

const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);

#[derive(Default)]
struct Bench {
    health: Health,
    notes: Notes,
    number: u64,
}

impl Bench {
    fn see(&mut self, at_us: u64, bytes: &[u8]) -> Trust {
        self.number += 1;
        let meta = Meta::new(self.number, Timestamp::from_nanos(at_us * 1000), LinkType::ETHERNET, bytes.len() as u32);
        self.see_as(meta, bytes)
    }

    fn see_as(&mut self, meta: Meta, bytes: &[u8]) -> Trust {
        let packet = Packet::decode(RawPacket { meta, bytes });
        self.health.observe(&packet, &mut Places::default(), &mut self.notes, || None)
    }

    fn codes(&self) -> Vec<&'static str> {
        self.notes.fresh.iter().map(Note::code).collect()
    }
}

fn tcp(from: MacAddr, identification: u16, sum: Sum) -> Vec<u8> {
    FrameBuilder::ethernet(from, if from == A { B } else { A })
        .ipv4(Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]).identification(identification))
        .tcp(TcpFields::new(40000, 80).checksum(sum))
        .payload(b"twelve octets")
        .finish()
}

#[test]
fn p3_a_wrong_sum_among_right_ones_is_bad_and_changes_no_state() {
    let mut bench = Bench::default();
    assert_eq!(bench.see(0, &tcp(A, 1, Sum::Right)).transport, Verdict::Good);
    let trust = bench.see(1, &tcp(A, 2, Sum::Stored(0x1234)));
    assert_eq!(trust.transport, Verdict::Bad);
    assert!(trust.is_bad());
    assert_eq!(bench.codes(), ["checksum-bad"]);
    bench.health.ignore_checksums = true;
    assert!(!bench.see(2, &tcp(A, 3, Sum::Stored(0x1234))).is_bad());
}

#[test]
fn p3_sums_left_to_the_card_are_partial_in_both_spellings() {
    let mut bench = Bench::default();
    for sum in [Sum::Partial, Sum::PartialWithoutLength] {
        let trust = bench.see(0, &tcp(A, 1, sum));
        assert_eq!(trust.transport, Verdict::Partial);
        assert!(!trust.is_bad());
    }
    assert!(bench.codes().is_empty());
}

#[test]
fn p3_a_sender_of_whom_every_sum_is_wrong_has_them_filled_in_later() {
    let mut bench = Bench::default();
    bench.see(0, &tcp(B, 1, Sum::Right));
    for identification in 1..5 {
        let trust = bench.see(1, &tcp(A, identification, Sum::Stored(0xbeef)));
        assert_eq!(trust.transport, Verdict::BadAtSource);
        assert!(!trust.is_bad());
    }
    assert_eq!(bench.codes(), ["checksum-at-source"], "said once");
    // The sums of ICMP are made by the system: a wrong one is wrong, and a right one says nothing about TCP.
    let echo = |sum| {
        FrameBuilder::ethernet(A, B)
            .ipv4(Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]).identification(9))
            .icmp(IcmpFields::echo(8, 1, 1).checksum(sum))
            .finish()
    };
    assert_eq!(bench.see(2, &echo(Sum::Stored(1))).transport, Verdict::Bad);
    let counts = bench.health.report(&TcpHealth::default()).checksums;
    assert_eq!((counts.good, counts.bad_at_source, counts.bad), (1, 4, 1));
}

#[test]
fn p3_a_card_that_fills_in_sums_of_header_and_segment_is_named_once() {
    let mut bench = Bench::default();
    for identification in 1..4 {
        let fields = Ipv4Fields { checksum: Sum::Stored(1), ..Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]) };
        let frame = FrameBuilder::ethernet(A, B)
            .ipv4(fields.identification(identification))
            .tcp(TcpFields::new(40_000, 80).checksum(Sum::Stored(0xbeef)))
            .finish();
        bench.see(u64::from(identification), &frame);
    }
    assert_eq!(bench.codes(), ["checksum-at-source"]);
}

#[test]
fn what_happened_once_is_told_in_the_singular() {
    let once = HealthReport {
        packets: 10,
        kernel_drops: 1,
        unseen_octets: 1,
        loss_bursts: 1,
        captured_late: 1,
        time_backwards: 1,
        one_sided: 1,
        cut: 1,
        giants: 1,
        ..HealthReport::default()
    };
    let text: Vec<String> = report::doubts(&once).into_iter().map(|doubt| doubt.text).collect();
    assert_eq!(text.len(), 8);
    for sentence in &text {
        let plural =
            ["1 packets", "1 octets", "1 times", "1 segments", "1 connections", "1 packet are", "1 packet were"];
        assert!(!plural.iter().any(|words| sentence.contains(words)), "{sentence}");
        assert!(sentence.contains("1 "), "{sentence}");
    }
}

#[test]
fn p3_the_kernels_own_word_counts_more_than_the_habit() {
    let mut bench = Bench::default();
    bench.see(0, &tcp(A, 1, Sum::Right));
    let bytes = tcp(A, 2, Sum::Stored(7));
    let mut meta = Meta::new(2, Timestamp::ZERO, LinkType::ETHERNET, bytes.len() as u32);
    meta.checksum_not_ready = true;
    assert_eq!(bench.see_as(meta, &bytes).transport, Verdict::BadAtSource);
}

#[test]
fn p3_no_sum_is_not_a_wrong_sum() {
    let mut bench = Bench::default();
    let unsummed = FrameBuilder::ethernet(A, B)
        .ipv4(Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]))
        .udp(UdpFields::new(1, 2).checksum(Sum::Stored(0)))
        .finish();
    assert_eq!(bench.see(0, &unsummed).transport, Verdict::Absent);
    let whole = tcp(A, 1, Sum::Right);
    let meta = Meta::new(2, Timestamp::ZERO, LinkType::ETHERNET, whole.len() as u32);
    assert_eq!(bench.see_as(meta, &whole[..60]).transport, Verdict::Absent);
    assert_eq!(bench.health.report(&TcpHealth::default()).cut, 1);
}

#[test]
fn p9_time_that_runs_backwards_is_said_once_and_counted() {
    let mut bench = Bench::default();
    for at_us in [1000, 500, 2000, 1400] {
        bench.see(at_us, &tcp(A, at_us as u16, Sum::Right));
    }
    let health = bench.health.report(&TcpHealth::default());
    assert_eq!(bench.codes(), ["time-backwards"]);
    assert_eq!((health.time_backwards, health.largest_step_back_ns), (2, 600_000));
    assert_eq!(health.span_ns, 1_500_000);
    assert_eq!(health.doubts.len(), 1);
}

#[test]
fn p9_copies_are_counted_by_kind_and_lost_packets_added_up() {
    let mut bench = Bench::default();
    bench.see(0, &tcp(A, 1, Sum::Right));
    let trust = bench.see(10, &tcp(A, 1, Sum::Right));
    assert_eq!(trust.duplicate.map(|duplicate| duplicate.of), Some(1));
    for packets in [3, 4] {
        bench.health.remark(&Remark {
            packet: None,
            at: None,
            kind: RemarkKind::Dropped(packets),
            text: String::new(),
        });
    }
    let health = bench.health.report(&TcpHealth {
        one_sided_connections: 2,
        delivered_unseen_octets: 100,
        ..TcpHealth::default()
    });
    assert_eq!((health.duplicates.identical, health.kernel_drops), (1, 7));
    let causes: Vec<_> = health.doubts.iter().map(|doubt| doubt.cause).collect();
    assert_eq!(causes, ["kernel-drops", "unseen-octets", "one-sided", "duplicates"]);
}

#[test]
fn p4_a_packet_larger_than_any_link_carries_was_joined_by_the_system() {
    let mut bench = Bench::default();
    let giant = FrameBuilder::ethernet(A, B)
        .ipv4(Ipv4Fields { total_length: Some(0), ..Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]) })
        .tcp(TcpFields::new(1, 2))
        .payload(&[0; 3000])
        .finish();
    bench.see(0, &giant);
    assert_eq!(bench.health.report(&TcpHealth::default()).giants, 1);
}

#[test]
fn l8_frames_below_sixty_octets_were_seen_before_the_card_filled_them_up() {
    let mut bench = Bench::default();
    let short = FrameBuilder::ethernet(A, B)
        .ipv4(Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]).identification(1))
        .tcp(TcpFields::new(40000, 80));
    bench.see(0, &short.finish());
    bench.see(1000, &short.clone().padded(60).finish());
    assert_eq!(bench.health.report(&TcpHealth::default()).unpadded, 1);
}

#[test]
fn p9_findings_are_marked_by_what_weakens_them() {
    let mut bench = Bench::default();
    bench.see(0, &tcp(A, 1, Sum::Right));
    bench.health.remark(&Remark { packet: None, at: None, kind: RemarkKind::Dropped(1), text: String::new() });
    let health = bench.health.report(&TcpHealth::default());
    assert_eq!(health.weakening("tcp-retransmission").collect::<Vec<_>>(), ["kernel-drops"]);
    assert_eq!(health.weakening("ip-reserved-flag").count(), 0);
}
