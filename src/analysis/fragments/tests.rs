use super::*;
use crate::analysis::Analyzer;
use crate::base::{MacAddr, Rng};
use crate::wire::build::{FrameBuilder, Ipv4Fields, Ipv6Fields, TcpFields, UdpFields};
use crate::wire::{LayerKind, TcpFlags};

const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);
const V6: ([u16; 8], [u16; 8]) = ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2]);
const SECOND: u64 = 1_000_000_000;

/// Fragments and what was said of them.
#[derive(Default)]
struct Bench {
    fragments: Fragments,
    notes: Notes,
    number: u64,
    now: u64,
}

/// A datagram that came out whole: its octets from the IP header on.
type Whole = Option<Vec<u8>>;

impl Bench {
    fn see(&mut self, bytes: &[u8]) -> Whole {
        self.see_cut(bytes, bytes.len())
    }

    fn see_cut(&mut self, bytes: &[u8], kept: usize) -> Whole {
        self.number += 1;
        let at = Timestamp::from_nanos(self.now);
        let meta = Meta::new(self.number, at, LinkType::ETHERNET, bytes.len() as u32);
        let packet = Packet::decode(RawPacket { meta, bytes: &bytes[..kept] });
        match self.fragments.observe(&packet, Trust::FULL, &mut self.notes) {
            Reassembly::Complete(assembled) => {
                let whole = assembled.bytes.clone();
                self.fragments.give_back(assembled);
                Some(whole)
            }
            Reassembly::Whole | Reassembly::Waiting => None,
        }
    }

    fn see_all(&mut self, frames: &[Vec<u8>]) -> Whole {
        let mut last = None;
        for frame in frames {
            assert!(last.is_none(), "whole before its last piece");
            last = self.see(frame);
        }
        last
    }

    fn end(mut self) -> (FragmentReport, Vec<&'static str>) {
        self.fragments.finish(&mut self.notes);
        assert_eq!(self.fragments.rows.len(), 1, "one datagram was meant");
        (self.fragments.rows.remove(0), self.notes.fresh.iter().map(Note::code).collect())
    }

    fn codes(&self) -> Vec<&'static str> {
        self.notes.fresh.iter().map(Note::code).collect()
    }

    fn said(&self, code: &str) -> bool {
        self.notes.fresh.iter().any(|note| note.code() == code)
    }
}

/// A piece of IPv4 with `len` octets of `fill` at `offset`; protocol 253 is for experiments.
fn piece(identification: u16, offset: u16, len: usize, more: bool, fill: u8) -> Vec<u8> {
    piece_of(253, identification, offset, &vec![fill; len], more)
}

fn piece_of(protocol: u8, identification: u16, offset: u16, data: &[u8], more: bool) -> Vec<u8> {
    FrameBuilder::ethernet(A, B)
        .ipv4(
            Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2])
                .identification(identification)
                .fragment(offset, more)
                .protocol(protocol),
        )
        .payload(data)
        .finish()
}

fn piece_v6(identification: u32, offset: u16, len: usize, more: bool, fill: u8) -> Vec<u8> {
    FrameBuilder::ethernet(A, B)
        .ipv6(Ipv6Fields::new(V6.0, V6.1))
        .ipv6_fragment(identification, offset, more)
        .octets(253, &vec![fill; len])
        .finish()
}

fn udp(len: usize) -> FrameBuilder {
    let payload: Vec<u8> = (0..len).map(|index| (index % 251) as u8).collect();
    FrameBuilder::ethernet(A, B)
        .ipv4(Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]).identification(7))
        .udp(UdpFields::new(40000, 9000))
        .payload(&payload)
}

#[test]
fn fr1_pieces_of_different_protocols_are_kept_apart_in_ipv4() {
    let mut bench = Bench::default();
    bench.see(&piece_of(17, 5, 0, &[1; 8], true));
    assert_eq!(bench.see(&piece_of(253, 5, 8, &[2; 8], false)), None);
    assert!(bench.see(&piece_of(17, 5, 8, &[3; 8], false)).is_some());
    bench.fragments.finish(&mut bench.notes);
    let rows: Vec<_> = bench.fragments.rows.iter().map(|row| (row.protocol, row.outcome)).collect();
    assert_eq!(rows, [(17, Outcome::Complete), (253, Outcome::Incomplete)]);
}

#[test]
fn fr1_in_ipv6_the_first_piece_names_the_protocol() {
    let rest = |number: u8| {
        FrameBuilder::ethernet(A, B)
            .ipv6(Ipv6Fields::new(V6.0, V6.1))
            .ipv6_fragment(9, 8, false)
            .octets(u16::from(number), &[2; 8])
            .finish()
    };
    let mut bench = Bench::default();
    bench.see(&rest(6));
    let whole = bench.see(&piece_v6(9, 0, 8, true, 1)).expect("whole");
    assert_eq!((whole.len(), whole[6]), (56, 253));
}

#[test]
fn fr1_the_vlan_tells_private_addresses_apart_and_no_others() {
    let tagged = |source: [u8; 4], vid, offset, more| {
        FrameBuilder::ethernet(A, B)
            .vlan(vid)
            .ipv4(Ipv4Fields::new(source, source).identification(5).fragment(offset, more).protocol(253))
            .payload(&[0; 8])
            .finish()
    };
    let mut bench = Bench::default();
    bench.see(&tagged([10, 0, 0, 1], 1, 0, true));
    assert!(bench.see(&tagged([10, 0, 0, 1], 2, 8, false)).is_none());
    bench.see(&tagged([192, 0, 2, 1], 1, 0, true));
    assert!(bench.see(&tagged([192, 0, 2, 1], 2, 8, false)).is_some());
}

#[test]
fn fr1_the_tunnel_is_part_of_the_key() {
    let inside = |outer: u8, offset, more| {
        FrameBuilder::ethernet(A, B)
            .ipv4(Ipv4Fields::new([192, 0, 2, outer], [192, 0, 2, 9]))
            .ipv4(Ipv4Fields::new([10, 0, 0, 1], [10, 0, 0, 2]).identification(1).fragment(offset, more).protocol(253))
            .payload(&[0; 8])
            .finish()
    };
    let mut bench = Bench::default();
    bench.see(&inside(1, 0, true));
    assert!(bench.see(&inside(2, 8, false)).is_none());
    assert!(bench.see(&inside(1, 8, false)).is_some());
}

#[test]
fn fr2_an_atomic_fragment_is_whole_and_never_joined() {
    let atomic = FrameBuilder::ethernet(A, B)
        .ipv6(Ipv6Fields::new(V6.0, V6.1))
        .ipv6_fragment(9, 0, false)
        .udp(UdpFields::new(1, 2))
        .payload(b"alone")
        .finish();
    let mut bench = Bench::default();
    bench.see(&piece_v6(9, 8, 8, false, 1));
    bench.see(&atomic);
    assert!(bench.said("fragment-atomic"));
    assert!(bench.see(&piece_v6(9, 0, 8, true, 1)).is_some(), "the atomic one did not disturb");
}

#[test]
fn fr3_a_piece_with_more_to_follow_must_be_a_multiple_of_eight() {
    for frame in [piece(5, 0, 12, true, 1), piece_v6(5, 0, 12, true, 1), piece(5, 0, 0, true, 1)] {
        let mut bench = Bench::default();
        bench.see(&frame);
        assert_eq!(bench.codes(), ["fragment-bad-length"]);
        assert!(bench.fragments.open.is_empty());
    }
}

#[test]
fn fr4_a_piece_beyond_the_largest_packet_is_a_ping_of_death_and_not_kept() {
    let mut bench = Bench::default();
    // 65528 + 8 + 20 octets of header.
    bench.see(&piece(5, 65528, 8, false, 1));
    assert_eq!(bench.fragments.open.iter().map(|(_, datagram)| datagram.pieces.len()).sum::<usize>(), 0);
    let (row, codes) = bench.end();
    assert_eq!((row.outcome, codes), (Outcome::TooLong, vec!["fragment-too-long"]));
}

#[test]
fn fr4_the_largest_packet_itself_is_put_together() {
    let mut bench = Bench::default();
    let whole = bench.see_all(&udp(65507).fragments(1500, 0)).expect("whole");
    assert_eq!(whole.len(), 65535);
    let (row, _) = bench.end();
    assert_eq!((row.packets.len(), row.octets), (45, Some(65515)));
}

#[test]
fn fr5_a_second_end_and_octets_beyond_the_end_are_teardrops() {
    for second in [piece(5, 8, 16, false, 1), piece(5, 16, 8, true, 1)] {
        let mut bench = Bench::default();
        bench.see(&piece(5, 8, 8, false, 1));
        bench.see(&second);
        assert!(bench.said("fragment-tail-conflict"));
        assert!(bench.see(&piece(5, 0, 8, true, 1)).is_none(), "Linux has thrown it away");
        let (row, _) = bench.end();
        assert_eq!(row.outcome, Outcome::Conflict);
    }
    // The classic: the end lies inside what came before.
    let mut bench = Bench::default();
    bench.see(&piece(5, 0, 40, true, 1));
    bench.see(&piece(5, 24, 4, false, 1));
    assert_eq!(bench.end().0.outcome, Outcome::Conflict);
}

#[test]
fn fr6_a_timer_runs_by_capture_time_from_the_first_piece_to_arrive() {
    let mut bench = Bench::default();
    bench.see(&piece(5, 8, 8, true, 1));
    bench.now = 59 * SECOND;
    bench.see(&piece(5, 24, 8, false, 1));
    assert!(!bench.said("fragment-timed-out"));
    bench.now = 61 * SECOND;
    bench.see(&udp(1).finish());
    let note = bench.notes.fresh.last().expect("a note");
    assert_eq!((note.code(), note.packet), ("fragment-timed-out", 1));
    assert_eq!(note.fact("holes"), Some(&Fact::Text("0–7, 16–23".into())));
    let (row, _) = bench.end();
    assert_eq!(row.outcome, Outcome::TimedOut);
    assert_eq!(row.holes, [Stretch { from: 0, to: Some(7) }, Stretch { from: 16, to: Some(23) }]);
}

#[test]
fn fr6_between_thirty_and_sixty_seconds_linux_had_given_up() {
    for (wait, late) in [(29, false), (31, true)] {
        let mut bench = Bench::default();
        bench.see(&piece(5, 8, 8, false, 1));
        bench.now = wait * SECOND;
        assert!(bench.see(&piece(5, 0, 8, true, 1)).is_some());
        let note = bench.notes.fresh.last().expect("a note");
        assert_eq!(note.fact("late").is_some(), late);
    }
}

#[test]
fn fr6_the_message_that_the_receiver_gave_up_is_linked() {
    let mut bench = Bench::default();
    let first = piece(5, 0, 8, true, 1);
    bench.see(&first);
    bench.now = 61 * SECOND;
    bench.see(&udp(1).finish());
    let quoted = crate::wire::decode(LinkType::RAW, &first[14..], 28);
    assert_eq!(bench.fragments.time_exceeded(&quoted, 3), Some(1));
    assert_eq!(bench.end().0.time_exceeded, Some(3));
}

#[test]
fn fr7_after_its_end_a_copy_is_late_and_anything_else_a_new_datagram() {
    let mut bench = Bench::default();
    bench.see(&piece(5, 0, 8, true, 1));
    assert!(bench.see(&piece(5, 8, 8, false, 1)).is_some());
    bench.now = SECOND;
    bench.see(&piece(5, 8, 8, false, 1));
    assert!(bench.said("fragment-duplicate-late"));
    bench.see(&piece(5, 0, 8, true, 2));
    assert!(bench.said("fragment-id-reused"));
    let note = bench.notes.fresh.iter().find(|note| note.code() == "fragment-id-reused").expect("a note");
    assert_eq!(note.fact("rate"), Some(&Fact::Count(65536)));
    assert!(bench.see(&piece(5, 8, 8, false, 2)).is_some());
}

#[test]
fn fr7_an_hour_later_the_identification_is_free_and_nothing_is_joined() {
    let mut bench = Bench::default();
    bench.see(&piece(5, 0, 8, true, 1));
    bench.now = 3600 * SECOND;
    assert!(bench.see(&piece(5, 8, 8, false, 2)).is_none());
    assert!(!bench.said("fragment-id-reused"));
    bench.fragments.finish(&mut bench.notes);
    let outcomes: Vec<_> = bench.fragments.rows.iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes, [Outcome::TimedOut, Outcome::Incomplete]);
}

#[test]
fn fr8_exact_copies_do_no_harm() {
    for (first, copy, last) in [
        (piece(5, 0, 8, true, 1), piece(5, 0, 8, true, 1), piece(5, 8, 8, false, 1)),
        (piece_v6(5, 0, 8, true, 1), piece_v6(5, 0, 8, true, 1), piece_v6(5, 8, 8, false, 1)),
    ] {
        let mut bench = Bench::default();
        bench.see(&first);
        bench.see(&copy);
        assert!(bench.said("fragment-duplicate"));
        assert!(bench.see(&last).is_some());
        let (row, _) = bench.end();
        assert_eq!((row.outcome, row.duplicates, row.packets.len()), (Outcome::Complete, 1, 3));
    }
}

#[test]
fn fr8_a_piece_inside_earlier_octets_is_ignored_in_ipv4_and_ruins_ipv6() {
    for fill in [1, 2] {
        let mut bench = Bench::default();
        bench.see(&piece(5, 0, 24, true, 1));
        bench.see(&piece(5, 8, 8, true, fill));
        let whole = bench.see(&piece(5, 24, 8, false, 1)).expect("delivered");
        assert_eq!(whole[20..], [1; 32], "what came first stays");
        let (row, _) = bench.end();
        assert_eq!(row.outcome, if fill == 1 { Outcome::Complete } else { Outcome::Conflict });
        assert!(row.delivered);
        assert_eq!(row.overlaps[0].kind, "inside");
        assert_eq!(row.overlaps[0].same, Some(fill == 1));
    }
    let mut bench = Bench::default();
    bench.see(&piece_v6(5, 0, 24, true, 1));
    bench.see(&piece_v6(5, 8, 8, true, 1));
    assert!(bench.see(&piece_v6(5, 24, 8, false, 1)).is_none());
    assert_eq!(bench.end().0.outcome, Outcome::Overlap);
}

#[test]
fn fr8_a_partial_overlap_ruins_the_datagram_and_every_policy_shows_its_outcome() {
    for (fill, outcome) in [(1, Outcome::Overlap), (2, Outcome::Conflict)] {
        let mut bench = Bench::default();
        bench.see(&piece(5, 0, 16, true, 1));
        bench.see(&piece(5, 8, 16, true, fill));
        assert!(bench.see(&piece(5, 24, 8, false, 1)).is_none());
        let (row, codes) = bench.end();
        assert_eq!(row.outcome, outcome);
        assert!(codes.contains(&if fill == 1 { "fragment-overlap" } else { "fragment-conflict" }));
        let delivered: Vec<_> = row.policies.iter().map(|policy| (policy.policy, policy.delivered)).collect();
        assert_eq!(delivered.len(), 8);
        for (policy, delivered) in delivered {
            assert_eq!(delivered, !matches!(policy, "linux-now" | "rfc5722"), "{policy}");
        }
        let last = row.policies.iter().find(|policy| policy.policy == "last").expect("last");
        let shares: Vec<_> = last.shares.iter().map(|share| (share.from, share.to, share.packet)).collect();
        assert_eq!(shares, [(0, 7, 1), (8, 23, 2), (24, 31, 3)]);
    }
}

#[test]
fn fr9_tiny_pieces_of_tcp_are_attack_shapes_and_a_small_last_piece_is_none() {
    let said = |frames: &[Vec<u8>]| {
        let mut bench = Bench::default();
        frames.iter().for_each(|frame| drop(bench.see(frame)));
        bench.codes()
    };
    assert!(said(&[piece_of(6, 5, 0, &[0; 8], true)]).contains(&"fragment-tiny"));
    assert!(said(&[piece_of(6, 5, 8, &[0; 80], true)]).contains(&"fragment-tiny"), "offset 1 writes over the flags");
    assert!(!said(&[piece_of(6, 5, 0, &[0; 16], true)]).contains(&"fragment-tiny"));
    assert!(said(&[piece_of(17, 5, 0, &[0; 56], true)]).contains(&"fragment-small"));
    assert_eq!(said(&[piece_of(17, 5, 80, &[0; 1], false)]), ["fragment"]);
}

#[test]
fn fr9_the_first_piece_of_ipv6_holds_all_headers() {
    let first = |number: u8, len: usize| {
        FrameBuilder::ethernet(A, B)
            .ipv6(Ipv6Fields::new(V6.0, V6.1))
            .ipv6_fragment(9, 0, true)
            .octets(u16::from(number), &vec![0; len])
            .finish()
    };
    let mut bench = Bench::default();
    bench.see(&first(6, 16));
    assert!(bench.said("fragment-header-chain"));
    let mut bench = Bench::default();
    // A destination options header that promises TCP behind it, and ends the piece.
    let mut options = first(60, 8);
    options[62] = 6;
    bench.see(&options);
    assert!(bench.said("fragment-header-chain"));
    let mut bench = Bench::default();
    bench.see(&udp_v6(2000).fragments(1500, 3)[0]);
    assert!(!bench.said("fragment-header-chain"));
}

fn udp_v6(len: usize) -> FrameBuilder {
    FrameBuilder::ethernet(A, B).ipv6(Ipv6Fields::new(V6.0, V6.1)).udp(UdpFields::new(1, 2)).payload(&vec![7; len])
}

#[test]
fn fr10_ports_come_from_the_first_piece_and_are_unknown_without_it() {
    let frames = udp(3000).fragments(1500, 0);
    let mut bench = Bench::default();
    bench.see(&frames[1]);
    assert!(bench.notes.fresh[0].fact("unknown").is_some());
    bench.see(&frames[0]);
    bench.see(&frames[2]);
    let note = bench.notes.fresh.iter().rev().find(|note| note.code() == "fragment").expect("a note");
    assert_eq!(note.fact("destination_port"), Some(&Fact::Count(9000)));
    let (row, _) = bench.end();
    assert_eq!((row.source_port, row.destination_port), (Some(40000), Some(9000)));
}

#[test]
fn fr11_the_layers_above_see_the_datagram_once_in_any_order_of_pieces() {
    let whole = udp(5000);
    let expected = whole.finish()[14..].to_vec();
    let mut rng = Rng::new(11);
    for _ in 0..50 {
        let mut frames = whole.fragments(576, 0);
        for at in (1..frames.len()).rev() {
            frames.swap(at, rng.below(at as u64 + 1) as usize);
        }
        let mut bench = Bench::default();
        assert_eq!(bench.see_all(&frames).as_ref(), Some(&expected));
        let (row, codes) = bench.end();
        assert_eq!(codes.iter().filter(|code| **code == "fragment-complete").count(), 1);
        assert_eq!(row.outcome, Outcome::Complete);
    }
}

#[test]
fn fr11_tcp_and_udp_are_decoded_from_the_whole_and_the_sum_is_verified() {
    let mut frames = udp(3000).fragments(1500, 0);
    let check = |frames: &[Vec<u8>]| {
        let mut analyzer = Analyzer::new();
        let mut notes = Notes::default();
        for (index, bytes) in frames.iter().enumerate() {
            let meta = Meta::new(index as u64 + 1, Timestamp::ZERO, LinkType::ETHERNET, bytes.len() as u32);
            analyzer.observe(&Packet::decode(RawPacket { meta, bytes }), &mut notes);
        }
        notes.fresh.iter().map(Note::code).collect::<Vec<_>>()
    };
    assert!(!check(&frames).contains(&"checksum-bad"));
    frames[1][100] ^= 1;
    assert!(check(&frames).contains(&"checksum-bad"), "only the whole can be verified");
}

#[test]
fn fr11_ipv6_with_extension_headers_comes_out_without_the_fragment_header() {
    let whole = FrameBuilder::ethernet(A, B)
        .ipv6(Ipv6Fields::new(V6.0, V6.1))
        .ipv6_extension(0, &[1, 4, 0, 0, 0, 0])
        .udp(UdpFields::new(1, 2))
        .payload(&[9; 3000]);
    let frames = whole.fragments(1280, 77);
    assert!(frames.len() >= 3);
    let mut bench = Bench::default();
    assert_eq!(bench.see_all(&frames), Some(whole.finish()[14..].to_vec()));
}

#[test]
fn fr12_odd_flags_are_said() {
    let mut frame = piece(5, 0, 80, true, 1);
    frame[20] |= 0xc0;
    let mut bench = Bench::default();
    bench.see(&frame);
    assert!(bench.said("fragment-dont-fragment") && bench.said("ip-reserved-flag"));
}

#[test]
fn fr13_pieces_of_two_sizes_were_cut_twice() {
    let mut bench = Bench::default();
    for (offset, len, more) in [(0, 1376, true), (1376, 104, true), (1480, 528, false)] {
        bench.see(&piece(5, offset, len, more, 1));
    }
    assert!(bench.said("fragment-refragmented"));
    assert!(bench.end().0.refragmented);
}

#[test]
fn fr14_a_cut_piece_covers_its_place_and_its_octets_stay_unknown() {
    let frames = udp(3000).fragments(1500, 0);
    let mut bench = Bench::default();
    bench.see_cut(&frames[0], 96);
    bench.see(&frames[1]);
    let whole = bench.see(&frames[2]).expect("all places are covered");
    assert_eq!(whole.len(), 96 - 14, "known up to the cut");
    assert_eq!(bench.notes.fresh[0].fact("uncaptured"), Some(&Fact::Octets(1480 - 62)));
    // Contents that are not known are not compared.
    let mut bench = Bench::default();
    bench.see_cut(&piece(5, 0, 160, true, 1), 60);
    bench.see(&piece(5, 80, 160, true, 2));
    assert!(bench.said("fragment-overlap") && !bench.said("fragment-conflict"));
}

#[test]
fn fr14_a_piece_with_a_bad_header_sum_is_not_used() {
    let mut bench = Bench::default();
    let bytes = piece(5, 0, 8, true, 1);
    let meta = Meta::new(1, Timestamp::ZERO, LinkType::ETHERNET, bytes.len() as u32);
    let packet = Packet::decode(RawPacket { meta, bytes: &bytes });
    let trust = Trust { header: Verdict::Bad, ..Trust::FULL };
    assert!(matches!(bench.fragments.observe(&packet, trust, &mut bench.notes), Reassembly::Waiting));
    assert!(bench.fragments.open.is_empty());
}

#[test]
fn fr15_the_header_is_the_first_pieces_and_congestion_marks_are_joined() {
    let marked = |offset: u16, more, ttl, ecn| {
        FrameBuilder::ethernet(A, B)
            .ipv4(Ipv4Fields {
                ecn,
                dscp: ttl,
                ..Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]).fragment(offset, more).protocol(253).ttl(ttl)
            })
            .payload(&[0; 80])
            .finish()
    };
    let mut bench = Bench::default();
    bench.see(&marked(80, false, 50, 3));
    let whole = bench.see(&marked(0, true, 60, 2)).expect("whole");
    assert_eq!((whole[8], whole[1]), (60, 60 << 2 | 3), "TTL and DSCP of the first, CE of the last");
    let header_sum = whole[..20].chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum::<u32>();
    assert_eq!((header_sum & 0xffff) + (header_sum >> 16), 0xffff);
    let mut bench = Bench::default();
    bench.see(&marked(80, false, 50, 3));
    assert!(bench.see(&marked(0, true, 60, 0)).is_none());
    assert!(bench.said("fragment-ecn-mix"));
}

#[test]
fn fr17_the_mtu_is_guessed_from_the_largest_piece() {
    for mtu in [576, 1280, 1400, 1450, 1492, 1500] {
        let mut bench = Bench::default();
        bench.see_all(&udp(4000).fragments(mtu, 0));
        assert_eq!(bench.end().0.mtu, Some(mtu as u32));
    }
}

#[test]
fn fr18_the_sums_are_worked_out() {
    let mut bench = Bench::default();
    bench.see_all(&udp(2000).fragments(1500, 0));
    let lines = arithmetic::lines(&bench.end().0);
    assert_eq!(
        lines,
        [
            "2000 octets + 8 of UDP header = 2008. MTU 1500 − 20 of IP header = 1480 per piece, a multiple of 8 (185 × \
             8).",
            "piece 1: offset 0 × 8 = 0, octets 0–1479, MF=1 (packet 1)",
            "piece 2: offset 185 × 8 = 1480, octets 1480–2007, MF=0 (packet 2)",
            "sum: 1480 + 528 = 2008 ✓",
            "2 pieces because 2008 > 1480: lose any one of them and all 2008 octets are gone; at 1 % loss per piece \
             that is 2.0 % (1 − 0.99^2)",
        ]
    );
    let mut bench = Bench::default();
    bench.see_all(&udp(65507).fragments(1500, 0));
    let lines = arithmetic::lines(&bench.end().0);
    assert_eq!(lines[1], "sum: 44 × 1480 + 395 = 65515 ✓");
    assert!(lines[2].contains("36.4 %"), "{}", lines[2]);
    let mut bench = Bench::default();
    bench.see_all(&udp(2000).fragments(1450, 0));
    assert!(arithmetic::lines(&bench.end().0)[0].contains("1430, rounded down to 1424"));
}

#[test]
fn a_fragmented_tunnel_carries_fragments_and_both_are_put_together() {
    let inner = udp(3000).fragments(1500, 0);
    let mut outer = Vec::new();
    for (index, frame) in inner.iter().enumerate() {
        outer.extend(
            FrameBuilder::ethernet(A, B)
                .ipv4(Ipv4Fields::new([203, 0, 113, 1], [203, 0, 113, 2]).identification(100 + index as u16))
                .octets(4, &frame[14..])
                .fragments(1400, 0),
        );
    }
    let mut analyzer = Analyzer::new();
    let mut notes = Notes::default();
    for (index, bytes) in outer.iter().enumerate() {
        let meta = Meta::new(index as u64 + 1, Timestamp::ZERO, LinkType::ETHERNET, bytes.len() as u32);
        let packet = Packet::decode(RawPacket { meta, bytes });
        assert!(packet.frame.layers().iter().any(|located| located.layer.kind() == LayerKind::Ipv4));
        analyzer.observe(&packet, &mut notes);
    }
    analyzer.finish(&mut notes);
    let report = analyzer.report();
    let rows: Vec<_> = report.fragments.iter().map(|row| (row.source.to_string(), row.outcome)).collect();
    assert_eq!(rows.iter().filter(|(source, _)| source == "192.0.2.1").count(), 1);
    assert!(rows.iter().all(|(_, outcome)| *outcome == Outcome::Complete), "{rows:?}");
}

#[test]
fn a_fragmented_syn_becomes_a_segment() {
    let syn = FrameBuilder::ethernet(A, B)
        .ipv4(Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]).identification(7))
        .tcp(TcpFields::new(1, 2).flags(TcpFlags::SYN))
        .payload(&[0; 100]);
    let mut bench = Bench::default();
    let whole = bench.see_all(&syn.fragments(68, 0)).expect("whole");
    assert!(crate::wire::decode(LinkType::RAW, &whole, whole.len() as u32).tcp().is_some());
}
