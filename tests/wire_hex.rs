//! Octets are dumped as tcpdump dumps them: held against the program itself, if it is installed.

mod wire_corpus;

use std::io::Write as _;
use std::process::{Command, Stdio};

use netlab::render::hex;
use netlab::wire::{LinkType, decode};

/// What `tcpdump` prints below its line for the packet; `None` if it is not installed.
fn tcpdump(option: &str, octets: &[u8]) -> Option<String> {
    let mut capture = Vec::new();
    capture.extend_from_slice(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0]);
    capture.extend_from_slice(&[0; 8]);
    capture.extend_from_slice(&(octets.len() as u32).to_le_bytes());
    capture.extend_from_slice(&(octets.len() as u32).to_le_bytes());
    capture.extend_from_slice(octets);
    let mut child = Command::new("tcpdump")
        .args(["-nn", "-t", option, "-r", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(&capture).ok()?;
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_once('\n').map(|(_, below)| below.to_owned())
}

#[test]
fn octets_are_dumped_as_tcpdump_dumps_them() {
    if tcpdump("-xx", &[0; 60]).is_none() {
        let missing = "skipped: tcpdump is not installed";
        assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none_or(|value| value != "1"), "{missing}");
        println!("{missing}");
        return;
    }
    let mut compared = 0;
    for (name, link, octets) in wire_corpus::frames() {
        // These are plain for both: what tcpdump takes for the link header depends on what it decodes.
        if link != LinkType::ETHERNET || !(name.starts_with("ipv") || name.starts_with("vlan") || name == "arp") {
            continue;
        }
        let frame = decode(link, &octets, octets.len() as u32);
        let network = &octets[hex::network_start(&frame)..];
        for (option, shown, with_text) in
            [("-x", network, false), ("-xx", &octets[..], false), ("-X", network, true), ("-XX", &octets[..], true)]
        {
            let mut ours = Vec::new();
            hex::rows(shown, with_text, &mut ours);
            let theirs = tcpdump(option, &octets).expect("it was there before");
            // tcpdump leaves out what follows the IP packet; its rows are the beginning of netlab's.
            let ours = String::from_utf8(ours).expect("ASCII");
            let same =
                theirs.lines().zip(ours.lines()).filter(|(theirs, ours)| theirs.trim_end() == ours.trim_end()).count();
            assert!(same + 1 >= theirs.lines().count() && same >= 1, "{name} {option}\n{theirs}\n{ours}");
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared}");
}
