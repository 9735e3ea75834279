//! The command line as its users meet it: exit statuses, sentences, closed pipes, junk.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

fn netlab() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netlab"));
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env("TZ", "UTC");
    command
}

fn run(arguments: &[&str]) -> Output {
    netlab().args(arguments).stdin(Stdio::null()).output().expect("netlab runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A classic pcap of `count` empty-bodied ARP questions, made by hand.
fn pcap(count: u32) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for number in 0..count {
        for field in [1_700_000_000 + number, 0, 42, 42] {
            file.extend_from_slice(&field.to_le_bytes());
        }
        file.extend_from_slice(&[0xff; 6]);
        file.extend_from_slice(&[0, 0, 0x5e, 0, 0x53, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 0, 0, 0x5e, 0, 0x53, 1]);
        file.extend_from_slice(&[192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2]);
    }
    file
}

fn file(name: &str, octets: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, octets).expect("a file");
    let path = path.to_str().expect("a name").to_owned();
    (folder, path)
}

#[test]
fn a_bpdu_says_who_is_the_root_beside_its_addresses() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_netlab"))
        .args(["simulate", "broadcast-storm-stp", "--tap", "sw2.1"])
        .output()
        .expect("netlab runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("root 32768/0/00:00:5e:00:53:04, cost 19, from 32768/0/00:00:5e:00:53:05"), "{text}");
    assert!(!text.contains("stp      60  len"), "{text}");
}

#[test]
fn wrong_usage_is_status_2_and_help_is_status_0() {
    assert_eq!(run(&["nonsense"]).status.code(), Some(2));
    assert_eq!(run(&["read"]).status.code(), Some(2));
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    assert_eq!(run(&["--version"]).status.code(), Some(0));
}

#[test]
fn missing_empty_and_junk_files_are_status_1_with_a_sentence_that_names_the_file() {
    let (_keep, empty) = file("empty.pcap", b"");
    let (_keep, junk) = file("junk.pcap", b"this is not a capture at all, just some text");
    for path in ["/nonexistent.pcap", "/", &empty, &junk] {
        for command in ["read", "analyze"] {
            let output = run(&[command, path]);
            assert_eq!(output.status.code(), Some(1), "{command} {path}");
            assert!(stderr(&output).contains(path), "{}", stderr(&output));
            assert!(stderr(&output).starts_with("netlab: "), "{}", stderr(&output));
        }
    }
}

#[test]
fn a_cut_tail_shows_every_whole_packet_and_is_status_3() {
    let whole = pcap(3);
    let (_keep, path) = file("cut.pcap", &whole[..whole.len() - 5]);
    let output = run(&["read", "--jsonl", &path]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().filter(|line| line.starts_with("{\"number\"")).count(), 2, "{text}");
    assert!(stderr(&output).contains(&path), "{}", stderr(&output));
}

#[test]
fn a_packet_line_reads_well() {
    let (_keep, path) = file("arp.pcap", &pcap(1));
    let output = run(&["read", &path]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("22:13:20.000000"), "{text}");
    assert!(text.contains("who has 192.0.2.2? tell 192.0.2.1"), "{text}");
    assert!(!text.contains('\x1b'), "no colours in a pipe: {text}");
    let output = netlab().args(["--color=always", "read", &path]).output().expect("netlab runs");
    assert!(output.stdout.contains(&0x1b), "colours when asked for");
}

#[test]
fn standard_input_is_read() {
    let mut child =
        netlab().args(["read", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("netlab runs");
    child.stdin.take().expect("a pipe").write_all(&pcap(2)).expect("netlab reads");
    let output = child.wait_with_output().expect("netlab ends");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().filter(|line| line.contains("who has 192.0.2.2?")).count(), 2, "{text}");
}

/// `netlab read -` that is fed while its lines are awaited.
struct Fed {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Fed {
    fn new(arguments: &[&str]) -> Fed {
        let mut child = netlab()
            .args([&["read", "-"], arguments].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("netlab runs");
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Fed { stdin: child.stdin.take(), child, lines }
    }

    fn write(&mut self, octets: &[u8]) {
        let stdin = self.stdin.as_mut().expect("open");
        stdin.write_all(octets).and_then(|()| stdin.flush()).expect("netlab reads");
    }

    /// The next line, for which nothing more is needed.
    fn line(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(100)).expect("a line before anything else comes")
    }

    /// The lines that still come when the input has ended.
    fn end(mut self) -> Vec<String> {
        drop(self.stdin.take());
        let rest = self.lines.iter().collect();
        assert!(self.child.wait().expect("it ends").success());
        rest
    }
}

/// The file header of a classic pcap in this machine's order, and its records.
fn records(path: &str) -> (Vec<u8>, Vec<Vec<u8>>) {
    let octets = fs::read(path).expect("a capture");
    assert!(matches!(octets[..4], [0xd4, 0xc3, 0xb2, 0xa1] | [0x4d, 0x3c, 0xb2, 0xa1]), "{path}");
    let (header, mut rest) = octets.split_at(24);
    let mut records = Vec::new();
    while let Some(len) = rest.get(8..12) {
        let len = 16 + u32::from_le_bytes(len.try_into().expect("four octets")) as usize;
        records.push(rest[..len].to_vec());
        rest = &rest[len..];
    }
    (header.to_vec(), records)
}

#[test]
fn a_line_from_a_pipe_comes_with_its_packet_and_what_later_ones_prove_follows() {
    let path = captured("tcp/s-27-tail-loss-probe-unneeded.pcap");
    let (header, records) = records(&path);
    let mut fed = Fed::new(&["-l"]);
    fed.write(&header);
    let mut corrections = 0;
    for (index, record) in records.iter().enumerate() {
        fed.write(record);
        let mut line = fed.line();
        while line.contains('↑') {
            corrections += 1;
            line = fed.line();
        }
        assert!(line.trim_start().starts_with(&format!("{} ", index + 1)), "{line}");
    }
    corrections += fed.end().len();
    assert!(corrections > 0, "no verdict was pending");
    // From a file nothing is corrected: lines wait for their verdicts.
    assert!(!stdout(&run(&["read", "-l", &path])).contains('↑'));
}

#[test]
fn the_first_lines_are_out_before_much_is_read() {
    let mut fed = Fed::new(&[]);
    let capture = pcap(100_000);
    let (header, packets) = capture.split_at(24);
    fed.write(header);
    let mut given = 0;
    let first = packets.chunks(58 * 100).find_map(|some| {
        fed.write(some);
        given += some.len();
        // As many as the pipe holds may wait to be read.
        fed.lines.recv_timeout(Duration::from_millis(20)).ok()
    });
    assert!(first.is_some_and(|line| line.trim_start().starts_with("1 ")));
    assert!(given < 500_000, "{given} octets were read before a line came");
    drop(fed.child.kill());
}

#[test]
fn a_closed_pipe_is_a_quiet_success() {
    let (_keep, path) = file("many.pcap", &pcap(50_000));
    for arguments in [&["read", &path][..], &["read", "--jsonl", &path], &["read", "--csv", &path]] {
        let mut child =
            netlab().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("netlab runs");
        let mut stdout = child.stdout.take().expect("a pipe");
        stdout.read_exact(&mut [0; 100]).expect("some output");
        drop(stdout);
        let output = child.wait_with_output().expect("netlab ends");
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_status_1() {
    if !std::path::Path::new("/dev/full").exists() {
        println!("skipped: no /dev/full here");
        return;
    }
    let (_keep, path) = file("arp.pcap", &pcap(1));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full opens");
    let output = netlab().args(["read", &path]).stdout(full).stderr(Stdio::piped()).output().expect("netlab runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot write"), "{}", stderr(&output));
}

#[test]
fn the_report_is_json_when_asked_for_and_counts_what_is_there() {
    let (_keep, path) = file("arp.pcap", &pcap(7));
    let output = run(&["analyze", "--json", &path]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["netlab"], "report");
    assert_eq!(report["captures"][0]["packets"], 7);
    assert_eq!(report["protocols"][0]["path"], "ethernet/arp");
}

#[test]
fn the_field_tree_the_octets_and_chosen_fields_are_shown() {
    let (_keep, path) = file("arp.pcap", &pcap(1));
    let text = |arguments: &[&str]| {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let tree = text(&["read", "-V", &path]);
    assert!(tree.contains("tell 192.0.2.1") && tree.contains("RFC 826"), "{tree}");
    assert!(text(&["read", "-xx", &path]).contains("0x0000:  ffff ffff ffff 0000 5e00 5301 0806 0001"));
    assert!(text(&["read", "-X", &path]).contains("0x0000:  0001 0800 0604 0001"));
    assert_eq!(text(&["read", "--fields", "number,arp.operation,ethernet.source", &path]), "1\t1\t00:00:5e:00:53:01\n");
    let output = run(&["read", "--fields", "arp.opcode", &path]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("arp.operation"), "{}", stderr(&output));
}

#[test]
fn the_page_is_whole_offline_and_never_written_over_its_capture() {
    let (keep, path) = file("arp.pcap", &pcap(1));
    let page = keep.path().join("page.html");
    let output = run(&["analyze", &path, "--html", page.to_str().expect("a name")]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{}", stderr(&output));
    let text = fs::read_to_string(&page).expect("the page is there");
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"));
    assert!(text.contains("default-src 'none'"));
    let output = run(&["analyze", &path, "--html", &path]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(fs::read(&path).expect("the capture is still there"), pcap(1));
}

fn captured(name: &str) -> String {
    format!("{}/captures/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The report on the packets that a display filter chooses, as JSON.
fn report(capture: &str, filter: &str) -> serde_json::Value {
    let output = run(&["analyze", "--json", &captured(capture), "-Y", filter]);
    serde_json::from_str(&stdout(&output)).expect("JSON")
}

#[test]
fn analyze_reports_on_what_a_display_filter_chooses() {
    let packets = |report: &serde_json::Value| report["health"]["packets"].as_u64();
    // Of octets alone: one pass, as with a capture filter.
    let of_fields = report("tcp/s-02a-fast-5ms.pcap", "tcp.srcport == 80 or tcp.flags.syn == 1");
    let of_capture =
        run(&["analyze", "--json", &captured("tcp/s-02a-fast-5ms.pcap"), "src port 80 or tcp[13] & 2 != 0"]);
    let of_capture: serde_json::Value = serde_json::from_str(&stdout(&of_capture)).expect("JSON");
    assert_eq!(packets(&of_fields), packets(&of_capture));
    // Of notes: they are those of the whole capture, and packets keep their numbers.
    let all = run(&["read", "--jsonl", &captured("tcp/s-02a-fast-5ms.pcap")]);
    let noted: Vec<u64> = stdout(&all)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .filter(|packet| {
            let notes = packet["notes"].as_array().cloned().unwrap_or_default();
            notes.iter().any(|note| note["code"] == "tcp-fast-retransmission")
        })
        .filter_map(|packet| packet["number"].as_u64())
        .collect();
    assert!(!noted.is_empty());
    let of_notes = report("tcp/s-02a-fast-5ms.pcap", "note == \"tcp-fast-retransmission\"");
    assert_eq!(packets(&of_notes), Some(noted.len() as u64));
    // Of connections, and through a connection's own page.
    let whole = report("tcp/s-02a-fast-5ms.pcap", "connection == 0");
    assert_eq!(whole["connections"].as_array().map(Vec::len), Some(1));
    assert_eq!(packets(&report("tcp/s-02a-fast-5ms.pcap", "connection == 99")), Some(0));
    let page = run(&["analyze", &captured("tcp/s-02a-fast-5ms.pcap"), "--connection", "0", "-Y", "tcp.srcport == 80"]);
    assert_eq!(page.status.code(), Some(0), "{}", stderr(&page));
}

#[test]
fn a_display_filter_of_notes_needs_the_capture_twice() {
    let output = run(&["analyze", "-", "-Y", "note.severity >= warning"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("standard input can be read only once"), "{}", stderr(&output));
}

#[test]
fn every_command_that_takes_a_display_filter_explains_it() {
    let capture = captured("tcp/handshake.pcap");
    for words in [
        vec!["read", &capture, "-Y", "tcp.flags.syn", "--explain-filter"],
        vec!["analyze", &capture, "-Y", "tcp.flags.syn", "--explain-filter"],
        vec!["simulate", "handshake", "--tap", "client.eth0", "-Y", "tcp.flags.syn", "--explain-filter"],
    ] {
        let text = stdout(&run(&words));
        assert!(text.starts_with("Shows a packet if\n  tcp.flags.syn\n"), "{words:?}: {text}");
        assert!(text.contains("write `== 1`"), "{text}");
    }
    let both = stdout(&run(&["analyze", &capture, "-Y", "tcp", "--explain-filter", "tcp", "port", "80"]));
    assert!(both.contains("Shows a packet if\n  tcp\n") && both.contains("Program ("), "{both}");
}

#[test]
fn why_not_tells_which_test_of_a_display_filter_failed() {
    let capture = captured("tcp/s-02a-fast-5ms.pcap");
    let ask = |command: &str, filter: &str, packet: &str| {
        stdout(&run(&[command, &capture, "-Y", filter, "--why-not", packet]))
    };
    for command in ["read", "analyze"] {
        let text = ask(command, "tcp.flags.syn == 1 and (ip.ttl > 200 or vlan)", "1");
        assert_eq!(
            text,
            "Packet 1 is not shown.\n  \
             tcp.flags.syn == 1 and (ip.ttl > 200 or vlan): does not hold\n    \
             tcp.flags.syn == 1: holds; found: 1\n    \
             (ip.ttl > 200 or vlan): does not hold\n      \
             ip.ttl > 200: does not hold; found: 64 (0x40)\n      \
             vlan: does not hold; found: not in the packet\n"
        );
    }
    let text = ask("read", "note == \"tcp-handshake-1\"", "1");
    assert!(text.contains("is shown") && text.contains("found: \"tcp-handshake-1\""), "{text}");
    // Both filters: what the capture filter leaves out, the display filter is not asked about.
    let both = |filter: &str| stdout(&run(&["read", &capture, "-Y", "ip", "--why-not", "1", filter]));
    assert!(both("udp").contains("is not taken") && !both("udp").contains("shown"), "{}", both("udp"));
    assert!(both("tcp").contains("is taken") && both("tcp").contains("is shown"), "{}", both("tcp"));
    let beyond = run(&["read", &capture, "-Y", "ip", "--why-not", "100000"]);
    assert_eq!(beyond.status.code(), Some(2));
    assert!(stderr(&beyond).contains("there is no packet 100000"), "{}", stderr(&beyond));
}

#[test]
fn plain_lines_are_those_of_the_octets_alone() {
    // What is left when notes, connections and relative numbers are taken away: the columns before the notes.
    let capture = captured("tcp/s-02a-fast-5ms.pcap");
    let with_notes = stdout(&run(&["read", "--utc", "-S", &capture]));
    let plain = stdout(&run(&["read", "--utc", "--plain", &capture]));
    assert_eq!(with_notes.lines().count(), plain.lines().count());
    assert!(with_notes.contains("fast retransmission"));
    for (noted, plain) in with_notes.lines().zip(plain.lines()) {
        let without = noted.split("  · ").next().unwrap_or_default().trim_end();
        assert_eq!(without, plain.trim_end());
        assert!(!plain.contains(" · "), "{plain}");
    }
    let object = stdout(&run(&["read", "--jsonl", "--plain", &capture]));
    let object: serde_json::Value =
        serde_json::from_str(object.lines().next().unwrap_or_default()).expect("one object a line");
    assert!(object.get("connection").is_none() && object.get("notes").is_none(), "{object}");

    let asked = run(&["read", "--plain", &capture, "-Y", "note.severity >= warning"]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(stderr(&asked).contains("--plain"), "{}", stderr(&asked));
    let of_octets = run(&["read", "--plain", &capture, "-Y", "tcp.flags.syn == 1"]);
    assert_eq!(stdout(&of_octets).lines().count(), 2);
}

#[test]
fn a_run_on_several_threads_prints_what_one_thread_prints() {
    // A count makes the run one of a single thread: it must not read on behind the last packet that is wanted.
    for name in ["tutorial.pcapng", "tcp/s-02a-fast-5ms.pcap", "fragments/fr5-teardrop.pcap"] {
        let capture = captured(name);
        let formats: [&[&str]; 7] = [
            &[],
            &["--jsonl"],
            &["-V"],
            &["--plain"],
            &["-e", "-v", "-x"],
            &["tcp or arp"],
            &["-Y", "ip.ttl > 1", "ip"],
        ];
        for format in formats {
            let mut words = vec!["read", "--utc", &capture];
            words.extend(format);
            let several = stdout(&run(&words));
            words.extend(["-c", "1000000"]);
            assert_eq!(several, stdout(&run(&words)), "{words:?}");
        }
    }
}
