//! What netlab writes is read back the same, by netlab and by tshark.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use netlab::base::Timestamp;
use netlab::capture::{self, Format, Interface, Interfaces, OpenOptions, Rotation, WriteOptions, Writer};
use netlab::packet::{Direction, Meta, RawPacket, RemarkKind};
use netlab::wire::LinkType;

use crate::build::{frame, one_of_each};
use crate::peers::{nanos, tshark};
use crate::reading::{Read, drain};

const BASE: u64 = 1_700_000_000_123_456_789;

fn meta(nanos: u64, link: LinkType, interface: u32, wire_len: u32) -> Meta {
    Meta { interface, ..Meta::new(1, Timestamp::from_nanos(nanos), link, wire_len) }
}

fn write(writer: &mut Writer, meta: Meta, octets: &[u8], comments: &[&str]) {
    writer.packet(&RawPacket { meta, bytes: octets }, comments).expect("written");
}

fn read_back(path: &Path) -> Read {
    drain(capture::open(&[path], &OpenOptions::default()).expect("a capture")).expect("readable")
}

fn options(format: Format) -> WriteOptions {
    WriteOptions { format: Some(format), ..WriteOptions::default() }
}

#[test]
fn pcap_keeps_nanoseconds_and_both_lengths() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.pcap");
    let mut writer = Writer::create(&path, WriteOptions::default()).expect("created");
    write(&mut writer, meta(BASE, LinkType::ETHERNET, 0, 60), &frame(1, 60), &["lost in pcap"]);
    write(&mut writer, meta(BASE + 1, LinkType::ETHERNET, 0, 1514), &frame(2, 33), &[]);
    write(&mut writer, meta(BASE + 2, LinkType::ETHERNET, 0, 10), &frame(3, 20), &[]);
    writer.finish().expect("finished");
    let read = read_back(&path);
    assert_eq!((read.captures[0].format, read.captures[0].snaplen), (Format::Pcap, 262_144));
    assert_eq!(read.nanos(), [BASE, BASE + 1, BASE + 2]);
    assert_eq!(read.lengths(), [(60, 60), (33, 1514), (20, 10)]);
    let Some((lines, status)) = tshark(&path, &["frame.time_epoch", "frame.cap_len", "frame.len"]) else { return };
    assert_eq!(status, 0);
    assert_eq!(lines.iter().map(|line| nanos(&line[0])).collect::<Vec<_>>(), read.nanos());
    assert_eq!(lines[1][1..], ["33".to_owned(), "1514".to_owned()]);
}

#[test]
fn pcapng_keeps_interfaces_directions_comments_and_losses() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.pcapng");
    let eth0 = Interface {
        name: "eth0".to_owned(),
        description: "uplink".to_owned(),
        snaplen: 96,
        filter: "tcp port 80".to_owned(),
        fcs_len: Some(0),
        ..Interface::of_link(LinkType::ETHERNET)
    };
    let any = Interface { name: "any".to_owned(), ..Interface::of_link(LinkType::LINUX_SLL) };
    let interfaces = Interfaces::new(vec![any.clone(), eth0.clone()]);
    let options = WriteOptions { interfaces: interfaces.clone(), ..WriteOptions::default() };
    let mut writer = Writer::create(&path, options).expect("created");
    writer.comment("a capture of two interfaces");
    let inbound = Meta { direction: Some(Direction::Inbound), ..meta(BASE, LinkType::ETHERNET, 1, 1514) };
    write(&mut writer, inbound, &frame(1, 61), &["SYN 1/3", "zw\u{f6}lf", ""]);
    let outbound = Meta { direction: Some(Direction::Outbound), ..meta(BASE + 5, LinkType::LINUX_SLL, 0, 16) };
    write(&mut writer, outbound, &[0; 16], &[]);
    write(&mut writer, meta(BASE + 9, LinkType::ETHERNET, 1, 14), &frame(3, 14), &["x".repeat(100_000).as_str()]);
    // An interface nobody knows, and one whose link type is not what was said of it.
    write(&mut writer, meta(BASE + 10, LinkType::RAW, 77, 2), &[0x45, 0], &[]);
    interfaces.count(1, Some(20), Some(4));
    writer.finish().expect("finished");

    let read = read_back(&path);
    assert_eq!(read.nanos(), [BASE, BASE + 5, BASE + 9, BASE + 10]);
    assert_eq!(read.lengths(), [(61, 1514), (16, 16), (14, 14), (2, 2)]);
    let directions: Vec<_> = read.packets.iter().map(|packet| packet.direction).collect();
    assert_eq!(directions, [Some(Direction::Inbound), Some(Direction::Outbound), None, None]);
    assert_eq!(read.packets.iter().map(|packet| packet.interface).collect::<Vec<_>>(), [0, 1, 0, 2]);
    assert_eq!(read.interfaces[0], Interface { received: Some(20), dropped: Some(4), ..eth0 });
    assert_eq!(read.interfaces[1], Interface { snaplen: 262_144, ..any });
    assert_eq!(read.interfaces[2].link, LinkType::RAW);
    let said = read.said();
    assert_eq!(said[0], (RemarkKind::Comment, "a capture of two interfaces"));
    assert_eq!(
        said[1..4],
        [(RemarkKind::Comment, "SYN 1/3"), (RemarkKind::Comment, "zw\u{f6}lf"), (RemarkKind::Comment, ""),]
    );
    assert_eq!(said[4].1.len(), 32_768, "longer comments are cut");
    assert_eq!(said[5].0, RemarkKind::Dropped(4));
    assert_eq!((said.len(), read.remarks[1].packet), (6, Some(1)));

    let fields = ["frame.time_epoch", "frame.interface_name", "frame.packet_flags_direction", "frame.comment"];
    let Some((lines, status)) = tshark(&path, &fields) else { return };
    assert_eq!(status, 0);
    assert_eq!(nanos(&lines[0][0]), BASE);
    assert_eq!(lines[0][1..3], ["eth0".to_owned(), "0x00000001".to_owned()]);
    assert!(lines[0][3].starts_with("SYN 1/3|zw\u{f6}lf"), "{}", lines[0][3]);
    assert_eq!(lines[1][1..3], ["any".to_owned(), "0x00000002".to_owned()]);
}

#[test]
fn a_file_of_each_kind_goes_through_the_writers_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, octets) in one_of_each() {
        let (input, output) = (folder.path().join("in"), folder.path().join("out"));
        fs::write(&input, &octets).expect("written");
        let first = read_back(&input);
        copy(&input, &output, Format::Pcapng);
        let second = read_back(&output);
        assert_eq!(second.packets, first.packets, "{name}");
        let names = |read: &Read| -> Vec<_> {
            read.interfaces.iter().map(|interface| (interface.name.clone(), interface.dropped)).collect()
        };
        assert_eq!(names(&second), names(&first), "{name}");
        let comments = |read: &Read| -> Vec<_> {
            let of_packets = read.remarks.iter().filter(|remark| remark.packet.is_some());
            of_packets.filter(|remark| remark.kind == RemarkKind::Comment).cloned().collect()
        };
        assert_eq!(comments(&second), comments(&first), "{name}");
        if first.captures[0].links.len() == 1 {
            copy(&input, &output, Format::Pcap);
            let third = read_back(&output);
            assert_eq!(third.nanos(), first.nanos(), "{name}");
            assert_eq!(third.lengths(), first.lengths(), "{name}");
        }
    }
}

/// Copies a capture with its comments.
fn copy(input: &Path, output: &Path, format: Format) {
    use netlab::packet::{Item, PacketSource as _};
    let mut source = capture::open(&[input], &OpenOptions::default()).expect("a capture");
    let mut writer =
        Writer::create(output, WriteOptions { interfaces: source.interfaces(), ..options(format) }).expect("created");
    let mut comments = Vec::new();
    while let Some(item) = source.next_item().expect("readable") {
        match item {
            Item::Packet(raw) => {
                writer.packet(&raw, &comments).expect("written");
                comments.clear();
            }
            Item::Remark(remark) if remark.kind == RemarkKind::Comment && remark.packet.is_some() => {
                comments.push(remark.text);
            }
            _ => {}
        }
    }
    writer.finish().expect("finished");
}

#[test]
fn pcap_refuses_a_second_link_type_and_names_the_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.pcap");
    let mut writer = Writer::create(&path, WriteOptions::default()).expect("created");
    write(&mut writer, meta(BASE, LinkType::ETHERNET, 0, 60), &frame(1, 60), &[]);
    let raw = RawPacket { meta: meta(BASE, LinkType::RAW, 1, 2), bytes: &[0x45, 0] };
    let error = writer.packet(&raw, &[""; 0]).expect_err("two link types").to_string();
    assert!(error.contains("one link type") && error.ends_with("name it .pcapng"), "{error}");
}

#[test]
fn a_capture_is_never_written_over_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("in.pcapng");
    let octets = &one_of_each()[3].1;
    fs::write(&path, octets).expect("written");
    let linked = folder.path().join("linked.pcapng");
    fs::hard_link(&path, &linked).expect("linked");
    for output in
        [&path, &linked, &folder.path().join("../").join(folder.path().file_name().unwrap()).join("in.pcapng")]
    {
        let options = WriteOptions { not_into: vec![path.clone()], ..WriteOptions::default() };
        let error = Writer::create(output, options).expect_err("the same file").to_string();
        assert!(error.contains("is the capture that is being read"), "{error}");
        assert_eq!(&fs::read(&path).expect("still there"), octets, "untouched");
    }
}

#[test]
fn outputs_that_cannot_be_had_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |path: PathBuf| Writer::create(path, WriteOptions::default()).expect_err("refused").to_string();
    assert!(refused(folder.path().join("no/such/out.pcap")).contains("the folder it should be in does not exist"));
    assert!(refused(folder.path().to_owned()).contains("directory"));
    assert!(refused(folder.path().join("out.pcap.gz")).contains("uncompressed"));
}

#[test]
fn a_file_without_packets_is_a_capture_and_a_dropped_writer_leaves_a_whole_file() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["out.pcap", "out.pcapng"] {
        let path = folder.path().join(name);
        Writer::create(&path, WriteOptions::default()).expect("created").finish().expect("finished");
        assert_eq!((read_back(&path).packets.len(), read_back(&path).damage()), (0, None), "{name}");
        let mut writer = Writer::create(&path, WriteOptions::default()).expect("created");
        for number in 0..100 {
            write(&mut writer, meta(BASE + number, LinkType::ETHERNET, 0, 60), &frame(1, 60), &[]);
        }
        drop(writer);
        assert_eq!((read_back(&path).packets.len(), read_back(&path).damage()), (100, None), "{name}");
    }
}

#[test]
fn what_was_flushed_can_be_read_while_the_writer_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["out.pcap", "out.pcapng"] {
        let path = folder.path().join(name);
        let interfaces = Interfaces::new(vec![Interface::of_link(LinkType::ETHERNET)]);
        let mut writer =
            Writer::create(&path, WriteOptions { interfaces, ..WriteOptions::default() }).expect("created");
        writer.begin(Timestamp::from_nanos(BASE)).expect("begun");
        assert_eq!(read_back(&path).interfaces.len(), 1, "{name}: the head is there before any packet");
        write(&mut writer, meta(BASE, LinkType::ETHERNET, 0, 60), &frame(1, 60), &[]);
        writer.flush().expect("flushed");
        assert_eq!(read_back(&path).packets.len(), 1, "{name}");
        write(&mut writer, meta(BASE, LinkType::ETHERNET, 0, 60), &frame(1, 60), &[]);
        writer.finish().expect("finished");
        assert_eq!(read_back(&path).packets.len(), 2, "{name}");
    }
}

/// Writes `count` packets, a second apart, and gives the files that are there with their numbers of packets.
fn rotated(target: &str, rotation: Rotation, count: u64) -> Vec<(String, usize)> {
    let folder = tempfile::tempdir().expect("a folder");
    let options = WriteOptions { rotation, ..WriteOptions::default() };
    let mut writer = Writer::create(folder.path().join(target), options).expect("created");
    for number in 0..count {
        write(&mut writer, meta(BASE + number * 1_000_000_000, LinkType::ETHERNET, 0, 84), &frame(1, 84), &[]);
    }
    writer.finish().expect("finished");
    let mut files: Vec<_> = fs::read_dir(folder.path())
        .expect("readable")
        .map(|entry| entry.expect("entry").path())
        .map(|path| {
            let read = read_back(&path);
            assert_eq!((read.damage(), read.interfaces.len()), (None, 1), "{path:?}");
            (path.file_name().expect("a name").to_string_lossy().into_owned(), read.packets.len())
        })
        .collect();
    files.sort();
    files
}

fn expected(files: &[(&str, usize)]) -> Vec<(String, usize)> {
    files.iter().map(|(name, packets)| ((*name).to_owned(), *packets)).collect()
}

#[test]
fn a_size_begins_new_files_that_do_not_grow_beyond_it() {
    // 24 octets of header, 100 a record.
    let by_size = Rotation { octets: Some(324), ..Rotation::default() };
    assert_eq!(rotated("t.pcap", by_size, 8), expected(&[("t.pcap", 3), ("t1.pcap", 3), ("t2.pcap", 2)]));
    let tiny = Rotation { octets: Some(1), ..Rotation::default() };
    assert_eq!(rotated("t.pcap", tiny, 2), expected(&[("t.pcap", 1), ("t1.pcap", 1)]));
}

#[test]
fn a_ring_keeps_the_newest_files() {
    let ring = Rotation { octets: Some(324), files: Some(2), ..Rotation::default() };
    // Files of 3, 3, 3 and 2 packets; the third took the place of the first, the fourth that of the second.
    assert_eq!(rotated("t.pcap", ring, 11), expected(&[("t0.pcap", 3), ("t1.pcap", 2)]));
}

#[test]
fn a_pattern_too_coarse_for_its_files_overwrites_none() {
    let by_time = Rotation { every: Some(Duration::from_secs(2)), ..Rotation::default() };
    let files = rotated("t-%Y.pcap", by_time, 5);
    assert_eq!(files, expected(&[("t-2023-1.pcap", 2), ("t-2023-2.pcap", 1), ("t-2023.pcap", 2)]));
}

#[test]
fn a_time_begins_new_files_named_by_their_first_packet_and_ends_after_a_number_of_them() {
    let by_time = Rotation { every: Some(Duration::from_secs(4)), ..Rotation::default() };
    let files = rotated("t-%s.pcapng", by_time.clone(), 10);
    let names = ["t-1700000000.pcapng", "t-1700000004.pcapng", "t-1700000008.pcapng"];
    assert_eq!(files, expected(&[(names[0], 4), (names[1], 4), (names[2], 2)]));
    let two = Rotation { files: Some(2), ..by_time };
    assert_eq!(rotated("t-%s.pcapng", two, 10), expected(&[(names[0], 4), (names[1], 4)]));
    let both = Rotation { octets: Some(324), every: Some(Duration::from_secs(5)), files: None };
    assert_eq!(
        rotated("t-%s.pcap", both, 7),
        expected(&[("t-1700000000-1.pcap", 2), ("t-1700000000.pcap", 3), ("t-1700000005.pcap", 2)])
    );
}
