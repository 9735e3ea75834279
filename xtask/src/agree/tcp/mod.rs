//! `cargo xtask agree --tcp DIR`: what netlab says of TCP segments against tshark's `tcp.analysis.*` and `tcp.stream`, and
//! its octets against tcptrace's and tcpflow's. A difference has one of the causes in `classes.rs`, which is looked up in
//! the segments, or it is printed; more than one unexplained segment in a thousand fails the run.

mod classes;
mod facts;
mod octets;
mod peer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context as _, bail};
use classes::{class, same};
use facts::Facts;
use serde_json::Value;

use super::Arguments;

/// tshark's flags that are compared, and netlab's word for each here.
const FLAGS: &[(&str, &str)] = &[
    ("tcp.analysis.retransmission", "again"),
    ("tcp.analysis.fast_retransmission", "again"),
    ("tcp.analysis.spurious_retransmission", "again"),
    ("tcp.analysis.out_of_order", "order"),
    ("tcp.analysis.lost_segment", "lost"),
    ("tcp.analysis.ack_lost_segment", "unseen"),
    ("tcp.analysis.duplicate_ack", "duplicate"),
    ("tcp.analysis.keep_alive", "alive"),
    ("tcp.analysis.keep_alive_ack", "alive-answer"),
    ("tcp.analysis.zero_window", "zero"),
    ("tcp.analysis.zero_window_probe", "probe"),
    ("tcp.analysis.zero_window_probe_ack", "probe-answer"),
    ("tcp.analysis.window_full", "full"),
    ("tcp.analysis.window_update", "update"),
    ("tcp.analysis.reused_ports", "reused"),
];

/// What came of the captures.
#[derive(Debug, Default)]
struct Tally {
    captures: u64,
    segments: u64,
    equal: u64,
    classes: BTreeMap<String, Vec<String>>,
    unexplained: Vec<String>,
    split: Vec<String>,
    octets: octets::Tally,
}

/// Holds every capture against all peers.
pub(super) fn run(captures: Vec<PathBuf>, program: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    let queue = Mutex::new(captures.into_iter());
    let tally = Mutex::new(Tally::default());
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some(path) = next else { break };
                    match one(&path, program, arguments.cache.as_deref()) {
                        Ok(one) => {
                            if let Ok(mut tally) = tally.lock() {
                                tally.add(one);
                            }
                        }
                        Err(error) => {
                            if let Ok(mut failed) = failed.lock() {
                                failed.get_or_insert(error.context(path.display().to_string()));
                            }
                        }
                    }
                }
            });
        }
    });
    if let Some(error) = failed.into_inner().unwrap_or_default() {
        return Err(error);
    }
    let mut tally = tally.into_inner().unwrap_or_default();
    tally.unexplained.sort();
    tally.print(arguments.show, arguments.list.as_deref());
    let share = tally.unexplained.len() as f64 * 100.0 / tally.segments.max(1) as f64;
    println!("{share:.3} % of the segments are not explained");
    if share >= 0.1 {
        bail!("below 0.1 % is wanted");
    }
    Ok(())
}

/// One capture against all peers.
fn one(path: &Path, program: &Path, cache: Option<&Path>) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let memory = tally.segments_of(path, program, cache)?;
    if tally.segments > 0 {
        tally.captures = 1;
        tally.octets = octets::of(path, program, cache, &memory)?;
    }
    Ok(tally)
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.captures += other.captures;
        self.segments += other.segments;
        self.equal += other.equal;
        for (class, places) in other.classes {
            self.classes.entry(class).or_default().extend(places);
        }
        self.unexplained.extend(other.unexplained);
        self.split.extend(other.split);
        self.octets.add(other.octets);
    }

    fn print(&self, show: usize, list: Option<&str>) {
        println!("{} captures, {} TCP segments, {} of them told alike", self.captures, self.segments, self.equal);
        for (class, places) in &self.classes {
            println!("{:8}  {class}   (such as {})", places.len(), places[0]);
            if list.is_some_and(|list| class.starts_with(list)) {
                places.iter().for_each(|place| println!("          {place}"));
            }
        }
        println!("{:8}  not explained", self.unexplained.len());
        self.unexplained.iter().take(show).for_each(|line| println!("          {line}"));
        println!("{:8}  streams that netlab divides otherwise", self.split.len());
        self.split.iter().take(show).for_each(|line| println!("          {line}"));
        self.octets.print(show);
    }

    fn segments_of(&mut self, path: &Path, program: &Path, cache: Option<&Path>) -> anyhow::Result<facts::Memory> {
        let mut arguments = vec!["-n", "-Y", "tcp && !icmp && !icmpv6", "-T", "fields", "-E", "separator=|"];
        arguments.extend(["-e", "frame.number", "-e", "tcp.stream"]);
        arguments.extend(["-e", "tcp.options.wscale.shift", "-e", "tcp.options.sack_le"]);
        FLAGS.iter().for_each(|(field, _)| arguments.extend(["-e", field]));
        arguments.push("-r");
        let theirs = peer::ask("tshark", &arguments, path, cache)?.context("there is no tshark")?;
        let ours: BTreeMap<u64, Value> = super::netlab::read(program, path)?
            .into_iter()
            .filter_map(|record| Some((record["number"].as_u64()?, record)))
            .collect();
        let mut streams: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        let mut memory = facts::Memory::default();
        let mut unread: BTreeSet<String> = BTreeSet::new();
        for line in theirs.lines() {
            let cells: Vec<&str> = line.split('|').collect();
            // Tunnels give several values; the innermost segment is netlab's, so such rows are not compared.
            let (Some(Ok(number)), Some(stream)) = (cells.first().map(|cell| cell.parse::<u64>()), cells.get(1)) else {
                continue;
            };
            let Some(record) = ours.get(&number).filter(|record| record.get("tcp").is_some() && !stream.contains(','))
            else {
                unread.insert((*stream).to_owned());
                continue;
            };
            if cells.len() < 4 + FLAGS.len() {
                continue;
            }
            self.segments += 1;
            if let Some(connection) = record["connection"].as_u64() {
                streams.entry((*stream).to_owned()).or_default().insert(connection);
            }
            let flags: BTreeSet<&str> = FLAGS
                .iter()
                .zip(&cells[4..])
                .filter(|(_, cell)| !cell.is_empty())
                .map(|((_, word), _)| *word)
                .collect();
            let codes: Vec<&str> = record["notes"]
                .as_array()
                .map(|notes| notes.iter().filter_map(|note| note["code"].as_str()).collect())
                .unwrap_or_default();
            let mut facts = memory.take(record, cells[2].parse().ok(), !cells[3].is_empty(), &codes);
            facts.has_unread = unread.contains(*stream);
            facts.is_divided = streams.get(*stream).is_some_and(|connections| connections.len() > 1);
            self.compare(path, number, &flags, &codes, &facts);
        }
        for (stream, connections) in streams {
            if connections.len() > 1 {
                self.split.push(format!("{}: stream {stream} is {connections:?}", path.display()));
            }
        }
        Ok(memory)
    }

    fn compare(&mut self, path: &Path, number: u64, flags: &BTreeSet<&str>, codes: &[&str], facts: &Facts) {
        let ours: BTreeSet<&str> = codes.iter().flat_map(|code| same(code)).copied().collect();
        let mut is_equal = true;
        let theirs_only = flags.difference(&ours).map(|flag| Some(*flag));
        // What only netlab says is a difference where tshark says nothing at all about the segment.
        let ours_only = (flags.is_empty() && !ours.is_empty()).then_some(None);
        for flag in theirs_only.chain(ours_only) {
            is_equal = false;
            let place = format!("{} packet {number}", path.file_name().unwrap_or_default().to_string_lossy());
            match class(flag, codes, facts) {
                Some(class) => self.classes.entry(class.to_owned()).or_default().push(place),
                None => self.unexplained.push(format!("{place}: tshark {flag:?}, netlab {codes:?}")),
            }
        }
        self.equal += u64::from(is_equal);
    }
}
