//! However a capture ends, its file is whole and its counts are told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::lab::{B, Lab, frame, ipv4, recorded, udp};

fn ping(lab: &Lab, count: u32) {
    let count = count.to_string();
    assert!(lab.run(&lab.a, "ping", &["-q", "-c", &count, "-i", "0.01", &B.to_string()]).status.success());
}

fn datagram() -> Vec<u8> {
    frame(&[], 0x0800, &ipv4(17, &udp(9, 9, b"datagram")))
}

#[test]
fn a_signal_ends_it_with_a_whole_file_three_lines_and_success() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    for (signal, name) in [(Signal::SIGINT, "a.pcapng"), (Signal::SIGTERM, "b.pcap"), (Signal::SIGHUP, "c.pcapng")] {
        let file = lab.file(name);
        let capture = lab.capture(&lab.b, &["eth0", "-w", file.to_str().expect("UTF-8"), "icmp"]);
        ping(&lab, 5);
        // At once: packets that the kernel has already taken must not be lost for it.
        capture.signal(signal);
        let ended = capture.ended();
        assert_eq!(ended.status.code(), Some(0), "{signal}");
        assert_eq!(ended.counts(), (10, 10, 0), "{signal}");
        assert!(
            ended.stderr.ends_with("10 packets captured\n10 packets received by filter\n0 packets dropped by kernel\n")
        );
        assert_eq!(recorded(&file).packets.len(), 10, "{signal}");
    }
}

#[test]
fn a_hang_up_that_is_ignored_stays_ignored() {
    let Some(lab) = Lab::new(&["nohup"]) else { return };
    let mut capture = lab.start(&lab.b, "nohup", &[crate::lab::NETLAB, "capture", "--no-drop", "eth0"]);
    capture.wait_for("listening on");
    capture.signal(Signal::SIGHUP);
    // It still answers.
    assert_eq!(capture.counts().2, 0);
    assert!(capture.is_running());
    assert_eq!(capture.interrupt().status.code(), Some(0));
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    let Some(lab) = Lab::new(&[]) else { return };
    let mut capture = lab.capture(&lab.b, &["eth0", "-w", "-"]);
    // Its output is not read, so that it hangs in the middle of writing.
    lab.blast(&lab.a, datagram(), 30_000);
    capture.signal(Signal::SIGINT);
    thread::sleep(Duration::from_millis(200));
    assert!(capture.is_running(), "it gave up what it had captured");
    // The first signal has arrived, however slow the machine is: the second is not taken for the same.
    capture.signal(Signal::SIGINT);
    let ended = capture.ended();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended.status), Some(Signal::SIGINT as i32));
}

#[test]
fn the_signal_usr1_asks_for_the_counts_and_the_capture_goes_on() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    let capture = lab.capture(&lab.b, &["eth0", "icmp"]);
    ping(&lab, 2);
    capture.wait_for_packets(4);
    capture.wait_for("netlab: 4 packets captured, 4 packets received by filter, 0 packets dropped by kernel");
    ping(&lab, 1);
    let ended = capture.interrupt();
    assert_eq!((ended.status.code(), ended.counts()), (Some(0), (6, 6, 0)));
    assert_eq!(ended.text().lines().count(), 6, "{}", ended.text());
}

#[test]
fn it_ends_after_the_packets_that_were_asked_for() {
    let Some(lab) = Lab::new(&[]) else { return };
    let file = lab.file("count.pcapng");
    let capture = lab.capture(&lab.b, &["eth0", "-c", "7", "-w", file.to_str().expect("UTF-8")]);
    lab.send(&lab.a, vec![datagram(); 20]);
    let ended = capture.ended();
    assert_eq!((ended.status.code(), ended.count(" captured")), (Some(0), 7));
    assert_eq!(recorded(&file).packets.len(), 7);
    assert_eq!(ended.count(" received by filter"), 7 + ended.count(" not looked at any more"));
}

#[test]
fn it_ends_after_the_time_that_was_given() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    // Packets come all the time, before and after it too.
    let _pings = lab.start(&lab.a, "ping", &["-q", "-i", "0.02", &B.to_string()]);
    let file = lab.file("time.pcapng");
    let start = Instant::now();
    let capture = lab.capture(&lab.b, &["eth0", "--duration", "900ms", "-w", file.to_str().expect("UTF-8"), "icmp"]);
    let ended = capture.ended();
    assert!(start.elapsed() >= Duration::from_millis(900));
    assert_eq!((ended.status.code(), ended.count(" dropped by kernel")), (Some(0), 0));
    let packets = recorded(&file).packets;
    assert_eq!(packets.len() as u64, ended.count(" captured"));
    let span = packets.last().expect("packets").at.since(packets[0].at);
    assert!(packets.len() > 2 && span <= Duration::from_millis(900), "{} packets in {span:?}", packets.len());
}

#[test]
fn a_busy_capture_ends_after_the_time_that_was_given_too() {
    let Some(lab) = Lab::new(&[]) else { return };
    let file = lab.file("busy.pcap");
    let is_over = AtomicBool::new(false);
    let ended = thread::scope(|scope| {
        // Before, while and after it captures.
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                lab.blast(&lab.a, datagram(), 1000);
            }
        });
        let capture = lab.capture(&lab.b, &["eth0", "--duration", "300ms", "-w", file.to_str().expect("UTF-8")]);
        let ended = capture.ended();
        is_over.store(true, Ordering::Relaxed);
        ended
    });
    assert_eq!(ended.status.code(), Some(0));
    let packets = recorded(&file).packets;
    let span = packets.last().expect("packets").at.since(packets[0].at);
    assert!(span <= Duration::from_millis(300), "{span:?}");
    assert_eq!(packets.len() as u64, ended.count(" captured"));
}

#[test]
fn when_the_interface_disappears_it_ends_with_the_summary_and_status_one() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    let file = lab.file("gone.pcapng");
    let capture = lab.capture(&lab.b, &["eth0", "-w", file.to_str().expect("UTF-8"), "icmp"]);
    ping(&lab, 3);
    lab.run(&lab.b, "ip", &["link", "del", "eth0"]);
    let ended = capture.ended();
    assert_eq!((ended.status.code(), ended.counts()), (Some(1), (6, 6, 0)));
    assert!(ended.stderr.contains("netlab: interface eth0 disappeared"), "{}", ended.stderr);
    assert_eq!(recorded(&file).packets.len(), 6);
}

#[test]
fn an_interface_that_goes_down_is_waited_for_unless_it_disappears() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    const DOWN: &str = "interface eth0 is down; waiting until it is up";
    let mut capture = lab.capture(&lab.b, &["eth0", "icmp"]);
    ping(&lab, 1);
    lab.run(&lab.b, "ip", &["link", "set", "eth0", "down"]);
    capture.wait_for_output(DOWN);
    lab.run(&lab.b, "ip", &["link", "set", "eth0", "up"]);
    lab.wait_for_link(&lab.a, "eth0");
    lab.wait_for_link(&lab.b, "eth0");
    ping(&lab, 1);
    capture.wait_for_packets(4);
    lab.run(&lab.b, "ip", &["link", "set", "eth0", "down"]);
    lab.run(&lab.b, "ip", &["link", "del", "eth0"]);
    let ended = capture.ended();
    assert_eq!((ended.status.code(), ended.counts()), (Some(1), (4, 4, 0)));
    assert!(ended.text().contains(DOWN), "{}", ended.text());
}

#[test]
fn an_interface_that_is_down_can_be_waited_for() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    lab.run(&lab.b, "ip", &["link", "set", "eth0", "down"]);
    let capture = lab.capture(&lab.b, &["eth0", "-c", "2", "icmp"]);
    lab.run(&lab.b, "ip", &["link", "set", "eth0", "up"]);
    lab.wait_for_link(&lab.a, "eth0");
    lab.wait_for_link(&lab.b, "eth0");
    ping(&lab, 1);
    assert_eq!(capture.ended().status.code(), Some(0));
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let Some(lab) = Lab::new(&[]) else { return };
    let mut capture = lab.capture(&lab.b, &["eth0"]);
    lab.send(&lab.a, vec![datagram()]);
    assert!(capture.first_line_then_close().contains("192.0.2.1"));
    // No further packet is needed for the end to be noticed.
    let ended = capture.ended();
    assert_eq!((ended.status.code(), ended.counts()), (Some(0), (1, 1, 0)));
    assert!(!ended.stderr.contains("pipe"), "{}", ended.stderr);
}

#[test]
fn a_closed_pipe_ends_a_capture_into_it() {
    let Some(lab) = Lab::new(&[]) else { return };
    let mut capture = lab.capture(&lab.b, &["eth0", "-w", "-", "-U"]);
    capture.close();
    lab.send(&lab.a, vec![datagram(); 3]);
    let ended = capture.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}

#[test]
fn a_capture_into_a_file_does_not_care_who_reads_standard_output() {
    let Some(lab) = Lab::new(&[]) else { return };
    let file = lab.file("file.pcapng");
    let mut capture = lab.capture(&lab.b, &["eth0", "-w", file.to_str().expect("UTF-8")]);
    capture.close();
    lab.send(&lab.a, vec![datagram(); 3]);
    capture.wait_for_packets(3);
    assert!(capture.is_running());
    assert_eq!(capture.interrupt().counts(), (3, 3, 0));
}

#[test]
fn a_full_disk_ends_it_with_a_sentence_and_status_one() {
    let Some(lab) = Lab::new(&["sh", "mount"]) else { return };
    let folder = lab.file("small");
    std::fs::create_dir(&folder).expect("a folder");
    for comments in ["none", "note"] {
        // The mount is seen by this command and what it becomes alone.
        let command = format!(
            "mount -t tmpfs -o size=64k tmpfs {0} && exec {1} capture --no-drop eth0 --comments {comments} -w {0}/x.pcapng",
            folder.display(),
            crate::lab::NETLAB
        );
        let capture = lab.start(&lab.b, "sh", &["-c", &command]);
        capture.wait_for("listening on");
        lab.send(&lab.a, vec![frame(&[], 0x0800, &ipv4(17, &udp(9, 9, &[0; 1000]))); 200]);
        let ended = capture.ended();
        assert_eq!(ended.status.code(), Some(1));
        assert!(ended.stderr.ends_with("x.pcapng: the disk is full; what fitted is in the file\n"), "{}", ended.stderr);
    }
}

#[test]
fn the_interface_is_promiscuous_exactly_while_it_is_captured_on() {
    let Some(lab) = Lab::new(&[]) else { return };
    let promiscuity = || {
        let output = lab.run(&lab.b, "ip", &["-d", "link", "show", "eth0"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split("promiscuity ").nth(1).and_then(|rest| rest.split(' ').next()).map(str::to_owned)
    };
    let capture = lab.capture(&lab.b, &["eth0"]);
    assert_eq!(promiscuity().as_deref(), Some("1"));
    capture.interrupt();
    assert_eq!(promiscuity().as_deref(), Some("0"));
    let capture = lab.capture(&lab.b, &["eth0", "-p"]);
    assert_eq!(promiscuity().as_deref(), Some("0"));
    capture.interrupt();
}

#[test]
fn without_a_name_the_first_interface_that_is_up_is_taken() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    let capture = lab.capture(&lab.b, &["icmp", "-c", "1"]);
    capture.wait_for("listening on eth0");
    ping(&lab, 1);
    assert_eq!(capture.ended().status.code(), Some(0));
}

#[test]
fn a_capture_is_not_written_to_a_terminal() {
    let Some(lab) = Lab::new(&["script"]) else { return };
    let command = format!("{} capture --no-drop eth0 -w - --duration 1", crate::lab::NETLAB);
    let output = lab.run(&lab.b, "script", &["-qec", &command, "/dev/null"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write a capture to a terminal"), "{said}");
}

#[test]
fn lines_come_without_waiting_for_more_packets() {
    let Some(lab) = Lab::new(&[]) else { return };
    let mut capture = lab.capture(&lab.b, &["eth0"]);
    // Nothing comes after it.
    lab.send(&lab.a, vec![datagram()]);
    assert!(capture.first_line_then_close().contains("192.0.2.1"));
}
