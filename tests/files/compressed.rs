//! Compressed captures, and what is wrong with some.

use std::io::{Cursor, Write as _};

use flate2::write::GzEncoder;
use netlab::capture::{self, Compression, OpenOptions};
use netlab::packet::PacketSource as _;

use crate::build::{MICRO, Order, Pcap, frame, one_of_each};
use crate::reading::{read, read_in_pieces};

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(octets).expect("into memory");
    encoder.finish().expect("into memory")
}

/// A zstd frame of raw blocks (RFC 8878 §3.1.1), with any window.
#[cfg(feature = "compress")]
fn zstd(octets: &[u8], window_descriptor: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, window_descriptor];
    let mut chunks = octets.chunks(1000).peekable();
    while let Some(chunk) = chunks.next() {
        let header = (chunk.len() as u32) << 3 | u32::from(chunks.peek().is_none());
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(chunk);
    }
    frame
}

/// A zstd skippable frame.
#[cfg(feature = "compress")]
fn skippable(octets: &[u8]) -> Vec<u8> {
    [&[0x5a, 0x2a, 0x4d, 0x18][..], &(octets.len() as u32).to_le_bytes(), octets].concat()
}

#[cfg(feature = "compress")]
fn lz4(octets: &[u8], info: lz4_flex::frame::FrameInfo) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(octets).expect("into memory");
    encoder.finish().expect("into memory")
}

/// A way to compress: its name, what netlab should call it, and how it is done.
type Way = (&'static str, Compression, Box<dyn Fn(&[u8]) -> Vec<u8>>);

fn ways() -> Vec<Way> {
    #[cfg_attr(not(feature = "compress"), allow(unused_mut))]
    let mut ways: Vec<Way> = vec![
        ("gzip", Compression::Gzip, Box::new(gzip)),
        (
            "gzip of two members",
            Compression::Gzip,
            Box::new(|octets| {
                let (one, two) = octets.split_at(octets.len() / 2);
                [gzip(one), gzip(two)].concat()
            }),
        ),
    ];
    #[cfg(feature = "compress")]
    {
        use lz4_flex::frame::{BlockMode, BlockSize, FrameInfo};
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ways.push((
            "zstd",
            Compression::Zstd,
            Box::new(move |octets| ruzstd::encoding::compress_to_vec(octets, level)),
        ));
        ways.push((
            "zstd of several frames",
            Compression::Zstd,
            Box::new(|octets| {
                let (one, two) = octets.split_at(octets.len() / 3);
                [skippable(b"index"), zstd(one, 0x58), skippable(b""), zstd(two, 0x58), skippable(&[7; 100])].concat()
            }),
        ));
        ways.push(("lz4", Compression::Lz4, Box::new(|octets| lz4(octets, FrameInfo::new()))));
        ways.push((
            "lz4 with checksums",
            Compression::Lz4,
            Box::new(|octets| {
                let info = FrameInfo::new()
                    .block_mode(BlockMode::Linked)
                    .block_size(BlockSize::Max64KB)
                    .block_checksums(true)
                    .content_checksum(true);
                lz4(octets, info)
            }),
        ));
        ways.push((
            "lz4 of two frames",
            Compression::Lz4,
            Box::new(|octets| {
                let (one, two) = octets.split_at(octets.len() / 2);
                [lz4(one, FrameInfo::new()), lz4(two, FrameInfo::new())].concat()
            }),
        ));
    }
    ways
}

#[test]
fn a_file_of_each_kind_reads_the_same_when_compressed() {
    for (name, octets) in one_of_each() {
        let plain = read(&octets).expect("a capture");
        for (way, compression, compress) in ways() {
            let read = read(&compress(&octets)).unwrap_or_else(|error| panic!("{name}, {way}: {error}"));
            assert_eq!(read.packets, plain.packets, "{name}, {way}");
            assert_eq!(read.remarks, plain.remarks, "{name}, {way}");
            assert_eq!(read.captures[0].compression, compression, "{name}, {way}");
        }
    }
}

#[test]
fn compressed_data_cut_at_every_length_keeps_what_came_out_and_says_so() {
    let mut file = Pcap::new(Order::Little, MICRO);
    for number in 0..20_u8 {
        file = file.packet(u32::from(number), 0, &frame(number.wrapping_mul(37), 60 + usize::from(number)));
    }
    let plain = read(&file.octets).expect("a capture");
    for (way, _, compress) in ways() {
        let compressed = compress(&file.octets);
        for len in 0..compressed.len() {
            let Ok(cut) = read_in_pieces(&compressed[..len], 0) else { continue };
            assert_eq!(cut.packets[..], plain.packets[..cut.packets.len()], "{way}, {len} octets");
            // Trailing frames and members may be missing at a boundary of records without leaving a trace.
            let is_whole = cut.packets.len() == plain.packets.len();
            assert!(is_whole || cut.damage().is_some(), "{way}, {len} of {} octets", compressed.len());
        }
    }
}

#[test]
fn damaged_compressed_data_is_said_with_the_place() {
    let mut file = Pcap::new(Order::Little, MICRO);
    for number in 0..200_u8 {
        file = file.packet(u32::from(number), 0, &frame(number, 200));
    }
    for (way, compression, compress) in ways() {
        let mut compressed = compress(&file.octets);
        let end = compressed.len();
        compressed[end - 3] ^= 0xff;
        let Ok(read) = read(&compressed) else { continue };
        if let Some(damage) = read.damage()
            && damage.contains("data is damaged")
        {
            assert!(
                damage.starts_with(&format!("test.cap: the {compression} data is damaged or cut after")),
                "{damage}"
            );
        } else {
            assert!(!way.contains("gzip"), "{way}: the length at the end is wrong: {:?}", read.said());
        }
    }
}

#[test]
fn a_file_compressed_twice_or_with_something_else_is_refused_with_the_way_out() {
    let octets = &one_of_each()[0].1;
    let refused = |octets: &[u8]| read(octets).expect_err("not a capture");
    let twice = gzip(&gzip(octets));
    assert_eq!(
        refused(&twice),
        "cannot read test.cap: what is compressed in it is compressed once more, with gzip; decompress it first: gzip -d"
    );
    assert!(refused(b"BZh91AY&SY....").contains("compressed with bzip2; decompress it first: bunzip2"));
    assert!(refused(b"\xfd7zXZ\0......").contains("compressed with xz"));
    assert!(refused(&gzip(b"hello")).contains("what is compressed in it is not a capture: it begins with 'hello'"));
    assert!(refused(&gzip(b"")).contains("what is compressed in it is empty"));
}

#[test]
fn a_bomb_comes_out_in_a_stream() {
    // Zero octets after the header are records without a packet; they must neither pile up nor take long.
    let zeros = gzip(&vec![0; 1 << 20]);
    let mut bomb = gzip(&Pcap::new(Order::Little, MICRO).octets);
    for _ in 0..8 {
        bomb.extend_from_slice(&zeros);
    }
    assert!(bomb.len() < 1 << 17, "it is small: {}", bomb.len());
    let mut source = capture::open_reader("bomb", Cursor::new(bomb), &OpenOptions::default()).expect("opens");
    let mut packets = 0_u64;
    while source.next_item().expect("readable").is_some() {
        packets += 1;
    }
    assert_eq!(packets, (8 << 20) / 16);
}

#[cfg(feature = "compress")]
#[test]
fn a_zstd_window_beyond_reason_is_refused_before_memory_is_taken() {
    let octets = &one_of_each()[0].1;
    // The largest window descriptor: 3.75 TiB.
    let error = read(&zstd(octets, 0xff)).expect_err("too large a window");
    assert!(error.contains("zstd data cannot be decompressed"), "{error}");
    assert!(read(&zstd(octets, 0x58)).is_ok());
}
