//! `cargo xtask bench sim`: how many frames the simulator carries in a second of CPU time, without and with the ledger,
//! and, with `--ns3`, the same networks in ns-3 in the same run.
//!
//! A frame counts once for every wire that it is put on. Building the network is part of netlab's time and no part of
//! ns-3's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use netlab::base::Timestamp;
use netlab::sim::{Engine, RunOptions, Scenario, gallery};

use super::measure;

/// A network to measure.
struct Case {
    name: &'static str,
    scenario: Scenario,
    until: Option<Timestamp>,
    /// The arguments of `lan.cc` for the same network.
    ns3: Option<String>,
}

/// What is kept of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Nothing,
    Ledger,
}

/// What a run cost.
#[derive(Clone, Copy, Debug)]
struct Cost {
    frames: u64,
    cpu: Duration,
}

impl Cost {
    fn per_second(self) -> f64 {
        self.frames as f64 / self.cpu.as_secs_f64().max(1e-9)
    }
}

/// A ring, in which one broadcast circles for ever.
const STORM: &str = r#"
title = "storm"
links = ["h1 - sw1.1", "h2 - sw2.1", "h3 - sw3.1", "sw1.2 - sw2.3", "sw2.2 - sw3.3", "sw3.2 - sw1.3"]
actions = ['0ms h1 frame "hello" to broadcast']
[host.h1]
address = "192.0.2.10/24"
[host.h2]
address = "192.0.2.20/24"
[host.h3]
address = "192.0.2.30/24"
[switch.sw1]
[switch.sw2]
[switch.sw3]
"#;

/// Measures and prints.
pub fn run(rounds: u32, with_ns3: bool, folder: &Path) -> anyhow::Result<()> {
    let peer = if with_ns3 { build_peer(folder)? } else { None };
    println!("**simulator**\n");
    // First, while nothing that this process has given back could serve again.
    idle_host()?;
    println!("| network | | frames | CPU s | ns a frame | million frames a CPU second | times ns-3 |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    for case in cases()? {
        compare(&case, rounds, peer.as_deref())?;
    }
    println!();
    growth(rounds)
}

fn cases() -> anyhow::Result<Vec<Case>> {
    let built_in = |name: &'static str| -> anyhow::Result<Scenario> {
        let entry = gallery::find(name).with_context(|| format!("no scenario {name}"))?;
        Ok(Scenario::parse(name, entry.text)?)
    };
    let case = |name, scenario, until, ns3: Option<&str>| Case { name, scenario, until, ns3: ns3.map(str::to_owned) };
    Ok(vec![
        case(
            "storm: one broadcast in a ring of three switches, 4 s of it",
            Scenario::parse("storm", STORM)?,
            Some(Timestamp::from_parts(4, 0)),
            Some("storm 4000"),
        ),
        case("64 hosts, all ping all", built_in("lan-64")?, None, Some("lan 64 100")),
        case("256 hosts, all ping all", built_in("lan-256")?, None, Some("lan 256 400")),
        case("1000 hosts on a switch, one ARP round each", arp_round(1000)?, None, None),
    ])
}

/// Hosts on one switch, each of which asks for its neighbour's address.
fn arp_round(hosts: u32) -> anyhow::Result<Scenario> {
    let actions: Vec<String> = (1..=hosts)
        .map(|host| {
            let next = host % hosts + 1;
            format!("\"{}us h{host} resolve h{next}\"", host * 10)
        })
        .collect();
    let text = format!(
        "title = \"ARP\"\nactions = [{}]\n[lan.h]\nhosts = {hosts}\non = \"sw\"\nfirst = \"10.0.0.1/16\"\nrate = \"1G\"\n[switch.sw]\n",
        actions.join(", ")
    );
    Ok(Scenario::parse("arp-round", &text)?)
}

fn compare(case: &Case, rounds: u32, peer: Option<&Path>) -> anyhow::Result<()> {
    let mut plain: Option<Cost> = None;
    let mut ledger: Option<Cost> = None;
    let mut theirs: Option<Cost> = None;
    for round in 0..rounds {
        let least = |old: Option<Cost>, new: Cost| Some(old.filter(|old| old.cpu <= new.cpu).unwrap_or(new));
        plain = least(plain, measure_case(case, Kept::Nothing)?);
        ledger = least(ledger, measure_case(case, Kept::Ledger)?);
        if let (Some(peer), Some(words)) = (peer, &case.ns3)
            // A run of ns-3 takes minutes where one of netlab takes a second.
            && (round == 0 || !words.ends_with("256 400"))
        {
            theirs = least(theirs, measure_peer(peer, words)?);
        }
    }
    for (title, cost) in [("without ledger", plain), ("with ledger", ledger), ("ns-3", theirs)] {
        let Some(cost) = cost else { continue };
        let times = match theirs {
            Some(theirs) if title != "ns-3" => format!("{:.1}", cost.per_second() / theirs.per_second()),
            _ => String::new(),
        };
        println!(
            "| {} | {title} | {} | {:.3} | {:.0} | {:.2} | {times} |",
            case.name,
            cost.frames,
            cost.cpu.as_secs_f64(),
            cost.cpu.as_nanos() as f64 / cost.frames.max(1) as f64,
            cost.per_second() / 1e6,
        );
    }
    Ok(())
}

fn measure_case(case: &Case, kept: Kept) -> anyhow::Result<Cost> {
    let options =
        RunOptions { recording: kept == Kept::Ledger, tap_all: false, until: case.until, ..RunOptions::default() };
    let mut frames = 0;
    let cost = measure::within(|| {
        let mut engine = case.scenario.build(&options);
        let until = case.until.or(case.scenario.until);
        engine.run(until.unwrap_or(Timestamp::from_parts(86_400, 0)), u64::MAX, until.is_none());
        frames = carried(&engine);
        if let Err(broken) = engine.conservation() {
            bail!("{}: {broken}", case.name);
        }
        Ok(())
    })?;
    Ok(Cost { frames, cpu: cost.cpu })
}

/// Frames that were put on a wire.
fn carried(engine: &Engine) -> u64 {
    let ports = |device| (0..engine.port_count(device)).map(move |port| (device, netlab::sim::PortId(port as u16)));
    let counters = engine.devices().flat_map(ports).filter_map(|(device, port)| engine.link(device, port));
    counters.map(|(_, counters)| counters.frames).sum()
}

/// Cost of a frame with more and more frames under way: hosts that send to each other all at once.
fn growth(rounds: u32) -> anyhow::Result<()> {
    println!("**cost of a frame, by how many are under way**\n");
    println!("| frames under way | frames | ns a frame |\n|---:|---:|---:|");
    for hosts in [2u32, 16, 128, 1024, 4096] {
        // Pairs on cables of their own, a second long, so that all that a host sends is under way at once.
        let text = format!(
            "title = \"under way\"\nactions = ['0ms a* frame \"x\" count 500 interval 1us']\n{}",
            (0..hosts / 2)
                .map(|pair| {
                    format!(
                        "[host.a{pair}]\naddress = \"10.{}.{}.1/30\"\n[host.b{pair}]\naddress = \"10.{}.{}.2/30\"\n[[link]]\nbetween = [\"a{pair}\", \"b{pair}\"]\nrate = \"1G\"\ndelay = \"10ms\"\nqueue = 1000000\n",
                        pair / 256,
                        pair % 256,
                        pair / 256,
                        pair % 256
                    )
                })
                .collect::<String>()
        );
        let mut least: Option<Cost> = None;
        for _ in 0..rounds {
            let case =
                Case { name: "under way", scenario: Scenario::parse("under way", &text)?, until: None, ns3: None };
            let cost = measure_case(&case, Kept::Nothing)?;
            least = Some(least.filter(|old| old.cpu <= cost.cpu).unwrap_or(cost));
        }
        if let Some(cost) = least {
            let nanos = cost.cpu.as_nanos() as f64 / cost.frames.max(1) as f64;
            println!("| {} | {} | {nanos:.0} |", hosts / 2 * 500, cost.frames);
        }
    }
    println!();
    Ok(())
}

/// What a host costs that has nothing to do: the growth of this process by very many of them.
fn idle_host() -> anyhow::Result<()> {
    let hosts = 10_000;
    let text =
        format!("title = \"idle\"\n[lan.h]\nhosts = {hosts}\non = \"sw\"\nfirst = \"10.0.0.1/16\"\n[switch.sw]\n");
    let scenario = Scenario::parse("idle", &text)?;
    let options = RunOptions { recording: false, tap_all: false, ..RunOptions::default() };
    let before = resident()?;
    let mut engine = scenario.build(&options);
    engine.run(Timestamp::from_parts(1, 0), u64::MAX, false);
    let after = resident()?;
    println!("an idle host with its cable: {} octets\n", after.saturating_sub(before) / hosts);
    Ok(())
}

fn resident() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

/// Compiles `lan.cc`; `None`, and said, if ns-3 or a compiler is missing.
fn build_peer(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let source = crate::root().join("xtask/src/bench/lan.cc");
    let program = folder.join("ns3-lan");
    if !Path::new("/usr/include/ns3/core-module.h").exists() {
        println!("skipped: ns-3 is not installed (Debian: apt-get install libns3-dev g++)\n");
        return Ok(None);
    }
    let libraries = ["-lns3-bridge", "-lns3-csma", "-lns3-internet", "-lns3-network", "-lns3-core"];
    let status = Command::new("g++").args(["-O2", "-DNDEBUG", "-o"]).arg(&program).arg(source).args(libraries).status();
    match status {
        Ok(status) => ensure!(status.success(), "lan.cc does not compile"),
        Err(error) => {
            println!("skipped: ns-3 needs g++ ({error})\n");
            return Ok(None);
        }
    }
    Ok(Some(program))
}

fn measure_peer(program: &Path, words: &str) -> anyhow::Result<Cost> {
    let output = Command::new(program).args(words.split(' ')).output()?;
    ensure!(output.status.success(), "ns-3 ended with {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    let (frames, seconds) = text.trim().split_once(' ').context("ns-3 said nothing")?;
    Ok(Cost { frames: frames.parse()?, cpu: Duration::from_secs_f64(seconds.parse()?) })
}
