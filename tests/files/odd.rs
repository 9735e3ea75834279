//! Files that are not quite right and are read nevertheless, and files that end too early.

use netlab::packet::RemarkKind;
use netlab::wire::LinkType;

use crate::build::{MICRO, NANO, Order, Pcap, Pcapng, frame, one_of_each};
use crate::peers::tshark;
use crate::reading::{read, read_in_pieces};

#[test]
fn a_million_microseconds_and_more_are_added_up() {
    let file = Pcap::new(Order::Little, MICRO).packet(10, 1_500_000, &frame(1, 60)).packet(12, 0, &frame(2, 60));
    assert_eq!(read(&file.octets).expect("a capture").nanos(), [11_500_000_000, 12_000_000_000]);
    let file = Pcap::new(Order::Little, NANO).packet(10, u32::MAX, &frame(1, 60));
    assert_eq!(read(&file.octets).expect("a capture").nanos(), [14_294_967_295]);
}

#[test]
fn fewer_octets_on_the_wire_than_captured_and_more_than_the_snap_length() {
    let file = Pcap::with_header(Order::Little, MICRO, (2, 4), 32, 1).record(1, 0, 60, 20, &frame(1, 60)).packet(
        2,
        0,
        &frame(2, 60),
    );
    assert_eq!(read(&file.octets).expect("a capture").lengths(), [(60, 20), (60, 60)]);
    let file = Pcapng::new(Order::Little).interface(1, 32, &[]).enhanced(0, 1, 60, 20, &frame(1, 60), &[]).packet(
        0,
        2,
        &frame(2, 60),
        &[],
    );
    assert_eq!(read(&file.octets).expect("a capture").lengths(), [(60, 20), (60, 60)]);
}

#[test]
fn a_snap_length_of_zero_means_no_limit() {
    let file = Pcap::with_header(Order::Big, MICRO, (2, 4), 0, 1).packet(1, 0, &frame(1, 60));
    assert_eq!(read(&file.octets).expect("a capture").lengths(), [(60, 60)]);
    let file = Pcapng::new(Order::Big).interface(1, 0, &[]).simple(60, &frame(1, 60));
    assert_eq!(read(&file.octets).expect("a capture").lengths(), [(60, 60)]);
}

#[test]
fn a_packet_of_an_interface_that_was_never_described_is_kept_and_that_is_said_once() {
    let file = Pcapng::new(Order::Little)
        .interface(113, 0, &[(9, &[9])])
        .packet(0, 1_000, &frame(1, 60), &[])
        .packet(7, 2, &frame(2, 60), &[])
        .packet(8, 3, &frame(3, 60), &[])
        .packet(0, 4_000, &frame(4, 60), &[]);
    let read = read(&file.octets).expect("a capture");
    assert_eq!(read.nanos(), [1_000, 2_000, 3_000, 4_000]);
    assert!(read.packets.iter().all(|packet| packet.link == LinkType::LINUX_SLL));
    assert_eq!(read.packets.iter().map(|packet| packet.interface).collect::<Vec<_>>(), [0, 1, 1, 0]);
    assert_eq!(
        read.said(),
        [(
            RemarkKind::Note,
            "test.cap: packet 2 names interface 7, which the file does not describe; taken as linux-sll with microseconds"
        )]
    );
    let file = Pcapng::new(Order::Little).packet(0, 2, &frame(2, 60), &[]);
    assert_eq!(crate::reading::read(&file.octets).expect("a capture").packets[0].link, LinkType::ETHERNET);
}

#[test]
fn every_resolution_is_read() {
    let at = |resolution: u8, ticks| {
        let file =
            Pcapng::new(Order::Little).interface(1, 0, &[(9, &[resolution])]).packet(0, ticks, &frame(1, 60), &[]);
        read(&file.octets).expect("a capture").nanos()[0]
    };
    assert_eq!(at(12, 1_700_000_123_456_789_012), 1_700_000_123_456_789);
    assert_eq!(at(0, 1_700_000_000), 1_700_000_000_000_000_000);
    assert_eq!((at(63, 1_700_000_000), at(127, u64::MAX), at(255, 1_700_000_000)), (0, 0, 0));
}

#[test]
fn options_of_unusual_lengths_do_not_matter() {
    let file = Pcapng::new(Order::Little)
        .interface(1, 0, &[(6, &[2, 0, 0, 0, 0, 1, 0, 0]), (9, &[]), (14, &[1, 2]), (2, b""), (9999, b"?")])
        .packet(0, 5, &frame(1, 60), &[(2, &[1]), (4, &[1, 2]), (1, b"")]);
    let read = read(&file.octets).expect("a capture");
    assert_eq!(read.nanos(), [5_000]);
    assert_eq!(read.damage(), None);
}

#[test]
fn options_that_overrun_their_block_cost_only_themselves() {
    let mut body = Vec::new();
    for number in [0_u32, 0, 5, 20, 20] {
        body.extend(number.to_le_bytes());
    }
    body.extend(frame(1, 20));
    body.extend([1, 0, 0xf0, 0xff, b'a', b'b', b'c', b'd']);
    let file = Pcapng::new(Order::Little).interface(1, 0, &[]).block(6, &body).block(6, &body).packet(
        0,
        6,
        &frame(2, 60),
        &[],
    );
    let read = read(&file.octets).expect("a capture");
    assert_eq!(read.nanos(), [5_000, 5_000, 6_000]);
    let said = "test.cap: the options of block 3 are longer than the block; the packet itself is whole";
    assert_eq!(read.said(), [(RemarkKind::Note, said)]);
}

#[test]
fn a_block_whose_length_is_no_multiple_of_four_is_filled_up() {
    let mut body = Vec::new();
    for number in [0_u32, 0, 5, 61, 61] {
        body.extend(number.to_le_bytes());
    }
    body.extend(frame(1, 61));
    for (in_front, behind) in [(93_u32, 93_u32), (93, 96), (96, 93)] {
        let mut file = Pcapng::new(Order::Little).interface(1, 0, &[]);
        file.octets.extend(6_u32.to_le_bytes());
        file.octets.extend(in_front.to_le_bytes());
        file.octets.extend(&body);
        file.octets.extend([0; 3]);
        file.octets.extend(behind.to_le_bytes());
        let read = read(&file.packet(0, 6, &frame(2, 60), &[]).octets).expect("a capture");
        assert_eq!((read.lengths(), read.damage()), (vec![(61, 61), (60, 60)], None), "{in_front} and {behind}");
    }
}

#[test]
fn a_file_without_packets_is_a_capture() {
    for octets in [Pcap::new(Order::Little, MICRO).octets, Pcapng::new(Order::Big).octets] {
        let read = read(&octets).expect("a capture");
        assert_eq!((read.packets.len(), read.remarks.len()), (0, 0));
    }
}

#[test]
fn a_cut_tail_keeps_every_whole_packet_and_names_record_and_octet() {
    let file = Pcap::new(Order::Little, MICRO).packet(1, 0, &frame(1, 60)).packet(2, 0, &frame(2, 60)).octets;
    let read = read(&file[..file.len() - 10]).expect("a capture");
    assert_eq!(read.packets.len(), 1);
    let said = "test.cap: record 2 at octet 100 is cut short: its header says 60 octets, 50 are left; the packet before it is whole";
    assert_eq!(read.said(), [(RemarkKind::Damage, said)]);
    assert_eq!(read.captures[0].damage.as_deref(), Some(said));
    let file = Pcapng::new(Order::Little).interface(1, 0, &[]).packet(0, 1, &frame(1, 60), &[]).octets;
    assert_eq!(
        crate::reading::read(&file[..60]).expect("a capture").damage(),
        Some(
            "test.cap: block 3 at octet 48 is cut short: its length is 92 octets, 12 are left; no packet before it is whole"
        )
    );
}

#[test]
fn a_file_of_each_kind_cut_at_every_length_gives_the_packets_that_are_whole() {
    for (name, octets) in one_of_each() {
        let whole = read(&octets).expect("a capture");
        let mut before = 0;
        for len in 0..octets.len() {
            let Ok(cut) = read_in_pieces(&octets[..len], 0) else {
                assert!(len < 24, "{name}: {len} octets hold the head of a file");
                continue;
            };
            assert_eq!(cut.packets[..], whole.packets[..cut.packets.len()], "{name}, {len} octets");
            assert!(cut.packets.len() >= before, "{name}: fewer packets in {len} octets than in {}", len - 1);
            before = cut.packets.len();
            // Whatever is left over after the last whole record is said.
            let at_boundary = cut.damage().is_none();
            let again = read_in_pieces(&octets[..len + 1], 0).expect("a longer one is a capture too");
            if at_boundary && again.packets.len() == cut.packets.len() {
                assert!(again.damage().is_some() || len + 1 == octets.len(), "{name}, {} octets", len + 1);
            }
        }
        assert_eq!(
            before.max(whole.packets.len() - 1),
            whole.packets.len() - usize::from(before < whole.packets.len())
        );
    }
}

#[test]
fn tshark_keeps_as_many_packets_of_a_cut_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    let files = one_of_each();
    for (name, octets) in [&files[0], &files[8]] {
        for len in [octets.len() - 1, octets.len() / 2] {
            std::fs::write(&path, &octets[..len]).expect("written");
            let Some((lines, _)) = tshark(&path, &["frame.len"]) else { return };
            let read = read(&octets[..len]).expect("a capture");
            assert_eq!(read.packets.len(), lines.len(), "{name}, {len} octets");
        }
    }
}
