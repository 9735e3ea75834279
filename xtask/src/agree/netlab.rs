//! netlab's side: `read --jsonl` of the built binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

/// Builds the binary that is asked.
pub(super) fn build() -> anyhow::Result<PathBuf> {
    let root = crate::root();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--bin", "netlab"])
        .current_dir(&root)
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("netlab does not build");
    }
    Ok(root.join("target/release/netlab"))
}

/// The packets of a capture; empty if netlab cannot read it.
pub(super) fn read(program: &Path, capture: &Path) -> anyhow::Result<Vec<Value>> {
    let output = Command::new(program)
        .args(["read", "--jsonl"])
        .arg(capture)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    match output.status.code() {
        // 1: not a capture; 3: damaged, all that was whole has been shown.
        Some(0 | 1 | 3) => {}
        _ => bail!("netlab ended with {}", output.status),
    }
    let mut packets = Vec::new();
    for line in output.stdout.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
        let value: Value = serde_json::from_slice(line).context("netlab printed a line that is not JSON")?;
        if value.get("number").is_some() {
            packets.push(value);
        }
    }
    Ok(packets)
}
