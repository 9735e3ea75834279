//! The captures of fragments, path MTU, UDP, ICMP, ARP and the link: each must get the labels that stand beside it, and
//! none of those that must not be there; where the rule shows in the report, the report must hold the value that stands
//! there. The name of a capture bears its rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use netlab::analysis::{Analyzer, Findings, Note, Notes, Report};
use netlab::capture::{self, OpenOptions};
use netlab::packet::{Item, Packet, PacketSource as _};
use netlab::render::report::{Document, json};
use serde_json::Value;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("captures").join(name)
}

/// Everything that is said of a capture.
struct Told {
    notes: Vec<Note>,
    report: Report,
    /// The report as `analyze --json` prints it.
    json: Value,
}

fn analyze(folder_name: &str, capture: &str) -> Told {
    let path = folder(folder_name).join(format!("{capture}.pcap"));
    let mut source = capture::open(&[path], &OpenOptions::default()).expect("a capture");
    let mut analyzer = Analyzer::new();
    let mut notes = Notes::default();
    let mut all = Vec::new();
    while let Some(item) = source.next_item().expect("a whole capture") {
        let Item::Packet(raw) = item else { panic!("{capture}: only packets") };
        notes.clear();
        analyzer.observe(&Packet::decode(raw), &mut notes);
        all.append(&mut notes.fresh);
    }
    notes.clear();
    analyzer.finish(&mut notes);
    all.append(&mut notes.fresh);
    let report = analyzer.report();
    let mut findings = Findings::default();
    all.iter().for_each(|note| findings.add(note));
    let document =
        Document { captures: Vec::new(), report: &report, findings: &findings, remarks: &[], with_zeek: false };
    let mut text = Vec::new();
    json(&document, &mut text).expect("memory takes all");
    let json = serde_json::from_slice(&text).expect("JSON");
    Told { notes: all, report, json }
}

fn check_labels(folder_name: &str) {
    let labels = fs::read_to_string(folder(folder_name).join("labels.txt")).expect("labels");
    let mut labelled = BTreeSet::new();
    let mut broken = Vec::new();
    for line in labels.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        labelled.insert(words[0].to_owned());
        let Told { notes, json, .. } = analyze(folder_name, words[0]);
        if words[1] == "report" {
            let wanted: Value = serde_json::from_str(words[3]).expect("a value");
            let found = json.pointer(words[2]);
            if found != Some(&wanted) {
                broken.push(format!("{line}: but it is {found:?}"));
            }
        } else if words[1] == "never" {
            if let Some(note) = notes.iter().find(|note| note.code() == words[2]) {
                broken.push(format!("{line}: but packet {} has it", note.packet));
            }
        } else {
            let packet: u64 = words[1].parse().expect("a packet");
            let found =
                notes.iter().any(|note| note.packet == packet && note.code() == words[2] && note.rule == words[3]);
            if !found {
                let said: Vec<_> = notes.iter().map(|note| format!("{} {}", note.packet, note.code())).collect();
                broken.push(format!("{line}: said {said:?}"));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
    // Every capture that the folder has is one that the labels know.
    for entry in fs::read_dir(folder(folder_name)).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        if let Some(name) = name.strip_suffix(".pcap") {
            assert!(labelled.contains(name), "{name} has no label");
        }
    }
}

#[test]
fn captures_of_fragments_path_mtu_udp_and_icmp_get_their_labels() {
    check_labels("fragments");
}

#[test]
fn captures_of_arp_the_link_and_health_get_their_labels() {
    check_labels("link");
}

/// Every rule of these families has a test that bears it, `…p5_…`, and a capture that shows it, by its name or by one of
/// its labels.
#[test]
fn every_rule_has_its_test_and_its_capture() {
    let families = [("p", 2..=9), ("fr", 1..=18), ("m", 1..=5), ("u", 1..=7), ("l", 1..=8), ("n", 4..=4), ("i", 1..=2)];
    let rules: Vec<String> = families
        .into_iter()
        .flat_map(|(family, numbers)| numbers.map(move |number| format!("{family}{number}")))
        .collect();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut functions = BTreeSet::new();
    for place in ["src/analysis", "tests"] {
        rust_functions(&root.join(place), &mut functions);
    }
    let mut shown = BTreeSet::new();
    for name in ["fragments", "link"] {
        for line in fs::read_to_string(folder(name).join("labels.txt")).expect("labels").lines() {
            let words: Vec<&str> = line.split(' ').collect();
            shown.extend(words[0].split('-').next().map(str::to_owned));
            shown.extend(words.get(3).map(|rule| rule.to_ascii_lowercase()));
        }
    }
    for rule in &rules {
        assert!(shown.contains(rule), "no capture shows {rule}");
        let bears = |function: &String| function.split('_').any(|word| word == rule);
        assert!(functions.iter().any(bears), "no test bears {rule}");
    }
}

/// The names of the functions that are tests, below a folder.
fn rust_functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_functions(&path, names);
        } else if path.extension().is_some_and(|suffix| suffix == "rs") {
            let text = fs::read_to_string(&path).expect("source");
            for (_, behind) in text.match_indices("#[test]").map(|(at, mark)| text.split_at(at + mark.len())) {
                let name = behind.split_once("fn ").and_then(|(_, rest)| rest.split_once('('));
                names.extend(name.map(|(name, _)| name.to_owned()));
            }
        }
    }
}

#[test]
fn p7_inside_and_outside_of_a_tunnel_are_two_connections() {
    let Told { report, notes, .. } = analyze("link", "p7-tunnel");
    assert_eq!(report.connections.len(), 2);
    assert!(!notes.iter().any(|note| note.code().contains("retransmission")));
}

#[test]
fn p8_the_vlan_is_no_part_of_a_connection_but_of_a_datagram_between_private_addresses() {
    let Told { report, .. } = analyze("link", "p8-two-vlans");
    assert_eq!(report.connections.len(), 1);
}

#[test]
fn fr8_the_published_pieces_show_the_outcome_under_every_policy() {
    let Told { report, .. } = analyze("fragments", "fr8-seventeen-pieces");
    let row = &report.fragments[0];
    let letters = |policy: &str| -> String {
        let policy = row.policies.iter().find(|found| found.policy == policy).expect("a policy");
        policy
            .shares
            .iter()
            .flat_map(|share| {
                let letter = char::from(b'A' + (share.packet - 1) as u8);
                std::iter::repeat_n(letter, ((share.to + 1 - share.from) / 8) as usize)
            })
            .collect()
    };
    assert_eq!(letters("first"), "AAAJBBCCCLDLMEEFFFGGHHIQ");
    assert_eq!(letters("windows"), "AAAJBBCCCLLLMEEFFFGGHHIQ");
    assert_eq!(letters("linux-now"), "");
}

#[test]
fn p3_sums_left_to_the_card_are_counted_apart() {
    let Told { report, .. } = analyze("link", "p3-offload");
    assert_eq!((report.health.checksums.partial, report.health.checksums.bad), (2, 0));
}

#[test]
fn p5_copies_change_no_count_of_connections() {
    let Told { report, .. } = analyze("link", "p5-mirror");
    assert_eq!(report.health.duplicates.identical, 2);
    assert_eq!(report.connections.len(), 1);
    let packets = &report.connections[0].packets;
    assert_eq!(packets.initiator + packets.responder, 2);
    let Told { report, .. } = analyze("link", "p5-both-sides");
    assert_eq!(report.health.duplicates.routed, 1);
}

#[test]
fn n4_the_capture_shows_three_masks_of_24_bits_and_one_of_25() {
    let Told { report, .. } = analyze("link", "n4-masks");
    let mask = |last: u8| {
        let mask = report.masks.iter().find(|mask| mask.address.octets()[3] == last).expect("a host");
        (mask.range(), mask.disagrees)
    };
    assert_eq!(mask(1), ("/24".to_owned(), false));
    assert_eq!(mask(4), ("/25".to_owned(), true));
}

/// Kinds of addresses bear the names that `netlab subnet` gives them.
#[test]
fn kinds_of_addresses_are_those_of_the_registry() {
    use netlab::analysis::hosts::kinds::of_ip;
    use netlab::subnet::{Block, registry};
    for address in [
        "10.1.2.3",
        "172.31.0.1",
        "192.168.0.1",
        "127.0.0.1",
        "169.254.7.7",
        "100.64.0.1",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "198.18.0.1",
        "224.0.0.5",
        "255.255.255.255",
        "240.0.0.1",
        "8.8.8.8",
        "0.1.2.3",
        "::1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "2001:db8::1",
        "2002::1",
        "2606:4700::1",
        "::ffff:192.0.2.1",
        "2001::1",
    ] {
        let address: std::net::IpAddr = address.parse().expect("an address");
        let block = Block::host(address);
        assert_eq!(of_ip(address), registry::row_of(block).kind, "{address}");
    }
}

#[test]
fn fr11_every_piece_is_evidence_of_what_became_of_the_whole() {
    use netlab::analysis::Fact;
    let Told { notes, .. } = analyze("fragments", "fr17-ipv6");
    let whole = notes.iter().find(|note| note.code() == "fragment-complete").expect("whole");
    let cited: Vec<u64> = whole
        .facts
        .iter()
        .filter_map(|(_, fact)| if let Fact::Packet(packet) = fact { Some(*packet) } else { None })
        .collect();
    assert_eq!((whole.packet, cited), (3, vec![1, 2]));
}
