//! Man pages and shell completions, from the command line's own description.

use std::fs;

use clap::CommandFactory as _;
use netlab::cli::Cli;

pub fn run() -> anyhow::Result<()> {
    let folder = super::root().join("target").join("generated");
    fs::create_dir_all(&folder)?;
    clap_mangen::generate_to(Cli::command(), &folder)?;
    println!("man pages below target/generated; completions: netlab completions SHELL");
    Ok(())
}
