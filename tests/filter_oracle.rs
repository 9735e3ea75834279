//! Capture filters against tcpdump: the same expressions are accepted and refused, and the same packets chosen.
//!
//! `NETLAB_FILTERS` is the number of expressions a link type (default 25); `NETLAB_CAPTURES` a folder of captures to try
//! them on as well.

#[path = "filter/corpus.rs"]
mod corpus;
#[path = "filter/generate.rs"]
mod generate;
#[path = "filter/peer.rs"]
mod peer;

use std::path::{Path, PathBuf};
use std::process::Command;

use corpus::{Head, LINKS, Packet};
use generate::Generator;
use netlab::base::Rng;
use netlab::filter::capture::{Filter, Names, Target};
use netlab::wire::LinkType;
use peer::Peer;

/// True if tcpdump is here; says so if not.
fn has_tcpdump() -> bool {
    let found = Command::new("tcpdump").arg("--version").output().is_ok();
    if !found {
        assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none(), "tcpdump is required and not installed");
        eprintln!("skipped: tcpdump is not installed");
    }
    found
}

/// What tcpdump makes of an expression on the packets of a file.
enum Verdict {
    Program(Peer),
    RejectsAll,
    Refused(String),
}

fn tcpdump(file: &Path, expression: &str, options: &[&str]) -> Verdict {
    let output = Command::new("tcpdump")
        .args(options)
        .arg("-ddd")
        .arg("-r")
        .arg(file)
        .arg("--")
        .arg(expression)
        .output()
        .expect("tcpdump runs");
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().last().unwrap_or_default().to_owned();
        return if last.contains("rejects all") { Verdict::RejectsAll } else { Verdict::Refused(last) };
    }
    Verdict::Program(Peer::of_listing(&String::from_utf8_lossy(&output.stdout)))
}

/// True of what libpcap 1.10 forgets as it goes into Geneve: that the labels are passed (behind them it takes all for MPLS), and
/// that the LLC header of what is carried has its place even where the captured link has none.
fn is_forgotten(link: u16, expression: &str) -> bool {
    let words: Vec<&str> = expression.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let Some(first) = words.iter().position(|word| *word == "geneve") else { return false };
    let last = words.iter().rposition(|word| *word == "geneve").unwrap_or(first);
    let of_iso = ["clnp", "esis", "isis", "iso", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp"];
    words[..last].contains(&"mpls") || link != 1 && words[first..].iter().any(|word| of_iso.contains(word))
}

/// The difference between netlab and tcpdump for one expression, if there is one.
fn difference(names: &Names, file: &Path, link: u16, packets: &[Packet], expression: &str) -> Option<String> {
    let ours = Filter::parse_with(expression, names).and_then(|filter| filter.program(LinkType(link), Target::File));
    let theirs = tcpdump(file, expression, &[]);
    match (ours, theirs) {
        _ if is_forgotten(link, expression) => None,
        // libpcap's optimiser runs through code that no packet reaches, and takes unknown numbers for zero there.
        (_, Verdict::Refused(reason)) if reason.contains("by zero") && expression.contains(['/', '%']) => None,
        // Where its loop does not get to, the chain that is written out does.
        (_, Verdict::Refused(reason)) if reason.contains("protochain") && expression.contains("geneve") => None,
        // Sixteen places are enough for netlab, which does not keep what it will not need again.
        (Ok(_), Verdict::Refused(reason)) if reason.contains("too many registers") => None,
        // Which number that is, tools disagree about.
        (Err(ours), _) if ours.message.contains("could be meant as octal") => None,
        (Err(ours), Verdict::RejectsAll) if ours.matches_nothing => None,
        (Err(ours), Verdict::Refused(_)) if !ours.matches_nothing => None,
        // Whether a program that accepts nothing is noticed depends on the optimiser; it chooses the same packets.
        (Err(ours), Verdict::Program(theirs)) if ours.matches_nothing => packets
            .iter()
            .position(|packet| theirs.takes(packet) == Some(true))
            .map(|at| format!("netlab says it matches nothing, tcpdump takes packet {}", at + 1)),
        (Ok(ours), Verdict::RejectsAll) => packets
            .iter()
            .position(|packet| ours.matches(&packet.bytes, packet.wire_len))
            .map(|at| format!("tcpdump says it matches nothing, netlab takes packet {}", at + 1)),
        (Ok(ours), Verdict::Program(theirs)) => {
            let differs = |packet: &Packet| {
                theirs.takes(packet).is_some_and(|taken| taken != ours.matches(&packet.bytes, packet.wire_len))
            };
            let unequal: Vec<usize> = (0..packets.len()).filter(|at| differs(&packets[*at])).collect();
            unequal.first()?;
            // A packet that ends before an octet under test is rejected, unless tcpdump's optimiser saw that the octet
            // does not matter. There tcpdump with and without its optimiser disagree, and netlab agrees with the latter.
            let Verdict::Program(unoptimised) = tcpdump(file, expression, &["-O"]) else {
                return Some("-O".to_owned());
            };
            let at = unequal.into_iter().find(|at| {
                let packet = &packets[*at];
                unoptimised.takes(packet).is_some_and(|taken| taken != ours.matches(&packet.bytes, packet.wire_len))
            })?;
            let packet = &packets[at];
            Some(format!(
                "packet {} ({} of {} octets: {:02x?})\nnetlab:\n{ours}tcpdump:\n{}",
                at + 1,
                packet.bytes.len(),
                packet.wire_len,
                &packet.bytes[..packet.bytes.len().min(120)],
                theirs.listing()
            ))
        }
        (Ok(_), Verdict::Refused(reason)) => Some(format!("netlab accepts, tcpdump refuses: {reason}")),
        (Err(ours), Verdict::Program(_)) => Some(format!("netlab refuses ({ours}), tcpdump accepts")),
        (Err(ours), Verdict::RejectsAll) => Some(format!("netlab refuses ({ours}), tcpdump says it rejects all")),
        (Err(_), Verdict::Refused(reason)) => {
            Some(format!("netlab says it matches nothing, tcpdump refuses: {reason}"))
        }
    }
}

fn count() -> usize {
    std::env::var("NETLAB_FILTERS").ok().and_then(|count| count.parse().ok()).unwrap_or(25)
}

fn seed() -> u64 {
    std::env::var("NETLAB_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(9)
}

#[test]
fn generated_filters_choose_the_packets_that_tcpdump_chooses() {
    if !has_tcpdump() {
        return;
    }
    let names = Names::system();
    let folder = tempfile::tempdir().expect("a folder");
    let mut failures = Vec::new();
    let mut refused = 0;
    for (link, head) in LINKS {
        let mut packets = corpus::packets(seed() ^ u64::from(link), head, 4000);
        packets.extend(corpus::nested(seed() ^ u64::from(link), head, 2000));
        let file = folder.path().join(format!("{link}.pcap"));
        std::fs::write(&file, corpus::pcap(link, &packets)).expect("written");
        let mut generator = Generator { rng: Rng::new(seed()).fork(u64::from(link)), ethernet: head == Head::Ethernet };
        let wanted = if head == Head::Ethernet { 3 * count() } else { count() };
        for _ in 0..wanted {
            let expression = generator.filter();
            refused += usize::from(Filter::parse_with(&expression, &names).is_err());
            if let Some(difference) = difference(&names, &file, link, &packets, &expression) {
                failures.push(format!("link {link}: {expression}\n{difference}"));
            }
        }
    }
    let total = count() * (LINKS.len() + 2);
    println!("{total} expressions, {refused} refused by the parser, {} differ", failures.len());
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures[..failures.len().min(12)].join("\n\n"));
}

#[test]
fn the_machine_runs_a_program_as_tcpdump_does() {
    if !has_tcpdump() {
        return;
    }
    let names = Names::system();
    let folder = tempfile::tempdir().expect("a folder");
    let expressions = [
        "tcp port 80 or 443",
        "not (ip and (tcp or udp)) and greater 60",
        "ip[6:2] & 0x1fff != 0 or ip6[6] = 44",
        "tcp[((tcp[12] & 0xf0) >> 2) - 1] = 0x61",
        "len - ip[2:2] > 10 or udp[4:2] / 3 = 7",
        "vlan and vlan and ip",
    ];
    let packets = corpus::packets(9, Head::Ethernet, 3000);
    let file = folder.path().join("in.pcap");
    std::fs::write(&file, corpus::pcap(1, &packets)).expect("written");
    for expression in expressions {
        let output = Command::new("tcpdump")
            .arg("-r")
            .arg(&file)
            .args(["-w", "-", "--", expression])
            .output()
            .expect("tcpdump runs");
        let program =
            Filter::parse_with(expression, &names).and_then(|filter| filter.program(LinkType::ETHERNET, Target::File));
        let program = program.expect(expression);
        let chosen: Vec<Packet> =
            packets.iter().filter(|packet| program.matches(&packet.bytes, packet.wire_len)).cloned().collect();
        let (_, theirs) = corpus::unpack(&output.stdout).expect("a capture");
        assert!(!theirs.is_empty(), "{expression}: nothing to compare");
        assert_eq!(chosen.len(), theirs.len(), "{expression}");
        assert!(chosen.iter().zip(&theirs).all(|(a, b)| a.bytes == b.bytes), "{expression}");
    }
}

#[test]
fn filters_on_real_captures_choose_what_tcpdump_chooses() {
    let folder = std::env::var_os("NETLAB_CAPTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures"), PathBuf::from);
    if !has_tcpdump() {
        return;
    }
    let mut files = Vec::new();
    find(&folder, &mut files);
    files.sort();
    if files.is_empty() {
        eprintln!("skipped: no captures in {}", folder.display());
        return;
    }
    let names = Names::system();
    let scratch = tempfile::tempdir().expect("a folder");
    let mut rng = Rng::new(seed()).fork(77);
    let mut generator = Generator { rng: Rng::new(seed()).fork(78), ethernet: true };
    let mut failures = Vec::new();
    let (mut tried, mut packets_tried) = (0, 0);
    for _ in 0..count() * 4 {
        let file = &files[rng.below(files.len() as u64) as usize];
        // One form for all: tcpdump reads pcapng too.
        let output = Command::new("tcpdump").arg("-r").arg(file).args(["-w", "-"]).output().expect("tcpdump runs");
        let Some((link, packets)) = corpus::unpack(&output.stdout) else { continue };
        if !LINKS.iter().any(|(known, _)| *known == link) || packets.is_empty() {
            continue;
        }
        let plain = scratch.path().join("plain.pcap");
        std::fs::write(&plain, &output.stdout).expect("written");
        for _ in 0..4 {
            let expression = generator.filter();
            tried += 1;
            packets_tried += packets.len();
            if let Some(difference) = difference(&names, &plain, link, &packets, &expression) {
                failures.push(format!("{}: {expression}\n{difference}", file.display()));
            }
        }
    }
    println!("{tried} expressions on captures, {packets_tried} packets, {} differ", failures.len());
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures[..failures.len().min(8)].join("\n\n"));
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, files);
        } else if path.metadata().is_ok_and(|meta| meta.len() < 2_000_000) {
            files.push(path);
        }
    }
}
