//! Several files as one capture.

use std::fs;
use std::path::PathBuf;

use netlab::capture::{self, OpenOptions};
use netlab::packet::RemarkKind;

use crate::build::{MICRO, NANO, Order, Pcap, Pcapng, frame};
use crate::reading::{Read, drain};

fn read_together(files: &[Vec<u8>]) -> Read {
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Vec<PathBuf> = files
        .iter()
        .enumerate()
        .map(|(index, octets)| {
            let path = folder.path().join(format!("{index}.cap"));
            fs::write(&path, octets).expect("written");
            path
        })
        .collect();
    drain(capture::open(&paths, &OpenOptions::default()).expect("captures")).expect("readable")
}

#[test]
fn several_files_are_one_capture_in_order_of_time_and_at_equal_times_of_the_files() {
    let one = Pcap::new(Order::Little, MICRO).packet(1, 0, &frame(10, 20)).packet(3, 0, &frame(11, 20)).packet(
        5,
        0,
        &frame(12, 20),
    );
    let two = Pcap::new(Order::Big, NANO).packet(1, 0, &frame(20, 20)).packet(2, 0, &frame(21, 20)).packet(
        9,
        0,
        &frame(22, 20),
    );
    let three = Pcapng::new(Order::Little)
        .interface(113, 0, &[(2, b"any")])
        .packet(0, 1_000_000, &frame(30, 20), &[(1, b"with packet 3")])
        .interface(1, 0, &[(2, b"eth0")])
        .packet(1, 5_000_000, &frame(31, 20), &[]);
    let read = read_together(&[one.octets, two.octets, three.octets]);
    let order: Vec<u8> = read.packets.iter().map(|packet| packet.octets[14]).collect();
    assert_eq!(order, [10, 20, 30, 21, 11, 12, 31, 22].map(|seed: u8| seed + 14));
    assert_eq!(read.nanos(), [1, 1, 1, 2, 3, 5, 5, 9].map(|seconds| seconds * 1_000_000_000));
    let interfaces: Vec<u32> = read.packets.iter().map(|packet| packet.interface).collect();
    assert_eq!(interfaces, [0, 1, 2, 1, 0, 0, 3, 1]);
    assert_eq!(read.interfaces[2].name, "any");
    assert_eq!(read.interfaces[3].name, "eth0");
    assert_eq!((read.remarks.len(), read.remarks[0].packet), (1, Some(3)));
    assert_eq!(read.captures.iter().map(|capture| capture.packets).collect::<Vec<_>>(), [3, 3, 2]);
}

#[test]
fn a_damaged_file_does_not_end_the_others() {
    let mut one = Pcap::new(Order::Little, MICRO).packet(1, 0, &frame(1, 20)).packet(4, 0, &frame(2, 20)).octets;
    one.truncate(one.len() - 1);
    let two = Pcap::new(Order::Little, MICRO).packet(2, 0, &frame(3, 20)).packet(3, 0, &frame(4, 20)).octets;
    let read = read_together(&[one, two]);
    assert_eq!(read.nanos(), [1_000_000_000, 2_000_000_000, 3_000_000_000]);
    assert_eq!(read.remarks.len(), 1);
    assert_eq!(read.remarks[0].kind, RemarkKind::Damage);
    assert!(read.remarks[0].text.contains("0.cap: record 2 at octet 60 is cut short"), "{}", read.remarks[0].text);
    assert!(read.captures[0].damage.is_some() && read.captures[1].damage.is_none());
}

#[test]
fn a_file_out_of_order_keeps_its_own_order() {
    let one = Pcap::new(Order::Little, MICRO).packet(5, 0, &frame(1, 20)).packet(1, 0, &frame(2, 20)).octets;
    assert_eq!(read_together(std::slice::from_ref(&one)).nanos(), [5_000_000_000, 1_000_000_000]);
    let two = Pcap::new(Order::Little, MICRO).packet(3, 0, &frame(3, 20)).octets;
    assert_eq!(read_together(&[one, two]).nanos(), [3_000_000_000, 5_000_000_000, 1_000_000_000]);
}

#[test]
fn files_without_packets_are_no_obstacle() {
    let empty = Pcap::new(Order::Little, MICRO).octets;
    let one = Pcap::new(Order::Little, MICRO).packet(5, 0, &frame(1, 20)).octets;
    assert_eq!(read_together(&[empty.clone(), one, empty]).packets.len(), 1);
}
