//! `netlab subnet`: sums with addresses and masks.

mod describe;
mod input;
mod lists;
mod sets;

use clap::{Args, Subcommand};

use super::{Failure, Output};
use crate::subnet::Refusal;

/// Arguments of `subnet`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    describe: describe::DescribeArguments,
}

const EXAMPLES: &str = "\
Examples:
  netlab subnet 192.168.1.10/26                        everything about an address and its network
  netlab subnet 192.168.1.10 255.255.255.192           the same
  netlab subnet eth0                                   the addresses of an interface
  netlab subnet same 192.168.1.10 192.168.2.20 --mask 24 --gateway 192.168.1.1
  netlab subnet plan 192.168.1.0/24 office=100,lab=50,printers=20
  netlab subnet split 10.0.0.0/8 --parts 4
  netlab subnet range 192.0.2.10 192.0.2.77
  netlab subnet merge - < blocks.txt";

#[derive(Debug, Subcommand)]
enum Command {
    /// Does a packet from A to B go directly or to the gateway, and why
    Same(describe::SameArguments),
    /// Cut a block into equal parts
    Split(lists::SplitArguments),
    /// The blocks of the same size that follow
    Next(lists::NextArguments),
    /// Divide a block among subnets of different sizes (VLSM)
    Plan(lists::PlanArguments),
    /// The fewest blocks that are exactly the given ones together
    Merge(sets::MergeArguments),
    /// The fewest blocks of a range of addresses, or the range of a block
    Range(sets::RangeArguments),
    /// Is everything else inside the first block?
    Contains(sets::ContainsArguments),
    /// What two blocks have in common
    Overlap(sets::OverlapArguments),
    /// What is left of a block when others are taken away
    Subtract(sets::SubtractArguments),
    /// What addresses are for: the registries, or their rows about an address
    Kinds(lists::KindsArguments),
    /// A private block picked by chance
    Random(lists::RandomArguments),
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    match &arguments.command {
        None => describe::run(&arguments.describe, output),
        Some(Command::Same(same)) => describe::same(same, output),
        Some(Command::Split(split)) => lists::split(split, output),
        Some(Command::Next(next)) => lists::next(next, output),
        Some(Command::Plan(plan)) => lists::plan(plan, output),
        Some(Command::Merge(merge)) => sets::merge(merge, output),
        Some(Command::Range(range)) => sets::range(range, output),
        Some(Command::Contains(contains)) => sets::contains(contains, output),
        Some(Command::Overlap(overlap)) => sets::overlap(overlap, output),
        Some(Command::Subtract(subtract)) => sets::subtract(subtract, output),
        Some(Command::Kinds(kinds)) => lists::kinds(kinds, output),
        Some(Command::Random(random)) => lists::random(random, output),
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Usage(refusal.to_string())
    }
}
