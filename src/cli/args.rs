//! What can be typed. Each command keeps its own arguments in its own file.

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Packet inspector and network simulator that says what the packets mean.
#[derive(Debug, Parser)]
#[command(name = "netlab", version, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// When to colour what is printed
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
    /// The language of explanations, reports and stories; what scripts read stays English
    #[arg(long, global = true, value_enum, default_value_t, value_name = "LANGUAGE")]
    pub lang: LangChoice,
}

/// Languages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LangChoice {
    /// English
    #[default]
    En,
    /// Chinese
    Zh,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb
    #[default]
    Auto,
    /// Always, also into pipes
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Capture packets from a network interface and print one annotated line for each
    #[cfg(all(feature = "live", target_os = "linux"))]
    Capture(super::capture::Arguments),
    /// List the network interfaces that can be captured from
    #[cfg(all(feature = "live", target_os = "linux"))]
    Interfaces(super::interfaces::Arguments),
    /// Print one annotated line for each packet of a capture file
    Read(super::read::Arguments),
    /// Show where messages begin and end in TCP streams, and who glued or split them
    Messages(super::messages::Arguments),
    /// Report what a capture holds and what it means
    Analyze(super::analyze::Arguments),
    /// Tell everything that was concluded about one packet, and by which rule
    Why(super::why::Arguments),
    /// Explain a topic, an event or a rule in words a student understands
    Explain(super::explain::Arguments),
    /// Sums with addresses and masks: describe, split, plan, merge, and where a packet goes next
    Subnet(super::subnet::Arguments),
    /// Run a simulated network: a built-in scenario, or one of your own
    Simulate(super::simulate::Arguments),
    /// Let a capture go through a simulated network, each frame from its sender's port
    Replay(super::replay::Arguments),
    /// Guess the network of a capture, as a topology file to replay it through
    Topology(super::topology::Arguments),
    /// Print a completion script for a shell
    Completions(super::completions::Arguments),
}
