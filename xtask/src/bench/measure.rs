//! What a program costs: time on the clock, CPU time and memory.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::ensure;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// What a run cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Time on the clock. With several threads it is less than the CPU time; with other work on the machine, more.
    pub wall: Duration,
    /// User and system time of all its threads.
    pub cpu: Duration,
    /// The most memory it held, as far as looking every millisecond shows; `None` for work within this process.
    pub peak_octets: Option<u64>,
}

impl Cost {
    /// The lower times and the higher memory of both.
    pub fn least(self, other: Cost) -> Cost {
        Cost {
            wall: self.wall.min(other.wall),
            cpu: self.cpu.min(other.cpu),
            peak_octets: self.peak_octets.max(other.peak_octets),
        }
    }
}

/// True if `program` can be started.
pub fn is_installed(program: &Path) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Runs a program to its end, its output thrown away.
pub fn program(program: &Path, words: &[String], may_fail: bool) -> anyhow::Result<Cost> {
    let (started, before) = (Instant::now(), cpu(UsageWho::RUSAGE_CHILDREN)?);
    let mut child = Command::new(program)
        .args(words)
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut peak_octets = None;
    let status = loop {
        peak_octets = memory(&child).max(peak_octets);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let wall = started.elapsed();
    ensure!(may_fail || status.success(), "{} {} ended with {status}", program.display(), words.join(" "));
    Ok(Cost { wall, cpu: cpu(UsageWho::RUSAGE_CHILDREN)?.saturating_sub(before), peak_octets })
}

/// Runs work of this process.
pub fn within(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Cost> {
    let (started, before) = (Instant::now(), cpu(UsageWho::RUSAGE_SELF)?);
    work()?;
    let wall = started.elapsed();
    Ok(Cost { wall, cpu: cpu(UsageWho::RUSAGE_SELF)?.saturating_sub(before), peak_octets: None })
}

fn cpu(who: UsageWho) -> anyhow::Result<Duration> {
    let usage = getrusage(who)?;
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}

fn duration(time: TimeVal) -> Duration {
    Duration::new(time.tv_sec().unsigned_abs(), time.tv_usec().unsigned_abs() as u32 * 1000)
}

/// The most memory that a running child has held so far.
fn memory(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    kibibytes.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}
