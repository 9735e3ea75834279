//! `netlab explain`, `netlab why` and `netlab analyze --connection`, as they are typed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn netlab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netlab"))
        .args(arguments)
        .env("COLUMNS", "100")
        .env("TZ", "UTC")
        .output()
        .expect("netlab runs")
}

fn said(arguments: &[&str]) -> String {
    let output = netlab(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn capture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/tcp").join(format!("{name}.pcap"));
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn the_page_of_events_is_current() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/EVENTS.md");
    let page = std::fs::read_to_string(path).expect("docs/EVENTS.md is there");
    assert!(page == netlab::render::explain::events_page(), "docs/EVENTS.md is stale: run cargo xtask generate");
}

#[test]
fn topics_codes_and_rules_are_explained() {
    assert!(said(&["explain", "udp-limit"]).contains("65507"));
    assert!(said(&["explain", "tcp-fast-retransmission"]).contains("RFC 5681"));
    assert!(said(&["explain", "t3"]).contains("both keep TIME-WAIT"));
    for name in ["layers", "arp", "handshake", "teardown", "framing", "mtu", "subnet"] {
        assert!(said(&["explain", name]).lines().count() > 6, "{name}");
    }
    assert!(said(&["explain"]).contains("handshake"));
}

#[test]
fn an_unknown_word_is_a_usage_error_with_a_way_out() {
    let output = netlab(&["explain", "handshke"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean handshake?"));
}

#[test]
fn why_names_rule_packets_numbers_and_confidence() {
    let text = said(&["why", &capture("s-02a-fast-5ms"), "13"]);
    for part in ["tcp-fast-retransmission", "D25", "5 (first), 9 (since)", "duplicates 3", "certain"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let first = said(&["why", &capture("s-02a-fast-5ms"), "5"]);
    assert!(first.contains("D11") && first.contains("It is evidence for") && first.contains("packet 13"), "{first}");
}

#[test]
fn why_of_a_packet_that_is_not_there_says_how_many_there_are() {
    let output = netlab(&["why", &capture("handshake"), "99"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("packets 1 to 10"), "{output:?}");
}

#[test]
fn the_ladder_shows_both_ends_states_and_what_was_lost_or_not_seen() {
    let text = said(&["analyze", &capture("s-06-four-segments"), "--connection", "0"]);
    for state in
        ["SYN-SENT", "LISTEN", "SYN-RECEIVED", "FIN-WAIT-1", "CLOSE-WAIT", "FIN-WAIT-2", "LAST-ACK", "TIME-WAIT"]
    {
        assert!(text.contains(state), "{state} is missing:\n{text}");
    }
    assert!(text.contains("A keeps TIME-WAIT until about 2023-11-14T22:14:21"), "{text}");
    let lost = said(&["analyze", &capture("s-02a-fast-5ms"), "--connection", "0"]);
    assert_eq!(lost.matches('✕').count(), 1, "the second segment ends in a cross:\n{lost}");
    let unseen = said(&["analyze", &capture("s-15-midway"), "--connection", "0"]);
    assert!(unseen.contains("1000 B not seen here"), "{unseen}");
    let ignored = said(&["analyze", &capture("s-32-reset-ignored"), "--connection", "0"]);
    let closed = ignored.matches(" CLOSED").count();
    assert!(ignored.contains("the reset was ignored") && closed == 2, "only the real close ends in CLOSED:\n{ignored}");
}

#[test]
fn the_ladder_is_also_json_and_mermaid() {
    let json = said(&["analyze", &capture("handshake"), "--connection", "0", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(value["netlab"], "connection");
    assert_eq!(value["connection"]["opening"]["kind"], "three-way");
    assert_eq!(value["packets"].as_array().map(Vec::len), Some(10));
    let drawn = |format: &str| said(&["analyze", &capture("handshake"), "--connection", "0", "--format", format]);
    let mermaid = drawn("mermaid");
    assert!(mermaid.starts_with("sequenceDiagram\n") && mermaid.contains("A->>B: 1 SYN seq 0"));
    assert!(mermaid.contains("    Note left of A: SYN-SENT\n"), "{mermaid}");
    let dot = drawn("dot");
    assert!(
        dot.starts_with("digraph ladder {\n") && dot.contains("  a1 -> b1 [") && dot.contains("1 SYN seq 0"),
        "{dot}"
    );
    let svg = drawn("svg");
    assert!(
        svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n") && svg.contains(">SYN,ACK seq 0 ack 1<"),
        "{svg}"
    );
}

#[test]
fn an_unknown_connection_is_a_usage_error() {
    let output = netlab(&["analyze", &capture("handshake"), "--connection", "7"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("there is no connection 7: the only one of the capture has number 0"),
        "{output:?}"
    );
}

#[test]
fn follow_shows_what_both_sides_said_and_extract_writes_it() {
    let text = said(&["analyze", &capture("handshake"), "--connection", "0", "--follow"]);
    assert!(text.contains("hello!") && text.contains("hi\n"), "{text}");
    let raw = said(&["analyze", &capture("handshake"), "--connection", "0", "--follow", "raw"]);
    assert_eq!(raw, "hello!hi");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("streams");
    said(&["analyze", &capture("handshake"), "--extract", path.to_str().expect("UTF-8")]);
    let read = |name: &str| std::fs::read(path.join(name)).expect("written");
    assert_eq!(read("connection-0-initiator.bin"), b"hello!");
    assert_eq!(read("connection-0-responder.bin"), b"hi");
}

#[test]
fn overlap_chooses_the_copy_that_counts() {
    let follow = |copy| {
        said(&[
            "analyze",
            &capture("conflicting-retransmission"),
            "--connection",
            "0",
            "--follow",
            "raw",
            "--overlap",
            copy,
        ])
    };
    assert_eq!(follow("first"), "transfer 10 to Bob  ");
    assert_eq!(follow("last"), "transfer 99 to Eve  ");
}

#[test]
fn zeek_letters_stand_beside_the_connection() {
    let text = said(&["analyze", &capture("handshake"), "--zeek"]);
    assert!(text.contains("SF") && text.contains("ShADdFaf"), "{text}");
    let refused = said(&["analyze", &capture("s-16-r1-refused"), "--zeek"]);
    assert!(refused.contains("REJ") && refused.contains("Sr"), "{refused}");
}
