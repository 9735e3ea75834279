//! `cargo xtask agree-reassembly DIR`: datagrams put together from fragments, and what ARP packets are, held against tshark.
//!
//! For every capture, the datagrams that netlab puts together are compared with those of tshark (`ip.defragment` on): the
//! packet with which they become whole, and their octets. Of ARP, probes, announcements and gratuitous packets are compared
//! packet by packet, and the last owner of every address. A difference is one of the classes below, or it is printed and
//! the run fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

/// Arguments of `agree-reassembly`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folders with captures, or captures
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The netlab to ask
    #[arg(long, value_name = "PROGRAM", default_value = "target/debug/netlab")]
    netlab: PathBuf,
}

/// Differences that are meant, and why.
const EXPLAINED: &[(&str, &str)] = &[
    (
        "overlap",
        "tshark joins pieces that overlap; receivers of today throw the datagram away (FR8), or it has two ends (FR5)",
    ),
    ("timer", "tshark joins pieces however long they lie apart; receivers wait 60 s at most (FR6)"),
    ("bad-length", "tshark accepts a piece with more to follow whose length is no multiple of 8 (FR3)"),
    ("cut", "tshark leaves pieces alone of which the snap length cut octets; netlab counts their place (FR14)"),
    ("late-copy", "tshark repeats the datagram at a copy of a piece after its end (FR7)"),
    ("congestion", "tshark does not look at congestion marks that contradict each other (FR15)"),
    ("copy", "tshark puts a copy of a packet together too; netlab leaves copies out of everything (P5)"),
    (
        "lengths",
        "tshark compares addresses of ARP packets whose lengths are not those of Ethernet and IPv4; netlab concludes nothing from them",
    ),
    (
        "target",
        "of a question for the sender's own address netlab says announcement whatever the target MAC is, tshark only where it is empty",
    ),
    (
        "gratuitous",
        "tshark calls every packet with equal addresses gratuitous; netlab counts only those with an address",
    ),
];

#[derive(Debug, Default)]
struct Tally {
    captures: u64,
    datagrams: u64,
    arp_packets: u64,
    explained: BTreeMap<&'static str, (u64, String)>,
    unexplained: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut captures = Vec::new();
    for path in &arguments.paths {
        find(path, &mut captures)?;
    }
    captures.sort();
    let mut tally = Tally::default();
    for capture in &captures {
        compare(arguments, capture, &mut tally).with_context(|| capture.display().to_string())?;
    }
    println!(
        "{} captures: {} datagrams and {} ARP packets are the same in both",
        tally.captures, tally.datagrams, tally.arp_packets
    );
    for (class, why) in EXPLAINED {
        if let Some((count, example)) = tally.explained.get(class) {
            println!("{count:6} {class}: {why}\n       as in {example}");
        }
    }
    tally.unexplained.iter().for_each(|line| println!("NOT EXPLAINED {line}"));
    ensure!(tally.unexplained.is_empty(), "{} differences are not explained", tally.unexplained.len());
    Ok(())
}

fn find(path: &Path, captures: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            find(&entry?.path(), captures)?;
        }
    } else if path.extension().is_some_and(|suffix| ["pcap", "pcapng", "cap"].iter().any(|known| suffix == *known)) {
        captures.push(path.to_owned());
    }
    Ok(())
}

/// What tshark says of a packet, by field.
type Row = BTreeMap<&'static str, String>;

const FIELDS: &[&str] = &[
    "frame.number",
    "ip.reassembled.length",
    "ipv6.reassembled.length",
    "ip.fragment",
    "ipv6.fragment",
    "arp.opcode",
    "arp.isgratuitous",
    "arp.isprobe",
    "arp.isannouncement",
    "arp.src.proto_ipv4",
    "arp.dst.proto_ipv4",
    "arp.src.hw_mac",
    "arp.dst.hw_mac",
    "icmp.type",
];

fn tshark(capture: &Path) -> anyhow::Result<Option<Vec<Row>>> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-o", "ip.defragment:TRUE", "-o", "ipv6.defragment:TRUE", "-T", "fields", "-E", "separator=|"]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    let output = command.arg("-r").arg(capture).output().context("tshark is needed")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if text.is_empty() {
        return Ok(None);
    }
    let row = |line: &str| FIELDS.iter().copied().zip(line.split('|').map(str::to_owned)).collect();
    Ok(Some(text.lines().map(row).collect()))
}

fn netlab(program: &Path, capture: &Path) -> anyhow::Result<Option<Value>> {
    let output = Command::new(program).args(["analyze", "--json"]).arg(capture).output().context("netlab is needed")?;
    Ok(serde_json::from_slice(&output.stdout).ok())
}

/// Packets of a capture by the codes that netlab puts beside them.
fn notes(program: &Path, capture: &Path) -> anyhow::Result<BTreeMap<u64, BTreeSet<String>>> {
    let output = Command::new(program).args(["read", "--jsonl"]).arg(capture).output().context("netlab is needed")?;
    let mut notes: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(packet) = serde_json::from_str::<Value>(line) else { continue };
        let Some(number) = packet["number"].as_u64() else { continue };
        for note in packet["notes"].as_array().into_iter().flatten() {
            notes.entry(number).or_default().extend(note["code"].as_str().map(str::to_owned));
        }
    }
    Ok(notes)
}

fn compare(arguments: &Arguments, capture: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    let Some(ours) = netlab(&arguments.netlab, capture)? else { return Ok(()) };
    // tshark takes its time, so it is asked only about captures that have something to compare.
    let has = |list: &str| ours[list].as_array().is_some_and(|rows| !rows.is_empty());
    let has_arp = ours["arp"]["requests"].as_u64().unwrap_or(0) + ours["arp"]["replies"].as_u64().unwrap_or(0) > 0;
    if !has("fragments") && !has_arp {
        return Ok(());
    }
    let Some(theirs) = tshark(capture)? else { return Ok(()) };
    tally.captures += 1;
    let notes = notes(&arguments.netlab, capture)?;
    reassembly(capture, &theirs, &ours, &notes, tally);
    arp(capture, &theirs, &ours, &notes, tally);
    Ok(())
}

fn reassembly(
    capture: &Path,
    theirs: &[Row],
    ours: &Value,
    notes: &BTreeMap<u64, BTreeSet<String>>,
    tally: &mut Tally,
) {
    let empty = Vec::new();
    let rows = ours["fragments"].as_array().unwrap_or(&empty);
    let list = |row: &Value| -> Vec<u64> {
        row["packets"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
    };
    let mut whole: BTreeMap<u64, u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["delivered"] == true) {
        whole.insert(list(row).into_iter().max().unwrap_or(0), row["octets"].as_u64().unwrap_or(0));
    }
    for row in theirs {
        let number: u64 = row["frame.number"].parse().unwrap_or(0);
        let length = [&row["ip.reassembled.length"], &row["ipv6.reassembled.length"]]
            .into_iter()
            .find_map(|text| text.split(',').next()?.parse::<u64>().ok());
        let found = whole.remove(&number);
        let said = |code: &str| notes.get(&number).is_some_and(|codes| codes.contains(code));
        match (length, found) {
            (None, None) => {}
            (Some(theirs), Some(ours)) if theirs == ours => tally.datagrams += 1,
            (theirs, ours) => {
                let pieces: BTreeSet<u64> = [&row["ip.fragment"], &row["ipv6.fragment"]]
                    .into_iter()
                    .flat_map(|text| text.split(',').filter_map(|number| number.parse().ok()))
                    .chain([number])
                    .collect();
                let touched: Vec<&Value> =
                    rows.iter().filter(|row| list(row).iter().any(|packet| pieces.contains(packet))).collect();
                let outcome = |name: &str| touched.iter().any(|row| row["outcome"] == name);
                let any_note =
                    |code: &str| pieces.iter().any(|piece| notes.get(piece).is_some_and(|codes| codes.contains(code)));
                let class = if any_note("fragment-ecn-mix") {
                    Some("congestion")
                } else if outcome("overlap") || outcome("conflict") || outcome("too-long") {
                    Some("overlap")
                } else if outcome("timed-out") {
                    Some("timer")
                } else if any_note("fragment-bad-length") {
                    Some("bad-length")
                } else if said("fragment-duplicate-late") {
                    Some("late-copy")
                } else if any_note("capture-duplicate") {
                    Some("copy")
                } else if theirs.is_none() {
                    Some("cut")
                } else {
                    None
                };
                let line = format!("{} packet {number}: tshark {theirs:?}, netlab {ours:?} octets", capture.display());
                tally.differ(class, line);
            }
        }
    }
    for (number, octets) in whole {
        tally.unexplained.push(format!("{} packet {number}: only netlab has {octets} octets", capture.display()));
    }
}

fn arp(capture: &Path, theirs: &[Row], ours: &Value, notes: &BTreeMap<u64, BTreeSet<String>>, tally: &mut Tally) {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for row in theirs.iter().filter(|row| matches!(row["arp.opcode"].as_str(), "1" | "2")) {
        let number: u64 = row["frame.number"].parse().unwrap_or(0);
        let said = |code: &str| notes.get(&number).is_some_and(|codes| codes.contains(code));
        if row["arp.src.proto_ipv4"].is_empty() || said("capture-duplicate") {
            continue;
        }
        if row["arp.src.hw_mac"].is_empty() || row["arp.dst.hw_mac"].is_empty() {
            tally.differ(Some("lengths"), format!("{} packet {number}: addresses of other lengths", capture.display()));
            continue;
        }
        if row["arp.src.proto_ipv4"] != "0.0.0.0" {
            owners.insert(row["arp.src.proto_ipv4"].clone(), row["arp.src.hw_mac"].clone());
        }
        let is_set = |field: &str| matches!(row[field].as_str(), "1" | "True");
        let is_request = row["arp.opcode"] == "1";
        let probe = said("arp-probe") == is_set("arp.isprobe");
        let announcement = said("arp-announcement") == (is_set("arp.isannouncement") && is_request);
        if !probe || !announcement {
            let class = (row["arp.src.proto_ipv4"] == "0.0.0.0" && row["arp.dst.proto_ipv4"] == "0.0.0.0")
                .then_some("gratuitous")
                .or((said("arp-announcement") && is_set("arp.isgratuitous")).then_some("target"));
            tally.differ(class, format!("{} packet {number}: probe or announcement", capture.display()));
            continue;
        }
        tally.arp_packets += 1;
    }
    let bindings = ours["arp"]["bindings"].as_array().cloned().unwrap_or_default();
    // Without VLANs there is one owner for an address.
    if bindings.iter().any(|binding| binding["vlan"] != 0) {
        return;
    }
    let found: BTreeMap<String, String> = bindings
        .iter()
        .filter_map(|binding| Some((binding["address"].as_str()?.to_owned(), binding["mac"].as_str()?.to_owned())))
        .filter(|(address, _)| address != "0.0.0.0")
        .collect();
    if found != owners {
        tally.unexplained.push(format!("{}: owners {found:?}, by tshark's fields {owners:?}", capture.display()));
    }
}

impl Tally {
    fn differ(&mut self, class: Option<&'static str>, line: String) {
        match class {
            Some(class) => self.explained.entry(class).or_insert((0, line)).0 += 1,
            None => self.unexplained.push(line),
        }
    }
}
