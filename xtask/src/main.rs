//! Chores of netlab's maintainers. `cargo xtask` lists them.

mod agree;
mod agree_reassembly;
#[cfg(unix)]
mod bench;
mod captures;
mod generate;
mod licences;
#[cfg(unix)]
mod oracle;
mod pictures;
mod vendors;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Chores of netlab's maintainers")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Hold netlab's reading of captures against tshark's
    Agree(agree::Arguments),
    #[cfg(unix)]
    /// Measure netlab and its peers on the same captures
    Bench(bench::Arguments),
    /// Make the captures of captures/ anew
    Captures(captures::Arguments),
    /// Write man pages and shell completions below target/generated
    Generate,
    #[cfg(unix)]
    /// Hold the simulator against the Linux kernel in random networks (needs root)
    Oracle(oracle::Arguments),
    /// Check that every dependency has a permissive licence
    Licences,
    /// Hold reassembled datagrams and ARP against tshark
    AgreeReassembly(agree_reassembly::Arguments),
    /// Make the pictures of docs/pictures anew (that of the page needs Chromium)
    Pictures,
    /// Make the table of MAC address vendors from the IEEE's lists
    Vendors(vendors::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Agree(arguments) => agree::run(&arguments),
        #[cfg(unix)]
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Captures(arguments) => captures::run(&arguments),
        Chore::Generate => generate::run(),
        #[cfg(unix)]
        Chore::Oracle(arguments) => oracle::run(&arguments),
        Chore::Licences => licences::run(),
        Chore::AgreeReassembly(arguments) => agree_reassembly::run(&arguments),
        Chore::Pictures => pictures::run(),
        Chore::Vendors(arguments) => vendors::run(&arguments),
    }
}

/// The root of the repository.
fn root() -> std::path::PathBuf {
    let manifest = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map_or(manifest.clone(), std::path::Path::to_owned)
}
