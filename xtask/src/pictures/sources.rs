//! What the pictures of docs/pictures show. tests/pictures.rs holds that what is committed is what the program prints now.

use std::path::Path;
use std::process::Command;

use super::terminal::Frame;

/// A picture and where it comes from.
struct Source {
    /// Its file in docs/pictures.
    file: &'static str,
    /// What was typed, as the picture shows it.
    command: &'static str,
    /// The arguments that this means, apart from what the shell does with the output.
    arguments: &'static [&'static str],
    /// What the shell does with it.
    then: Then,
    columns: usize,
}

/// What becomes of the output.
enum Then {
    /// All lines from the first that contains the one text up to the last before the other.
    Between(&'static str, &'static str),
    /// It is a drawing already.
    Drawing,
}

const TUTORIAL: &str = "captures/tutorial.pcapng";

const SOURCES: &[Source] = &[
    Source {
        file: "read.svg",
        command: "netlab read -t captures/tutorial.pcapng --color always | less -RS",
        arguments: &["read", "-t", TUTORIAL],
        then: Then::Between("", ""),
        columns: 158,
    },
    Source {
        file: "ladder.svg",
        command: "netlab analyze captures/tutorial.pcapng --connection 0",
        arguments: &["analyze", TUTORIAL, "--connection", "0"],
        then: Then::Between("", ""),
        columns: 120,
    },
    Source {
        file: "storm.svg",
        command: "netlab simulate broadcast-storm-parallel --beside broadcast-storm --beside broadcast-storm-rstp",
        arguments: &[
            "simulate",
            "broadcast-storm-parallel",
            "--beside",
            "broadcast-storm",
            "--beside",
            "broadcast-storm-rstp",
        ],
        then: Then::Between("side by side", ""),
        columns: 126,
    },
    Source {
        file: "arp.svg",
        command: "netlab simulate arp",
        arguments: &["simulate", "arp"],
        then: Then::Between("", "ended at"),
        columns: 152,
    },
    Source {
        file: "network.svg",
        command: "netlab simulate nat --format svg",
        arguments: &["simulate", "nat", "--format", "svg"],
        then: Then::Drawing,
        columns: 100,
    },
];

/// Every picture that is made of text, by its file in docs/pictures, as `netlab` prints it now.
pub fn all(netlab: &Path, root: &Path) -> Vec<(&'static str, String)> {
    SOURCES.iter().map(|source| (source.file, drawn(source, netlab, root))).collect()
}

fn drawn(source: &Source, netlab: &Path, root: &Path) -> String {
    let columns = source.columns.to_string();
    let output = Command::new(netlab)
        .args(source.arguments)
        .args(if matches!(source.then, Then::Drawing) { &[][..] } else { &["--color", "always"] })
        .current_dir(root)
        .env("COLUMNS", columns)
        .env("TZ", "UTC")
        .env_remove("NO_COLOR")
        .output()
        .expect("netlab runs");
    assert!(output.status.success(), "{}: {}", source.command, String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    match source.then {
        Then::Drawing => text,
        Then::Between(from, to) => {
            let lines = text.lines().skip_while(|line| !line.contains(from));
            let lines: Vec<&str> = lines.take_while(|line| to.is_empty() || !line.contains(to)).collect();
            let frame = Frame { command: source.command, columns: source.columns };
            frame.draw(lines.join("\n").trim_end())
        }
    }
}
