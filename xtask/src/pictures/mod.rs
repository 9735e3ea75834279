//! `cargo xtask pictures`: the pictures of the README and the docs, made of what netlab prints.
//!
//! What goes to a terminal becomes a drawing of one ([`terminal`]); drawings that netlab makes itself are taken as they are.
//! The page of `--html` is photographed by Chromium, which the test of pages drives: `NETLAB_BLESS=1` has it keep the
//! photograph.

mod sources;
mod terminal;

use std::process::Command;

use anyhow::ensure;

pub fn run() -> anyhow::Result<()> {
    let root = super::root();
    let cargo = |words: &[&str]| -> anyhow::Result<()> {
        let status = Command::new("cargo").args(words).current_dir(&root).env("NETLAB_BLESS", "1").status()?;
        ensure!(status.success(), "cargo {} fails", words.join(" "));
        Ok(())
    };
    cargo(&["build", "--quiet", "--package", "netlab", "--bin", "netlab"])?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let folder = root.join("docs/pictures");
    std::fs::create_dir_all(&folder)?;
    for (file, drawing) in sources::all(&target.join("debug/netlab"), &root) {
        std::fs::write(folder.join(file), drawing)?;
    }
    cargo(&["test", "--quiet", "--test", "pages", "photograph"])
}
