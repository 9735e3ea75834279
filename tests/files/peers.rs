//! What tshark makes of a file.

use std::path::Path;
use std::process::Command;

/// Says that a test was skipped; fails if peers are required.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none(), "required, but {why}");
    eprintln!("skipped: {why}");
}

/// True if `program` can be started.
pub fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// The fields of each packet of `file` as tshark prints them, and its exit status; `None` without tshark.
pub fn tshark(file: &Path, fields: &[&str]) -> Option<(Vec<Vec<String>>, i32)> {
    if !is_installed("tshark") {
        skipped("tshark is not installed");
        return None;
    }
    let mut command = Command::new("tshark");
    command.args(["-n", "-r"]).arg(file).args(["-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().expect("tshark runs");
    let lines = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect();
    Some((lines, output.status.code().unwrap_or(-1)))
}

/// Nanoseconds of a time that tshark printed as seconds and a fraction.
pub fn nanos(text: &str) -> u64 {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = format!("{fraction:0<9}");
    seconds.parse::<u64>().expect("seconds") * 1_000_000_000 + fraction[..9].parse::<u64>().expect("nanoseconds")
}
