//! The command line: parse what was typed, call the library, map failures to exit statuses. The only module that knows
//! clap, standard output and exit codes.

mod analyze;
mod args;
#[cfg(all(feature = "live", target_os = "linux"))]
mod capture;
mod comments;
mod completions;
mod connection;
mod drawing;
mod explain;
mod failure;
mod filters;
mod inputs;
#[cfg(all(feature = "live", target_os = "linux"))]
mod interfaces;
mod messages;
mod output;
mod print;
mod progress;
mod read;
mod replay;
mod simulate;
mod subnet;
mod tap_file;
mod topology;
#[cfg(all(feature = "tui", feature = "live", target_os = "linux"))]
mod tui;
mod why;
mod write;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

pub use args::{Cli, Command};
pub use failure::Failure;
pub use output::Output;

/// Runs the command that was typed; the exit status tells how it went (`docs/OUTPUT.md`).
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut output = Output::new(&cli.global);
    let result = dispatch(cli.command, &cli.global, &mut output);
    let result = result.and_then(|()| Ok(output.flush()?));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&mut output),
    }
}

fn dispatch(command: Command, _global: &args::Global, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Read(arguments) => read::run(&arguments, output),
        Command::Analyze(arguments) => analyze::run(&arguments, output),
        #[cfg(all(feature = "live", target_os = "linux"))]
        Command::Capture(arguments) => capture::run(&arguments, output),
        #[cfg(all(feature = "live", target_os = "linux"))]
        Command::Interfaces(arguments) => interfaces::run(&arguments, output),
        Command::Messages(arguments) => messages::run(&arguments, output),
        Command::Simulate(arguments) => simulate::run(&arguments, output),
        Command::Why(arguments) => why::run(&arguments, output),
        Command::Explain(arguments) => explain::run(&arguments, output),
        Command::Replay(arguments) => replay::run(&arguments, output),
        Command::Topology(arguments) => topology::run(&arguments, output),
        Command::Subnet(arguments) => subnet::run(&arguments, output),
        Command::Completions(args) => completions::run(args, output),
    }
}
