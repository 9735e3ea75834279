//! `netlab completions SHELL`.

use std::io::Write as _;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Failure, Output};

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: Arguments, output: &mut Output) -> Result<(), Failure> {
    // Rendered into memory first: clap_complete panics when its writer fails, and a closed pipe is no reason for that.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "netlab", &mut script);
    output.write_all(&script)?;
    Ok(())
}
