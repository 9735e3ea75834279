//! `netlab read FILE [FILTER…]`: one annotated line a packet.

use clap::Args;

use super::inputs::{self, Inputs};
use super::print::{PrintOptions, Printer};
use super::{Failure, Output};
use crate::analysis::Analyzer;
use crate::pipeline::{self, Patience};

/// Arguments of `read`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  netlab read session.pcapng\n  netlab read -ttttt -e session.pcap.gz\n  tcpdump -w - | netlab read -"
)]
pub struct Arguments {
    /// Capture files (pcap or pcapng, also compressed; - is standard input), then a filter in tcpdump's language
    #[arg(required = true, value_name = "FILE [FILTER]", trailing_var_arg = true)]
    words: Vec<String>,
    #[command(flatten)]
    print: PrintOptions,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let inputs = Inputs::split(&arguments.words);
    let mut source = inputs.open()?;
    let mut analyzer = Analyzer::new();
    let mut printer = Printer::new(&arguments.print, output);
    let result = pipeline::run(&mut source, None, &mut analyzer, &mut printer, Patience::Hold);
    inputs::ended(result, &source.captures())
}
