//! Both formats in all their variations.

use netlab::capture::{Compression, Format};
use netlab::packet::{Direction, RemarkKind};
use netlab::wire::LinkType;

use crate::build::{BOTH, MICRO, MODIFIED, NANO, Order, Pcap, Pcapng, frame, one_of_each};
use crate::peers::{nanos, tshark};
use crate::reading::read;

#[test]
fn pcap_in_both_byte_orders_with_micro_and_nanoseconds() {
    for order in BOTH {
        for (magic, expected) in [(MICRO, 1_700_000_000_123_456_000), (NANO, 1_700_000_000_000_123_456)] {
            let file = Pcap::new(order, magic).packet(1_700_000_000, 123_456, &frame(7, 60));
            let read = read(&file.octets).expect("a capture");
            assert_eq!(read.nanos(), [expected], "{order:?} {magic:x}");
            assert_eq!(read.packets[0].octets, frame(7, 60));
            assert_eq!(read.packets[0].link, LinkType::ETHERNET);
            assert!(read.remarks.is_empty());
        }
    }
}

#[test]
fn modified_pcap_has_longer_record_headers_in_both_byte_orders() {
    for order in BOTH {
        let file = Pcap::new(order, MODIFIED).packet(1, 2, &frame(1, 60)).record(3, 4, 30, 1514, &frame(2, 30));
        let read = read(&file.octets).expect("a capture");
        assert_eq!(read.nanos(), [1_000_002_000, 3_000_004_000]);
        assert_eq!(read.lengths(), [(60, 60), (30, 1514)]);
        assert_eq!(read.packets[1].octets, frame(2, 30));
    }
}

#[test]
fn pcap_before_version_2_4_has_its_lengths_the_other_way_round() {
    let old = |minor| {
        Pcap::with_header(Order::Little, MICRO, (2, minor), 65_535, 1).record(1, 0, 1514, 20, &frame(1, 20)).record(
            2,
            0,
            20,
            20,
            &frame(2, 20),
        )
    };
    for minor in [2, 3] {
        let read = read(&old(minor).octets).expect("a capture");
        assert_eq!(read.lengths(), [(20, 1514), (20, 20)], "version 2.{minor}");
    }
}

#[test]
fn the_length_of_frame_check_sequences_is_not_taken_for_a_link_type() {
    let file = Pcap::with_header(Order::Big, MICRO, (2, 4), 65_535, 0x2400_0001).packet(1, 0, &frame(1, 64));
    let read = read(&file.octets).expect("a capture");
    assert_eq!(read.packets[0].link, LinkType::ETHERNET);
    assert_eq!(read.interfaces[0].fcs_len, Some(4));
}

#[test]
fn pcapng_interfaces_keep_name_link_type_clock_and_offset() {
    for order in BOTH {
        let file = Pcapng::new(order)
            .interface(1, 65_535, &[(2, b"eth0"), (3, b"uplink"), (11, b"\0tcp port 80"), (13, &[4])])
            .interface(113, 96, &[(9, &[9]), (2, b"any\0")])
            .interface(101, 0, &[(9, &[0x80 | 10]), (14, &order.u64(1_700_000_000))])
            .interface(1, 0, &[(9, &[3]), (14, &order.u64(-5_i64 as u64))])
            .packet(0, 1_700_000_000_123_456, &frame(1, 60), &[])
            .packet(1, 1_700_000_000_123_456_789, &frame(2, 60), &[])
            .packet(2, 1536, &[0x45, 0], &[])
            .packet(3, 1_700_000_005_250, &frame(4, 60), &[]);
        let read = read(&file.octets).expect("a capture");
        assert_eq!(
            read.nanos(),
            [
                1_700_000_000_123_456_000,
                1_700_000_000_123_456_789,
                1_700_000_001_500_000_000,
                1_700_000_000_250_000_000
            ]
        );
        let links: Vec<u16> = read.packets.iter().map(|packet| packet.link.0).collect();
        assert_eq!(links, [1, 113, 101, 1]);
        let interfaces: Vec<u32> = read.packets.iter().map(|packet| packet.interface).collect();
        assert_eq!(interfaces, [0, 1, 2, 3]);
        assert_eq!((&*read.interfaces[0].name, &*read.interfaces[0].description), ("eth0", "uplink"));
        assert_eq!((&*read.interfaces[0].filter, read.interfaces[0].fcs_len), ("tcp port 80", Some(4)));
        assert_eq!((&*read.interfaces[1].name, read.interfaces[1].snaplen), ("any", 96));
        assert!(read.remarks.is_empty());
    }
}

#[test]
fn a_new_section_forgets_interfaces_and_may_change_the_byte_order() {
    let file = Pcapng::new(Order::Big)
        .interface(1, 0, &[])
        .packet(0, 1, &frame(1, 60), &[])
        .section(Order::Little, &[(1, b"second")])
        .interface(113, 0, &[(9, &[9])])
        .packet(0, 2_000, &frame(2, 60), &[])
        .section(Order::Big, &[])
        .interface(101, 0, &[])
        .packet(0, 3, &[0x45], &[]);
    let read = read(&file.octets).expect("a capture");
    assert_eq!(read.nanos(), [1_000, 2_000, 3_000]);
    assert_eq!(read.packets.iter().map(|packet| packet.link.0).collect::<Vec<_>>(), [1, 113, 101]);
    assert_eq!(read.packets.iter().map(|packet| packet.interface).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(read.said(), [(RemarkKind::Comment, "second")]);
}

#[test]
fn directions_comments_and_losses_of_packets_are_kept() {
    for order in BOTH {
        let file = Pcapng::new(order)
            .interface(1, 0, &[(2, b"eth0"), (1, b"of the interface")])
            .packet(0, 1, &frame(1, 60), &[(2, &order.u32(1)), (1, b"one"), (1, "zw\u{f6}lf\n".as_bytes())])
            .packet(0, 2, &frame(2, 60), &[(2, &order.u32(2)), (4, &order.u64(3))])
            .obsolete(0, 4, 3, &frame(3, 60), &[(2, &order.u32(2))])
            .obsolete(0, 0xffff, 4, &frame(4, 60), &[])
            .statistics(0, &[(4, &order.u64(500)), (5, &order.u64(9)), (7, &order.u64(1))])
            .statistics(0, &[(4, &order.u64(500)), (5, &order.u64(9)), (7, &order.u64(1))]);
        let read = read(&file.octets).expect("a capture");
        let directions: Vec<_> = read.packets.iter().map(|packet| packet.direction).collect();
        assert_eq!(directions, [Some(Direction::Inbound), Some(Direction::Outbound), Some(Direction::Outbound), None]);
        assert_eq!(
            read.said(),
            [
                (RemarkKind::Comment, "of the interface"),
                (RemarkKind::Comment, "one"),
                (RemarkKind::Comment, "zw\u{f6}lf\\n"),
                (RemarkKind::Dropped(3), "test.cap: 3 packets of eth0 were lost while capturing"),
                (RemarkKind::Dropped(4), "test.cap: 4 packets of eth0 were lost while capturing"),
                // The statistics count from the start: three more than were said with the packets, and that once.
                (RemarkKind::Dropped(3), "test.cap: 3 packets of eth0 were lost while capturing"),
            ]
        );
        let of_packets: Vec<_> = read.remarks.iter().map(|remark| remark.packet).collect();
        assert_eq!(of_packets[..3], [None, Some(1), Some(1)]);
        assert_eq!(read.captures[0].dropped, 10);
        assert_eq!((read.interfaces[0].received, read.interfaces[0].dropped), (Some(500), Some(10)));
    }
}

#[test]
fn simple_packets_are_cut_at_the_snap_length_and_take_the_time_before() {
    let file = Pcapng::new(Order::Little)
        .interface(1, 40, &[])
        .packet(0, 7, &frame(1, 20), &[])
        .simple(1514, &frame(2, 40))
        .simple(22, &frame(3, 22));
    let read = read(&file.octets).expect("a capture");
    assert_eq!(read.lengths(), [(20, 20), (40, 1514), (22, 22)]);
    assert_eq!(read.nanos(), [7_000; 3]);
    assert_eq!(read.remarks.len(), 1, "said once: {:?}", read.remarks);
    assert!(read.remarks[0].text.contains("hold no time"));
}

#[test]
fn a_capture_is_summed_up() {
    let file = Pcap::new(Order::Little, MICRO)
        .packet(100, 0, &frame(1, 60))
        .record(102, 0, 20, 1514, &frame(2, 20))
        .packet(101, 5, &frame(3, 80));
    let read = read(&file.octets).expect("a capture");
    let summary = &read.captures[0];
    assert_eq!(summary.file, "test.cap");
    assert_eq!((summary.format, summary.compression), (Format::Pcap, Compression::None));
    assert_eq!((summary.packets, summary.octets, summary.captured_octets), (3, 1654, 160));
    assert_eq!((summary.cut, summary.backwards, summary.snaplen), (1, 1, 65_535));
    assert_eq!(summary.first.map(|first| first.seconds()), Some(100));
    assert_eq!(summary.last.map(|last| last.seconds()), Some(102));
    assert_eq!((&summary.links[..], summary.damage.as_ref()), (&[LinkType::ETHERNET][..], None));
}

#[test]
fn tshark_reads_the_same_times_and_lengths_from_a_file_of_each_kind() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, octets) in one_of_each() {
        let path = folder.path().join("file");
        std::fs::write(&path, &octets).expect("written");
        let Some((lines, status)) = tshark(&path, &["frame.time_epoch", "frame.cap_len", "frame.len"]) else { return };
        let read = read(&octets).expect("a capture");
        assert_eq!((lines.len(), status), (read.packets.len(), 0), "{name}");
        for (line, packet) in lines.iter().zip(&read.packets) {
            // tshark has no time for a Simple Packet Block.
            if !line[0].is_empty() && nanos(&line[0]) != 0 {
                assert_eq!(nanos(&line[0]), packet.nanos, "{name}, packet {}", packet.number);
            }
            assert_eq!(line[1], packet.octets.len().to_string(), "{name}, packet {}", packet.number);
            assert_eq!(line[2], packet.wire_len.to_string(), "{name}, packet {}", packet.number);
        }
    }
}
