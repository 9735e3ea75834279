//! Files made to hurt: no reader panics, loops, or takes memory that the file does not fill.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use netlab::base::Rng;
use netlab::capture::{self, OpenOptions};
use netlab::packet::{Item, PacketSource as _, RemarkKind};

use crate::build::{BOTH, MICRO, Order, Pcap, Pcapng, frame, one_of_each};
use crate::reading::{read, read_in_pieces};

#[test]
fn a_packet_of_two_gigabytes_is_damage_and_not_memory() {
    for claimed in [0x7fff_ffff_u32, u32::MAX, (4 << 20) + 1] {
        let file = Pcap::new(Order::Little, MICRO)
            .packet(1, 0, &frame(1, 60))
            .record(2, 0, claimed, claimed, &frame(2, 60))
            .packet(3, 0, &frame(3, 60));
        let read = read(&file.octets).expect("a capture");
        assert_eq!(read.packets.len(), 1);
        let damage = read.damage().expect("damage");
        assert!(damage.contains(&format!("record 2 at octet 100 claims {claimed} captured octets")), "{damage}");
    }
    for order in BOTH {
        let file = Pcapng::new(order).interface(1, 0, &[]).packet(0, 1, &frame(1, 60), &[]).enhanced(
            0,
            2,
            0x7fff_ffff,
            60,
            &frame(2, 60),
            &[],
        );
        let read = read(&file.octets).expect("a capture");
        assert_eq!(read.packets.len(), 1);
        assert!(read.damage().expect("damage").contains("claims 2147483647 captured octets, but has room for 60"));
        let mut octets = Pcapng::new(order).interface(1, 0, &[]).octets;
        octets.extend(order.u32(6));
        octets.extend(order.u32(0x7fff_fff0));
        octets.extend([0; 100]);
        assert!(
            crate::reading::read(&octets).expect("a capture").damage().expect("damage").contains("claims 2147483632")
        );
    }
}

#[test]
fn a_length_that_lies_costs_only_what_is_there() {
    // A record of four mebibytes, of which a hundred octets arrive.
    struct Counting(Vec<u8>, usize, std::sync::Arc<std::sync::atomic::AtomicUsize>);
    impl Read for Counting {
        fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
            self.2.fetch_max(octets.len(), std::sync::atomic::Ordering::Relaxed);
            let len = octets.len().min(self.0.len() - self.1);
            octets[..len].copy_from_slice(&self.0[self.1..self.1 + len]);
            self.1 += len;
            Ok(len)
        }
    }
    let file = Pcap::new(Order::Little, MICRO).record(1, 0, 4 << 20, 4 << 20, &frame(1, 100));
    let largest = std::sync::Arc::default();
    let reader = Counting(file.octets, 0, std::sync::Arc::clone(&largest));
    let mut source = capture::open_reader("lies", reader, &OpenOptions { piece_len: 4096, ..OpenOptions::default() })
        .expect("opens");
    assert!(matches!(source.next_item(), Ok(Some(Item::Remark(remark))) if remark.kind == RemarkKind::Damage));
    assert!(largest.load(std::sync::atomic::Ordering::Relaxed) <= 8192, "{largest:?}");
}

#[test]
fn blocks_without_length_are_damage_and_end_the_file() {
    for length in [0_u32, 4, 8, 11] {
        let mut octets = Pcapng::new(Order::Little).interface(1, 0, &[]).octets;
        let start = octets.len();
        for _ in 0..1000 {
            octets.extend([0; 4]);
            octets.extend(length.to_le_bytes());
            octets.extend([0; 4]);
        }
        let read = read(&octets).expect("a capture");
        assert_eq!(read.remarks.len(), 1);
        let damage = read.damage().expect("damage");
        assert!(damage.contains(&format!("block 3 at octet {start} claims a length of {length} octets")), "{damage}");
    }
}

#[test]
fn lengths_that_differ_in_front_and_behind_are_damage() {
    for (kind, what) in [(6, "a packet"), (1, "an interface"), (0x8000_0001_u32, "something unknown")] {
        let good = Pcapng::new(Order::Big).interface(1, 0, &[]).packet(0, 1, &frame(1, 60), &[]);
        let start = good.octets.len();
        let mut octets = good.block(kind, &[0; 40]).octets;
        *octets.last_mut().expect("octets") ^= 4;
        let read = read(&octets).expect("a capture");
        assert_eq!(read.packets.len(), 1, "{what}");
        let damage = read.damage().expect("damage");
        assert!(
            damage.contains(&format!("block 4 at octet {start} has the length 52 in front and 48 behind")),
            "{damage}"
        );
    }
}

#[test]
fn a_huge_block_of_no_interest_is_passed_over_in_a_stream() {
    let big = vec![0xa5; 20 << 20];
    let file = Pcapng::new(Order::Little).block(10, &big).interface(1, 0, &[]).packet(0, 1, &frame(1, 60), &[]);
    let read = read_in_pieces(&file.octets, 0).expect("a capture");
    assert_eq!((read.packets.len(), read.damage()), (1, None));
}

#[test]
fn interfaces_without_end_are_bounded_and_their_packets_kept() {
    let mut file = Pcapng::new(Order::Little);
    for _ in 0..20_000 {
        file = file.interface(1, 0, &[]);
    }
    let file = file.packet(19_999, 7, &frame(1, 60), &[]).packet(3, 8, &frame(1, 60), &[]);
    let read = read_in_pieces(&file.octets, 0).expect("a capture");
    assert_eq!(read.nanos(), [7_000, 8_000]);
    assert_eq!(read.interfaces.len(), netlab::base::limits::MAX_INTERFACES);
    // Sections without end name interfaces without end too.
    let mut file = Pcapng::new(Order::Little);
    for _ in 0..20_000 {
        file = file.section(Order::Big, &[]).interface(1, 0, &[]).packet(0, 7, &[1, 2], &[]);
    }
    let read = read_in_pieces(&file.octets, 0).expect("a capture");
    assert_eq!(read.packets.len(), 20_000);
    assert_eq!(read.interfaces.len(), netlab::base::limits::MAX_INTERFACES);
}

#[test]
fn comments_without_end_come_out_one_after_another() {
    let mut file = Pcapng::new(Order::Little);
    for _ in 0..3000 {
        file = file.section(Order::Little, &[(1, b"again"), (1, b"and again")]);
    }
    let read = read_in_pieces(&file.octets, 0).expect("a capture");
    assert_eq!(read.remarks.len(), 6000);
}

#[test]
fn comments_without_end_in_one_block_are_bounded() {
    let many: Vec<(u16, &[u8])> = vec![(1, b""); 100_000];
    let file = Pcapng::new(Order::Little).interface(1, 0, &[]).packet(0, 1, &frame(1, 60), &many);
    let read = read_in_pieces(&file.octets, 0).expect("a capture");
    let most = netlab::base::limits::MAX_REMARKS_OF_BLOCK;
    assert_eq!((read.packets.len(), read.remarks.len()), (1, most + 1));
    assert_eq!(read.remarks[most].text, format!("only the first {most} comments of this block are shown"));
}

#[test]
fn damage_names_block_and_octet() {
    let good = Pcapng::new(Order::Little).interface(1, 0, &[]).packet(0, 1, &frame(1, 60), &[]);
    let at = good.octets.len();
    let wrongs = [
        (6, vec![0; 16], "is a packet block of only 28 octets"),
        (3, vec![], "is a packet block of only 12 octets"),
        (1, vec![0; 4], "is an interface description of only 4 octets"),
        (5, vec![0; 8], "is an interface statistics block of only 8 octets"),
    ];
    for (kind, body, what) in wrongs {
        let read = read(&good.clone().block(kind, &body).octets).expect("a capture");
        let said = format!("test.cap: block 4 at octet {at} {what}; the packet before it is whole");
        assert_eq!(read.damage(), Some(said.as_str()));
    }
}

#[test]
fn escape_sequences_in_names_and_comments_are_made_harmless() {
    let file = Pcapng::new(Order::Little).interface(1, 0, &[(2, b"eth\x1b[31m0"), (3, b"\xff\xfe")]).packet(
        0,
        1,
        &frame(1, 60),
        &[(1, b"\x1b]0;title\x07")],
    );
    let read = read(&file.octets).expect("a capture");
    assert_eq!(read.interfaces[0].name, "eth\\x1b[31m0");
    assert_eq!(read.interfaces[0].description, "\\xff\\xfe");
    assert_eq!(read.remarks[0].text, "\\x1b]0;title\\x07");
}

#[test]
fn what_is_no_capture_is_refused_with_a_reason() {
    let refused = |octets: &[u8]| read(octets).expect_err("no capture");
    assert_eq!(refused(b""), "cannot read test.cap: it is empty; was it written by a capture that was not finished?");
    assert_eq!(
        refused(b"\x7fELF\x02\x01\x01\0\0"),
        "cannot read test.cap: it is not a capture: it begins with 7f 45 4c 46 02 01 01 00, neither pcap nor pcapng"
    );
    assert!(refused(b"hello, world").contains("begins with 'hello, w'"));
    assert!(refused(b"snoop\0\0\0").contains("a snoop capture; convert it first: editcap"));
    assert!(refused(&Pcap::new(Order::Little, MICRO).octets[..20]).contains("needs 24 octets, but only 20 are there"));
    assert!(refused(&Pcap::with_header(Order::Big, MICRO, (1, 0), 0, 1).octets).contains("version 1.0"));
    assert!(refused(&[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0]).contains("cannot read"));
}

#[test]
fn inputs_that_cannot_be_opened_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused =
        |inputs: &[&std::path::Path]| capture::open(inputs, &OpenOptions::default()).expect_err("refused").to_string();
    let missing = folder.path().join("no\x1bsuch.pcap");
    let said = refused(&[&missing]);
    assert!(said.ends_with("no\\x1bsuch.pcap: there is no such file"), "{said}");
    assert!(refused(&[folder.path()]).contains("it is a directory"));
    assert!(refused(&[]).contains("no capture was named"));
    assert!(refused(&["-".as_ref(), "-".as_ref()]).contains("only once"));
}

#[test]
fn an_input_that_fails_in_the_middle_is_an_error_after_what_was_whole() {
    struct Failing(Vec<u8>, usize);
    impl Read for Failing {
        fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
            if self.1 == self.0.len() {
                return Err(io::Error::from_raw_os_error(5));
            }
            let len = octets.len().min(self.0.len() - self.1);
            octets[..len].copy_from_slice(&self.0[self.1..self.1 + len]);
            self.1 += len;
            Ok(len)
        }
    }
    let file = Pcap::new(Order::Little, MICRO).packet(1, 0, &frame(1, 60)).octets;
    let mut source = capture::open_reader("disk", Failing(file, 0), &OpenOptions::default()).expect("opens");
    assert!(matches!(source.next_item(), Ok(Some(Item::Packet(_)))));
    let error = source.next_item().expect_err("the disk fails").to_string();
    assert!(error.starts_with("cannot read disk: "), "{error}");
    assert!(matches!(source.next_item(), Ok(None)), "the source is at its end");
}

#[test]
fn random_changes_neither_panic_nor_loop() {
    let mut rng = Rng::new(2_026);
    let files = one_of_each();
    let begun = Instant::now();
    for round in 0..30_000 {
        let (name, octets) = &files[round % files.len()];
        let mut octets = octets.clone();
        for _ in 0..=rng.below(6) {
            let at = rng.below(octets.len() as u64) as usize;
            match rng.below(4) {
                0 => octets[at] = rng.next_u32() as u8,
                1 => octets[at] ^= 1 << rng.below(8),
                2 => octets.truncate(at.max(1)),
                _ => {
                    let value = [0, 0xff, 0x7f, 0x80][rng.below(4) as usize];
                    let end = (at + 4).min(octets.len());
                    octets[at..end].fill(value);
                }
            }
        }
        if let Ok(read) = read_in_pieces(&octets, 64) {
            // Every record and every remark takes octets of the file.
            assert!(read.packets.len() <= octets.len() / 12, "{name}, round {round}");
            assert!(read.remarks.len() <= octets.len() / 4 + 2, "{name}, round {round}");
        }
    }
    // Some seconds; on a slow machine with much other work some minutes.
    assert!(begun.elapsed() < Duration::from_secs(600), "something loops");
}
