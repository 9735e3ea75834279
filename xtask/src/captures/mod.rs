//! The captures of `captures/`, each made by a program of ours; one module a family.
//!
//! A family is a function that yields (file name, what it shows, octets of the file). `captures/README.md` is made from
//! the same list, so that no capture is without its line. Captures recorded from real programs need root and are only
//! made anew when asked for by name.

mod tcp;
mod tutorial;

use std::path::Path;

use anyhow::Context as _;
use clap::Args;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Only files whose names contain this
    only: Option<String>,
    /// Compare with what is there instead of writing
    #[arg(long)]
    check: bool,
    /// Play a host of a recorded session (the recorder starts itself so)
    #[arg(long, hide = true)]
    play: Option<String>,
}

/// A capture of ours.
pub struct Made {
    /// Its name below `captures/`.
    pub name: &'static str,
    /// What it shows, one sentence without a final stop.
    pub shows: &'static str,
    /// The octets of the file.
    pub file: Vec<u8>,
}

/// A capture that is recorded from real programs: by root, and only when its name is given.
struct Recorded {
    name: &'static str,
    shows: &'static str,
    record: fn(&Path) -> anyhow::Result<()>,
}

/// The recorded captures.
const RECORDED: &[Recorded] = &[Recorded {
    name: "tutorial.pcapng",
    shows: "ARP, ping, a DNS question, a TCP echo from handshake to four-segment close, and a large UDP datagram in fragments",
    record: tutorial::record,
}];

/// All families, in the order of `captures/README.md`.
fn families() -> Vec<(&'static str, Vec<Made>)> {
    vec![("tcp", tcp::made())]
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = super::root().join("captures");
    if let Some(role) = &arguments.play {
        return tutorial::play(role);
    }
    let mut stale = Vec::new();
    for recorded in RECORDED {
        let path = folder.join(recorded.name);
        let is_asked_for = arguments.only.as_ref().is_some_and(|only| recorded.name.contains(only.as_str()));
        if arguments.check {
            if !path.is_file() {
                stale.push(recorded.name);
            }
        } else if is_asked_for {
            std::fs::create_dir_all(&folder)?;
            (recorded.record)(&path)?;
            let len = std::fs::metadata(&path)?.len();
            println!("recorded: {} ({len} octets): {}", recorded.name, recorded.shows);
        }
    }
    for (family, captures) in families() {
        for made in captures {
            if arguments.only.as_ref().is_some_and(|only| !made.name.contains(only.as_str())) {
                continue;
            }
            let path = folder.join(made.name);
            if arguments.check {
                if std::fs::read(&path).ok().as_deref() != Some(&made.file[..]) {
                    stale.push(made.name);
                }
                continue;
            }
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&path, &made.file).with_context(|| format!("cannot write {}", path.display()))?;
            println!("{family}: {} ({} octets): {}", made.name, made.file.len(), made.shows);
        }
    }
    anyhow::ensure!(stale.is_empty(), "not what the generators make: {}", stale.join(", "));
    Ok(())
}
