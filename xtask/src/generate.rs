//! Man pages and shell completions, from the command line's own description; `docs/EVENTS.md`, from the catalogue.

use std::fs;

use clap::CommandFactory as _;
use netlab::cli::Cli;

pub fn run() -> anyhow::Result<()> {
    let folder = super::root().join("target").join("generated");
    fs::create_dir_all(&folder)?;
    clap_mangen::generate_to(Cli::command(), &folder)?;
    fs::write(super::root().join("docs/EVENTS.md"), netlab::render::explain::events_page())?;
    println!("docs/EVENTS.md; man pages below target/generated; completions: netlab completions SHELL");
    Ok(())
}
