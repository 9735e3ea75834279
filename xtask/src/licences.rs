//! Every dependency, also of tests and of this program, has a licence that lets netlab be given away.

use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

/// Licences under which parts of netlab may come.
const PERMISSIVE: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "Unlicense",
    "CC0-1.0",
    "BSL-1.0",
];

pub fn run() -> anyhow::Result<()> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(super::root())
        .output()
        .context("cannot run cargo metadata")?;
    anyhow::ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let mut refused = Vec::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("");
        if !is_permissive(licence) {
            refused.push(format!("{} {}: '{licence}'", package["name"], package["version"]));
        }
    }
    anyhow::ensure!(refused.is_empty(), "not permissive:\n{}", refused.join("\n"));
    println!("{} packages, all under permissive licences", packages.len());
    Ok(())
}

/// Reads an SPDX expression of ANDs and ORs: one permissive alternative of each part is enough.
fn is_permissive(expression: &str) -> bool {
    let plain = expression.replace('/', " OR ").replace(['(', ')'], "");
    let part = |part: &str| part.split(" OR ").any(|alternative| PERMISSIVE.contains(&alternative.trim()));
    !plain.is_empty() && plain.split(" AND ").all(part)
}
