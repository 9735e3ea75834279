//! The captures of fragments, path MTU, UDP, ICMP, ARP and the link: each must get the labels that stand beside it, and
//! none of those that must not be there. The name of a capture bears its rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use netlab::analysis::{Analyzer, Note, Notes, Report};
use netlab::base::Timestamp;
use netlab::packet::{Meta, Packet, RawPacket};
use netlab::wire::LinkType;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("captures").join(name)
}

/// The packets of a pcap file with times in nanoseconds, of this machine's making: time, original length, octets.
fn packets(file: &[u8]) -> Vec<(u64, u32, Vec<u8>)> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four octets"));
    assert_eq!(word(0), 0xa1b2_3c4d, "nanosecond pcap");
    let mut packets = Vec::new();
    let mut at = 24;
    while at < file.len() {
        let time = u64::from(word(at)) * 1_000_000_000 + u64::from(word(at + 4));
        let (kept, len) = (word(at + 8) as usize, word(at + 12));
        packets.push((time, len, file[at + 16..at + 16 + kept].to_vec()));
        at += 16 + kept;
    }
    packets
}

/// Everything that is said of a capture.
fn analyze(folder_name: &str, capture: &str) -> (Vec<Note>, Report) {
    let path = folder(folder_name).join(format!("{capture}.pcap"));
    let file = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut analyzer = Analyzer::new();
    let mut notes = Notes::default();
    let mut all = Vec::new();
    for (index, (time, len, bytes)) in packets(&file).into_iter().enumerate() {
        notes.clear();
        let meta = Meta::new(index as u64 + 1, Timestamp::from_nanos(time), LinkType::ETHERNET, len);
        analyzer.observe(&Packet::decode(RawPacket { meta, bytes: &bytes }), &mut notes);
        all.append(&mut notes.fresh);
    }
    notes.clear();
    analyzer.finish(&mut notes);
    all.append(&mut notes.fresh);
    (all, analyzer.report())
}

fn check_labels(folder_name: &str) {
    let labels = fs::read_to_string(folder(folder_name).join("labels.txt")).expect("labels");
    let mut labelled = BTreeSet::new();
    let mut broken = Vec::new();
    for line in labels.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        labelled.insert(words[0].to_owned());
        let (notes, _) = analyze(folder_name, words[0]);
        if words[1] == "never" {
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

#[test]
fn fr8_the_published_pieces_show_the_outcome_under_every_policy() {
    let (_, report) = analyze("fragments", "fr8-seventeen-pieces");
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
    let (_, report) = analyze("link", "p3-offload");
    assert_eq!((report.health.checksums.partial, report.health.checksums.bad), (2, 0));
}

#[test]
fn p5_copies_change_no_count_of_connections() {
    let (_, report) = analyze("link", "p5-mirror");
    assert_eq!(report.health.duplicates.identical, 2);
    assert_eq!(report.connections.len(), 1);
    let packets = &report.connections[0].packets;
    assert_eq!(packets.initiator + packets.responder, 2);
    let (_, report) = analyze("link", "p5-both-sides");
    assert_eq!(report.health.duplicates.routed, 1);
}

#[test]
fn n4_the_capture_shows_three_masks_of_24_bits_and_one_of_25() {
    let (_, report) = analyze("link", "n4-masks");
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
    let (notes, _) = analyze("fragments", "fr17-ipv6");
    let whole = notes.iter().find(|note| note.code() == "fragment-complete").expect("whole");
    let cited: Vec<u64> = whole
        .facts
        .iter()
        .filter_map(|(_, fact)| if let Fact::Packet(packet) = fact { Some(*packet) } else { None })
        .collect();
    assert_eq!((whole.packet, cited), (3, vec![1, 2]));
}
