//! Octets of connections against tcptrace's counts, and streams against tcpflow's files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::facts::Memory;
use super::peer;

/// What came of the comparison.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts_equal: u64,
    /// By cause, the connections that tcptrace counts otherwise by design.
    counts_differ: BTreeMap<&'static str, Vec<String>>,
    counts_unexplained: Vec<String>,
    streams_equal: u64,
    streams_differ: BTreeMap<&'static str, u64>,
    streams_unexplained: Vec<String>,
}

impl Tally {
    pub(super) fn add(&mut self, other: Tally) {
        self.counts_equal += other.counts_equal;
        for (cause, places) in other.counts_differ {
            self.counts_differ.entry(cause).or_default().extend(places);
        }
        self.counts_unexplained.extend(other.counts_unexplained);
        self.streams_equal += other.streams_equal;
        for (cause, count) in other.streams_differ {
            *self.streams_differ.entry(cause).or_default() += count;
        }
        self.streams_unexplained.extend(other.streams_unexplained);
    }

    pub(super) fn print(&self, show: usize) {
        println!("{} connections with tcptrace's octets; with others, by cause:", self.counts_equal);
        for (cause, places) in &self.counts_differ {
            println!("{:8}  {cause}   (such as {})", places.len(), places[0]);
        }
        println!("{:8}  not explained", self.counts_unexplained.len());
        self.counts_unexplained.iter().take(show).for_each(|line| println!("          {line}"));
        println!("{} streams without loss equal to tcpflow's, octet for octet; not compared:", self.streams_equal);
        for (cause, count) in &self.streams_differ {
            println!("{count:8}  {cause}");
        }
        println!("{:8}  not explained", self.streams_unexplained.len());
        self.streams_unexplained.iter().take(show).for_each(|line| println!("          {line}"));
    }
}

/// Holds netlab's report on a capture against both programs.
pub(super) fn of(path: &Path, program: &Path, cache: Option<&Path>, memory: &Memory) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let ours = Command::new(program).args(["analyze", "--json"]).arg(path).stderr(Stdio::null()).output()?;
    let Ok(report) = serde_json::from_slice::<Value>(&ours.stdout) else { return Ok(tally) };
    let connections: &[Value] = report["connections"].as_array().map_or(&[], Vec::as_slice);
    if let Some(text) = peer::ask("tcptrace", &["-l", "-n"], path, cache)? {
        tally.counts(path, connections, &octets_by_pair(&text), memory);
    }
    tally.streams(path, program, connections, memory)?;
    Ok(tally)
}

/// An end as netlab's report has it.
fn end_of(connection: &Value, side: &str) -> String {
    let end = &connection[side];
    match end["address"].as_str().unwrap_or_default() {
        address if address.contains(':') => format!("{address}:{}", end["port"]),
        address => format!("{address}:{}", end["port"]),
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// Why tcptrace counts a connection's octets otherwise; by the rule of the first cause that is there.
fn cause_of(connection: &Value) -> Option<&'static str> {
    let counts = &connection["counts"];
    let has = |code: &str| number(&counts[code]) > 0;
    let repairs = |name: &str| {
        ["initiator", "responder"].iter().map(|side| number(&connection["repairs"][side][name])).sum::<u64>()
    };
    Some(match () {
        () if has("tcp-start-not-captured") || connection["opening"]["kind"] == "not-captured" => {
            "3.11: the beginning was not captured"
        }
        () if repairs("delivered_unseen_octets") > 0 || repairs("missing_octets") > 0 => "K1: holes are no octets",
        () if has("tcp-impossible-number") || has("tcp-impossible-ack") => "3.0: impossible numbers",
        () if has("tcp-odd-flags") || has("tcp-data-after-fin") || has("tcp-second-fin") => "E1: odd segments",
        () if has("tcp-keep-alive") || has("tcp-window-probe") => "D2, D8: probes and fillers are no data",
        () if has("tcp-syn-retransmission")
            || has("tcp-syn-ack-retransmission")
            || has("tcp-fin-retransmission")
            || has("tcp-unneeded-retransmission") =>
        {
            "H3, T10: it counts the SYN and the FIN as octets sent again"
        }
        () if has("tcp-retransmission-first-unseen") || has("tcp-out-of-order") || has("tcp-late-or-resent") => {
            "D15–D21: what fills a hole is out of order for it"
        }
        () if has("tcp-captured-late") => "D17: captured late",
        () if has("tcp-syn-in-connection") || has("tcp-old-syn") || has("tcp-second-answer") => "C3, H6: SYNs",
        () if has("tcp-data-in-syn") || has("tcp-fast-open") => "H9, H10: data in the SYN",
        () if number(&connection["opening"]["former"]) > 0 || connection["opening"]["former"].is_u64() => {
            "C3: several connections between the same sockets"
        }
        () if has("tcp-conflicting-retransmission") => "3.7.5: the first copy counts",
        () if has("tcp-reset-ignored") => "3.6: an ignored reset ends nothing",
        () if connection["opening"]["kind"] == "simultaneous" || connection["opening"]["kind"] == "split" => {
            "H7, H8: it counts the second SYN as an octet sent again"
        }
        () if connection["is_one_sided"] == true => "3.11: one direction was not captured",
        () if has("tcp-aggregated") => "P4: giants",
        () if has("tcp-reset") => "R: text in a reset is no data",
        () => return None,
    })
}

impl Tally {
    /// Unique and retransmitted octets by connection, as tcptrace counts them.
    fn counts(
        &mut self,
        path: &Path,
        connections: &[Value],
        theirs: &BTreeMap<[String; 2], [u64; 2]>,
        memory: &Memory,
    ) {
        let mut sums: BTreeMap<[String; 2], [u64; 2]> = BTreeMap::new();
        let mut causes: BTreeMap<[String; 2], &'static str> = BTreeMap::new();
        for connection in connections {
            let mut pair = [end_of(connection, "initiator"), end_of(connection, "responder")];
            pair.sort();
            let sum = sums.entry(pair.clone()).or_default();
            for side in ["initiator", "responder"] {
                sum[0] += number(&connection["stream_octets"][side]);
                sum[1] += number(&connection["repairs"][side]["retransmitted_octets"]);
            }
            let is_copied = memory.copied.contains(&pair).then_some("P5: packets captured twice");
            if let Some(cause) = cause_of(connection).or(is_copied) {
                causes.entry(pair).or_insert(cause);
            }
        }
        for (pair, octets) in theirs {
            let line = || format!("{} {pair:?}: tcptrace {octets:?}, netlab {:?}", name(path), sums.get(pair));
            match (sums.get(pair), causes.get(pair)) {
                (Some(ours), _) if ours == octets => self.counts_equal += 1,
                (Some(_), Some(cause)) => self.counts_differ.entry(cause).or_default().push(line()),
                // tcptrace reads segments whose IP header is cut, contradicts itself, or belongs to a fragment.
                (None, _) if octets[1] == 0 => {
                    self.counts_differ.entry("P1, P2: segments that netlab does not believe").or_default().push(line());
                }
                _ => self.counts_unexplained.push(line()),
            }
        }
    }

    /// The octets of each stream without loss, against the file that tcpflow makes of it.
    fn streams(&mut self, path: &Path, program: &Path, connections: &[Value], memory: &Memory) -> anyhow::Result<()> {
        let folder = std::env::temp_dir().join(format!("netlab-agree-{}-{}", std::process::id(), name(path)));
        let (ours, theirs) = (folder.join("netlab"), folder.join("tcpflow"));
        fs::create_dir_all(&theirs)?;
        let quiet =
            |command: &mut Command| command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let is_there = quiet(Command::new("tcpflow").arg("-r").arg(path).arg("-o").arg(&theirs)).is_ok();
        if is_there {
            quiet(Command::new(program).args(["analyze", "--extract"]).arg(&ours).arg(path))?;
            self.hold_streams(path, connections, [&ours, &theirs], memory);
        }
        fs::remove_dir_all(&folder)?;
        Ok(())
    }

    fn hold_streams(&mut self, path: &Path, connections: &[Value], [ours, theirs]: [&Path; 2], memory: &Memory) {
        let mut files: BTreeMap<[String; 2], std::path::PathBuf> = BTreeMap::new();
        for entry in fs::read_dir(theirs).into_iter().flatten().flatten() {
            if let Some(flow) = flow_of(&entry.file_name().to_string_lossy()) {
                files.insert(flow, entry.path());
            }
        }
        let mut pairs: BTreeMap<BTreeSet<String>, u64> = BTreeMap::new();
        let pair =
            |connection: &Value| BTreeSet::from([end_of(connection, "initiator"), end_of(connection, "responder")]);
        connections.iter().for_each(|connection| *pairs.entry(pair(connection)).or_default() += 1);
        for connection in connections {
            for (side, other) in [("initiator", "responder"), ("responder", "initiator")] {
                if number(&connection["stream_octets"][side]) == 0 {
                    continue;
                }
                let lost = number(&connection["repairs"][side]["missing_octets"])
                    + number(&connection["repairs"][side]["delivered_unseen_octets"]);
                let cause = match () {
                    () if lost > 0 => Some("with loss"),
                    () if pairs.get(&pair(connection)) > Some(&1) => {
                        Some("C3: several connections between the sockets")
                    }
                    () => cause_of(connection).filter(|cause| {
                        !["D15", "H3", "R:", "P4", "H7"].iter().any(|harmless| cause.starts_with(harmless))
                    }),
                };
                let flow = [end_of(connection, side), end_of(connection, other)];
                let place = || format!("{} connection {} {side}", name(path), connection["id"]);
                let own = fs::read(ours.join(format!("connection-{}-{side}.bin", connection["id"])));
                let theirs = files.get(&flow).map(fs::read);
                match (own, theirs, cause) {
                    (Ok(own), Some(Ok(theirs)), _) if own == theirs => self.streams_equal += 1,
                    (_, _, Some(cause)) => *self.streams_differ.entry(cause).or_default() += 1,
                    (_, None, None) => {
                        *self.streams_differ.entry("tcpflow makes no file of it").or_default() += 1;
                    }
                    // The padding of short frames lands behind the data, before them, or under what follows.
                    (Ok(_), Some(Ok(_)), None) if memory.padded.contains(&flow) => {
                        let cause = "P1: tcpflow takes the padding of short frames for data";
                        *self.streams_differ.entry(cause).or_default() += 1;
                    }
                    (Ok(own), Some(Ok(theirs)), None) => {
                        let first = own.iter().zip(&theirs).position(|(own, theirs)| own != theirs);
                        self.streams_unexplained.push(format!(
                            "{}: netlab {} octets, tcpflow {}, first difference at {first:?}",
                            place(),
                            own.len(),
                            theirs.len()
                        ));
                    }
                    (Err(_), ..) => self.streams_unexplained.push(format!("{}: netlab wrote no file", place())),
                    (_, Some(Err(error)), _) => self.streams_unexplained.push(format!("{}: {error}", place())),
                }
            }
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Sender and receiver by the name of tcpflow's file: groups of digits with zeros in front; IPv6 with colons.
fn flow_of(name: &str) -> Option<[String; 2]> {
    let (from, to) = name.split_once('-')?;
    let end = |text: &str| {
        let (address, port) = text.rsplit_once('.')?;
        if port.len() != 5 {
            return None;
        }
        let port: u16 = port.parse().ok()?;
        let address: std::net::IpAddr = if address.contains(':') {
            address.parse().ok()?
        } else {
            let octets: Option<Vec<u8>> = address.split('.').map(|octet| octet.parse().ok()).collect();
            <[u8; 4]>::try_from(octets?).ok()?.into()
        };
        Some(format!("{address}:{port}"))
    };
    Some([end(from)?, end(to)?])
}

/// Unique and retransmitted octets of tcptrace's long output, both directions and all incarnations added up.
fn octets_by_pair(text: &str) -> BTreeMap<[String; 2], [u64; 2]> {
    let mut all: BTreeMap<[String; 2], [u64; 2]> = BTreeMap::new();
    let mut hosts: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some(host) =
            line.strip_prefix("host ").and_then(|rest| rest.split_once(':')).map(|(_, host)| host.trim())
        {
            if hosts.len() == 2 {
                hosts.clear();
            }
            hosts.push(plain(host));
        }
        let index = match line {
            line if line.starts_with("unique bytes sent:") => 0,
            line if line.starts_with("rexmt data bytes:") => 1,
            _ => continue,
        };
        let numbers = line.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
        if let [a, b] = hosts.as_slice() {
            let mut pair = [a.clone(), b.clone()];
            pair.sort();
            all.entry(pair).or_default()[index] += numbers.sum::<u64>();
        }
    }
    all
}

/// An IPv6 address as netlab writes it: tcptrace does not shorten groups.
fn plain(host: &str) -> String {
    let Some((address, port)) = host.rsplit_once(':') else { return host.to_owned() };
    address.parse::<std::net::IpAddr>().map_or_else(|_| host.to_owned(), |address| format!("{address}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcptraces_octets_are_read() {
        let text = "\thost a:        192.0.2.1:40000\n\thost b:        198.51.100.2:80\n\
                    \t     unique bytes sent:      5000           unique bytes sent:         7\n\
                    \t     rexmt data bytes:       1000           rexmt data bytes:          0\n";
        let pair = ["192.0.2.1:40000".to_owned(), "198.51.100.2:80".to_owned()];
        assert_eq!(octets_by_pair(text).get(&pair), Some(&[5007, 1000]));
    }

    #[test]
    fn the_names_of_tcpflows_files_are_read() {
        let name = "192.000.002.001.40000-198.051.100.002.00080";
        assert_eq!(flow_of(name), Some(["192.0.2.1:40000".to_owned(), "198.51.100.2:80".to_owned()]));
        assert_eq!(flow_of("report.xml"), None);
        assert_eq!(flow_of(&format!("{name}c1")), None, "the second connection between these sockets");
    }
}
