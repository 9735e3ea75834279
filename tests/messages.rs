//! The tutorial's sessions, recorded from real programs: what `netlab messages` says of them.

use std::io::Write as _;
use std::process::Command;

use serde_json::Value;

fn messages(session: &str, arguments: &[&str]) -> Value {
    let path = format!("{}/captures/sessions/{session}.pcapng", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_netlab"))
        .args(["messages", &path, "--json"])
        .args(arguments)
        .output()
        .expect("netlab runs");
    assert!(output.status.success(), "{session}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn said(statements: &Value, tag: &str, words: &str) -> bool {
    statements.as_array().is_some_and(|all| {
        all.iter().any(|one| one["tag"] == tag && one["text"].as_str().is_some_and(|text| text.contains(words)))
    })
}

#[test]
fn sticky_1_was_joined_by_the_receiver_and_not_by_nagle() {
    let found = messages("sticky-1", &["--recv", "10,10"]);
    let direction = &found["connections"][0]["directions"][0];
    assert_eq!(direction["segment_count"], 2);
    assert!(said(&direction["joined"], "wire", "2 segments"), "{direction}");
    assert!(said(&direction["joined"], "implied", "no reason to hold"), "{direction}");
    assert!(said(&direction["joined"], "possible", "\"helloegg\""), "{direction}");
    let outcomes = direction["recv"]["outcomes"].as_array().expect("few outcomes");
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
}

#[test]
fn sticky_2_is_certain() {
    let found = messages("sticky-2", &["--recv", "2,10"]);
    let recv = &found["connections"][0]["directions"][0]["recv"];
    assert_eq!(recv["outcomes"], serde_json::json!([[{"octets": [0, 2]}, {"octets": [2, 7]}]]));
}

#[test]
fn the_three_framings_of_the_remote_command_are_found() {
    let lockstep = &messages("command-lockstep", &[])["connections"][0]["lockstep"];
    assert!(said(lockstep, "wire", "\"2700\""), "{lockstep}");
    assert!(said(lockstep, "wire", "announced 900 octets in packet"), "{lockstep}");
    for (session, spec, count) in [
        ("command-struct", "u32le len; body[len]", 12),
        ("command-json", "u32le h; json[h]{n=.data_size}; body[n]", 6),
        ("upload", "u32le h; json[h]{n=.file_size}; body[n]", 1),
    ] {
        let found = messages(session, &[]);
        let direction = usize::from(session != "upload");
        let framing = &found["connections"][0]["directions"][direction]["framing"];
        assert_eq!((&framing["spec"], &framing["count"]), (&spec.into(), &count.into()), "{session}: {framing}");
        assert_eq!(framing["fit_percent"], 100.0, "{session}");
    }
}

#[test]
fn an_uploads_md5_is_checked_against_the_octets() {
    let found = messages("upload", &[]);
    let remarks = found["connections"][0]["directions"][0]["framing"]["messages"][0]["remarks"].to_string();
    assert!(remarks.contains("equal to the header"), "{remarks}");
}

#[test]
fn the_three_clients_of_the_authenticated_server_are_told_apart() {
    let mut key = tempfile::NamedTempFile::new().expect("a file");
    key.write_all(b"netlab example key\n").expect("written");
    let path = key.path().to_str().expect("a name");
    for (session, verdict) in
        [("hmac-right-key", "correct"), ("hmac-wrong-key", "wrong-key"), ("hmac-ignorant", "spoke-out-of-turn")]
    {
        let found = messages(session, &["--hmac", "md5", "--key-file", path]);
        let authentication = &found["connections"][0]["authentication"];
        assert_eq!(authentication["verdict"], verdict, "{session}: {authentication}");
        assert!(!found.to_string().contains("netlab example key"), "the key is never printed");
    }
}

#[test]
fn a_serial_server_is_told_from_a_threaded_one() {
    let serial = messages("server-serial", &[]);
    assert_eq!(serial["servers"][0]["waits"][0]["connection"], 1, "{serial}");
    assert_eq!(serial["servers"][0]["waits"][0]["behind"], 0);
    assert_eq!(messages("server-threaded", &[])["servers"], serde_json::json!([]));
}

#[test]
fn both_sides_waiting_is_seen() {
    let stall = &messages("both-wait", &[])["connections"][0]["stall"];
    assert_eq!(stall["initiator_spoke_last"], false, "{stall}");
    assert!(stall["for_ns"].as_u64().is_some_and(|nanos| nanos > 3_000_000_000), "{stall}");
}

#[test]
fn datagrams_keep_their_borders_and_an_empty_one_is_a_message() {
    let found = messages("udp-echo", &[]);
    let lens: Vec<_> =
        found["udp"][0]["datagrams"].as_array().expect("a list").iter().map(|d| d["len"].clone()).collect();
    assert_eq!(lens, [5, 5, 0, 0, 2000, 1024]);
}

#[test]
fn wrong_questions_are_status_2() {
    let path = format!("{}/captures/sessions/sticky-1.pcapng", env!("CARGO_MANIFEST_DIR"));
    for (arguments, words) in
        [(&["--recv", "ten"][..], "'ten' is not a size"), (&["--framing", "u32le len; body[size]"], "or one of: len")]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_netlab"))
            .args(["messages", &path])
            .args(arguments)
            .output()
            .expect("netlab runs");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(words), "{stderr}");
    }
}
