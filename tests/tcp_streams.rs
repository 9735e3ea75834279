//! Streams without loss against tcpflow's, octet for octet.

#[path = "tcp/bench.rs"]
mod bench;
#[path = "../xtask/src/captures/tcp/talk.rs"]
#[allow(dead_code)]
mod talk;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use talk::{Frame, Talk};

/// False, with the reason, if tcpflow is missing; then the test is skipped, or fails where peers are required.
fn has_tcpflow() -> bool {
    // It says its version and ends with status 1, so that it runs at all is what counts.
    let found = Command::new("tcpflow").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok() {
        return true;
    }
    assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none(), "tcpflow is missing and NETLAB_REQUIRE_PEERS is set");
    println!("skipped: there is no tcpflow to compare with");
    false
}

fn pcap(frames: &[Frame]) -> Vec<u8> {
    let mut file = Vec::new();
    let words: [u32; 6] = [0xa1b2_c3d4, 2 | 4 << 16, 0, 0, 262_144, 1];
    words.iter().for_each(|word| file.extend_from_slice(&word.to_le_bytes()));
    for frame in frames {
        let (seconds, micros) = ((frame.at_us / 1_000_000) as u32, (frame.at_us % 1_000_000) as u32);
        for word in [seconds, micros, frame.octets.len() as u32, frame.wire_len] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(&frame.octets);
    }
    file
}

/// Connections with much to say in both directions: reordered, sent again, across the wrap, ended by a reset; every
/// octet arrives in the end.
fn conversations() -> Vec<Talk> {
    let mut all = Vec::new();
    for kind in 0..5u16 {
        let mut talk = Talk::new();
        talk.ends[0].port = 40_000 + kind;
        if kind == 3 {
            talk.ends[0].first = u32::MAX - 2500;
        }
        talk.open(2000);
        for round in 0..40 {
            let at = talk.ends[0].next;
            if kind == 1 && round % 7 == 3 {
                talk.wait_us(50).a().at(at + 700).octets(700).go();
                talk.wait_us(20).a().at(at).octets(700).go();
                talk.ends[0].next = at + 1400;
                talk.ends[1].expects = at + 1400;
            } else {
                talk.wait_us(50).a().octets(900).go();
                if kind == 2 && round % 5 == 2 {
                    talk.wait(300).a().at(at).octets(900).go();
                }
            }
            talk.wait(1).b().octets(333).go();
            talk.wait(1).a().go();
        }
        if kind == 4 {
            talk.wait(1).a().rst().go()
        } else {
            talk.close(1000)
        };
        all.push(talk);
    }
    all
}

/// The files of a folder that are streams, by the port of the client and true if it is the client's, with contents.
fn tcpflows(folder: &Path) -> Vec<((u16, bool), Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("tcpflow made the folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((from, to)) = name.split_once('-') else { continue };
        let port = |end: &str| end.rsplit_once('.').and_then(|(_, port)| port.parse::<u16>().ok());
        let (Some(from), Some(to)) = (port(from), port(to)) else { continue };
        let key = if from == 80 { (to, false) } else { (from, true) };
        found.push((key, fs::read(entry.path()).expect("a stream")));
    }
    found.sort_by_key(|(key, _)| *key);
    found
}

#[test]
fn streams_without_loss_are_tcpflows_octet_for_octet() {
    if !has_tcpflow() {
        return;
    }
    let talks = conversations();
    let mut frames: Vec<Frame> = talks.iter().flat_map(|talk| talk.frames.clone()).collect();
    frames.sort_by_key(|frame| frame.at_us);
    let folder: PathBuf = std::env::temp_dir().join(format!("netlab-streams-{}", std::process::id()));
    let (theirs, ours) = (folder.join("tcpflow"), folder.join("netlab"));
    fs::create_dir_all(&theirs).expect("a folder");
    let capture = folder.join("conversations.pcap");
    fs::write(&capture, pcap(&frames)).expect("a capture");
    let quiet = |command: &mut Command| {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it runs")
    };
    quiet(Command::new("tcpflow").arg("-r").arg(&capture).arg("-o").arg(&theirs));
    let status =
        quiet(Command::new(env!("CARGO_BIN_EXE_netlab")).args(["analyze", "--extract"]).arg(&ours).arg(&capture));
    assert!(status.success());
    let flows = tcpflows(&theirs);
    assert_eq!(flows.len(), 10, "tcpflow found other streams");
    // Connections are numbered in the order of their first packets, as the ports are.
    for ((port, from_client), expected) in flows {
        let side = if from_client { "initiator" } else { "responder" };
        let own = fs::read(ours.join(format!("connection-{}-{side}.bin", port - 40_000))).expect("netlab wrote it");
        assert!(expected.len() > 10_000, "a stream worth comparing");
        assert_eq!(own, expected, "port {port}, {side}");
    }
    fs::remove_dir_all(&folder).expect("cleaned up");
}
