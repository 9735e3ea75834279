//! Nothing is lost that there is room for, and what is lost is counted.

use std::io::Read as _;
use std::thread;

use netlab::packet::RemarkKind;

use crate::lab::{Lab, frame, ipv4, recorded, udp};

#[test]
fn at_the_highest_rate_of_the_sender_a_capture_into_a_file_loses_nothing_and_says_so() {
    let Some(lab) = Lab::new(&[]) else { return };
    // The ring has room for each burst as a whole, however little of the processor the capture is given meanwhile.
    const BURST: usize = 100_000;
    const COUNT: usize = 3 * BURST;
    for name in ["fast.pcap", "fast.pcapng"] {
        let file = lab.file(name);
        let write = ["-w", file.to_str().expect("UTF-8"), "--comments", "none"];
        let capture = lab.capture(&lab.b, &[&["-i", "eth0", "-B", "65536"], &write[..], &["udp"]].concat());
        let mut rates = Vec::new();
        for sent in (BURST..=COUNT).step_by(BURST) {
            rates.push(lab.blast(&lab.a, frame(&[], 0x0800, &ipv4(17, &udp(9, 9, &[0; 22]))), BURST));
            capture.wait_for_packets(sent as u64);
        }
        let ended = capture.interrupt();
        assert_eq!(ended.counts(), (COUNT as u64, COUNT as u64, 0), "at {rates:.0?} packets a second");
        assert_eq!(recorded(&file).packets.len(), COUNT);
    }
}

#[test]
fn what_a_slow_reader_loses_is_counted_and_told_in_the_capture() {
    let Some(lab) = Lab::new(&[]) else { return };
    const COUNT: u64 = 60_000;
    let mut capture = lab.capture(&lab.b, &["-i", "eth0", "-B", "512", "-w", "-", "udp"]);
    // Nobody reads: the pipe fills, then the ring.
    lab.blast(&lab.a, frame(&[], 0x0800, &ipv4(17, &udp(9, 9, &[0; 400]))), COUNT as usize);
    capture.read();
    capture.wait_for_packets(COUNT);
    // One more, beside which the loss can be told.
    lab.send(&lab.a, vec![frame(&[], 0x0800, &ipv4(17, &udp(9, 10, b"after")))]);
    capture.wait_for_packets(COUNT + 1);
    let ended = capture.interrupt();
    assert!(ended.status.success());
    let (captured, received, dropped) = ended.counts();
    assert!(dropped > 0, "nothing was lost");
    assert_eq!(received, COUNT + 1, "every packet that was sent is counted");
    assert_eq!(received, captured + dropped);

    let file = lab.file("slow.pcapng");
    std::fs::write(&file, &ended.stdout).expect("a file");
    let kept = recorded(&file);
    assert_eq!(kept.packets.len() as u64, captured);
    let told: u64 = kept
        .remarks
        .iter()
        .map(|remark| match remark.kind {
            RemarkKind::Dropped(count) => count,
            _ => 0,
        })
        .sum();
    assert_eq!(told, dropped, "the statistics of the file: {:?}", kept.remarks);
    let comment = kept
        .remarks
        .iter()
        .any(|remark| remark.kind == RemarkKind::Comment && remark.text.contains("dropped by kernel"));
    assert!(comment, "{:?}", kept.remarks);
}

/// Counts the packets of which there are lines, and those that lines say were lost.
fn counted(text: &str) -> (u64, u64) {
    let is_packet = |line: &&str| line.trim_start().starts_with(|c: char| c.is_ascii_digit()) && line.contains("UDP");
    let lost = |line: &str| {
        let (number, _) = line.trim_start().strip_prefix("-- ")?.split_once(' ')?;
        line.contains("dropped").then(|| number.parse::<u64>().expect("a number"))
    };
    (text.lines().filter(is_packet).count() as u64, text.lines().filter_map(lost).sum())
}

#[test]
fn what_a_slow_reader_of_lines_loses_is_counted_and_told_between_the_lines() {
    let Some(lab) = Lab::new(&[]) else { return };
    const COUNT: u64 = 60_000;
    let mut capture = lab.capture(&lab.b, &["-i", "eth0", "-B", "512", "--no-number", "-t", "udp"]);
    // Nobody reads: the pipe fills, then the ring.
    lab.blast(&lab.a, frame(&[], 0x0800, &ipv4(17, &udp(9, 9, &[0; 400]))), COUNT as usize);
    capture.read();
    capture.wait_for_packets(COUNT);
    lab.send(&lab.a, vec![frame(&[], 0x0800, &ipv4(17, &udp(9, 10, b"after")))]);
    capture.wait_for_packets(COUNT + 1);
    let ended = capture.interrupt();
    assert!(ended.status.success(), "{}", ended.stderr);
    let (captured, received, dropped) = ended.counts();
    assert!(dropped > 0, "nothing was lost");
    assert_eq!(received, COUNT + 1, "every packet that was sent is counted");
    let (lines, told) = counted(&ended.text());
    assert_eq!((lines, lines + dropped), (captured, COUNT + 1), "lines and losses are what was sent");
    assert_eq!(told, dropped, "losses that the lines tell of");
}

#[test]
fn what_a_slow_disk_loses_is_counted() {
    let Some(lab) = Lab::new(&["mkfifo"]) else { return };
    const COUNT: u64 = 60_000;
    // A file that takes hardly any octets until all packets have been sent.
    let disk = lab.file("slow.pcap");
    let path = disk.to_str().expect("UTF-8").to_owned();
    assert!(lab.run(&lab.b, "mkfifo", &[&path]).status.success());
    let (all_sent, are_all_sent) = std::sync::mpsc::channel();
    let reader = thread::spawn(move || {
        let mut file = std::fs::File::open(disk).expect("the other end of the pipe");
        let mut octets = Vec::new();
        are_all_sent.recv().expect("the sender sends");
        file.read_to_end(&mut octets).expect("a pipe can be read");
        octets
    });
    let capture = lab.capture(&lab.b, &["-i", "eth0", "-B", "512", "-w", &path, "--comments", "none", "udp"]);
    lab.blast(&lab.a, frame(&[], 0x0800, &ipv4(17, &udp(9, 9, &[0; 400]))), COUNT as usize);
    all_sent.send(()).expect("the reader waits");
    capture.wait_for_packets(COUNT);
    let ended = capture.interrupt();
    assert!(ended.status.success(), "{}", ended.stderr);
    let (captured, received, dropped) = ended.counts();
    assert!(dropped > 0, "nothing was lost");
    let whole = lab.file("whole.pcap");
    std::fs::write(&whole, reader.join().expect("the reader reads")).expect("a file");
    let kept = recorded(&whole).packets.len() as u64;
    assert_eq!((kept, received, kept + dropped), (captured, COUNT, COUNT), "what is kept and lost is what was sent");
}
