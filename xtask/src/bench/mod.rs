//! `cargo xtask bench`: netlab and its peers on the same captures, in one run.
//!
//! What is compared is CPU time (user and system) of the whole process, which is steadier than the clock on a machine with
//! other work, and the time on the clock, which is what a user waits. The rounds go round robin, so that what disturbs the machine meets all, and the least of each counts. The
//! captures are made by [`traffic`] and are the same on every machine.

mod jobs;
mod measure;
mod sim;
mod traffic;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use netlab::capture::Format;

use self::jobs::{Captures, Job, Kind};
use self::measure::Cost;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Only jobs whose names contain this
    only: Option<String>,
    /// Times that each program runs; the least CPU time counts
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// TCP connections in the capture of large packets; 10000 make about 120 MB
    #[arg(long, default_value_t = 10_000)]
    connections: u32,
    /// Packets in the capture of small ones; 1000000 make about 90 MB
    #[arg(long, default_value_t = 1_000_000)]
    packets: u64,
    /// Measure ns-3 beside the simulator, if it is installed
    #[arg(long)]
    ns3: bool,
    /// Where the captures are made and kept; below target/ if not given
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The netlab to measure; built from this tree if not given
    #[arg(long)]
    netlab: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    ensure!(arguments.rounds > 0, "at least one round is needed");
    let folder = arguments.folder.clone().unwrap_or_else(|| super::root().join("target/bench"));
    std::fs::create_dir_all(&folder)?;
    let wants = |name: &str| arguments.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    if wants("simulator") {
        println!("{}\n", machine());
        sim::run(arguments.rounds, arguments.ns3, &folder)?;
        if arguments.only.is_some() {
            return Ok(());
        }
    }
    let netlab = match &arguments.netlab {
        Some(netlab) => netlab.clone(),
        None => build()?,
    };
    let captures = captures(&folder, arguments)?;
    println!("{}\n", machine());
    for job in jobs::all(&netlab, &captures, &folder) {
        if arguments.only.as_ref().is_none_or(|only| job.name.contains(only.as_str())) {
            compare(&job, arguments.rounds)?;
        }
    }
    Ok(())
}

/// Builds netlab and tells where it is.
fn build() -> anyhow::Result<PathBuf> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--quiet", "--package", "netlab", "--bin", "netlab"])
        .current_dir(super::root())
        .status()?;
    ensure!(status.success(), "netlab does not build");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| super::root().join("target"), PathBuf::from);
    Ok(target.join("release/netlab"))
}

fn captures(folder: &Path, arguments: &Arguments) -> anyhow::Result<Captures> {
    let make = |name: String, make: &dyn Fn(&Path) -> anyhow::Result<()>| -> anyhow::Result<(PathBuf, u64)> {
        let path = folder.join(name);
        if !path.exists() {
            // Made under another name, so that an interrupted run leaves no half capture.
            let unfinished = path.with_extension("unfinished.pcap");
            make(&unfinished).with_context(|| format!("cannot make {}", path.display()))?;
            std::fs::rename(&unfinished, &path)?;
        }
        let packets = traffic::count(&path)?;
        Ok((path, packets))
    };
    let connections = arguments.connections;
    let packets = arguments.packets;
    let large = make(format!("large-{connections}.pcap"), &|path| traffic::large(path, connections).map(drop))?;
    let pcapng = format!("large-{connections}.pcapng");
    Ok(Captures {
        pcapng: make(pcapng, &|path| jobs::copy_as(Format::Pcapng, &large.0, path))?,
        large,
        small: make(format!("small-{packets}.pcap"), &|path| traffic::small(path, packets).map(drop))?,
        slice: make("slice-300.pcap".to_owned(), &|path| traffic::large(path, 300).map(drop))?,
    })
}

/// Runs the programs of one job and prints how they compare.
fn compare(job: &Job, rounds: u32) -> anyhow::Result<()> {
    let mut least: Vec<Option<Cost>> = vec![None; job.rows.len()];
    let mut absent = Vec::new();
    for round in 0..rounds {
        for (row, least) in job.rows.iter().zip(&mut least) {
            let cost = match &row.kind {
                Kind::Program(program, _) if !measure::is_installed(program) => {
                    if round == 0 {
                        absent.push(row.title.clone());
                    }
                    continue;
                }
                Kind::Program(program, words) => measure::program(program, words, row.may_fail)
                    .with_context(|| format!("{}: {}", job.name, row.title))?,
                Kind::Library(work) => measure::within(work)?,
            };
            *least = Some(least.map_or(cost, |before| before.least(cost)));
        }
    }
    println!("**{}**, {} packets\n", job.name, job.packets);
    println!(
        "| | wall s | CPU s | ns a packet | MB | of each netlab's: wall | CPU |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    let ours: Vec<Cost> =
        job.rows.iter().zip(&least).filter(|(row, _)| row.is_ours).filter_map(|(_, cost)| *cost).collect();
    for (row, cost) in job.rows.iter().zip(&least) {
        let Some(cost) = cost else { continue };
        let nanos = cost.cpu.as_nanos() as f64 / job.packets.max(1) as f64;
        let times = |of: fn(&Cost) -> Duration| match row.is_ours {
            true => String::new(),
            false => {
                let times = ours.iter().map(|ours| of(cost).as_secs_f64() / of(ours).as_secs_f64().max(1e-6));
                times.map(|times| format!("{times:.1}")).collect::<Vec<_>>().join(" · ")
            }
        };
        let memory = cost.peak_octets.map_or(String::new(), |octets| format!("{:.0}", octets as f64 / 1e6));
        println!(
            "| {} | {:.3} | {:.3} | {nanos:.0} | {memory} | {} | {} |",
            row.title,
            cost.wall.as_secs_f64(),
            cost.cpu.as_secs_f64(),
            times(|cost| cost.wall),
            times(|cost| cost.cpu)
        );
    }
    if !absent.is_empty() {
        println!("\nnot installed, skipped: {}", absent.join(", "));
    }
    println!();
    Ok(())
}

/// What the figures were measured on.
fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    format!(
        "{}, {} cores, Linux {}, load {}",
        processor.map_or("unknown processor", |(_, name)| name),
        std::thread::available_parallelism().map_or(1, usize::from),
        kernel.trim(),
        load.split_whitespace().next().unwrap_or("unknown"),
    )
}
