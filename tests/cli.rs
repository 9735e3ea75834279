//! The command line as its users meet it: exit statuses, sentences, closed pipes, junk.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Output, Stdio};

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
