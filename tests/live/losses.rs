//! Nothing is lost that there is room for, and what is lost is counted.

use std::io::Read as _;
use std::thread;
use std::time::Duration;

use netlab::packet::RemarkKind;

use crate::lab::{Lab, frame, ipv4, recorded, udp};

#[test]
fn at_the_highest_rate_of_the_sender_a_capture_into_a_file_loses_nothing_and_says_so() {
    let Some(lab) = Lab::new(&[]) else { return };
    const COUNT: usize = 300_000;
    for name in ["fast.pcap", "fast.pcapng"] {
        let file = lab.file(name);
        let arguments = ["-i", "eth0", "-w", file.to_str().expect("UTF-8"), "--comments", "none", "udp"];
        let capture = lab.capture(&lab.b, &arguments);
        let rate = lab.blast(&lab.a, frame(&[], 0x0800, &ipv4(17, &udp(9, 9, &[0; 22]))), COUNT);
        let ended = capture.interrupt();
        assert_eq!(ended.counts(), (COUNT as u64, COUNT as u64, 0), "at {rate:.0} packets a second");
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
    thread::sleep(Duration::from_millis(300));
    // One more, beside which the loss can be told.
    lab.send(&lab.a, vec![frame(&[], 0x0800, &ipv4(17, &udp(9, 10, b"after")))]);
    thread::sleep(Duration::from_millis(100));
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
    thread::sleep(Duration::from_millis(300));
    lab.send(&lab.a, vec![frame(&[], 0x0800, &ipv4(17, &udp(9, 10, b"after")))]);
    thread::sleep(Duration::from_millis(300));
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
    // A file that takes octets only as fast as somebody fetches them.
    let disk = lab.file("slow.pcap");
    let path = disk.to_str().expect("UTF-8").to_owned();
    assert!(lab.run(&lab.b, "mkfifo", &[&path]).status.success());
    let reader = thread::spawn(move || {
        let mut file = std::fs::File::open(disk).expect("the other end of the pipe");
        let (mut octets, mut piece) = (Vec::new(), vec![0; 16 << 10]);
        loop {
            match file.read(&mut piece).expect("a pipe can be read") {
                0 => return octets,
                len => octets.extend_from_slice(&piece[..len]),
            }
            thread::sleep(Duration::from_millis(1));
        }
    });
    let capture = lab.capture(&lab.b, &["-i", "eth0", "-B", "512", "-w", &path, "--comments", "none", "udp"]);
    lab.blast(&lab.a, frame(&[], 0x0800, &ipv4(17, &udp(9, 9, &[0; 400]))), COUNT as usize);
    let ended = capture.interrupt();
    assert!(ended.status.success(), "{}", ended.stderr);
    let (captured, received, dropped) = ended.counts();
    assert!(dropped > 0, "nothing was lost");
    let whole = lab.file("whole.pcap");
    std::fs::write(&whole, reader.join().expect("the reader reads")).expect("a file");
    let kept = recorded(&whole).packets.len() as u64;
    assert_eq!((kept, received, kept + dropped), (captured, COUNT, COUNT), "what is kept and lost is what was sent");
}
