//! What is written: comments that tshark shows, rotation, records.

use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::lab::{B, Lab, frame, ipv4, recorded, udp, wait_until};

/// A TCP segment from A to B, its sum in place.
fn tcp(sequence: u32, acknowledgment: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut segment = [40_000_u16.to_be_bytes(), 80_u16.to_be_bytes()].concat();
    segment.extend(sequence.to_be_bytes());
    segment.extend(acknowledgment.to_be_bytes());
    segment.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend(payload);
    let mut summed = [crate::lab::A.octets(), B.octets()].concat();
    summed.extend([0, 6]);
    summed.extend((segment.len() as u16).to_be_bytes());
    summed.extend(&segment);
    summed.resize(summed.len().next_multiple_of(2), 0);
    let mut sum: u32 = summed.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    segment[16..18].copy_from_slice(&(!sum as u16).to_be_bytes());
    frame(&[], 0x0800, &ipv4(6, &segment))
}

#[test]
fn tshark_shows_the_interface_and_netlabs_notes_as_comments() {
    let Some(lab) = Lab::new(&["tshark"]) else { return };
    let file = lab.file("notes.pcapng");
    let path = file.to_str().expect("UTF-8");
    let capture = lab.capture(&lab.a, &["eth0", "-Q", "out", "-w", path, "tcp", "and", "src", "host", "192.0.2.1"]);
    let data = tcp(1001, 1, 0x18, b"the same octets twice");
    lab.send(&lab.a, vec![tcp(1000, 0, 0x02, b""), tcp(1001, 1, 0x10, b""), data.clone()]);
    thread::sleep(Duration::from_millis(300));
    lab.send(&lab.a, vec![data]);
    capture.wait_for_packets(4);
    assert_eq!(capture.interrupt().count(" captured"), 4);
    let output = Command::new("tshark")
        .args(["-r", path, "-T", "fields", "-e", "frame.number", "-e", "frame.interface_name", "-e", "frame.comment"])
        .output()
        .expect("tshark runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = text.lines().last().expect("a line");
    assert!(last.starts_with("4\teth0\ttcp-") && last.contains("retransmission"), "{text}");
    let first = text.lines().next().expect("a line");
    assert!(first.ends_with("eth0\t") || first.ends_with("eth0"), "the normal course of things is no comment: {text}");
}

#[test]
fn files_are_begun_anew_by_size_and_the_newest_are_kept() {
    let Some(lab) = Lab::new(&[]) else { return };
    let file = lab.file("size.pcap");
    let capture = lab.capture(&lab.b, &["eth0", "-C", "1", "-W", "3", "-w", file.to_str().expect("UTF-8"), "udp"]);
    lab.blast(&lab.a, frame(&[], 0x0800, &ipv4(17, &udp(9, 9, &[0; 1000]))), 4500);
    capture.wait_for_packets(4500);
    let ended = capture.interrupt();
    assert_eq!((ended.status.code(), ended.counts()), (Some(0), (4500, 4500, 0)));
    let kept: Vec<_> = (0..3).map(|number| lab.file(&format!("size{number}.pcap"))).collect();
    let mut packets = 0;
    for file in &kept {
        assert!(std::fs::metadata(file).expect("the file exists").len() <= 1_000_000);
        packets += recorded(file).packets.len();
    }
    assert!((1000..3000).contains(&packets), "the newest of five files: {packets}");
    assert!(!file.exists());
}

#[test]
fn files_are_begun_anew_by_time_and_the_capture_ends_after_the_last() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    let file = lab.file("time-%s.pcapng");
    // Packets come all the time, before and after it too.
    let _pings = lab.start(&lab.a, "ping", &["-q", "-i", "0.02", &B.to_string()]);
    let capture = lab.capture(&lab.b, &["eth0", "-G", "1", "-W", "2", "-w", file.to_str().expect("UTF-8"), "icmp"]);
    let ended = capture.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let folder = file.parent().expect("a folder");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        let packets = recorded(&file).packets;
        let span = packets.last().expect("packets").at.since(packets[0].at);
        assert!(span < Duration::from_secs(1), "{span:?}");
    }
}

#[test]
fn records_have_a_header_times_and_directions() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    let capture = lab.capture(&lab.b, &["eth0", "--jsonl", "icmp"]);
    assert!(lab.run(&lab.a, "ping", &["-q", "-c", "1", &B.to_string()]).status.success());
    capture.wait_for_packets(2);
    let text = capture.interrupt().text();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[0]["netlab"], "packets");
    assert_eq!((&lines[1]["direction"], &lines[2]["direction"]), (&"in".into(), &"out".into()));
    assert_eq!((&lines[1]["number"], &lines[2]["number"]), (&1.into(), &2.into()));
    assert!(lines[1]["time_ns"].as_u64() < lines[2]["time_ns"].as_u64());
}

#[test]
fn the_report_follows_the_packets() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    let capture = lab.capture(&lab.b, &["eth0", "--report", "-c", "4", "icmp"]);
    assert!(lab.run(&lab.a, "ping", &["-q", "-c", "2", "-i", "0.01", &B.to_string()]).status.success());
    let text = capture.ended().text();
    assert!(text.lines().take(4).all(|line| line.contains("ICMP")), "{text}");
    assert!(text.contains("4 packets") && text.contains("Protocols"), "{text}");
}

#[test]
fn a_capture_into_standard_output_can_be_read_while_it_goes_on() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    let mut capture = lab.capture(&lab.b, &["eth0", "-w", "-", "-U", "icmp"]);
    capture.read();
    assert!(lab.run(&lab.a, "ping", &["-q", "-c", "2", "-i", "0.01", &B.to_string()]).status.success());
    let ended = capture.interrupt();
    let file = lab.file("stdout.pcapng");
    std::fs::write(&file, &ended.stdout).expect("a file");
    assert_eq!(recorded(&file).packets.len(), 4);
}

#[test]
fn a_file_can_be_read_while_it_grows() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    let file = lab.file("growing.pcapng");
    let capture = lab.capture(&lab.b, &["eth0", "-w", file.to_str().expect("UTF-8"), "icmp"]);
    assert!(recorded(&file).packets.is_empty(), "its head is there at once");
    assert!(lab.run(&lab.a, "ping", &["-q", "-c", "2", "-i", "0.01", &B.to_string()]).status.success());
    wait_until("the packets are in the file", || recorded(&file).packets.len() == 4);
    assert_eq!(capture.interrupt().counts(), (4, 4, 0));
}

#[test]
fn contradictions_are_refused() {
    let refused = |arguments: &[&str]| {
        let output = Command::new(crate::lab::NETLAB).arg("capture").args(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused(&["lo", "-w", "-", "--print"]).contains("standard output"));
    assert!(refused(&["lo", "-C", "1"]).contains("--write"));
    assert!(refused(&["lo", "--duration", "soon"]).contains("10s"));
    assert!(refused(&["lo", "tcp", "prot", "80"]).contains("prot"));
}
