//! The captures of `captures/`, each made by a program of ours; one module a family.
//!
//! A family is a function that yields (file name, what it shows, octets of the file). `captures/README.md` is made from
//! the same list, so that no capture is without its line. Captures recorded from real programs need root and are only
//! made anew when asked for by name.

mod arp;
mod cable;
mod fragments;
mod scene;
mod sessions;
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
    /// Play a host of a recorded session, named by ONLY (the recorder starts itself so)
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

/// The captures that are recorded from real programs: by root, and only when their name is given.
fn recorded() -> Vec<(String, &'static str)> {
    const TUTORIAL: &str = "ARP, ping, a DNS question, a TCP echo from handshake to four-segment close, and a large UDP datagram in fragments";
    let sessions = sessions::SESSIONS.iter().map(|session| (format!("sessions/{}", session.name), session.shows));
    [("tutorial.pcapng".to_owned(), TUTORIAL)].into_iter().chain(sessions).collect()
}

fn record(name: &str, path: &Path) -> anyhow::Result<()> {
    match sessions::SESSIONS.iter().find(|session| name.ends_with(session.name)) {
        Some(session) => sessions::record(session, path),
        None => tutorial::record(path),
    }
}

/// All families, in the order of `captures/README.md`.
fn families() -> Vec<(&'static str, Vec<Made>)> {
    vec![
        ("TCP, rule by rule", tcp::made()),
        ("Fragments, path MTU, UDP and ICMP, rule by rule", fragments::made()),
        ("ARP, the link and the health of a capture, rule by rule", arp::made()),
    ]
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = super::root().join("captures");
    if let Some(role) = &arguments.play {
        return match &arguments.only {
            Some(session) => sessions::play(session, role),
            None => tutorial::play(role),
        };
    }
    let mut stale = Vec::new();
    for (name, shows) in recorded() {
        let path = folder.join(&name);
        if arguments.check {
            if !path.is_file() {
                stale.push(name);
            }
        } else if arguments.only.as_ref().is_some_and(|only| name.contains(only.as_str())) {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            record(&name, &path)?;
            println!("recorded: {name} ({} octets): {shows}", std::fs::metadata(&path)?.len());
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
                    stale.push(made.name.to_owned());
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
    let index = folder.join("README.md");
    if !arguments.check {
        std::fs::write(&index, readme())?;
    } else if std::fs::read_to_string(&index).ok().as_deref() != Some(&readme()) {
        stale.push("README.md".to_owned());
    }
    anyhow::ensure!(stale.is_empty(), "not what the generators make: {}", stale.join(", "));
    Ok(())
}

/// `captures/README.md`: every capture with what it shows.
fn readme() -> String {
    let mut text = String::from(
        "# Captures\n\nSmall captures to learn and to test with, each made by netlab or by a program of ours; addresses are those \
         that the\nRFCs set aside for documentation. This page is written by `cargo xtask captures`.\n\n## Recorded\n\nReal programs \
         on two hosts joined by a cable (network namespaces and a veth pair, offloads off), recorded by `netlab capture`.\n`cargo \
         xtask captures NAME` records one anew, as root.\n\n| file | shows |\n|---|---|\n",
    );
    for (name, shows) in recorded() {
        text.push_str(&format!("| `{name}` | {shows} |\n"));
    }
    for (family, captures) in families() {
        text.push_str(&format!(
            "\n## {family}\n\nMade by `cargo xtask captures`, octet by octet.\n\n| file | shows |\n|---|---|\n"
        ));
        for made in captures {
            text.push_str(&format!("| `{}` | {} |\n", made.name, made.shows));
        }
    }
    text
}
