//! `netlab read -w`, as it is typed.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use netlab::capture::{self, OpenOptions};
use netlab::packet::RemarkKind;

use crate::build::{MICRO, Order, Pcap, Pcapng, frame, one_of_each};
use crate::peers::tshark;
use crate::reading::{Read, drain, read};

fn netlab(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netlab"));
    command.current_dir(folder).env("TZ", "UTC").args(words).output().expect("netlab runs")
}

fn read_back(path: &Path) -> Read {
    drain(capture::open(&[path], &OpenOptions::default()).expect("a capture")).expect("readable")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn packets_are_copied_with_comments_interfaces_and_directions() {
    let folder = tempfile::tempdir().expect("a folder");
    let octets = &one_of_each()[3].1;
    fs::write(folder.path().join("in"), octets).expect("written");
    let output = netlab(folder.path(), &["read", "in", "-w", "out.pcapng"]);
    assert_eq!((output.status.code(), output.stdout.len(), said(&output)), (Some(0), 0, String::new()));
    let (before, after) = (read(octets).expect("a capture"), read_back(&folder.path().join("out.pcapng")));
    assert_eq!(after.packets, before.packets);
    let comments: Vec<_> = after.said().into_iter().filter(|(kind, _)| *kind == RemarkKind::Comment).collect();
    assert_eq!(comments, [(RemarkKind::Comment, "a comment")]);
    assert_eq!(after.interfaces[0].name, "eth0");
}

#[test]
fn a_filter_and_a_count_choose_and_the_comments_of_what_is_left_out_go_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Pcapng::new(Order::Little)
        .interface(1, 0, &[])
        .packet(0, 1, &frame(1, 60), &[(1, b"of the first")])
        .packet(0, 2, &frame(2, 80), &[(1, b"of the second")])
        .packet(0, 3, &frame(3, 90), &[])
        .packet(0, 4, &frame(4, 100), &[]);
    fs::write(folder.path().join("in"), &file.octets).expect("written");
    let output = netlab(folder.path(), &["read", "in", "-w", "out.pcapng", "-c", "2", "greater", "70"]);
    assert_eq!((output.status.code(), said(&output)), (Some(0), String::new()));
    let after = read_back(&folder.path().join("out.pcapng"));
    assert_eq!(after.lengths(), [(80, 80), (90, 90)]);
    assert_eq!(after.said(), [(RemarkKind::Comment, "of the second")]);
}

#[test]
fn several_files_become_one_and_a_damaged_one_is_said_with_status_3() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = Pcap::new(Order::Big, MICRO).packet(1, 0, &frame(1, 60)).packet(3, 0, &frame(3, 60)).octets;
    let two = Pcap::new(Order::Little, MICRO).packet(2, 0, &frame(2, 60)).packet(4, 0, &frame(4, 60)).octets;
    fs::write(folder.path().join("one"), &one).expect("written");
    fs::write(folder.path().join("two"), &two[..two.len() - 1]).expect("written");
    let output = netlab(folder.path(), &["read", "one", "two", "-w", "both.pcap"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("two: record 2 at octet 100 is cut short"), "{}", said(&output));
    let seconds: Vec<u64> = read_back(&folder.path().join("both.pcap")).nanos();
    assert_eq!(seconds, [1_000_000_000, 2_000_000_000, 3_000_000_000]);
}

#[test]
fn a_capture_goes_through_pipes() {
    let folder = tempfile::tempdir().expect("a folder");
    let octets = &one_of_each()[0].1;
    let mut command = Command::new(env!("CARGO_BIN_EXE_netlab"));
    command.current_dir(folder.path()).args(["read", "-", "-w", "-", "--format", "pcap"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("netlab starts");
    child.stdin.take().expect("a pipe").write_all(octets).expect("written");
    let output = child.wait_with_output().expect("netlab ends");
    assert_eq!((output.status.code(), said(&output)), (Some(0), String::new()));
    assert_eq!(read(&output.stdout).expect("a capture").packets, read(octets).expect("a capture").packets);
}

#[test]
fn the_input_is_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let octets = &one_of_each()[0].1;
    fs::write(folder.path().join("in.pcap"), octets).expect("written");
    let output = netlab(folder.path(), &["read", "in.pcap", "-w", "./in.pcap"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("is the capture that is being read"), "{}", said(&output));
    assert_eq!(&fs::read(folder.path().join("in.pcap")).expect("still there"), octets);
}

#[test]
fn notes_become_comments_that_tshark_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut file = Pcap::new(Order::Little, MICRO);
    for (second, packet) in handshake().iter().enumerate() {
        file = file.packet(second as u32, 0, packet);
    }
    fs::write(folder.path().join("in.pcap"), &file.octets).expect("written");
    let output = netlab(folder.path(), &["read", "in.pcap", "-w", "out.pcapng", "--comments", "chat", "--print"]);
    assert_eq!((output.status.code(), said(&output)), (Some(0), String::new()));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(printed.lines().filter(|line| line.contains("SYN")).count(), 2, "{printed}");
    let path = folder.path().join("out.pcapng");
    let after = read_back(&path);
    assert_eq!(after.packets.len(), 3);
    let first = after.remarks.iter().find(|remark| remark.packet == Some(1)).expect("a comment on the first packet");
    assert!(first.text.starts_with("tcp-handshake-1: "), "{}", first.text);
    let Some((lines, status)) = tshark(&path, &["frame.comment"]) else { return };
    assert_eq!(status, 0);
    assert!(lines[0][0].contains("tcp-handshake-1"), "{lines:?}");
}

/// SYN, SYN and ACK, ACK.
fn handshake() -> [Vec<u8>; 3] {
    use netlab::base::MacAddr;
    use netlab::wire::TcpFlags;
    use netlab::wire::build::{FrameBuilder, Ipv4Fields, TcpFields};
    let (client, server) = (MacAddr([0, 0, 0x5e, 0, 0x53, 1]), MacAddr([0, 0, 0x5e, 0, 0x53, 2]));
    let there = || FrameBuilder::ethernet(client, server).ipv4(Ipv4Fields::new([192, 0, 2, 1], [192, 0, 2, 2]));
    let back = || FrameBuilder::ethernet(server, client).ipv4(Ipv4Fields::new([192, 0, 2, 2], [192, 0, 2, 1]));
    let both = TcpFlags::SYN | TcpFlags::ACK;
    [
        there().tcp(TcpFields::new(40_000, 80).flags(TcpFlags::SYN).sequence(100)).finish(),
        back().tcp(TcpFields::new(80, 40_000).flags(both).sequence(900).acknowledgment(101)).finish(),
        there().tcp(TcpFields::new(40_000, 80).flags(TcpFlags::ACK).sequence(101).acknowledgment(901)).finish(),
    ]
}
